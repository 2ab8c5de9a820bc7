"""The calls that X makes: events of its Activity API about new posts, signed with the app's consumer secret.

Source: docs.x.com x-api/activity (event payloads) and x-api/webhooks/quickstart at 2026-08. An event tells counters
that are zero, each beside a twin as text.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sandbox.platform import Delivery
from sandbox.world import mix
from sandbox.x.content import Content, Post
from sandbox.x.shape import stamp


def delivers(content: Content) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        body = json.dumps(_event(content, content.own(content.timeline()[0])), separators=(",", ":")).encode()
        signature = b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()
        headers = {"content-type": "application/json", "x-twitter-webhooks-signature": f"sha256={signature}"}
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver


def _event(content: Content, post: Post) -> dict[str, Any]:
    zeroes = dict.fromkeys(content.metrics(post), 0)
    payload = {
        "id": str(post.id),
        "text": post.text,
        "author_id": str(content.own_id),
        "conversation_id": str(post.conversation),
        "created_at": stamp(post.created),
        "edit_history_tweet_ids": [str(one) for one in post.chain],
        "public_metrics": zeroes | {f"{name}_str": "0" for name in zeroes},
    }
    return {
        "data": {
            "event_uuid": str(mix(content.world.seed, post.id) >> 1),
            "filter": {"user_id": str(content.own_id)},
            "event_type": "post.create",
            "tag": "posts",
            "payload": payload,
            "includes": {},
        }
    }
