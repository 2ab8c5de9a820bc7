"""A table's columns as SQL: how a typed value is read from a raw record, and what is wrong with it if anything.

All text values come out of a record in one pass, by `from_json` with one structure whose leaves are text: a leaf per
column parses the record once per column. Text is then cast, so that a value of the wrong type is found (it is there,
and its cast is null) rather than lost. Names: t0, t1 … are the values as text, c0, c1 … typed, in the table's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from core.model import Column, ColumnType, Table
from storage.warehouse.names import literal, literals, quoted

PARENT = "@parent/"
FETCHED_AT = "@fetched_at"

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "epoch": "TIMESTAMP",
    "epoch_ms": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON",
}
_A = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "an ISO 8601 time",
    "epoch": "seconds since 1970",
    "epoch_ms": "milliseconds since 1970",
    "date": "a date",
}
_SECONDS_OF_YEAR_9999 = 253402300800


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`condition` (SQL over t0…, c0…) is true where `reason` holds against a row."""

    condition: str
    reason: str


def is_of_segment(column: Column) -> bool:
    """The value is the same for a whole segment: it does not come from the record."""
    return column.source.startswith("@")


def typed(kind: ColumnType, text: str) -> str:
    """The typed value of a text, null where it is not of that type."""
    filled = f"nullif({text}, '')"
    if kind in ("text", "json"):
        return text
    if kind == "boolean":
        return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind == "timestamp":
        # Through a type with a zone: the cast to TIMESTAMP alone drops the offset without applying it. From there by
        # microseconds, which takes a quarter of the time that the cast of a time with a zone does.
        return f"make_timestamp(epoch_us(TRY_CAST({filled} AS TIMESTAMPTZ)))"
    if kind == "date":
        basic = f"TRY_CAST(try_strptime({filled}, '%Y%m%d') AS DATE)"  # the form without hyphens
        return f"coalesce(TRY_CAST({filled} AS DATE), {basic})"
    if kind in ("epoch", "epoch_ms"):
        seconds = f"TRY_CAST({filled} AS DOUBLE)" + (" / 1000" if kind == "epoch_ms" else "")
        within = f"abs({seconds}) < {_SECONDS_OF_YEAR_9999}"
        return f"CASE WHEN {within} THEN make_timestamp(CAST(round({seconds} * 1000000) AS BIGINT)) END"
    return f"TRY_CAST({filled} AS {SQL_TYPES[kind]})"


def pointer(source: str) -> str:
    """A column's path as a JSON pointer (RFC 6901)."""
    return "/" + source.replace("~", "~0")


