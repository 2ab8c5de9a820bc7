"""What HubSpot calls us with, signed with the app's secret over method, address, body and time (version 3).

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
Service keys have no webhooks: they belong to an app. Deliveries come unordered, up to 100 events in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.http import Response
from core.signing import TOLERANCE, expect, expect_recent, hmac_base64

# Signed in their plain form, however the address spells them.
_PLAIN: Final = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_STREAMS: Final[Mapping[str, str]] = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
    "product": "products",
    "line_item": "line_items",
}
_GONE: Final = ("deletion", "privacyDeletion")


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    at, given = (delivery.headers.get(f"x-hubspot-{name}", "") for name in ("request-timestamp", "signature-v3"))
    if not at.isascii() or not at.isdigit():
        raise SignatureRefused("the call carries no readable time")
    expect_recent(str(int(at) / 1000), now.timestamp())
    url = _PLAIN.sub(lambda found: unquote(found[0]), delivery.url)
    signed = b"".join((delivery.method.encode(), url.encode(), delivery.body, at.encode()))
    expect(given, hmac_base64(values["client_secret"].encode(), signed))


def _events(delivery: Delivery) -> list[Event]:
    return [_event(raw) for raw in Response(status=200, body=delivery.body).records()]


def _event(raw: bytes) -> Event:
    told = Response(status=200, body=raw)
    kind = str(told.get("subscriptionType", ""))
    what, _, happened = kind.partition(".")
    stream = _STREAMS.get(str(told.get("objectTypeId", "")) if what == "object" else what, "")
    number, at = told.get("objectId"), told.get("occurredAt")
    return Event(
        id=f"{told.get('eventId')}-{at}-{number}",
        kind=kind,
        at=datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else None,
        stream=stream,
        key={"id": str(number)} if stream and number is not None else {},
        deleted=happened in _GONE,
        account=str(told.get("portalId", "")),
        data=raw,
    )


INBOUND: Final = Inbound(
    fields=(Field(name="client_secret", title="Client secret of the app", help="In HubSpot: your app > Auth."),),
    verify=_verify,
    events=_events,
    signed="HMAC-SHA256 over method, address, body and time",
    window=TOLERANCE,
    kinds=("contact.*", "company.*", "deal.*", "ticket.*", "object.*"),
    docs="https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide",
)
