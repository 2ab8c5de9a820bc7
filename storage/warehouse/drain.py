"""Lands what waits in the landing zone. Whoever holds the warehouse takes everything, whosever it is.

In one transaction: staging, checks, quarantine, merge, the streams' state and the segments' ids. Then the files go.
So a record is never lost and never doubled, and a stream's state is never ahead of its data nor behind it: a process
that dies before the commit leaves the files for the next, one that dies after it leaves ids that are known.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path

import duckdb

from core.errors import Busy
from core.model import Table
from storage.warehouse.ahead import Ahead
from storage.warehouse.connection import Warehouse, one_thread
from storage.warehouse.drift import note_drift
from storage.warehouse.first_load import land_new
from storage.warehouse.landing import LandingZone, Segment, saved_state
from storage.warehouse.merge import merge, sweep
from storage.warehouse.names import among, relation, utc
from storage.warehouse.quarantine import put_aside
from storage.warehouse.report import DrainReport, TableReport
from storage.warehouse.schema import create_bookkeeping, shape
from storage.warehouse.stage import StageBroken, Staged, stage

ROWS_AT_ONCE = 125_000
BYTES_AT_ONCE = 96 * 1024 * 1024
COMPACTED_AFTER = 64  # segments
_STATES = {
    "owner": "VARCHAR",
    "integration": "VARCHAR",
    "stream": "VARCHAR",
    "part": "VARCHAR",
    "state": "JSON",
    "walk_started": "TIMESTAMP",
    "updated_at": "TIMESTAMP",
    "run": "VARCHAR",
}
_SEGMENTS = {
    "id": "VARCHAR",
    "owner": "VARCHAR",
    "integration": "VARCHAR",
    "platform": "VARCHAR",
    "stream": "VARCHAR",
    "rows": "BIGINT",
    "landed_at": "TIMESTAMP",
}
# What says that a segment itself cannot be landed, as opposed to a full disk or too little memory.
_POISON = (
    StageBroken,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.InvalidTypeException,
    duckdb.OutOfRangeException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)


class Drain:
    """Lands segments, some of them staged ahead. For one thread; close it after use."""

    def __init__(self, warehouse: Warehouse, landing: LandingZone) -> None:
        self._warehouse, self._landing = warehouse, landing
        self._opened: tuple[duckdb.DuckDBPyConnection, Ahead] | None = None

    def __enter__(self) -> Drain:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    @contextmanager
    def reading(self, *, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection with the warehouse attached to be read. Raises Busy after `wait` seconds."""
        connection, _ = self.open()
        with self._warehouse.shown(connection, wait=wait):
            yield connection

    def prepare(self, paths: Sequence[Path], *, gently: bool, new: bool = False) -> int:
        """Stages waiting segments without holding the warehouse; says how many rows are ready to be landed.

        `gently`: on one thread, because others are at work as well. `new`: they are of a large first load, which costs
        less where it goes straight from the files into the table, so that they are not staged.
        """
        connection, ahead = self.open()
        if ahead.rows < ROWS_AT_ONCE:  # where the warehouse is held for long, memory must not grow
            with one_thread(connection) if gently else nullcontext():
                ahead.add(paths, counted=new)
        return ahead.rows

    def land_prepared(self, *, now: datetime, report: DrainReport) -> None:
        """Lands what is ready and what came before it, on one thread, unless somebody holds the warehouse just now.

        What goes wrong here (a disk that is full) is told by `land`, which tries again.
        """
        connection, ahead = self.open()
        with suppress(Busy, duckdb.Error, OSError), one_thread(connection):
            self._land_once(ahead.newest, now, report, wait=0.0)

    def land(self, *, now: datetime, wait: float, report: DrainReport) -> None:
        """Lands all waiting segments and adds to the report: busy, where the warehouse is not free in `wait` seconds.

        A holder looks again after letting go, so what was put down while it worked does not stay behind: a caller
        that is told busy by another drain may leave. It also leaves as soon as nothing waits any more.
        """
        report.busy = False
        while self._landing.pending():
            try:
                self._land_once(None, now, report, wait)
            except Busy:
                report.busy = bool(self._landing.pending())
                break
            wait = 0.0

    def _land_once(self, newest: str | None, now: datetime, report: DrainReport, wait: float) -> None:
        """Lands what waits, up to the segment of this id."""
        connection, ahead = self.open()
        try:
            with self._warehouse.held(connection, wait=wait, give_up=lambda: not self._landing.pending()):
                began = time.monotonic()
                create_bookkeeping(connection)
                waiting = [one for one in self._landing.waiting() if newest is None or one.header.id <= newest]
                _land_waiting(connection, ahead, self._landing, waiting, report, now)
                report.seconds += time.monotonic() - began
            ahead.clear()
        except Busy:
            raise
        except BaseException:
            self.close()  # whatever state the connection is in
            raise

    def open(self) -> tuple[duckdb.DuckDBPyConnection, Ahead]:
        """The connection, and what is staged on it."""
        if self._opened is None:
            connection = self._warehouse.connect()
            self._opened = connection, Ahead(connection)
        return self._opened


