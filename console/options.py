"""What several commands' signatures and helps share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Final

import typer

CONNECT: Final = "Connect"
MANAGE: Final = "Integrations"
RUN: Final = "Sync and watch"
DATA: Final = "Data"
SYSTEM: Final = "System"

Name = Annotated[str, typer.Argument(help="The integration's name, as `integrations list` shows it.")]
OptionalName = Annotated[str | None, typer.Argument(help="Only this integration (default: all).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")]


def add(
    app: typer.Typer, command: Callable[..., None], panel: str | None, *examples: str, name: str | None = None
) -> None:
    """Adds a command whose help is its docstring, with each paragraph as one line for the terminal to break."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    app.command(
        name,
        rich_help_panel=panel,
        help="\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs),
        epilog="\n".join(("Examples:", *(f"$ {example}" for example in examples))),
    )(command)
