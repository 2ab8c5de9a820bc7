"""Twilio SendGrid, API version 3.

Quirks, and where they are told:
- The list of contacts shows the newest fifty alone. All of them come by an export: asked for, waited for, fetched as
  files from addresses that are signed and need no key. https://www.twilio.com/docs/sendgrid/api-reference/contacts
  Between exports, a search finds what changed; where that is more than it shows, there is another export.
- Four envelopes: `result`, `results`, a bare array, an object. The next page is an absolute address; only its token is
  taken. Templates of the dynamic generation are listed only when asked for.
- Suppressions are filtered by when they were made, and their removal shows nowhere: all are read once a week.
- A key tells its rights at /v3/scopes. There is nothing to refresh. Accounts in the EU have a host of their own.
- Figures of limits are not published; each reply tells what is left.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.auth import ApiKey, Field, Settings
from connectors.sdk.base import Connector
from connectors.sdk.limits import counted_headers, per_path
from connectors.sendgrid.streams import STREAMS, VERSION
from connectors.sendgrid.webhooks import INBOUND
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit


def _discover(response: Response) -> Settings:
    username = response.get("username")
    return {"account": username} if username else {}


CONNECTOR: Final = Connector(
    name="sendgrid",
    title="SendGrid",
    category="email",
    base_url="https://{region}.sendgrid.com",
    # Exports are fetched from the storage that SendGrid signs addresses for, without the key.
    hosts=("*.sendgrid.com", "api.eu.sendgrid.com", "*.s3.amazonaws.com", "*.s3.us-east-1.amazonaws.com"),
    auth=(
        ApiKey(
            name="api_key",
            title="API key",
            fields=(
                Field(
                    name="token",
                    title="API key",
                    pattern=r"SG\.[\w-]{16,32}\.[\w-]{32,64}",
                    help="In SendGrid: Settings > API Keys. It begins with SG. and is shown once.",
                ),
                Field(
                    name="region",
                    title="Where the account lives: api, or api.eu",
                    secret=False,
                    default="api",
                    pattern=r"api(?:\.eu)?",
                    help="api.eu for accounts in the EU, api for all others.",
                ),
            ),
        ),
    ),
    probe=lambda method, settings: Request(path="/v3/scopes"),
    details=lambda method, settings: (Request(path="/v3/user/username"),),
    discover=_discover,
    granted=lambda response: tuple(str(scope) for scope in response.get("scopes") or ()),
    streams=STREAMS,
    rate_limit=RateLimit(
        # https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
        dialect=counted_headers(
            remaining="x-ratelimit-remaining", reset="x-ratelimit-reset", form="epoch seconds", bucket=per_path
        ),
        concurrency=4,
    ),
    headers={"Accept": "application/json"},
    # https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors
    errors=(
        ErrorRule(disposition=Disposition.RETRY, status=200, path="status", equals="pending", retry_in=10),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            advice="The key was deleted, or is of another region. Make a new one and connect again: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.RATE_LIMITED,
            status=403,
            path="errors/*/message",
            contains="too many bad requests",
            retry_in=600,
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="Give the key the right to read this (Settings > API Keys), or look whether the plan has it.",
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, retry_in=30),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "The names of the scopes: a stream whose right is missing says so when it is read.",
        "That any key may read /v3/scopes and, with another right, /v3/user/username.",
        "The hosts of exports, and what their files call the id of a contact: `contact_id` and `id` are read.",
        "For how long an event is sent again, and that it is signed anew then: the window is ten minutes.",
        "The number of the group in events about groups (asm_group_id): without it, no row is named.",
        "The largest page of single sends: a hundred is asked for.",
        "How long an export takes: it is asked for during 40 seconds, then at the next sync.",
    ),
    docs="https://www.twilio.com/docs/sendgrid/api-reference",
)
