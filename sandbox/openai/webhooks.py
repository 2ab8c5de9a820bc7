"""Webhook deliveries: a thin event about the batch that was made last, signed as Standard Webhooks have it.

platform.openai.com/docs/guides/webhooks; standardwebhooks.com
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable

from sandbox.openai.batches import Batches
from sandbox.openai.dialect import identity
from sandbox.platform import Delivery
from sandbox.world import World


def delivers(world: World, batches: Batches) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        number, now = batches.table.indices()[-1], int(world.clock.seconds())
        delivery_id = f"evt_{number:024x}"
        event = {
            "id": delivery_id,
            "object": "event",
            "created_at": now,
            "type": "batch.completed",
            "data": {"id": identity("batch", number)},
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        key = b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
        signed = b".".join((delivery_id.encode(), str(now).encode(), body))
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}",
        }
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver
