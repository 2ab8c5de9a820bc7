"""Claude, API version 2023-06-01: what a workspace holds, and what an organization used and paid.

Quirks, and where they are told:
- Two kinds of key that exclude each other: keys of workspaces read models, batches and files; admin keys read usage,
  costs, workspaces, people and keys. So the streams depend on the key.
  https://platform.claude.com/docs/en/api/administration-api
- A spent limit is told as 400, 402 or 429, by its words alone. 529 is no limit of ours: everybody has to wait.
  https://platform.claude.com/docs/en/api/errors
- Costs are decimal texts in cents. Groups may be null: no workspace is the default one.
  https://platform.claude.com/docs/en/build-with-claude/usage-cost-api
- Files are a beta feature, and are only there with its header.
- The results of batches are not read: they hold whatever was written, and each batch would be read at each sync.
- Federated tokens (an OIDC assertion for each) and those of the vendor's own apps have no way to be kept: keys only.
"""

from __future__ import annotations

from typing import Final

from connectors.claude.streams import ADMIN_KEY, STREAMS, VERSION, WORKSPACE_KEY
from connectors.claude.webhooks import INBOUND
from connectors.sdk.auth import ApiKey, Field, Settings, header
from connectors.sdk.base import Connector
from connectors.sdk.limits import counted_headers
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit

_BILLING: Final = "The balance or a limit is used up: look at Billing and Limits in the Console."
_RETRIED: Final = (408, 409, 429, 500, 502, 503, 504, 529)


def _probe(method: str, settings: Settings) -> Request:
    path = "organizations/api_keys" if method == ADMIN_KEY else "models"
    return Request(path=f"/v1/{path}", params={"limit": 1})


def _details(method: str, settings: Settings) -> tuple[Request, ...]:
    return (Request(path="/v1/organizations/me"),) if method == ADMIN_KEY else ()


def _discover(response: Response) -> Settings:
    organization = response.headers.get("anthropic-organization-id")
    return {"account": response.get("name") or organization or "Claude organization"}


CONNECTOR: Final = Connector(
    name="claude",
    title="Claude",
    category="ai",
    base_url="https://api.anthropic.com",
    hosts=("api.anthropic.com",),
    headers={"anthropic-version": VERSION.name},
    auth=(
        ApiKey(
            name=WORKSPACE_KEY,
            title="API key of a workspace",
            fields=(
                Field(
                    name="token",
                    title="API key",
                    pattern=r"sk-ant-(?!admin)[a-z]+\d{2}-[A-Za-z0-9_\-]{20,}",
                    help="In the Console: API keys. It begins with sk-ant-api.",
                ),
            ),
            authorize=header("x-api-key"),
            help="Reads models, message batches and files.",
        ),
        ApiKey(
            name=ADMIN_KEY,
            title="Admin key of the organization",
            fields=(
                Field(
                    name="token",
                    title="Admin key",
                    pattern=r"sk-ant-admin\d{2}-[A-Za-z0-9_\-]{20,}",
                    help="In the Console: Settings > Admin keys, for admins only. It begins with sk-ant-admin.",
                ),
            ),
            authorize=header("x-api-key"),
            help="Reads usage, costs, workspaces, members and API keys.",
        ),
    ),
    probe=_probe,
    details=_details,
    discover=_discover,
    streams=STREAMS,
    # Nothing is published for lists, whose replies tell nothing either; the calls of models tell their budget.
    # https://platform.claude.com/docs/en/api/rate-limits
    rate_limit=RateLimit(
        dialect=counted_headers(
            remaining="anthropic-ratelimit-requests-remaining",
            reset="anthropic-ratelimit-requests-reset",
            form="rfc 3339",
            bucket=lambda request: "requests",
        ),
        concurrency=4,
    ),
    # https://platform.claude.com/docs/en/api/errors, and anthropic-sdk-python, src/anthropic/_base_client.py
    errors=(
        *(
            ErrorRule(
                disposition=Disposition.QUOTA_EXHAUSTED,
                status=(400, 429),
                path="error/message",
                contains=words,
                advice=_BILLING,
            )
            for words in ("usage limit", " spend", "spend limit", "credit balance")  # not "spend" alone: "suspended"
        ),
        ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, path="error/type", equals="billing_error", advice=_BILLING),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            advice="The key is wrong, was disabled, or has expired. Connect again with another one: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="This needs another key: admin keys read usage and costs alone, the others all else of their "
            "workspace.",
        ),
        *(
            ErrorRule(disposition=Disposition.RETRY, status=200, path="error/type", equals=kind)
            for kind in ("api_error", "timeout_error", "overloaded_error")
        ),
        ErrorRule(disposition=Disposition.FAIL, status=200, path="type", equals="error"),
        ErrorRule(disposition=Disposition.FAIL, status=_RETRIED, header="x-should-retry", equals="false"),
        ErrorRule(
            disposition=Disposition.RETRY,
            status=tuple(status for status in _RETRIED if status != 429),
            header="x-should-retry",
            equals="true",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=409,
            advice="It is in another state than this asks for: a batch, say, has to end before it is deleted.",
        ),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "How long usage and costs still change: the last three days are read again.",
        "The parameters of Claude Code's usage: one day is asked for at a time, up to 1000 lines a page.",
        "What the organization's own endpoint answers: without it the account is called by its id.",
        "The words of spent limits: messages about a usage limit, spending or the credit balance stop the sync.",
        "No limits are published for lists; at most four calls are in flight.",
    ),
    docs="https://platform.claude.com/docs/en/api/overview",
)
