"""Lands records that are all new straight from their files: in half the time, as nothing is staged and looked up first.

That rows are only ever appended is known of some tables, and of a first full walk it is likely. Whether it was true
is seen afterwards, and if it was not, what was inserted is taken back: staging and merging then land it.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from core.model import Table
from storage.warehouse.landing import Segment
from storage.warehouse.merge import changed, count, identity, insert
from storage.warehouse.names import quoted, relation, table_name
from storage.warehouse.stage import GOOD, Staged, fill_segs, lines, shared, staging

_WALKS = {"owner": "VARCHAR", "integration": "VARCHAR", "began": "TIMESTAMP"}


def land_new(connection: duckdb.DuckDBPyConnection, table: Table, segments: Sequence[Segment]) -> Staged | None:
    """Inserts the records of these segments within the caller's transaction, and tells of them as if they were staged.

    None, and nothing inserted, where this is not a first load, or a record is bad, has the key of another, or stands
    for one that has landed.
    """
    if not _is_first(connection, table, segments):
        return None
    name = table_name(table)
    staged = Staged(
        table=table, segments=segments, starts=(), good=sum(segment.header.rows for segment in segments), bad=0
    )
    last = _last(connection, name)
    fill_segs(connection, table, shared(segments, [-1] * len(segments)))
    insert(connection, staged, f"({staging(table, lines(segments))}) AS s JOIN segs AS g ON s.seg = g.seg WHERE {GOOD}")
    if changed(connection) == staged.good and (table.mode == "append" or _are_new(connection, staged, last)):
        return staged
    connection.execute(f"DELETE FROM {name} WHERE rowid > {last}")
    return None


def _is_first(connection: duckdb.DuckDBPyConnection, table: Table, segments: Sequence[Segment]) -> bool:
    """Whether rows are only appended, or all comes from full walks before which nothing was known."""
    if any(segment.header.deletions for segment in segments):
        return False
    if table.mode == "append":
        return True
    walks = [
        {
            "owner": header.owner,
            "integration": header.integration,
            "began": header.walk_started.replace(tzinfo=None),
        }
        for header in (segment.header for segment in segments)
        if header.walk_started is not None
    ]
    if table.mode != "upsert" or len(walks) < len(segments):
        return False
    known = connection.execute(
        f"""
        SELECT 1 FROM {table_name(table)} AS t JOIN (SELECT DISTINCT * FROM ({relation(walks, _WALKS)})) AS w
        ON t._owner = w.owner AND t._integration = w.integration AND t._first_seen < w.began LIMIT 1
        """
    )
    return known.fetchone() is None


def _last(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"SELECT coalesce(max(rowid), -1) FROM {name}").fetchone()
    return row[0] if row is not None else -1


def _are_new(connection: duckdb.DuckDBPyConnection, staged: Staged, last: int) -> bool:
    """Whether the rows after `last` have keys of their own."""
    name = table_name(staged.table)
    keys = ", ".join(quoted(column) for column, _ in identity(staged))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE new_keys AS SELECT {keys} FROM {name} WHERE rowid > {last} GROUP BY ALL"
    )
    if count(connection, "new_keys") < staged.good:
        return False
    known = f"SELECT 1 FROM {name} JOIN new_keys USING ({keys}) WHERE {name}.rowid <= {last} LIMIT 1"
    return connection.execute(known).fetchone() is None
