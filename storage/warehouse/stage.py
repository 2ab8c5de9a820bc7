"""Loads the records of some segments of one table into staging, typed and checked.

Two temporary tables: `segs`, a row per segment with what its records share, and `stage`, a row per line of the files
in the order they were written (so `rowid` is the order, and the headers are known by theirs). `bad` rows are for
quarantine; a header is always one, as no record that is an array passes.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import duckdb

from core.errors import IntegrationError
from core.model import Table
from storage.warehouse.columns import RowSql, row_sql, typed
from storage.warehouse.landing import MARK, Segment
from storage.warehouse.names import literal, relation

_OBJECT_SIZE = 16 * 1024 * 1024  # DuckDB's own default for one line
STAGE = "stage"
GOOD = "NOT s.bad AND NOT g.bad"
_SEGS = {
    "seg": "BIGINT",
    "id": "VARCHAR",
    "owner": "VARCHAR",
    "integration": "VARCHAR",
    "part": "VARCHAR",
    "parent": "JSON",
    "run": "VARCHAR",
    "fetched_at": "TIMESTAMP",
    "first": "BIGINT",
}


class StageBroken(IntegrationError):
    """What was read from the files is not what their headers tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What is in staging. `starts`: the rowid of each segment's header. `bad`: records, headers not counted."""

    table: Table
    segments: Sequence[Segment]
    starts: Sequence[int]
    good: int
    bad: int

    @property
    def sql(self) -> RowSql:
        return row_sql(self.table)

    def value(self, name: str) -> str:
        """Where a query over `stage AS s JOIN segs AS g` finds a column."""
        index = self.sql.names.index(name)
        return f"g.c{index}" if index in self.sql.of_segments else f"s.c{index}"


def stage(
    connection: duckdb.DuckDBPyConnection, table: Table, segments: Sequence[Segment], *, filled: bool = False
) -> Staged:
    """Fills `segs` and `stage` from files. `filled`: the stage holds these segments already, numbered from 1.

    Raises StageBroken where lines are missing, too many or out of order.
    """
    if not filled:
        fill_stage(connection, table, lines(segments))
    first = connection.execute("SELECT min(rowid) FROM stage").fetchone()
    base = first[0] if first is not None and first[0] is not None else 0  # rows of an open transaction count from afar
    starts = [*accumulate((segment.header.rows + 1 for segment in segments), initial=base)]
    fill_segs(connection, table, shared(segments, starts))
    total, bad, headers = tally(connection)
    if total != starts[-1] - base or headers != len(segments):
        raise StageBroken(
            f"{total} lines were read where the headers tell of {starts[-1] - base}, or not in their order"
        )
    return Staged(table=table, segments=segments, starts=starts[:-1], good=total - bad, bad=bad - len(segments))


def fill_segs(connection: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    """Fills `segs` from a query (columns as in `_SEGS`) and adds the columns that whole segments share."""
    sql = row_sql(table)
    texts = "".join(f", {sql.of_segment(i)} AS t{i}" for i in sql.of_segments)
    casts = "".join(f", {typed(sql.table.columns[i].type, f't{i}')} AS c{i}" for i in sql.of_segments)
    checks = [check.condition for i in sql.of_segments for check in sql.column_checks(i)]
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE segs AS
        SELECT *, coalesce({" OR ".join(checks) or "false"}, false) AS bad
        FROM (SELECT *{casts} FROM (SELECT *{texts} FROM ({source})))
        """
    )


def fill_stage(connection: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    """Fills `stage` from a query for `json` and `seg`, in its order."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {staging(table, source)}")


def staging(table: Table, source: str) -> str:
    """A query for the rows of a stage: seg, json, the columns of the record as c…, and whether it is bad."""
    sql = row_sql(table)
    bad = " OR ".join(check.condition for check in sql.checks())
    kept = "".join(f", c{i}" for i in sql.of_record)
    return f"SELECT seg, json{kept}, coalesce({bad}, false) AS bad FROM ({sql.values(f'({source})', 'seg, json')})"


def tally(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    """The rows of the stage, how many of them are bad, and how many are a header in its place."""
    begins = literal(f'["{MARK}",{{"id":"')
    header = f"s.rowid = g.first AND starts_with(s.json, {begins} || g.id)"
    counted = connection.execute(
        f"""
        SELECT count(*), count(*) FILTER (s.bad OR g.bad), count(*) FILTER ({header})
        FROM stage AS s JOIN segs AS g ON s.seg = g.seg
        """
    ).fetchone()
    return counted or (0, 0, 0)


def shared(segments: Sequence[Segment], starts: Sequence[int]) -> str:
    """A query for what each segment's records share; `starts` are the rowids of the headers in the stage."""
    headers = (segment.header for segment in segments)
    rows = [
        {
            "seg": number,
            "id": header.id,
            "owner": header.owner,
            "integration": header.integration,
            "part": header.partition,
            "parent": header.parent,
            "run": header.run,
            "fetched_at": header.fetched_at.replace(tzinfo=None),
            "first": first,
        }
        for number, (header, first) in enumerate(zip(headers, starts, strict=False), start=1)
    ]
    return relation(rows, _SEGS)


def lines(segments: Sequence[Segment], *, first: int = 1) -> str:
    """A query for the lines of the files, which are numbered from `first`.

    One that is not JSON comes as null and keeps its place.
    """
    files = [str(segment.path.absolute()) for segment in segments]
    escaped = ", ".join(literal(glob.escape(file)) for file in files)
    longest = max(_OBJECT_SIZE, *(segment.path.stat().st_size for segment in segments))  # headers can be long, too
    return (
        f"SELECT json, list_position([{', '.join(map(literal, files))}], filename) + {first - 1} AS seg"
        f" FROM read_ndjson_objects([{escaped}],"
        f" filename = true, ignore_errors = true, maximum_object_size = {longest})"
    )
