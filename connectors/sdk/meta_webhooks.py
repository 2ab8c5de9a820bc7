"""What Meta's platforms call us with: signed with the app's secret over the bytes sent, told by object and field.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
Texts come with every character beyond ASCII written as an escape, and are signed so: what is hashed are the bytes as
they came. No time is signed, so only an event's id keeps a delivery that is told again from counting twice: made of
the account, the time and the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from connectors.sdk.meta import APP_SECRET_HELP
from core.errors import SignatureRefused
from core.http import Response
from core.signing import expect, hmac_hex, sha256_hex

DOCS: Final = "https://developers.facebook.com/docs/graph-api/webhooks/getting-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a delivery: `account` is the Page or account that it happened to, `topic` the subscribed field."""

    id: str
    account: str
    at: datetime | None
    topic: str
    value: Mapping[str, Any] = field(repr=False)
    data: bytes = field(repr=False)


def meta_inbound(read: Callable[[Change], Event], *, kinds: tuple[str, ...], docs: str = DOCS) -> Inbound:
    """`read` makes an event of a change; `kinds` are the fields that one subscribes to."""

    def events(delivery: Delivery) -> Sequence[Event]:
        found = (read(change) for change in changes(delivery))
        return list({event.id: event for event in found}.values())

    return Inbound(
        fields=(
            Field(
                name="app_secret",
                title="App secret",
                optional=True,
                help=f"Where it is not part of the credential already. {APP_SECRET_HELP}",
            ),
            Field(
                name="verify_token",
                title="Verify token",
                optional=True,
                help="Any text of your own: give the same one in the app's dashboard, under Webhooks.",
            ),
        ),
        verify=verify,
        events=events,
        handshake=handshake,
        signed="HMAC-SHA256 over the body",
        kinds=kinds,
        docs=docs,
    )


def verify(delivery: Delivery, values: Values, now: datetime) -> None:
    """Raises SignatureRefused. The older header, with SHA-1, is not looked at."""
    secret = values.get("app_secret") or values.get("client_secret")
    if not secret:
        raise SignatureRefused("without the app's secret no call can be checked")
    expect(delivery.headers.get("x-hub-signature-256", ""), f"sha256={hmac_hex(secret.encode(), delivery.body)}")


def handshake(delivery: Delivery, values: Values) -> Answer | None:
    """Meta asks once, when one subscribes, and wants its challenge back as plain text."""
    if delivery.method != "GET" or "hub.mode" not in delivery.params:
        return None
    right = values.get("verify_token", "")
    if delivery.params["hub.mode"] != "subscribe" or not right:
        raise SignatureRefused("nobody here asked to be subscribed")
    expect(delivery.params.get("hub.verify_token", ""), right)
    return Answer(body=delivery.params.get("hub.challenge", "").encode())


def changes(delivery: Delivery) -> list[Change]:
    """Every change of every entry. Raises BadReply where the body is no JSON."""
    found = []
    for entry in Response(status=200, body=delivery.body).records("entry"):
        told = Response(status=200, body=entry)
        account, at = str(told.get("id", "")), told.get("time")
        for raw in told.records("changes"):
            change = msgspec.json.decode(raw)
            value = change.get("value")
            found.append(
                Change(
                    id=f"{account}-{at}-{sha256_hex(raw)[:16]}",
                    account=account,
                    at=moment(at),
                    topic=str(change.get("field", "")),
                    value=value if isinstance(value, dict) else {},
                    data=raw,
                )
            )
    return found


def moment(told: object) -> datetime | None:
    """A time in seconds since 1970, of which some products send thousandths."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    return datetime.fromtimestamp(told / 1000 if told > 1e11 else told, UTC)
