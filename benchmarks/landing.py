"""Four processes that land at once: each writes segments, and whoever holds the warehouse lands what waits.

Beside it a floor: four processes that write bare files, and one INSERT of all of them at the end. No checks, no keys
looked up, no state, nothing kept of a crash; once with the columns alone, once with the raw record beside them.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import duckdb
import msgspec

from benchmarks.measure import Miscounted
from benchmarks.records import COLUMNS, encoded
from benchmarks.report import Goal, Measured, middle
from core.model import Table
from storage.warehouse.columns import SQL_TYPES
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.metrics import API_CALLS

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

_Work: TypeAlias = Callable[[Path, Table, int, Sequence[Sequence[bytes]]], list[float]]
WAREHOUSE: Final = "warehouse.duckdb"
PROCESSES: Final = 4
SEGMENT_ROWS: Final = 10_000
CONTACTS: Final = Table(schema="benchmark", name="contacts", columns=COLUMNS, key=("id",))


def four_at_once(segments: int, rounds: int) -> Measured:
    """Contacts (21 columns, checks, raw record, merge by key) and rows of our own metrics (14 columns, appended)."""
    rows = []
    goals = []
    for title, table in (("contacts", CONTACTS), ("metric rows", API_CALLS)):
        races = {title: partial(_race, table, segments, _land, None)}
        for keep_raw in (False, True) if table.keep_raw else (False,):
            name = f"{title}: floor{' that keeps the raw record' if keep_raw else ''}"
            races[name] = partial(_race, table, segments, _write_bare, partial(_load_bare, keep_raw=keep_raw))
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in races}
        for _ in range(rounds):
            for name, race in races.items():
                figures[name].append(race())
        medians = {name: [*map(middle, zip(*found, strict=True))] for name, found in figures.items()}
        rows += [(name, f"{w:,.0f}", f"{n:,.0f}", f"{p95 * 1000:.0f}") for name, (w, n, p95) in medians.items()]
        written, landed, worst = medians[title]
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


def _race(
    table: Table, segments: int, work: _Work, after: Callable[[Path, Table], None] | None
) -> tuple[float, float, float]:
    """Rows written a second, rows landed a second, and the 95th percentile of a segment's writing in seconds."""
    total = PROCESSES * segments * SEGMENT_ROWS
    with _folder() as folder:
        context = multiprocessing.get_context("spawn")
        ready, results = context.Barrier(PROCESSES + 1), context.SimpleQueue()
        workers = [
            context.Process(target=_worker, args=(folder, table, number, segments, work, ready, results))
            for number in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        ready.wait()
        began = time.perf_counter()
        taken = [results.get() for _ in workers]
        if after is not None:
            after(folder, table)
        took = time.perf_counter() - began
        for worker in workers:
            worker.join()
        with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
            found = connection.execute(f"SELECT count(*) FROM {table.schema}.{table.name}").fetchone()
        if found != (total,):
            raise Miscounted(f"{found} rows of {table.name} landed, expected {total}")
    each = sorted(seconds for seconds_of_one in taken for seconds in seconds_of_one)
    return total / max(map(sum, taken)), total / took, each[int(len(each) * 0.95)]


def _worker(
    folder: Path,
    table: Table,
    number: int,
    segments: int,
    work: _Work,
    ready: Barrier,
    results: multiprocessing.SimpleQueue[list[float]],
) -> None:
    first = number * segments * SEGMENT_ROWS
    batches = [
        [_row(table, first + batch * SEGMENT_ROWS + n) for n in range(SEGMENT_ROWS)] for batch in range(segments)
    ]
    ready.wait()
    results.put(work(folder, table, number, batches))


def _timed(writes: Iterator[object]) -> list[float]:
    each, last = [], time.perf_counter()
    for _ in writes:
        now = time.perf_counter()
        each.append(now - last)
        last = now
    return each


def _land(folder: Path, table: Table, number: int, batches: Sequence[Sequence[bytes]]) -> list[float]:
    """As in the midst of the first full walk of an integration. Seconds a segment."""
    landing, warehouse = LandingZone(folder / "landing"), Warehouse(path=folder / WAREHOUSE)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    each = _timed(
        landing.write(
            integration=f"i{number}", run="r", table=table, records=one, fetched_at=now, walk_started=now, state={}
        )
        for one in batches
    )
    drain(warehouse, landing, now=now, wait=60.0)
    return each


def _write_bare(folder: Path, table: Table, number: int, batches: Sequence[Sequence[bytes]]) -> list[float]:
    return _timed(
        (folder / f"{number}-{batch}.ndjson").write_bytes(b"\n".join(records) + b"\n")
        for batch, records in enumerate(batches)
    )


def _load_bare(folder: Path, table: Table, *, keep_raw: bool) -> None:
    kinds = {column.name: SQL_TYPES[column.type] for column in table.columns}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    files = f"'{folder}/*.ndjson'"
    if keep_raw:
        structure = msgspec.json.encode(kinds).decode()
        columns += ", _raw JSON USING COMPRESSION zstd"
        query = f"SELECT unnest(from_json(json, '{structure}')), json FROM read_ndjson_objects({files})"
    else:
        typed = ", ".join(f"\"{name}\": '{kind}'" for name, kind in kinds.items())
        query = f"FROM read_json({files}, format = 'newline_delimited', columns = {{{typed}}})"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder / WAREHOUSE}' AS warehouse (STORAGE_VERSION 'v1.4.0'); USE warehouse")
        connection.execute(f"CREATE SCHEMA {table.schema}; CREATE TABLE {table.schema}.{table.name} ({columns})")
        connection.execute(f"INSERT INTO {table.schema}.{table.name} {query}")
        connection.execute("CHECKPOINT")


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
