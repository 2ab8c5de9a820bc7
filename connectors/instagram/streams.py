"""What is read of an account: itself with its counters, media, stories, comments, and figures of all of them.

https://developers.facebook.com/docs/instagram-platform/reference
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from connectors.instagram.writes import (
    COMMENT_COLUMNS,
    COMMENT_FIELDS,
    COMMENT_WRITE,
    INSTAGRAM,
    LOGIN,
    MEDIA_COLUMNS,
    MEDIA_FIELDS,
    MEDIA_WRITE,
    asked,
    of_account,
    of_parent,
)
from connectors.sdk.base import Parent, Stream
from connectors.sdk.days import DayWindows, bounds, day_of, last_day, since_until
from connectors.sdk.edges import LIMIT, edge_stream, next_cursor, node_stream, optional, shown, too_much
from connectors.sdk.inlined import Found, inlined_stream
from connectors.sdk.meta import ID
from connectors.sdk.meta_figures import described, in_groups, metrics_of, only_figure
from connectors.sdk.metrics import Place, metric_stream
from connectors.sdk.streams import value_of, with_members
from connectors.sdk.timelines import Recency, moment_at
from core.http import Params, Request, Response
from core.model import Column, Context

READ: Final = ("instagram_basic",)
_INSIGHTS: Final = ("instagram_basic", "instagram_manage_insights")
_COMMENTS: Final = ("instagram_basic", "instagram_manage_comments")
_SETTLES: Final = timedelta(days=28)
_ANEW: Final = timedelta(days=7)
_READABLE: Final = 9000  # media: safely below the 10,000 that can be listed
_AT_ONCE: Final = 25  # media with their comments
_OF_COMMENTS: Final = 50
_THREAD_FIELDS: Final = f"{COMMENT_FIELDS},replies.limit({_OF_COMMENTS}){{{COMMENT_FIELDS}}}"
_ACCOUNT_FIELDS: Final = (
    "id,username,name,biography,website,followers_count,follows_count,media_count,profile_picture_url"
)
_METRIC: Final = "metric"
FEED_METRICS: Final = ("views", "reach", "saved", "likes", "comments", "shares", "total_interactions")
_OF_REELS: Final = ("ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "reels_skip_rate", "reposts")
STORY_METRICS: Final = ("views", "reach", "replies", "navigation", "profile_visits", "follows", "shares")
TOTALS_WITH_ADS: Final = ("total_likes", "total_comments", "total_views")  # told with Facebook Login alone
DAY_METRICS: Final = ("reach", "follower_count")
_REACTED: Final = ("accounts_engaged", "total_interactions", "likes", "comments", "shares", "saves", "replies")
TOTAL_METRICS: Final = ("views", *_REACTED, "profile_links_taps")
_BREAKDOWNS: Final = ("age,gender", "city", "country")
_RECENT: Final = timedelta(days=30)  # follower_count is told for no longer
_WINDOWS: Final = DayWindows(longest=30, still_changing=3)
_DAYS: Final = DayWindows(longest=1, still_changing=1)


def no_metric(response: Response) -> bool:
    """Whether a metric does not exist, or not for this. It is an error that the rules let through."""
    return response.get("error/code") == 100 and _METRIC in str(response.get("error/message", "")).lower()


def _account(context: Context) -> Request:
    more = ",user_id,account_type" if context.settings.get(LOGIN) == INSTAGRAM else ""
    account = str(context.settings["instagram_id"])
    params = {"fields": _ACCOUNT_FIELDS + more}
    return asked(context.settings, "/{instagram_id}", params=params, instagram_id=account)


ACCOUNT: Final = node_stream(
    name="account",
    ask=_account,
    columns=(
        Column(name="id", required=True, pattern=ID, about="With Instagram Login: for this app alone."),
        Column(name="user_id", pattern=ID, about="Of the account, as webhooks name it; told with Instagram Login."),
        Column(name="account_type", about="BUSINESS or MEDIA_CREATOR; told with Instagram Login."),
        Column(name="username", required=True),
        Column(name="name"),
        Column(name="biography"),
        Column(name="website"),
        Column(name="followers_count", type="integer", minimum=0),
        Column(name="follows_count", type="integer", minimum=0),
        Column(name="media_count", type="integer", minimum=0),
        Column(name="profile_picture_url", about="An address that ends to be good after some days."),
    ),
    scopes=READ,
    about="The account itself, with its counters, day by day.",
)
MEDIA: Final = edge_stream(
    name="media",
    ask=lambda context: of_account("media", context, params={"fields": MEDIA_FIELDS, "limit": LIMIT}),
    columns=MEDIA_COLUMNS,
    settles=_SETTLES,
    forget_after=_ANEW,
    readable=_READABLE,
    sweep=True,
    scopes=READ,
    write=MEDIA_WRITE,
    about="Posts, reels and albums.",
)
_STORY_FIELDS: Final = (
    "id,caption,media_type,media_product_type,media_url,thumbnail_url,permalink,shortcode,timestamp,username,"
    "like_count,comments_count"
)
STORIES: Final = edge_stream(
    name="stories",
    ask=lambda context: of_account("stories", context, params={"fields": _STORY_FIELDS, "limit": LIMIT}),
    columns=tuple(column for column in MEDIA_COLUMNS if column.source in _STORY_FIELDS.split(",")),
    sweep=True,
    scopes=READ,
    about="Stories of the last 24 hours; older ones stay, marked as deleted. Sync them several times a day.",
)


# Comments


def _media(context: Context) -> Request:
    fields = f"id,timestamp,comments.limit({_OF_COMMENTS}){{{_THREAD_FIELDS}}}"
    return of_account("media", context, params={"fields": fields, "limit": _AT_ONCE})


def _talk(identity: str, context: Context) -> Request:
    """The comments on one of the media, or the answers to one of them: their ids, the latter below the former."""
    media, _, comment = identity.partition("/")
    params: Params = {"fields": COMMENT_FIELDS if comment else _THREAD_FIELDS, "limit": _OF_COMMENTS}
    if comment:
        return optional(asked(context.settings, "/{comment_id}/replies", params=params, comment_id=comment))
    return optional(asked(context.settings, "/{media_id}/comments", params=params, media_id=media))


def _answer(record: bytes, media: str, comment: str) -> bytes:
    above = {} if value_of(record, "parent_id") else {"parent_id": comment}
    return with_members(record, {"media_id": media, **above})


def _thread(comment: bytes, media: str) -> Found:
    """A comment, and its answers where all of them are there."""
    told, identity = with_members(comment, {"media_id": media}), str(value_of(comment, "id"))
    answers = shown(comment, "replies", _OF_COMMENTS)
    if answers is None:
        return [told], [f"{media}/{identity}"]
    return [told, *(_answer(one, media, identity) for one in answers)], ()


def _on_media(record: bytes) -> Found:
    comments, media = shown(record, "comments", _OF_COMMENTS), str(value_of(record, "id"))
    if comments is None:
        return (), [media]
    threads = [_thread(one, media) for one in comments]
    return [one for found, _ in threads for one in found], [one for _, due in threads for one in due]


def _below(record: bytes, identity: str) -> Found:
    media, _, comment = identity.partition("/")
    return ([_answer(record, media, comment)], ()) if comment else _thread(record, media)


COMMENTS: Final = inlined_stream(
    name="comments",
    ask=_media,
    ask_inside=_talk,
    inside=_on_media,
    below=_below,
    records="data",
    columns=COMMENT_COLUMNS,
    next_token=lambda response, records: next_cursor(response),
    token_param="after",
    time=moment_at("timestamp"),
    recency=Recency(settles=_SETTLES, forget_after=_ANEW, readable=_READABLE),
    too_much=too_much,
    sweep=True,
    scopes=_COMMENTS,
    write=COMMENT_WRITE,
    about="Comments and answers to them: on the media of four weeks at each sync, on all media once a week.",
)


# Figures


_FIGURE_COLUMNS: Final = (
    Column(name="metric", required=True),
    Column(name="period"),
    Column(name="value", type="number"),
    Column(name="parts", type="json", about="The same by kind, for metrics that are told so."),
    Column(name="title"),
    Column(name="description"),
)


def _lifetime(name: str, parent: str, setting: str, about: str) -> Stream:
    """The figures of each row of the parent stream, told one by one."""

    def metrics(context: Context, place: Place) -> Sequence[str]:
        kind = str((context.parent or {}).get("media_product_type"))
        if kind == "STORY" or parent == "stories":
            return STORY_METRICS
        known = (*FEED_METRICS, *_OF_REELS) if kind == "REELS" else FEED_METRICS
        return known if context.settings.get(LOGIN) == INSTAGRAM else (*known, *TOTALS_WITH_ADS)

    def cut(response: Response, context: Context, place: Place) -> list[bytes]:
        told = ((metric, only_figure(metric)) for metric in metrics_of(response))
        return [msgspec.json.encode({**described(metric), **found}) for metric, found in told if found]

    return metric_stream(
        name=name,
        metrics=metrics,
        setting=setting,
        begin=lambda state, context: {},
        ask=lambda context, place, names: of_parent("insights", context, {_METRIC: ",".join(names)}),
        cut=cut,
        refused=no_metric,
        onward=lambda place, context: None,
        columns=(Column(name="media_id", path="@parent/id", required=True), *_FIGURE_COLUMNS),
        key=("media_id", "metric"),
        mode="snapshot",
        parent=Parent(stream=parent, columns=("id", "media_product_type")),
        scopes=_INSIGHTS,
        about=about,
    )


MEDIA_INSIGHTS: Final = _lifetime(
    "media_insights", "media", "media_metrics", "What each post has reached so far, day by day."
)
STORY_INSIGHTS: Final = _lifetime(
    "story_insights", "stories", "story_metrics", "What each story has reached so far; told only while it is shown."
)


def _of_days(metrics: Sequence[str], place: Place, context: Context, params: Mapping[str, str]) -> Request:
    asked_for: Params = {_METRIC: ",".join(metrics), "period": "day", **params, **since_until(place)}
    return of_account("insights", context, params=asked_for)


def _day_metrics(context: Context, place: Place) -> Sequence[str]:
    recent = bounds(place)[0] > last_day(context) - _RECENT
    return DAY_METRICS if recent else tuple(name for name in DAY_METRICS if name != "follower_count")


def _by_day(response: Response, context: Context, place: Place) -> list[bytes]:
    return [
        _row(context, day_of(value["end_time"]), metric, {"values": [value]})
        for metric in metrics_of(response)
        for value in metric.get("values") or ()
        if value.get("end_time") and only_figure({"values": [value]})
    ]


def _of_one_day(response: Response, context: Context, place: Place) -> list[bytes]:
    return [_row(context, bounds(place)[0], metric, metric) for metric in metrics_of(response) if only_figure(metric)]


def _row(context: Context, day: date, metric: Mapping[str, Any], told: Mapping[str, Any]) -> bytes:
    account = {"instagram_id": context.settings["instagram_id"], "day": day.isoformat()}
    return msgspec.json.encode({**account, **described(metric), **only_figure(told)})


_DAY_COLUMNS: Final = (
    Column(name="instagram_id", required=True, pattern=ID),
    Column(name="day", type="date", required=True, about="By Pacific time."),
    *_FIGURE_COLUMNS,
)
INSIGHTS_DAILY: Final = metric_stream(
    name="insights_daily",
    metrics=_day_metrics,
    setting="day_metrics",
    begin=_WINDOWS.first,
    ask=lambda context, place, metrics: _of_days(metrics, place, context, {}),
    cut=_by_day,
    refused=no_metric,
    onward=_WINDOWS.following,
    kept=_WINDOWS.kept,
    too_much=too_much,
    shrunk=_WINDOWS.smaller,
    columns=_DAY_COLUMNS,
    key=("instagram_id", "metric", "day"),
    scopes=_INSIGHTS,
    about="Reach and new followers by day. A day without a row has no data, which is not zero.",
)
TOTALS_DAILY: Final = metric_stream(
    name="totals_daily",
    metrics=lambda context, place: TOTAL_METRICS,
    setting="total_metrics",
    begin=_DAYS.first,
    ask=lambda context, place, metrics: _of_days(metrics, place, context, {"metric_type": "total_value"}),
    cut=_of_one_day,
    refused=no_metric,
    onward=_DAYS.following,
    kept=_DAYS.kept,
    columns=_DAY_COLUMNS,
    key=("instagram_id", "metric", "day"),
    scopes=_INSIGHTS,
    about="Views, interactions and taps by day, each day asked for by itself.",
)


def _next_breakdown(place: Place, context: Context) -> Place | None:
    at = _BREAKDOWNS.index(str(place["breakdown"])) + 1
    return {"breakdown": _BREAKDOWNS[at]} if at < len(_BREAKDOWNS) else None


def _ask_audience(context: Context, place: Place, metrics: Sequence[str]) -> Request:
    params = {
        _METRIC: ",".join(metrics),
        "period": "lifetime",
        "metric_type": "total_value",
        "breakdown": str(place["breakdown"]),
    }
    return of_account("insights", context, params=params)


AUDIENCE: Final = metric_stream(
    name="audience",
    metrics=lambda context, place: ("follower_demographics",),
    setting="audience_metrics",
    begin=lambda state, context: {"breakdown": _BREAKDOWNS[0]},
    ask=_ask_audience,
    cut=lambda response, context, place: in_groups(response),
    refused=no_metric,
    onward=_next_breakdown,
    columns=(
        Column(name="metric", required=True),
        Column(name="breakdown", required=True, about="By what the followers are counted."),
        Column(name="part", required=True, about="Which of them these are."),
        Column(name="age"),
        Column(name="gender", about="F, M or U for unknown."),
        Column(name="city"),
        Column(name="country"),
        Column(name="value", type="integer", minimum=0),
    ),
    key=("metric", "breakdown", "part"),
    mode="snapshot",
    scopes=_INSIGHTS,
    about="Followers by age and gender, city and country, day by day; from 100 followers on.",
)
