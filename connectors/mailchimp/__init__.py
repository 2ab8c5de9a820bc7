"""Mailchimp Marketing, API version 3.0.

Quirks, and where they are told:
- Each account lives in a data centre, and so does its host. An API key ends with the name of it; with OAuth the
  metadata call tells it, which wants another authorization scheme and answers an invalid token with 200.
  https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/
- There is no rate, only ten connections at once. At extremes the front answers 403 or 429 without JSON.
  https://mailchimp.com/developer/marketing/docs/fundamentals/#api-limits
- Lists hide archived members: each sync asks for those that were archived since as well. Members that were deleted
  for good just vanish, so once a week all are read.
- A member's id is the MD5 of the lower-case e-mail address: with another address it is another member.
- Dates that are not set are empty texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.mailchimp.streams import (
    AUDIENCES,
    AUDIENCES_DAILY,
    CAMPAIGNS,
    MEMBERS,
    MERGE_FIELDS,
    REPORTS,
    SEGMENTS,
    UNSUBSCRIBES,
    VERSION,
)
from connectors.mailchimp.webhooks import INBOUND
from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings, Values, bearer
from connectors.sdk.base import Connector
from connectors.sdk.oauth2 import TOKEN_ERRORS
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit

_LOGIN: Final = "https://login.mailchimp.com"


def _authorize(values: Values, request: Request) -> Mapping[str, str]:
    if request.base == _LOGIN:
        return {"Authorization": f"OAuth {values['access_token']}"}
    return bearer(values, request)


def _probe(method: str, settings: Settings) -> Request:
    if method == "oauth2":
        return Request(base=_LOGIN, path="/oauth2/metadata")
    return Request(path="/3.0/", params={"fields": "account_id,account_name,login_id,email,role,total_subscribers"})


def _discover(response: Response) -> Settings:
    found: Settings = {"account": response.get("account_name") or response.get("accountname")}
    centre = response.get("dc")
    return {**found, "dc": centre} if centre else found


CONNECTOR: Final = Connector(
    name="mailchimp",
    title="Mailchimp",
    category="email",
    base_url="https://{dc}.api.mailchimp.com",
    hosts=("*.api.mailchimp.com", "login.mailchimp.com"),
    auth=(
        ApiKey(
            name="api_key",
            title="API key",
            fields=(
                Field(
                    name="token",
                    title="API key",
                    pattern=r"[0-9a-f]{32}-[a-z]{2}\d{1,3}",
                    help="In Mailchimp: Account > Extras > API keys. It ends with the data centre, such as -us21.",
                ),
            ),
            learn=lambda values: {"dc": values["token"].rpartition("-")[2]},
        ),
        OAuth2(
            authorize_url=f"{_LOGIN}/oauth2/authorize",
            token_url=f"{_LOGIN}/oauth2/token",
            pkce=False,
            fields=(
                Field(name="client_id", title="Client ID", secret=False, pattern=r"[0-9A-Za-z]{6,}"),
                Field(name="client_secret", title="Client secret", pattern=r"[0-9a-f]{32,}"),
            ),
            authorize=_authorize,
        ),
    ),
    probe=_probe,
    discover=_discover,
    streams=(AUDIENCES, AUDIENCES_DAILY, MEMBERS, MERGE_FIELDS, SEGMENTS, CAMPAIGNS, REPORTS, UNSUBSCRIBES),
    # Ten connections at once for a user, over all apps: two are left to the others.
    rate_limit=RateLimit(concurrency=8),
    # https://mailchimp.com/developer/marketing/docs/errors/
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, path="error", equals="invalid_token"),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            advice="The key was disabled, or its data centre is another. Connect again with a new one: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=403, not_json=True, retry_in=10),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="title",
            equals="WrongDatacenter",
            advice="The account lives in another data centre: connect again with a key of its own, which ends with its "
            "name: integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="title",
            equals="User Disabled",
            advice="The person's account is disabled: have an owner at Mailchimp enable it, or connect another one.",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="The person's role at Mailchimp does not allow it: have an owner give a higher one, or connect with "
            "the key of another person.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="title",
            contains="Member In Compliance State",
            advice="The person has left the audience, and only the person can come back: by a sign-up form.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="title",
            contains="Forgotten Email Not Subscribed",
            advice="The member was deleted for good, and only the person can come back: by a sign-up form.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="title",
            contains="Member Exists",
            advice="The address is in the audience already: change that member instead of creating another.",
        ),
        # What a walk began with may be gone before it ends, such as an audience whose members are read.
        ErrorRule(disposition=Disposition.SKIP, status=404, path="title", contains="Resource Not Found"),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "That OAuth tokens never expire: one that is refused asks for a new connection.",
        "That archived members are hidden unless asked for: they are asked for.",
        "That a webhook is tried again for 75 minutes, and what is signed of it: the secret in the address serves too.",
        "Bodies of 429; a 403 that is no JSON is taken for throttling.",
    ),
    docs="https://mailchimp.com/developer/marketing/api/",
)
