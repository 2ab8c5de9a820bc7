"""Webhook deliveries of an audience: a form, and since 2026 a signature where a secret was set.

mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

from sandbox.mailchimp.lists import Audience
from sandbox.mailchimp.records import email_of
from sandbox.platform import Delivery
from sandbox.world import World, from_ms


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """`t={unix seconds},v1={hex}`, HMAC-SHA256 over `{t}.{body}`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def delivers(world: World, audience: Audience) -> Callable[[str, str], Delivery]:
    """Deliveries about the member that changed last; unsigned where the secret is empty."""

    def deliver(url: str, secret: str) -> Delivery:
        row = audience.table.row(audience.table.by_change()[-1])
        assert row is not None
        email = email_of(world, row)
        fields = {
            "type": "profile",
            "fired_at": f"{from_ms(row.changed):%Y-%m-%d %H:%M:%S}",
            "data[id]": f"{row.index:010x}",
            "data[list_id]": audience.list_id,
            "data[email]": email,
            "data[email_type]": "html",
            "data[merges][EMAIL]": email,
        }
        body = urlencode(fields).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if secret:
            headers["x-mailchimp-signature"] = signature(secret, int(world.clock.seconds()), body)
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver
