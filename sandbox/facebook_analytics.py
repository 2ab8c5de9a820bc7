"""Facebook analytics at Graph v26.0: figures of the Page by day, of posts and videos for their whole life.

Sources: developers.facebook.com/docs/graph-api/reference/page/insights and the changelogs of 25.0 and 26.0, a probe in
September 2026. The Page and its posts are those of `sandbox/facebook`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.credentials import Credential
from sandbox.days import midnights, moment_of, seconds_of
from sandbox.facebook.content import NAME, PAGE_ID, USER_ID, Content
from sandbox.graph import Asked, error, fields_of, gone, link, listed, secret, shaped, stamp
from sandbox.meta import DIALOG, GRAPH, check_proof, facebook_oauth, headers, problems, token, usage_headers, windows
from sandbox.platform import Call, Platform, Refused, Reply, Route, answering, json_reply
from sandbox.samples import SAMPLES
from sandbox.table import Row, Table
from sandbox.world import World, mix, number_of

SCOPES = ("pages_show_list", "pages_read_engagement", "read_insights", "business_management")
PAGE_TOKEN = token(2999)
_PACIFIC = ZoneInfo("America/Los_Angeles")
_DAY = timedelta(days=1)
_LONGEST = 93
_KEPT = 730
_VIDEO = 900_000_000_000_000
_REACTIONS = ("like", "love", "wow", "haha", "sorry", "anger")
# What still exists in October 2026, with how much of it there is in a day.
PAGE = {
    "page_media_view": 900.0,
    "page_total_media_view_unique": 500.0,
    "page_post_engagements": 120.0,
    "page_views_total": 80.0,
    "page_follows": 9.0,
    "page_daily_follows": 9.0,
    "page_daily_follows_unique": 8.0,
    "page_daily_unfollows_unique": 2.0,
    "page_video_views": 60.0,
    "page_video_complete_views_30s": 20.0,
    "page_total_actions": 5.0,
    "page_actions_post_reactions_total": 40.0,
    **{f"page_actions_post_reactions_{one}_total": 7.0 for one in _REACTIONS},
}
POST = {
    "post_media_view": 700,
    "post_total_media_view_unique": 400,
    "post_clicks": 30,
    "post_clicks_by_type": 30,
    "post_reactions_by_type_total": 12,
}
VIDEO = {
    "total_video_views": 300,
    "total_video_complete_views": 90,
    "total_video_view_total_time": 90_000,
    "total_video_avg_time_watched": 4_000,
    "total_video_reactions_by_type_total": 9,
}
_BY_KIND = {
    "page_actions_post_reactions_total": _REACTIONS,
    "post_clicks_by_type": ("other clicks", "photo view", "link clicks"),
    "post_reactions_by_type_total": _REACTIONS,
    "total_video_reactions_by_type_total": _REACTIONS,
}
_SCOPES: Mapping[str, tuple[str, ...]] = {
    "accounts": ("pages_show_list",),
    "insights": ("pages_read_engagement", "read_insights"),
    "published_posts": ("pages_read_engagement",),
    "videos": ("pages_read_engagement",),
}


class _Insights:
    def __init__(self, world: World) -> None:
        self._world, self._page = world, Content(world)
        self._videos = Table(world, world.population("facebook videos", per_person=0.3, changes=0))
        self._page_tokens = {PAGE_TOKEN, SAMPLES["facebook_analytics"]["page_token"]["token"]}

    def scopes(self, call: Call) -> tuple[str, ...]:
        nested = ("read_insights",) if "insights.metric" in call.param("fields") else ()
        if "edge" in call.args:
            return (*_SCOPES.get(call.args["edge"], ()), *nested)
        return ("pages_read_engagement",) if "count" in call.param("fields") else ()

    def node(self, call: Call) -> Reply:
        fields, mine = fields_of(call.param("fields")), secret(call) in self._page_tokens
        if call.args["id"] == "me" and not mine:
            return json_reply(shaped("User", {"id": USER_ID, "name": "Ada Lovelace"}, fields))
        if call.args["id"] not in ("me", PAGE_ID):
            return gone(call.args["id"])
        return json_reply(shaped("Page", self._node(), fields, ("name", "id")))

    def _node(self) -> dict[str, Any]:
        fans = self._world.total("facebook fans", base=4000, level=6)
        return {
            "id": PAGE_ID,
            "name": NAME,
            "category": "Software Company",
            "access_token": PAGE_TOKEN,
            "tasks": ["ANALYZE"],
            "fan_count": fans,
            "followers_count": fans + 120,
        }

    def edge(self, call: Call) -> Reply:
        identity, edge = call.args["id"], call.args["edge"]
        if edge == "accounts" and secret(call) not in self._page_tokens:
            fields = fields_of(call.param("fields", "id,name,access_token"))
            return json_reply(listed(call, [self._node()], lambda one: 0, lambda one: shaped("Page", one, fields)))
        if secret(call) not in self._page_tokens:
            return error(190, "(#190) This method must be called with a Page Access Token")
        if identity not in ("me", PAGE_ID):
            return gone(identity)
        if edge == "insights":
            return self._days(call)
        if edge == "published_posts":
            return self._list(call, self._page.published(), "Post", self._post)
        if edge == "videos":
            found = (self._videos.existing(index) for index in self._videos.indices())
            rows = sorted((row for row in found if row), key=self._page.newest_first)
            return self._list(call, rows, "Video", self._video)
        return error(2500, f"Unknown path components: /{edge}")

    # Days

    def _days(self, call: Call) -> Reply:
        metrics = [name for name in call.param("metric").split(",") if name]
        if not metrics or any(name not in PAGE for name in metrics):
            return _no_metric()
        if call.param("period", "day") != "day":
            return error(100, "(#100) The period is not valid for this metric")
        now = self._world.clock.now()
        until = moment_of(call.param("until"), now)
        since = moment_of(call.param("since"), until - 2 * _DAY)
        if until - since > _LONGEST * _DAY:
            return error(100, "(#100) There cannot be more than 93 days (8035200 s) between since and until")
        ends = [end for end in midnights(since, until) if now - _KEPT * _DAY < end <= now]
        length = until - since
        paging = {
            "previous": link(call, since=seconds_of(since - length), until=seconds_of(since)),
            "next": link(call, since=seconds_of(until), until=seconds_of(until + length)),
        }
        data = [self._by_day(name, ends) for name in metrics] if ends else []
        return json_reply({"data": data, "paging": paging})

    def _by_day(self, name: str, ends: list[datetime]) -> dict[str, Any]:
        values = [{"value": self._of_day(name, end), "end_time": stamp(int(end.timestamp() * 1000))} for end in ends]
        return _metric(PAGE_ID, name, "day", values)

    def _of_day(self, name: str, end: datetime) -> Any:
        """The figure of the day that ends then; that of the last one is not counted to its end for a day more."""
        amount = self._world.daily(f"facebook {name}", self._world.day(end - _DAY), level=PAGE[name])
        if name in _BY_KIND:
            return {kind: amount // (place + 2) for place, kind in enumerate(_BY_KIND[name])}
        return amount if self._world.clock.now() - end > _DAY else amount * 9 // 10

    # Posts and videos

    def _list(self, call: Call, rows: list[Row], kind: str, node: Any) -> Reply:
        fields = fields_of(call.param("fields"))
        return json_reply(
            listed(call, rows, self._page.newest_first, lambda row: shaped(kind, node(row), fields, ("id",)))
        )

    def _post(self, row: Row) -> dict[str, Any]:
        identity = self._page.post_id(row.index)
        return {
            "id": identity,
            "created_time": stamp(row.created),
            "insights": lambda asked: self._lifetime(identity, "insights", POST, asked, row),
        }

    def _video(self, row: Row) -> dict[str, Any]:
        identity = str(_VIDEO + row.index)
        return {
            "id": identity,
            "created_time": stamp(row.created),
            "title": f"Video {row.index}",
            "video_insights": lambda asked: self._lifetime(identity, "video_insights", VIDEO, asked, row),
        }

    def _lifetime(self, identity: str, edge: str, known: Mapping[str, int], asked: Asked, row: Row) -> dict[str, Any]:
        names = [name for name in asked.modifiers.get("metric", ",".join(known)).split(",") if name]
        if any(name not in known for name in names):
            raise Refused(_no_metric())
        days = (self._world.clock.ms() - row.created) // 86_400_000
        told = []
        for name in names:
            level = mix(self._world.seed, row.index, number_of(name)) % known[name]
            amount = level + level * min(days, 30) // 10
            by_kind = _BY_KIND.get(name)
            value = {kind: amount // (place + 2) for place, kind in enumerate(by_kind)} if by_kind else amount
            told.append(_metric(identity, name, "lifetime", [{"value": value}], edge))
        return {"data": told}


def _metric(
    identity: str, name: str, period: str, values: list[dict[str, Any]], edge: str = "insights"
) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    described = {"title": title, "description": f"{title}, as counted by Facebook."}
    return {"name": name, "period": period, "values": values, **described, "id": f"{identity}/{edge}/{name}/{period}"}


def _no_metric() -> Reply:
    return error(100, "(#100) The value must be a valid insights metric")


def build(world: World) -> Platform:
    insights = _Insights(world)
    sample = SAMPLES["facebook_analytics"]
    return Platform(
        slug="facebook_analytics",
        hosts=(GRAPH, DIALOG),
        routes=(
            Route("GET", "/{version}/{id}", answering(insights.node), scopes=insights.scopes),
            Route("GET", "/{version}/{id}/{edge}", answering(insights.edge), scopes=insights.scopes),
        ),
        problems=problems,
        credentials=tuple(
            Credential(platform="facebook_analytics", kind=kind, secret=one, account=PAGE_ID, scopes=SCOPES)
            for kind, one in (("access", PAGE_TOKEN), ("page_token", sample["page_token"]["token"]))
        ),
        oauth=facebook_oauth("facebook_analytics", 2, "Facebook", SCOPES, USER_ID),
        secret=secret,
        windows=windows,
        window_headers=usage_headers("pages"),
        headers=headers,
        check=check_proof(sample["oauth2"]["client_secret"]),
        records=("data",),
    )
