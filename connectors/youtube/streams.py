"""What is read of a channel: itself, its videos, comments and replies, its playlists, and its figures by day.

https://developers.google.com/youtube/data/reference/rest/v3. A page costs a unit of quota, whatever it holds; a search
costs far more, so that videos are found in the playlist of uploads, which is told newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from connectors.sdk.auth import Settings
from connectors.sdk.base import Parent, Stream
from connectors.sdk.google import PACIFIC
from connectors.sdk.inlined import Found, inlined_stream
from connectors.sdk.lookups import lookup_stream
from connectors.sdk.streams import at, present_records, token_stream, value_of
from connectors.sdk.timelines import Recency, recent_first
from connectors.sdk.windows import window_stream
from connectors.youtube.writes import (
    CHANNEL_COLUMNS,
    PLAYLIST_COLUMNS,
    PLAYLIST_ITEM_COLUMNS,
    PLAYLIST_ITEM_WRITE,
    PLAYLIST_WRITE,
    REPLY_COLUMNS,
    REPLY_WRITE,
    THREAD_COLUMNS,
    THREAD_WRITE,
    VIDEO_COLUMNS,
    VIDEO_PARTS,
    VIDEO_WRITE,
    WRITE_SCOPE,
)
from core.errors import BadReply, UsageError
from core.http import Params, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

READ_SCOPE: Final = "https://www.googleapis.com/auth/youtube.readonly"
ANALYTICS_SCOPE: Final = "https://www.googleapis.com/auth/yt-analytics.readonly"
ANALYTICS: Final = "https://youtubeanalytics.googleapis.com"
_KIND: Final = "kind"  # of every reply that is one, also where it has no list of items
_WEEK: Final = timedelta(days=7)
_VIDEOS_SETTLE: Final = timedelta(days=30)


def no_channel() -> UsageError:
    """An account without a channel, or a channel that does not exist: a reply without any items."""
    return UsageError(
        "YouTube shows no channel to this credential",
        advice="Connect with the Google account, or brand account, that owns the channel (one without a channel makes "
        "it at youtube.com/create_channel); with an API key, look up the channel's ID. Service accounts have none.",
    )


def channel_request(settings: Settings, *parts: str) -> Request:
    """The channel that the person named, as is needed with an API key, else one's own."""
    chosen = settings.get("channel_id")
    params: dict[str, str] = {"part": ",".join(parts)}
    params |= {"id": str(chosen)} if chosen else {"mine": "true"}
    return Request(path="/youtube/v3/channels", params=params)


def channel_of(settings: Settings) -> str:
    """The id of the channel that is read."""
    return _told(settings, "channel_id", "found_channel_id")


def _told(settings: Settings, *names: str) -> str:
    for name in names:
        if settings.get(name):
            return str(settings[name])
    raise no_channel()


# The channel


def _channel(asked: Request, response: Response, state: State, context: Context) -> Page:
    found = present_records(response, "items", _KIND)
    if not found:
        raise no_channel()
    return Page(records=found, state=EMPTY_STATE)


CHANNEL: Final = Stream(
    name="channel",
    columns=CHANNEL_COLUMNS,
    request=lambda state, context: channel_request(
        context.settings, "snippet", "statistics", "contentDetails", "status", "brandingSettings"
    ),
    parse=_channel,
    mode="snapshot",
    scopes=(READ_SCOPE,),
    about="The channel with its counters, day by day.",
)


# Videos


def _uploads(context: Context) -> Request:
    return _items_of(_told(context.settings, "uploads"), "snippet,contentDetails")


def _items_of(playlist: str, parts: str) -> Request:
    # A channel that never uploaded anything has no playlist of uploads: 404.
    params: Params = {"part": parts, "playlistId": playlist, "maxResults": 50}
    return Request(path="/youtube/v3/playlistItems", params=params, optional=True)


def _video_ids(response: Response) -> list[str]:
    found = [value_of(one, "snippet/resourceId/videoId") for one in present_records(response, "items", _KIND)]
    return [str(one) for one in found if one]


