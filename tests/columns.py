"""Reads columns out of raw records by the words of `core.model.Column`: a second reading beside the warehouse's SQL."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from core.model import Column, ColumnType


class Unfit(ValueError):
    """The record would go to quarantine."""


def rows(columns: Iterable[Column], records: Iterable[bytes]) -> list[dict[str, Any]]:
    """The typed values of each record by column name. Raises Unfit."""
    readers = {column.name: reader(column) for column in columns if not column.source.startswith("@")}
    return [{name: read(decoded) for name, read in readers.items()} for decoded in map(json.loads, records)]


def value(column: Column, record: bytes) -> Any:
    """The typed value, None where there is none. Raises Unfit, naming the column, where a check fails."""
    return reader(column)(json.loads(record))


def reader(column: Column) -> Callable[[Any], Any]:
    """What reads this column out of decoded records, as `value` does."""
    steps, convert = column.source.split("/"), _TYPES[column.type]
    empty = () if column.type in ("text", "json") else ("",)
    checked = (column.pattern, column.minimum, column.maximum) != (None, None, None) or column.choices

    def read(record: Any) -> Any:
        found = record
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        if found is None or found in empty:
            if column.required:
                raise Unfit(f"{column.name}: missing")
            return None
        try:
            typed = convert(found)
        except (ValueError, TypeError, OverflowError) as error:
            raise Unfit(f"{column.name}: {found!r} is not of type {column.type}") from error
        if checked:
            _check(column, typed)
        return typed

    return read


def _check(column: Column, typed: Any) -> None:
    if column.pattern is not None and not re.fullmatch(column.pattern, typed):
        raise Unfit(f"{column.name}: {typed!r} does not match {column.pattern}")
    if column.minimum is not None and typed < column.minimum:
        raise Unfit(f"{column.name}: {typed} is below {column.minimum}")
    if column.maximum is not None and typed > column.maximum:
        raise Unfit(f"{column.name}: {typed} is above {column.maximum}")
    if column.choices and typed not in column.choices:
        raise Unfit(f"{column.name}: {typed!r} is none of {column.choices}")


def _text(found: Any) -> str:
    if isinstance(found, dict | list):
        raise TypeError("a container is no text")
    return found if isinstance(found, str) else json.dumps(found)


def _integer(found: Any) -> int:
    number = _number(found)
    if not number.is_integer():
        raise ValueError("it has a fraction")
    return int(found) if isinstance(found, str) and found.lstrip("-").isdigit() else int(number)


def _number(found: Any) -> float:
    if isinstance(found, bool | dict | list):
        raise TypeError("no number")
    number = float(found)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _boolean(found: Any) -> bool:
    known = {True: True, False: False, "true": True, "false": False}
    if not isinstance(found, bool | str) or found not in known:
        raise ValueError("neither true nor false")
    return known[found]


def _timestamp(found: Any) -> datetime:
    moment = datetime.fromisoformat(found)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_TYPES: Mapping[ColumnType, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "epoch": lambda found: datetime.fromtimestamp(_number(found), UTC),
    "epoch_ms": lambda found: datetime.fromtimestamp(_number(found) / 1000, UTC),
    "date": lambda found: date.fromisoformat(found),
    "json": lambda found: found,
}
