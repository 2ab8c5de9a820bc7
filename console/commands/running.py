"""sync, check, scan."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import RUN, AsJson, OptionalName, add


def sync(
    name: Annotated[str | None, typer.Argument(help="The integration to sync.", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are active.")] = False,
    platform: Annotated[str | None, typer.Option(help="All that are active of this platform.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything anew instead of what changed.")] = False,
    stream: Annotated[list[str] | None, typer.Option(help="Only this stream. Repeat it for several.")] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Follow the run to its end, or hand it to `integrations up` and go."),
    ] = True,
    json: AsJson = False,
) -> None:
    """Reads what is new of an integration now, whether it is due or not.

    Runs in `integrations up` where that is running, else here; after a sync of the same integration that runs
    already, for which it waits up to ten minutes. Interrupting it loses nothing: the next sync goes on from where it
    stopped. Ends with 0 if all went well, 3 if a credential needs you, 4 if the platform failed, 5 if it asked to come
    back later.
    """
    from console.sync import sync_now

    sync_now(name, all_=all_, platform=platform, full=full, streams=tuple(stream or ()), wait=wait, as_json=json)


def check(name: OptionalName = None, json: AsJson = False) -> None:
    """Checks health now: reachable, credential accepted, latency, freshness. Ends with 1 if anything is not healthy."""
    from console.watch import check_now

    check_now(name, json)


def scan(name: OptionalName = None, json: AsJson = False) -> None:
    """Looks for security weaknesses now: rights, age of credentials, files others can read.

    Ends with 1 if any is high or critical.
    """
    from console.watch import scan_now

    scan_now(name, json)


def register(app: typer.Typer) -> None:
    add(
        app,
        sync,
        RUN,
        "integrations sync hubspot",
        "integrations sync hubspot --stream contacts --full",
        "integrations sync --all --json",
        "integrations sync --platform hubspot --no-wait",
    )
    add(app, check, RUN, "integrations check", "integrations check hubspot --json")
    add(app, scan, RUN, "integrations scan", "integrations scan hubspot")
