"""Webhook deliveries: events about the latest contacts, signed with ECDSA on the curve P-256 (FIPS 186-5, 6.4).

twilio.com/docs/sendgrid/for-developers/tracking-events. The private key is the SHA-256 of the secret given.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable

from sandbox.platform import Delivery
from sandbox.sendgrid.marketing import Marketing
from sandbox.world import World

# NIST SP 800-186, 3.2.1.3: P-256.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int] | None


def private_key(secret: str) -> int:
    return int.from_bytes(hashlib.sha256(secret.encode()).digest(), "big") % (N - 1) + 1


def sign(key: int, message: bytes) -> bytes:
    """The signature in DER. The one-time number is made of key and message, so that it never serves two."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    once = int.from_bytes(hmac.new(key.to_bytes(32, "big"), message, hashlib.sha256).digest(), "big") % (N - 1) + 1
    point = _times(once, G)
    assert point is not None
    r = point[0] % N
    s = pow(once, -1, N) * (digest + r * key) % N
    body = _integer(r) + _integer(s)
    return bytes((0x30, len(body))) + body


def _integer(number: int) -> bytes:
    packed = number.to_bytes((number.bit_length() + 8) // 8, "big")
    return bytes((0x02, len(packed))) + packed


def _times(count: int, point: Point) -> Point:
    total: Point = None
    while count:
        if count & 1:
            total = _sum(total, point)
        point, count = _sum(point, point), count >> 1
    return total


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    if one == other:
        slope = 3 * (one[0] * one[0] - 1) * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def delivers(world: World, marketing: Marketing) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        now = int(world.clock.seconds())
        events = []
        for kind, index in zip(("delivered", "bounce"), reversed(marketing.contacts.by_change()), strict=False):
            row = marketing.contacts.row(index)
            assert row is not None
            told = {"email": marketing.contact(row)["email"], "event": kind, "timestamp": row.changed // 1000}
            events.append({**told, "sg_event_id": f"event-{index}-{row.changed}", "sg_message_id": f"{index}.recvd"})
        body = json.dumps(events, separators=(",", ":")).encode() + b"\r\n"
        signature = sign(private_key(secret), str(now).encode() + body)
        headers = {
            "content-type": "application/json",
            "x-twilio-email-event-webhook-timestamp": str(now),
            "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
        }
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver
