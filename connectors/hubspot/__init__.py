"""HubSpot CRM, date-based version 2026-03.

Quirks, and where they are told:
- The search that finds changes gives at most 10,000 results a query, knows no archived records, and its paging offset
  is bound to that ceiling. So each page is a query of its own: sorted by id, with ids after the last one seen.
  https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
- A first walk uses the plain list instead: no ceiling, no 5 calls a second, and it sees every live record.
- Contacts call their time of change `lastmodifieddate`, all other types `hs_lastmodifieddate`.
- Archived records are listed apart, without a filter by time: they are read once a day, not at every sync.
- Which records belong together is told by a look-up of its own, for a page of ids at a time; the search does not tell
  it, and nothing tells that it changed. https://developers.hubspot.com/docs/api-reference/latest/crm/associations
- All property values are text or null. A record's properties are few unless asked for by name.
"""

from __future__ import annotations

from typing import Final

from connectors.hubspot.streams import (
    ASSOCIATIONS,
    COMPANIES,
    CONTACTS,
    DEALS,
    LINE_ITEMS,
    OWNERS,
    PRODUCTS,
    SET_UP,
    TICKETS,
    VERSION,
)
from connectors.hubspot.webhooks import INBOUND
from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector
from connectors.sdk.limits import counted_headers
from connectors.sdk.oauth2 import TOKEN_ERRORS
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import Limit, RateLimit


def _discover(response: Response) -> Settings:
    portal = response.get("portalId")
    return {"account": f"portal {portal}", "portal_id": portal, "time_zone": response.get("timeZone")}


_STATIC_TOKEN: Final = r"pat-[a-z]{2}\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SCOPES: Final = (
    "crm.objects.contacts.read",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.products.read",
    "crm.objects.line_items.read",
    "crm.objects.owners.read",
    "crm.schemas.contacts.read",
    "crm.schemas.companies.read",
    "crm.schemas.deals.read",
    "tickets",
)

CONNECTOR: Final = Connector(
    name="hubspot",
    title="HubSpot",
    category="crm",
    base_url="https://api.hubapi.com",
    hosts=("api.hubapi.com",),
    auth=(
        ApiKey(
            name="service_key",
            title="Service key or private app token",
            fields=(
                Field(
                    name="token",
                    title="Token",
                    pattern=_STATIC_TOKEN,
                    help="In HubSpot: Development > Keys > Service keys. It begins with pat-.",
                ),
            ),
        ),
        OAuth2(
            authorize_url="https://app.hubspot.com/oauth/authorize",
            token_url=f"https://api.hubapi.com/oauth/{VERSION.name}/token",
            scopes=_SCOPES,
            fields=(
                Field(name="client_id", title="Client ID", secret=False),
                Field(name="client_secret", title="Client secret"),
            ),
        ),
    ),
    probe=lambda method, settings: Request(path=f"/account-info/{VERSION.name}/details"),
    discover=_discover,
    streams=(
        CONTACTS,
        COMPANIES,
        DEALS,
        TICKETS,
        PRODUCTS,
        LINE_ITEMS,
        *ASSOCIATIONS,
        OWNERS,
        *SET_UP,
    ),
    rate_limit=RateLimit(
        # Published: 110 per 10 s for OAuth apps, 100 for static tokens of the smallest plan; the headers tell the rest.
        # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
        limits=(
            Limit(bucket="search", requests=5, seconds=1, paths=(r"^POST .*/search$",)),
            Limit(bucket="burst", requests=100, seconds=10, paths=(r"^(?!POST .*/search$)",)),
        ),
        dialect=counted_headers(
            remaining="x-hubspot-ratelimit-remaining",
            reset="x-hubspot-ratelimit-interval-milliseconds",
            form="milliseconds",
            bucket=lambda request: "burst",
        ),
    ),
    # https://developers.hubspot.com/docs/api-reference/error-handling
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED, status=401, path="category", equals="INVALID_AUTHENTICATION"
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=530,
            advice="The token is malformed. Copy it again, whole: integrations connect hubspot --name {name}",
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="policyName", equals="DAILY", retry_in=3600),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="policyName", equals="SECONDLY", retry_in=1),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, retry_in=10),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="category",
            equals="BANNED",
            advice="HubSpot has closed this account to the API: ask HubSpot's support why.",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="Give the key, or the app, the scope that the stream needs (and look whether the plan has it), then "
            "connect again: integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="category",
            equals="PROPERTY_DOESNT_EXIST",
            advice="The property is not there, or was archived: the streams of properties tell which there are.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="category",
            equals="VALIDATION_ERROR",
            advice="A value does not have the form that HubSpot, or a rule of the account's administrator, asks for.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=404,
            path="category",
            equals="OBJECT_NOT_FOUND",
            advice="It was deleted or archived, or is of another account: the next sync leaves it out.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=409,
            advice="There is one already: the message names its id. Change that one instead of creating another.",
        ),
        ErrorRule(disposition=Disposition.RETRY, status=423, retry_in=2),
        ErrorRule(disposition=Disposition.RETRY, status=477, retry_in=10),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "Date filters of the search take milliseconds since 1970 as text; the overlap of five minutes covers rounding.",
        "Archived records stay listed for about 90 days: after a longer pause, a full sync finds what went.",
        "The scopes of products and line items have the names that the others have.",
        "The account endpoint also answers static tokens; it is what a connection test asks.",
        "Which characters of an address are signed in their plain form: those of the list in the documents.",
        "That archiving twice is the same as once, and that a refused create tells the id of what is there.",
        "That a daily quota begins anew within the hour: it is asked for again after one, and so on.",
    ),
    docs="https://developers.hubspot.com/docs/api-reference/overview",
)
