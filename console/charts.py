"""Charts drawn in the terminal: a line where days or times stand against numbers, bars otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import cycle
from typing import Any, Final

from console.render import clean
from core.errors import UsageError

_MOST_BARS: Final = 40
_MARKERS: Final = "●×+▲■◆○*"
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*m")
_NUMBERS: Final = (int, float, Decimal)


def chart(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    hint: Sequence[str] = (),
    title: str = "",
    width: int = 78,
    height: int = 18,
) -> str:
    """The first column of times, else of labels, against the numbers. Raises UsageError where there is no such pair.

    With times, a column of labels beside them makes one line for each label; further numbers make further lines.
    Without, bars show the first column of numbers. `hint` names the columns that count: x, y and perhaps the series.
    """
    if not rows:
        raise UsageError("there is nothing to draw: the answer has no rows", advice="Widen it, for example days=90.")
    counting = [index for index, name in enumerate(columns) if name in hint] or range(len(columns))
    kinds = {index: _kind([row[index] for row in rows]) for index in counting}
    numbers = [index for index, kind in kinds.items() if kind == "number"]
    labels = [index for index, kind in kinds.items() if kind == "label"]
    times = [index for index, kind in kinds.items() if kind == "time"]
    if not numbers or not (times or labels):
        raise UsageError(
            "this answer cannot be drawn: it needs a column of days or labels and a column of numbers",
            advice="Look at it as a table: --format table",
        )
    if times and len({row[times[0]] for row in rows} - {None}) > 1:
        return _lines(columns, rows, times[0], labels, numbers, title, width, height)
    return _bars(rows, labels or times, numbers[0], title or columns[numbers[0]], width)


def _kind(values: Sequence[Any]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "empty"
    if all(isinstance(value, date) for value in known):
        return "time"
    if all(isinstance(value, _NUMBERS) and not isinstance(value, bool) for value in known):
        return "number"
    return "label"


def _lines(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    when: int,
    labels: Sequence[int],
    numbers: Sequence[int],
    title: str,
    width: int,
    height: int,
) -> str:
    import plotext

    shown = numbers[:1] if labels else numbers
    series: dict[str, dict[date, float]] = {}
    for row in rows:
        for number in shown:
            if row[when] is None or row[number] is None:
                continue
            name = clean(" ".join(str(row[label]) for label in labels)) if labels else columns[number]
            series.setdefault(name, {})[row[when]] = float(row[number])
    moments = sorted({moment for points in series.values() for moment in points})
    place = {moment: index for index, moment in enumerate(moments)}
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(width, height)
    # Without colours lines are told apart by what they are drawn with, also by those who see no colours.
    markers = cycle(_MARKERS) if len(series) > 1 else cycle(("braille",))
    for (name, points), marker in zip(sorted(series.items()), markers, strict=False):
        ordered = sorted(points)
        plotext.plot([place[m] for m in ordered], [points[m] for m in ordered], label=name, marker=marker)
    step = max(1, len(moments) // 6)
    plotext.xticks(list(range(0, len(moments), step)), [_label(m, moments) for m in moments[::step]])
    plotext.title(title or columns[shown[0]])
    return _ESCAPES.sub("", str(plotext.build()))


def _label(moment: date, moments: Sequence[date]) -> str:
    one_day = len({m.isoformat()[:10] for m in moments}) == 1
    return moment.strftime("%H:%M") if one_day and isinstance(moment, datetime) else moment.strftime("%b %d")


def _bars(rows: Sequence[Sequence[Any]], labels: Sequence[int], number: int, title: str, width: int) -> str:
    shown = [
        (clean(" ".join(str(row[i]) for i in labels if row[i] is not None)), float(row[number] or 0))
        for row in rows[:_MOST_BARS]
    ]
    wide = min(max(len(name) for name, _ in shown), width // 2)
    top = max((abs(value) for _, value in shown), default=0) or 1
    room = max(10, width - wide - 16)
    lines = [title]
    for name, value in shown:
        bar = "▇" * max(1 if value else 0, round(abs(value) / top * room))
        lines.append(f"{name[:wide]:<{wide}}  {bar} {value:,.10g}")
    if len(rows) > _MOST_BARS:
        lines.append(f"… and {len(rows) - _MOST_BARS} more")
    return "\n".join(lines)