def _oldest_upload(response: Response) -> datetime | None:
    """When the last video of the page was published; private ones may only tell when they were uploaded."""
    last = response.records("items")[-1:]
    paths = ("contentDetails/videoPublishedAt", "snippet/publishedAt")
    told = [value_of(record, path) for record in last for path in paths]
    return next((datetime.fromisoformat(one) for one in told if one), None)


def _items(response: Response, context: Context) -> Sequence[bytes]:
    return present_records(response, "items", _KIND)


VIDEOS: Final = lookup_stream(
    name="videos",
    ask=_uploads,
    ids=_video_ids,
    look_up=lambda ids, context: Request(path="/youtube/v3/videos", params={"part": VIDEO_PARTS, "id": ",".join(ids)}),
    cut=_items,
    columns=VIDEO_COLUMNS,
    next_token=at("nextPageToken"),
    token_param="pageToken",
    recency=Recency(settles=_VIDEOS_SETTLE, forget_after=_WEEK),
    oldest=_oldest_upload,
    sweep=True,
    scopes=(READ_SCOPE,),
    write=VIDEO_WRITE,
    about="The videos of the channel; those of the last 30 days are read again at each sync, all of them once a week.",
)


def _statistics(ids: Sequence[str], context: Context) -> Request:
    params = {"part": "id,snippet,statistics,contentDetails", "id": ",".join(ids)}
    return Request(path="/youtube/v3/videos:batchGetStats", params=params)


VIDEO_STATS: Final = lookup_stream(
    name="video_stats",
    ask=_uploads,
    ids=_video_ids,
    look_up=_statistics,
    cut=_items,
    columns=(
        Column(name="id", required=True),
        Column(name="published_at", path="snippet/publishTime", type="timestamp"),
        Column(name="duration", path="contentDetails/duration"),
        Column(name="view_count", path="statistics/viewCount", type="integer", minimum=0),
        Column(name="like_count", path="statistics/likeCount", type="integer", minimum=0),
        Column(name="comment_count", path="statistics/commentCount", type="integer", minimum=0),
    ),
    next_token=at("nextPageToken"),
    token_param="pageToken",
    mode="snapshot",
    scopes=(READ_SCOPE,),
    about="The counters of every video, day by day.",
)


# Comments


def _threads(context: Context) -> Request:
    params: Params = {
        "part": "snippet,replies",
        "allThreadsRelatedToChannelId": channel_of(context.settings),
        "order": "time",
        "textFormat": "plainText",
        "maxResults": 100,
    }
    return Request(path="/youtube/v3/commentThreads", params=params)


def _commented(thread: bytes) -> datetime:
    found = value_of(thread, "snippet/topLevelComment/snippet/publishedAt")
    if not found:
        raise BadReply("a comment does not say when it was published")
    return datetime.fromisoformat(found)


COMMENT_THREADS: Final = recent_first(
    name="comment_threads",
    ask=_threads,
    records="items",
    columns=THREAD_COLUMNS,
    time=_commented,
    next_token=at("nextPageToken"),
    token_param="pageToken",
    settles=_WEEK,
    forget_after=_WEEK,
    empty_count=_KIND,
    sweep=True,
    scopes=(WRITE_SCOPE,),
    write=THREAD_WRITE,
    about="Comments on the channel's videos; a week's worth is read again at each sync, all of them once a week.",
)


def _replies_to(thread: str, context: Context) -> Request:
    params: Params = {"part": "snippet", "parentId": thread, "textFormat": "plainText", "maxResults": 100}
    return Request(path="/youtube/v3/comments", params=params)


def _replies_in(thread: bytes) -> Found:
    """A thread shows at most five of its replies."""
    told = Response(status=200, body=thread)
    shown = told.records("replies/comments")
    return (shown, ()) if len(shown) >= int(told.get("snippet/totalReplyCount", 0)) else ((), [str(told.get("id"))])


