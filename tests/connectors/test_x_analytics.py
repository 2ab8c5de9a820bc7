"""X analytics: private counters for 30 days, figures by span, errors beside data that fail nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.base import Stream
from connectors.sdk.x import first_id_after
from connectors.x import CONNECTOR as X
from connectors.x_analytics import CONNECTOR
from connectors.x_analytics.streams import (
    ACCOUNT_METRICS,
    MEDIA_ANALYTICS,
    MEDIA_METRICS,
    POST_ANALYTICS,
    POST_METRICS,
    USAGE,
)
from core.classify import Disposition
from core.model import Context, State
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.test_specs import check, parameters
from tests.shared import needs_shared, spec

CONTEXT = Context(now=NOW, settings={"user_id": "2244994945"})
PRIVATE = ("non_public_metrics", "organic_metrics", "promoted_metrics")


def aged(days: float, low: int = 0) -> str:
    """The id of a post of so many days ago."""
    return str(first_id_after(NOW - timedelta(days=days)) + low)


def looking_up(*ids: str) -> State:
    return {"ids": [*ids]}


def listed(*ids: str, token: str = "") -> Any:
    meta = {"result_count": len(ids), **({"next_token": token} if token else {})}
    return reply({"data": [{"id": one, "text": "a"} for one in ids], "meta": meta} if ids else {"meta": meta})


def after_listing(stream: Stream, listing: Any, context: Context = CONTEXT) -> Any:
    return stream.parse(stream.request({}, context), listing, {}, context)


def test_only_own_posts_are_listed() -> None:
    for stream in (POST_METRICS, POST_ANALYTICS, MEDIA_METRICS, MEDIA_ANALYTICS):
        asked = stream.request({}, CONTEXT)
        assert asked.filled_path == "/2/users/2244994945/tweets"
        assert asked.params["exclude"] == "retweets"


def test_private_counters_are_asked_for_of_young_posts_alone() -> None:
    page = after_listing(POST_METRICS, listed(aged(1), aged(29), aged(31), aged(80), token="n"))
    assert page.next.params["ids"] == f"{aged(1)},{aged(29)}"
    assert all(name in page.next.params["tweet.fields"] for name in PRIVATE)
    told = reply({"data": [{"id": aged(1), "text": "a"}]})
    later = POST_METRICS.parse(page.next, told, page.state, CONTEXT)
    assert later.next is not None
    assert later.next.params == {"ids": f"{aged(31)},{aged(80)}", "tweet.fields": "created_at,public_metrics"}
    assert POST_METRICS.request(later.state, CONTEXT).fingerprint() == later.next.fingerprint()
    last = POST_METRICS.parse(later.next, told, later.state, CONTEXT)
    assert last.next is not None
    assert last.next.params["pagination_token"] == "n"


def test_posts_older_than_the_setting_are_neither_listed_on_nor_looked_up() -> None:
    listing = listed(aged(1), aged(91), token="n")
    page = after_listing(POST_METRICS, listing)
    end = POST_METRICS.parse(page.next, reply({"data": [{"id": aged(1)}]}), page.state, CONTEXT)
    assert (end.next, end.state) == (None, {})
    longer = replace(CONTEXT, settings={**CONTEXT.settings, "metrics_days": 120})
    assert after_listing(POST_METRICS, listing, longer).state["later"] == [[aged(91)]]


def test_counters_have_their_names_by_kind_and_both_spellings() -> None:
    told = {
        "id": "5",
        "text": "a",
        "public_metrics": {"retweet_count": 1, "impression_count": 90},
        "non_public_metrics": {
            "impression_count": 80,
            "engagements": 7,
            "url_link_clicks": 6,
            "user_profile_clicks": 5,
        },
        "organic_metrics": {"impression_count": 60, "repost_count": 1, "like_count": 2},
        "promoted_metrics": {"impression_count": 30, "url_link_clicks": 3},
    }
    (row,) = rows(POST_METRICS.columns, [json.dumps(told).encode()])
    assert (row["retweet_count"], row["repost_count"], row["impression_count"]) == (1, None, 90)
    assert (row["non_public_impression_count"], row["non_public_engagements"]) == (80, 7)
    assert (row["organic_impression_count"], row["organic_repost_count"]) == (60, 1)
    assert (row["promoted_impression_count"], row["promoted_url_link_clicks"]) == (30, 3)
    assert POST_METRICS.mode == MEDIA_METRICS.mode == ACCOUNT_METRICS.mode == "snapshot"


@pytest.mark.parametrize("kind", ["field-unauthorized", "not-authorized-for-field", "disallowed-resource"])
def test_a_counter_that_is_not_told_fails_nothing(kind: str) -> None:
    error = {
        "type": f"https://api.twitter.com/2/problems/{kind}",
        "title": "Field Authorization Error",
        "detail": "…",
        "section": "data",
        "field": "non_public_metrics",
        "parameter": "tweet.fields",
        "resource_id": "5",
    }
    body = {"data": [{"id": "6", "text": "a"}], "errors": [error]}
    assert meant(CONNECTOR, 200, body) is Disposition.OK
    assert meant(CONNECTOR, 200, {"errors": [error]}) is Disposition.OK
    state = looking_up("5", "6")
    asked = POST_METRICS.request(state, CONTEXT)
    assert len(POST_METRICS.parse(asked, reply(body), state, CONTEXT).records) == 1
    assert list(POST_METRICS.parse(asked, reply({"errors": [error]}), state, CONTEXT).records) == []


def test_errors_are_those_of_x_and_a_window_that_is_too_long_says_what_to_do() -> None:
    assert set(X.errors) < set(CONNECTOR.errors)
    for name in ("start_time", "end_time"):
        body = {"type": "https://api.x.com/2/problems/invalid-request", "errors": [{"parameters": {name: ["x"]}}]}
        assert meant(CONNECTOR, 400, body) is Disposition.FAIL
        rule = next(rule for rule in CONNECTOR.errors if rule.fits(reply(body, 400)))
        assert "analytics_days" in rule.advice


# Figures


def test_a_window_begins_with_a_day_and_ends_now() -> None:
    young = aged(2)
    page = after_listing(POST_ANALYTICS, listed(young, aged(40)))
    params = page.next.params
    assert (page.next.path, params["ids"]) == ("/2/tweets/analytics", young)
    assert (params["start_time"], params["end_time"]) == ("2026-10-24T00:00:00Z", "2026-11-23T12:00:00Z")
    assert params["granularity"] == "daily"
    chosen = replace(CONTEXT, settings={**CONTEXT.settings, "analytics_days": "5", "granularity": "hourly"})
    params = after_listing(POST_ANALYTICS, listed(young), chosen).next.params
    assert (params["start_time"], params["granularity"]) == ("2026-11-18T00:00:00Z", "hourly")


def test_media_are_not_told_by_week() -> None:
    weekly = replace(CONTEXT, settings={**CONTEXT.settings, "granularity": "weekly"})
    assert MEDIA_ANALYTICS.request(looking_up("7_1"), weekly).params["granularity"] == "daily"
    assert POST_ANALYTICS.request(looking_up("1"), weekly).params["granularity"] == "weekly"


def test_each_span_is_a_row() -> None:
    spans = [
        {"timestamp": "2026-11-20T00:00:00Z", "metrics": {"impressions": 5, "likes": None}},
        {"timestamp": "2026-11-21T00:00:00Z", "metrics": {"impressions": 7, "something_new": 1}},
        {"timestamp": "2026-11-22T00:00:00Z", "metrics": None},
    ]
    state, told = (
        looking_up("5"),
        {"data": [{"id": "5", "timestamped_metrics": spans}, {"id": "6", "timestamped_metrics": []}]},
    )
    page = POST_ANALYTICS.parse(POST_ANALYTICS.request(state, CONTEXT), reply(told), state, CONTEXT)
    found = rows(POST_ANALYTICS.columns, page.records)
    assert [(row["id"], row["granularity"], row["impressions"]) for row in found] == [
        ("5", "daily", 5),
        ("5", "daily", 7),
        ("5", "daily", None),
    ]
    assert found[0]["likes"] is None
    assert found[0]["timestamp"] == datetime(2026, 11, 20, tzinfo=UTC)
    assert POST_ANALYTICS.key == ("id", "timestamp", "granularity")


def test_a_total_stands_on_the_item_and_is_of_the_window() -> None:
    total = replace(CONTEXT, settings={**CONTEXT.settings, "granularity": "total"})
    state = looking_up("5")
    told = {"data": [{"id": "5", "impressions": 12, "likes": 3}]}
    page = POST_ANALYTICS.parse(POST_ANALYTICS.request(state, total), reply(told), state, total)
    (row,) = rows(POST_ANALYTICS.columns, page.records)
    assert (row["granularity"], row["impressions"]) == ("total", 12)
    assert row["timestamp"] == datetime(2026, 10, 24, tzinfo=UTC)


def test_nothing_told_is_no_row() -> None:
    state = looking_up("5")
    page = POST_ANALYTICS.parse(POST_ANALYTICS.request(state, CONTEXT), reply({"errors": [{}]}), state, CONTEXT)
    assert (list(page.records), page.next) == ([], None)


# Media


def beside(*media: dict[str, Any], **post: Any) -> dict[str, Any]:
    keys = [one["media_key"] for one in media]
    data = [{"id": aged(1), "text": "a", "attachments": {"media_keys": keys}, **post}]
    return {"data": data, "includes": {"media": [*media]}, "meta": {"result_count": 1}}


def test_films_are_looked_up_and_photos_are_not() -> None:
    photo, film = {"media_key": "3_1", "type": "photo"}, {"media_key": "7_2", "type": "video"}
    page = after_listing(MEDIA_ANALYTICS, reply(beside(photo, film, film)))
    assert (page.next.path, page.next.params["media_keys"]) == ("/2/media/analytics", "7_2")
    assert after_listing(MEDIA_ANALYTICS, reply(beside(photo))).next is None
    assert after_listing(MEDIA_METRICS, reply(beside(photo))).next is None
    assert after_listing(MEDIA_METRICS, reply(beside(film))).next.params["ids"] == aged(1)


def test_more_than_a_hundred_keys_are_asked_for_in_turn() -> None:
    films = [{"media_key": f"7_{number}", "type": "video"} for number in range(150)]
    page = after_listing(MEDIA_ANALYTICS, reply(beside(*films)))
    assert len(page.next.params["media_keys"].split(",")) == 100
    after = MEDIA_ANALYTICS.parse(page.next, reply({"data": []}), page.state, CONTEXT)
    assert after.next is not None
    assert len(str(after.next.params["media_keys"]).split(",")) == 50
    assert MEDIA_ANALYTICS.parse(after.next, reply({"data": []}), after.state, CONTEXT).next is None


def test_a_counter_of_media_may_be_a_text() -> None:
    span = {"timestamp": "2026-11-20T00:00:00Z", "metrics": {"video_views": 5, "watch_time_ms": "4500"}}
    state = looking_up("7_2")
    told = {"data": [{"media_key": "7_2", "timestamped_metrics": [span]}]}
    page = MEDIA_ANALYTICS.parse(MEDIA_ANALYTICS.request(state, CONTEXT), reply(told), state, CONTEXT)
    (row,) = rows(MEDIA_ANALYTICS.columns, page.records)
    assert (row["media_key"], row["video_views"], row["watch_time_ms"]) == ("7_2", 5, 4500)


def test_media_with_counters_name_the_post_that_shows_them() -> None:
    film = {
        "media_key": "7_2",
        "type": "video",
        "public_metrics": {"view_count": 9},
        "non_public_metrics": {"playback_0_count": 8, "playback_100_count": 2},
        "organic_metrics": {"playback_0_count": 6, "view_count": 7},
    }
    state = looking_up(aged(1))
    asked = MEDIA_METRICS.request(state, CONTEXT)
    assert "non_public_metrics" in str(asked.params["media.fields"])
    told = reply(beside({"media_key": "3_1", "type": "photo"}, film))
    (row,) = rows(MEDIA_METRICS.columns, MEDIA_METRICS.parse(asked, told, state, CONTEXT).records)
    assert (row["media_key"], row["post_id"], row["view_count"]) == ("7_2", aged(1), 9)
    assert (row["playback_0_count"], row["playback_100_count"], row["organic_view_count"]) == (8, 2, 7)
    older = MEDIA_METRICS.request(looking_up(aged(40)), CONTEXT)
    assert older.params["media.fields"] == "duration_ms,media_key,public_metrics,type"


# With an app's own token


def test_an_app_is_told_public_counters_and_what_its_plan_allows() -> None:
    public = replace(CONTEXT, settings={**CONTEXT.settings, "username": "ada"})
    assert POST_METRICS.request(looking_up(aged(1)), public).params["tweet.fields"] == "created_at,public_metrics"
    assert "non_public_metrics" not in str(MEDIA_METRICS.request(looking_up(aged(1)), public).params["media.fields"])
    streams = CONNECTOR.streams_for("app_bearer")
    assert {stream.name for stream in streams} == {"account_metrics", "post_metrics", "media_metrics", "usage"}
    assert CONNECTOR.probe("app_bearer", public.settings).filled_path == "/2/users/by/username/ada"


def test_usage_may_be_told_as_texts() -> None:
    days = [{"date": "2026-11-22T00:00:00Z", "usage": "5"}]
    told = {"project_id": "9", "project_cap": "2000000", "project_usage": "120", "cap_reset_day": 7}
    body = {"data": {**told, "daily_project_usage": {"project_id": 9, "usage": days}}}
    (row,) = rows(USAGE.columns, USAGE.parse(USAGE.request({}, CONTEXT), reply(body), {}, CONTEXT).records)
    assert (row["project_id"], row["project_cap"], row["project_usage"]) == ("9", 2_000_000, 120)
    assert row["days"] == days


# What is asked


RENAMED = replace(CONTEXT, settings={**CONTEXT.settings, "fields_parameter": "post.fields"})
CALLS: list[tuple[Stream, State]] = [
    (ACCOUNT_METRICS, {}),
    (USAGE, {}),
    (POST_METRICS, {}),
    (POST_METRICS, looking_up(aged(1))),
    (MEDIA_METRICS, {}),
    (MEDIA_METRICS, looking_up(aged(1))),
    (POST_ANALYTICS, looking_up(aged(1))),
    (MEDIA_ANALYTICS, {}),
    (MEDIA_ANALYTICS, looking_up("7_1")),
]


@needs_shared
@pytest.mark.parametrize(("stream", "state"), CALLS, ids=lambda value: getattr(value, "name", ""))
def test_calls_are_those_of_the_newer_specification(stream: Stream, state: State) -> None:
    document = json.loads(spec("x", "x-api-v2-openapi-2.167.json"))
    request = stream.request(state, RENAMED)
    check(document, request.path.replace("{user_id}", "{id}"), request)


@needs_shared
@pytest.mark.parametrize("name", ["x-analytics-2.159.json", "x-analytics-2.167.json"])
def test_figures_have_the_names_of_either_specification(name: str) -> None:
    document = json.loads(spec("x_analytics", name))
    for stream, path in ((POST_ANALYTICS, "/2/tweets/analytics"), (MEDIA_ANALYTICS, "/2/media/analytics")):
        (fields,) = (schema for name, schema in parameters(document, path).items() if name.endswith(".fields"))
        known = {column.name for column in stream.columns} | {"timestamped_metrics"}
        assert set(fields["items"]["enum"]) <= known


def test_each_call_has_a_budget_of_its_own() -> None:
    for stream, state in CALLS:
        request = stream.request(state, CONTEXT)
        (limit,) = CONNECTOR.rate_limit.covering(request)
        assert limit.bucket == f"{request.method} {request.path}"
