"""Counters day by day, and what was gained in each day.

https://docs.x.com/x-api/fundamentals/metrics. Posts and media are found in the account's timeline, newest first, and
looked up a hundred at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from connectors.sdk.base import Stream
from connectors.sdk.lookups import lookup_stream
from connectors.sdk.streams import at, iso, object_stream, value_of
from connectors.sdk.x import ID, POST_COUNTS, READ, USER_COUNTS, counts, made_at, of_user, post_fields, whoami
from core.http import JSON, Params, Request, Response
from core.model import Column, Context

_PRIVATE: Final = ("non_public_metrics", "organic_metrics", "promoted_metrics")
# A quarter of an hour less than the 30 days that X keeps them: posts grow older between being listed and looked up.
_PRIVATE_FOR: Final = timedelta(days=30) - timedelta(minutes=15)
_MOST: Final = 100
_KEYS: Final = "attachments/media_keys"
_GRANULARITY: Final = "granularity"
_FIGURES: Final = (
    "app_install_attempts",
    "app_opens",
    "bookmarks",
    "detail_expands",
    "email_tweet",
    "engagements",
    "follows",
    "hashtag_clicks",
    "impressions",
    "likes",
    "media_views",
    "permalink_clicks",
    "quote_tweets",
    "replies",
    "retweets",
    "shares",
    "unfollows",
    "unlikes",
    "url_clicks",
    "user_profile_clicks",
)
_UNASKED: Final = ("link_clicks", "media_engagements", "profile_visits")  # told, though nothing asks for them
_MEDIA_FIGURES: Final = (
    "cta_url_clicks",
    "cta_watch_clicks",
    "play_from_tap",
    "playback25",
    "playback50",
    "playback75",
    "playback_complete",
    "playback_start",
    "video_views",
    "watch_time_ms",
)


# Which posts, which media


def _days(context: Context, setting: str, otherwise: int) -> timedelta:
    return timedelta(days=int(str(context.settings.get(setting) or otherwise)))


def _metrics_days(context: Context) -> timedelta:
    return _days(context, "metrics_days", 90)


def _analytics_days(context: Context) -> timedelta:
    return _days(context, "analytics_days", 30)


def _timeline(context: Context, **params: str) -> Request:
    return of_user("tweets", context.settings, {"max_results": _MOST, "exclude": "retweets", **params})


def _with_media(context: Context) -> Request:
    shown = {"expansions": "attachments.media_keys", "media.fields": "media_key,type"}
    return _timeline(context, **post_fields(context.settings, "attachments"), **shown)


def _told_ids(response: Response) -> list[str]:
    return [str(value_of(record, "id")) for record in response.records("data")]


def _film_keys(response: Response) -> list[str]:
    """The keys of films among what stands beside the posts, each once: photos have no figures."""
    told = [msgspec.json.decode(media) for media in response.records("includes/media")]
    films = (one["media_key"] for one in told if one.get("media_key") and one.get("type") != "photo")
    return list(dict.fromkeys(films))


def _ids_with_films(response: Response) -> list[str]:
    films = {*_film_keys(response)}
    shown = {str(value_of(one, "id")): value_of(one, _KEYS) or () for one in response.records("data")}
    return [post for post, keys in shown.items() if films.intersection(keys)]


def _older_than(age: timedelta, response: Response, context: Context) -> bool:
    found = _told_ids(response)
    return bool(found) and made_at(found[-1]) < context.now - age


def _young(ids: Sequence[str], age: timedelta, context: Context) -> list[str]:
    return [one for one in ids if made_at(one) >= context.now - age]


def _by_age(ids: Sequence[str], context: Context) -> list[list[str]]:
    """Those whose private counters are there yet, and those of which only public ones are."""
    young = _young(ids, _PRIVATE_FOR, context)
    older = [one for one in _young(ids, _metrics_days(context), context) if one not in young]
    return [young, older]


def _private(ids: Sequence[str], context: Context) -> tuple[str, ...]:
    """Nothing private is told to an app's own token, with which a username was given."""
    return _PRIVATE if _young(ids, _PRIVATE_FOR, context) and not context.settings.get("username") else ()


