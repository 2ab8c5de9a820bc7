"""Facebook Pages: what is read again and when, what a change means, posts and comments as they are written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.facebook import CONNECTOR
from connectors.facebook.streams import COMMENTS, CONVERSATIONS, PAGE, POSTS, REACTIONS, VISITOR_POSTS
from connectors.facebook.webhooks import INBOUND
from connectors.facebook.writes import COMMENT_WRITE, POST_WRITE
from connectors.sdk.base import Stream
from connectors.sdk.driver import walk
from connectors.sdk.inbound import Delivery, Event
from core.errors import CredentialRejected, RequestRefused, ScopeMissing, UsageError
from core.http import Request, Response
from core.model import Context, State
from sandbox.facebook.content import PAGE_ID
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.columns import rows
from tests.connectors.replies import NOW, record, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.facebook import TOLD
from tests.shared import needs_shared, recorded
from tests.spec.test_connector_requests import Listening

CONTEXT = Context(now=NOW, settings={"page_id": "77"})
OF_POST: State = {"inside": ["77_1"]}
WEEK = timedelta(days=7)


def told(count: int, following: bool = False) -> Response:
    paging = {"cursors": {"after": "c"}} | ({"next": "https://x"} if following else {})
    return reply({"data": [{"id": str(number)} for number in range(count)], "paging": paging})


def test_posts_of_the_last_four_weeks_are_read_again() -> None:
    state: State = {"since": "2026-11-01T00:00:00+00:00", "full": "2026-11-01T00:00:00+00:00", "seen": 3}
    asked = POSTS.request(state, CONTEXT)
    assert asked.filled_path == "/v26.0/77/published_posts"
    assert asked.params["since"] == int(datetime(2026, 10, 4, tzinfo=UTC).timestamp())
    assert "since" not in POSTS.request({}, CONTEXT).params
    middle = POSTS.parse(asked, told(100, following=True), state, CONTEXT)
    assert POSTS.request(middle.state, CONTEXT).params == {**asked.params, "after": "c"}


@pytest.mark.parametrize(("seen", "anew"), [(499, True), (500, False), (2000, False)])
def test_a_page_with_more_posts_than_can_be_listed_is_never_read_anew(seen: int, anew: bool) -> None:
    begun: State = {"began": (NOW - timedelta(hours=1)).isoformat(), "after": "c", "seen": seen - 1}
    first = POSTS.parse(POSTS.request(begun, CONTEXT), told(1), begun, CONTEXT)
    assert first.state["seen"] == seen
    assert first.whole is anew, "what such a walk does not see is not gone"
    later = replace(CONTEXT, now=NOW + WEEK)
    after = POSTS.parse(POSTS.request(first.state, later), told(0), first.state, later)
    assert (after.state == {}) is anew


def test_comments_and_reactions_of_a_post_that_is_gone_are_no_error() -> None:
    for stream in (COMMENTS, REACTIONS):
        assert stream.request(OF_POST, CONTEXT).optional
        assert not stream.request({}, CONTEXT).optional
        assert stream.pass_over
        assert stream.pass_over(OF_POST, CONTEXT) is not None


@pytest.mark.parametrize("stream", [PAGE, POSTS, COMMENTS, REACTIONS, VISITOR_POSTS, CONVERSATIONS])
def test_every_column_is_asked_for(stream: Stream) -> None:
    state = OF_POST if stream in (COMMENTS, REACTIONS) else {}
    fields = re.sub(r"\([^)]*\)|\{[^}]*\}", "", str(stream.request(state, CONTEXT).params["fields"]))
    asked = {name.partition(".")[0] for name in fields.split(",")}
    assert {c.source.partition("/")[0] for c in stream.columns if c.name != "post_id"} == asked


# Comments and reactions, inside posts


def post(number: int, days: int, comments: int = 0, following: bool = False) -> dict[str, Any]:
    """A post that is so many days old, and shows so many comments."""
    shown = told(comments, following).get("") if comments else None
    made = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": f"77_{number}", "created_time": made, **({"comments": shown} if shown else {})}


def test_comments_are_told_with_the_posts_in_the_same_words_as_by_themselves() -> None:
    outer, inner = COMMENTS.request({}, CONTEXT), COMMENTS.request(OF_POST, CONTEXT)
    assert (outer.filled_path, inner.filled_path) == ("/v26.0/77/published_posts", "/v26.0/77_1/comments")
    assert (inner.params["filter"], inner.params["order"]) == ("stream", "chronological")
    expanded = f"comments.filter(stream).order(chronological).limit(50){{{inner.params['fields']}}}"
    assert outer.params["fields"] == f"id,created_time,{expanded}"
    assert REACTIONS.request({}, CONTEXT).params["fields"] == "id,created_time,reactions.limit(100){id,name,type}"


def test_only_posts_that_may_have_more_comments_than_they_show_are_asked_for() -> None:
    posts = [post(1, 1, 3), post(2, 2, 50), post(3, 3, 1, following=True), post(4, 4)]
    page = COMMENTS.parse(COMMENTS.request({}, CONTEXT), reply({"data": posts}), {}, CONTEXT)
    assert [(row["post_id"], row["id"]) for row in rows(COMMENTS.columns, page.records)] == [
        ("77_1", "0"), ("77_1", "1"), ("77_1", "2"),
    ]  # fmt: skip
    assert page.next is not None
    assert (page.next.filled_path, page.state["inside"]) == ("/v26.0/77_2/comments", ["77_2", "77_3"])
    more = COMMENTS.parse(page.next, told(1), page.state, CONTEXT)
    assert [(row["post_id"], row["id"]) for row in rows(COMMENTS.columns, more.records)] == [("77_2", "0")]


def test_comments_on_posts_of_four_weeks_are_read_each_time_and_all_of_them_once_a_week() -> None:
    state: State = {"since": NOW.isoformat(), "full": NOW.isoformat(), "seen": 3}
    listed = {"data": [post(1, 1), post(2, 29)], "paging": {"cursors": {"after": "c"}, "next": "https://x"}}
    young = COMMENTS.parse(COMMENTS.request(state, CONTEXT), reply(listed), state, CONTEXT)
    assert (young.next, young.state) == (None, state)
    later = replace(CONTEXT, now=NOW + WEEK)
    assert COMMENTS.parse(COMMENTS.request(state, later), reply(listed), state, later).state == {}
    whole = COMMENTS.parse(COMMENTS.request({}, CONTEXT), reply(listed), {}, CONTEXT)
    assert whole.next is not None
    assert whole.next.params["after"] == "c"


def test_where_posts_may_be_left_out_no_comment_on_them_is_taken_for_gone() -> None:
    began = (NOW - WEEK).isoformat()
    state: State = {"since": began, "full": began, "seen": 500}
    after = COMMENTS.parse(COMMENTS.request(state, CONTEXT), reply({"data": []}), state, CONTEXT).state
    assert after, "a walk from an empty state would sweep"
    listed = {"data": [post(1, 400)], "paging": {"cursors": {"after": "c"}, "next": "https://x"}}
    anew = COMMENTS.parse(COMMENTS.request(after, CONTEXT), reply(listed), after, CONTEXT)
    assert anew.next is not None, "all of them are read"
    assert anew.state["seen"] == 1


def test_posts_that_hold_too_much_are_asked_for_by_halves() -> None:
    asked: list[tuple[str, int]] = []

    def send(request: Request) -> Response:
        limit, begin = int(str(request.params["limit"])), int(str(request.params.get("after", 0)))
        asked.append((request.filled_path, limit))
        if limit > 25:
            return reply({"error": {"message": "Please reduce the amount of data you're asking for", "code": 1}}, 500)
        if request.filled_path.endswith("/comments"):
            return told(2)
        shown = [post(number, number, 50 if number == 7 else 1) for number in range(begin, min(begin + limit, 30))]
        paging = {"cursors": {"after": str(begin + limit)}} | ({"next": "https://x"} if begin + limit < 30 else {})
        return reply({"data": shown, "paging": paging})

    steps = list(walk(COMMENTS, send, {}, CONTEXT))
    posts, comments = "/v26.0/77/published_posts", "/v26.0/77_7/comments"
    assert asked == [(posts, 50), (posts, 25), (comments, 25), (posts, 25)]
    assert sum(len(step.page.records) for step in steps) == 31
    assert "limit" not in steps[-1].page.state


def test_a_post_is_typed_though_most_of_it_may_be_missing() -> None:
    full = record(
        id="77_1",
        created_time="2026-04-06T17:50:09+0000",
        shares={"count": 3},
        reactions={"data": [], "summary": {"total_count": 4}},
        attachments={"data": [{"media_type": "photo"}]},
        something_new={"a": 1},
    )
    one, other = rows(POSTS.columns, [full, record(id="77_2")])
    assert (one["created_at"], one["shares_count"]) == (datetime(2026, 4, 6, 17, 50, 9, tzinfo=UTC), 3)
    assert (one["reactions_count"], one["comments_count"], other["shares_count"]) == (4, None, None)


# Signing in


@pytest.mark.parametrize("page_id", ["", PAGE_ID])
def test_the_token_of_a_page_is_found_in_the_list_or_by_its_id(page_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = {**SAMPLES["facebook"]["oauth2"], "page_id": page_id}
    monkeypatch.setattr("tests.contract.rig.SAMPLES", {"facebook": {"oauth2": sample}})
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("facebook", 20))
    assert rig.settings == {**rig.settings, "account": "Sandbox Labs", "page_id": PAGE_ID}
    assert rig.credential.expires_at is None
    paths = [call.path for call in rig.sandbox.calls]
    assert ("/v26.0/me/accounts" in paths) is (page_id == "")


def test_a_call_without_the_proof_of_the_secret_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = {"token": SAMPLES["facebook"]["page_token"]["token"]}
    monkeypatch.setattr("tests.contract.rig.SAMPLES", {"facebook": {"page_token": sample}})
    with pytest.raises(CredentialRejected) as refused:
        Rig(connector=CONNECTOR, method="page_token", sandbox=sandbox_of("facebook", 20))
    assert "app secret" in refused.value.advice


# Webhooks


def event(**value: Any) -> Event:
    entry = {"id": "77", "time": 1788505200, "changes": [{"field": "feed", "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    (found,) = INBOUND.events(Delivery(method="POST", url="https://x", body=body))
    return found


@pytest.mark.parametrize(
    ("value", "stream", "key", "deleted"),
    [
        ({"item": "status", "verb": "add", "post_id": "77_1"}, "posts", {"id": "77_1"}, False),
        ({"item": "photo", "verb": "edited", "post_id": "77_1"}, "posts", {"id": "77_1"}, False),
        ({"item": "post", "verb": "remove", "post_id": "77_1"}, "posts", {"id": "77_1"}, True),
        ({"item": "comment", "verb": "add", "post_id": "77_1", "comment_id": "1_2"}, "comments", {"id": "1_2"}, False),
        ({"item": "comment", "verb": "remove", "comment_id": "1_2"}, "comments", {"id": "1_2"}, True),
        (
            {"item": "reaction", "verb": "remove", "post_id": "77_1", "from": {"id": "5", "name": "A"}},
            "reactions",
            {"post_id": "77_1", "id": "5"},
            True,
        ),
        ({"item": "reaction", "verb": "add", "post_id": "77_1"}, "posts", {"id": "77_1"}, False),
        (
            {"item": "reaction", "verb": "remove", "post_id": "77_1", "comment_id": "1_2"},
            "comments",
            {"id": "1_2"},
            False,
        ),
        ({"item": "something new", "verb": "add"}, "", {}, False),
        ({}, "", {}, False),
    ],
)
def test_what_a_change_means(value: dict[str, Any], stream: str, key: dict[str, str], deleted: bool) -> None:
    found = event(**value)
    assert (found.stream, dict(found.key), found.deleted) == (stream, key, deleted)
    assert found.account == "77"


def test_a_reaction_that_is_taken_back_where_nobody_is_named_takes_no_post_along() -> None:
    found = event(item="reaction", verb="remove", post_id="77_1")
    assert (found.stream, found.deleted) == ("posts", False)


def test_an_event_told_again_has_the_same_id_and_another_change_another() -> None:
    one, again = event(item="status", verb="add", post_id="1"), event(item="status", verb="add", post_id="1")
    assert one.id == again.id
    assert one.id != event(item="status", verb="edited", post_id="1").id
    assert one.at == datetime(2026, 9, 4, 7, tzinfo=UTC)


@needs_shared
def test_the_worked_example_is_a_comment() -> None:
    body = recorded("facebook", "webhook_vectors.json")["vectors"]["body"].encode()
    (found,) = INBOUND.events(Delivery(method="POST", url="https://x", body=body))
    assert (found.kind, found.stream, dict(found.key)) == ("feed.comment.add", "comments", {"id": "1_2"})


# Writes


def test_a_post_is_created_once_and_changed_as_often_as_need_be() -> None:
    assert POST_WRITE.create
    assert POST_WRITE.update
    assert POST_WRITE.delete
    made = POST_WRITE.create({"message": "Hello", "is_published": False, "scheduled_at": 1788505200}, CONTEXT)
    assert (made.method, made.filled_path, made.repeatable) == ("POST", "/v26.0/77/feed", False)
    assert made.json == {"message": "Hello", "published": False, "scheduled_publish_time": 1788505200}
    changed = POST_WRITE.update({"id": "77_1"}, {"is_published": True}, None, CONTEXT)
    assert (changed.method, changed.filled_path) == ("POST", "/v26.0/77_1")
    assert (changed.json, changed.repeatable) == ({"is_published": True}, True)
    gone = POST_WRITE.delete({"id": "77_1"}, None, CONTEXT)
    assert (gone.method, gone.filled_path) == ("DELETE", "/v26.0/77_1")
    with pytest.raises(UsageError, match="is_hidden"):
        POST_WRITE.create({"message": "Hello", "is_hidden": True}, CONTEXT)


def test_a_comment_names_what_it_is_a_comment_on() -> None:
    assert COMMENT_WRITE.create
    assert COMMENT_WRITE.update
    on_post = COMMENT_WRITE.create({"post_id": "77_1", "message": "Thanks"}, CONTEXT)
    answer = COMMENT_WRITE.create({"post_id": "77_1", "parent_id": "1_2", "message": "Thanks"}, CONTEXT)
    assert (on_post.filled_path, answer.filled_path) == ("/v26.0/77_1/comments", "/v26.0/1_2/comments")
    assert (on_post.json, on_post.repeatable) == ({"message": "Thanks"}, False)
    with pytest.raises(UsageError, match="comment"):
        COMMENT_WRITE.create({"message": "Thanks"}, CONTEXT)
    hidden = COMMENT_WRITE.update({"id": "1_2"}, {"is_hidden": True}, None, CONTEXT)
    assert hidden.json == {"is_hidden": True}
    with pytest.raises(UsageError, match="post_id"):
        COMMENT_WRITE.update({"id": "1_2"}, {"post_id": "77_2"}, None, CONTEXT)


def writing(sandbox: Sandbox) -> Rig:
    return Rig(connector=CONNECTOR, method="page_token", sandbox=sandbox, small_pages=False)


@needs_shared
def test_a_post_lives_and_goes_as_the_lists_of_nodes_have_it() -> None:
    sandbox = Listening("facebook")
    rig = writing(sandbox)
    written_and_gone(rig, POST_WRITE, {"message": "Hello there"}, {"message": "Goodbye"})
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


@needs_shared
def test_a_comment_lives_and_goes_as_the_lists_of_nodes_have_it() -> None:
    sandbox = Listening("facebook")
    rig = writing(sandbox)
    post = next(iter(rig.read(POSTS).live.values()))["id"]
    create, update, delete, read = COMMENT_WRITE.create, COMMENT_WRITE.update, COMMENT_WRITE.delete, COMMENT_WRITE.read
    assert create
    assert update
    assert delete
    assert read
    key = COMMENT_WRITE.created(rig.client.send(create({"post_id": post, "message": "Thanks"}, rig.context())))
    rig.client.send(update(key, {"message": "Thank you"}, None, rig.context()))
    assert rig.client.send(read(key, rig.context())).get("message") == "Thank you"
    with pytest.raises(ScopeMissing):
        rig.client.send(update(key, {"is_hidden": True}, None, rig.context()))
    rig.client.send(delete(key, None, rig.context()))
    with pytest.raises(RequestRefused):
        rig.client.send(read(key, rig.context()))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


def test_an_unpublished_post_is_published_by_a_change_that_can_be_repeated() -> None:
    rig = writing(sandbox_of("facebook", 20))
    assert POST_WRITE.create
    assert POST_WRITE.update
    made = POST_WRITE.create({"message": "Soon", "is_published": False}, rig.context())
    key = POST_WRITE.created(rig.client.send(made))
    assert key["id"] not in {row["id"] for row in rig.read(POSTS).live.values()}
    for _ in range(2):
        rig.client.send(POST_WRITE.update(key, {"is_published": True}, None, rig.context()))
    assert key["id"] in {row["id"] for row in rig.read(POSTS).live.values()}
    with pytest.raises(RequestRefused, match="Duplicate"):
        rig.client.send(made)
