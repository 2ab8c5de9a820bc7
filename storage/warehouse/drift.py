"""Notes fields that platforms send and no column declares: their paths and types, never their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import duckdb
import msgspec

from core.model import Table
from storage.warehouse.columns import is_of_segment
from storage.warehouse.landing import Segment
from storage.warehouse.names import literal, literals

SAMPLE = 200
"""Records looked at, of those that land in one table at once."""
_TYPES = {dict: "object", list: "array", str: "text", bool: "boolean", int: "number", float: "number"}


def note_drift(
    connection: duckdb.DuckDBPyConnection, table: Table, segments: Sequence[Segment], *, now: datetime
) -> None:
    """Looks at a few records: their members, and those of the objects that columns step into."""
    if not table.keep_raw:
        return
    fields = _fields(table, segments)
    if not fields:
        return
    noted = connection.execute(
        f"SELECT path FROM landed.drift WHERE platform = {literal(table.schema)} AND stream = {literal(table.name)}"
    ).fetchall()
    for path in sorted(fields.keys() - {row[0] for row in noted}):
        values = literals([table.schema, table.name, path, fields[path], now, segments[0].header.run])
        connection.execute(f"INSERT INTO landed.drift VALUES ({values})")


def _fields(table: Table, segments: Sequence[Segment]) -> dict[str, str]:
    """Paths that no column reads, with the type of a value."""
    known, objects = _declared(table)
    found: dict[str, str] = {}
    for record in islice(_records(segments), SAMPLE):
        for name, value in record.items():
            if name not in known and value is not None:
                found[name] = _TYPES[type(value)]
            if name in objects and isinstance(value, dict):
                for inner, below in value.items():
                    path = f"{name}/{inner}"
                    if path not in known and below is not None:
                        found[path] = _TYPES[type(below)]
    return found


def _records(segments: Sequence[Segment]) -> Iterator[dict[str, Any]]:
    for segment in segments:
        with segment.path.open("rb") as file:
            file.readline()
            for line in file:
                try:
                    record = msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
                if isinstance(record, dict):
                    yield record


def _declared(table: Table) -> tuple[set[str], set[str]]:
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
    return known, objects - whole
