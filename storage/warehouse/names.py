"""Names and values as SQL text, quoted, always.

Values stand in the text and are not bound as parameters: at the first parameter DuckDB's Python client imports pandas
wherever it is installed, which costs a sync more time than all its SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.model import Table


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | datetime | None) -> str:
    """A text in single quotes, a moment as the warehouse keeps it, or NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{utc(value)}'"
    return "'" + value.replace("'", "''") + "'"


def literals(values: Iterable[str | datetime | None]) -> str:
    """Values, separated by commas."""
    return ", ".join(map(literal, values))


def among(values: Sequence[str]) -> str:
    """What stands after IN; nothing is among no values."""
    return f"({literals(values) or 'NULL'})"


def relation(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, Any]) -> str:
    """Rows as a query, with the SQL type of each column. Moments among the values have no zone."""
    structure = msgspec.json.encode([kinds]).decode()
    values = msgspec.json.encode(rows).decode()
    return f"SELECT unnest(from_json({literal(values)}, {literal(structure)}), max_depth := 2)"


def table_name(table: Table) -> str:
    """`"schema"."name"` of a landed table."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def utc(moment: datetime) -> datetime:
    """A moment as the warehouse keeps it: in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
