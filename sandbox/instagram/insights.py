"""Figures of the account by day and by kind of follower, and of media and stories for their whole life."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.days import midnights, moment_of, seconds_of
from sandbox.graph import error, link, stamp
from sandbox.instagram.content import ACCOUNT_ID, Content
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.table import Row
from sandbox.world import mix, number_of

_PACIFIC = ZoneInfo("America/Los_Angeles")
_DAY = timedelta(days=1)
_LONGEST = 30 * _DAY
SERIES = {"reach": 300.0, "follower_count": 6.0}
TOTALS = {
    "reach": 300.0,
    "views": 900.0,
    "accounts_engaged": 60.0,
    "total_interactions": 90.0,
    "likes": 70.0,
    "comments": 9.0,
    "shares": 6.0,
    "saves": 5.0,
    "replies": 3.0,
    "profile_links_taps": 2.0,
}
_FEED = {"views": 700, "reach": 400, "saved": 9, "likes": 90, "comments": 12, "shares": 8, "total_interactions": 120}
_REELS = {**_FEED, "ig_reels_avg_watch_time": 9000, "ig_reels_video_view_total_time": 900_000, "reposts": 4}
_STORY = {"views": 300, "reach": 200, "replies": 3, "navigation": 90, "profile_visits": 4, "follows": 2, "shares": 3}
_BY_FACEBOOK = {"total_likes": 95, "total_comments": 14, "total_views": 800}
_KINDS = {"navigation": ("story_navigation_action_type", ("tap_forward", "tap_back", "tap_exit"))}
_GROUPS = {
    "age,gender": (("18-24", "F"), ("18-24", "M"), ("25-34", "F"), ("25-34", "U")),
    "city": (("Berlin, Berlin",), ("Lyon, Auvergne-Rhône-Alpes",)),
    "country": (("DE",), ("FR",), ("GB",)),
}


class Insights:
    def __init__(self, content: Content) -> None:
        self._content, self._world = content, content.world

    def of_account(self, call: Call) -> Reply:
        names = _names(call)
        if "follower_demographics" in names:
            return self._demographics(call, names)
        if call.param("period") != "day":
            raise Refused(error(100, "(#100) Incompatible period for metric"))
        known = TOTALS if call.param("metric_type") == "total_value" else SERIES
        _check(names, known)
        now = self._world.clock.now()
        until = moment_of(call.param("until"), now)
        since = moment_of(call.param("since"), until - _DAY)
        if until - since > _LONGEST + timedelta(hours=1):
            raise Refused(error(100, "(#100) There cannot be more than 30 days (2592000 s) between since and until"))
        if "follower_count" in names and since < now - 32 * _DAY:
            raise Refused(error(100, "(#100) (follower_count) metric only supports querying data for the last 30 days"))
        ends = [end for end in midnights(since, until) if end <= now]
        length = until - since
        paging = {
            "previous": link(call, since=seconds_of(since - length), until=seconds_of(since)),
            "next": link(call, since=seconds_of(until), until=seconds_of(until + length)),
        }
        if known is TOTALS:
            data = [
                _metric(ACCOUNT_ID, name, "day", total_value={"value": sum(self._day(name, end) for end in ends)})
                for name in names
            ]
            return json_reply({"data": data if ends else [], "paging": paging})
        data = [
            _metric(
                ACCOUNT_ID,
                name,
                "day",
                values=[
                    {"value": self._day(name, end), "end_time": stamp(int(end.timestamp() * 1000))} for end in ends
                ],
            )
            for name in names
        ]
        return json_reply({"data": data if ends else [], "paging": paging})

    def _day(self, name: str, end: datetime) -> int:
        """The figure of the day that ends then; that of the last one is not counted to its end for a day more."""
        amount = self._world.daily(f"instagram {name}", self._world.day(end - _DAY), level=TOTALS.get(name, 6.0))
        return amount if self._world.clock.now() - end > _DAY else amount * 9 // 10

    def _demographics(self, call: Call, names: list[str]) -> Reply:
        _check(names, {"follower_demographics": 1})
        breakdown = call.param("breakdown")
        if call.param("period") != "lifetime" or call.param("metric_type") != "total_value":
            raise Refused(error(100, "(#100) Incompatible metric type or period for follower_demographics"))
        if breakdown not in _GROUPS:
            raise Refused(error(100, "(#100) Invalid breakdown"))
        results = [
            {"dimension_values": list(values), "value": 100 + mix(self._world.seed, number_of(str(values))) % 50}
            for values in _GROUPS[breakdown]
        ]
        parts = [{"dimension_keys": breakdown.split(","), "results": results}]
        told = _metric(ACCOUNT_ID, names[0], "lifetime", total_value={"breakdowns": parts})
        return json_reply({"data": [told]})

    def of_medium(self, call: Call, row: Row, *, by_facebook: bool) -> Reply:
        if self._content.before_business(row):
            told = error(100, "Invalid parameter", subcode=2108006)
            raise Refused(told)
        if row.index % 13 == 6:
            raise Refused(error(10, "(#10) Not enough viewers for the media to show insights"))
        known = _REELS if self._content.kind(row)[1] == "REELS" else _FEED
        days = (self._world.clock.ms() - row.created) // 86_400_000
        known = known | _BY_FACEBOOK if by_facebook else known
        return self._lifetime(call, self._content.media_id(row.index), known, row.index, min(days, 30))

    def of_story(self, call: Call, number: int) -> Reply:
        if number not in self._content.stories():
            return json_reply({"data": []})
        return self._lifetime(call, self._content.story_id(number), _STORY, number, 1)

    def _lifetime(self, call: Call, identity: str, known: Mapping[str, int], seed: int, days: int) -> Reply:
        names = _names(call)
        for name in names:
            if name not in known:
                message = (
                    f"(#100) The Media Insights API does not support the {name} metric for this media product type."
                )
                raise Refused(error(100, message))
        data = []
        for name in names:
            level = mix(self._world.seed, seed, number_of(name)) % known[name]
            value = level + level * days // 10
            told = _metric(identity, name, "lifetime", values=[{"value": value}])
            if name in _KINDS:
                dimension, kinds = _KINDS[name]
                results = [{"dimension_values": [kind], "value": value // (at + 2)} for at, kind in enumerate(kinds)]
                parts = [{"dimension_keys": [dimension], "results": results}]
                told["total_value"] = {"value": value, "breakdowns": parts}
            data.append(told)
        return json_reply({"data": data})


def _names(call: Call) -> list[str]:
    return [name for name in call.param("metric").split(",") if name]


def _check(names: list[str], known: Mapping[str, object]) -> None:
    for at, name in enumerate(names):
        if name not in known:
            listing = ", ".join(known)
            raise Refused(error(100, f"(#100) metric[{at}] must be one of the following values: {listing}"))
    if not names:
        raise Refused(error(100, "(#100) The parameter metric is required"))


def _metric(identity: str, name: str, period: str, **told: Any) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    described = {"title": title, "description": f"{title}, as counted by Instagram."}
    return {"name": name, "period": period, **told, **described, "id": f"{identity}/insights/{name}/{period}"}
