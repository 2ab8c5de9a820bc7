"""What SendGrid calls us with: arrays of events, signed with a key of an elliptic curve.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
Signed are the time and the body as it came, with the line end that closes it. The vendor sets no window: ours is ten
minutes. A try of hours later is signed anew, at its own time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.http import Response
from core.signing import expect_ecdsa, expect_recent, sha256_hex

_HEADER: Final = "x-twilio-email-event-webhook-"
_WINDOW: Final = 600.0
_STREAMS: Final = {
    "bounce": "bounces",
    "spamreport": "spam_reports",
    "unsubscribe": "unsubscribes",
    "group_unsubscribe": "group_suppressions",
    "group_resubscribe": "group_suppressions",
}


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    at = delivery.headers.get(f"{_HEADER}timestamp", "")
    expect_recent(at, now.timestamp(), _WINDOW)
    signature = delivery.headers.get(f"{_HEADER}signature", "")
    expect_ecdsa(values["verification_key"], signature, at.encode() + delivery.body)


def _events(delivery: Delivery) -> list[Event]:
    return [_event(raw) for raw in Response(status=200, body=delivery.body).records()]


def _event(raw: bytes) -> Event:
    told = Response(status=200, body=raw)
    kind, at, address = str(told.get("event", "")), told.get("timestamp"), told.get("email")
    stream, group = _STREAMS.get(kind, ""), told.get("asm_group_id")
    key = {"email": str(address)} if stream and address is not None else {}
    if stream == "group_suppressions":
        key = {"group_id": str(group), **key} if key and group is not None else {}
    return Event(
        # Where none is told, what says the same is the same.
        id=str(told.get("sg_event_id") or sha256_hex(raw)[:32]),
        kind=kind,
        at=datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None,
        stream=stream,
        key=key,
        deleted=bool(key) and kind == "group_resubscribe",
        data=raw,
    )


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="verification_key",
            title="Verification key",
            secret=False,
            pattern=r"[A-Za-z0-9+/]{80,}={0,2}",
            help="In SendGrid: Settings > Mail Settings > Event Webhook > Signature verification. It is public.",
        ),
    ),
    verify=_verify,
    events=_events,
    signed="ECDSA over time and body",
    window=_WINDOW,
    kinds=(
        "processed",
        "delivered",
        "deferred",
        "bounce",
        "dropped",
        "open",
        "click",
        "spamreport",
        "unsubscribe",
        "group_unsubscribe",
        "group_resubscribe",
    ),
    docs="https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
)
