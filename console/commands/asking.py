"""ask, quarantine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from console.options import DATA, AsJson, add


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    CHART = "chart"


def ask(
    question: Annotated[
        str | None,
        typer.Argument(
            help="A question's name, or SQL of your own in quotes (default: lists them).", show_default=False
        ),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the question. Repeat it for several.")
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", "-f", metavar="table|csv|json|chart", help="How to answer.")
    ] = Format.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 1000,
    json: AsJson = False,
) -> None:
    """Asks the warehouse: one of the ready questions, or SQL of your own, read-only.

    Without a question, lists them. `--json` is short for `--format json`.
    """
    from console.ask import answer

    answer(question, tuple(param or ()), "json" if json else format_.value, limit)


def quarantine_list(
    limit: Annotated[int, typer.Option(min=1, help="At most so many records.")] = 20, json: AsJson = False
) -> None:
    """Lists the records that were put aside, with the reason, newest first."""
    from console.quarantine import list_quarantined

    list_quarantined(limit, json)


def quarantine_replay(
    name: Annotated[
        str | None, typer.Argument(help="Only this integration (default: all).", show_default=False)
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    json: AsJson = False,
) -> None:
    """Tries the records that were put aside again, for example after an upgrade that knows their new form."""
    from console.quarantine import replay_quarantined

    replay_quarantined(name, stream, json)


def register(app: typer.Typer) -> None:
    add(
        app,
        ask,
        DATA,
        "integrations ask",
        "integrations ask rows_by_platform_and_day --param days=30",
        "integrations ask contact_growth --format chart",
        'integrations ask "SELECT count(*) FROM hubspot.contacts" --format csv',
    )
    quarantine = typer.Typer(
        no_args_is_help=True, help="Records that did not pass their checks: see why, and try them again."
    )
    add(quarantine, quarantine_list, None, "integrations quarantine list --limit 5", name="list")
    add(quarantine, quarantine_replay, None, "integrations quarantine replay hubspot", name="replay")
    app.add_typer(quarantine, name="quarantine", rich_help_panel=DATA)
