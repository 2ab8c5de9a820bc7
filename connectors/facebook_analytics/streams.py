"""Figures of the Page by day, and what posts and videos have reached so far.

https://developers.facebook.com/docs/graph-api/reference/page/insights
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from connectors.sdk.base import Stream
from connectors.sdk.days import DayWindows, day_of, since_until
from connectors.sdk.edges import next_cursor, node_stream, too_much
from connectors.sdk.meta import ID, graph, page_request
from connectors.sdk.meta_figures import described, figure, metrics_of
from connectors.sdk.metrics import Place, metric_stream
from connectors.sdk.streams import present_records
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import Column, Context

NO_METRIC: Final = "must be a valid insights metric"
PAGE_METRICS: Final = (
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_views_total",
    "page_follows",
    "page_daily_follows",
    "page_daily_follows_unique",
    "page_daily_unfollows_unique",
    "page_video_views",
    "page_video_complete_views_30s",
    "page_total_actions",
    "page_fan_adds_by_paid_non_paid_unique",
    "page_actions_post_reactions_total",
    "page_actions_post_reactions_like_total",
    "page_actions_post_reactions_love_total",
    "page_actions_post_reactions_wow_total",
    "page_actions_post_reactions_haha_total",
    "page_actions_post_reactions_sorry_total",
    "page_actions_post_reactions_anger_total",
)
POST_METRICS: Final = (
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks",
    "post_clicks_by_type",
    "post_reactions_by_type_total",
)
VIDEO_METRICS: Final = (
    "total_video_views",
    "total_video_complete_views",
    "total_video_view_total_time",
    "total_video_avg_time_watched",
    "total_video_reactions_by_type_total",
)
_WINDOWS: Final = DayWindows(longest=90, still_changing=2)
_POSTS: Final = 50
_READ: Final = ("pages_read_engagement", "read_insights")


def no_metric(response: Response) -> bool:
    """Whether one of the metrics does not exist. It is an error that the rules let through."""
    return NO_METRIC in str(response.get("error/message", ""))


# Days


def _ask_days(context: Context, place: Place, metrics: Sequence[str]) -> Request:
    return Request(
        path=graph("/{page_id}/insights"),
        args={"page_id": str(context.settings["page_id"])},
        params={"metric": ",".join(metrics), "period": "day", **since_until(place)},
    )


def _days(response: Response, context: Context, place: Place) -> list[bytes]:
    return [
        msgspec.json.encode(
            {
                "page_id": str(metric.get("id", "")).partition("/")[0],
                **described(metric),
                "end_time": value["end_time"],
                "day": day_of(value["end_time"]).isoformat(),
                **figure(value.get("value")),
            }
        )
        for metric in metrics_of(response)
        for value in metric.get("values", ())
        if value.get("end_time")
    ]


PAGE_INSIGHTS: Final = metric_stream(
    name="page_insights_daily",
    metrics=lambda context, place: PAGE_METRICS,
    setting="page_metrics",
    begin=_WINDOWS.first,
    ask=_ask_days,
    cut=_days,
    refused=no_metric,
    onward=_WINDOWS.following,
    kept=_WINDOWS.kept,
    too_much=too_much,
    shrunk=_WINDOWS.smaller,
    columns=(
        Column(name="page_id", required=True, pattern=ID),
        Column(name="metric", required=True),
        Column(name="period", required=True),
        Column(name="day", type="date", required=True, about="By Pacific time."),
        Column(name="end_time", type="timestamp", required=True, about="The midnight with which the day ended."),
        Column(name="value", type="number"),
        Column(name="parts", type="json", about="In place of a value, for metrics that are told by kind."),
        Column(name="title"),
        Column(name="description"),
    ),
    key=("page_id", "metric", "period", "end_time"),
    scopes=_READ,
    about="What happened on the Page by day and metric. A day without a row has no data, which is not zero.",
)


# Posts and videos


def _lifetime(name: str, edge: str, nested: str, metrics: Sequence[str], setting: str, of: str, about: str) -> Stream:
    """The figures of each object of a list, told with it."""

    def ask(context: Context, place: Place, asked: Sequence[str]) -> Request:
        wanted = f"id,created_time,{nested}.metric({','.join(asked)})"
        return Request(
            path=graph(f"/{{page_id}}/{edge}"),
            args={"page_id": str(context.settings["page_id"])},
            params={"fields": wanted, "limit": int(str(place["limit"]))},
        ).with_params(after=str(place["after"]) if place.get("after") else None)

    def cut(response: Response, context: Context, place: Place) -> list[bytes]:
        return [msgspec.json.encode(one) for record in present_records(response, "data") for one in _of(record)]

    def _of(record: bytes) -> Iterator[dict[str, JSON]]:
        told = msgspec.json.decode(record)
        for metric in (told.get(nested) or {}).get("data", ()):
            for value in metric.get("values", ())[:1]:
                yield {
                    of: told.get("id"),
                    "created_time": told.get("created_time"),
                    **described(metric),
                    **figure(value.get("value")),
                }

    def after(place: Place, response: Response) -> Place:
        return {**place, "following": next_cursor(response)}

    def onward(place: Place, context: Context) -> Place | None:
        following = place.get("following")
        return {"limit": place["limit"], "after": following} if following else None

    def shrunk(place: Place) -> Place:
        limit = int(str(place["limit"])) // 2
        if limit < 1:
            raise BadReply("the platform finds even one record too much to tell")
        return {**place, "limit": limit}

    return metric_stream(
        name=name,
        metrics=lambda context, place: metrics,
        setting=setting,
        begin=lambda state, context: {"limit": _POSTS},
        ask=ask,
        cut=cut,
        refused=no_metric,
        after=after,
        onward=onward,
        too_much=too_much,
        shrunk=shrunk,
        columns=(
            Column(name=of, required=True),
            Column(name="created_at", path="created_time", type="timestamp"),
            Column(name="metric", required=True),
            Column(name="period"),
            Column(name="value", type="number"),
            Column(name="parts", type="json", about="In place of a value, for metrics that are told by kind."),
            Column(name="title"),
            Column(name="description"),
        ),
        key=(of, "metric"),
        mode="snapshot",
        scopes=_READ,
        about=about,
    )


POST_INSIGHTS: Final = _lifetime(
    "post_insights",
    "published_posts",
    "insights",
    POST_METRICS,
    "post_metrics",
    "post_id",
    "What each post has reached so far, day by day.",
)
VIDEO_INSIGHTS: Final = _lifetime(
    "video_insights",
    "videos",
    "video_insights",
    VIDEO_METRICS,
    "video_metrics",
    "video_id",
    "What each video has reached so far, day by day.",
)
PAGE_COUNTS: Final = node_stream(
    name="page_counts",
    ask=lambda context: page_request(context.settings, "id,name,fan_count,followers_count"),
    columns=(
        Column(name="id", required=True, pattern=ID),
        Column(name="name"),
        Column(name="fan_count", type="integer", minimum=0, about="Likes of the Page."),
        Column(name="followers_count", type="integer", minimum=0),
    ),
    scopes=("pages_read_engagement",),
    about="Likes and followers of the Page, day by day.",
)
