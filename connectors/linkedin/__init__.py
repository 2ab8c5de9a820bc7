"""LinkedIn: Community Management, the versioned REST interface.

Quirks, and where they are told:
- A version is a month, must be named in each call and ends after a year: from then on every call is 426.
  https://learn.microsoft.com/en-us/linkedin/marketing/versioning and .../marketing/integrations/migrations
- Structures in a query keep their brackets, colons and commas raw, while URNs are percent-encoded, in paths as well.
  https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/protocol-version
- Access tokens live 60 days. Refresh tokens are for approved apps only: they come back unchanged and end after a year
  at most, whatever is refreshed; then the member must consent again. A refused one is `invalid_request`.
  https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
- Scopes are all or nothing: one that the app has not makes the consent fail, and another choice ends earlier consents.
  The name of the member is read where the app may, and no `openid` is asked for, which is a product of its own.
- Quotas are counted by app and by member for each resource, until midnight UTC. No header tells of them, and how large
  they are stands in the developer portal. https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits
- Posts are sorted by their last change, but cannot be filtered by it; nothing tells that one is gone. Comments and
  reactions are asked for post by post, as smaller apps may not ask for several at once.
- Comments name the activity that they are on, not the post: `commented_on` is the post.
- Figures by day may call `uniqueImpressionsCount` in the plural, and go back twelve months.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from connectors.linkedin.streams import ADMIN, FEED_SCOPE, POSTS_SCOPE, READING_ROLES, STREAMS, managed, roles_request
from connectors.linkedin.webhooks import INBOUND
from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector, Version
from connectors.sdk.oauth2 import TOKEN_ERRORS
from connectors.sdk.restli import ELEMENTS, PROTOCOL
from core.classify import Disposition, ErrorRule
from core.errors import UsageError
from core.http import Request, Response
from core.pacing import RateLimit

VERSION: Final = Version(name="202607", read=date(2026, 11, 28), ends=date(2027, 7, 15))

_CONNECT: Final = "integrations connect {platform} --name {name}"
_PRODUCT: Final = (
    "The app needs the product Community Management API, the member a role as administrator or content administrator "
    f"of the Page, and the consent every right that is asked for. Then connect again: {_CONNECT}"
)


def _discover(response: Response) -> Settings:
    """Of roles, the Page where there is only one; of the member, the name. Raises UsageError without a Page."""
    if response.raw(ELEMENTS) is not None:
        roles = response.records(ELEMENTS)
        pages = list(dict.fromkeys(urn for urn in map(managed, roles) if urn))
        if not pages:
            raise UsageError(
                "LinkedIn shows no Page that this member may read",
                advice=f"A Page's administrator makes the member one as well ({' or '.join(READING_ROLES[:2])}: Page > "
                "Settings > Manage admins), then connect again.",
            )
        return {"account": pages[0], **({"organization": pages[0]} if len(pages) == 1 else {})}
    member = response.get("sub") or response.get("id")
    names = [response.get("localizedFirstName"), response.get("localizedLastName")]
    name = response.get("name") or " ".join(str(one) for one in names if one)
    known = {"account": name or member, "member": f"urn:li:person:{member}" if member else None}
    return {setting: value for setting, value in known.items() if isinstance(value, str)}


CONNECTOR: Final = Connector(
    name="linkedin",
    title="LinkedIn",
    category="social",
    base_url="https://api.linkedin.com",
    hosts=("api.linkedin.com", "www.linkedin.com"),
    auth=(
        OAuth2(
            authorize_url="https://www.linkedin.com/oauth/v2/authorization",
            token_url="https://www.linkedin.com/oauth/v2/accessToken",
            scopes=(ADMIN, POSTS_SCOPE, FEED_SCOPE),
            pkce=False,  # for native apps that LinkedIn has allowed it
            fields=(
                Field(
                    name="client_id",
                    title="Client ID",
                    secret=False,
                    pattern=r"[a-z0-9]{14}",
                    help="At LinkedIn: your app > Auth > Client ID. It has 14 lower-case letters and digits.",
                ),
                Field(
                    name="client_secret",
                    title="Client secret",
                    pattern=r"[A-Za-z0-9]{16}|WPL_AP1\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6}==",
                    help="At LinkedIn: your app > Auth > Primary client secret. It has 16 letters and digits, or "
                    "begins with WPL_AP1.",
                ),
            ),
            help="The app must have the product Community Management API, and the redirect address exactly as it is.",
        ),
        ApiKey(
            name="access_token",
            title="Access token, for 60 days",
            fields=(
                Field(
                    name="token",
                    title="Access token",
                    pattern=r"AQ[A-Za-z0-9_-]{100,998}",
                    help="At linkedin.com/developers/tools/oauth/token-generator. It begins with AQ and is long.",
                ),
            ),
            help=f"With the scopes {', '.join((ADMIN, POSTS_SCOPE, FEED_SCOPE))}.",
        ),
    ),
    probe=lambda method, settings: roles_request(),
    details=lambda method, settings: (Request(path="/rest/me"),),
    discover=_discover,
    streams=STREAMS,
    rate_limit=RateLimit(concurrency=2),
    # https://learn.microsoft.com/en-us/linkedin/marketing/error-responses
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            path="error",
            equals="invalid_request",
            advice="The consent has ended, as it does after a year, or was taken back. The member connects again: "
            f"{_CONNECT}",
        ),
        ErrorRule(
            disposition=Disposition.REFRESH_TOKEN,
            status=401,
            advice=f"The token has ended (after 60 days, or with the member's password) or was revoked. Connect again: "
            f"{_CONNECT}",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=426,
            advice=f"LinkedIn has ended version {VERSION.name} of its interface, and answers nothing until this "
            "program speaks a newer one: update it.",
        ),
        # A resource's quota counts by the day, unless its message says otherwise; others are bursts.
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="message", contains="minute", retry_in=60),
        ErrorRule(
            disposition=Disposition.RATE_LIMITED,
            status=429,
            path="message",
            contains="resource level throttle",
            until_midnight="UTC",
        ),
        ErrorRule(
            disposition=Disposition.RATE_LIMITED, status=429, path="message", contains="day limit", until_midnight="UTC"
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, retry_in=30),
        ErrorRule(disposition=Disposition.SCOPE_MISSING, status=403, advice=_PRODUCT),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=404,
            advice="It is not there, or no longer, or LinkedIn hides it from this app: its products are in the "
            "developer portal.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=409,
            advice="Somebody else wrote it at the same time: read it again, then repeat what was to be changed.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=422,
            advice="LinkedIn does not take this content; the same text as in a post of shortly before, for example.",
        ),
        ErrorRule(disposition=Disposition.FAIL, status=(400, 411, 412)),
    ),
    headers={"LinkedIn-Version": VERSION.name, **PROTOCOL},
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "How large quotas are, and the words of their refusal: one of a resource is waited for until midnight UTC "
        "unless it speaks of minutes, any other 30 seconds.",
        "The numbers of serviceErrorCode: only the status counts.",
        "That figures by day go back twelve months, and one reply holds all days of a window.",
        "That brackets which are percent-encoded are refused: they never are.",
        "That posts can be sorted by creation (sortBy=CREATED), as comments and counters need.",
        "The right that numbers of followers need: that of administrators is asked for.",
        "The fields of page views beside those of the whole Page.",
        "That `/rest/me` needs no right of its own: where it is refused, the Page is the name of the account.",
        "That a comment with answers says so in `commentsSummary`: others are not asked for any.",
        "That 404 for the comments of a post that was just listed means that it is gone, and no missing product.",
        "How long a text may be before LinkedIn cuts it.",
        "When versions after 202607 end.",
    ),
    docs="https://learn.microsoft.com/en-us/linkedin/marketing/community-management/community-management-overview",
)