def drain(warehouse: Warehouse, landing: LandingZone, *, now: datetime, wait: float = 5.0) -> DrainReport:
    """Lands all waiting segments (see `Drain.land`)."""
    report = DrainReport()
    with Drain(warehouse, landing) as one:
        one.land(now=now, wait=wait, report=report)
    return report


def _land_waiting(
    connection: duckdb.DuckDBPyConnection,
    ahead: Ahead,
    landing: LandingZone,
    waiting: Sequence[Segment],
    report: DrainReport,
    now: datetime,
) -> None:
    known = _landed_ids(connection, waiting)
    fresh = []
    for segment in waiting:
        if segment.header.id in known:
            segment.path.unlink(missing_ok=True)
        else:
            fresh.append(segment)
    _compact(connection, len(fresh))
    for batch in _batches(fresh):
        _land_or_split(connection, ahead, landing, batch, report, now)


def _land_or_split(
    connection: duckdb.DuckDBPyConnection,
    ahead: Ahead,
    landing: LandingZone,
    batch: Sequence[Segment],
    report: DrainReport,
    now: datetime,
) -> None:
    """Lands a batch; one that cannot be landed is halved until the segment at fault stands alone."""
    try:
        landed = _land(connection, ahead, batch, now)
    except _POISON as error:
        ahead.clear()
        if len(batch) == 1:
            landing.reject(batch[0].path, f"{type(error).__name__}: {error}")
            report.rejected += 1
            return
        middle = len(batch) // 2
        _land_or_split(connection, ahead, landing, batch[:middle], report, now)
        _land_or_split(connection, ahead, landing, batch[middle:], report, now)
        return
    for name, one in landed.items():
        table = report.of(name)
        table.segments += one.segments
        table.rows += one.rows
        table.quarantined += one.quarantined
        table.deleted += one.deleted
    report.size += sum(segment.header.size for segment in batch)
    for segment in batch:
        segment.path.unlink(missing_ok=True)


def _land(
    connection: duckdb.DuckDBPyConnection, ahead: Ahead, batch: Sequence[Segment], now: datetime
) -> dict[str, TableReport]:
    landed: dict[str, TableReport] = {}
    connection.begin()
    try:
        for segments in _by_table(batch):
            table = segments[0].header.table
            shape(connection, table, now=now)
            one = landed.setdefault(f"{table.schema}.{table.name}", TableReport())
            one.segments += len(segments)
            if any(segment.header.rows or segment.header.deletions or segment.header.ends_walk for segment in segments):
                staged, deleted = _land_records(connection, ahead, table, segments)
                note_drift(connection, table, segments, now=now)
                one.rows += staged.good
                one.quarantined += staged.bad
                one.deleted += deleted
        _save_states(connection, batch, now)
        _record(connection, batch, now)
        connection.commit()
    except BaseException:
        with suppress(duckdb.TransactionException):
            connection.rollback()  # after a commit that failed nothing is open, and the first error is the one to tell
        raise
    return landed


