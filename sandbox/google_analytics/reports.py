"""The Data API: reports, what happens now, the names that reports know, and the tokens that all of it costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sandbox.google import problem
from sandbox.google_analytics.figures import CURRENCY, DIMENSIONS, METRICS, ZONE, Figures, shown
from sandbox.platform import BadBody, Call, Reply, json_reply
from sandbox.world import World

MOST_ROWS = 250_000
USUAL_ROWS = 10_000
COST = 3  # tokens of a small report
_DAY = {"tokensPerDay": 200_000}
_HOUR = {"tokensPerHour": 40_000, "tokensPerProjectPerHour": 14_000}
_COUNTED = {
    "concurrentRequests": 10,
    "serverErrorsPerProjectPerHour": 10,
    "potentiallyThresholdedRequestsPerHour": 120,
}


class Wrong(Exception):
    """A report that cannot be made, with the vendor's sentence."""


class Reports:
    """Reports on the properties of these numbers; no other can be seen."""

    def __init__(self, world: World, properties: Sequence[str]) -> None:
        self._world = world
        self._figures = {number: Figures(world, number) for number in properties}
        self._spent: dict[tuple[str, str, int], int] = {}

    def run(self, call: Call) -> Reply:
        return self._reported(call, realtime=False)

    def realtime(self, call: Call) -> Reply:
        return self._reported(call, realtime=True)

    def metadata(self, call: Call) -> Reply:
        refused = self._refused(call, "core")
        if refused is not None:
            return refused
        dimensions: list[dict[str, Any]] = [
            {"apiName": name, "uiName": ui, "description": f"{ui} of the event.", "category": category}
            for name, (ui, category) in DIMENSIONS.items()
        ]
        metrics = [
            {
                "apiName": name,
                "uiName": one.ui_name,
                "description": f"{one.ui_name} in the period.",
                "category": one.category,
                "type": one.kind,
            }
            for name, one in METRICS.items()
        ]
        dimensions.append(
            {
                "apiName": "customEvent:plan",
                "uiName": "Plan",
                "description": "",
                "category": "Custom",
                "customDefinition": True,
                "deprecatedApiNames": ["customEvent:tier"],
            }
        )
        body: dict[str, Any] = {"name": f"properties/{call.args['property']}/metadata", "dimensions": dimensions}
        body["metrics"] = [
            *metrics,
            {
                "apiName": "calcMetric:perUser",
                "uiName": "Views per user",
                "description": "Of our own making.",
                "category": "Custom",
                "type": "TYPE_FLOAT",
                "expression": "screenPageViews / activeUsers",
                "customDefinition": True,
            },
        ]
        return json_reply(body)

    # How a report is made

    def _reported(self, call: Call, *, realtime: bool) -> Reply:
        category = "realtime" if realtime else "core"
        refused = self._refused(call, category)
        if refused is not None:
            return refused
        asked = call.json()
        if not isinstance(asked, dict):
            raise BadBody("Root element must be a message.")
        number = call.args["property"]
        try:
            body = self._report(self._figures[number], asked, realtime)
        except Wrong as error:
            return problem(400, str(error))
        if asked.get("returnPropertyQuota"):
            body["propertyQuota"] = self._quota(number, category)
        body["kind"] = f"analyticsData#run{'Realtime' if realtime else ''}Report"
        return json_reply(body)

    def _report(self, figures: Figures, asked: Mapping[str, Any], realtime: bool) -> dict[str, Any]:
        dimensions = [str(one.get("name")) for one in asked.get("dimensions", [])]
        metrics = [str(one.get("name")) for one in asked.get("metrics", [])]
        _check_names(dimensions, metrics)
        rows = self._now(figures, dimensions, metrics) if realtime else self._past(figures, asked, dimensions, metrics)
        ordered = [one["dimension"]["dimensionName"] for one in asked.get("orderBys", []) if "dimension" in one]
        for name in reversed(ordered):
            rows.sort(key=lambda row: row[0][dimensions.index(name)])
        offset, limit = _whole(asked, "offset", 0), min(MOST_ROWS, _whole(asked, "limit", USUAL_ROWS))
        body: dict[str, Any] = {}
        if dimensions:
            body["dimensionHeaders"] = [{"name": name} for name in dimensions]
        body["metricHeaders"] = [{"name": name, "type": METRICS[name].kind} for name in metrics]
        if rows:
            body["rows"] = [_row(*row) for row in rows[offset : offset + limit]]
            body["rowCount"] = len(rows)
        if not realtime:
            body["metadata"] = {"currencyCode": CURRENCY, "timeZone": ZONE}
            if any("(other)" in row[0] for row in rows):
                body["metadata"]["dataLossFromOtherRow"] = True
            if not rows:
                body["metadata"]["emptyReason"] = "NO_DATA"
        return body

    def _past(
        self, figures: Figures, asked: Mapping[str, Any], dimensions: Sequence[str], metrics: Sequence[str]
    ) -> list[tuple[list[str], list[str]]]:
        ranges = asked.get("dateRanges", [])
        if not 1 <= len(ranges) <= 4:
            raise Wrong("A report needs one to four date ranges.")
        rows = []
        for one in ranges:
            begin, end = (_day(str(one.get(name, "")), figures.today()) for name in ("startDate", "endDate"))
            if begin > end:
                raise Wrong("The start date is after the end date.")
            days = figures.days(begin, end)
            for values, share in figures.cells(dimensions):
                for group in [[day] for day in days] if "date" in dimensions else [days]:
                    found = [sum(figures.of_day(name, day, share) for day in group) for name in metrics]
                    known = {**values, "date": f"{group[0]:%Y%m%d}"} if group else values
                    rows.append(([known[name] for name in dimensions], _shown(metrics, found)))
        return _filled(rows, asked)

    def _now(
        self, figures: Figures, dimensions: Sequence[str], metrics: Sequence[str]
    ) -> list[tuple[list[str], list[str]]]:
        if "date" in dimensions:
            raise Wrong("Field date is not a valid dimension of realtime reports.")
        rows = [
            ([values[name] for name in dimensions], _shown(metrics, [figures.lately(name, share) for name in metrics]))
            for values, share in figures.cells(dimensions)
        ]
        return _filled(rows, {})

    # What it costs

    def _refused(self, call: Call, category: str) -> Reply | None:
        """The reply where there is no such property, or nothing is left; else the cost is taken."""
        number = call.args["property"]
        if number not in self._figures:
            return problem(
                403,
                "User does not have sufficient permissions for this property. To learn more about Property ID, see "
                "https://developers.google.com/analytics/devguides/reporting/data/v1/property-id.",
            )
        for name, most in (_DAY | _HOUR).items():
            if self._taken(number, category, name) + COST > most:
                per = "day" if name in _DAY else "hour"
                whose = "for a project " if "Project" in name else ""
                return problem(429, f"Exhausted property tokens {whose}per {per}. These quota tokens will return.")
        for name in _DAY | _HOUR:
            self._spent[category, name, self._period(name)] = self._taken(number, category, name) + COST
        return None

    def _taken(self, number: str, category: str, name: str) -> int:
        return self._spent.get((category, name, self._period(name)), 0)

    def _period(self, name: str) -> int:
        return int((self._world.clock.seconds() - 7 * 3600) // (86_400 if name in _DAY else 3600))

    def _quota(self, number: str, category: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            name: {"consumed": COST, "remaining": most - self._taken(number, category, name)}
            for name, most in (_DAY | _HOUR).items()
        }
        return told | {name: {"remaining": most} for name, most in _COUNTED.items()}


def _check_names(dimensions: Sequence[str], metrics: Sequence[str]) -> None:
    if not metrics or len(metrics) > 10 or len(dimensions) > 9:
        raise Wrong("A report has one to ten metrics and at most nine dimensions.")
    for kind, names, known in (("dimension", dimensions, DIMENSIONS), ("metric", metrics, METRICS)):
        for name in names:
            if name not in known:
                raise Wrong(
                    f"Did you mean something else? Field {name} is not a valid {kind}. For a list of valid dimensions "
                    "and metrics, see https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema "
                )


def _day(text: str, today: date) -> date:
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    ago = re.fullmatch(r"(\d+)daysAgo", text)
    if ago:
        return today - timedelta(days=int(ago[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(f"Invalid date: {text}. It is YYYY-MM-DD, today, yesterday or NdaysAgo.") from None


def _whole(asked: Mapping[str, Any], name: str, usual: int) -> int:
    try:
        return int(asked.get(name, usual))
    except (TypeError, ValueError):
        raise BadBody(f"Invalid value at '{name}' (TYPE_INT64)") from None


def _shown(metrics: Sequence[str], found: Sequence[float]) -> list[str]:
    return [shown(name, value) for name, value in zip(metrics, found, strict=True)]


def _filled(rows: list[tuple[list[str], list[str]]], asked: Mapping[str, Any]) -> list[tuple[list[str], list[str]]]:
    return rows if asked.get("keepEmptyRows") else [row for row in rows if any(value != "0" for value in row[1])]


def _row(dimensions: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"dimensionValues": [{"value": value} for value in dimensions]} if dimensions else {}
    return row | {"metricValues": [{"value": value} for value in metrics]}
