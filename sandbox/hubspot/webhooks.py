"""Webhook deliveries: what HubSpot posts when a contact changes, with the signatures of v3 and of v1.

developers.hubspot.com/docs (webhooks; authentication/request-validation)
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlsplit

from sandbox.hubspot.dialect import APP, PORTAL
from sandbox.hubspot.objects import ObjectType
from sandbox.platform import Delivery
from sandbox.world import World

# Signed in their plain form, however the address spells them; the question mark of the query stays as it is.
DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


def signature_v3(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Base64 of HMAC-SHA256 over method, address, body and timestamp (milliseconds)."""
    for coded, plain in DECODED.items():
        url = url.replace(coded, plain).replace(coded.lower(), plain)
    signed = method.encode() + url.encode() + body + timestamp.encode()
    return b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def delivers(world: World, contacts: ObjectType) -> Callable[[str, str], Delivery]:
    """Deliveries about the contact that changed last."""

    def deliver(url: str, secret: str) -> Delivery:
        now = world.clock.ms()
        index = contacts.table.by_change()[-1]
        row = contacts.table.row(index)
        assert row is not None
        event = {
            "eventId": row.changed % 2**31,
            "subscriptionId": 12345,
            "portalId": int(PORTAL),
            "appId": int(APP),
            "occurredAt": row.changed,
            "subscriptionType": "contact.propertyChange",
            "attemptNumber": 0,
            "objectId": int(contacts.id_of(index)),
            "propertyName": "jobtitle",
            "propertyValue": contacts.properties(world, row).get("jobtitle") or "",
            "changeSource": "CRM_UI",
        }
        body = json.dumps([event], separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            "host": urlsplit(url).netloc,
            "x-hubspot-request-timestamp": str(now),
            "x-hubspot-signature-v3": signature_v3(secret, "POST", url, body, str(now)),
            "x-hubspot-signature-version": "v1",
            "x-hubspot-signature": hashlib.sha256(secret.encode() + body).hexdigest(),
        }
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver
