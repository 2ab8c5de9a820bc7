"""Instagram: two hosts and two words for each right, comments with answers, figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.instagram import CONNECTOR
from connectors.instagram.streams import (
    ACCOUNT,
    AUDIENCE,
    COMMENTS,
    INSIGHTS_DAILY,
    MEDIA,
    MEDIA_INSIGHTS,
    STORIES,
    STORY_INSIGHTS,
    TOTALS_DAILY,
)
from connectors.sdk.auth import OAuth2
from connectors.sdk.base import Stream
from connectors.sdk.days import day_of
from connectors.sdk.driver import walk
from connectors.sdk.meta import GONE, page_token
from connectors.sdk.oauth2 import consent_url, refresh_due
from connectors.sdk.verdicts import failure
from core.classify import Disposition, classify
from core.errors import (
    CredentialMalformed,
    CredentialRejected,
    RequestRefused,
)
from core.http import Request, Response
from core.model import Context, Page, State
from sandbox.instagram.content import ACCOUNT_ID
from sandbox.samples import letters
from tests.columns import rows
from tests.connectors.instagram_parts import BY_FACEBOOK, BY_INSTAGRAM, rig_of
from tests.connectors.replies import NOW, meant, record, reply
from tests.shared import needs_shared, recorded

OF_MEDIUM = replace(BY_FACEBOOK, parent={"id": "17900", "media_product_type": "FEED"})
METHODS = ("oauth2", "instagram_login", "page_token", "instagram_token")
LOGIN = next(method for method in CONNECTOR.auth if method.name == "instagram_login")


# Two products


@pytest.mark.parametrize(
    "stream", [ACCOUNT, MEDIA, STORIES, INSIGHTS_DAILY, TOTALS_DAILY, AUDIENCE], ids=lambda s: s.name
)
def test_each_product_is_asked_at_its_own_host(stream: Stream) -> None:
    assert stream.request({}, BY_FACEBOOK).base == "https://graph.facebook.com"
    assert stream.request({}, BY_INSTAGRAM).base == "https://graph.instagram.com"


@pytest.mark.parametrize("method", METHODS)
def test_every_way_to_authenticate_reads_every_stream_of_the_same_account(method: str) -> None:
    rig = rig_of(method)
    assert (rig.settings["account"], rig.settings["instagram_id"]) == ("sandbox_labs", ACCOUNT_ID)
    for stream in CONNECTOR.streams:
        assert rig.read(stream).live, stream.name
    asked = {request.url.host for request in rig.tap.sent}
    assert ("graph.facebook.com" in asked) is (method in ("oauth2", "page_token"))
    assert ("graph.instagram.com" in asked) is (method in ("instagram_login", "instagram_token"))


@pytest.mark.parametrize("stream", [MEDIA, STORIES, COMMENTS], ids=lambda s: s.name)
def test_every_column_is_asked_for(stream: Stream) -> None:
    state: State = {"inside": ["17900/178"]} if stream is COMMENTS else {}
    asked = str(stream.request(state, BY_FACEBOOK).params["fields"]).partition("{")[0].split(",")
    told = {column.source.partition("/")[0] for column in stream.columns} - {"media_id", "container_id"}
    assert told == set(asked)


def test_only_instagram_login_is_asked_for_what_it_alone_knows() -> None:
    assert "user_id" not in str(ACCOUNT.request({}, BY_FACEBOOK).params["fields"])
    assert "user_id,account_type" in str(ACCOUNT.request({}, BY_INSTAGRAM).params["fields"])


# Signing in


def test_the_consent_page_of_instagram_login_hears_its_own_words_for_rights() -> None:
    assert isinstance(LOGIN, OAuth2)
    address = consent_url(LOGIN, {"client_id": "1"}, redirect_uri="http://127.0.0.1/", state="s", verifier="v")
    assert "scope=instagram_business_basic%2Cinstagram_business_manage_comments%2Cinstagram_business_manage" in address
    assert "code_challenge" not in address


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "short", "user_id": 1784, "permissions": "instagram_business_basic,instagram_business_x"},
        {
            "access_token": "short",
            "user_id": "1784",
            "permissions": ["instagram_business_basic", "instagram_business_x"],
        },
        {"data": [{"access_token": "short", "permissions": "instagram_business_basic,instagram_business_x"}]},
    ],
)
def test_the_first_token_may_come_wrapped_in_a_list_and_rights_are_named_as_streams_name_them(body: Any) -> None:
    assert isinstance(LOGIN, OAuth2)
    found = LOGIN.read(reply(body), {})
    assert (found["access_token"], found["scope"]) == ("short", "instagram_basic instagram_x")


@pytest.mark.parametrize("body", [{}, [], {"data": []}, {"data": None}, "no"])
def test_a_reply_without_a_token_holds_none(body: Any) -> None:
    assert isinstance(LOGIN, OAuth2)
    assert not LOGIN.read(reply(body), {}).get("access_token")


def test_a_token_of_sixty_days_is_renewed_from_its_second_day_until_it_has_ended() -> None:
    rig = rig_of("instagram_login")
    assert isinstance(LOGIN, OAuth2)
    assert rig.credential.expires_at == rig.sandbox.now() + timedelta(days=60)
    assert set(rig.credential.scopes) >= {"instagram_basic", "instagram_manage_insights"}
    with pytest.raises(RequestRefused, match="24 hours"):
        rig._renewed(LOGIN, rig.credential)
    assert not refresh_due(LOGIN, rig.credential, rig.sandbox.now() + timedelta(days=49))
    rig.sandbox.advance(days=51)
    assert refresh_due(LOGIN, rig.credential, rig.sandbox.now())
    fresh = rig._renewed(LOGIN, rig.credential)
    assert fresh.expires_at == rig.sandbox.now() + timedelta(days=60)
    assert fresh.reveal()["access_token"] != rig.credential.reveal()["access_token"]
    rig.sandbox.advance(days=61)
    with pytest.raises(CredentialRejected) as ended:
        rig._renewed(LOGIN, fresh)
    assert "onnect again" in ended.value.advice


def test_a_refusal_that_repeats_the_address_shows_no_secret_of_it() -> None:
    rig = rig_of("instagram_login")
    assert isinstance(LOGIN, OAuth2)
    assert LOGIN.renew
    values = rig.credential.reveal()
    for asked in (LOGIN.renew(values, {}), LOGIN.exchanges[0].request(values, {})):
        said = f"Unsupported request: {' '.join(str(value) for value in asked.params.values())}"
        verdict = classify(reply(problem(100, said), 400), CONNECTOR.errors)
        error = failure(CONNECTOR, "shop", asked, reply(problem(100, said), 400), verdict)
        assert "Unsupported request" in str(error)
        assert not any(
            values[name] in f"{error} {error.advice} {asked!r}" for name in ("access_token", "client_secret")
        )


def test_the_token_of_a_page_with_an_account_is_taken_and_not_that_of_another() -> None:
    exchange = page_token("instagram_business_account")
    other, own = {"id": "1", "access_token": "other"}, {"id": "2", "access_token": "own"}
    found = exchange.read(reply({"data": [other, {**own, "instagram_business_account": {"id": "1784"}}]}), {})
    assert found == {"access_token": "own"}
    with pytest.raises(CredentialRejected, match="instagram_business_account"):
        exchange.read(reply({"data": [other]}), {})


@needs_shared
def test_a_recorded_page_tells_its_account() -> None:
    (page,) = recorded("instagram", "airbyte/api.json")["data"]
    assert CONNECTOR.discover(reply(page)) == {
        "account": "",
        "instagram_id": "17841462785487205",
        "page_id": "118981261308043",
    }


def test_who_one_is_by_either_product_and_what_a_page_without_an_account_is_told() -> None:
    told = CONNECTOR.discover(reply({"id": "5", "user_id": 1784, "username": "me", "account_type": "BUSINESS"}))
    assert told == {"account": "me", "instagram_id": "1784"}
    assert CONNECTOR.discover(reply({"id": "1784", "username": "me"})) == told
    with pytest.raises(CredentialRejected) as refused:
        CONNECTOR.discover(reply({"id": "77", "name": "A Page"}))
    assert "Link" in refused.value.advice
    assert CONNECTOR.probe("page_token", {"page_id": "77"}).filled_path == "/v26.0/77"
    assert CONNECTOR.probe("instagram_token", {"login": "instagram"}).filled_path == "/v26.0/me"


@pytest.mark.parametrize(
    ("method", "good", "wrong"),
    [
        ("instagram_token", "IGAA" + letters(80), "EAA" + letters(180)),
        ("instagram_token", "IGQV" + letters(76) + "-_xy", "IGAA" + letters(79)),
        ("page_token", "EAA" + letters(60), "IGAA" + letters(180)),
    ],
)
def test_the_form_of_tokens_tells_the_products_apart(method: str, good: str, wrong: str) -> None:
    field = CONNECTOR.method(method).fields[0]
    assert field.check(good) == good
    with pytest.raises(CredentialMalformed):
        field.check(wrong)


# Errors


def problem(code: int, message: str = "x", subcode: int | None = None) -> dict[str, Any]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return {"error": error | ({"error_subcode": subcode} if subcode is not None else {})}


@pytest.mark.parametrize(
    ("code", "subcode", "message", "expected"),
    [
        (100, 33, "Unsupported get request", Disposition.FAIL),
        (100, 2108006, "Invalid parameter", Disposition.SKIP),
        (10, None, "(#10) Not enough viewers for the media to show insights", Disposition.SKIP),
        (10, None, "(#10) Application does not have permission for this action", Disposition.SCOPE_MISSING),
        (9007, 2207027, "Media ID is not available", Disposition.RETRY),
        (9, 2207042, "Application request limit reached", Disposition.QUOTA_EXHAUSTED),
        *((36003, subcode, "x", Disposition.FAIL) for subcode in (2207009, 2207026, 2207052)),
        *((-1, subcode, "x", Disposition.RETRY) for subcode in (2207001, 2207003, 2207032, 2207053)),
        (
            100,
            None,
            "nonexisting field (instagram_business_account) on node type (User)",
            Disposition.CREDENTIAL_REJECTED,
        ),
        (100, None, "(#100) metric[0] must be one of the following values: reach", Disposition.OK),
        (100, None, "does not support the views metric for this media product type.", Disposition.OK),
        (190, 463, "Session has expired", Disposition.REFRESH_TOKEN),
        (190, None, "Cannot parse access token", Disposition.CREDENTIAL_REJECTED),
        *((code, None, "x", Disposition.RATE_LIMITED) for code in (4, 17, 32, 613, 80002)),
        *((code, None, "x", Disposition.RETRY) for code in (1, 2)),
    ],
)
def test_each_row_of_the_error_table(code: int, subcode: int | None, message: str, expected: Disposition) -> None:
    for status in (400, 403, 500):
        assert meant(CONNECTOR, status, problem(code, message, subcode)) is expected


def test_refusals_that_a_person_can_do_something_about_say_what() -> None:
    for code, subcode, word in ((9, 2207042, "tomorrow"), (36003, 2207009, "ratio"), (9004, 2207052, "open")):
        rule = classify(reply(problem(code, subcode=subcode), 400), CONNECTOR.errors).rule
        assert rule is not None
        assert word in rule.advice


def test_a_refused_code_says_to_connect_again() -> None:
    body = {"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found"}
    assert meant(CONNECTOR, 400, body) is Disposition.CREDENTIAL_REJECTED


def test_what_is_gone_is_no_error_where_it_may_be_gone() -> None:
    for inside in ("17900", "17900/178"):
        assert COMMENTS.request({"inside": [inside]}, BY_FACEBOOK).optional
    assert not COMMENTS.request({}, BY_FACEBOOK).optional
    assert MEDIA_INSIGHTS.request({}, OF_MEDIUM).optional
    verdict = classify(reply(problem(100, subcode=33), 400), (*GONE, *CONNECTOR.errors))
    assert verdict.disposition is Disposition.SKIP


# Comments


MORE = {"paging": {"cursors": {"after": "c"}, "next": "https://x"}}
LONG_AGO = NOW - timedelta(days=29)


def medium(identity: str, comments: Any, at: datetime = NOW) -> dict[str, Any]:
    shown = {"comments": comments} if comments else {}
    return {"id": identity, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000"), **shown}


def comments_of(page: Page) -> list[tuple[Any, ...]]:
    return [(row["media_id"], row["parent_id"], row["id"]) for row in rows(COMMENTS.columns, page.records)]


def test_comments_come_with_their_medium_and_answers_with_their_comment_or_are_asked_for_where_there_are_more() -> None:
    answers = [{"id": "11", "text": "a"}, {"id": "12", "parent_id": "1", "text": "b"}]
    many = {"id": "2", "replies": {"data": answers[:1], **MORE}}
    threads = {"data": [{"id": "1", "replies": {"data": answers}}, many, {"id": "3"}]}
    listed = {"data": [medium("7", threads), medium("8", {"data": [{"id": "4"}], **MORE}), medium("9", None)]}
    first = COMMENTS.parse(COMMENTS.request({}, BY_FACEBOOK), reply(listed), {}, BY_FACEBOOK)
    assert comments_of(first) == [
        ("7", None, "1"),
        ("7", "1", "11"),
        ("7", "1", "12"),
        ("7", None, "2"),
        ("7", None, "3"),
    ]
    assert first.next is not None
    assert first.next.filled_path == "/v26.0/2/replies"
    second = COMMENTS.parse(first.next, reply({"data": [{"id": "21"}]}), first.state, BY_FACEBOOK)
    assert comments_of(second) == [("7", "2", "21")]
    assert second.next is not None
    assert second.next.filled_path == "/v26.0/8/comments"
    talk = {"data": [{"id": "4"}, {"id": "5", "replies": {"data": [], **MORE}}]}
    third = COMMENTS.parse(second.next, reply(talk), second.state, BY_FACEBOOK)
    assert comments_of(third) == [("8", None, "4"), ("8", None, "5")]
    assert third.next is not None
    assert third.next.filled_path == "/v26.0/5/replies"
    last = COMMENTS.parse(third.next, reply({"data": [{"id": "51"}]}), third.state, BY_FACEBOOK)
    assert (comments_of(last), last.next) == ([("8", "5", "51")], None)


@pytest.mark.parametrize("context", [BY_FACEBOOK, BY_INSTAGRAM])
def test_comments_are_asked_for_at_the_host_of_the_product(context: Context) -> None:
    states: tuple[State, ...] = ({}, {"inside": ["7"]}, {"inside": ["7/1"]})
    assert {COMMENTS.request(state, context).base for state in states} == {MEDIA.request({}, context).base}


def test_comments_on_media_of_four_weeks_are_read_each_time() -> None:
    state: State = {"since": NOW.isoformat(), "full": NOW.isoformat(), "seen": 2}
    listed = {"data": [medium("7", None), medium("8", {"data": [], **MORE}, LONG_AGO)], **MORE}
    page = COMMENTS.parse(COMMENTS.request(state, BY_FACEBOOK), reply(listed), state, BY_FACEBOOK)
    assert (page.next, page.state) == (None, state), "what is inside older ones is left alone"


# Figures


def told(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "period": "day", "title": "x", **more}


def test_a_figure_is_a_value_or_a_total_and_no_data_is_no_row() -> None:
    parts = [{"dimension_keys": ["action_type"], "results": [{"dimension_values": ["a"], "value": 3}]}]
    data = [
        told("reach", values=[{"value": 5}]),
        told("navigation", values=[{"value": 9}], total_value={"value": 9, "breakdowns": parts}),
        told("by_kind", values=[{"value": {"a": 1}}]),
        told("nothing", values=[]),
        told("nothing_either", total_value={}),
    ]
    page = MEDIA_INSIGHTS.parse(Request(path="/"), reply({"data": data}), {}, OF_MEDIUM)
    found = {row["metric"]: (row["value"], row["parts"]) for row in rows(MEDIA_INSIGHTS.columns, page.records)}
    assert found["reach"] == (5, None)
    assert found["navigation"][0] == 9
    assert found["navigation"][1] is not None
    assert found["by_kind"][0] is None
    assert set(found) == {"reach", "navigation", "by_kind"}


@pytest.mark.parametrize(
    ("stream", "kind", "context", "there", "missing"),
    [
        (MEDIA_INSIGHTS, "FEED", BY_FACEBOOK, {"saved", "total_views"}, {"reposts", "navigation"}),
        (MEDIA_INSIGHTS, "FEED", BY_INSTAGRAM, {"saved"}, {"total_views", "total_likes"}),
        (MEDIA_INSIGHTS, "REELS", BY_INSTAGRAM, {"reposts", "ig_reels_avg_watch_time"}, {"total_views", "plays"}),
        (STORY_INSIGHTS, None, BY_FACEBOOK, {"navigation", "replies"}, {"saved", "total_views", "impressions"}),
    ],
)
def test_each_kind_of_media_is_asked_for_its_own_metrics(
    stream: Stream, kind: str | None, context: Context, there: set[str], missing: set[str]
) -> None:
    of = replace(context, parent={"id": "17900", "media_product_type": kind})
    asked: set[str] = set()

    def send(request: Request) -> Response:
        asked.update(str(request.params["metric"]).split(","))
        return reply({"data": []})

    list(walk(stream, send, {}, of))
    assert asked >= there
    assert not asked & missing


def test_metrics_that_a_medium_does_not_have_are_left_out_and_the_others_come() -> None:
    def send(request: Request) -> Response:
        names = str(request.params["metric"]).split(",")
        if "shares" in names:
            return reply(problem(100, "(#100) The metric shares is not supported for this media type"), 400)
        return reply({"data": [told(name, values=[{"value": 1}]) for name in names]})

    steps = list(walk(MEDIA_INSIGHTS, send, {}, OF_MEDIUM))
    names = {row["metric"] for step in steps for row in rows(MEDIA_INSIGHTS.columns, step.page.records)}
    assert names >= {"views", "reach", "saved", "total_interactions", "total_views"}
    assert steps[-1].page.state["ended"] == ["shares"]


@pytest.mark.parametrize(
    ("end_time", "day"),
    [
        ("2026-11-20T08:00:00+0000", date(2026, 11, 19)),
        ("2026-07-20T07:00:00+0000", date(2026, 7, 19)),
        ("2024-01-15T07:00:00+0000", date(2024, 1, 14)),
    ],
)
def test_a_figure_is_of_the_day_that_ended(end_time: str, day: date) -> None:
    assert day_of(end_time) == day


def test_new_followers_are_asked_for_the_last_thirty_days_alone_in_windows_of_thirty() -> None:
    context = replace(BY_FACEBOOK, settings={**BY_FACEBOOK.settings, "history_days": 70})
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        return reply({"data": []})

    steps = list(walk(INSIGHTS_DAILY, send, {}, context))
    assert ["follower_count" in str(one.params["metric"]) for one in asked] == [False, False, True]
    days = [(int(str(one.params["until"])) - int(str(one.params["since"]))) / 86_400 for one in asked]
    assert max(days) <= 30.1
    assert steps[-1].page.state == {"since": "2026-11-22"}
    again = INSIGHTS_DAILY.request(steps[-1].page.state, context)
    assert again.params["since"] == int(datetime(2026, 11, 19, 8, tzinfo=UTC).timestamp())


def test_totals_are_asked_for_day_by_day_as_one_number_is_told_for_the_whole_range() -> None:
    asked = TOTALS_DAILY.request({"since": "2026-11-22"}, BY_FACEBOOK)
    assert int(str(asked.params["until"])) - int(str(asked.params["since"])) == 86_400
    assert asked.params["metric_type"] == "total_value"
    body = {"data": [told("views", total_value={"value": 7}), told("replies", total_value={})]}
    page = TOTALS_DAILY.parse(asked, reply(body), {"since": "2026-11-22"}, BY_FACEBOOK)
    (row,) = rows(TOTALS_DAILY.columns, page.records)
    assert (row["metric"], row["value"], row["day"]) == ("views", 7, date(2026, 11, 21))
    assert page.next is not None


def test_media_are_typed_though_most_may_be_missing_and_ids_may_be_numbers() -> None:
    full = record(id="179", timestamp="2021-08-13T08:25:28+0000", children={"data": [{"id": "1"}]}, new={"a": 1})
    one, other = rows(MEDIA.columns, [full, record(id="180")])
    assert one["created_at"] == datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC)
    assert other["like_count"] is None
