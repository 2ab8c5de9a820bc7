"""Gathers the pages of one walk into segments of the landing zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.sdk.driver import Step
from core.http import JSON
from core.model import Deletion, State, Table
from storage.warehouse.landing import LandingZone

FIRST_ROWS: Final = 1_000
"""So many make the first segment of a walk, twice as many the next, until `SEGMENT_ROWS`: a small sync then lands most
of what it reads while it still reads, and a large one is not cut into many files."""
SEGMENT_ROWS: Final = 10_000
SEGMENT_BYTES: Final = 8 * 1024 * 1024


class SegmentWriter:
    """Pages in, segments out: one when enough has gathered, and one when told to flush.

    `guard` is asked before each segment, and raises where this run may no longer write; `written` hears of each.
    What was added before a flush survives anything; what was added after the last one is read again.
    """

    def __init__(
        self,
        landing: LandingZone,
        *,
        table: Table,
        owner: str,
        integration: str,
        run: str,
        parent: Mapping[str, JSON] | None,
        time: Callable[[], datetime],
        guard: Callable[[], None],
        written: Callable[[Path], object] = lambda path: None,
    ) -> None:
        self._landing, self._table, self._owner = landing, table, owner
        self._integration, self._run, self._parent, self._time = integration, run, parent, time
        self._guard, self._written = guard, written
        self._walk_started: datetime | None = None
        self._whole = True
        self._most = min(FIRST_ROWS, SEGMENT_ROWS)
        self._clear()

    def resume(self, state: State, walk_started: datetime | None) -> None:
        """Goes on from what was saved: `walk_started` if that was the middle of a full walk."""
        self._saved, self._state, self._walk_started = state, state, walk_started

    def add(self, step: Step) -> None:
        """A page. The first of a full walk begins a new segment, dated with the beginning of that walk."""
        if step.begins:
            self.flush()
            self._walk_started = self._time()
        page = step.page
        before = len(self._records)
        places = page.deleted_at or [len(page.records)] * len(page.deleted)
        self._deletions += [(deletion, before + place) for deletion, place in zip(page.deleted, places, strict=True)]
        self._records += page.records
        self._bytes += sum(map(len, page.records))
        self._state, self._whole = page.state, page.whole
        if len(self._records) + len(self._deletions) >= self._most or self._bytes >= SEGMENT_BYTES:
            self.flush()
            self._most = min(2 * self._most, SEGMENT_ROWS)

    def ended(self) -> None:
        """The walk reached its end: what a full walk did not see is gone, if it was shown everything."""
        self._ends_walk = True

    def flush(self) -> None:
        """Writes what has gathered, if there is anything to say."""
        full_walk_ends = self._ends_walk and self._walk_started is not None
        if not (self._records or self._deletions or full_walk_ends or self._state != self._saved):
            return
        self._guard()
        path = self._landing.write(
            table=self._table,
            owner=self._owner,
            integration=self._integration,
            run=self._run,
            parent=self._parent,
            state=self._state,
            walk_started=self._walk_started if self._whole or not self._ends_walk else None,
            ends_walk=self._ends_walk,
            fetched_at=self._time(),
            records=self._records,
            deletions=self._deletions,
        )
        self._written(path)
        self._saved = self._state
        self._clear()

    def _clear(self) -> None:
        self._records: list[bytes] = []
        self._deletions: list[tuple[Deletion, int]] = []
        self._bytes = 0
        self._ends_walk = False
