"""What X calls us with: events of its Activity API, signed with the consumer secret over the body.

https://docs.x.com/x-api/webhooks/quickstart, https://docs.x.com/x-api/activity/introduction
X asks again and again whether the address is ours, with a token that is to be signed with the same secret as events.
As it signs no time either, whoever could choose the token could have an event signed: one that could be the body of
an event is not answered. Events count once by their id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.http import Response
from core.signing import expect, hmac_base64, sha256_hex

_SIGNATURE: Final = "x-twitter-webhooks-signature"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_\-+/=.~]{1,512}")  # never a JSON object
# Names have been dotted since 2026-03-18, and were in one word before (PostCreate).
_POSTS: Final = {"postcreate": "posts", "postdelete": "posts", "postmentioncreate": "mentions"}
_GONE: Final = ("postdelete", "followunfollow")


def _signed(values: Values, message: bytes) -> str:
    return "sha256=" + hmac_base64(values["consumer_secret"].encode(), message)


def _handshake(delivery: Delivery, values: Values) -> Answer | None:
    token = delivery.params.get("crc_token")
    if delivery.method != "GET" or token is None:
        return None
    if not _TOKEN.fullmatch(token):
        raise SignatureRefused("the challenge is no token")
    body = msgspec.json.encode({"response_token": _signed(values, token.encode())})
    return Answer(body=body, content_type="application/json")


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    expect(delivery.headers.get(_SIGNATURE, ""), _signed(values, delivery.body))


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body)
    kind, payload = str(told.get("data/event_type") or "unknown"), told.get("data/payload")
    account = str(told.get("data/filter/user_id") or "")
    stream, key = _row(kind, payload if isinstance(payload, dict) else {}, account)
    return [
        Event(
            id=str(told.get("data/event_uuid") or sha256_hex(delivery.body)[:32]),
            kind=kind,
            at=_moment(told.get("data/payload/created_at")),
            stream=stream,
            key=key,
            deleted=bool(stream) and _one_word(kind) in _GONE,
            account=account,
            data=delivery.body,
        )
    ]


def _row(kind: str, payload: Mapping[str, Any], account: str) -> tuple[str, dict[str, str]]:
    """The stream that knows more, and the row, as far as the event names it."""
    word = _one_word(kind)
    if word in _POSTS and payload.get("id"):
        return _POSTS[word], {"id": str(payload["id"])}
    if word in ("followfollow", "followunfollow"):
        source, target = (_id_of(payload.get(side)) for side in ("source", "target"))
        return ("followers", {"id": source}) if source and target == account else ("", {})
    return ("account", {"id": account}) if word.startswith("profile") and account else ("", {})


def _one_word(kind: str) -> str:
    return kind.replace(".", "").lower()


def _id_of(user: Any) -> str:
    return str(user.get("id") or "") if isinstance(user, dict) else ""


def _moment(told: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="consumer_secret",
            title="API secret (consumer secret) of the app",
            pattern=r"[A-Za-z0-9]{50}",
            help="In the developer console: Keys and tokens > API key and secret. Not the OAuth 2.0 client secret.",
        ),
    ),
    verify=_verify,
    events=_events,
    handshake=_handshake,
    signed="HMAC-SHA256 over the body",
    kinds=(
        "post.*",
        "like.create",
        "follow.*",
        "profile.update.*",
        "dm.*",
        "chat.*",
        "spaces.*",
        "news.new",
        "oauth.revoke",
    ),
    docs="https://docs.x.com/x-api/webhooks/quickstart",
)
