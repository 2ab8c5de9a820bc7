"""Days as Meta counts figures: from midnight to midnight by Pacific time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.graph import error
from sandbox.platform import Refused

PACIFIC = ZoneInfo("America/Los_Angeles")
_DAY = timedelta(days=1)


def midnights(since: datetime, until: datetime) -> list[datetime]:
    """Every midnight of Pacific time after the one and up to the other."""
    first, last = (moment.astimezone(PACIFIC).date() for moment in (since, until))
    days = [first + count * _DAY for count in range((last - first).days + 1)]
    found = [datetime.combine(day, time(), PACIFIC).astimezone(UTC) for day in days]
    return [end for end in found if since < end <= until]


def moment_of(told: str, otherwise: datetime) -> datetime:
    """A time in seconds since 1970, or a date."""
    if not told:
        return otherwise
    if told.isdecimal():
        return datetime.fromtimestamp(int(told), UTC)
    try:
        return datetime.combine(date.fromisoformat(told), time(), PACIFIC).astimezone(UTC)
    except ValueError:
        raise Refused(error(100, "(#100) Param since must be a valid date")) from None


def seconds_of(moment: datetime) -> str:
    return str(int(moment.timestamp()))
