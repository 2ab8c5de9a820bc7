"""Windows of whole days by Pacific time, in which Meta's figures are asked for: places of `metric_stream`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connectors.sdk.buckets import DEFAULT_HISTORY, HISTORY_SETTING
from connectors.sdk.metrics import Place
from core.errors import BadReply
from core.model import Context, State

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWindows:
    """Windows of at most `longest` days, oldest first, up to yesterday; the first is the short one.

    The first walk goes back as many days as the setting `history_days` says; each later one begins `still_changing`
    days before the last day that is known.
    """

    longest: int
    still_changing: int

    def first(self, state: State, context: Context) -> Place:
        last = last_day(context)
        if "since" in state:
            begin = date.fromisoformat(str(state["since"])) - self.still_changing * _DAY
        else:
            begin = last - int(str(context.settings.get(HISTORY_SETTING) or DEFAULT_HISTORY)) * _DAY
        begin = min(begin, last)
        return _place(begin, begin + (last - begin).days % self.longest * _DAY)

    def following(self, place: Place, context: Context) -> Place | None:
        _, end = bounds(place)
        last = last_day(context)
        return _place(end + _DAY, min(last, end + self.longest * _DAY)) if end < last else None

    def smaller(self, place: Place) -> Place:
        """Half as long. Raises BadReply for one day."""
        begin, end = bounds(place)
        if begin == end:
            raise BadReply("the platform finds even one day too much to tell")
        return _place(begin, begin + (end - begin) // 2)

    def kept(self, place: Place) -> State:
        return {"since": place["last"]}


def last_day(context: Context) -> date:
    """The last one that is over."""
    return context.now.astimezone(PACIFIC).date() - _DAY


def bounds(place: Place) -> tuple[date, date]:
    """The first and the last day of a window."""
    return date.fromisoformat(str(place["first"])), date.fromisoformat(str(place["last"]))


def since_until(place: Place) -> dict[str, int]:
    """The window as parameters: from midnight to midnight."""
    begin, end = bounds(place)
    return {"since": _midnight(begin), "until": _midnight(end + _DAY)}


def day_of(end_time: str) -> date:
    """The day that a figure is of: it ends at midnight by Pacific time, where the next one begins."""
    return (datetime.fromisoformat(end_time) - timedelta(hours=12)).astimezone(PACIFIC).date()


def _place(first: date, last: date) -> Place:
    return {"first": first.isoformat(), "last": last.isoformat()}


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), PACIFIC).timestamp())