def _land_records(
    connection: duckdb.DuckDBPyConnection, ahead: Ahead, table: Table, segments: Sequence[Segment]
) -> tuple[Staged, int]:
    """Lands the segments of one table: what was in them, and how many rows were tombstoned."""
    filled = ahead.take(table, segments)
    if not filled and (new := land_new(connection, table, segments)) is not None:
        return new, sweep(connection, new)
    staged = stage(connection, table, segments, filled=filled)
    put_aside(connection, staged)
    return staged, merge(connection, staged)


def _batches(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Cuts the waiting segments into what one transaction takes: memory does not grow with the data.

    Where a table's description changes on the way a new batch begins: DuckDB commits no transaction that changes rows
    of a table and alters it after that.
    """
    batch: list[Segment] = []
    tables: dict[tuple[str, str], Table] = {}
    rows = size = 0
    for segment in segments:
        table = segment.header.table
        more = segment.header.rows + len(segment.header.deletions)
        changed = tables.get((table.schema, table.name), table) != table
        if batch and (changed or rows + more > ROWS_AT_ONCE or size + segment.header.size > BYTES_AT_ONCE):
            yield batch
            batch, tables, rows, size = [], {}, 0, 0
        batch.append(segment)
        tables[table.schema, table.name] = table
        rows += more
        size += segment.header.size
    if batch:
        yield batch


def _by_table(batch: Sequence[Segment]) -> Iterable[list[Segment]]:
    """The segments of each table, in order."""
    tables: dict[Table, list[Segment]] = {}
    for segment in batch:
        tables.setdefault(segment.header.table, []).append(segment)
    return tables.values()


def _compact(connection: duckdb.DuckDBPyConnection, more: int) -> None:
    """Has the landing merge row groups that are not full, but only once in a while.

    Each landing leaves a row group behind that is not full. Merging it with the one before at each commit made commits
    twice as dear, so that is done each time so many segments more have landed, and by housekeeping.
    """
    row = connection.execute("SELECT count(*) FROM landed.segments").fetchone()
    before = row[0] if row is not None else 0
    due = before // COMPACTED_AFTER != (before + more) // COMPACTED_AFTER
    connection.execute("RESET max_vacuum_tasks" if due else "SET max_vacuum_tasks = 0")


def _landed_ids(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> set[str]:
    ids = among([segment.header.id for segment in segments])
    rows = connection.execute(f"SELECT id FROM landed.segments WHERE id IN {ids}").fetchall()
    return {row[0] for row in rows}


def _save_states(connection: duckdb.DuckDBPyConnection, batch: Sequence[Segment], now: datetime) -> None:
    latest: dict[tuple[str, str, str, str], dict[str, object]] = {}
    for header in (segment.header for segment in batch):
        saved = saved_state(header)
        if saved is None:
            continue
        key = (header.owner, header.integration, header.stream, header.partition)
        latest[key] = {
            "owner": header.owner,
            "integration": header.integration,
            "stream": header.stream,
            "part": header.partition,
            "state": saved.state,
            "walk_started": saved.walk_started.replace(tzinfo=None) if saved.walk_started else None,
            "updated_at": utc(now),
            "run": header.run,
        }
    if not latest:
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE states AS {relation(list(latest.values()), _STATES)}")
    connection.execute(
        """
        DELETE FROM landed.state AS t USING states AS s WHERE t.owner = s.owner AND t.integration = s.integration
            AND t.stream = s.stream AND t."partition" = s.part
        """
    )
    connection.execute("INSERT INTO landed.state SELECT * FROM states")


def _record(connection: duckdb.DuckDBPyConnection, batch: Sequence[Segment], now: datetime) -> None:
    rows = [
        {
            "id": header.id,
            "owner": header.owner,
            "integration": header.integration,
            "platform": header.platform,
            "stream": header.stream,
            "rows": header.rows,
            "landed_at": utc(now),
        }
        for header in (segment.header for segment in batch)
    ]
    connection.execute(f"INSERT INTO landed.segments {relation(rows, _SEGMENTS)}")
