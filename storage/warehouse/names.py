"""Names and values as SQL text, where a parameter cannot stand. What is not ours is quoted, always."""

from __future__ import annotations

from datetime import UTC, datetime

from core.model import Table


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def table_name(table: Table) -> str:
    """`"schema"."name"` of a landed table."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def utc(moment: datetime) -> datetime:
    """A moment as the warehouse keeps it: in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
