"""Applies the deletions that platforms told, in the order told: a record after a deletion revives the row.

Set by set, not one by one: a deletion is known by the order `n` after which it came, and takes the rows that match
and came before it. For deletions of subtrees the rows under any of the paths are found by one ordered join, then
each row's ancestors are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import duckdb

from core.model import Column
from storage.warehouse.columns import typed
from storage.warehouse.names import quoted, relation, table_name
from storage.warehouse.stage import Staged

_TOPS = {"owner": "VARCHAR", "integration": "VARCHAR", "top": "VARCHAR"}
_TOLD = {
    "kind": "BIGINT",
    "n": "BIGINT",
    "told_at": "TIMESTAMP",
    "owner": "VARCHAR",
    "integration": "VARCHAR",
    "part": "VARCHAR",
    "v": ["VARCHAR"],
}
_SCOPE = "x.owner = d.owner AND x.integration = d.integration AND (d.part = '' OR x.part = d.part) AND x.n <= d.n"
_Kind: TypeAlias = tuple[tuple[str, ...], bool]
"""The matched columns in order, and whether it is about subtrees."""
_Rows: TypeAlias = Callable[[list[str]], str]
"""A query for rows (r, n, owner, integration, part) with the named columns as k0, k1 …"""


def told(connection: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    """Gathers the deletions of the staged segments in `told`. False: there are none."""
    kinds = _kinds(staged)
    if not kinds:
        return False
    rows = [
        {
            "kind": kinds[_kind(one.deletion.match, one.deletion.subtree)],
            "n": start + one.records_before,
            "told_at": segment.header.fetched_at.replace(tzinfo=None),
            "owner": segment.header.owner,
            "integration": segment.header.integration,
            "part": segment.header.partition,
            "v": [one.deletion.match[name] for name in sorted(one.deletion.match)],
        }
        for segment, start in zip(staged.segments, staged.starts, strict=True)
        for one in segment.header.deletions
    ]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {relation(rows, _TOLD)}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tops AS {relation(list(_tops(staged)), _TOPS)}")
    # Where it expects few rows DuckDB would compare each with each; it expects too few.
    connection.execute("SET asof_loop_join_threshold = 0")
    return True


def _tops(staged: Staged) -> Iterator[dict[str, str]]:
    """The told paths that no other told path covers, with a slash at their end. Ordered like this, all that a path
    covers follows it at once."""
    paths = sorted(
        (segment.header.owner, segment.header.integration, f"{path}/")
        for segment in staged.segments
        for one in segment.header.deletions
        if one.deletion.subtree
        for path in one.deletion.match.values()
    )
    last = ("", "", "")
    for owner, integration, path in paths:
        if (owner, integration) != last[:2] or not path.startswith(last[2]):
            last = (owner, integration, path)
            yield {"owner": owner, "integration": integration, "top": path}


def of_landed(connection: duckdb.DuckDBPyConnection, staged: Staged) -> int:
    """Tombstones the landed rows that match; to be asked before the staged rows are inserted."""
    name = table_name(staged.table)

    def rows(columns: list[str]) -> str:
        kept = "".join(f", {quoted(column)} AS k{i}" for i, column in enumerate(columns))
        return (
            f"SELECT rowid AS r, -1 AS n, _owner AS owner, _integration AS integration, _partition AS part{kept}"
            f" FROM {name} WHERE _deleted_at IS NULL"
        )

    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone_landed AS {_matches(staged, rows)}")
    connection.execute(
        f"UPDATE {name} AS t SET _deleted_at = gone_landed.told_at FROM gone_landed WHERE t.rowid = gone_landed.r"
    )
    row = connection.fetchone()
    return int(row[0]) if row is not None else 0


def of_staged(connection: duckdb.DuckDBPyConnection, staged: Staged, winners: str) -> bool:
    """Gathers in `gone` the staged rows that a later deletion takes. False: there are none."""

    def rows(columns: list[str]) -> str:
        kept = "".join(f", {staged.value(column)} AS k{i}" for i, column in enumerate(columns))
        return f"SELECT s.rowid AS r, s.rowid AS n, g.owner, g.integration, g.part{kept} FROM {winners}"

    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT r AS n, told_at FROM ({_matches(staged, rows)})")
    return connection.execute("SELECT 1 FROM gone LIMIT 1").fetchone() is not None


def _matches(staged: Staged, rows: _Rows) -> str:
    """A query: r and told_at (the earliest) of the rows that a deletion takes."""
    parts = list(_queries(staged, rows))
    return f"SELECT r, min(told_at) AS told_at FROM ({' UNION ALL '.join(parts)}) GROUP BY r"


def _queries(staged: Staged, rows: _Rows) -> Iterator[str]:
    by_name = {column.name: column for column in staged.table.columns}
    for (names, subtree), number in _kinds(staged).items():
        columns = [by_name[name] for name in names]
        source = rows(list(names))
        if subtree:
            yield _under(source, number)
        else:
            equal = " AND ".join(f"x.k{i} = {_value(column, i)}" for i, column in enumerate(columns))
            told = f"told AS d ON d.kind = {number} AND {equal} AND {_SCOPE}"
            yield f"SELECT x.r, d.told_at FROM ({source}) AS x JOIN {told}"


def _value(column: Column, index: int) -> str:
    return typed(column.type, f"d.v[{index + 1}]")


def _under(source: str, number: int) -> str:
    # Only the last of the tops that is not after a row's path can cover it.
    ancestors = "list_transform(range(1, len(string_split(k0, '/')) + 1), lambda i: string_split(k0, '/')[1:i])"
    return f"""
        SELECT x.r, d.told_at FROM (
            SELECT c.* EXCLUDE (k0), unnest(list_transform({ancestors}, lambda p: array_to_string(p, '/'))) AS path
            FROM (SELECT y.* FROM ({source}) AS y ASOF JOIN tops AS a
                  ON y.owner = a.owner AND y.integration = a.integration AND y.k0 || '/' >= a.top
                  WHERE starts_with(y.k0 || '/', a.top)) AS c) AS x
        JOIN told AS d ON d.kind = {number} AND x.path = d.v[1] AND {_SCOPE}
        """


def _kind(match: Mapping[str, str], subtree: bool) -> _Kind:
    return tuple(sorted(match)), subtree


def _kinds(staged: Staged) -> dict[_Kind, int]:
    kinds: dict[_Kind, int] = {}
    for segment in staged.segments:
        for one in segment.header.deletions:
            kinds.setdefault(_kind(one.deletion.match, one.deletion.subtree), len(kinds))
    return kinds
