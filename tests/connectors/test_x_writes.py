"""X: posts and hidden answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.x import CONNECTOR
from connectors.x.streams import POSTS, REPLIES
from connectors.x.writes import HIDING, POST_WRITE
from core.errors import IntegrationError, UsageError
from tests.columns import rows
from tests.connectors.x_parts import CONTEXT, written
from tests.contract.rig import Rig, sandbox_of
from tests.contract.rows import Rows


def test_a_post_is_written_as_the_vendor_tells() -> None:
    create, delete, read, hide = written()
    assert (create.method, create.path, create.json, create.repeatable) == (
        "POST",
        "/2/tweets",
        {"text": "Hello"},
        False,
    )
    assert (delete.method, delete.filled_path) == ("DELETE", "/2/tweets/5")
    assert read.filled_path == "/2/tweets/5"
    assert (hide.method, hide.filled_path, hide.json) == ("PUT", "/2/tweets/5/hidden", {"hidden": True})
    assert POST_WRITE.create
    given: dict[str, Any] = {
        "text": "Yes",
        "answers_id": "1",
        "quotes_id": "2",
        "edits_id": "3",
        "media_ids": ["4"],
        "made_with_ai": True,
    }
    poll: dict[str, Any] = {"poll_options": ["a", "b"], "poll_minutes": 60, "reply_settings": None}
    assert POST_WRITE.create({**given, **poll}, CONTEXT).json == {
        "text": "Yes",
        "reply": {"in_reply_to_tweet_id": "1"},
        "quote_tweet_id": "2",
        "edit_options": {"previous_post_id": "3"},
        "media": {"media_ids": ["4"]},
        "made_with_ai": True,
        "poll": {"options": ["a", "b"], "duration_minutes": 60},
    }


@pytest.mark.parametrize("given", [{}, {"text": ""}, {"text": "Which?", "poll_options": ["a", "b"]}])
def test_a_post_that_says_nothing_is_not_sent(given: dict[str, Any]) -> None:
    assert POST_WRITE.create
    with pytest.raises(UsageError):
        POST_WRITE.create(given, CONTEXT)


@pytest.mark.parametrize("changes", [{}, {"hidden": "yes"}, {"text": "other"}])
def test_of_an_answer_only_hidden_is_written(changes: dict[str, Any]) -> None:
    assert HIDING.update
    with pytest.raises(UsageError):
        HIDING.update({"id": "5"}, changes, None, CONTEXT)


def writing() -> Rig:
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("x", 60))
    for held in rig.sandbox.accepted.of("x"):
        rig.sandbox.accepted.add(replace(held, scopes=(*held.scopes, "tweet.write", "tweet.moderate.write")))
    return rig


def test_a_post_is_created_found_edited_and_deleted() -> None:
    rig = writing()
    create, read, delete = POST_WRITE.create, POST_WRITE.read, POST_WRITE.delete
    assert create
    assert read
    assert delete
    key = POST_WRITE.created(rig.client.send(create({"text": "A first wrod"}, rig.context())))
    found = POST_WRITE.record_of(rig.client.send(read(key, rig.context())))
    assert found is not None
    (row,) = rows(POSTS.columns, [found])
    assert (row["id"], row["text"]) == (key["id"], "A first wrod")
    edited = {"text": "A first word", "edits_id": key["id"]}
    successor = POST_WRITE.created(rig.client.send(create(edited, rig.context())))
    assert successor != key
    kept = Rows(POSTS)
    rig.sync(POSTS, kept)
    assert (successor["id"],) in kept.live
    rig.client.send(delete(successor, None, rig.context()))
    with pytest.raises(IntegrationError):
        rig.client.send(read(successor, rig.context()))
    rig.sync(POSTS, kept)
    assert (successor["id"],) not in kept.live
    again = create({"text": "A second"}, rig.context())
    rig.client.send(again)
    with pytest.raises(IntegrationError, match="duplicate"):
        rig.client.send(again)


def test_an_answer_is_hidden() -> None:
    rig = writing()
    rig.sandbox.advance(days=5)
    asked = REPLIES.request({}, rig.context())
    found = rows(REPLIES.columns, REPLIES.parse(asked, rig.client.send(asked), {}, rig.context()).records)
    own = {row["id"] for row in rig.read(POSTS).live.values()}
    answer = next(row for row in found if row["conversation_id"] in own)
    assert HIDING.update
    hidden = rig.client.send(HIDING.update({"id": str(answer["id"])}, {"hidden": True}, None, rig.context()))
    assert hidden.get("data/hidden") is True
