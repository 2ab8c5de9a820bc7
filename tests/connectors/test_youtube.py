"""YouTube: uploads newest first, answers below comments, figures by their headers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.driver import walk
from connectors.youtube import CONNECTOR
from connectors.youtube.streams import ANALYTICS_BY_DAY, CHANNEL, COMMENT_THREADS, REPLIES, VIDEO_STATS, VIDEOS
from core.classify import Disposition, classify
from core.errors import BadReply, ScopeMissing, Skipped, StateReset, UsageError
from core.http import Request, Response
from core.model import Context, State
from sandbox.faults import Fault
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.youtube_parts import CONTEXT, OWN, SETTINGS
from tests.contract.rig import Rig, sandbox_of
from tests.shared import needs_shared, spec

KEYED = Context(now=NOW, settings={**SETTINGS, "channel_id": OWN})
NOTHING = {"kind": "youtube#channelListResponse", "etag": "e", "pageInfo": {"totalResults": 0, "resultsPerPage": 5}}


def uploads(*days: int, token: str = "") -> Response:
    """A page of the playlist of uploads: videos named by their age."""
    items = [
        {
            "snippet": {"resourceId": {"kind": "youtube#video", "videoId": f"video{day:06d}"}},
            "contentDetails": {"videoPublishedAt": f"{NOW - timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"},
        }
        for day in days
    ]
    return reply({"kind": "x", "items": items, **({"nextPageToken": token} if token else {})})


def thread(number: str, total: int, *shown: str) -> dict[str, Any]:
    first = {"id": number, "snippet": {"publishedAt": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}}
    found: dict[str, Any] = {"id": number, "snippet": {"topLevelComment": first, "totalReplyCount": total}}
    if shown:
        found["replies"] = {"comments": [{"id": f"{number}.{one}"} for one in shown]}
    return found


# The channel


@pytest.mark.parametrize("body", [NOTHING, {**NOTHING, "items": []}])
def test_an_account_without_a_channel_is_told_so(body: dict[str, Any]) -> None:
    for ask in (CONNECTOR.discover, lambda found: CHANNEL.parse(Request(path="x"), found, {}, CONTEXT)):
        with pytest.raises(UsageError, match="no channel") as told:
            ask(reply(body))
        assert "create_channel" in told.value.advice


def test_without_knowing_the_channel_nothing_is_asked_about_it() -> None:
    for stream in (VIDEOS, VIDEO_STATS, COMMENT_THREADS, REPLIES):
        with pytest.raises(UsageError, match="no channel"):
            stream.request({}, Context(now=NOW))


def test_an_owner_asks_for_what_is_his_and_a_key_for_the_channel_it_was_given() -> None:
    for name in ("channel", "playlists"):
        stream = CONNECTOR.stream(name)
        assert stream.request({}, CONTEXT).params["mine"] == "true"
        asked = stream.request({}, KEYED).params
        assert "mine" not in asked
        assert OWN in (asked.get("id"), asked.get("channelId"))
    assert CONNECTOR.probe("api_key", {"channel_id": OWN}).params["id"] == OWN


def test_a_key_goes_into_a_header_and_cannot_read_the_figures_by_day() -> None:
    method = CONNECTOR.method("api_key")
    assert method.authorize({"api_key": "AIza-key", "channel_id": OWN}, Request(path="x")) == {
        "X-Goog-Api-Key": "AIza-key"
    }
    assert "analytics" not in [stream.name for stream in CONNECTOR.streams_for("api_key")]


# Videos


def test_videos_are_looked_up_by_the_page_and_those_of_a_month_again() -> None:
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        if request.path.endswith("/videos"):
            return reply({"kind": "x", "items": [{"id": one} for one in str(request.params["id"]).split(",")]})
        return uploads(70, 80) if "pageToken" in request.params else uploads(1, 20, 40, token="t")

    state = {"since": NOW.isoformat(), "full": NOW.isoformat()}
    (_, last) = walk(VIDEOS, send, state, CONTEXT)
    assert [one.path.rpartition("/")[2] for one in asked] == ["playlistItems", "videos"]
    assert asked[1].params["id"] == "video000001,video000020,video000040"
    assert last.page.state == state
    assert len(list(walk(VIDEOS, send, {}, CONTEXT))) == 4


def test_a_channel_without_uploads_has_no_playlist_of_them_and_nothing_is_wrong() -> None:
    asked = VIDEOS.request({}, CONTEXT)
    assert asked.optional
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("youtube", 60))
    rig.settings["uploads"] = "UUnowhere"
    assert list(rig.walk(VIDEOS)) == []
    with pytest.raises(Skipped):
        rig.client.send(VIDEOS.request({}, rig.context()))


def test_a_private_upload_without_a_date_of_publication_ends_no_walk() -> None:
    item = {"snippet": {"resourceId": {"videoId": "a"}, "publishedAt": "2020-01-01T00:00:00Z"}, "contentDetails": {}}
    state = {"since": NOW.isoformat(), "full": NOW.isoformat()}
    found = reply({"kind": "x", "items": [item], "nextPageToken": "t"})
    assert "page" not in VIDEOS.parse(Request(path="x"), found, state, CONTEXT).state
    del item["snippet"]["publishedAt"]
    found = reply({"kind": "x", "items": [item], "nextPageToken": "t"})
    assert VIDEOS.parse(Request(path="x"), found, state, CONTEXT).state["page"] == "t"


def test_counters_are_texts_and_statistics_have_a_call_of_their_own() -> None:
    body = {"id": "a", "statistics": {"viewCount": "12345678901"}, "contentDetails": {"caption": "false"}}
    (row,) = rows(VIDEOS.columns, [json.dumps(body).encode()])
    assert (row["view_count"], row["like_count"], row["caption"]) == (12345678901, None, False)
    asked = VIDEO_STATS.request({"ids": ["a", "b"]}, CONTEXT)
    assert (asked.path, asked.params["id"]) == ("/youtube/v3/videos:batchGetStats", "a,b")
    covering = [limit.bucket for limit in CONNECTOR.rate_limit.covering(asked)]
    assert covering == ["statistics"]
    assert [one.bucket for one in CONNECTOR.rate_limit.covering(VIDEOS.request({}, CONTEXT))] == ["units"]


# Answers to comments


def test_answers_are_taken_from_the_thread_where_it_shows_all_of_them_and_else_asked_for() -> None:
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        if "parentId" in request.params:
            ids, token = (["b.2"], "") if "pageToken" in request.params else (["b.0", "b.1"], "more")
            return reply({"kind": "x", "items": [{"id": one} for one in ids], "nextPageToken": token})
        return reply({"kind": "x", "items": [thread("a", 1, "0"), thread("b", 3, "0"), thread("c", 0)]})

    steps = list(walk(REPLIES, send, {}, CONTEXT))
    found = [json.loads(one)["id"] for step in steps for one in step.page.records]
    assert found == ["a.0", "b.0", "b.1", "b.2"]
    assert [one.params.get("parentId") for one in asked] == [None, "b", "b"]
    again = list(walk(REPLIES, send, steps[1].page.state, CONTEXT))
    assert [json.loads(one)["id"] for step in again for one in step.page.records] == ["b.2"]


def test_a_thread_that_went_while_its_answers_were_to_be_asked_for_begins_the_walk_again() -> None:
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("youtube", 60))
    gone: State = {"inside": ["UgwAAAAAAAAAAA4AaABAg"], "began": NOW.isoformat()}
    with pytest.raises(StateReset):
        rig.client.send(REPLIES.request(gone, rig.context()))
    steps = list(rig.walk(REPLIES, gone))
    assert steps[0].begins
    assert {one for step in steps for one in step.page.records}


def test_a_comment_without_its_time_is_refused() -> None:
    with pytest.raises(BadReply, match="published"):
        COMMENT_THREADS.parse(
            Request(path="x"), reply({"kind": "x", "items": [{"id": "a"}]}), {"since": NOW.isoformat()}, CONTEXT
        )


# Figures by day


def test_figures_are_found_by_their_headers_whatever_their_order() -> None:
    headers = [{"name": name} for name in ("views", "day", "averageViewPercentage")]
    body = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers, "rows": [[7, "2026-11-01", 41.5]]}
    page = ANALYTICS_BY_DAY.parse(Request(path="x"), reply(body), {}, CONTEXT)
    (row,) = rows(ANALYTICS_BY_DAY.columns, page.records)
    assert (row["views"], row["day"].isoformat(), row["average_view_percentage"]) == (7, "2026-11-01", 41.5)
    assert row["likes"] is None


def test_days_without_figures_have_no_rows_and_a_reply_that_is_no_report_is_refused() -> None:
    empty = reply({"kind": "youtubeAnalytics#resultTable", "columnHeaders": [{"name": "day"}]})
    assert list(ANALYTICS_BY_DAY.parse(Request(path="x"), empty, {}, CONTEXT).records) == []
    for body in ({}, {"kind": "x", "columnHeaders": [{"name": "day"}], "rows": [["2026-11-01", 5]]}):
        with pytest.raises(BadReply):
            ANALYTICS_BY_DAY.parse(Request(path="x"), reply(body), {}, CONTEXT)


def test_the_last_week_is_read_again_in_pacific_days() -> None:
    early = replace(CONTEXT, now=datetime(2026, 11, 23, 5, tzinfo=UTC))  # the evening of the 22nd there
    asked = ANALYTICS_BY_DAY.request({"since": "2026-11-21"}, early)
    assert (asked.params["startDate"], asked.params["endDate"]) == ("2026-11-14", "2026-11-22")
    assert asked.base == "https://youtubeanalytics.googleapis.com"


# Errors


def problem(status: int, reason: str, *, info: str = "", **more: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": status, "message": "x"}
    if reason:
        error["errors"] = [{"domain": "youtube.x", "reason": reason, "message": "x", **more}]
    if info:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": info}]
    return {"error": error}


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (401, "authError", Disposition.REFRESH_TOKEN),
        (401, "youtubeSignupRequired", Disposition.CREDENTIAL_REJECTED),
        (400, "keyInvalid", Disposition.CREDENTIAL_REJECTED),
        (403, "insufficientPermissions", Disposition.SCOPE_MISSING),
        (403, "forbidden", Disposition.SCOPE_MISSING),
        (403, "youtubeSignupRequired", Disposition.CREDENTIAL_REJECTED),
        (403, "commentsDisabled", Disposition.SKIP),
        (400, "subscriptionForbidden", Disposition.FAIL),
        (403, "accessNotConfigured", Disposition.SCOPE_MISSING),
        (403, "quotaExceeded", Disposition.RATE_LIMITED),
        (403, "dailyLimitExceeded", Disposition.RATE_LIMITED),
        (403, "rateLimitExceeded", Disposition.RATE_LIMITED),
        (403, "userRateLimitExceeded", Disposition.RATE_LIMITED),
        (429, "", Disposition.RATE_LIMITED),
        (400, "uploadLimitExceeded", Disposition.RATE_LIMITED),
        (429, "uploadRateLimitExceeded", Disposition.RATE_LIMITED),
        (400, "badRequest", Disposition.FAIL),
        (400, "invalidPageToken", Disposition.RESET_STATE),
        (400, "unknownPart", Disposition.FAIL),
        (400, "missingRequiredParameter", Disposition.FAIL),
        (400, "invalidValue", Disposition.FAIL),
        (404, "videoNotFound", Disposition.FAIL),
        (404, "channelNotFound", Disposition.FAIL),
        (404, "playlistNotFound", Disposition.FAIL),
        (404, "commentNotFound", Disposition.FAIL),
        (410, "", Disposition.FAIL),
        (409, "", Disposition.RETRY),
        (400, "processingFailure", Disposition.RETRY),
        (500, "backendError", Disposition.RETRY),
        (503, "", Disposition.RETRY),
    ],
)
def test_each_row_of_the_error_table(status: int, reason: str, expected: Disposition) -> None:
    assert meant(CONNECTOR, status, problem(status, reason)) is expected


@pytest.mark.parametrize(
    ("status", "info", "expected"),
    [
        (400, "API_KEY_INVALID", Disposition.CREDENTIAL_REJECTED),
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Disposition.SCOPE_MISSING),
        (403, "SERVICE_DISABLED", Disposition.SCOPE_MISSING),
    ],
)
def test_the_younger_form_of_errors_is_read_as_well(status: int, info: str, expected: Disposition) -> None:
    assert (
        meant(CONNECTOR, status, problem(status, "badRequest" if status == 400 else "forbidden", info=info)) is expected
    )


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [("quotaExceeded", 20 * 3600.0), ("uploadLimitExceeded", 20 * 3600.0), ("rateLimitExceeded", None)],
)
def test_a_days_quota_comes_back_at_midnight_pacific(reason: str, seconds: float | None) -> None:
    rule = classify(reply(problem(403, reason), 403), CONNECTOR.errors).rule
    assert rule is not None
    assert rule.wait(NOW.timestamp()) == seconds


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SERVICE_UNAVAILABLE", Disposition.RETRY),
        ("FORBIDDEN", Disposition.SCOPE_MISSING),
        ("BAD_REQUEST", Disposition.FAIL),
    ],
)
def test_a_report_that_failed_in_a_200_is_no_report(code: str, expected: Disposition) -> None:
    assert meant(CONNECTOR, 200, {"errors": {"code": code, "error": [], "requestId": "x"}}) is expected


def test_a_service_account_and_a_key_that_is_none_say_what_to_do() -> None:
    for body in (problem(401, "youtubeSignupRequired"), problem(400, "badRequest", info="API_KEY_INVALID")):
        rule = classify(reply(body, body["error"]["code"]), CONNECTOR.errors).rule
        assert rule is not None
        assert "onnect" in rule.advice


def test_a_consent_that_leaves_comments_out_still_reads_the_rest() -> None:
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("youtube", 60))
    rig.sandbox.plan(Fault(kind="remove_scope", args={"scope": "https://www.googleapis.com/auth/youtube.force-ssl"}))
    assert rig.read(VIDEOS).live
    with pytest.raises(ScopeMissing):
        rig.read(COMMENT_THREADS)


# The specification


_SCHEMAS = {
    "channel": "Channel",
    "videos": "Video",
    "video_stats": "VideoStat",
    "comment_threads": "CommentThread",
    "replies": "Comment",
    "playlists": "Playlist",
    "playlist_items": "PlaylistItem",
}


@needs_shared
@pytest.mark.parametrize("name", _SCHEMAS)
def test_every_column_is_a_member_that_the_specification_names(name: str) -> None:
    schemas = json.loads(spec("youtube", "youtube.v3.discovery.json"))["schemas"]
    for column in CONNECTOR.stream(name).columns:
        found: Any = {"$ref": _SCHEMAS[name]}
        for step in column.source.split("/"):
            found = schemas[found["$ref"]] if "$ref" in found else found
            assert step in found["properties"], f"{name}.{column.name}"
            found = found["properties"][step]
