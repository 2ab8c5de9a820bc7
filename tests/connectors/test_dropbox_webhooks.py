"""Dropbox: signed calls that only say whose files changed, and the challenge."""

from __future__ import annotations

import json

import pytest

from connectors.dropbox.webhooks import INBOUND
from connectors.sdk.inbound import Delivery
from core.errors import SignatureRefused
from tests.connectors.replies import NOW

SECRET = {"client_secret": "abcdefghij12345"}
BODY = b'{"list_folder":{"accounts":["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"]},"delta":{"users":[12345678]}}'
SIGNATURE = "c02d65e2fb8ab8f8d59c626e15359945b15f0e59ae535ad679e5406dd8d29fe3"
URL = "https://hooks.example.com/in/dropbox"


def call(signature: str = SIGNATURE, body: bytes = BODY) -> Delivery:
    return Delivery(method="POST", url=URL, headers={"x-dropbox-signature": signature}, body=body)


def test_the_worked_example_of_a_signature() -> None:
    INBOUND.verify(call(), SECRET, NOW)


@pytest.mark.parametrize(
    "wrong", [call(""), call(SIGNATURE[:-1] + "4"), call(body=BODY + b" "), call(SIGNATURE.upper())]
)
def test_a_call_that_is_not_signed_with_the_apps_secret_is_refused(wrong: Delivery) -> None:
    with pytest.raises(SignatureRefused):
        INBOUND.verify(wrong, SECRET, NOW)


def test_an_address_gives_back_the_challenge_as_plain_text_that_no_browser_takes_for_a_page() -> None:
    answer = INBOUND.handshake(Delivery(method="GET", url=URL, params={"challenge": "<b>7</b>"}), SECRET)
    assert answer is not None
    assert (answer.status, answer.body, answer.content_type) == (200, b"<b>7</b>", "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_call_without_a_challenge_is_no_handshake_and_an_empty_one_asks_in_vain() -> None:
    assert INBOUND.handshake(call(), SECRET) is None
    assert INBOUND.handshake(Delivery(method="GET", url=URL), SECRET) is None
    with pytest.raises(SignatureRefused):
        INBOUND.handshake(Delivery(method="GET", url=URL, params={"challenge": ""}), SECRET)


def test_each_account_that_changed_is_an_event_that_says_to_look() -> None:
    told = json.dumps({"list_folder": {"accounts": ["dbid:1", "dbid:2", "dbid:1"]}, "delta": {"users": [1, 2]}})
    found = INBOUND.events(call(body=told.encode()))
    assert [(one.account, one.kind, one.stream, dict(one.key)) for one in found] == [
        ("dbid:1", "list_folder", "entries", {}),
        ("dbid:2", "list_folder", "entries", {}),
    ]
    assert INBOUND.events(call(body=b"{}")) == []
