"""What YouTube's hub calls us with: a feed entry for each video that is uploaded, changed or deleted (WebSub).

https://developers.google.com/youtube/data/guides/push_notifications, https://www.w3.org/TR/websub/ (5.3 verification of
intent, 7 signatures). A subscription runs out after its lease, ten days at most, and is asked for anew. The secret is
chosen when subscribing. No time is signed, duplicates are normal, and a call that is not signed well is answered as if
all were well, and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import msgspec

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from core.errors import BadReply, SignatureRefused
from core.signing import Hash, expect, hmac_hex

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_YOUTUBE: Final = "{http://www.youtube.com/xml/schemas/2015}"
_TOMBSTONE: Final = "{http://purl.org/atompub/tombstones/1.0}"  # RFC 6721
_VIDEO: Final = "yt:video:"
_ALGORITHMS: Final[Mapping[str, Hash]] = {"sha1": "sha1", "sha256": "sha256"}
# Both paths have been documented; whichever one subscribed to comes back.
_FEEDS: Final = ("/xml/feeds/videos.xml", "/feeds/videos.xml")


def _handshake(delivery: Delivery, values: Values) -> Answer | None:
    """The hub asks whether we meant to subscribe to this feed: of a channel, and of ours where we know which it is."""
    mode = delivery.params.get("hub.mode")
    if delivery.method != "GET" or not mode:
        return None
    if mode == "denied":
        return Answer()
    topic, challenge = urlsplit(delivery.params.get("hub.topic", "")), delivery.params.get("hub.challenge", "")
    channels, ours = parse_qs(topic.query).get("channel_id", []), values.get("channel_id")
    if (topic.hostname, topic.path) not in [("www.youtube.com", path) for path in _FEEDS] or not channels:
        raise SignatureRefused("the hub asks about a feed that is not one of YouTube's channels")
    if ours and channels != [ours]:
        raise SignatureRefused("the hub asks about the feed of another channel")
    if mode not in ("subscribe", "unsubscribe") or not challenge:
        raise SignatureRefused("the hub asks for something that is not a subscription")
    return Answer(body=challenge.encode())


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    name, _, given = delivery.headers.get("x-hub-signature", "").partition("=")
    if name and name not in _ALGORITHMS:
        raise SignatureRefused("the call is signed in a way that is not known here")
    secret = values["hub_secret"].encode()
    expect(given.lower(), hmac_hex(secret, delivery.body, _ALGORITHMS.get(name, "sha1")))


def _events(delivery: Delivery) -> list[Event]:
    """Raises BadReply where the body is no Atom feed."""
    try:
        text = delivery.body.decode()
    except UnicodeDecodeError:
        raise BadReply("the call's body is no text in UTF-8") from None
    # A feed has no document type; one could declare entities that grow without end, or lie in other files.
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise BadReply("the feed declares a document type")
    try:
        feed = ElementTree.fromstring(text)  # noqa: S314 - without a document type there is nothing to expand
    except (ElementTree.ParseError, ValueError):
        raise BadReply("the call's body is no Atom feed") from None
    entries = [_changed(one) for one in feed.iter(f"{_ATOM}entry")]
    return [one for one in (*entries, *(_deleted(one) for one in feed.iter(f"{_TOMBSTONE}deleted-entry"))) if one]


def _changed(entry: ElementTree.Element) -> Event | None:
    video = _text(entry, f"{_YOUTUBE}videoId") or _text(entry, f"{_ATOM}id").removeprefix(_VIDEO)
    told = {
        "video_id": video,
        "channel_id": _text(entry, f"{_YOUTUBE}channelId"),
        "title": _text(entry, f"{_ATOM}title"),
        "published": _text(entry, f"{_ATOM}published"),
        "updated": _text(entry, f"{_ATOM}updated"),
    }
    return _event("entry", video, told["updated"] or told["published"], told["channel_id"], told) if video else None


def _deleted(entry: ElementTree.Element) -> Event | None:
    video, when = entry.get("ref", "").removeprefix(_VIDEO), entry.get("when", "")
    by = entry.find(f"{_TOMBSTONE}by")
    channel = _text(by, f"{_ATOM}uri").rpartition("/")[2] if by is not None else ""
    told = {"video_id": video, "channel_id": channel, "deleted": when}
    return _event("deleted-entry", video, when, channel, told) if video else None


def _event(kind: str, video: str, at: str, channel: str, told: Mapping[str, str]) -> Event:
    """The vendor gives no id: the same video at the same moment is the same event."""
    return Event(
        id=f"{kind}-{video}-{at}",
        kind=kind,
        at=_moment(at),
        stream="videos",
        key={"id": video},
        deleted=kind == "deleted-entry",
        account=channel,
        data=msgspec.json.encode(told),
    )


def _text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _moment(text: str) -> datetime | None:
    # Times come with nanoseconds (2026-11-23T12:00:00.123456789+00:00), which are more than is read.
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return found if found.tzinfo else None


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="hub_secret",
            title="Secret of the subscription",
            help="What was given to the hub as hub.secret when subscribing: choose a long one at random.",
        ),
        Field(
            name="channel_id",
            title="Channel ID",
            secret=False,
            pattern=r"UC[A-Za-z0-9_-]{22}",
            optional=True,
            help="The channel whose feed was subscribed to. Empty: the feed of any channel is confirmed.",
        ),
    ),
    verify=_verify,
    events=_events,
    handshake=_handshake,
    # WebSub, 7: a subscriber acknowledges what it does not believe, and ignores it.
    refuse=Answer(),
    signed="HMAC-SHA1 over the body, with a secret chosen when subscribing",
    kinds=("entry", "deleted-entry"),
    docs="https://developers.google.com/youtube/data/guides/push_notifications",
)
