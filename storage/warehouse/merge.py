"""Merges what is staged into its landed table, within the caller's transaction.

Delete and insert by key, without an index: uniqueness rests on the stage holding each key once, one writer at a time
and one transaction. `_first_seen` is carried over from the row that is replaced.
"""

from __future__ import annotations

from contextlib import nullcontext

import duckdb

from core.model import Table
from storage.warehouse import deletions
from storage.warehouse.connection import one_thread
from storage.warehouse.names import quoted, relation, table_name
from storage.warehouse.schema import system_columns
from storage.warehouse.stage import GOOD, Staged

_WALKS = {
    "owner": "VARCHAR",
    "integration": "VARCHAR",
    "part": "VARCHAR",
    "began": "TIMESTAMP",
    "ended": "TIMESTAMP",
}
MANY = 5_000
_STAGED = "stage AS s JOIN segs AS g ON s.seg = g.seg"


def merge(connection: duckdb.DuckDBPyConnection, staged: Staged) -> int:
    """Lands the good rows and applies deletions and the ends of full walks. Returns the rows that were tombstoned."""
    table = staged.table
    joins, found_old = "", False
    condition = GOOD if staged.bad else "s.rowid NOT IN (SELECT first FROM segs)"
    if table.mode != "append" and staged.good:
        if _keep_last(connection, staged, condition):
            joins += " JOIN keep ON keep.n = s.rowid"
        if _replace(connection, staged, f"{_STAGED}{joins} WHERE {condition}"):
            found_old = True
            joins += " LEFT JOIN replaced AS o ON o.n = s.rowid"
    deleted, marked = 0, False
    if table.mode == "upsert":
        told = deletions.told(connection, staged)
        if told:
            deleted += deletions.of_landed(connection, staged)
            marked = deletions.of_staged(connection, staged, f"{_STAGED}{joins} WHERE {condition}")
            joins += " LEFT JOIN gone ON gone.n = s.rowid" if marked else ""
    if staged.good:
        # With one thread the rows go straight in; with more they are gathered first, which takes many twice as long.
        with one_thread(connection) if staged.good > MANY else nullcontext():
            rows = f"{_STAGED}{joins} WHERE {condition}"
            insert(connection, staged, rows, replaced=found_old, marked=marked)
    if marked:
        deleted += count(connection, "gone")
    return deleted + sweep(connection, staged)


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The rows of a table."""
    row = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row is not None else 0


def changed(connection: duckdb.DuckDBPyConnection) -> int:
    """The rows that the statement just run inserted, updated or deleted."""
    row = connection.fetchone()
    return int(row[0]) if row is not None else 0


def identity(staged: Staged) -> list[tuple[str, str]]:
    """What makes a row one: landed column and staged expression."""
    pairs = [("_owner", "g.owner"), ("_integration", "g.integration")]
    pairs += [(name, staged.value(name)) for name in staged.table.key]
    if staged.table.mode == "snapshot":
        pairs.append(("_day", "CAST(g.fetched_at AS DATE)"))
    return pairs


def _keep_last(connection: duckdb.DuckDBPyConnection, staged: Staged, condition: str) -> bool:
    """Where a key comes several times in the stage, its last occurrence counts. False: none does."""
    by = ", ".join(expression for _, expression in identity(staged))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE keep AS SELECT max(s.rowid) AS n FROM {_STAGED} WHERE {condition} GROUP BY {by}"
    )
    return count(connection, "keep") < staged.good


def _replace(connection: duckdb.DuckDBPyConnection, staged: Staged, winners: str) -> bool:
    """Removes the landed rows that staged ones replace; `replaced` remembers since when they are known."""
    name = table_name(staged.table)
    if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is None:
        return False
    pairs = identity(staged)
    keys = ", ".join(f"{expression} AS k{i}" for i, (_, expression) in enumerate(pairs))
    equal = " AND ".join(f"t.{quoted(column)} = w.k{i}" for i, (column, _) in enumerate(pairs))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE replaced AS
        SELECT t.rowid AS r, t._first_seen AS first_seen, w.n
        FROM {name} AS t JOIN (SELECT s.rowid AS n, {keys} FROM {winners}) AS w ON {equal}
        """
    )
    connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT r FROM replaced)")
    return changed(connection) > 0


