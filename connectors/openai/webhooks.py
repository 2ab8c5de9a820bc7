"""What OpenAI calls us with: thin events, signed as Standard Webhooks have it.

https://platform.openai.com/docs/guides/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.http import Response
from core.signing import TOLERANCE, standard_webhook

_STREAMS: Final[Mapping[str, str]] = {"batch": "batches", "fine_tuning.job": "fine_tuning_jobs"}


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    standard_webhook(values["signing_secret"], delivery.headers, delivery.body, now.timestamp())


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body)
    kind, at, number = str(told.get("type", "")), told.get("created_at"), told.get("data/id")
    stream = _STREAMS.get(kind.rpartition(".")[0], "")
    return [
        Event(
            id=str(told.get("id") or delivery.headers.get("webhook-id", "")),
            kind=kind,
            at=datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None,
            stream=stream,
            key={"id": str(number)} if stream and number is not None else {},
            data=delivery.body,
        )
    ]


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="signing_secret",
            title="Signing secret",
            pattern=r"whsec_[A-Za-z0-9+/=]+",
            help="In the project's settings: Webhooks. It is shown once, and begins with whsec_.",
        ),
    ),
    verify=_verify,
    events=_events,
    signed="Standard Webhooks (HMAC-SHA256 over id, time and body)",
    window=TOLERANCE,
    kinds=(
        "batch.*",
        "fine_tuning.job.*",
        "response.*",
        "eval.run.*",
        "realtime.call.incoming",
        "live.call.incoming",
        "safety_identifier.blocked",
    ),
    docs="https://platform.openai.com/docs/guides/webhooks",
)
