"""What happened, as rows of the schema `metrics`: calls, syncs, checks, findings. They land by the same road."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from connectors.sdk.calls import CallRecord
from core.model import Table
from storage.warehouse.metrics import API_CALLS

if TYPE_CHECKING:
    from tasks.workspace import Workspace

_BATCH: Final = 2000


def land_metrics(
    workspace: Workspace, table: Table, rows: Iterable[Mapping[str, Any]], *, run: str, at: datetime
) -> None:
    """Rows of a metrics table, as one segment. No rows, no segment."""
    workspace.landing.append(table, list(rows), owner=workspace.owner, run=run, at=at)


class CallLog:
    """The calls of one run over an integration: counted, and landed in batches so that memory stays small.

    A call that brought a page waits for its rows to be counted; any other is done when it is noted. `now` dates
    the calls where the run pretends to be at another time.
    """

    def __init__(
        self, workspace: Workspace, integration: str, platform: str, run: str, now: datetime | None = None
    ) -> None:
        self._workspace, self._run, self._now = workspace, run, now
        self._labels = {"integration": integration, "platform": platform, "run": run}
        self._waiting: dict[int, CallRecord] = {}
        self._done: list[CallRecord] = []
        self._lock = threading.Lock()
        self.count = 0

    def note(self, record: CallRecord) -> None:
        with self._lock:
            self.count += 1
            if record.disposition == "ok" and record.purpose:
                self._waiting[record.number] = record
            else:
                self._done.append(record)

    def brought(self, call: int, rows: int) -> None:
        """The call's reply held that many rows."""
        with self._lock:
            record = self._waiting.pop(call, None)
            if record is None:
                return
            record.rows = rows
            self._done.append(record)
            full = len(self._done) >= _BATCH
        if full:
            self.land()

    def finish(self) -> None:
        """Lands what is left, counted or not."""
        with self._lock:
            self._done += self._waiting.values()
            self._waiting.clear()
        self.land()

    def land(self) -> None:
        with self._lock:
            records, self._done = self._done, []
        if records:
            land_metrics(
                self._workspace, API_CALLS, map(self._row, records), run=self._run, at=self._now or records[-1].at
            )

    def _row(self, record: CallRecord) -> dict[str, Any]:
        return self._labels | {
            "at": self._now or record.at,
            "stream": record.purpose,
            "method": record.method,
            "path": record.path,
            "status": record.status,
            "disposition": record.disposition,
            "ms": record.ms,
            "bytes": record.bytes,
            "rows": record.rows,
            "attempt": record.attempt,
        }
