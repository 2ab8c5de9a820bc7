"""X: challenges, signatures and events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.sdk.inbound import Delivery, Event
from connectors.x.webhooks import INBOUND
from core.errors import SignatureRefused
from tests.connectors.replies import NOW
from tests.shared import needs_shared, recorded

SECRET = {"consumer_secret": "test_consumer_secret"}
HOOK = Delivery(method="POST", url="https://hooks.example.com/")


def told_of(kind: str, payload: Any, **more: Any) -> Event:
    data = {"event_uuid": "1", "filter": {"user_id": "7"}, "event_type": kind, "payload": payload, **more}
    (event,) = INBOUND.events(replace(HOOK, body=json.dumps({"data": data}).encode()))
    return event


@needs_shared
def test_a_call_signed_as_the_vendor_tells_is_accepted() -> None:
    vector = recorded("x", "webhook_vectors.json")["vectors"]
    values = {"consumer_secret": vector["secret"]}
    call = replace(HOOK, headers={vector["header"]: vector["value"]}, body=vector["body"].encode())
    INBOUND.verify(call, values, NOW)
    for wrong in (replace(call, body=call.body + b" "), replace(call, headers={})):
        with pytest.raises(SignatureRefused):
            INBOUND.verify(wrong, values, NOW)
    (event,) = INBOUND.events(call)
    assert (event.id, event.kind, event.account) == ("2080761390344937796", "post.create", "1111111111111111111")
    assert (event.stream, event.key, event.deleted) == ("posts", {"id": "2080761390344937796"}, False)
    asked = replace(HOOK, method="GET", params={"crc_token": vector["crc_token"]})
    answer = INBOUND.handshake(asked, values)
    assert answer is not None
    assert json.loads(answer.body) == {"response_token": vector["crc_response"]}
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_only_a_challenge_is_answered() -> None:
    assert INBOUND.handshake(replace(HOOK, params={"crc_token": "a"}), SECRET) is None
    assert INBOUND.handshake(replace(HOOK, method="GET"), SECRET) is None


@pytest.mark.parametrize("token", ["", '{"data":{}}', "[]", "a b", "a" * 513])
def test_a_challenge_that_could_be_an_event_is_not_signed(token: str) -> None:
    with pytest.raises(SignatureRefused):
        INBOUND.handshake(replace(HOOK, method="GET", params={"crc_token": token}), SECRET)


@pytest.mark.parametrize(
    ("kind", "payload", "stream", "key", "deleted"),
    [
        ("post.create", {"id": "5"}, "posts", {"id": "5"}, False),
        ("PostCreate", {"id": "5"}, "posts", {"id": "5"}, False),
        ("post.delete", {"id": "5", "author_id": "7"}, "posts", {"id": "5"}, True),
        ("post.mention.create", {"id": "5"}, "mentions", {"id": "5"}, False),
        ("follow.follow", {"source": {"id": "9"}, "target": {"id": "7"}}, "followers", {"id": "9"}, False),
        ("follow.unfollow", {"source": {"id": "9"}, "target": {"id": "7"}}, "followers", {"id": "9"}, True),
        ("FollowUnfollow", {"source": {"id": "9"}, "target": {"id": "7"}}, "followers", {"id": "9"}, True),
        ("follow.unfollow", {"source": {"id": "7"}, "target": {"id": "9"}}, "", {}, False),
        ("profile.update.bio", {"before": "a", "after": "b"}, "account", {"id": "7"}, False),
        ("like.create", {"id": "5"}, "", {}, False),
        ("oauth.revoke", None, "", {}, False),
        ("post.delete", {}, "", {}, False),
        ("something.new", [], "", {}, False),
    ],
)
def test_an_event_names_what_it_is_about(
    kind: str, payload: Any, stream: str, key: dict[str, str], deleted: bool
) -> None:
    event = told_of(kind, payload)
    assert (event.kind, event.stream, event.key, event.deleted) == (kind, stream, key, deleted)


def test_an_event_without_an_id_or_of_another_product_counts_once() -> None:
    body = json.dumps({"for_user_id": "7", "tweet_create_events": [{"id_str": "5"}]}).encode()
    (event,) = INBOUND.events(replace(HOOK, body=body))
    assert (event.kind, event.stream) == ("unknown", "")
    assert event.id == INBOUND.events(replace(HOOK, body=body))[0].id
    assert event.id != INBOUND.events(replace(HOOK, body=body + b" "))[0].id
