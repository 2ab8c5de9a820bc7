"""Salesforce, REST API v66.0 (Spring '26).

Quirks, and where they are told:
- The host of an organization is told with its token, and again at each refresh: organizations move.
- Tokens tell no expiry; how long a session lasts is the organization's policy. A 401 means: refresh. Where refresh
  tokens rotate, each works once. https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm
- Which fields there are, and which of them one may see, each organization decides: a walk asks before it queries. To
  ask for a field that one may not see would fail the whole query; what one may not see at all is "not found".
  https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
- What changed is found by SystemModstamp, by a query that sees the recycle bin too. The bin forgets after 15 days, so
  all is read anew every 14; that refreshes formula fields as well, whose values change without the record.
- A page is fetched from a relative address, and only from the organization's own host.
- Errors are arrays, and a limit of calls is a 403. The limit is the organization's, and all its programs share it.
  https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
- Amounts are in the record's own currency where an organization has several; else no field tells it.
- There are no signed webhooks: changes are asked for. The one signature is that of the identity in a token reply.
- The Bulk API is left out: a query brings 2,000 records a call, in the order in which a walk can go on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.salesforce.records import SCOPE, VERSION
from connectors.salesforce.streams import LIMITS_REQUEST, STREAMS
from connectors.salesforce.writes import EXTERNAL_ID
from connectors.sdk.auth import Field, OAuth2, Settings, TokenGrant, Values, whole_reply
from connectors.sdk.base import Connector
from connectors.sdk.oauth2 import TOKEN_ERRORS, assertion_request, client_credentials_request
from core.classify import Disposition, ErrorRule
from core.errors import HostNotAllowed, SignatureRefused
from core.http import JSON, Request, Response
from core.pacing import Limit, Observation, RateLimit
from core.signing import expect, hmac_base64, jwt_rs256

# https://help.salesforce.com/s/articleView?id=sf.domain_name_url_formats.htm
_PARTITIONS: Final = ("sandbox", "develop", "scratch", "trailblaze", "demo", "patch", "free", "stage")
_ORG: Final = rf"[a-z0-9][a-z0-9-]*(?:\.(?:{'|'.join(_PARTITIONS)}))?"
_MY_DOMAIN: Final = rf"{_ORG}\.my\.salesforce\.com"
_TESTING: Final = re.compile(r"test\.salesforce\.com|.+\.(?:sandbox|scratch)\.my\.salesforce\.com")
_TOKEN: Final = "/services/oauth2/token"
_LIFE: Final = 120  # of an assertion, in seconds; three minutes are the longest
_CONNECT: Final = "Connect again: integrations connect {platform} --name {name}"
_APP_HELP: Final = "In Salesforce: Setup > External Client App Manager > your app > Settings > OAuth > Consumer Key."


def _read(response: Response, settings: Settings) -> Mapping[str, Any]:
    """A token reply, with the name of the organization's host. Raises HostNotAllowed for a host of somebody else."""
    reply = whole_reply(response, settings)
    host = urlsplit(str(reply.get("instance_url", ""))).netloc.lower()
    if not re.fullmatch(_MY_DOMAIN, host):
        raise HostNotAllowed(
            f"the organization's host is told to be {host[:80]!r}, which is no My Domain of Salesforce",
            advice="Nothing was sent there. If the organization has no My Domain yet, set one up: Setup > My Domain.",
        )
    return {**reply, "org": host.removesuffix(".my.salesforce.com")}


def _learn(values: Values) -> Settings:
    return {"org": values["org"], **_identity(values)}


def _identity(values: Values) -> Settings:
    """Who one is, as far as the app's secret proves that Salesforce said so; else nothing."""
    secret, identity, at = (values.get(name, "") for name in ("client_secret", "id", "issued_at"))
    try:
        expect(values.get("signature", ""), hmac_base64(secret.encode(), f"{identity}{at}".encode()))
    except SignatureRefused:
        return {}
    organization, user = identity.split("/")[-2:]
    return _known(organization, user) if secret else {}


def _known(organization: str, user: str) -> Settings:
    return {"account": f"organization {organization}", "organization_id": organization, "user_id": user}


def _discover(response: Response) -> Settings:
    organization, user = response.get("organization_id"), response.get("user_id")
    if organization is None:
        return {}
    told = {"user": response.get("preferred_username"), "time_zone": response.get("zoneinfo")}
    return {**_known(organization, user), **{name: value for name, value in told.items() if value}}


def _client_credentials(values: Values, settings: Settings, now: datetime) -> Request:
    return client_credentials_request(f"https://{values['login_host']}{_TOKEN}", values)


