"""LinkedIn: structures with raw brackets, versions that end, quotas of the day, lists that move."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.linkedin import CONNECTOR, VERSION
from connectors.linkedin.streams import COMMENT_STREAM, ORGANIZATIONS, POST_STREAM, SOCIAL_METADATA
from connectors.linkedin.writes import MARK, POST_WRITE
from connectors.sdk.auth import OAuth2
from connectors.sdk.oauth2 import consent_url, refresh_request
from connectors.sdk.restli import next_start
from connectors.sdk.streams import value_of
from connectors.sdk.verdicts import failure
from core.classify import Disposition, classify
from core.errors import BadReply, CredentialMalformed, RequestRefused, UsageError
from core.http import Request
from core.model import State
from sandbox.faults import Fault
from sandbox.linkedin.content import PAGES, organization
from tests.columns import rows
from tests.connectors.linkedin_parts import PAGE, grant, rig_of, sent
from tests.connectors.replies import CONTEXT, NOW, meant, record, reply
from tests.contract.rows import Rows

SHARES = CONNECTOR.stream("share_statistics")
# What is asked


def test_structures_are_raw_and_urns_are_encoded() -> None:
    url = sent(SHARES.request({"since": "2026-11-20"}, PAGE))
    begin, end = (int(datetime(2026, 11, day, tzinfo=UTC).timestamp() * 1000) for day in (17, 23))
    assert url == (
        "https://api.linkedin.com/rest/organizationalEntityShareStatistics?q=organizationalEntity"
        "&organizationalEntity=urn%3Ali%3Aorganization%3A123"
        f"&timeIntervals=(timeRange:(start:{begin},end:{end}),timeGranularityType:DAY)"
    )


def test_a_urn_in_a_path_is_encoded_with_its_brackets() -> None:
    answers = COMMENT_STREAM.request({"inside": ["urn:li:comment:(urn:li:activity:1,2)"]}, PAGE)
    assert answers.filled_path == "/rest/socialActions/urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A1%2C2%29/comments"


def test_every_call_names_the_version_and_the_protocol() -> None:
    rig = rig_of()
    rig.read(POST_STREAM)
    asked = [one for one in rig.tap.sent if one.url.host == "api.linkedin.com"]
    assert len(asked) >= 4
    for one in asked:
        assert one.headers["linkedin-version"] == VERSION.name == "202607"
        assert one.headers["x-restli-protocol-version"] == "2.0.0"
    assert VERSION.ends is not None
    assert VERSION.ends.isoformat() == "2027-07-15"


def test_figures_by_day_go_back_no_further_than_they_are_told() -> None:
    year = replace(PAGE, settings={"history_days": 2000})
    day = (NOW - timedelta(days=1 + 364)).replace(hour=0, minute=0)
    assert f"start:{int(day.timestamp() * 1000)}," in SHARES.request({}, year).query


def test_sign_in_asks_for_what_is_read_and_nothing_of_another_product() -> None:
    method = CONNECTOR.method("oauth2")
    assert isinstance(method, OAuth2)
    url = consent_url(method, {"client_id": "a"}, redirect_uri="https://a.example/", state="s", verifier="v")
    assert "scope=rw_organization_admin+r_organization_social+r_organization_social_feed" in url
    assert "code_challenge" not in url


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("client_id", "77abcdefghij12", True),
        ("client_id", "77ABCDEFGHIJ12", False),
        ("client_secret", "aB3" * 5 + "x", True),
        ("client_secret", ".".join(("WPL_AP1", "aB3" * 5 + "x", "a/+Z9b==")), True),
        ("client_secret", "short", False),
        ("token", "AQ" + "x_-9" * 90, True),
        ("token", "EAA" + "x" * 400, False),
    ],
)
def test_credentials_have_the_form_that_linkedin_gives_them(name: str, value: str, good: bool) -> None:
    field = next(field for method in CONNECTOR.auth for field in method.fields if field.name == name)
    if good:
        assert field.check(f" {value}\n") == value
    else:
        with pytest.raises(CredentialMalformed):
            field.check(value)


# What replies mean


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, {"message": "Invalid access token", "serviceErrorCode": 65600, "status": 401}, Disposition.REFRESH_TOKEN),
        (401, {"message": "Revoked", "serviceErrorCode": 65601, "status": 401}, Disposition.REFRESH_TOKEN),
        (401, {"message": "Expired", "serviceErrorCode": 65602, "status": 401}, Disposition.REFRESH_TOKEN),
        (401, {"message": "Empty oauth2_access_token", "status": 401}, Disposition.REFRESH_TOKEN),
        (400, {"error": "invalid_request", "error_description": "expired"}, Disposition.CREDENTIAL_REJECTED),
        (401, {"error": "invalid_client", "error_description": "x"}, Disposition.CREDENTIAL_REJECTED),
        (403, {"message": "Not enough permissions to access: GET /posts"}, Disposition.SCOPE_MISSING),
        (400, {"message": "Syntax exception in path variables", "status": 400}, Disposition.FAIL),
        (404, {"message": "Could not find entity"}, Disposition.FAIL),
        (409, {"message": "Conflict"}, Disposition.FAIL),
        (411, {}, Disposition.FAIL),
        (412, {}, Disposition.FAIL),
        (422, {"message": "Content is a duplicate"}, Disposition.FAIL),
        (426, {"message": "Requested version 202507 is not active"}, Disposition.FAIL),
        (429, {"message": "Too many requests"}, Disposition.RATE_LIMITED),
        (408, {}, Disposition.RETRY),
        (500, {}, Disposition.RETRY),
        (503, "<html>", Disposition.RETRY),
        (504, {}, Disposition.RETRY),
        (200, {"elements": []}, Disposition.OK),
    ],
)
def test_an_error_means_what_the_table_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "Connect again: integrations connect linkedin --name shop"),
        (403, "Community Management API"),
        (404, "hides it"),
        (409, "read it again"),
        (422, "same text"),
        (426, "ended version 202607"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, words: str) -> None:
    told = reply({"message": "no"}, status)
    verdict = classify(told, CONNECTOR.errors)
    assert words in failure(CONNECTOR, "shop", Request(path="/rest/posts"), told, verdict).advice


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Resource level throttle limit for calls to this resource is reached.", 12 * 3600),
        ("Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.", 12 * 3600),
        ("Member level throttle DAY limit is reached", 12 * 3600),
        ("Resource level throttle APPLICATION MINUTE limit for calls to this resource is reached.", 60),
        ("Too many requests", 30),
        ("", 30),
    ],
)
def test_a_quota_of_the_day_stops_until_midnight_in_utc_and_a_burst_passes(message: str, seconds: float) -> None:
    rule = classify(reply({"message": message, "status": 429}, 429), CONNECTOR.errors).rule
    assert rule is not None
    assert rule.wait(NOW.timestamp()) == seconds


def test_a_version_that_has_ended_is_told_once_and_asked_no_more() -> None:
    rig = rig_of()
    old = replace(CONNECTOR, headers={**CONNECTOR.headers, "LinkedIn-Version": "202511"})
    rig.client.connector = old
    calls = len(rig.calls)
    with pytest.raises(RequestRefused, match="426") as ended:
        list(rig.walk(ORGANIZATIONS))
    assert "update it" in ended.value.advice
    assert len(rig.calls) == calls + 1


def test_a_refresh_gives_the_same_refresh_token_and_what_is_left_of_it() -> None:
    rig = rig_of()
    before = rig.credential.reveal()
    rig.sandbox.advance(days=100)
    method = CONNECTOR.method("oauth2")
    asked = refresh_request(method, rig.credential, {}, rig.sandbox.now())
    told = rig._client(None).send(asked)
    assert told.get("refresh_token_expires_in") == 265 * 86_400
    assert told.get("refresh_token") == before["refresh_token"]


@pytest.mark.parametrize(
    ("paging", "found", "begins"),
    [
        ({"start": 0, "count": 100, "links": []}, 100, 95),
        ({"start": 95, "count": 100}, 99, None),
        ({"start": 0, "count": 10, "links": [{"rel": "prev", "href": "/x?start=0&count=10"}]}, 10, 10),
        ({"start": 10, "count": 10, "links": [{"rel": "next", "href": "/x?count=10&start=20"}]}, 3, 20),
        ({"start": 0, "count": 100, "total": 7}, 7, None),
        ({}, 3, None),
        ({"start": "0", "count": "5"}, 5, 5),
    ],
)
def test_a_list_ends_with_a_page_that_is_not_full_and_leads_nowhere(
    paging: Any, found: int, begins: int | None
) -> None:
    assert next_start(reply({"elements": [{}] * found, "paging": paging}), ()) == begins


def test_a_full_page_that_does_not_say_where_it_stands_is_no_end() -> None:
    with pytest.raises(BadReply):
        next_start(reply({"elements": [{}] * 100, "paging": {}}), ())


def test_posts_that_are_deleted_between_two_pages_move_nothing_out_of_sight() -> None:
    rig = rig_of(1000)
    parent, rows_of_posts = rig.parents(POST_STREAM)[0], Rows(POST_STREAM)
    listed = {row["id"] for row in rig.read(POST_STREAM).live.values() if row["author"] == organization(PAGES[0])}
    assert len(listed) > 100
    newest: list[str] = []
    rows_of_posts.begin(parent)
    for step in rig.walk(POST_STREAM, parent=parent):
        rows_of_posts.take(step, rig.sandbox.now())
        if not newest:
            newest = [str(json.loads(one)["id"]) for one in step.page.records[:3]]
            grant(rig)
            for urn in newest:
                assert POST_WRITE.delete
                rig.client.send(POST_WRITE.delete({"id": urn}, None, rig.context()))
    assert {row["id"] for row in rows_of_posts.live.values()} == listed


def test_only_roles_that_may_read_lead_to_a_page_and_each_page_is_asked_for_once() -> None:
    roles = [
        {"organization": "urn:li:organization:1", "role": "ADMINISTRATOR"},
        {"organizationTarget": "urn:li:organization:1", "role": "CONTENT_ADMIN"},
        {"organization": "urn:li:organization:2", "role": "DIRECT_SPONSORED_CONTENT_POSTER"},
        {"organizationTarget": "urn:li:organizationBrand:3", "role": "ADMINISTRATOR"},
    ]
    asked = ORGANIZATIONS.request({}, CONTEXT)
    page = ORGANIZATIONS.parse(asked, reply({"elements": roles, "paging": {}}), {}, CONTEXT)
    assert page.next is not None
    assert page.next.filled_path == "/rest/organizations/1"
    page = ORGANIZATIONS.parse(page.next, reply({"id": 1}), page.state, CONTEXT)
    assert page.next is not None
    assert page.next.filled_path == "/rest/organizations/3"
    assert ORGANIZATIONS.parse(page.next, reply({"id": 3}), page.state, CONTEXT).next is None


def test_a_member_without_a_page_is_told_so() -> None:
    with pytest.raises(UsageError, match="no Page"):
        CONNECTOR.discover(reply({"elements": [], "paging": {}}))
    one = {"elements": [{"organization": "urn:li:organization:1", "role": "ADMINISTRATOR"}]}
    assert CONNECTOR.discover(reply(one))["organization"] == "urn:li:organization:1"
    me = {"id": "x1", "localizedFirstName": "Ada", "localizedLastName": "Lovelace"}
    assert CONNECTOR.discover(reply(me)) == {"account": "Ada Lovelace", "member": "urn:li:person:x1"}
    assert CONNECTOR.discover(reply({"sub": "x1", "name": "Ada L."}))["member"] == "urn:li:person:x1"
    assert CONNECTOR.discover(reply({})) == {}


def test_a_timeline_is_left_at_the_beginning_of_the_last_walk() -> None:
    posts = [{"id": "urn:li:share:1", "lastModifiedAt": int((NOW - timedelta(days=1)).timestamp() * 1000)}]
    told = reply({"elements": posts, "paging": {"start": 0, "count": 1}})
    since = {"since": (NOW - timedelta(hours=2)).isoformat(), "full": NOW.isoformat()}
    asked = POST_STREAM.request(since, PAGE)
    assert asked.params["sortBy"] == "LAST_MODIFIED"
    assert POST_STREAM.parse(asked, told, since, PAGE).next is None
    assert POST_STREAM.parse(asked, told, {}, PAGE).next is not None


def test_comments_say_what_they_were_asked_by_and_answers_are_asked_for() -> None:
    urn = "urn:li:comment:(urn:li:activity:9,1)"
    comments = [
        {
            "id": "1",
            "object": "urn:li:activity:9",
            "commentUrn": urn,
            "commentsSummary": {"aggregatedTotalComments": 2},
        },
        {"id": "2", "object": "urn:li:activity:9", "commentUrn": "urn:li:comment:(urn:li:activity:9,2)"},
    ]
    state: State = {"inside": ["urn:li:share:7"]}
    asked = COMMENT_STREAM.request(state, PAGE)
    page = COMMENT_STREAM.parse(asked, reply({"elements": comments, "paging": {"start": 0, "count": 100}}), state, PAGE)
    assert [row["commented_on"] for row in rows(COMMENT_STREAM.columns, page.records)] == ["urn:li:share:7"] * 2
    assert page.next is not None
    assert page.next.args == {"urn": urn}
    answer = {"id": "3", "object": "urn:li:activity:9", "parentComment": urn}
    last = COMMENT_STREAM.parse(page.next, reply({"elements": [answer]}), page.state, PAGE)
    (row,) = rows(COMMENT_STREAM.columns, last.records)
    assert (row["commented_on"], row["parent_comment"], last.next) == (urn, urn, None)


def test_a_post_that_is_gone_before_its_comments_are_read_is_passed_over() -> None:
    rig = rig_of()
    grant(rig)
    assert POST_WRITE.delete
    parent = rig.parents(COMMENT_STREAM)[0]
    whole = [one for step in rig.walk(COMMENT_STREAM, parent=parent) for one in step.page.records]
    post = next(str(value_of(one, MARK)) for one in whole if str(value_of(one, MARK)).startswith("urn:li:share:"))
    gone = {str(value_of(one, "object")) for one in whole if value_of(one, MARK) == post}
    left: list[bytes] = []
    deleted = False
    for step in rig.walk(COMMENT_STREAM, parent=parent):
        left += step.page.records
        if not deleted:
            rig.client.send(POST_WRITE.delete({"id": post}, None, rig.context()))
            deleted = True
    assert left == [one for one in whole if str(value_of(one, "object")) not in gone]
    assert left != whole
    assert step.page.next is None
    assert step.page.state.keys() == {"since", "full"}


@pytest.mark.parametrize("name", ["uniqueImpressionsCount", "uniqueImpressionsCounts"])
def test_both_spellings_of_unique_impressions_are_read(name: str) -> None:
    figures = {"timeRange": {"start": 0, "end": 86_400_000}, "totalShareStatistics": {name: 7, "impressionCount": 9}}
    asked = SHARES.request({}, PAGE)
    page = SHARES.parse(asked, reply({"elements": [figures], "paging": {}}), {}, PAGE)
    (row,) = rows(SHARES.columns, page.records)
    assert (row["unique_impressions"], row["impressions"], row["day"]) == (7, 9, datetime(1970, 1, 1, tzinfo=UTC))


def test_figures_of_one_window_may_lead_on() -> None:
    links = [{"rel": "next", "href": "/rest/organizationalEntityShareStatistics?start=10&count=10"}]
    asked = SHARES.request({}, PAGE)
    day = {"timeRange": {"start": 0}, "totalShareStatistics": {}}
    page = SHARES.parse(asked, reply({"elements": [day], "paging": {"links": links}}), {}, PAGE)
    assert page.next is not None
    assert (page.next.params["start"], page.next.query) == ("10", asked.query)


def test_counters_of_old_posts_cost_no_calls() -> None:
    old, young = (int((NOW - timedelta(days=days)).timestamp() * 1000) for days in (91, 5))
    posts = [{"id": "urn:li:share:2", "createdAt": young}, {"id": "urn:li:share:1", "createdAt": old}]
    asked = SOCIAL_METADATA.request({}, PAGE)
    page = SOCIAL_METADATA.parse(asked, reply({"elements": posts, "paging": {"start": 0, "count": 2}}), {}, PAGE)
    assert page.next is not None
    assert page.next.args == {"urn": "urn:li:share:2"}
    last = SOCIAL_METADATA.parse(page.next, reply({"entity": "urn:li:activity:1"}), page.state, PAGE)
    assert (len(last.records), last.next) == (1, None)


# Records and pages that are not what one expects


def test_a_record_without_optional_members_is_a_row() -> None:
    (post,) = rows(POST_STREAM.columns, [record(id="urn:li:share:1", lastModifiedAt="1700000000000", more={"x": 1})])
    assert post["last_modified_at"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_post_without_a_time_does_not_end_a_walk() -> None:
    posts = {"elements": [{"id": "urn:li:share:1"}], "paging": {"start": 0, "count": 1}}
    since = {"since": NOW.isoformat(), "full": NOW.isoformat()}
    for stream in (POST_STREAM, COMMENT_STREAM, SOCIAL_METADATA):
        assert stream.parse(stream.request(since, PAGE), reply(posts), since, PAGE).next is not None


def test_a_page_that_linkedin_hides_is_told_and_not_taken_for_deleted() -> None:
    rig = rig_of()
    rig.sandbox.plan(Fault(match="GET api.linkedin.com/rest/organizations/*", kind="status", args={"status": 404}))
    with pytest.raises(RequestRefused, match="404"):
        rig.read(ORGANIZATIONS)