REPLIES: Final = inlined_stream(
    name="replies",
    ask=_threads,
    ask_inside=_replies_to,
    inside=_replies_in,
    records="items",
    next_token=at("nextPageToken"),
    token_param="pageToken",
    empty_count=_KIND,
    time=_commented,
    columns=REPLY_COLUMNS,
    recency=Recency(settles=_WEEK, forget_after=_WEEK),
    sweep=True,
    scopes=(WRITE_SCOPE,),
    write=REPLY_WRITE,
    about="Answers to comments: those to the comments of a week at each sync, all of them once a week.",
)


# Playlists


def _playlists(context: Context) -> Request:
    chosen = context.settings.get("channel_id")
    whose: Params = {"channelId": str(chosen)} if chosen else {"mine": "true"}
    params: Params = {"part": "snippet,status,contentDetails", **whose, "maxResults": 50}
    return Request(path="/youtube/v3/playlists", params=params)


PLAYLISTS: Final = token_stream(
    name="playlists",
    ask=_playlists,
    records="items",
    next_token=at("nextPageToken"),
    token_param="pageToken",
    empty_count=_KIND,
    columns=PLAYLIST_COLUMNS,
    scopes=(READ_SCOPE,),
    write=PLAYLIST_WRITE,
    about="The playlists of the channel.",
)
PLAYLIST_ITEMS: Final = token_stream(
    name="playlist_items",
    ask=lambda context: _items_of(str((context.parent or {})["id"]), "snippet,contentDetails,status"),
    records="items",
    next_token=at("nextPageToken"),
    token_param="pageToken",
    empty_count=_KIND,
    columns=PLAYLIST_ITEM_COLUMNS,
    parent=Parent(stream="playlists", columns=("id",)),
    scopes=(READ_SCOPE,),
    write=PLAYLIST_ITEM_WRITE,
    about="What is in each playlist, in its order.",
)


# Figures by day. https://developers.google.com/youtube/analytics/channel_reports

_METRICS: Final = (
    "views,estimatedMinutesWatched,averageViewDuration,averageViewPercentage,likes,comments,shares,"
    "subscribersGained,subscribersLost"
)


def _report(context: Context, begin: date, end: date) -> Request:
    params = {
        "ids": "channel==MINE",
        "startDate": begin.isoformat(),
        "endDate": end.isoformat(),
        "metrics": _METRICS,
        "dimensions": "day",
        "sort": "day",
    }
    return Request(base=ANALYTICS, path="/v2/reports", params=params)


def _rows(response: Response, context: Context) -> list[bytes]:
    """The rows as objects by the names in the headers, whatever their order; days without any figures have no rows."""
    names = [str(one.get("name")) for one in response.get("columnHeaders", [])]
    rows: list[list[Any]] = response.get("rows", [])
    if not names and response.get("kind") is None:
        raise BadReply("the reply is no report")
    if any(len(row) != len(names) for row in rows):
        raise BadReply(f"the report has {len(names)} headers and rows of another number of values")
    return [msgspec.json.encode(dict(zip(names, row, strict=True))) for row in rows]


ANALYTICS_BY_DAY: Final = window_stream(
    name="analytics",
    ask=_report,
    cut=_rows,
    columns=(
        Column(name="day", type="date", required=True, about="In Pacific time."),
        Column(name="views", type="integer", minimum=0),
        Column(name="estimated_minutes_watched", path="estimatedMinutesWatched", type="number", minimum=0),
        Column(name="average_view_duration", path="averageViewDuration", type="number", about="Seconds."),
        Column(name="average_view_percentage", path="averageViewPercentage", type="number"),
        Column(name="likes", type="integer", about="Less those that were taken back."),
        Column(name="comments", type="integer"),
        Column(name="shares", type="integer", minimum=0),
        Column(name="subscribers_gained", path="subscribersGained", type="integer", minimum=0),
        Column(name="subscribers_lost", path="subscribersLost", type="integer", minimum=0),
    ),
    key=("day",),
    days=90,
    still_changing=7,  # figures come two to three days late
    day_column="day",
    today=lambda context: context.now.astimezone(ZoneInfo(PACIFIC)).date(),
    methods=("oauth2",),
    scopes=(ANALYTICS_SCOPE,),
    about="What happened on the channel, day by day.",
)
