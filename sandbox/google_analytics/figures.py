"""The visits of one property: every figure for any combination of dimensions, from a few axes and their shares.

A day's figure is the world's counter of that day, shared out over the values of each axis that is asked for. What was
collected in the last two days is not all there yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import prod
from zoneinfo import ZoneInfo

from sandbox import people
from sandbox.world import World, from_ms, mix, number_of

Values = Mapping[str, str]
ZONE = "Europe/Berlin"
CURRENCY = "EUR"
AGE = 400  # days that the property was collecting before the world began
_UNSETTLED = (0.6, 0.85)  # of today and of yesterday


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`level` a day for each person of the world; `kind` as reports tell it."""

    level: float
    kind: str = "TYPE_INTEGER"
    ui_name: str
    category: str


METRICS: Mapping[str, Metric] = {
    "activeUsers": Metric(level=4, ui_name="Active users", category="User"),
    "newUsers": Metric(level=1.5, ui_name="New users", category="User"),
    "totalUsers": Metric(level=4.2, ui_name="Total users", category="User"),
    "sessions": Metric(level=5, ui_name="Sessions", category="Session"),
    "engagedSessions": Metric(level=3, ui_name="Engaged sessions", category="Session"),
    "screenPageViews": Metric(level=14, ui_name="Views", category="Page / screen"),
    "userEngagementDuration": Metric(level=320, kind="TYPE_SECONDS", ui_name="User engagement", category="User"),
    "eventCount": Metric(level=40, ui_name="Event count", category="Event"),
    "keyEvents": Metric(level=0.6, ui_name="Key events", category="Event"),
    "totalRevenue": Metric(level=9, kind="TYPE_CURRENCY", ui_name="Total revenue", category="Revenue"),
}
DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "date": ("Date", "Time"),
    "sessionDefaultChannelGroup": ("Session default channel group", "Traffic source"),
    "sessionSource": ("Session source", "Traffic source"),
    "sessionMedium": ("Session medium", "Traffic source"),
    "sessionCampaignName": ("Session campaign", "Traffic source"),
    "hostName": ("Hostname", "Page / screen"),
    "pagePath": ("Page path", "Page / screen"),
    "eventName": ("Event name", "Event"),
    "country": ("Country", "Geography"),
    "deviceCategory": ("Device category", "Platform / device"),
}
_SOURCES = (
    ("Organic Search", "google", "organic", "(organic)"),
    ("Direct", "(direct)", "(none)", "(direct)"),
    ("Paid Search", "google", "cpc", "autumn sale"),
    ("Email", "newsletter", "email", "Frühling & Sommer"),
    ("Referral", "bluebird-labs.example", "referral", "(referral)"),
    ("Organic Social", "linkedin", "social", "(not set)"),
)
_PATHS = ("/", "/pricing", "/docs", "/docs/start", "/blog/größer", "/kontakt", "/checkout", "/thanks", "(other)")
_EVENTS = ("page_view", "session_start", "first_visit", "scroll", "click", "form_submit", "purchase")
_COUNTRIES = ("Germany", "France", "Portugal", "United States", "Kenya", "Japan", "(not set)")
_DEVICES = ("desktop", "mobile", "tablet")


def _axes() -> tuple[tuple[Values, ...], ...]:
    traffic = ("sessionDefaultChannelGroup", "sessionSource", "sessionMedium", "sessionCampaignName")
    return (
        tuple(dict(zip(traffic, one, strict=True)) for one in _SOURCES),
        tuple({"hostName": "www.northwind.example", "pagePath": path} for path in _PATHS),
        tuple({"eventName": name} for name in _EVENTS),
        tuple({"country": name} for name in _COUNTRIES),
        tuple({"deviceCategory": name} for name in _DEVICES),
    )


AXES = _axes()


def shares(axis: Sequence[Values]) -> list[float]:
    """The first value has most; together one."""
    weights = [1 / (place + 1.5) for place in range(len(axis))]
    return [weight / sum(weights) for weight in weights]


class Figures:
    """What the property of this number has collected."""

    def __init__(self, world: World, number: str) -> None:
        self._world = world
        self._name = f"google_analytics {number}"
        self._start = from_ms(world.start_ms).astimezone(ZoneInfo(ZONE)).date()

    def today(self) -> date:
        return self._world.clock.now().astimezone(ZoneInfo(ZONE)).date()

    def cells(self, dimensions: Sequence[str]) -> list[tuple[Values, float]]:
        """Every combination of the values of these dimensions, with its share of the whole."""
        asked = [axis for axis in AXES if set(axis[0]) & set(dimensions)]
        together: dict[tuple[tuple[str, str], ...], float] = {}
        for combination in product(*(list(zip(axis, shares(axis), strict=True)) for axis in asked)):
            values = {name: value for one, _ in combination for name, value in one.items() if name in dimensions}
            place = tuple(sorted(values.items()))
            together[place] = together.get(place, 0.0) + prod(weight for _, weight in combination)
        return [(dict(place), weight) for place, weight in together.items()]

    def of_day(self, metric: str, day: date, share: float) -> float:
        """The figure of a share of one day, as far as it is known today."""
        age, place = (self.today() - day).days, (day - self._start).days
        if age < 0 or place < -AGE:
            return 0.0
        level = METRICS[metric].level * self._world.scale
        whole = self._world.daily(f"{self._name} {metric}", place, level=level, trend=0.0005)
        return whole * share * (_UNSETTLED[age] if age < len(_UNSETTLED) else 1.0)

    def lately(self, metric: str, share: float) -> float:
        """The figure of the last half hour."""
        minute = self._world.clock.ms() // 60_000
        wave = 0.5 + mix(self._world.seed, number_of(self._name), minute) % 100 / 100
        return METRICS[metric].level * self._world.scale / 48 * share * wave

    def days(self, begin: date, end: date) -> list[date]:
        """The days of a range in which anything was collected."""
        begin, end = max(begin, self._start - timedelta(days=AGE)), min(end, self.today())
        return [begin + timedelta(days=count) for count in range((end - begin).days + 1)]


def shown(metric: str, value: float) -> str:
    """A figure as reports write it: as text."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if METRICS[metric].kind == "TYPE_CURRENCY" else str(int(value + 0.5))


def owner(world: World) -> str:
    return people.company(world, 0).name
