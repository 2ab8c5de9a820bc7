"""Instagram: what its events mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.instagram.webhooks import INBOUND
from connectors.sdk.inbound import Delivery
from core.errors import (
    SignatureRefused,
)
from tests.connectors.replies import NOW
from tests.shared import needs_shared, recorded


def delivery(body: str, **headers: str) -> Delivery:
    return Delivery(method="POST", url="https://x", headers=headers, body=body.encode())


@needs_shared
def test_the_worked_example_is_signed_and_is_a_comment() -> None:
    vectors = recorded("instagram", "webhook_vectors.json")["vectors"]
    body, signature = vectors["body"], {"x-hub-signature-256": vectors["value"]}
    for name in ("app_secret", "client_secret"):
        INBOUND.verify(delivery(body, **signature), {name: vectors["secret"]}, NOW)
    with pytest.raises(SignatureRefused):
        INBOUND.verify(delivery(body + " ", **signature), {"app_secret": vectors["secret"]}, NOW)
    (event,) = INBOUND.events(delivery(body))
    assert (event.kind, event.stream, dict(event.key)) == ("comments", "comments", {"id": "17865799348089039"})
    assert event.account == "17841405822304914"


@pytest.mark.parametrize(
    ("field", "value", "stream", "key"),
    [
        ("story_insights", {"media_id": "180", "reach": 4}, "stories", {"id": "180"}),
        ("mentions", {"media_id": "180", "comment_id": "178"}, "", {}),
        ("live_comments", {"id": "178", "text": "Hi"}, "", {}),
        ("comments", {}, "", {}),
    ],
)
def test_what_a_change_means(field: str, value: dict[str, Any], stream: str, key: dict[str, str]) -> None:
    entry = {"id": "1784", "time": 1788505200, "changes": [{"field": field, "value": value}]}
    (event,) = INBOUND.events(delivery(json.dumps({"object": "instagram", "entry": [entry]})))
    assert (event.kind, event.stream, dict(event.key)) == (field, stream, key)
