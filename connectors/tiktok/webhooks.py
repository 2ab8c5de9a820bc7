"""What TikTok calls us with: all events of the app, signed with its secret over time and body.

https://developers.tiktok.com/doc/webhooks-verification
The vendor names no window, and tries for three days: that is ours, and an event's id keeps it from counting twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Delivery, Event, Inbound
from core.http import Response
from core.signing import expect, expect_recent, hmac_hex, sha256_hex

_WINDOW: Final = 3 * 86_400.0


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    told = delivery.headers.get("tiktok-signature", "")
    parts = dict(part.strip().partition("=")[::2] for part in told.split(","))
    at = parts.get("t", "")
    expect_recent(at, now.timestamp(), _WINDOW)
    expect(parts.get("s", ""), hmac_hex(values["client_secret"].encode(), f"{at}.".encode() + delivery.body))


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body)
    kind, at = str(told.get("event", "")), told.get("create_time")
    # The content is JSON within a text.
    content = Response(status=200, body=str(told.get("content") or "{}").encode())
    post = content.get("post_id")
    public = kind.startswith("post.publish.") and post is not None
    return [
        Event(
            # There is no id: what says the same is the same.
            id=sha256_hex(msgspec.json.encode([kind, at, told.get("user_openid"), told.get("content")]))[:32],
            kind=kind,
            at=datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None,
            stream="videos" if public else "",
            key={"id": str(post)} if public else {},
            # Only public videos are listed. The vendor spells the word in two ways.
            deleted=public and kind.startswith("post.publish.no_longer_public"),
            account=str(told.get("user_openid", "")),
            data=delivery.body,
        )
    ]


INBOUND: Final = Inbound(
    fields=(Field(name="client_secret", title="Client secret of the app", help="At TikTok: your app > Credentials."),),
    verify=_verify,
    events=_events,
    signed="HMAC-SHA256 over time and body",
    window=_WINDOW,
    kinds=("authorization.removed", "video.*", "post.publish.*", "portability.download.ready"),
    docs="https://developers.tiktok.com/doc/webhooks-overview",
)
