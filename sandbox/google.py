"""How Google speaks on all its platforms: OAuth with service accounts, error bodies, token information.

Sources: developers.google.com/identity/protocols/oauth2 (web server and service account), cloud.google.com/apis/design/
errors, and the recorded errors of the older form (errors with a domain and a reason). The products share hosts, so a
call for a token is told apart by its client id, or by who signed its assertion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.assertions import sample_key, signed_by, unverified_claims
from sandbox.credentials import EXPIRED, MISSING, Credential
from sandbox.oauth import Client, Dialect, Grant, OAuthServer, client_of
from sandbox.platform import Call, Problems, Reply, json_reply
from sandbox.ratelimits import Taken
from sandbox.samples import SAMPLES, letters

ACCOUNTS: Final = "accounts.google.com"
TOKENS: Final = "oauth2.googleapis.com"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SKEW: Final = 300.0
_LONGEST: Final = 3600
_KEYS: Final[Mapping[str, int]] = {"google_analytics": 1, "google_drive": 2}

# The canonical code of each status, where the reason does not tell another (google.rpc.Code).
_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def problem(
    status: int,
    message: str,
    *,
    reason: str = "",
    domain: str = "global",
    location: str = "",
    info: str = "",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An error body. `reason` is that of the older form, with the parameter at `location`; `info` that of ErrorInfo.

    With neither it has a status alone, as the younger interfaces send it.
    """
    error: dict[str, Any] = {"code": status, "message": message}
    if reason:
        one = {"message": message, "domain": domain, "reason": reason}
        error["errors"] = [one | ({"location": location, "locationType": "parameter"} if location else {})]
    if info or not reason:
        error["status"] = _STATUS.get(status, "UNKNOWN")
    if info:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": info, "domain": "googleapis.com", "metadata": {}}]
    return json_reply({"error": error}, status=status, kind="application/json; charset=UTF-8", headers=headers)


def unauthorized(call: Call, why: str) -> Reply:
    if why == MISSING:
        return problem(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
            "other valid authentication credential.",
            reason="required",
            info="CREDENTIALS_MISSING",
            headers={"www-authenticate": 'Bearer realm="https://accounts.google.com/"'},
        )
    return problem(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential.",
        reason="authError",
        info="ACCESS_TOKEN_EXPIRED" if why == EXPIRED else "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        headers={"www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def forbidden(call: Call, lacking: Sequence[str]) -> Reply:
    return problem(
        403,
        "Request had insufficient authentication scopes.",
        reason="insufficientPermissions",
        info="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(lacking)}"'},
    )


def throttled(call: Call, taken: Taken | None) -> Reply:
    """The older form of a rate limit is 403. No header tells how long to wait."""
    return problem(403, "User Rate Limit Exceeded", reason="userRateLimitExceeded", domain="usageLimits")


def failed(call: Call, status: int) -> Reply:
    return problem(status, "Backend Error", reason="backendError") if status >= 500 else problem(status, "Failed")


def not_found(call: Call) -> Reply:
    return problem(404, "Requested entity was not found.", reason="notFound")


def stale_token(call: Call) -> Reply:
    """A page token that is not, or no longer, known."""
    return problem(400, "Invalid Value", reason="invalid", location="pageToken")


def bad_body(call: Call, why: str) -> Reply:
    return problem(400, f"Invalid JSON payload received. {why}", reason="badRequest")


problems: Final = Problems(
    unauthorized=unauthorized,
    forbidden=forbidden,
    not_found=not_found,
    throttled=throttled,
    failed=failed,
    stale_cursor=stale_token,
    bad_body=bad_body,
)


# OAuth


def service_account(slug: str, *scopes: str) -> Credential:
    """The service account of a platform as the sandbox knows it: allowed these scopes, until it is revoked."""
    return Credential(platform=slug, kind="service_account", secret=_key(slug)["private_key"], scopes=scopes)


def google_oauth(slug: str, title: str, scopes: Sequence[str], account: str) -> Dialect:
    """The dialect of one product: its client, and its service account where a sample has one."""

    def asserts(assertion: str) -> bool:
        return (
            "service_account" in SAMPLES[slug] and unverified_claims(assertion).get("iss") == _key(slug)["client_email"]
        )

    return Dialect(
        title=title,
        authorize=(ACCOUNTS, "/o/oauth2/v2/auth"),
        token=((TOKENS, "/token"),),
        clients=(client_of(SAMPLES[slug]["oauth2"]),),
        mint=_mint,
        scopes=tuple(scopes),
        access_seconds=3599,
        offers_refresh=lambda asked, granted: asked.get("access_type") == "offline",
        account=account,
        reply=_granted,
        revoke=(TOKENS, "/revoke"),
        revoked=lambda call: json_reply({}),
        introspect=(TOKENS, "/tokeninfo"),
        introspected=_token_info,
        extra={JWT_BEARER: lambda server, call, fields, client: _signed_in(slug, server, fields)},
        asserts=asserts,
    )


def _key(slug: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(SAMPLES[slug]["service_account"]["key"])
    return found


def _mint(kind: str, serial: int) -> str:
    return {"access": "ya29.a0", "refresh": "1//0", "code": "4/0A"}[kind] + letters(
        160 if kind == "access" else 80, serial
    )


def _granted(grant: Grant) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "access_token": grant.access,
        "expires_in": int(grant.seconds or 0),
        "token_type": "Bearer",
    }
    if grant.kind == JWT_BEARER:
        return reply
    reply["scope"] = " ".join(grant.scopes)
    # A refresh gives no new refresh token.
    return reply | ({"refresh_token": grant.refresh} if grant.refresh and grant.kind == "authorization_code" else {})


def _signed_in(slug: str, server: OAuthServer, fields: Mapping[str, str]) -> Reply:
    """RFC 7523, 3, as Google words it."""
    assertion, refused = fields.get("assertion", ""), server.dialect.error
    claims, known = unverified_claims(assertion), server.accepted(_key(slug)["private_key"])
    if known is None or known.revoked or not signed_by(assertion, sample_key(_KEYS[slug])):
        return refused("invalid_grant", "Invalid JWT Signature.", 400)
    issued, expires = (float(claims.get(name) or 0) for name in ("iat", "exp"))
    timely = server.now() - _LONGEST <= issued <= server.now() + _SKEW and server.now() < expires <= issued + _LONGEST
    if not timely:
        return refused(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat "
            "and exp values in the JWT claim.",
            400,
        )
    if claims.get("aud") != f"https://{TOKENS}/token":
        return refused("invalid_grant", "Invalid JWT: Failed audience check.", 400)
    asked = tuple(str(claims.get("scope", "")).split())
    if not asked or not set(asked) <= set(server.dialect.scopes):
        return refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.", 400)
    granted = tuple(scope for scope in asked if scope in known.scopes)
    return server.issue(Client(client_id=""), granted, grant=slug, kind=JWT_BEARER, with_refresh=False)


def _token_info(found: Credential | None, now: float) -> Reply:
    """https://oauth2.googleapis.com/tokeninfo?access_token=…"""
    if found is None or found.kind != "access" or found.revoked or (found.expires is not None and now >= found.expires):
        return json_reply({"error": "invalid_token", "error_description": "Invalid Value"}, status=400)
    return json_reply(
        {
            "azp": found.client_id,
            "aud": found.client_id,
            "scope": " ".join(found.scopes),
            "exp": str(int(found.expires or 0)),
            "expires_in": str(int((found.expires or now) - now)),
            "access_type": "offline",
        }
    )
