"""Four processes that land at once: each writes segments, and whoever holds the warehouse lands what waits."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import msgspec

from benchmarks.measure import Miscounted
from benchmarks.records import COLUMNS, encoded
from benchmarks.report import Goal, Measured
from core.model import Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.metrics import API_CALLS

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

PROCESSES: Final = 4
SEGMENT_ROWS: Final = 10_000
CONTACTS: Final = Table(schema="benchmark", name="contacts", columns=COLUMNS, key=("id",))


def four_at_once(segments: int) -> Measured:
    """Contacts (21 columns, checks, raw record, merge by key) and rows of our own metrics (14 columns, appended)."""
    rows = []
    goals = []
    for title, table in (("contacts", CONTACTS), ("metric rows", API_CALLS)):
        written, landed, worst = _race(table, segments)
        rows.append((title, f"{written:,.0f}", f"{landed:,.0f}", f"{worst * 1000:.0f}"))
        goals += [
            Goal(what=f"{title} landed a second", found=landed, limit=220_000, at_most=False),
            Goal(what=f"{title} written a second", found=written, limit=400_000, at_most=False),
            Goal(what=f"{title}: p95 of a segment, ms", found=worst * 1000, limit=250),
        ]
    return Measured(
        title=f"{PROCESSES} processes, {segments} segments of {SEGMENT_ROWS:,} rows each",
        header=("", "written rows/s", "landed rows/s", "p95 of a segment ms"),
        rows=rows,
        goals=goals,
    )


def _race(table: Table, segments: int) -> tuple[float, float, float]:
    """Rows written a second, rows landed a second, and the 95th percentile of a segment's writing in seconds."""
    total = PROCESSES * segments * SEGMENT_ROWS
    with _folder() as folder:
        context = multiprocessing.get_context("spawn")
        ready, results = context.Barrier(PROCESSES + 1), context.SimpleQueue()
        workers = [
            context.Process(target=_work, args=(folder, table, number, segments, ready, results))
            for number in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        ready.wait()
        began = time.perf_counter()
        taken = [results.get() for _ in workers]
        took = time.perf_counter() - began
        for worker in workers:
            worker.join()
        with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as connection:
            found = connection.execute(f"SELECT count(*) FROM {table.schema}.{table.name}").fetchone()
        if found != (total,):
            raise Miscounted(f"{found} rows of {table.name} landed, expected {total}")
    each = sorted(seconds for seconds_of_one, _ in taken for seconds in seconds_of_one)
    writing = max(writing for _, writing in taken)
    return total / writing, total / took, each[int(len(each) * 0.95)]


def _work(
    folder: Path,
    table: Table,
    number: int,
    segments: int,
    ready: Barrier,
    results: multiprocessing.SimpleQueue[tuple[list[float], float]],
) -> None:
    first = number * segments * SEGMENT_ROWS
    batches = [
        [_row(table, first + batch * SEGMENT_ROWS + n) for n in range(SEGMENT_ROWS)] for batch in range(segments)
    ]
    landing, warehouse = LandingZone(folder / "landing"), Warehouse(path=folder / "w.duckdb")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ready.wait()
    began = last = time.perf_counter()
    each = []
    for records in batches:
        landing.write(
            integration=f"i{number}", run="r", table=table, records=records, fetched_at=now, walk_started=now, state={}
        )
        each.append(time.perf_counter() - last)
        last = time.perf_counter()
    writing = time.perf_counter() - began
    drain(warehouse, landing, now=now, wait=60.0)
    results.put((each, writing))


def _row(table: Table, number: int) -> bytes:
    return msgspec.json.encode(call(number)) if table == API_CALLS else encoded(number)


def call(number: int) -> dict[str, str | int | float]:
    """A row of metrics.api_calls: a call every ten seconds, back from the end of 2025."""
    return {
        "at": (datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=number % 5_000_000)).isoformat(),
        "integration": f"integration-{number % 18}",
        "platform": f"platform-{number % 18}",
        "stream": "contacts",
        "method": "GET",
        "path": f"/contacts/{{id}}/{number % 40}",
        "status": 200 if number % 50 else 429,
        "disposition": "ok" if number % 50 else "rate limited",
        "ms": number % 400 / 7,
        "bytes": number % 60_000,
        "rows": 100,
        "attempt": 1,
        "run": f"run-{number % 1000}",
    }


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