def insert(
    connection: duckdb.DuckDBPyConnection, staged: Staged, rows: str, *, replaced: bool = False, marked: bool = False
) -> None:
    """Inserts the `rows` of a query over staged rows AS s and their segments AS g into the landed table.

    `replaced`: the query has the rows that some of them replace AS o. `marked`: it has deletions of some AS gone.
    """
    values = {column.name: staged.value(column.name) for column in staged.table.columns}
    system = {
        "_raw": "s.json",
        "_owner": "g.owner",
        "_integration": "g.integration",
        "_partition": "g.part",
        "_run": "g.run",
        "_first_seen": "coalesce(o.first_seen, g.fetched_at)" if replaced else "g.fetched_at",
        "_last_seen": "g.fetched_at",
        "_deleted_at": "gone.told_at" if marked else "NULL",
        "_day": "CAST(g.fetched_at AS DATE)",
    }
    values |= {name: system[name] for name in system_columns(staged.table)}
    columns = ", ".join(map(quoted, values))
    connection.execute(
        f"INSERT INTO {table_name(staged.table)} ({columns}) SELECT {', '.join(values.values())} FROM {rows}"
    )


def _touch(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """A record in quarantine was seen all the same: the end of a full walk must not take its row for gone."""
    pairs = identity(staged)
    keys = ", ".join(f"{expression} AS k{i}" for i, (_, expression) in enumerate(pairs))
    equal = " AND ".join(f"t.{quoted(column)} = b.k{i}" for i, (column, _) in enumerate(pairs))
    connection.execute(
        f"""
        UPDATE {table_name(staged.table)} AS t SET _last_seen = greatest(t._last_seen, b.seen)
        FROM (SELECT {keys}, max(g.fetched_at) AS seen FROM {_STAGED}
              WHERE (s.bad OR g.bad) GROUP BY ALL) AS b
        WHERE {equal}
        """
    )


def sweep(connection: duckdb.DuckDBPyConnection, staged: Staged) -> int:
    """Full walks that ended: rows of their stream and partition that they did not see are gone. Says how many."""
    if staged.table.mode != "upsert" or not staged.table.sweep:
        return 0
    if staged.bad:
        _touch(connection, staged)
    walks = [
        {
            "owner": header.owner,
            "integration": header.integration,
            "part": header.partition,
            "began": header.walk_started.replace(tzinfo=None),
            "ended": header.fetched_at.replace(tzinfo=None),
        }
        for header in (segment.header for segment in staged.segments)
        if header.ends_walk and header.walk_started is not None
    ]
    if not walks:
        return 0
    connection.execute(
        f"""
        UPDATE {table_name(staged.table)} AS t SET _deleted_at = w.ended
        FROM (SELECT owner, integration, part, max(began) AS began, max(ended) AS ended
              FROM ({relation(walks, _WALKS)}) GROUP BY ALL) AS w
        WHERE t._owner = w.owner AND t._integration = w.integration AND t._partition = w.part
            AND t._last_seen < w.began AND t._deleted_at IS NULL
        """
    )
    return changed(connection)


def check_keys(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """The keys that a landed table holds more than once. Anything but 0 is a defect of the merge."""
    key = ["_owner", "_integration", *table.key, *(["_day"] if table.mode == "snapshot" else [])]
    if table.mode == "append" or not table.key:
        return 0
    by = ", ".join(map(quoted, key))
    return count(connection, f"(SELECT 1 FROM {table_name(table)} GROUP BY {by} HAVING count(*) > 1)")
