"""X's figures of posts and media: what they gained by hour, day, week or in total, beside the counters of sandbox/x.

Sources: docs.x.com x-api/fundamentals/metrics, OpenAPI 2.159 and 2.167 at 2026-08. The account, its posts and their
counters are those of `sandbox/x`. How long a window may be is told nowhere: here as long as one likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from sandbox.credentials import Credential
from sandbox.platform import Call, Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import DAY_MS, World, from_ms
from sandbox.x.content import OWN, VIDEO, Content, Post
from sandbox.x.reads import Reads, answering
from sandbox.x_api import (
    APP_ONLY,
    HOSTS,
    PROBLEMS,
    Invalid,
    choices,
    instant,
    limit_headers,
    not_found,
    oauth_of,
    of_app,
    of_either,
    of_user,
    only,
    problems,
    windows,
)

_HOUR_MS = 3_600_000
_SPANS = {"hourly": _HOUR_MS, "daily": DAY_MS, "weekly": 7 * DAY_MS}
# What a figure is of the impressions gained: one in so many, none for what never happens here.
_POST = {
    "app_install_attempts": 0, "app_opens": 0, "bookmarks": 400, "detail_expands": 30, "email_tweet": 0,
    "engagements": 20, "follows": 700, "hashtag_clicks": 500, "impressions": 1, "likes": 35, "media_views": 3,
    "permalink_clicks": 300, "quote_tweets": 900, "replies": 220, "retweets": 160, "shares": 350, "unfollows": 2000,
    "unlikes": 1500, "url_clicks": 90, "user_profile_clicks": 140,
}  # fmt: skip
_MEDIA = {
    "cta_url_clicks": 250, "cta_watch_clicks": 400, "play_from_tap": 30, "playback25": 4, "playback50": 6,
    "playback75": 9, "playback_complete": 15, "playback_start": 3, "video_views": 3, "watch_time_ms": 1,
}  # fmt: skip


class _Figures:
    def __init__(self, content: Content) -> None:
        self._content = content

    def posts(self, call: Call) -> dict[str, Any]:
        only(call, "ids", "start_time", "end_time", "granularity", "analytics.fields")
        spans, errors = self._spans(call, "total", *_SPANS), list[dict[str, Any]]()
        asked = choices(call, "analytics.fields", ("id", "timestamp", "timestamped_metrics", *_POST))
        data = []
        for given in _listed(call, "ids", r"[0-9]{1,19}"):
            post = self._content.post(int(given))
            if post is None:
                errors.append(not_found("tweet", "ids", given))
            elif post.author != OWN:
                errors.append(_not_yours(given))
            else:
                data.append({"id": given} | self._told(post, spans, asked, _POST, lambda name, count: count))
        return {"data": data} | ({"errors": errors} if errors else {})

    def media(self, call: Call) -> dict[str, Any]:
        """Watching time comes as text, as a counter may."""
        only(call, "media_keys", "start_time", "end_time", "granularity", "media_analytics.fields")
        spans, errors = self._spans(call, "daily", "hourly", "total"), list[dict[str, Any]]()
        asked = choices(call, "media_analytics.fields", ("media_key", "timestamp", "timestamped_metrics", *_MEDIA))
        data = []
        for given in _listed(call, "media_keys", r"[0-9]+_[0-9]+"):
            kind, _, number = given.partition("_")
            post = self._content.post(int(number))
            if post is None or kind != str(VIDEO) or given not in post.media:
                errors.append(not_found("media", "media_keys", given))
                continue
            told = self._told(post, spans, asked, _MEDIA, lambda name, n: str(n * 900) if name.endswith("_ms") else n)
            data.append({"media_key": given} | told)
        return {"data": data} | ({"errors": errors} if errors else {})

    def _spans(self, call: Call, *allowed: str) -> tuple[int, int, int | None]:
        """Beginning, end and length of each span, no length where all is one. The first allowed is the default."""
        begin, end = instant(call, "start_time"), instant(call, "end_time")
        for name, found in (("start_time", begin), ("end_time", end)):
            if found is None:
                raise Invalid(name, "", f"The `{name}` query parameter can not be empty")
        assert begin is not None
        assert end is not None
        if begin >= end:
            raise Invalid("end_time", call.param("end_time"), "'end_time' must be later than 'start_time'")
        chosen = choices(call, "granularity", allowed)
        return begin, min(end, self._content.world.clock.ms()), _SPANS.get((*chosen, *allowed)[0])

    def _told(
        self,
        post: Post,
        spans: tuple[int, int, int | None],
        asked: Sequence[str],
        parts: dict[str, int],
        form: Callable[[str, int], int | str],
    ) -> dict[str, Any]:
        begin, end, length = spans
        wanted = [(name, part) for name, part in parts.items() if name in asked]

        def gained(seen: int) -> dict[str, int | str]:
            return {name: form(name, seen // part if part else 0) for name, part in wanted}

        first = max(begin, post.created)
        edges = [first, end] if length is None else [*range(first - first % length, end, length), end]
        seen = [self._content.seen(post, edge) for edge in edges]
        told = [gained(after - before) for before, after in pairwise(seen)]
        if length is None:
            return told[0]
        spans_told = [{"timestamp": _stamp(edge), "metrics": one} for edge, one in zip(edges, told, strict=False)]
        return {"timestamped_metrics": spans_told}


def _stamp(ms: int) -> str:
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(call: Call, name: str, form: str) -> list[str]:
    given = [one for value in call.params_of(name) for one in value.split(",") if one]
    wrong = [one for one in given if not re.fullmatch(form, one)]
    if wrong or not 1 <= len(given) <= 100:
        raise Invalid(name, ",".join(wrong or given), f"The `{name}` query parameter holds no 1 to 100 identifiers")
    return given


def _not_yours(post: str) -> dict[str, Any]:
    return {
        "resource_id": post,
        "parameter": "ids",
        "resource_type": "tweet",
        "title": "Authorization Error",
        "value": post,
        "detail": f"Sorry, you are not authorized to see the analytics of the Tweet with ids: [{post}].",
        "type": PROBLEMS + "not-authorized-for-resource",
    }


def build(world: World) -> Platform:
    content = Content(world)
    reads, figures = Reads(content), _Figures(content)
    public, own = of_either("tweet.read", "users.read"), of_user("tweet.read", "users.read")
    bearer = Credential(
        platform="x_analytics",
        kind=APP_ONLY,
        secret=SAMPLES["x_analytics"]["app_bearer"]["token"],
        account=str(content.own_id),
    )
    return Platform(
        slug="x_analytics",
        hosts=(*HOSTS, "x.com"),
        routes=(
            Route("GET", "/2/users/me", answering(reads.me), scopes=own),
            Route("GET", "/2/users/by/username/{username}", answering(reads.by_username), scopes=public),
            Route("GET", "/2/users/{id}/tweets", answering(reads.tweets), scopes=public),
            Route("GET", "/2/tweets/analytics", answering(figures.posts), scopes=own),
            Route("GET", "/2/media/analytics", answering(figures.media), scopes=of_user("tweet.read")),
            Route("GET", "/2/tweets", answering(reads.lookup), scopes=public),
            Route("GET", "/2/usage/tweets", answering(reads.usage), scopes=of_app),
        ),
        problems=problems,
        credentials=(bearer,),
        oauth=oauth_of("x_analytics", 2, str(content.own_id)),
        windows=windows,
        window_headers=limit_headers,
        headers=lambda call: {"api-version": "2.159"},
        records=("data",),
    )
