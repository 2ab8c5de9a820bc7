"""What the benchmarks tell: tables for people, and the same figures as values."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

_PACKAGES: Final = ("duckdb", "httpx", "msgspec", "prefect", "dlt", "pyarrow")
_CONSOLE: Final = Console(width=118 if not sys.stdout.isatty() else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A ratio (or another figure of one run) beside what it should be: `at_most` a limit, or at least that much."""

    what: str
    found: float
    limit: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        return self.found <= self.limit if self.at_most else self.found >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A benchmark's outcome: a table of figures, and goals."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()


def machine() -> str:
    """What the figures were measured on."""
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {', '.join(found)}"


def middle(values: Iterable[float]) -> float:
    """The median."""
    return median(values)


def show(measured: Measured, *, judged: bool) -> None:
    """A table for the terminal, and whether the goals are reached where that is `judged`."""
    table = Table(title=measured.title, title_justify="left")
    for position, name in enumerate(measured.header):
        table.add_column(name, justify="right" if position else "left")
    for row in measured.rows:
        table.add_row(*row)
    _CONSOLE.print(table)
    for goal in measured.goals if judged else ():
        mark = "reached" if goal.reached else "MISSED "
        _CONSOLE.print(f"  {mark} {goal.what}: {goal.found:,.2f} ({'≤' if goal.at_most else '≥'} {goal.limit:,g})")
    for note in measured.notes:
        _CONSOLE.print(f"  {note}")
    _CONSOLE.print()
