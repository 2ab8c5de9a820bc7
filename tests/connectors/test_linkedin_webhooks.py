"""LinkedIn: signed calls, proven addresses, and what a notification is about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.linkedin import CONNECTOR
from connectors.sdk.inbound import Delivery
from core.errors import SignatureRefused
from tests.connectors.replies import NOW
from tests.shared import needs_shared, recorded

_COMMENT = "urn:li:comment:(urn:li:activity:1,2)"
_COMMENT_KEY = {"object": "urn:li:activity:1", "id": "2"}


def delivery(body: bytes, **headers: str) -> Delivery:
    return Delivery(method="POST", url="https://hooks.example.com/", headers=headers, body=body)


@needs_shared
def test_calls_are_signed_and_addresses_proved_as_the_vendor_tells() -> None:
    vectors, inbound = recorded("linkedin", "webhook_vectors.json")["vectors"], CONNECTOR.inbound
    assert inbound is not None
    values, body = {"client_secret": vectors["secret"]}, vectors["body"].encode()
    for given in (vectors["value"], f"hmacsha256={vectors['value']}"):
        inbound.verify(delivery(body, **{"x-li-signature": given}), values, NOW)
    for wrong in (vectors["without_prefix"], "", vectors["value"].upper()):
        with pytest.raises(SignatureRefused):
            inbound.verify(delivery(body, **{"x-li-signature": wrong}), values, NOW)
    asked = Delivery(method="GET", url="https://hooks.example.com/", params={"challengeCode": vectors["challengeCode"]})
    answer = inbound.handshake(asked, values)
    assert answer is not None
    assert json.loads(answer.body) == {
        "challengeCode": vectors["challengeCode"],
        "challengeResponse": vectors["challengeResponse"],
    }
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_nobody_gets_a_delivery_signed_by_asking_for_it() -> None:
    inbound = CONNECTOR.inbound
    assert inbound is not None
    forged = Delivery(
        method="GET", url="https://h.example/", params={"challengeCode": 'hmacsha256={"notifications":[]}'}
    )
    with pytest.raises(SignatureRefused):
        inbound.handshake(forged, {"client_secret": "s"})
    assert inbound.handshake(replace(forged, params={}), {"client_secret": "s"}) is None


@pytest.mark.parametrize(
    ("action", "activity", "stream", "key", "deleted"),
    [
        ("COMMENT", _COMMENT, "comments", _COMMENT_KEY, False),
        ("COMMENT_EDIT", _COMMENT, "comments", _COMMENT_KEY, False),
        ("ADMIN_COMMENT", "urn:li:activity:1", "comments", {}, False),
        ("COMMENT_DELETE", _COMMENT, "comments", _COMMENT_KEY, True),
        ("LIKE", "urn:li:reaction:1", "social_metadata", {"post_id": "urn:li:share:5"}, False),
        ("SHARE", "urn:li:share:6", "", {}, False),
    ],
)
def test_a_notification_names_the_row_it_is_about(
    action: str, activity: str, stream: str, key: dict[str, str], deleted: bool
) -> None:
    told = {
        "notificationId": 77,
        "organizationalEntity": "urn:li:organization:1",
        "action": action,
        "sourcePost": "urn:li:share:5",
        "lastModifiedAt": 1_000,
        "generatedActivity": activity,
    }
    assert CONNECTOR.inbound is not None
    (event,) = CONNECTOR.inbound.events(delivery(json.dumps({"type": "T", "notifications": [told]}).encode()))
    assert (event.id, event.kind, event.stream, event.key, event.deleted) == ("77", action, stream, key, deleted)
    assert (event.account, event.at) == ("urn:li:organization:1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_a_call_of_another_type_is_one_event_that_is_the_same_again() -> None:
    assert CONNECTOR.inbound is not None
    call = delivery(b'{"type":"LEAD_ACTION"}')
    (event,), (again,) = CONNECTOR.inbound.events(call), CONNECTOR.inbound.events(call)
    assert (event.kind, event.stream, event.id == again.id) == ("LEAD_ACTION", "", True)
