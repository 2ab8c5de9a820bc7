"""What is read of TikTok: the account day by day, its videos, and their counters day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from connectors.sdk.base import Stream, Version
from connectors.sdk.lookups import listed, lookup_stream
from connectors.sdk.streams import object_stream, value_of
from connectors.sdk.timelines import recent_first
from connectors.tiktok.writes import VIDEO_WRITE
from core.http import Request, Response
from core.model import Column, Context

VERSION: Final = Version(name="v2", read=date(2026, 11, 24))
_PAGE: Final = 20
_SETTLES: Final = timedelta(days=30)
_ALL_AGAIN: Final = timedelta(days=7)  # nothing tells that a video is gone


def _counts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="integer", minimum=0) for name in names)


_ACCOUNT: Final = (
    Column(name="open_id", required=True),
    Column(name="display_name"),
    Column(name="username"),
    Column(name="bio_description"),
    Column(name="profile_deep_link"),
    Column(name="is_verified", type="boolean"),
    *_counts("follower_count", "following_count", "likes_count", "video_count"),
)
_VIDEO: Final = (
    Column(name="id", required=True, pattern=r"\d+"),
    Column(name="create_time", type="epoch", required=True),
    Column(name="title"),
    Column(name="video_description"),
    Column(name="share_url"),
    Column(name="embed_link"),
    Column(name="cover_image_url", about="Expires after hours."),
    Column(name="duration", type="integer", minimum=0, about="Seconds."),
    Column(name="width", type="integer", minimum=0),
    Column(name="height", type="integer", minimum=0),
    *_counts("like_count", "comment_count", "share_count", "view_count"),
)
_POSTED: Final = (
    Column(name="source_url", about="Only written: where TikTok fetches a new video from."),
    Column(name="privacy_level", about="Only written: who may see a new video."),
)
_METRICS: Final = ("id", "create_time", "like_count", "comment_count", "share_count", "view_count")


def _fields(columns: Sequence[Column]) -> str:
    return ",".join(column.name for column in columns)


def _list(context: Context, fields: str) -> Request:
    return Request(method="POST", path="/v2/video/list/", params={"fields": fields}, json={"max_count": _PAGE})


def _next(response: Response, records: Sequence[bytes]) -> int | None:
    """The moment before which the next page begins, in milliseconds, while there is one."""
    cursor = response.get("data/cursor")
    return int(cursor) if response.get("data/has_more") is True and cursor is not None else None


def _posted_at(record: bytes) -> datetime:
    return datetime.fromtimestamp(int(value_of(record, "create_time") or 0), UTC)


def _ids(response: Response) -> list[str]:
    return [str(value_of(record, "id")) for record in response.records("data/videos")]


def _old_enough(response: Response, context: Context) -> bool:
    """Counters of videos that are older than a quarter of a year hardly move."""
    found = response.records("data/videos")
    return bool(found) and _posted_at(found[-1]) < context.now - timedelta(days=90)


def _query(ids: Sequence[str], context: Context) -> Request:
    return Request(
        method="POST",
        path="/v2/video/query/",
        params={"fields": ",".join(_METRICS)},
        json={"filters": {"video_ids": [*ids]}},
    )


ACCOUNT: Final = object_stream(
    name="account",
    ask=lambda context: Request(path="/v2/user/info/", params={"fields": _fields(_ACCOUNT)}),
    record="data/user",
    columns=_ACCOUNT,
    key=("open_id",),
    scopes=("user.info.basic", "user.info.profile", "user.info.stats"),
    about="The account and its counters, day by day.",
)
VIDEOS: Final = recent_first(
    name="videos",
    ask=lambda context: _list(context, _fields(_VIDEO)),
    records="data/videos",
    columns=(*_VIDEO, *_POSTED),
    time=_posted_at,
    next_token=_next,
    token_param="cursor",
    in_body=True,
    settles=_SETTLES,
    forget_after=_ALL_AGAIN,
    sweep=True,
    scopes=("video.list",),
    write=VIDEO_WRITE,
    about="The public videos of the account.",
)
VIDEO_METRICS: Final[Stream] = lookup_stream(
    name="video_metrics",
    ask=lambda context: _list(context, "id,create_time"),
    ids=_ids,
    look_up=_query,
    cut=listed("data/videos"),
    columns=tuple(column for column in _VIDEO if column.name in _METRICS),
    next_token=_next,
    token_param="cursor",
    in_body=True,
    enough=_old_enough,
    mode="snapshot",
    scopes=("video.list",),
    about="The counters of the videos of the last three months, day by day.",
)
STREAMS: Final = (ACCOUNT, VIDEOS, VIDEO_METRICS)
