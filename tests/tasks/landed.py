"""What the warehouse says, for tests to compare."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from connectors.catalog import connector
from sandbox.sandbox import Sandbox
from sandbox.world import World
from storage.warehouse.connection import Warehouse
from storage.warehouse.reading import landed_tables
from storage.warehouse.schema import exists
from tasks.engine import sync
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.places import open_place

Rows = dict[str, dict[tuple[Any, ...], Any]]
"""For each table ("platform.stream") of an integration its live rows: the raw record by key."""


def query(workspace: Workspace, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with workspace.warehouse.reading() as connection:
        return connection.execute(sql, list(values)).fetchall()


def live(warehouse: Warehouse, integration: str) -> Rows:
    """Tables that are kept by key alone; a key that stands there twice is an error."""
    found: Rows = {}
    with warehouse.reading() as connection:
        if not exists(connection, "landed", "tables"):
            return found
        for schema, name in landed_tables(connection):
            if schema == "metrics":
                continue
            stream = connector(schema).stream(name)
            if stream.mode != "upsert":
                continue
            keys = ", ".join(f'"{column}"' for column in stream.key)
            rows = connection.execute(
                f'SELECT _raw, {keys} FROM "{schema}"."{name}" WHERE _integration = ? AND _deleted_at IS NULL',
                [integration],
            ).fetchall()
            if rows:
                found[f"{schema}.{name}"] = {row[1:]: msgspec.json.decode(row[0]) for row in rows}
                assert len(found[f"{schema}.{name}"]) == len(rows), f"a key stands twice in {schema}.{name}"
    return found


@cache
def truth(platform: str, method: str, scale: int, days: float) -> Rows:
    """What one full read finds at a platform of that size after so many days."""
    with TemporaryDirectory() as folder:
        sandbox = Sandbox(World(scale=scale), relaxed=True, sleep=lambda seconds: None)
        sandbox.advance(days=days)
        place = open_place(Path(folder), sandbox)
        connect_sample(place, platform, method)
        assert sync(place, platform, run="the truth").outcome == "ok"
        rows = live(place.warehouse, platform)
        place.close()
    return rows