# Counters


def _counters(ids: Sequence[str], context: Context) -> Request:
    fields = post_fields(context.settings, "created_at", "public_metrics", *_private(ids, context))
    return Request(path="/2/tweets", params={"ids": ",".join(ids), **fields})


def _counters_of_media(ids: Sequence[str], context: Context) -> Request:
    shown = ("duration_ms", "media_key", "public_metrics", "type", *_private(ids, context))
    params: Params = {
        "ids": ",".join(ids),
        **post_fields(context.settings, "attachments"),
        "expansions": "attachments.media_keys",
        "media.fields": ",".join(shown),
    }
    return Request(path="/2/tweets", params=params)


def _posts(response: Response, context: Context) -> Sequence[bytes]:
    return response.records("data")


def _media(response: Response, context: Context) -> list[bytes]:
    """The media with counters, each with the first of these posts that shows it."""
    shown_in: dict[str, JSON] = {}
    for post in response.records("data"):
        for key in value_of(post, _KEYS) or ():
            shown_in.setdefault(str(key), value_of(post, "id"))
    told = [msgspec.json.decode(media) for media in response.records("includes/media")]
    return [
        msgspec.json.encode({**one, "post_id": shown_in.get(str(one.get("media_key")))})
        for one in told
        if any(name in one for name in ("public_metrics", *_PRIVATE))
    ]


def _of_kind(kind: str) -> tuple[Column, ...]:
    names = ("impression_count", "retweet_count", "repost_count", "reply_count", "like_count")
    clicks = ("url_link_clicks", "user_profile_clicks")
    return counts(f"{kind}_metrics", *names, *clicks, prefix=f"{kind}_")


def _playback(kind: str, *names: str) -> tuple[Column, ...]:
    parts = tuple(f"playback_{part}_count" for part in (0, 25, 50, 75, 100))
    return counts(f"{kind}_metrics", *names, *parts, prefix="" if kind == "non_public" else f"{kind}_")


ACCOUNT_METRICS: Final = object_stream(
    name="account_metrics",
    ask=lambda context: whoami(context.settings),
    record="data",
    columns=(
        Column(name="id", required=True, pattern=ID),
        Column(name="username", required=True),
        Column(name="name"),
        *USER_COUNTS,
    ),
    scopes=READ,
    about="Followers and posts of the account, day by day.",
)
_looked_up: Final = partial(
    lookup_stream, next_token=at("meta/next_token"), token_param="pagination_token", scopes=READ
)
_counted: Final = partial(
    _looked_up,
    batches=_by_age,
    enough=lambda response, context: _older_than(_metrics_days(context), response, context),
    mode="snapshot",
)
POST_METRICS: Final = _counted(
    name="post_metrics",
    ask=_timeline,
    ids=_told_ids,
    look_up=_counters,
    cut=_posts,
    columns=(
        Column(name="id", required=True, pattern=ID),
        Column(name="text"),
        Column(name="created_at", type="timestamp"),
        *POST_COUNTS,
        *counts(
            "non_public_metrics",
            "impression_count",
            "url_link_clicks",
            "user_profile_clicks",
            "engagements",
            prefix="non_public_",
        ),
        *_of_kind("organic"),
        *_of_kind("promoted"),
    ),
    about="Counters of the posts of the last 90 days (setting `metrics_days`), day by day; private ones for 30 days.",
)
MEDIA_METRICS: Final = _counted(
    name="media_metrics",
    ask=_with_media,
    ids=_ids_with_films,
    look_up=_counters_of_media,
    cut=_media,
    columns=(
        Column(name="media_key", required=True),
        Column(name="type"),
        Column(name="post_id", pattern=ID, about="The latest post that shows it."),
        Column(name="duration_ms", type="integer", minimum=0),
        *counts("public_metrics", "view_count"),
        *_playback("non_public"),
        *_playback("organic", "view_count"),
        *_playback("promoted", "view_count"),
    ),
    key=("media_key",),
    about="Counters of films in these posts, day by day; how far they are watched for 30 days.",
)


# What was gained


