"""How Salesforce speaks: arrays of errors, calls counted over a day, OAuth with three grants.

Sources: REST API Developer Guide (status codes and error responses, headers), Salesforce Help (OAuth authorization
flows, refresh token rotation, JWT bearer, client credentials), replies recorded in 2026.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.assertions import sample_key, signed_by, unverified_claims
from sandbox.credentials import EXPIRED, MISSING, Credential
from sandbox.oauth import Client, Dialect, Grant, OAuthServer, client_of
from sandbox.platform import Call, Problems, Reply, empty_reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.salesforce.objects import eighteen
from sandbox.samples import SAMPLES, letters
from sandbox.world import World

LOGIN: Final = "login.salesforce.com"
INSTANCE: Final = SAMPLES["salesforce"]["client_credentials"]["login_host"]
ORGANIZATION: Final = eighteen("00DSb0000000001")
USER: Final = eighteen("005SbX000000000")
SCOPES: Final = ("api", "refresh_token", "id")
CALLS_A_DAY: Final = 15_000
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY: Final = sample_key(4)
_LONGEST: Final = 180.0
_SKEW: Final = 5.0
_UTF8: Final = "application/json;charset=UTF-8"


def error(status: int, code: str, message: str, fields: Sequence[str] | None = None) -> Reply:
    """developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm"""
    told: dict[str, Any] = {"message": message, "errorCode": code}
    return json_reply([told if fields is None else {**told, "fields": list(fields)}], status=status, kind=_UTF8)


def _unauthorized(call: Call, why: str) -> Reply:
    said = "INVALID_HEADER_TYPE" if why == MISSING else "Session expired or invalid" if why == EXPIRED else ""
    code = "INVALID_AUTH_HEADER" if why == MISSING else "INVALID_SESSION_ID"
    return error(401, code, said or "Session expired or invalid")


def _forbidden(call: Call, lacking: Sequence[str]) -> Reply:
    return error(403, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")


def _throttled(call: Call, taken: Taken | None) -> Reply:
    which = "TotalRequests" if taken else "ConcurrentPerOrgLongTxn"
    return error(403, "REQUEST_LIMIT_EXCEEDED", f"{which} Limit exceeded.")


def _failed(call: Call, status: int) -> Reply:
    code = {404: "NOT_FOUND", 503: "SERVER_UNAVAILABLE"}.get(status, "UNKNOWN_EXCEPTION")
    return error(status, code, "An unexpected error occurred. Please include this ErrorId if you contact support.")


def lost() -> Reply:
    return error(404, "NOT_FOUND", "The requested resource does not exist")


problems: Final = Problems(
    unauthorized=_unauthorized,
    forbidden=_forbidden,
    not_found=lambda call: lost(),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=lambda call: error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    bad_body=lambda call, why: error(400, "JSON_PARSER_ERROR", why),
)


# Calls are counted for the whole organization, over 24 hours that roll; every reply of the data interface tells it.


def _counted(call: Call) -> bool:
    return call.path.startswith("/services/data/")


def windows(call: Call) -> tuple[Window, ...]:
    window = Window(name="TotalRequests", key=ORGANIZATION, limit=CALLS_A_DAY, seconds=86_400)
    return (window,) if _counted(call) else ()


def window_headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
    if not taken:
        return {}
    return {"sforce-limit-info": f"api-usage={taken[0].window.limit - taken[0].remaining}/{CALLS_A_DAY}"}


# OAuth. No reply tells when a token expires: the session policy of the organization decides (two hours here).


def _mint(kind: str, serial: int) -> str:
    if kind == "access":
        return f"{ORGANIZATION[:15]}!AQ{letters(94, serial)}"
    return f"5Aep861{letters(81, serial)}" if kind == "refresh" else f"aPrx{letters(80, serial)}=="


def _oauth_error(code: str, description: str, status: int) -> Reply:
    renamed = {"invalid_client": "invalid_client_id"}
    return json_reply({"error": renamed.get(code, code), "error_description": description}, status=400, kind=_UTF8)


def _replies(world: World, secrets: Mapping[str, str]) -> Any:
    def reply(grant: Grant) -> dict[str, Any]:
        """The signature covers the identity's address and the time, and is made with the app's secret."""
        identity, at = f"https://{LOGIN}/id/{ORGANIZATION}/{USER}", str(world.clock.ms())
        told = {
            "access_token": grant.access,
            "instance_url": f"https://{INSTANCE}",
            "id": identity,
            "token_type": "Bearer",
            "scope": " ".join(grant.scopes),
        }
        if grant.refresh:
            told["refresh_token"] = grant.refresh
        if grant.kind != JWT_BEARER:
            digest = hmac.new(secrets[grant.client_id].encode(), f"{identity}{at}".encode(), hashlib.sha256).digest()
            told |= {"issued_at": at, "signature": b64encode(digest).decode()}
        return told

    return reply


def _as_run_as_user(server: OAuthServer, call: Call, fields: Mapping[str, str], client: Client) -> Reply:
    """The client credentials flow, which the login hosts do not serve."""
    if call.host != INSTANCE:
        return server.dialect.error("invalid_grant", "request not supported on this domain", 400)
    known = server.accepted(client.client_secret)
    if known is None or known.revoked:
        return server.dialect.error("invalid_grant", "no client credentials user enabled", 400)
    scopes = tuple(scope for scope in known.scopes if scope != "refresh_token")
    return server.issue(client, scopes, grant="run as", kind="client_credentials", with_refresh=False)


def _as_named_user(server: OAuthServer, call: Call, fields: Mapping[str, str], client: Client) -> Reply:
    assertion = fields.get("assertion", "")
    claims, known, now = unverified_claims(assertion), server.accepted(KEY.pem), server.now()
    refused = server.dialect.error
    if known is None or known.revoked or claims.get("sub") != SAMPLES["salesforce"]["jwt_bearer"]["username"]:
        return refused("invalid_grant", "user hasn't approved this consumer", 400)
    if not signed_by(assertion, KEY):
        return refused("invalid_grant", "invalid assertion", 400)
    if claims.get("aud") != f"https://{LOGIN}":
        return refused("invalid_grant", "audience is invalid", 400)
    if not now - _SKEW < float(claims.get("exp") or 0) <= now + _LONGEST + _SKEW:
        return refused("invalid_grant", "expired authorization code", 400)
    scopes = tuple(scope for scope in known.scopes if scope != "refresh_token")
    return server.issue(Client(client_id=""), scopes, grant="certificate", kind=JWT_BEARER, with_refresh=False)


def credentials() -> tuple[Credential, ...]:
    """What machines sign in with, until it is revoked."""
    secret = SAMPLES["salesforce"]["client_credentials"]["client_secret"]
    return tuple(
        Credential(platform="salesforce", kind=kind, secret=key, account=ORGANIZATION, scopes=SCOPES)
        for kind, key in (("client_credentials", secret), ("jwt_bearer", KEY.pem))
    )


def oauth(world: World) -> Dialect:
    samples = SAMPLES["salesforce"]
    clients = tuple(client_of(samples[kind]) for kind in ("oauth2", "client_credentials"))
    return Dialect(
        title="Salesforce",
        authorize=(LOGIN, "/services/oauth2/authorize"),
        token=tuple((host, "/services/oauth2/token") for host in (LOGIN, INSTANCE)),
        revoke=(LOGIN, "/services/oauth2/revoke"),
        revoked=lambda call: empty_reply(200),
        clients=clients,
        mint=_mint,
        scopes=SCOPES,
        pkce="required",
        access_seconds=7200,
        rotates=True,
        offers_refresh=lambda asked, scopes: "refresh_token" in scopes,
        account=ORGANIZATION,
        reply=_replies(world, {client.client_id: client.client_secret for client in clients}),
        error=_oauth_error,
        extra={"client_credentials": _as_run_as_user, JWT_BEARER: _as_named_user},
        asserts=lambda assertion: unverified_claims(assertion).get("iss") == samples["jwt_bearer"]["client_id"],
    )
