"""What a contestant is, and the process in which one sync of it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Paging: TypeAlias = Literal["cursor", "offset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sync: where from, how, and into which folder. `since` text: only what changed; "": everything.

    `width`: requests in flight at most, where the pages can be told ahead; 1 is page after page.
    """

    address: str
    folder: Path
    paging: Paging
    records: int
    changed: int
    delay: int = 0
    width: int = 1
    since: str = ""

    @property
    def path(self) -> str:
        return f"/{self.records}/{self.changed}/{self.delay}/{self.paging}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """`prepare` imports and opens what a process has open anyway, and gives the sync that is timed.

    `landed(folder, paging)`: the DuckDB file and the table in which the contacts are afterwards.
    """

    prepare: Callable[[Job], Callable[[], None]]
    landed: Callable[[Path, Paging], tuple[Path, str]]
