"""Opening what a command works with, and saying what came of it."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from core.errors import UsageError
from storage.home import Home

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tasks.workspace import Workspace

_PIPE_WIDTH: Final = 160


@contextmanager
def workspace(*, new: bool = False) -> Iterator[Workspace]:
    """The work place. Only with `new` is it made where there is none; else UsageError says what to do first."""
    from tasks.workspace import DATABASE_VARIABLE, Workspace

    home = Home.from_env()
    if not new and not home.state_db.exists() and not os.environ.get(DATABASE_VARIABLE):
        raise UsageError(
            f"nothing is connected yet in {home.folder}",
            advice="Begin with `integrations connect <platform>`, or look around first with `integrations demo`.",
        )
    opened = Workspace.open(home, actor=_login())
    try:
        yield opened
    finally:
        opened.close()


def _login() -> str:
    """Who types, for the audit. A container may know no name for its user: then the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def show(*things: RenderableType) -> None:
    """Prints for people, on standard output."""
    from rich.console import Console

    # Nobody reads a pipe by the screen's width: lines stay whole there, for grep and mail.
    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _PIPE_WIDTH
    console = Console(highlight=False, emoji=False, width=wide)
    for thing in things:
        console.print(thing, markup=False)


def write(text: str) -> None:
    """Prints for programs, on standard output, as it is."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def write_json(value: Any) -> None:
    from console.render import as_json

    write(as_json(value))


def note(text: str) -> None:
    """Says on standard error what is going on, so that standard output stays the answer."""
    from console.render import clean

    sys.stderr.write("".join(f"{clean(line)}\n" for line in text.split("\n")))
    sys.stderr.flush()
