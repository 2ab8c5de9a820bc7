"""What Google Drive calls us with: a message that something changed, without saying what.

https://developers.google.com/workspace/drive/api/guides/push
Nothing is signed. Whoever opens a channel chooses a token, which each message brings back: ours is the HMAC-SHA256 of
the channel's id, so that the token of one channel is worth nothing for another. The body is empty for the log of
changes; a channel of one file names it in X-Goog-Resource-URI. The first message of a channel says that it is open.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.signing import expect, hmac_hex

_TOKEN: Final = "x-goog-channel-token"
_OF_FILE: Final = re.compile(r".*/files/([^/]+)(?:/watch)?")
_TOLD: Final = ("channel-id", "message-number", "resource-id", "resource-state", "resource-uri", "changed")


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    channel = delivery.headers.get("x-goog-channel-id", "")
    if not channel:
        raise SignatureRefused("the call names no channel")
    expect(delivery.headers.get(_TOKEN, ""), hmac_hex(values["channel_secret"].encode(), channel.encode()))


def _events(delivery: Delivery) -> list[Event]:
    told = {name: delivery.headers.get(f"x-goog-{name}", "") for name in _TOLD}
    state = told["resource-state"]
    if state == "sync":
        return []
    found = _OF_FILE.fullmatch(urlsplit(told["resource-uri"]).path)
    return [
        Event(
            id=f"{told['channel-id']}-{told['message-number']}",
            kind=state or "change",
            stream="files",
            key={"id": unquote(found[1])} if found else {},
            deleted=state == "remove",
            account=told["resource-id"],
            data=msgspec.json.encode({name: value for name, value in told.items() if value}),
        )
    ]


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="channel_secret",
            title="Secret for channels",
            help="Any long random text of your own: the tokens of channels are made with it.",
        ),
    ),
    verify=_verify,
    events=_events,
    signed="a token per channel, HMAC-SHA256 of its id",
    kinds=("change", "add", "remove", "update", "trash", "untrash"),
    docs="https://developers.google.com/workspace/drive/api/guides/push",
)
