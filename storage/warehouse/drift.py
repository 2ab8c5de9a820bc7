"""Notes fields that platforms send and no column declares: their paths and types, never their values."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.model import Table
from storage.warehouse.columns import is_of_segment, pointer
from storage.warehouse.names import literal, utc
from storage.warehouse.stage import Staged

SAMPLE = 200


def note_drift(connection: duckdb.DuckDBPyConnection, staged: Staged, *, now: datetime) -> None:
    """Looks at a few good records of the stage: their members, and those of the objects that columns step into."""
    if not staged.good or not staged.table.keep_raw:
        return
    known, objects = _declared(staged.table)
    steps = [("", "json"), *((f"{name}/", f"json_extract(json, {literal(pointer(name))})") for name in objects)]
    members = " UNION ALL ".join(
        f"SELECT {literal(prefix)} || name AS path, name, value, run FROM"
        f" (SELECT unnest(json_keys({record})) AS name, {record} AS value, run FROM sampled)"
        for prefix, record in steps
    )
    connection.execute(
        f"""
        INSERT INTO landed.drift
        WITH sampled AS (SELECT s.json, g.run FROM stage AS s JOIN segs AS g ON s.seg = g.seg
                         WHERE NOT s.bad AND NOT g.bad LIMIT {SAMPLE}),
        members AS ({members}),
        fresh AS (SELECT * FROM members WHERE path NOT IN (SELECT unnest(?)) AND path NOT IN (
            SELECT path FROM landed.drift WHERE platform = ? AND stream = ?))
        SELECT ?, ?, path, max(json_type(json_extract(value, '/' || replace(replace(name, '~', '~0'), '/', '~1')))),
            ?, any_value(run)
        FROM fresh GROUP BY path
        """,
        [known, staged.table.schema, staged.table.name, staged.table.schema, staged.table.name, utc(now)],
    )


def _declared(table: Table) -> tuple[list[str], list[str]]:
    """The paths at the first two levels that columns read, and the objects at the first that they step into."""
    known: set[str] = set()
    whole: set[str] = set()
    objects: set[str] = set()
    for column in table.columns:
        if is_of_segment(column):
            continue
        steps = column.source.split("/")
        known |= {steps[0], "/".join(steps[:2])}
        (objects if len(steps) > 1 else whole).add(steps[0])
    return sorted(known), sorted(objects - whole)


