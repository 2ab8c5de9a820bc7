"""What the platforms of Google share: OAuth 2.0, service accounts, and errors told by reason.

OAuth: https://developers.google.com/identity/protocols/oauth2/web-server
Service accounts: https://developers.google.com/identity/protocols/oauth2/service-account
Errors come in two forms, often in one body: `error.errors[].reason` (older), and `error.status` with the reason in
`error.details[]` (https://cloud.google.com/apis/design/errors). The status alone does not tell a rate limit from a
missing right: both are 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.sdk.auth import Field, OAuth2, Settings, TokenGrant, Values
from connectors.sdk.oauth2 import TOKEN_ERRORS, assertion_request
from core.classify import Disposition, ErrorRule
from core.errors import CredentialMalformed
from core.http import JSON, Request
from core.signing import jwt_rs256

AUTHORIZE_URL: Final = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"
TOKEN_HOST: Final = "oauth2.googleapis.com"
PACIFIC: Final = "America/Los_Angeles"
"""Where the day ends by which quotas are counted."""

_LIFE: Final = 3600  # the longest that an assertion may live, in seconds
_RECONNECT: Final = "Connect again: integrations connect {platform} --name {name}"
_KEY_HELP: Final = (
    "Connect with the whole JSON key file of a service account, as the Google Cloud console made it: "
    "IAM & Admin > Service accounts > Keys."
)
# A text that is anything else is refused before it is looked into; order and spacing of the members are free.
_KEY: Final = (
    r'(?s)\{(?=.*"type"\s*:\s*"service_account")(?=.*"private_key"\s*:\s*"-----BEGIN )'
    r'(?=.*"client_email"\s*:\s*"[^"\s]+@[^"\s]+").*\}'
)


def google_oauth2(*scopes: str, fields: tuple[Field, ...] = ()) -> OAuth2:
    """The consent of a person, for these scopes; `fields` are asked for beside the client's id and secret."""
    return OAuth2(
        title="Google account (OAuth 2.0)",
        authorize_url=AUTHORIZE_URL,
        token_url=TOKEN_URL,
        scopes=scopes,
        # A refresh token comes only for offline access, and after the first time only where consent is asked anew.
        authorize_params={"access_type": "offline", "prompt": "consent"},
        fields=(
            Field(
                name="client_id",
                title="Client ID",
                secret=False,
                pattern=r"\d+-[0-9a-z]+\.apps\.googleusercontent\.com",
                help="In the Google Cloud console: APIs & Services > Credentials > OAuth 2.0 Client IDs.",
            ),
            Field(
                name="client_secret",
                title="Client secret",
                pattern=r"GOCSPX-[A-Za-z0-9_-]{28}|[A-Za-z0-9_-]{24}",  # the second: made before 2021
                help="Beside the client ID. It begins with GOCSPX-.",
            ),
            *fields,
        ),
        help="While the app's consent screen is in Testing, Google ends the connection after seven days: publish it.",
    )


def service_account(
    *scopes: str, fields: tuple[Field, ...] = (), delegated: bool = False, help: str = ""
) -> TokenGrant:
    """A service account, which signs for itself. `delegated`: it may act for a person of its own Workspace domain."""
    subject = Field(
        name="subject",
        title="Person to act for",
        secret=False,
        pattern=r"[^@\s]+@[^@\s]+",
        optional=True,
        help="The address of a person of your domain, where domain-wide delegation is set up. Else leave it empty.",
    )

    def request(values: Values, settings: Settings, now: datetime) -> Request:
        key, issued = _key_of(values["key"]), int(now.timestamp())
        claims: dict[str, JSON] = {
            "iss": str(key["client_email"]),
            "scope": " ".join(scopes),
            "aud": TOKEN_URL,
            "iat": issued,
            "exp": issued + _LIFE,
        }
        if values.get("subject"):
            claims["sub"] = values["subject"]
        signed = jwt_rs256(str(key["private_key"]), claims, key_id=str(key.get("private_key_id", "")))
        return assertion_request(TOKEN_URL, signed)

    return TokenGrant(
        name="service_account",
        title="Service account",
        scopes=scopes,
        fields=(
            Field(name="key", title="Key file (JSON)", pattern=_KEY, file=True, help=_KEY_HELP),
            *((subject,) if delegated else ()),
            *fields,
        ),
        request=request,
        help=help,
    )


def _key_of(text: str) -> Mapping[str, Any]:
    """The members of a key file. Raises CredentialMalformed, which shows nothing of it."""
    try:
        key = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        key = None
    if not isinstance(key, dict) or not {"client_email", "private_key"} <= key.keys():
        raise CredentialMalformed("the key file is not one of a service account", advice=_KEY_HELP)
    return key


def by_reason(
    disposition: Disposition, *reasons: str, advice: str = "", until_midnight: str = ""
) -> tuple[ErrorRule, ...]:
    """A rule for each reason, wherever a body tells it."""
    return tuple(
        ErrorRule(
            disposition=disposition,
            path=path,
            equals=reason,
            advice=advice,
            until_midnight=until_midnight,
        )
        for reason in reasons
        for path in ("error/errors/*/reason", "error/details/*/reason")
    )


def google_errors(api: str) -> tuple[ErrorRule, ...]:
    """The rules that all of them share; `api` is the name under which the Cloud console knows the interface.

    A platform's own rules come before these.
    """
    return (
        # A service account's assertion is refused as too old or too young where our clock is wrong.
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            path="error_description",
            contains="reasonable timeframe",
            advice="Set the clock of this machine, then connect again: integrations connect {platform} --name {name}",
        ),
        *TOKEN_ERRORS,
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            path="error",
            equals="invalid_scope",
            advice="Allow the scopes to the app or the service account, then connect again: "
            "integrations connect {platform} --name {name}",
        ),
        *by_reason(Disposition.CREDENTIAL_REJECTED, "keyInvalid", "API_KEY_INVALID", "keyExpired", advice=_RECONNECT),
        *by_reason(
            Disposition.SCOPE_MISSING,
            "insufficientPermissions",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            advice="Tick every right on Google's consent page when you connect again: "
            "integrations connect {platform} --name {name}",
        ),
        *by_reason(
            Disposition.SCOPE_MISSING,
            "accessNotConfigured",
            "SERVICE_DISABLED",
            advice=f"Switch on the {api} in the Google Cloud console (APIs & Services > Library), in the project of "
            "the client or service account, and wait a few minutes.",
        ),
        # New quotas tell the reason of a rate limit also for a day that is used up; the name of the quota says which.
        ErrorRule(
            disposition=Disposition.RATE_LIMITED,
            path="error/details/*/metadata/quota_limit",
            contains="PerDay",
            until_midnight=PACIFIC,
        ),
        *by_reason(
            Disposition.RATE_LIMITED,
            "dailyLimitExceeded",
            "dailyLimitExceededUnreg",
            "quotaExceeded",
            until_midnight=PACIFIC,
        ),
        *by_reason(Disposition.RATE_LIMITED, "rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"),
        ErrorRule(disposition=Disposition.RATE_LIMITED, path="error/status", equals="RESOURCE_EXHAUSTED"),
        # A page token that is no longer known: the walk begins again.
        ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="error/errors/*/location", equals="pageToken"),
        ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="error/message", contains="page token"),
        *by_reason(Disposition.RESET_STATE, "invalidPageToken"),
        *by_reason(Disposition.RETRY, "backendError", "internalError"),
        ErrorRule(disposition=Disposition.RETRY, path="error/status", equals="UNAVAILABLE"),
    )