def _assertion(values: Values, settings: Settings, now: datetime) -> Request:
    host = values["login_host"]
    claims: dict[str, JSON] = {
        "iss": values["client_id"],
        "sub": values["username"],
        "aud": f"https://{'test' if _TESTING.fullmatch(host) else 'login'}.salesforce.com",
        "exp": int(now.timestamp()) + _LIFE,
    }
    return assertion_request(f"https://{host}{_TOKEN}", jwt_rs256(values["private_key"], claims))


def _usage(request: Request, response: Response, now: float) -> Sequence[Observation]:
    """How many calls of the last 24 hours are left. They come back bit by bit: whoever has none asks in an hour."""
    found = re.search(r"api-usage=(\d+)/(\d+)", response.headers.get("sforce-limit-info", ""))
    if found is None:
        return ()
    return (Observation(bucket="day", remaining=int(found[2]) - int(found[1]), resets_at=now + 3600),)


def _rules(disposition: Disposition, codes: str, advice: str = "", retry_in: float | None = None) -> ErrorRule:
    """One rule for these codes, wherever in the array of errors they stand."""
    return ErrorRule(
        disposition=disposition,
        status=_REFUSALS,
        path="*/errorCode",
        among=frozenset(codes.split()),
        advice=advice,
        retry_in=retry_in,
    )


def _login_host(help: str, pattern: str, default: str = "") -> Field:
    return Field(
        name="login_host", title="Host to log in at", secret=False, pattern=pattern, default=default, help=help
    )


_CLIENT_ID: Final = Field(
    name="client_id", title="Consumer key", secret=False, pattern=r"3MVG9[0-9A-Za-z._+/=-]{40,251}", help=_APP_HELP
)
_SECRET_HELP: Final = "Beside the consumer key: 64 digits and letters from A to F, or a number."
_SECRET: Final = r"[0-9A-Fa-f]{64}|\d{15,20}"
_ANY_HOST: Final = _login_host(
    "login.salesforce.com, test.salesforce.com for sandboxes, or acme.my.salesforce.com: without https://.",
    rf"(?:login|test)\.salesforce\.com|{_MY_DOMAIN}",
    "login.salesforce.com",
)
_REFUSALS: Final = (400, 401, 403, 404, 409, 420, 500, 503)  # good replies are not looked through for codes
_KEPT: Final = ("org", "id", "issued_at", "signature")

