"""Records that do not pass the checks: kept with the reason and the raw record, and tried again when columns change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.model import Table
from storage.warehouse.columns import Check
from storage.warehouse.connection import Warehouse
from storage.warehouse.merge import identity, merge
from storage.warehouse.names import literal, quoted, relation, table_name
from storage.warehouse.schema import create_bookkeeping, shape, spec_of
from storage.warehouse.stage import GOOD, Staged, fill_segs, fill_stage, tally


def put_aside(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Puts the bad rows of the stage into quarantine, within the caller's transaction."""
    if not staged.bad:
        return
    sql, table = staged.sql, staged.table
    checks = [*sql.checks(), *(check for i in sql.of_segments for check in sql.column_checks(i))]
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE bad AS SELECT s.rowid AS n, s.seg, s.json FROM stage AS s JOIN segs AS g
        ON s.seg = g.seg WHERE (s.bad OR g.bad) AND s.rowid <> g.first
        """
    )
    connection.execute(
        f"""
        INSERT INTO landed.quarantine
        SELECT g.id || ':' || (n - first), owner, integration, {literal(table.schema)}, {literal(table.name)},
            part, parent, run, g.id,
            concat_ws('; ', {_reasons(checks)}), CAST(json AS VARCHAR),
            {literal(spec_of(table))}, fetched_at, NULL
        FROM ({sql.values("bad", "n, seg, json")}) AS r JOIN segs AS g ON r.seg = g.seg
        """
    )
    _recover_text(connection, staged)


def _reasons(checks: Iterable[Check]) -> str:
    return ", ".join(f"CASE WHEN {check.condition} THEN {literal(check.reason)} END" for check in checks)


def _recover_text(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """What DuckDB could not read as JSON it gives as null: the text comes from the file then."""
    unread = connection.execute("SELECT seg, n FROM bad WHERE json IS NULL ORDER BY seg").fetchall()
    lines: list[bytes] = []
    opened, rows = 0, []
    for number, place in unread:
        segment = staged.segments[number - 1]
        if opened != number:
            opened, lines = number, segment.path.read_bytes().split(b"\n")
        line = place - staged.starts[number - 1]
        text = lines[line].decode("utf-8", errors="backslashreplace")
        rows.append({"id": f"{segment.header.id}:{line}", "raw": text})
    if rows:
        connection.execute(
            f"""
            UPDATE landed.quarantine AS q SET raw = u.raw
            FROM ({relation(rows, {"id": "VARCHAR", "raw": "VARCHAR"})}) AS u WHERE q.id = u.id
            """
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What became of quarantined records: landed now, overtaken by a newer version of their key, or still bad."""

    landed: int = 0
    overtaken: int = 0
    still_bad: int = 0

    def __add__(self, other: ReplayReport) -> ReplayReport:
        return ReplayReport(
            landed=self.landed + other.landed,
            overtaken=self.overtaken + other.overtaken,
            still_bad=self.still_bad + other.still_bad,
        )


def replay_quarantine(
    warehouse: Warehouse,
    *,
    table_of: Mapping[tuple[str, str], Table],
    now: datetime,
    integration: str | None = None,
    stream: str | None = None,
    wait: float = 30.0,
) -> ReplayReport:
    """Tries quarantined records again, against the columns of `table_of` by (platform, stream).

    A record that passes now lands, unless its key has been landed or deleted later than the record was fetched.
    Both are marked as replayed. Raises Busy where the warehouse is not free within `wait` seconds.
    """
    report = ReplayReport()
    with warehouse.writing(wait=wait) as connection:
        create_bookkeeping(connection)
        streams = connection.execute(
            f"""
            SELECT DISTINCT platform, stream FROM landed.quarantine WHERE replayed_at IS NULL
            AND integration = coalesce({literal(integration)}, integration)
            AND stream = coalesce({literal(stream)}, stream) ORDER BY ALL
            """
        ).fetchall()
        for key in streams:
            if key in table_of:
                connection.begin()
                report += _replay(connection, table_of[key], integration, now)
                connection.commit()
    return report


def _replay(
    connection: duckdb.DuckDBPyConnection, table: Table, integration: str | None, now: datetime
) -> ReplayReport:
    shape(connection, table, now=now)
    chosen = f"replayed_at IS NULL AND platform = {literal(table.schema)} AND stream = {literal(table.name)}" + (
        f" AND integration = {literal(integration)}" if integration is not None else ""
    )
    # A segment for each record: they come from many times and partitions.
    fill_segs(
        connection,
        table,
        f"""
        SELECT row_number() OVER (ORDER BY "at", id) AS seg, id, owner, integration, "partition" AS part, parent, run,
            "at" AS fetched_at, -1 AS first, raw FROM landed.quarantine WHERE {chosen}
        """,
    )
    fill_stage(
        connection,
        table,
        "SELECT CASE WHEN json_valid(raw) THEN CAST(raw AS JSON) END AS json, seg FROM segs ORDER BY seg",
    )
    total, bad, _ = tally(connection)
    connection.execute(
        f"""
        UPDATE landed.quarantine AS q SET replayed_at = {literal(now)} FROM stage AS s JOIN segs AS g ON s.seg = g.seg
        WHERE q.id = g.id AND {GOOD}
        """
    )
    overtaken = _drop_overtaken(connection, table)
    staged = Staged(table=table, segments=(), starts=(), good=total - bad - overtaken, bad=bad)
    merge(connection, staged)
    return ReplayReport(landed=staged.good, overtaken=overtaken, still_bad=bad)


def _drop_overtaken(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    if table.mode == "append":
        return 0
    pairs = identity(Staged(table=table, segments=(), starts=(), good=0, bad=0))
    equal = " AND ".join(f"t.{quoted(column)} = {expression}" for column, expression in pairs)
    connection.execute(
        f"""
        DELETE FROM stage WHERE rowid IN (
            SELECT s.rowid FROM stage AS s JOIN segs AS g ON s.seg = g.seg JOIN {table_name(table)} AS t ON {equal}
            WHERE {GOOD} AND greatest(t._last_seen, t._deleted_at) > g.fetched_at)
        """
    )
    row = connection.fetchone()
    return int(row[0]) if row is not None else 0
