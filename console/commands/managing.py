"""list, show, update, pause, resume, remove."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import MANAGE, AsJson, Name, Yes, add


def list_(
    platform: Annotated[str | None, typer.Option(help="Only those of this platform.")] = None, json: AsJson = False
) -> None:
    """Lists what is connected, when it was synced last and when it is due."""
    from console.manage import list_integrations

    list_integrations(platform, json)


def show(name: Name, json: AsJson = False) -> None:
    """Shows all that is known of one integration: account, schedule, credential (never its value), health, findings."""
    from console.manage import show_integration

    show_integration(name, json)


def update(
    name: Name,
    every: Annotated[
        int | None, typer.Option(min=0, metavar="MINUTES", help="Minutes between syncs; 0 for on demand only.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting that `show` lists. Repeat it for several."),
    ] = None,
) -> None:
    """Changes an integration's schedule or settings. A new credential: `integrations connect` again."""
    from console.manage import update_integration

    update_integration(name, every, tuple(set_ or ()))


def pause(name: Name) -> None:
    """Stops an integration's scheduled syncs until `resume`."""
    from console.manage import pause_integration

    pause_integration(name)


def resume(name: Name) -> None:
    """Lets scheduled syncs go on after `pause`, or after you have set right what needed your attention."""
    from console.manage import resume_integration

    resume_integration(name)


def remove(name: Name, yes: Yes = False) -> None:
    """Forgets an integration and its credential. What was synced stays in the warehouse."""
    from console.manage import remove_integration

    remove_integration(name, yes)


def register(app: typer.Typer) -> None:
    add(app, list_, MANAGE, "integrations list", "integrations list --json", name="list")
    add(app, show, MANAGE, "integrations show hubspot")
    add(
        app,
        update,
        MANAGE,
        "integrations update hubspot --every 15",
        "integrations update hubspot --set time_zone=Europe/Berlin",
    )
    add(app, pause, MANAGE, "integrations pause hubspot")
    add(app, resume, MANAGE, "integrations resume hubspot")
    add(app, remove, MANAGE, "integrations remove hubspot", "integrations remove hubspot --yes")
