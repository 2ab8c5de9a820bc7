"""Webhook deliveries: a thin event about a session of an agent, signed as Standard Webhooks have it.

platform.claude.com/docs/en/managed-agents/webhooks; standardwebhooks.com
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable

from sandbox.claude.dialect import ORGANIZATION, identity, stamp
from sandbox.platform import Delivery
from sandbox.world import World


def delivers(world: World) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        now = int(world.clock.seconds())
        delivery_id = identity("wevt", now % 0xFFFFFFFF)
        told = {
            "type": "session.status_idled",
            "id": identity("sesn", now % 50),
            "organization_id": ORGANIZATION,
            "workspace_id": identity("wrkspc", 0),
        }
        event = {"type": "event", "id": delivery_id, "created_at": stamp(now * 1000), "data": told}
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