CONNECTOR: Final = Connector(
    name="salesforce",
    title="Salesforce",
    category="crm",
    base_url="https://{org}.my.salesforce.com",
    hosts=(
        "*.my.salesforce.com",
        *(f"*.{partition}.my.salesforce.com" for partition in _PARTITIONS),
        "login.salesforce.com",
        "test.salesforce.com",
    ),
    auth=(
        OAuth2(
            title="Salesforce user (OAuth 2.0)",
            authorize_url="https://{login_host}/services/oauth2/authorize",
            token_url=f"https://{{login_host}}{_TOKEN}",
            scopes=(SCOPE, "refresh_token", "id"),
            fields=(
                _CLIENT_ID,
                Field(name="client_secret", title="Consumer secret", pattern=_SECRET, optional=True, help=_SECRET_HELP),
                _ANY_HOST,
                EXTERNAL_ID,
            ),
            rotates=True,
            read=_read,
            keeps=_KEPT,
            learn=_learn,
            help="Make an External Client App. The user's permission sets decide what can be read and written.",
        ),
        TokenGrant(
            name="client_credentials",
            title="Integration user (client credentials)",
            scopes=(SCOPE, "id"),
            fields=(
                _CLIENT_ID,
                Field(name="client_secret", title="Consumer secret", pattern=_SECRET, help=_SECRET_HELP),
                _login_host(
                    "The organization's My Domain, such as acme.my.salesforce.com, without https://.", _MY_DOMAIN
                ),
                EXTERNAL_ID,
            ),
            request=_client_credentials,
            read=_read,
            keeps=_KEPT,
            learn=_learn,
            help="The app needs the client credentials flow, and a user to run as.",
        ),
        TokenGrant(
            name="jwt_bearer",
            title="Certificate (JWT bearer)",
            scopes=(SCOPE, "id"),
            fields=(
                _CLIENT_ID,
                Field(
                    name="username",
                    title="Username",
                    secret=False,
                    pattern=r"[^@\s]+@[^@\s]+",
                    help="Of the user to act for, who must be allowed to the app beforehand.",
                ),
                Field(
                    name="private_key",
                    title="Private key (PEM)",
                    pattern=r"(?s)-----BEGIN (?:RSA )?PRIVATE KEY-----.+-----END (?:RSA )?PRIVATE KEY-----",
                    file=True,
                    help="The RSA key that belongs to the certificate which the app was given.",
                ),
                _ANY_HOST,
                EXTERNAL_ID,
            ),
            request=_assertion,
            read=_read,
            keeps=_KEPT,
            learn=_learn,
        ),
    ),
    probe=lambda method, settings: LIMITS_REQUEST,
    details=lambda method, settings: (Request(path="/services/oauth2/userinfo"),),
    discover=_discover,
    streams=STREAMS,
    rate_limit=RateLimit(
        # What an Enterprise organization has at least; replies tell the organization's own, of which others take too.
        # https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
        limits=(Limit(bucket="day", requests=100_000, seconds=86_400),),
        dialect=_usage,
        concurrency=4,  # five long calls at once are what the smallest organization has
    ),
    errors=(
        # https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flow_errors.htm
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            path="error_description",
            contains="hasn't approved this consumer",
            advice="Let an administrator allow the app to the user (policies > permitted users), then connect again: "
            "integrations connect {platform} --name {name}",
        ),
        *TOKEN_ERRORS,
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            path="error",
            among=frozenset(
                (
                    "invalid_client_id",
                    "invalid_client_credentials",
                    "inactive_user",
                    "inactive_org",
                    "invalid_app_access",
                )
            ),
            advice="App, user or organization is not active there, or the user may not use the app. " + _CONNECT,
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, path="error", equals="rate_limit_exceeded", retry_in=60),
        ErrorRule(disposition=Disposition.RETRY, path="error", equals="unknown_error", retry_in=5),
        # https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=(401, 403),
            path="*/message",
            contains="not valid for use with the REST API",
            advice="Give the app the scope `api`, then connect again: integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.REFRESH_TOKEN,
            status=401,
            advice="The session has ended, or the app's policy does not allow this address. " + _CONNECT,
        ),
        # The limit of calls that take long at once passes in a moment; that of the day in hours.
        ErrorRule(
            disposition=Disposition.RATE_LIMITED, status=403, path="*/message", contains="concurrent", retry_in=20
        ),
        _rules(Disposition.RATE_LIMITED, "REQUEST_LIMIT_EXCEEDED", retry_in=3600),
        _rules(
            Disposition.SCOPE_MISSING,
            "API_DISABLED_FOR_ORG API_CURRENTLY_DISABLED FUNCTIONALITY_NOT_ENABLED",
            "The organization's edition lacks this or the whole API, or the user the permission API Enabled, which an "
            "administrator can give.",
        ),
        _rules(
            Disposition.SCOPE_MISSING,
            "OAUTH_APP_BLOCKED",
            "An administrator has blocked the app: Setup > Connected Apps OAuth Usage. " + _CONNECT,
        ),
        _rules(
            Disposition.SCOPE_MISSING,
            "INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY "
            "INVALID_FIELD INVALID_TYPE",
            "The user may not see or change this. Give a permission set with the right on object and fields.",
        ),
        _rules(Disposition.RESET_STATE, "INVALID_QUERY_LOCATOR"),
        _rules(
            Disposition.FAIL,
            "NOT_FOUND ENTITY_IS_DELETED",
            "It was deleted, or the user may not see it: give a permission set with the right to read such records.",
        ),
        _rules(
            Disposition.FAIL,
            "REQUIRED_FIELD_MISSING FIELD_CUSTOM_VALIDATION_EXCEPTION DUPLICATES_DETECTED FIELD_INTEGRITY_EXCEPTION",
            "The organization's own rules refuse the record: fill in what they want, or have them changed.",
        ),
        _rules(Disposition.RETRY, "UNABLE_TO_LOCK_ROW SERVER_UNAVAILABLE", retry_in=5),
        _rules(Disposition.RETRY, "UNKNOWN_EXCEPTION"),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=300,
            advice="Several records have this external id: make it unique in Salesforce, then try again.",
        ),
        ErrorRule(disposition=Disposition.RETRY, status=(409, 420), retry_in=2),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=410,
            advice="Salesforce has retired this version of its API: update the integration manager.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=412,
            advice="The record was changed meanwhile: nothing was written. Read it again, then decide.",
        ),
    ),
    headers={"Accept": "application/json"},
    version=VERSION,
    unverified=(
        "The signature of the identity is computed as the vendor describes it; where it does not fit, who one is is "
        "left open.",
        "An assertion may live three minutes: it lives two. Its audience is test.salesforce.com for sandboxes.",
        "Client credentials are taken at My Domain alone.",
        "A page that is no longer known is INVALID_QUERY_LOCATOR; a walk that was stopped never asks for one.",
        "Ids compare in the order in which records of one second are told; a full walk every 14 days would mend it.",
        "What the recycle bin holds is kept 15 days.",
        "Without the scope `api` the session is told to be not valid for the REST API.",
        "A kind of records that one may not see is 404: of accounts, contacts and users that is told, of others, which "
        "an edition may lack, there is nothing.",
        "A daily limit that is reached has no time of reset: it is tried again after an hour.",
        "Older hosts without My Domain (na1.salesforce.com) and those of government clouds are refused.",
    ),
    docs="https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
)
