"""What Mailchimp calls us with: forms, since 2026 signed where a signing secret was made.

https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
An unsigned call is only believed by a secret of its own in the address (`?secret=…`), which then must be given.
Events have no id: what says the same is the same. The address is asked for with GET before it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from connectors.mailchimp.writes import member_id
from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.signing import TOLERANCE, expect, expect_recent, hmac_hex, sha256_hex

_HEADER: Final = "x-mailchimp-signature"


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    secret = values.get("signing_secret", "")
    if not secret:
        _expect_address(delivery, values)
        return
    parts = dict(part.partition("=")[::2] for part in delivery.headers.get(_HEADER, "").split(","))
    at = parts.get("t", "")
    expect_recent(at, now.timestamp())
    expect(parts.get("v1", ""), hmac_hex(secret.encode(), f"{at}.".encode() + delivery.body))


def _expect_address(delivery: Delivery, values: Values) -> None:
    if not values.get("address_secret"):
        raise SignatureRefused("the call is not signed, and its address has no secret")
    expect(delivery.params.get("secret", ""), values["address_secret"])


def _handshake(delivery: Delivery, values: Values) -> Answer | None:
    if delivery.method != "GET":
        return None
    if values.get("address_secret"):
        _expect_address(delivery, values)
    return Answer()


def _events(delivery: Delivery) -> list[Event]:
    told = dict(parse_qsl(delivery.body.decode(errors="replace"), keep_blank_values=True))
    kind = told.get("type", "")
    return [
        Event(
            id=sha256_hex(delivery.body)[:32],
            kind=kind,
            at=_moment(told.get("fired_at", "")),
            stream="campaigns" if kind == "campaign" else "members",
            key=_key(kind, told),
            account=told.get("data[list_id]", ""),
            data=msgspec.json.encode(told),
        )
    ]


def _key(kind: str, told: Mapping[str, str]) -> dict[str, str]:
    if kind == "campaign":
        return {"id": told["data[id]"]} if "data[id]" in told else {}
    address = told.get("data[new_email]") or told.get("data[email]", "")
    return {"list_id": told.get("data[list_id]", ""), "id": member_id(address)} if address else {}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


INBOUND: Final = Inbound(
    fields=(
        Field(name="signing_secret", title="Signing secret", optional=True, help="Told once, at creation."),
        Field(name="address_secret", title="Secret in the address", optional=True, help="Where nothing is signed."),
    ),
    verify=_verify,
    events=_events,
    handshake=_handshake,
    signed="HMAC-SHA256 over time and body, else a secret in the address",
    window=TOLERANCE,
    kinds=("subscribe", "unsubscribe", "profile", "cleaned", "upemail", "campaign"),
    docs="https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/",
)
