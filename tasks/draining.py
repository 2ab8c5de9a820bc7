"""Lands what a sync writes while it goes on reading."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import Drain
from storage.warehouse.landing import LandingZone, SavedState
from storage.warehouse.reading import states
from storage.warehouse.report import DrainReport
from tasks.segments import SEGMENT_ROWS

LAND_ROWS: Final = 60_000
"""So many rows are landed at once while reading goes on: about two row groups, which then are written once."""


class Draining:
    """A thread that stages segments as they are written, and lands them whenever enough have gathered.

    Until the first landing everything is staged, so that the whole of a small load is ready when reading ends. After it
    the load is a large one, and what is new is left in its files: that takes less of the processor and of memory.
    """

    def __init__(self, warehouse: Warehouse, landing: LandingZone, time: Callable[[], datetime]) -> None:
        self._drain, self._landing, self._time = Drain(warehouse, landing), landing, time
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drain")
        self._waiting: deque[tuple[Path, bool]] = deque()
        self._waited_for = self._large = False
        self.report = DrainReport()

    def __enter__(self) -> Draining:
        self._thread.submit(self._drain.open)  # which goes on while others are still getting ready
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._drain.close()

    def states(self, integration: str, *, owner: str) -> dict[tuple[str, str], SavedState]:
        """What the streams of an integration remember, by the connection that the landing will need. Raises Busy."""
        return self._thread.submit(states, self._drain, self._landing, integration, owner=owner).result()

    def written(self, path: Path, *, new: bool = False) -> None:
        """A segment was written: it is staged as soon as the thread comes to it. `new`: nothing was known before it."""
        self._waiting.append((path, new))
        self._thread.submit(self._prepare)

    def land(self, wait: float) -> None:
        """Lands all that waits, and returns when it has landed or the warehouse was not free for `wait` seconds."""
        self._waited_for = True
        try:
            self._thread.submit(self._land, wait).result()
        finally:
            self._waited_for = False

    def _prepare(self) -> None:
        """Stages what has been written since the last time: at once, as each statement has its price, but not more
        than is landed at once."""
        most = max(1, LAND_ROWS // SEGMENT_ROWS)
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]
        if not taken:
            return
        new = self._large and all(is_new for _, is_new in taken)
        rows = self._drain.prepare([path for path, _ in taken], gently=not self._waited_for, new=new)
        if rows >= LAND_ROWS and (self._waiting or not self._waited_for):
            self._drain.land_prepared(now=self._time(), report=self.report)
            self._large = True

    def _land(self, wait: float) -> None:
        self._drain.land(now=self._time(), wait=wait, report=self.report)
