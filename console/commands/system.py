"""up, demo, version."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import SYSTEM, AsJson, add


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where Prefect and its web pages answer.")] = 4200,
) -> None:
    """Starts everything and keeps it running until Ctrl-C: the Prefect server with its web pages, and all schedules.

    Where PREFECT_API_URL names a server of yours, that one is used instead.
    """
    from console.up import keep_up

    keep_up(port)


def demo() -> None:
    """Shows the whole on simulated platforms on this machine: connects, syncs some days, checks, scans, asks.

    Takes two to three minutes. It works in a folder of its own and touches nothing you have connected.
    """
    from console.demo import run
    from storage.home import Home

    run(Home.from_env().folder)


def version(json: AsJson = False) -> None:
    """Shows the versions of this program and of what it stands on, and where it keeps its files."""
    from console.about import show_version

    show_version(json)


def register(app: typer.Typer) -> None:
    add(app, up, SYSTEM, "integrations up", "integrations up --port 4300")
    add(app, demo, SYSTEM, "integrations demo")
    add(app, version, SYSTEM, "integrations version")
