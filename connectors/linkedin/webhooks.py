"""What LinkedIn calls us with: what others did on a Page's posts, signed with the app's secret.

https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation. The words `hmacsha256=` belong to what
is signed; no time does, so that an event's id keeps it from counting twice. LinkedIn asks every two hours whether the
address is ours, by a text that is to be signed with the same secret: only a UUID is, or whoever asks could have any
delivery signed.
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
The app's page at LinkedIn takes the address (Webhooks); a Page is subscribed by `PUT /rest/eventSubscriptions/...`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from connectors.linkedin.writes import comment_key
from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.http import Response
from core.signing import expect, hmac_hex, sha256_hex

_SIGNED: Final = "hmacsha256="
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_COMMENTS: Final = ("COMMENT", "ADMIN_COMMENT", "COMMENT_EDIT", "COMMENT_DELETE")
_REACTIONS: Final = ("LIKE",)


def _handshake(delivery: Delivery, values: Values) -> Answer | None:
    code = delivery.params.get("challengeCode")
    if delivery.method != "GET" or code is None:
        return None
    if not _UUID.fullmatch(code):
        raise SignatureRefused("the call asks to sign something that is no UUID")
    told = {"challengeCode": code, "challengeResponse": hmac_hex(values["client_secret"].encode(), code.encode())}
    return Answer(body=msgspec.json.encode(told), content_type="application/json")


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    given = delivery.headers.get("x-li-signature", "").removeprefix(_SIGNED)
    expect(given, hmac_hex(values["client_secret"].encode(), _SIGNED.encode() + delivery.body))


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body)
    kind = str(told.get("type", ""))
    raws = told.records("notifications") or [delivery.body]
    return [_event(raw, kind) for raw in raws]


def _event(raw: bytes, kind: str) -> Event:
    told = Response(status=200, body=raw)
    number, at, action = told.get("notificationId"), told.get("lastModifiedAt"), str(told.get("action") or kind)
    stream, key = _row(action, told)
    return Event(
        id=str(number) if number is not None else sha256_hex(raw)[:32],
        kind=action,
        at=datetime.fromtimestamp(int(at) / 1000, UTC) if str(at).isdigit() else None,
        stream=stream,
        key=key,
        deleted=action == "COMMENT_DELETE" and bool(key),
        account=str(told.get("organizationalEntity", "")),
        data=raw,
    )


def _row(action: str, told: Response) -> tuple[str, dict[str, str]]:
    """The stream that knows more, and the row, as far as the notification names it."""
    post = told.get("sourcePost")
    if action in _COMMENTS:
        return "comments", comment_key(str(told.get("generatedActivity", "")))
    if action in _REACTIONS and post:
        return "social_metadata", {"post_id": str(post)}
    return "", {}


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="client_secret",
            title="Client secret of the app",
            help="At LinkedIn: your app > Auth > Primary client secret.",
        ),
    ),
    verify=_verify,
    events=_events,
    handshake=_handshake,
    signed="HMAC-SHA256 over a fixed word and the body",
    kinds=(*_REACTIONS, *_COMMENTS, "SHARE", "SHARE_MENTION"),
    docs="https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation",
)
