"""What others ask of the warehouse: saved states and rows of parent streams; and what they have it forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb
import msgspec

from core.http import JSON
from core.model import Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.landing import LOCAL_OWNER, LandingZone, SavedState, saved_state
from storage.warehouse.names import among, literal, quoted, table_name
from storage.warehouse.schema import exists


class Readable(Protocol):
    """What can be read from: the warehouse itself, or a drain that has a connection open anyway."""

    def reading(self, *, wait: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]: ...


def states(
    warehouse: Readable, landing: LandingZone, integration: str, *, owner: str = LOCAL_OWNER, wait: float = 30.0
) -> dict[tuple[str, str], SavedState]:
    """By (stream, partition), what an integration's streams remember: what has landed, overridden by what waits to.

    Raises Busy where the warehouse is not free within `wait` seconds.
    """
    # Looked at first: what is drained in between is then in the warehouse, and known there by its id.
    waiting = [
        segment.header
        for segment in landing.waiting()
        if (segment.header.owner, segment.header.integration) == (owner, integration)
    ]
    with warehouse.reading(wait=wait) as connection:
        if not exists(connection, "landed", "state"):
            rows, landed = [], set()
        else:
            rows = connection.execute(
                'SELECT stream, "partition", state, walk_started FROM landed.state'
                f" WHERE owner = {literal(owner)} AND integration = {literal(integration)}"
            ).fetchall()
            among_them = among([header.id for header in waiting])
            ids = connection.execute(f"SELECT id FROM landed.segments WHERE id IN {among_them}").fetchall()
            landed = {row[0] for row in ids}
    found = {
        (stream, partition): SavedState(
            state=msgspec.json.decode(state), walk_started=walk_started and walk_started.replace(tzinfo=UTC)
        )
        for stream, partition, state, walk_started in rows
    }
    for header in waiting:
        saved = saved_state(header)
        if saved is not None and header.id not in landed:
            found[header.stream, header.partition] = saved
    return found


def parents(
    warehouse: Warehouse,
    table: Table,
    integration: str,
    columns: Sequence[str],
    *,
    owner: str = LOCAL_OWNER,
    wait: float = 30.0,
) -> list[Mapping[str, JSON]]:
    """The named columns of a stream's live rows, each combination once, in a stable order.

    Of a snapshot stream, the rows of its latest day. None where nothing has landed yet.
    """
    names = ", ".join(map(quoted, columns))
    mine = f"_owner = {literal(owner)} AND _integration = {literal(integration)}"
    latest = f" AND _day = (SELECT max(_day) FROM {table_name(table)} WHERE {mine})" if table.mode == "snapshot" else ""
    with warehouse.reading(wait=wait) as connection:
        if not exists(connection, table.schema, table.name):
            return []
        rows = connection.execute(
            f"SELECT DISTINCT {names} FROM {table_name(table)}"
            f" WHERE {mine} AND _deleted_at IS NULL{latest} ORDER BY {names}"
        ).fetchall()
    return [{name: _plain(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def _plain(value: Any) -> JSON:
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def table_counts(warehouse: Warehouse, *, wait: float = 30.0) -> dict[str, int]:
    """The rows of each landed table ("platform.stream"), tombstones not counted."""
    with warehouse.reading(wait=wait) as connection:
        return {
            f"{schema}.{name}": _count(connection, f"{quoted(schema)}.{quoted(name)} WHERE _deleted_at IS NULL")
            for schema, name in landed_tables(connection)
        }


def landed_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of every table that something has landed in."""
    if not exists(connection, "landed", "tables"):
        return []
    return connection.execute("SELECT platform, stream FROM landed.tables ORDER BY ALL").fetchall()


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row is not None else 0
