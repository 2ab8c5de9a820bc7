"""What Meta's platforms share: OAuth with long-lived tokens, refusals, proofs of the app's secret, usage headers.

Sources: developers.facebook.com/docs/graph-api (rate limiting, securing requests, webhooks) and docs/facebook-login at
2026-10. `sandbox/graph.py` is the language of what is asked and told. The products share a host, so a call for a
token is told apart by its client id, any other by its token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1, sha256
from hmac import new as hmac_of
from typing import Any, Final

from sandbox.credentials import EXPIRED, MISSING, REVOKED
from sandbox.graph import error, secret, stale_cursor
from sandbox.oauth import Client, Dialect, Grant, OAuthServer, client_of
from sandbox.platform import Call, Delivery, Problems, Reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import SAMPLES, letters

VERSION: Final = "v26.0"
GRAPH: Final = "graph.facebook.com"
DIALOG: Final = "www.facebook.com"
LONG: Final = 60 * 86_400.0
DAY: Final = 86_400.0
CALLS_A_DAY: Final = 4800 * 20  # of twenty people engaged with the Page


def unauthorized(call: Call, why: str) -> Reply:
    if why == MISSING:
        return error(104, "An access token is required to request this resource.")
    if why == EXPIRED:
        message = "Error validating access token: Session has expired on Monday, 07-Sep-26 02:00:00 PDT."
        return error(190, message, subcode=463)
    if why == REVOKED:
        message = "Error validating access token: The user has not authorized application."
        return error(190, message, subcode=458)
    return error(190, "Invalid OAuth access token - Cannot parse access token")


def forbidden(call: Call, lacking: Sequence[str]) -> Reply:
    if call.method == "GET":
        return error(10, f"(#10) This endpoint requires the '{lacking[0]}' permission", status=403)
    return error(200, f"(#200) Requires {lacking[0]} permission to manage the object", status=403)


def throttled(call: Call, taken: Taken | None) -> Reply:
    """Nothing tells how long to wait but the usage header."""
    return error(80001, "(#80001) There have been too many calls to this Page account. Wait a bit and try again.")


def failed(call: Call, status: int) -> Reply:
    if status < 500:
        return error(100, "(#100) Invalid parameter", status=status)
    message = "An unexpected error has occurred. Please retry your request later."
    return error(2, message, status=status, transient=True)


problems: Final = Problems(
    unauthorized=unauthorized,
    forbidden=forbidden,
    not_found=lambda call: error(2500, "Unknown path components: " + call.path),
    throttled=throttled,
    failed=failed,
    stale_cursor=stale_cursor,
    bad_body=lambda call, why: error(100, f"(#100) Invalid parameter: {why}"),
)


def proof_of(app_secret: str, token: str) -> str:
    return hmac_of(app_secret.encode(), token.encode(), sha256).hexdigest()


def check_proof(app_secret: str) -> Callable[[Call], Reply | None]:
    """The app has "Require App Secret" on: every call proves that it knows it."""

    def check(call: Call) -> Reply | None:
        shown = call.param("appsecret_proof")
        if not shown:
            message = "API calls from the server require an appsecret_proof argument"
            return error(100, message, kind="GraphMethodException")
        if shown != proof_of(app_secret, secret(call) or ""):
            message = "Invalid appsecret_proof provided in the API argument"
            return error(100, message, kind="GraphMethodException")
        return None

    return check


# Limits


def windows(call: Call) -> tuple[Window, ...]:
    key = call.credential.account if call.credential is not None else ""
    return (Window(name="pages", key=key, limit=CALLS_A_DAY, seconds=DAY),)


def usage_headers(case: str) -> Callable[[Call, Sequence[Taken]], Mapping[str, str]]:
    """The percentage of use, and minutes until there is room; only once something was used."""

    def headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
        used = [100 - 100 * one.remaining // one.window.limit for one in taken]
        if not used or max(used) < 1:
            return {}
        minutes = max(int(-(-one.wait // 60)) for one in taken)
        told = {
            "type": case,
            "call_count": max(used),
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        return {"x-business-use-case-usage": json.dumps({taken[0].window.key: [told]})}

    return headers


def headers(call: Call) -> Mapping[str, str]:
    return {"facebook-api-version": VERSION}


# OAuth


def facebook_oauth(slug: str, number: int, title: str, scopes: Sequence[str], account: str) -> Dialect:
    """Facebook Login for one product's app; `number` keeps its tokens apart from those of the others."""
    return Dialect(
        title=title,
        authorize=(DIALOG, f"/{VERSION}/dialog/oauth"),
        token=((GRAPH, f"/{VERSION}/oauth/access_token"),),
        clients=(client_of(SAMPLES[slug]["oauth2"]),),
        mint=lambda kind, serial: token(number * 1000 + serial) if kind == "access" else "AQ" + letters(200, serial),
        scopes=tuple(scopes),
        scope_separator=",",
        client_auth=("body",),
        pkce="ignored",
        access_seconds=5400,
        offers_refresh=lambda asked, granted: False,
        account=account,
        reply=_granted,
        error=_refused,
        extra={"fb_exchange_token": _long_lived},
    )


def token(serial: int) -> str:
    """An access token in Meta's form."""
    return "EAA" + letters(180, serial)


def _granted(grant: Grant) -> dict[str, Any]:
    return {"access_token": grant.access, "token_type": "bearer", "expires_in": int(grant.seconds or 0)}


def _refused(code: str, description: str, status: int) -> Reply:
    if code == "invalid_client":
        return error(1, "Error validating client secret.")
    return error(100, f"Error validating verification code. {description}", subcode=36007)


def _long_lived(server: OAuthServer, call: Call, fields: Mapping[str, str], client: Client) -> Reply:
    found = server.accepted(fields.get("fb_exchange_token", ""))
    if found is None or found.revoked:
        return unauthorized(call, "unknown")
    return server.issue(
        client, found.scopes, grant=found.grant, kind="fb_exchange_token", with_refresh=False, seconds=LONG
    )


# Webhooks


def signed(url: str, app_secret: str, body: Mapping[str, Any]) -> Delivery:
    """A call as Meta makes it: what is not ASCII is escaped before it is signed."""
    packed = json.dumps(body, separators=(",", ":")).encode()
    return Delivery(
        method="POST",
        url=url,
        headers={
            "content-type": "application/json",
            "x-hub-signature": "sha1=" + hmac_of(app_secret.encode(), packed, sha1).hexdigest(),
            "x-hub-signature-256": "sha256=" + hmac_of(app_secret.encode(), packed, sha256).hexdigest(),
        },
        body=packed,
    )
