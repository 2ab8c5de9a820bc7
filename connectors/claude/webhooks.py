"""What Claude calls us with: thin events of managed agents, signed as Standard Webhooks have it.

https://platform.claude.com/docs/en/managed-agents/webhooks
They tell of sessions, vaults, agents and the like, none of which is a stream here; batches and usage are not told of.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.http import Response
from core.signing import TOLERANCE, standard_webhook


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    standard_webhook(values["signing_secret"], delivery.headers, delivery.body, now.timestamp())


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body)
    return [
        Event(
            id=str(told.get("id") or delivery.headers.get("webhook-id", "")),
            kind=str(told.get("data/type", "")),
            at=_moment(told.get("created_at")),
            account=str(told.get("data/organization_id", "")),
            deleted=str(told.get("data/type", "")).endswith("deleted"),
            data=delivery.body,
        )
    ]


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="signing_secret",
            title="Signing secret",
            pattern=r"whsec_[A-Za-z0-9+/=]+",
            help="In the Console: Manage > Webhooks. It is shown once, and begins with whsec_.",
        ),
    ),
    verify=_verify,
    events=_events,
    signed="Standard Webhooks (HMAC-SHA256 over id, time and body)",
    window=TOLERANCE,
    kinds=("session.*", "vault.*", "agent.*", "deployment.*", "environment.*", "memory_store.*"),
    docs="https://platform.claude.com/docs/en/managed-agents/webhooks",
)
