"""What Dropbox calls us with: whose files changed, without saying which.

https://www.dropbox.com/developers/reference/webhooks
Signed with the app's secret over the body. There is neither an id nor a time in it, so that a call cannot be told from
the next one about the same accounts: each only says that it is time to look. An address is taken into use once it has
given back the challenge that it was asked with.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.sdk.auth import Field, Values
from connectors.sdk.inbound import Answer, Delivery, Event, Inbound
from core.errors import SignatureRefused
from core.http import Response
from core.signing import expect, hmac_hex, sha256_hex

_MOST: Final = 1024  # of a challenge, which is some forty characters


def _handshake(delivery: Delivery, values: Values) -> Answer | None:
    challenge = delivery.params.get("challenge")
    if delivery.method != "GET" or challenge is None:
        return None
    if not challenge or len(challenge) > _MOST:
        raise SignatureRefused("the call has no challenge to give back")
    # Without the second header a browser might take what it is sent for a page.
    return Answer(body=challenge.encode(), content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})


def _verify(delivery: Delivery, values: Values, now: datetime) -> None:
    given = delivery.headers.get("x-dropbox-signature", "")
    expect(given, hmac_hex(values["client_secret"].encode(), delivery.body))


def _events(delivery: Delivery) -> list[Event]:
    told = Response(status=200, body=delivery.body).get("list_folder/accounts", [])
    accounts = dict.fromkeys(str(one) for one in told) if isinstance(told, list) else {}
    digest = sha256_hex(delivery.body)[:32]
    return [
        Event(id=f"{digest}-{account}", kind="list_folder", stream="entries", account=account, data=delivery.body)
        for account in accounts
    ]


INBOUND: Final = Inbound(
    fields=(
        Field(
            name="client_secret",
            title="App secret",
            pattern=r"[a-z0-9]{10,40}",
            help="In the App Console: Settings > App secret.",
        ),
    ),
    verify=_verify,
    events=_events,
    handshake=_handshake,
    signed="HMAC-SHA256 over the body",
    kinds=("list_folder",),
    docs="https://www.dropbox.com/developers/reference/webhooks",
)
