"""X: timelines of numbered posts, counters that move, answers, errors beside data, money."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.auth import OAuth2
from connectors.sdk.base import Stream
from connectors.sdk.x import first_id_after, made_at
from connectors.x import CONNECTOR
from connectors.x.streams import ACCOUNT, DIRECT_MESSAGES, FOLLOWERS, MENTIONS, POSTS, REPLIES
from core.classify import Disposition
from core.errors import CredentialMalformed
from core.model import Context, Deletion, Page, State
from core.pacing import Observation
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.x_parts import CONTEXT, written

PROBLEM = "https://api.x.com/2/problems/"
OLD_PROBLEM = "https://api.twitter.com/2/problems/"


def problem(slug: str, host: str = PROBLEM, **more: Any) -> dict[str, Any]:
    return {"title": "Problem", "detail": "It went wrong.", "type": f"{host}{slug}", **more}


def test_ids_begin_with_the_milliseconds_since_the_epoch_of_x() -> None:
    # A post of X's documentation: 1212092628029698048 was made at 2019-12-31T19:26:16.000Z.
    made = datetime(2019, 12, 31, 19, 26, 16, tzinfo=UTC)
    assert first_id_after(made) <= 1212092628029698048 < first_id_after(made + timedelta(seconds=1))
    assert made <= made_at("1212092628029698048") < made + timedelta(seconds=1)


def test_posts_of_the_last_week_are_read_again_and_mentions_are_not() -> None:
    fresh = first_id_after(NOW - timedelta(hours=1))
    told = reply({"data": [{"id": str(fresh), "text": "new"}], "meta": {"result_count": 1}})
    posts = POSTS.parse(POSTS.request({}, CONTEXT), told, {}, CONTEXT)
    mentions = MENTIONS.parse(MENTIONS.request({}, CONTEXT), told, {}, CONTEXT)
    assert posts.state == {"since": str(first_id_after(NOW - timedelta(days=7))), "known": [str(fresh)]}
    assert mentions.state == {"since": str(fresh)}
    assert POSTS.request(posts.state, CONTEXT).params["since_id"] == posts.state["since"]


@pytest.mark.parametrize("stream", [POSTS, MENTIONS, REPLIES, DIRECT_MESSAGES])
def test_what_a_timeline_no_longer_shows_is_not_gone(stream: Stream) -> None:
    assert not stream.sweep


def test_a_timeline_is_asked_with_the_parameter_that_is_set() -> None:
    request = POSTS.request({}, CONTEXT)
    assert (request.path, request.filled_path) == ("/2/users/{user_id}/tweets", "/2/users/2244994945/tweets")
    assert "tweet.fields" in request.params
    renamed = Context(now=NOW, settings={"user_id": "1", "fields_parameter": "post.fields"})
    asked = POSTS.request({}, renamed).params
    assert "public_metrics" in str(asked["post.fields"])
    assert "note_post" in str(asked["post.fields"])
    assert "tweet.fields" not in asked
    # What the newer parameter does not take is expanded.
    assert asked["expansions"] == "author_id,in_reply_to_user_id,referenced_posts"
    assert "author_id" not in str(asked["post.fields"])
    assert "expansions" not in request.params


def test_pages_go_on_to_the_token_also_behind_a_short_one() -> None:
    told = reply({"data": [{"id": "5", "text": "a"}], "meta": {"next_token": "n"}})
    page = MENTIONS.parse(MENTIONS.request({}, CONTEXT), told, {}, CONTEXT)
    assert page.next is not None
    assert page.next.params["pagination_token"] == "n"
    assert MENTIONS.request(page.state, CONTEXT).fingerprint() == page.next.fingerprint()


def test_an_empty_page_has_no_data_at_all() -> None:
    for stream in CONNECTOR.streams:
        page = stream.parse(stream.request({}, CONTEXT), reply({"meta": {"result_count": 0}}), {}, CONTEXT)
        assert (list(page.records), page.next) == ([], None)


def test_errors_about_single_records_do_not_fail_a_page() -> None:
    body = {
        "data": [{"id": "5", "text": "a"}],
        "errors": [
            problem("resource-not-found", parameter="referenced_tweets.id", resource_type="tweet", value="4"),
            problem("not-authorized-for-resource", parameter="author_id", resource_type="user", value="9"),
            problem("resource-not-found", parameter="entities.mentions.username", resource_type="user"),
        ],
        "meta": {"result_count": 1},
    }
    assert meant(CONNECTOR, 200, body) is Disposition.OK
    assert len(POSTS.parse(POSTS.request({}, CONTEXT), reply(body), {}, CONTEXT).records) == 1


@pytest.mark.parametrize("parameter", ["id", "username"])
def test_errors_about_the_account_asked_for_fail_the_call_though_it_says_200(parameter: str) -> None:
    body = {"errors": [problem("resource-not-found", parameter=parameter, resource_type="user", value="x")]}
    assert meant(CONNECTOR, 200, body) is Disposition.FAIL


def test_renamed_fields_have_columns_of_their_own() -> None:
    old = {"id": "1", "text": "a", "public_metrics": {"retweet_count": 3}, "edit_history_tweet_ids": ["1"]}
    new = {"id": "2", "text": "b", "public_metrics": {"repost_count": 4}, "edit_history_post_ids": ["2"]}
    page = POSTS.parse(POSTS.request({}, CONTEXT), reply({"data": [old, new]}), {}, CONTEXT)
    one, other = rows(POSTS.columns, page.records)
    assert (one["retweet_count"], one["repost_count"], one["edit_history_tweet_ids"]) == (3, None, ["1"])
    assert (other["retweet_count"], other["repost_count"], other["edit_history_post_ids"]) == (None, 4, ["2"])


def test_the_account_is_one_snapshot() -> None:
    metrics = {"followers_count": 5, "following_count": 6, "tweet_count": 7, "listed_count": 8}
    told = reply({"data": {"id": "1", "username": "ada", "public_metrics": metrics}})
    (row,) = rows(ACCOUNT.columns, ACCOUNT.parse(ACCOUNT.request({}, CONTEXT), told, {}, CONTEXT).records)
    assert {name: row[name] for name in metrics} == metrics
    assert (ACCOUNT.mode, FOLLOWERS.sweep) == ("snapshot", True)


def test_whose_account_it_is_depends_on_the_credential() -> None:
    assert CONNECTOR.probe("oauth2", {}).path == "/2/users/me"
    named = CONNECTOR.probe("app_bearer", {"username": "ada"})
    assert named.filled_path == "/2/users/by/username/ada"
    public = Context(now=NOW, settings={"user_id": "1", "username": "ada"})
    assert ACCOUNT.request({}, public).fingerprint() == named.fingerprint()
    assert CONNECTOR.discover(reply({"data": {"id": "1", "username": "ada"}})) == {"account": "@ada", "user_id": "1"}


def test_each_path_has_a_budget_of_its_own() -> None:
    asked = [stream.request({}, CONTEXT) for stream in CONNECTOR.streams]
    asked += [
        CONNECTOR.probe("app_bearer", {"username": "ada"}),
        *written(),
    ]
    for request in asked:
        (limit,) = CONNECTOR.rate_limit.covering(request)
        headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1800000000"}
        told = CONNECTOR.rate_limit.dialect(request, reply({}, headers=headers), NOW.timestamp())
        assert told == (Observation(bucket=limit.bucket, remaining=0, resets_at=1_800_000_000),)
        assert limit.bucket == f"{request.method} {request.path}"


@pytest.mark.parametrize("whose", ["app", "user"])
def test_a_limit_of_a_day_counts_once_it_is_used_up(whose: str) -> None:
    asked = POSTS.request({}, CONTEXT)
    headers = {"x-rate-limit-remaining": "9", "x-rate-limit-reset": "1800000000"}
    by_day = {f"x-{whose}-limit-24hour-remaining": "0", f"x-{whose}-limit-24hour-reset": "1800009999"}
    dialect = CONNECTOR.rate_limit.dialect
    bucket = "GET /2/users/{user_id}/tweets"
    assert dialect(asked, reply({}, headers={**headers, **by_day}), NOW.timestamp()) == (
        Observation(bucket=bucket, remaining=9, resets_at=1_800_000_000),
        Observation(bucket=bucket, remaining=0, resets_at=1_800_009_999),
    )
    by_day[f"x-{whose}-limit-24hour-remaining"] = "7000"
    assert len(dialect(asked, reply({}, headers={**headers, **by_day}), NOW.timestamp())) == 1


def test_a_refresh_token_works_once_so_the_new_one_is_kept() -> None:
    method = CONNECTOR.method("oauth2")
    assert isinstance(method, OAuth2)
    assert method.rotates
    assert "offline.access" in method.scopes
    assert {scope for stream in CONNECTOR.streams for scope in stream.scopes} <= set(method.scopes)


V1_EXPIRED = {"errors": [{"code": 89, "message": "Invalid or expired token."}]}
V1_LIMIT = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
V1_ACCESS = {"errors": [{"code": 220, "message": "Your credentials do not allow access to this resource."}]}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, {"title": "Unauthorized", "type": "about:blank", "status": 401}, Disposition.REFRESH_TOKEN),
        (401, V1_EXPIRED, Disposition.REFRESH_TOKEN),
        (403, V1_EXPIRED, Disposition.REFRESH_TOKEN),
        (400, {"error": "invalid_request", "error_description": "…"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "invalid_grant", "error_description": "…"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "unauthorized_client", "error_description": "…"}, Disposition.CREDENTIAL_REJECTED),
        (403, problem("unsupported-authentication"), Disposition.SCOPE_MISSING),
        (403, problem("client-forbidden", reason="client-not-enrolled"), Disposition.SCOPE_MISSING),
        (403, problem("oauth1-permissions"), Disposition.SCOPE_MISSING),
        (403, V1_ACCESS, Disposition.SCOPE_MISSING),
        (403, problem("not-authorized-for-resource"), Disposition.SCOPE_MISSING),
        (403, problem("field-unauthorized"), Disposition.SCOPE_MISSING),
        (403, problem("not-authorized-for-field"), Disposition.SCOPE_MISSING),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, Disposition.FAIL),
        (403, {"detail": "You are not permitted to perform this action."}, Disposition.FAIL),
        (403, problem("client-not-enrolled"), Disposition.SCOPE_MISSING),
        (403, {"reason": "client-not-enrolled", "type": "about:blank"}, Disposition.SCOPE_MISSING),
        (403, problem("disallowed-resource"), Disposition.SCOPE_MISSING),
        (402, {"title": "CreditsDepleted"}, Disposition.QUOTA_EXHAUSTED),
        (402, "", Disposition.QUOTA_EXHAUSTED),
        (429, {"title": "CreditsDepleted", "type": "about:blank"}, Disposition.QUOTA_EXHAUSTED),
        (403, problem("credits"), Disposition.QUOTA_EXHAUSTED),
        (403, {"title": "SpendCapReached", "type": "about:blank"}, Disposition.QUOTA_EXHAUSTED),
        (429, problem("usage-capped", period="Monthly"), Disposition.QUOTA_EXHAUSTED),
        (429, problem("usage-capped", OLD_PROBLEM, period="Monthly"), Disposition.QUOTA_EXHAUSTED),
        (429, problem("rate-limit-exceeded"), Disposition.RATE_LIMITED),
        (429, {"title": "Too Many Requests", "type": "about:blank", "status": 429}, Disposition.RATE_LIMITED),
        (429, V1_LIMIT, Disposition.RATE_LIMITED),
        (400, {"code": 88, "message": "Rate limit exceeded"}, Disposition.RATE_LIMITED),
        (401, {"code": 89, "message": "Invalid or expired token."}, Disposition.REFRESH_TOKEN),
        (403, {"code": 220, "message": "…"}, Disposition.SCOPE_MISSING),
        (429, problem("rate-limit-exceeded", OLD_PROBLEM), Disposition.RATE_LIMITED),
        (400, problem("invalid-request"), Disposition.FAIL),
        (404, problem("resource-not-found"), Disposition.FAIL),
        (410, "", Disposition.FAIL),
        (409, problem("rule-conflict"), Disposition.FAIL),
        (500, problem("internal-error"), Disposition.RETRY),
        (502, "", Disposition.RETRY),
        (503, "<html>", Disposition.RETRY),
        (504, "", Disposition.RETRY),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize("parameter", ["pagination_token", "next_token", "since_id"])
def test_a_place_that_x_no_longer_takes_begins_the_walk_again(parameter: str) -> None:
    body = problem("invalid-request", errors=[{"message": "…", "parameters": {parameter: ["7140"]}}])
    assert meant(CONNECTOR, 400, body) is Disposition.RESET_STATE
    body = problem("invalid-request", errors=[{"message": "…", "parameters": {"max_results": ["7"]}}])
    assert meant(CONNECTOR, 400, body) is Disposition.FAIL


def test_a_bearer_token_begins_with_a_row_of_a() -> None:
    token, username = CONNECTOR.method("app_bearer").fields
    assert token.check("A" * 22 + "bC%3D" * 17)
    for wrong in ("bC%3D" * 20, "A" * 22, "A" * 22 + "b-" * 40):
        with pytest.raises(CredentialMalformed):
            token.check(wrong)
    with pytest.raises(CredentialMalformed):
        username.check("@ada")


# What is read besides


def test_a_post_that_was_edited_is_gone_once_its_successor_is_read() -> None:
    found = [
        {"id": "9", "text": "right", "edit_history_tweet_ids": ["5", "7", "9"]},
        {"id": "4", "text": "as it was", "edit_history_post_ids": ["4"]},
        {"id": "2", "text": "of which we know what became", "edit_history_tweet_ids": ["2", "9"]},
        {"id": "3", "text": "of old"},
    ]
    for stream in (POSTS, MENTIONS):
        page = stream.parse(stream.request({}, CONTEXT), reply({"data": found}), {}, CONTEXT)
        assert page.deleted == [Deletion(match={"id": "5"}), Deletion(match={"id": "7"})]


def listing(*hours: int, token: str = "", counted: bool = True) -> Any:
    """Posts of so many hours ago."""
    data = [{"id": str(first_id_after(NOW - timedelta(hours=one))), "text": "a"} for one in hours]
    meta = ({"result_count": len(data)} if counted else {}) | ({"next_token": token} if token else {})
    return reply({**({"data": data} if data else {}), "meta": meta})


def after(state: State, *pages: Any, days: int = 0) -> Page:
    """The last page of a walk."""
    context = replace(CONTEXT, now=NOW + timedelta(days=days))
    asked = POSTS.request(state, context)
    for one in pages:
        page = POSTS.parse(asked, one, state, context)
        state, asked = json.loads(json.dumps(dict(page.state))), page.next or asked
    return page


def test_a_post_of_the_last_week_that_is_not_listed_again_is_gone() -> None:
    first = after({}, listing(1, 2, 3, token="n"), listing(4, 24 * 30))
    known = [str(first_id_after(NOW - timedelta(hours=one))) for one in (1, 2, 3, 4)]
    assert (first.state["known"], first.deleted) == (known, [])
    second = after(first.state, listing(1, token="n"), listing(3, 4), days=1)
    assert second.deleted == [Deletion(match={"id": known[1]})]
    # Days later: what settled meanwhile is looked at once more, and then no longer.
    third = after(second.state, listing(1), days=8)
    assert {gone.match["id"] for gone in third.deleted} == {known[2], known[3]}
    assert "known" not in third.state
    assert after(third.state, listing(), days=9).deleted == []


def test_an_empty_list_means_that_all_is_gone_only_where_it_says_so() -> None:
    first = after({}, listing(1))
    assert len(after(first.state, listing()).deleted) == 1
    assert after(first.state, listing(counted=False)).deleted == []


def test_a_list_that_may_have_been_cut_off_leaves_out_what_is_not_gone() -> None:
    first = after({}, listing(100))
    assert after(first.state, listing(*[1] * 3000)).deleted == []


def test_answers_are_searched_for_by_whom_they_answer() -> None:
    asked = REPLIES.request({"since": "4"}, CONTEXT)
    assert (asked.path, asked.params["query"]) == ("/2/tweets/search/recent", "to:2244994945 is:reply")
    assert (asked.params["since_id"], asked.params["max_results"]) == ("4", 100)
    found = {"data": [{"id": "8", "text": "Indeed"}], "meta": {"result_count": 1, "next_token": "n"}}
    page = REPLIES.parse(asked, reply(found), {"since": "4"}, CONTEXT)
    assert page.next is not None
    assert page.next.params["pagination_token"] == "n"
    assert REPLIES.parse(page.next, reply({"meta": {"result_count": 0}}), page.state, CONTEXT).state == {"since": "8"}


def test_messages_are_read_down_to_those_of_the_last_walk() -> None:
    asked = DIRECT_MESSAGES.request({}, CONTEXT)
    assert "sender_id" in str(asked.params["dm_event.fields"])
    fresh, old = (str(first_id_after(NOW - timedelta(hours=hours))) for hours in (1, 4))
    state = {"since": (NOW - timedelta(hours=2)).isoformat()}
    events = [{"id": one, "event_type": "MessageCreate", "text": "Hello"} for one in (fresh, old)]
    told = {"data": events, "meta": {"result_count": 2, "next_token": "n"}}
    assert DIRECT_MESSAGES.parse(asked, reply(told), state, CONTEXT).next is None
    assert DIRECT_MESSAGES.parse(asked, reply(told), {}, CONTEXT).next is not None
    assert DIRECT_MESSAGES.methods == ("oauth2",)