def _granularity(key: str, context: Context) -> str:
    """Media are not told by week."""
    chosen = str(context.settings.get(_GRANULARITY) or "daily")
    return "daily" if (key, chosen) == ("media_key", "weekly") else chosen


def _begin(context: Context) -> str:
    day = (context.now - _analytics_days(context)).astimezone(UTC).date()
    return iso(datetime.combine(day, time(), UTC))


def _window(key: str, context: Context) -> Params:
    return {"start_time": _begin(context), "end_time": iso(context.now), _GRANULARITY: _granularity(key, context)}


def _gained(key: str, response: Response, context: Context) -> Iterator[bytes]:
    """A row for each span of each item; where all is told in one, the counters stand on the item itself."""
    for item in (msgspec.json.decode(record) for record in response.records("data")):
        around: dict[str, JSON] = {key: item.get(key), _GRANULARITY: _granularity(key, context)}
        spans = item.pop("timestamped_metrics", None)
        for span in spans or ():
            yield msgspec.json.encode({**(span.get("metrics") or {}), **around, "timestamp": span.get("timestamp")})
        if spans is None:
            yield msgspec.json.encode({"timestamp": _begin(context), **item, **around})


def _figures(name: str, key: str, path: str, fields: Sequence[str], columns: Sequence[str], **more: Any) -> Stream:
    parameter, ids = ("analytics.fields", "ids") if key == "id" else ("media_analytics.fields", "media_keys")

    def look_up(found: Sequence[str], context: Context) -> Request:
        asked = ",".join((key, "timestamp", "timestamped_metrics", *fields))
        return Request(path=path, params={ids: ",".join(found), **_window(key, context), parameter: asked})

    return _looked_up(
        name=name,
        look_up=look_up,
        cut=lambda response, context: list(_gained(key, response, context)),
        columns=(
            Column(name=key, required=True),
            Column(name="timestamp", type="timestamp", required=True, about="When the span began, in UTC."),
            Column(name=_GRANULARITY, required=True, about="How long it is: hourly, daily, weekly, or total."),
            *(Column(name=column, type="integer") for column in columns),
        ),
        key=(key, "timestamp", _GRANULARITY),
        enough=lambda response, context: _older_than(_analytics_days(context), response, context),
        methods=("oauth2",),
        **more,
    )


POST_ANALYTICS: Final = _figures(
    "post_analytics",
    "id",
    "/2/tweets/analytics",
    _FIGURES,
    (*_FIGURES, *_UNASKED),
    ask=_timeline,
    ids=_told_ids,
    batches=lambda ids, context: [_young(ids, _analytics_days(context), context)],
    about="What each post of the last 30 days (setting `analytics_days`) gained by day (setting `granularity`).",
)
MEDIA_ANALYTICS: Final = _figures(
    "media_analytics",
    "media_key",
    "/2/media/analytics",
    _MEDIA_FIGURES,
    _MEDIA_FIGURES,
    ask=_with_media,
    ids=_film_keys,
    batches=lambda keys, context: [keys[begin : begin + _MOST] for begin in range(0, len(keys), _MOST)],
    about="How films in these posts were watched by day (setting `granularity`: hourly, daily, total).",
)


# What the plan allows

_USAGE: Final = (
    "cap_reset_day",
    "daily_client_app_usage",
    "daily_project_usage",
    "project_cap",
    "project_id",
    "project_usage",
)

USAGE: Final = object_stream(
    name="usage",
    ask=lambda context: Request(path="/2/usage/tweets", params={"days": 7, "usage.fields": ",".join(_USAGE)}),
    record="data",
    columns=(
        Column(name="project_id", required=True),
        Column(name="project_cap", type="integer", minimum=0, about="Posts that may be read in a month."),
        Column(name="project_usage", type="integer", minimum=0, about="Posts read of these."),
        Column(name="cap_reset_day", type="integer", about="Days until it begins anew."),
        Column(
            name="days", path="daily_project_usage/usage", type="json", about="The last seven days: date and usage."
        ),
        Column(name="apps", path="daily_client_app_usage", type="json", about="The same for each app."),
    ),
    key=("project_id",),
    methods=("app_bearer",),
    about="How many posts the project has read of those that its plan allows, day by day.",
)
