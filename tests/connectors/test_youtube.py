"""YouTube: uploads newest first, answers below comments, figures by their headers, updates that replace, the hub."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.driver import walk
from connectors.sdk.inbound import Answer, Delivery
from connectors.youtube import CONNECTOR
from connectors.youtube.streams import ANALYTICS_BY_DAY, CHANNEL, COMMENT_THREADS, REPLIES, VIDEO_STATS, VIDEOS
from connectors.youtube.webhooks import INBOUND
from connectors.youtube.writes import PLAYLIST_ITEM_WRITE, PLAYLIST_WRITE, REPLY_WRITE, THREAD_WRITE, VIDEO_WRITE
from core.classify import Disposition, classify
from core.errors import BadReply, RequestRefused, ScopeMissing, SignatureRefused, Skipped, StateReset, UsageError
from core.http import Request, Response
from core.model import Context, State
from sandbox.faults import Fault
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.youtube import TOLD
from tests.shared import needs_shared, recorded, spec
from tests.spec.test_connector_requests import Listening

OWN = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
SETTINGS = {"found_channel_id": OWN, "uploads": "UU_x5XG1OV2P6uZZ5FSM9Ttw"}
CONTEXT = Context(now=NOW, settings=SETTINGS)
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


# Webhooks

FEED = "https://www.youtube.com/xml/feeds/videos.xml?channel_id="
ATOM = (
    '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:at="http://purl.org/atompub/tombstones/1.0" '
    'xmlns="http://www.w3.org/2005/Atom">{}</feed>'
)
ENTRY = (
    "<entry><id>yt:video:VIDEO</id><yt:videoId>VIDEO</yt:videoId><yt:channelId>UC1</yt:channelId>"
    "<title>Größe &amp; mehr</title><published>2026-11-20T10:00:00+00:00</published><updated>{}</updated></entry>"
)


def called(body: str | bytes = b"", **headers: str) -> Delivery:
    content = body.encode() if isinstance(body, str) else body
    return Delivery(method="POST", url="https://hooks.example.com/in/tube", headers=headers, body=content)


def asked(**params: str) -> Delivery:
    """The hub asks; names of parameters have a dot for each underscore after `hub`."""
    told = {name.replace("hub_", "hub.", 1): value for name, value in params.items()}
    return Delivery(method="GET", url="https://hooks.example.com/in/tube", params=told)


@needs_shared
def test_the_worked_example_of_a_signature_and_the_same_with_a_byte_changed() -> None:
    vector = recorded("youtube", "webhook_vectors.json")["vectors"]
    good = called(vector["body"], **{vector["header"].lower(): vector["value"]})
    INBOUND.verify(good, {"hub_secret": vector["secret"]}, NOW)
    (event,) = INBOUND.events(good)
    assert (event.key, event.account, event.at) == ({"id": "VIDEO_ID"}, "CHANNEL_ID", None)
    for wrong in (
        replace(good, body=good.body + b" "),
        replace(good, headers={}),
        replace(good, headers={"x-hub-signature": vector["value"][:-1] + "1"}),
        replace(good, headers={"x-hub-signature": "md5=" + vector["value"][5:]}),
        replace(good, headers={"x-hub-signature": "sha1="}),
    ):
        with pytest.raises(SignatureRefused) as refused:
            INBOUND.verify(wrong, {"hub_secret": vector["secret"]}, NOW)
        assert vector["secret"] not in str(refused.value)


def test_a_call_that_is_not_theirs_hears_nothing_else_than_a_good_one() -> None:
    assert INBOUND.refuse == INBOUND.acknowledge == Answer(status=200)


@pytest.mark.parametrize("path", ["xml/feeds", "feeds"])
def test_the_hub_hears_its_challenge_for_a_feed_that_is_ours(path: str) -> None:
    topic = f"https://www.youtube.com/{path}/videos.xml?channel_id={OWN}"
    question = asked(hub_mode="subscribe", hub_topic=topic, hub_challenge="c-1", hub_lease_seconds="432000")
    for values in ({"hub_secret": "s"}, {"hub_secret": "s", "channel_id": OWN}):
        assert INBOUND.handshake(question, values) == Answer(body=b"c-1")


@pytest.mark.parametrize(
    "params",
    [
        {"hub_mode": "subscribe", "hub_topic": FEED + "UCother", "hub_challenge": "c"},
        {"hub_mode": "subscribe", "hub_topic": FEED, "hub_challenge": "c"},
        {
            "hub_mode": "subscribe",
            "hub_topic": f"https://evil.example/feeds/videos.xml?channel_id={OWN}",
            "hub_challenge": "c",
        },
        {"hub_mode": "subscribe", "hub_topic": FEED + OWN},
        {"hub_mode": "publish", "hub_topic": FEED + OWN, "hub_challenge": "c"},
        {"hub_mode": "subscribe", "hub_challenge": "c"},
    ],
)
def test_a_subscription_that_nobody_here_asked_for_is_not_confirmed(params: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        INBOUND.handshake(asked(**params), {"hub_secret": "s", "channel_id": OWN})


def test_a_delivery_is_no_handshake_and_a_refusal_of_the_hub_is_just_heard() -> None:
    assert INBOUND.handshake(called(ATOM.format("")), {"hub_secret": "s"}) is None
    assert INBOUND.handshake(asked(hub_mode="denied", hub_topic=FEED + OWN), {"hub_secret": "s"}) == Answer()


def test_a_video_that_is_told_again_is_the_same_event_and_one_that_changed_another() -> None:
    first, again, changed = (
        INBOUND.events(called(ATOM.format(ENTRY.format(f"2026-11-20T10:00:{second}.123456789+00:00"))))[0]
        for second in ("00", "00", "59")
    )
    assert first == again
    assert first.id != changed.id
    assert first.at == datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
    assert json.loads(first.data)["title"] == "Größe & mehr"


def test_a_deleted_video_is_told_by_its_tombstone() -> None:
    gone = (
        '<at:deleted-entry ref="yt:video:VIDEO" when="2026-11-21T10:00:00+00:00"><at:by><name>x</name>'
        "<uri>https://www.youtube.com/channel/UC1</uri></at:by></at:deleted-entry>"
    )
    (event,) = INBOUND.events(called(ATOM.format(gone)))
    assert (event.key, event.deleted, event.account) == ({"id": "VIDEO"}, True, "UC1")
    assert event.at == datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no feed",
        "<feed",
        b"\xff\xfe",
        '<!DOCTYPE feed [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>',
        '<!doctype feed SYSTEM "file:///etc/passwd"><feed xmlns="http://www.w3.org/2005/Atom"/>',
        '<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY % x SYSTEM "http://evil.example/">%x;]><feed/>',
    ],
)
def test_what_is_no_feed_or_declares_entities_is_refused(body: str | bytes) -> None:
    with pytest.raises(BadReply):
        INBOUND.events(called(body))


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.from_regex(r"(?s)<feed[^<]*>(<entry>.{0,40}</entry>)?</feed>").map(str.encode)
)
def test_whatever_a_body_holds_it_is_read_or_refused(body: bytes) -> None:
    with suppress(BadReply):
        INBOUND.events(called(body))


def test_a_feed_without_videos_tells_nothing() -> None:
    assert INBOUND.events(called(ATOM.format("<entry><title>x</title></entry>"))) == []


# Writes


def test_an_update_of_a_video_repeats_what_stands_beside_the_change_and_only_in_its_part() -> None:
    assert VIDEO_WRITE.update is not None
    there = {
        "id": "v",
        "snippet": {"title": "Old", "description": "Text", "tags": ["a"], "categoryId": "28", "channelTitle": "x"},
        "status": {"privacyStatus": "public", "license": "youtube", "embeddable": True},
    }
    changes = VIDEO_WRITE.complete(json.dumps(there).encode(), {"title": "New"})
    request = VIDEO_WRITE.update({"id": "v"}, changes, "e", CONTEXT)
    assert (request.method, request.params, request.repeatable) == ("PUT", {"part": "snippet"}, True)
    snippet = {"title": "New", "description": "Text", "tags": ["a"], "categoryId": "28"}
    assert request.json == {"id": "v", "snippet": snippet}
    both = VIDEO_WRITE.complete(json.dumps(there).encode(), {"tags": None, "privacy_status": "private"})
    request = VIDEO_WRITE.update({"id": "v"}, both, "e", CONTEXT)
    assert request.params == {"part": "snippet,status"}
    assert isinstance(request.json, dict)
    assert request.json["status"] == {"privacyStatus": "private", "license": "youtube", "embeddable": True}
    assert request.json["snippet"] == {"title": "Old", "description": "Text", "categoryId": "28"}


def test_an_update_that_would_erase_something_is_not_built() -> None:
    for write, changes in (
        (VIDEO_WRITE, {"title": "New"}),
        (PLAYLIST_WRITE, {"title": "New"}),
        (PLAYLIST_ITEM_WRITE, {"position": 1}),
    ):
        assert write.update is not None
        with pytest.raises(UsageError, match="erase"):
            write.update({"id": "v"}, changes, None, CONTEXT)


def test_a_comment_is_written_moderated_and_removed_by_calls_of_its_own() -> None:
    assert THREAD_WRITE.create
    assert THREAD_WRITE.update
    assert THREAD_WRITE.delete
    assert REPLY_WRITE.create
    created = THREAD_WRITE.create({"video_id": "v", "text_original": "Hi"}, CONTEXT)
    first = {"snippet": {"textOriginal": "Hi"}}
    assert created.json == {"snippet": {"channelId": OWN, "videoId": "v", "topLevelComment": first}}
    assert (created.path, created.repeatable) == ("/youtube/v3/commentThreads", False)
    answer = REPLY_WRITE.create({"thread_id": "Ug", "text_original": "Hi"}, CONTEXT)
    assert (answer.path, answer.json) == (
        "/youtube/v3/comments",
        {"snippet": {"parentId": "Ug", "textOriginal": "Hi"}},
    )
    edited = THREAD_WRITE.update({"id": "Ug"}, {"text_original": "Ho"}, None, CONTEXT)
    assert (edited.method, edited.json) == ("PUT", {"id": "Ug", "snippet": {"textOriginal": "Ho"}})
    held = THREAD_WRITE.update({"id": "Ug"}, {"moderation_status": "heldForReview"}, None, CONTEXT)
    assert (held.method, held.path) == ("POST", "/youtube/v3/comments/setModerationStatus")
    assert held.params == {"id": "Ug", "moderationStatus": "heldForReview"}
    gone = THREAD_WRITE.delete({"id": "Ug"}, None, CONTEXT)
    assert (gone.method, gone.path, gone.params) == ("DELETE", "/youtube/v3/comments", {"id": "Ug"})
    with pytest.raises(UsageError, match="nothing else"):
        THREAD_WRITE.update({"id": "Ug"}, {"text_original": "Ho", "moderation_status": "rejected"}, None, CONTEXT)


def listening() -> tuple[Rig, Listening]:
    sandbox = Listening("youtube")
    return Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox, small_pages=False), sandbox


@needs_shared
def test_comments_and_playlists_live_and_die_as_the_specification_has_it() -> None:
    rig, sandbox = listening()
    video, *_ = rig.read(VIDEOS).live.values()
    written_and_gone(
        rig, THREAD_WRITE, {"video_id": video["id"], "text_original": "Erste"}, {"text_original": "Zweite"}
    )
    thread, *_ = rig.read(COMMENT_THREADS).live.values()
    written_and_gone(rig, REPLY_WRITE, {"thread_id": thread["id"], "text_original": "Ja"}, {"text_original": "Nein"})
    playlist = {"title": "Neu", "description": "Alles", "privacy_status": "private"}
    written_and_gone(rig, PLAYLIST_WRITE, playlist, {"title": "Neuer"})
    (kept, *_) = rig.read(CONNECTOR.stream("playlists")).live.values()
    place = {"playlist_id": kept["id"], "video_id": video["id"]}
    written_and_gone(rig, PLAYLIST_ITEM_WRITE, place, {"position": 2})
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


@needs_shared
def test_a_video_keeps_its_tags_when_its_title_changes_and_loses_what_is_taken_away() -> None:
    rig, sandbox = listening()
    assert VIDEO_WRITE.update
    assert VIDEO_WRITE.delete
    assert VIDEO_WRITE.read
    (tagged, *_) = (row for row in rig.read(VIDEOS).live.values() if row["tags"])
    key = {"id": str(tagged["id"])}
    for changes in ({"title": "Ganz neu"}, {"embeddable": False}, {"tags": None}):
        there = VIDEO_WRITE.record_of(rig.client.send(VIDEO_WRITE.read(key, rig.context())))
        assert there is not None
        rig.client.send(VIDEO_WRITE.update(key, VIDEO_WRITE.complete(there, changes), None, rig.context()))
        after = rig.read(VIDEOS).live[(tagged["id"],)]
        for name in tagged.keys() - changes.keys() - {"title", "embeddable", "view_count", "like_count"}:
            assert after[name] == tagged[name], name
        assert all(after[name] == value for name, value in changes.items())
    rig.client.send(VIDEO_WRITE.delete(key, None, rig.context()))
    assert VIDEO_WRITE.record_of(rig.client.send(VIDEO_WRITE.read(key, rig.context()))) is None
    with pytest.raises(RequestRefused, match="404"):
        rig.client.send(VIDEO_WRITE.delete(key, None, rig.context()))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


def test_a_comment_that_is_held_back_is_no_longer_listed() -> None:
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("youtube", 60))
    assert THREAD_WRITE.update
    (number,), *_ = rig.read(COMMENT_THREADS).live
    held = THREAD_WRITE.update({"id": number}, {"moderation_status": "heldForReview"}, None, rig.context())
    assert rig.client.send(held).status == 204
    assert (number,) not in rig.read(COMMENT_THREADS).live


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
