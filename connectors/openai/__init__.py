"""OpenAI, API version 1: what a project holds, and what an organization used and paid.

Quirks, and where they are told:
- Two kinds of key that exclude each other: keys of projects read models, files and batches; admin keys read usage,
  costs, projects and users. So the streams depend on the key.
  https://platform.openai.com/docs/api-reference/administration
- 429 means two things: too fast, or the quota is used up, where waiting does not help.
  https://platform.openai.com/docs/guides/error-codes
- Lists go on after the last id; some do not tell it, so it is taken from the last record.
- Usage and costs come in buckets of a day, whose last days still change. What they are grouped by may be null.
"""

from __future__ import annotations

from typing import Final

from connectors.openai.streams import ADMIN_KEY, PROJECT_KEY, STREAMS, VERSION
from connectors.openai.webhooks import INBOUND
from connectors.openai.writes import own_headers
from connectors.sdk.auth import ApiKey, Field, Settings
from connectors.sdk.base import Connector
from connectors.sdk.limits import counted_headers
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit


def _probe(method: str, settings: Settings) -> Request:
    path, params = ("organization/projects", {"limit": 1}) if method == ADMIN_KEY else ("models", {})
    return Request(path=f"/v1/{path}", params=params, headers=own_headers(settings))


def _discover(response: Response) -> Settings:
    return {"account": response.headers.get("openai-organization") or "OpenAI organization"}


_ORGANIZATION_FIELD: Final = Field(
    name="organization",
    title="Organization ID",
    secret=False,
    optional=True,
    pattern=r"org-[A-Za-z0-9]+",
    help="Only where the key reaches several organizations. It begins with org-.",
)

CONNECTOR: Final = Connector(
    name="openai",
    title="OpenAI",
    category="ai",
    base_url="https://api.openai.com",
    hosts=("api.openai.com",),
    auth=(
        ApiKey(
            name=PROJECT_KEY,
            title="API key of a project, service account or person",
            fields=(
                Field(
                    name="token",
                    title="API key",
                    pattern=r"sk-(?!admin-)(?:(?:proj|svcacct|service)-)?[A-Za-z0-9_\-]{20,}",
                    help="In the platform's settings: API keys. It begins with sk-, and not with sk-admin-.",
                ),
                _ORGANIZATION_FIELD,
            ),
            help="Reads models, files, batches, fine-tuning jobs and vector stores.",
        ),
        ApiKey(
            name=ADMIN_KEY,
            title="Admin key of the organization",
            fields=(
                Field(
                    name="token",
                    title="Admin key",
                    pattern=r"sk-admin-[A-Za-z0-9_\-]{20,}",
                    help="In the organization's settings: Admin keys. It begins with sk-admin-.",
                ),
            ),
            help="Reads usage, costs, projects and users.",
        ),
    ),
    probe=_probe,
    discover=_discover,
    streams=STREAMS,
    # Nothing is published for lists; the calls of models tell their budget.
    # https://platform.openai.com/docs/guides/rate-limits
    rate_limit=RateLimit(
        dialect=counted_headers(
            remaining="x-ratelimit-remaining-requests",
            reset="x-ratelimit-reset-requests",
            form="duration",
            bucket=lambda request: "requests",
        ),
        concurrency=4,
    ),
    # https://platform.openai.com/docs/guides/error-codes, and openai-python, src/openai/_base_client.py
    errors=(
        *(
            ErrorRule(
                disposition=Disposition.QUOTA_EXHAUSTED,
                status=429,
                path=path,
                equals=code,
                advice="The balance or the monthly limit is used up: look at Billing and Limits at OpenAI.",
            )
            for code in ("insufficient_quota", "billing_hard_limit_reached")
            for path in ("error/code", "error/type")
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            advice="The key is wrong or was deleted. Connect again with another one: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="error/code",
            equals="unsupported_country_region_territory",
            advice="OpenAI does not serve the country that this machine calls from.",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="Give the key the permission to read this, or another kind of key: admin keys read usage and costs "
            "alone, the others all else.",
        ),
        ErrorRule(
            disposition=Disposition.RETRY, status=(408, 409, 500, 502, 503, 504), header="x-should-retry", equals="true"
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=(408, 409, 429, 500, 502, 503, 504),
            header="x-should-retry",
            equals="false",
        ),
        ErrorRule(disposition=Disposition.RETRY, status=409),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "How long buckets of usage still change: the last three days are read again.",
        "That admin keys are refused by the endpoints of projects: streams depend on the kind of key.",
        "The words of a refused right, and for how long a webhook is tried again.",
        "No limits are published for lists; at most four calls are in flight.",
    ),
    docs="https://platform.openai.com/docs/api-reference",
)
