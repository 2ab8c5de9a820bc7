"""Reports of the Analytics API by day. The latest days are not there yet, and the last ones told still grow."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import google
from sandbox.platform import Call, Reply, json_reply
from sandbox.world import World, from_ms

PACIFIC = ZoneInfo("America/Los_Angeles")
METRICS = {
    "views": ("INTEGER", 400.0),
    "estimatedMinutesWatched": ("INTEGER", 900.0),
    "averageViewDuration": ("INTEGER", 140.0),
    "averageViewPercentage": ("FLOAT", 42.0),
    "likes": ("INTEGER", 16.0),
    "dislikes": ("INTEGER", 1.0),
    "comments": ("INTEGER", 3.0),
    "shares": ("INTEGER", 4.0),
    "subscribersGained": ("INTEGER", 7.0),
    "subscribersLost": ("INTEGER", 2.0),
}
_LAG = 3
_GROWS = 2  # days after which a figure is final


class Analytics:
    def __init__(self, world: World) -> None:
        self._world = world

    def report(self, call: Call) -> Reply:
        for name in ("ids", "startDate", "endDate", "metrics"):
            if not call.param(name):
                return google.problem(400, f"Required parameter: {name}", reason="required", location=name)
        if not re.fullmatch(r"channel==(MINE|UC[\w-]{22})", call.param("ids")):
            return google.problem(400, "Invalid value for ids.", reason="badRequest", location="ids")
        names = call.param("metrics").split(",")
        unknown = [name for name in names if name not in METRICS]
        if unknown or call.param("dimensions") != "day":
            return google.problem(400, "The query is not supported.", reason="badRequest")
        try:
            begin, end = (date.fromisoformat(call.param(name)) for name in ("startDate", "endDate"))
        except ValueError:
            return google.problem(400, "Invalid date.", reason="badRequest", location="startDate")
        last = min(end, self._today() - timedelta(days=_LAG))
        days = [begin + timedelta(days=n) for n in range(max(0, (last - begin).days + 1))]
        headers: list[dict[str, str]] = [{"name": "day", "columnType": "DIMENSION", "dataType": "STRING"}]
        headers += [{"name": name, "columnType": "METRIC", "dataType": METRICS[name][0]} for name in names]
        body: dict[str, Any] = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
        if days:
            body["rows"] = [[day.isoformat(), *(self._figure(name, day) for name in names)] for day in days]
        return json_reply(body, kind="application/json; charset=UTF-8")

    def _today(self) -> date:
        return self._world.clock.now().astimezone(PACIFIC).date()

    def _figure(self, name: str, day: date) -> int | float:
        form, level = METRICS[name]
        number = (day - from_ms(self._world.start_ms).date()).days
        settled = (self._today() - day).days >= _LAG + _GROWS
        found = self._world.daily(f"youtube {name}", number, level=level) * (1 if settled else 0.9)
        return round(found, 2) if form == "FLOAT" else int(found)