class RowSql:
    """The SQL of one table's columns. Pure text: nothing runs here."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = [column.name for column in table.columns]
        self._structure: dict[str, Any] = {}
        self._in_structure: dict[int, str] = {}
        for index, column in enumerate(table.columns):
            self._place(index, column)
        self._structure_literal = literal(msgspec.json.encode(self._structure).decode())

    def _place(self, index: int, column: Column) -> None:
        """Finds the column a leaf in the structure. What the structure cannot hold is read by JSON pointer: a step
        into an array, a value that another column steps into, two names that differ in case alone."""
        if is_of_segment(column):
            return
        steps = column.source.split("/")
        kind = "JSON" if column.type == "json" else "VARCHAR"
        if not _fits(self._structure, steps, kind):
            return
        node = self._structure
        for step in steps[:-1]:
            node = node.setdefault(step, {})
        node[steps[-1]] = kind
        self._in_structure[index] = "v." + ".".join(map(quoted, steps))

    def text(self, index: int) -> str:
        """The value of a column as text (JSON for a json column), of a row with `json` and its structure `v`."""
        return self._in_structure.get(index) or _by_pointer(self.table.columns[index], "json")

    def from_raw(self, index: int) -> str:
        """The typed value of a column of the record in `_raw`; null where it is of another type."""
        column = self.table.columns[index]
        text = _by_pointer(column, "_raw")
        value = typed(column.type, text)
        wrong = " OR ".join(check.condition for check in _type_check(column, "_raw", text, value))
        return f"CASE WHEN NOT coalesce({wrong}, false) THEN {value} END" if wrong else value

    def of_segment(self, index: int) -> str:
        """The value, as text, of a column that a whole segment shares; of a row with `parent` and `fetched_at`."""
        source = self.table.columns[index].source
        if source == FETCHED_AT:
            return "strftime(fetched_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
        where = literal(pointer(source.removeprefix(PARENT)))
        return f"json_extract_string(parent, {where})"

    @property
    def of_record(self) -> list[int]:
        """The columns that are read from the record, by number."""
        return [i for i, column in enumerate(self.table.columns) if not is_of_segment(column)]

    @property
    def of_segments(self) -> list[int]:
        """The columns that a segment's rows share, by number."""
        return [i for i, column in enumerate(self.table.columns) if is_of_segment(column)]

    def values(self, source: str, keep: str) -> str:
        """A query: `keep` (columns of `source`, among them json), t… and c… of each row of `source`."""
        parsed = f", from_json(json, {self._structure_literal}) AS v" if self._structure else ""
        texts = "".join(f", {self.text(i)} AS t{i}" for i in self.of_record)
        casts = "".join(f", {typed(self.table.columns[i].type, f't{i}')} AS c{i}" for i in self.of_record)
        # The structure is parsed once, below the casts that use it several times.
        return f"SELECT *{casts} FROM (SELECT {keep}{texts} FROM (SELECT {keep}{parsed} FROM {source}))"

    def checks(self) -> Iterator[Check]:
        """All that can be wrong with a record."""
        yield Check(condition="(json IS NULL)", reason="not JSON")
        yield Check(condition="(NOT starts_with(json, '{'))", reason="not a JSON object")
        yield from self._container_checks(self._structure, ())
        for index in self.of_record:
            yield from self.column_checks(index)

    def column_checks(self, index: int) -> Iterator[Check]:
        """What can be wrong with one column."""
        column, text, value = self.table.columns[index], f"t{index}", f"c{index}"
        name = column.name
        if column.required or name in self.table.key:
            yield Check(condition=f"({value} IS NULL)", reason=f"{name}: missing")
        if not is_of_segment(column) or column.type != "text":
            yield from _type_check(column, "json", text, value)
        if column.pattern is not None:
            matches = f"regexp_full_match({text}, {literal(column.pattern)})"
            yield Check(condition=f"(NOT {matches})", reason=f"{name}: does not match the pattern {column.pattern}")
        if column.minimum is not None:
            yield Check(condition=f"({value} < {column.minimum})", reason=f"{name}: below {column.minimum:g}")
        if column.maximum is not None:
            yield Check(condition=f"({value} > {column.maximum})", reason=f"{name}: above {column.maximum:g}")
        if column.choices:
            choices = literals(column.choices)
            yield Check(condition=f"({text} NOT IN ({choices}))", reason=f"{name}: not one of {choices}")

    def _container_checks(self, node: dict[str, Any], steps: tuple[str, ...]) -> Iterator[Check]:
        """A member that columns step into must be an object; several platforms send [] or "" for an empty one."""
        for name, child in node.items():
            if not isinstance(child, dict):
                continue
            path = (*steps, name)
            prefix = "v." + ".".join(map(quoted, path)) + "."
            # One by one: coalesce would make JSON of texts that stand beside JSON.
            leaves = [f"t{i} IS NULL" for i, leaf in self._in_structure.items() if leaf.startswith(prefix)]
            where = literal(pointer("/".join(path)))
            wrong = (
                f"json_type(json, {where}) NOT IN ('OBJECT', 'NULL')"
                f" AND json_extract_string(json, {where}) NOT IN ('', '[]')"
            )
            maybe = f"{' AND '.join(leaves)} AND contains(json, {literal(quoted(name))})"
            yield Check(condition=f"(CASE WHEN {maybe} THEN {wrong} END)", reason=f"{'/'.join(path)}: not an object")
            yield from self._container_checks(child, path)


def _by_pointer(column: Column, record: str) -> str:
    where = literal(pointer(column.source))
    if column.type == "json":
        return f"CASE WHEN json_type({record}, {where}) <> 'NULL' THEN json_extract({record}, {where}) END"
    return f"json_extract_string({record}, {where})"


def _type_check(column: Column, record: str, text: str, value: str) -> Iterator[Check]:
    if column.type == "json":
        return
    if column.type == "text":
        kind = f"json_type({record}, {literal(pointer(column.source))})"
        # Asks the record only where it may be. Comparisons look at the first bytes, which is cheaper than starts_with.
        looks = f"({text} >= '{{' AND {text} < '|') OR ({text} >= '[' AND {text} < '\\')"
        condition = f"(CASE WHEN {looks} THEN {kind} IN ('OBJECT', 'ARRAY') END)"
        yield Check(condition=condition, reason=f"{column.name}: not a text")
        return
    wrong = f"({text} <> '' AND {value} IS NULL)"
    if column.type == "integer":
        wrong = f"({wrong} OR (contains({text}, '.') AND TRY_CAST({text} AS DOUBLE) <> {value}))"
    elif column.type not in ("boolean", "epoch", "epoch_ms"):
        wrong = f"({wrong} OR NOT isfinite({value}))"
    yield Check(condition=wrong, reason=f"{column.name}: not {_A[column.type]}")


def _fits(structure: dict[str, Any], steps: list[str], kind: str) -> bool:
    """Whether the structure can have a leaf there besides those it has."""
    node: Any = structure
    absent: list[Any] = [{}] * (len(steps) - 1) + [kind]
    for step, default in zip(steps, absent, strict=True):
        if step.isdigit() or not isinstance(node, dict):
            return False
        if any(known != step and known.lower() == step.lower() for known in node):
            return False
        node = node.get(step, default)
    return bool(node == kind)


@lru_cache(maxsize=256)
def row_sql(table: Table) -> RowSql:
    """The SQL of a table's columns, made once."""
    return RowSql(table)
