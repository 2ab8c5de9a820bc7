"""How things look in a terminal: tables, status marks, times. Pure: values in, text or renderables out."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rich.table import Table
from rich.text import Text

_MARKS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("ok", "active", "healthy", "good"), ("✓", "green")),
    **dict.fromkeys(("partial", "paused", "degraded", "warning", "quota", "unknown", "medium"), ("!", "yellow")),
    **dict.fromkeys(("failed", "attention", "unhealthy", "down", "critical", "high"), ("✗", "red")),
    **dict.fromkeys(("low", "info", "removed"), ("·", "dim")),
}
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_ALIGNED_RIGHT: Final = (int, float, Decimal)


def mark(status: str) -> Text:
    """A status with its sign, so that colour is never all that tells it."""
    sign, style = _MARKS.get(status, ("·", ""))
    return Text(f"{sign} {status}", style=style)


def ago(moment: datetime | None, now: datetime, never: str = "never") -> str:
    """How far away a moment is, in the one unit a person would use: `3 minutes ago`, `in 2 days`."""
    if moment is None:
        return never
    seconds = (now - moment).total_seconds()
    amount = abs(seconds)
    for unit, size in _UNITS:
        if amount >= size:
            count = int(amount // size)
            text = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now" if seconds >= 0 else "in a moment"


def duration(seconds: float) -> str:
    """`0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = whole // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def every(minutes: int) -> str:
    """A schedule in words."""
    if minutes == 0:
        return "on demand"
    for unit, size in (("day", 1_440), ("hour", 60)):
        if minutes % size == 0:
            count = minutes // size
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return "every minute" if minutes == 1 else f"every {minutes} minutes"


def clean(text: str) -> str:
    """Text that came from elsewhere, without what would steer the terminal (escape sequences, line breaks)."""
    return "".join(" " if character in "\n\t\r" else character for character in text if _visible(character))


def _visible(character: str) -> bool:
    return character in "\n\t\r" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def cell(value: Any) -> str:
    """A value of a result as text: numbers grouped, times without what nobody reads, nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M" if (value.hour, value.minute, value.second) != (0, 0, 0) else "%Y-%m-%d")
    if isinstance(value, list | dict):
        return clean(json.dumps(value, ensure_ascii=False, default=plain))
    return clean(str(value))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> Table:
    """A table whose numbers stand to the right. A cell may be Text, which stays as it is."""
    lines = [list(row) for row in rows]
    made = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for index, name in enumerate(columns):
        values = [row[index] for row in lines if row[index] is not None]
        right = bool(values) and all(isinstance(v, _ALIGNED_RIGHT) and not isinstance(v, bool) for v in values)
        made.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in lines:
        made.add_row(*(value if isinstance(value, Text) else Text(cell(value)) for value in row))
    return made


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180, with a header line; times in ISO 8601, NULL as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if v is None else v if isinstance(v, str) else _csv(v) for v in row] for row in rows])
    return text.getvalue()


def _csv(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return plain(value) if isinstance(value, date | bytes) else value


def as_json(value: Any) -> str:
    """Indented JSON; times in ISO 8601."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=plain)


def plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
