"""Creates and changes tables: the bookkeeping, and the landed tables as their columns change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import msgspec

from core.model import Column, Table
from storage.warehouse.columns import PARENT, SQL_TYPES, is_of_segment, pointer, row_sql, typed
from storage.warehouse.names import literal, literals, quoted, table_name

_BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS landed;
CREATE TABLE IF NOT EXISTS landed.tables (
    platform VARCHAR, stream VARCHAR, spec JSON, changed_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS landed.segments (
    id VARCHAR, owner VARCHAR, integration VARCHAR, platform VARCHAR, stream VARCHAR, rows BIGINT, landed_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS landed.state (
    owner VARCHAR, integration VARCHAR, stream VARCHAR, "partition" VARCHAR,
    state JSON, walk_started TIMESTAMP, updated_at TIMESTAMP, run VARCHAR);
CREATE TABLE IF NOT EXISTS landed.quarantine (
    id VARCHAR, owner VARCHAR, integration VARCHAR, platform VARCHAR, stream VARCHAR, "partition" VARCHAR, parent JSON,
    run VARCHAR, segment VARCHAR, reason VARCHAR, raw VARCHAR, spec JSON, "at" TIMESTAMP, replayed_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS landed.drift (
    platform VARCHAR, stream VARCHAR, path VARCHAR, json_type VARCHAR, first_seen TIMESTAMP, run VARCHAR);
CREATE TABLE IF NOT EXISTS landed.schema_changes (
    platform VARCHAR, stream VARCHAR, "column" VARCHAR, change VARCHAR, "at" TIMESTAMP);
"""
# name -> type, in order, after the typed columns
_SYSTEM = {
    "_raw": "JSON USING COMPRESSION zstd",  # read seldom, and the largest by far
    "_owner": "VARCHAR",
    "_integration": "VARCHAR",
    "_partition": "VARCHAR",
    "_run": "VARCHAR",
    "_first_seen": "TIMESTAMP",
    "_last_seen": "TIMESTAMP",
    "_deleted_at": "TIMESTAMP",
    "_day": "DATE",
}


def system_columns(table: Table) -> dict[str, str]:
    """The columns, and their types, that every landed table of this kind has besides its own."""
    left_out = set()
    if not table.keep_raw:
        left_out.add("_raw")
    if table.mode != "snapshot":
        left_out.add("_day")
    return {name: kind for name, kind in _SYSTEM.items() if name not in left_out}


def spec_of(table: Table) -> str:
    """A table's description as JSON; `Table` can be decoded from it."""
    return msgspec.json.encode(table).decode()


def exists(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    """Whether the warehouse has that table. An open transaction goes on, whatever the answer is."""
    try:  # asking for it is ten times faster than looking through the catalog
        connection.execute(f"FROM {quoted(schema)}.{quoted(name)} LIMIT 0")
    except duckdb.CatalogException:
        return False
    return True


def create_bookkeeping(connection: duckdb.DuckDBPyConnection) -> None:
    """The schema `landed`. Does nothing where it is there."""
    if not exists(connection, "landed", "schema_changes"):
        connection.execute(f"BEGIN; {_BOOKKEEPING} COMMIT;")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a landed table's column: `added`, `filled` from the raw records, or `rebuilt` from them."""

    column: str
    change: str


def shape(connection: duckdb.DuckDBPyConnection, table: Table, *, now: datetime) -> list[Change]:
    """Makes the landed table fit its description, within the caller's transaction. What changed is recorded.

    A column that is new, or whose type or path changed, gets its values from the raw records that are there.
    Columns that the description no longer names stay as they are.
    """
    this = f"platform = {literal(table.schema)} AND stream = {literal(table.name)}"
    known = connection.execute(f"SELECT spec FROM landed.tables WHERE {this}").fetchone()
    spec = spec_of(table)
    if known is not None and known[0] == spec:
        return []
    if known is None:
        _create(connection, table)
        changes = [Change(column="*", change="table created")]
    else:
        changes = list(_evolve(connection, msgspec.json.decode(known[0], type=Table), table))
    connection.execute(f"DELETE FROM landed.tables WHERE {this}")
    connection.execute(f"INSERT INTO landed.tables VALUES ({literals([table.schema, table.name, spec, now])})")
    for change in changes:
        values = literals([table.schema, table.name, change.column, change.change, now])
        connection.execute(f"INSERT INTO landed.schema_changes VALUES ({values})")
    return changes


def _create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    kinds = {column.name: SQL_TYPES[column.type] for column in table.columns} | system_columns(table)
    body = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
    connection.execute(f"CREATE TABLE {table_name(table)} ({body})")


def _evolve(connection: duckdb.DuckDBPyConnection, old: Table, new: Table) -> Iterator[Change]:
    described = connection.execute(f"DESCRIBE {table_name(new)}").fetchall()
    present: dict[str, str] = {row[0].lower(): row[1] for row in described}
    for name, kind in system_columns(new).items():
        if name not in present:
            connection.execute(f"ALTER TABLE {table_name(new)} ADD COLUMN {quoted(name)} {kind}")
            yield Change(column=name, change="added")
    before = {column.name.lower(): column for column in old.columns}
    for index, column in enumerate(new.columns):
        was = before.get(column.name.lower())
        if column.name.lower() not in present:
            connection.execute(
                f"ALTER TABLE {table_name(new)} ADD COLUMN {quoted(column.name)} {SQL_TYPES[column.type]}"
            )
            yield Change(column=column.name, change="added" + _fill(connection, new, index, present))
        elif was is None or (was.type, was.source) != (column.type, column.source):
            filled = _fill(connection, new, index, present)
            if not filled and present[column.name.lower()] != SQL_TYPES[column.type]:
                _cast(connection, new, column)
            told = f"{was.type} {was.source}" if was else "not declared"
            yield Change(column=column.name, change=f"was {told}, is {column.type} {column.source}{filled}")


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, index: int, present: dict[str, str]) -> str:
    """Reads a column of all rows that are there from their raw records. Says what it did."""
    column = table.columns[index]
    if column.source.startswith(PARENT):
        source = _from_partition(column)
    elif is_of_segment(column) or "_raw" not in present:
        return ""
    else:
        source = row_sql(table).from_raw(index)
    connection.execute(
        f"ALTER TABLE {table_name(table)} ALTER COLUMN {quoted(column.name)}"
        f" TYPE {SQL_TYPES[column.type]} USING ({source})"
    )
    return ", filled from the raw records"


def _from_partition(column: Column) -> str:
    """The partition is the JSON of the parent's columns."""
    where = literal(pointer(column.source.removeprefix(PARENT)))
    return typed(column.type, f"json_extract_string(nullif(_partition, ''), {where})")


def _cast(connection: duckdb.DuckDBPyConnection, table: Table, column: Column) -> None:
    """Without raw records the old values are cast as far as they go."""
    kind = SQL_TYPES[column.type]
    connection.execute(
        f"ALTER TABLE {table_name(table)} ALTER COLUMN {quoted(column.name)}"
        f" TYPE {kind} USING (TRY_CAST({quoted(column.name)} AS {kind}))"
    )
