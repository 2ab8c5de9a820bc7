"""How HubSpot speaks: error bodies, rate limits and their headers, OAuth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.credentials import EXPIRED, MISSING, Credential
from sandbox.oauth import Dialect, Grant, client_of
from sandbox.platform import Call, Problems, Reply, empty_reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import SAMPLES, letters, uuid
from sandbox.world import mix, number_of

HOST = "api.hubapi.com"
PORTAL = "147000001"
USER = 88_000_001
APP = "18000001"
TYPES = ("contacts", "companies", "deals", "tickets", "products", "line_items")
ALL_SCOPES = (
    "oauth",
    *(f"crm.objects.{name}.{right}" for name in TYPES if name != "tickets" for right in ("read", "write")),
    *(f"crm.schemas.{name}.read" for name in TYPES if name != "tickets"),
    "tickets",
    "crm.objects.owners.read",
)


def correlation(call: Call) -> str:
    """The id of a reply, the same for the same question."""
    bits = f"{mix(number_of(call.method + call.path), len(call.params), number_of(call.host)):016x}"
    return f"{bits[:8]}-0000-4000-8000-{bits[4:]}"


def request_id(call: Call) -> Mapping[str, str]:
    return {"x-hubspot-correlation-id": correlation(call)}


def error(call: Call, status: int, category: str, message: str, **more: Any) -> Reply:
    """developers.hubspot.com/docs/api-reference/error-handling"""
    body = {"status": "error", "message": message, "correlationId": correlation(call), "category": category, **more}
    return json_reply(body, status=status, kind="application/json;charset=utf-8")


def invalid(call: Call, message: str, **more: Any) -> Reply:
    return error(call, 400, "VALIDATION_ERROR", message, **more)


def address_too_long(call: Call) -> Reply | None:
    """Addresses break near 16,000 characters (BEHAVIOR.md of Airbyte's connector), before HubSpot sees them."""
    length = len(call.path) + sum(len(name) + len(value) + 2 for name, value in call.params)
    return Reply(status=414) if length > 16_000 else None


def _unauthorized(call: Call, why: str) -> Reply:
    if why == EXPIRED:
        return error(
            call,
            401,
            "EXPIRED_AUTHENTICATION",
            "The OAuth token used to make this call expired 1 second(s) ago.",
            context={"expire time": ["1970-01-01T00:00:00.000Z"]},
        )
    said = "credentials not found" if why == MISSING else "credentials are invalid"
    text = f"Authentication {said}. This API supports OAuth 2.0 authentication."
    return error(call, 401, "INVALID_AUTHENTICATION", text)


def _forbidden(call: Call, lacking: Sequence[str]) -> Reply:
    return error(
        call,
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(lacking)},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def _throttled(call: Call, taken: Taken | None) -> Reply:
    name = taken.window.name if taken else "TEN_SECONDLY_ROLLING"
    body = {
        "status": "error",
        "message": f"You have reached your {name.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation(call),
        "policyName": name,
    }
    return json_reply(body, status=429)


def _failed(call: Call, status: int) -> Reply:
    return json_reply(
        {"status": "error", "message": "internal error", "correlationId": correlation(call)}, status=status
    )


problems = Problems(
    unauthorized=_unauthorized,
    forbidden=_forbidden,
    not_found=lambda call: error(call, 404, "OBJECT_NOT_FOUND", "resource not found"),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=lambda call: invalid(call, "The after parameter is not valid."),
    bad_body=lambda call, why: invalid(call, f"Invalid input JSON: {why}"),
)


# Rate limits. An OAuth app has 110 calls in 10 seconds per account and no daily limit; a static key of a Professional
# account 190 and 650,000 a day; search 5 in a second per account, whoever asks, without headers (as recorded).


def _is_search(call: Call) -> bool:
    return call.path.endswith("/search")


def account_limits(call: Call) -> tuple[Window, ...]:
    if call.credential is None:
        return ()
    if call.credential.kind == "access":
        key = f"{PORTAL}/{call.credential.client_id}"
        burst: tuple[Window, ...] = (Window(name="TEN_SECONDLY_ROLLING", key=key, limit=110, seconds=10),)
    else:
        burst = (
            Window(name="TEN_SECONDLY_ROLLING", key=call.credential.secret, limit=190, seconds=10),
            Window(name="DAILY", key=PORTAL, limit=650_000, seconds=86_400, rolling=False),
        )
    if _is_search(call):
        return (Window(name="SECONDLY", key=f"search {PORTAL}", limit=5, seconds=1), *burst)
    return burst


def limit_headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    if _is_search(call):
        return headers
    for one in taken:
        prefix = "x-hubspot-ratelimit-"
        if one.window.name == "TEN_SECONDLY_ROLLING":
            headers[prefix + "interval-milliseconds"] = "10000"
            headers[prefix + "max"] = str(one.window.limit)
            headers[prefix + "remaining"] = str(one.remaining)
            headers[prefix + "secondly"] = str(one.window.limit // 10)
            headers[prefix + "secondly-remaining"] = str(one.window.limit // 10 - 1)
        elif one.window.name == "DAILY":
            headers[prefix + "daily"] = str(one.window.limit)
            headers[prefix + "daily-remaining"] = str(one.remaining)
    return headers


def _mint(kind: str, serial: int) -> str:
    if kind == "access":
        return "C" + "QlNQMl8k" + letters(220, serial)
    if kind == "refresh":
        return "-".join(("na1", uuid(serial)))
    return "-".join(("na1", uuid(serial))) + "c"


def _granted(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access,
        "refresh_token": grant.refresh,
        "expires_in": int(grant.seconds or 0),
        "token_type": "bearer",
        "token_use": "access_token",
        "hub_id": int(PORTAL),
        "user_id": USER,
        "scopes": list(grant.scopes),
    }


def _introspected(found: Credential | None, now: float) -> Reply:
    live = found is not None and not found.revoked and (found.expires is None or found.expires > now)
    if found is None or not live:
        return json_reply({"active": False})
    return json_reply(
        {
            "active": True,
            "hub_id": int(PORTAL),
            "user_id": USER,
            "user": "owner@sandbox.example",
            "hub_domain": "sandbox.example",
            "app_id": int(APP),
            "scopes": list(found.scopes),
            "expires_in": int(found.expires - now) if found.expires is not None else None,
            "token_use": "access_token" if found.kind == "access" else "refresh_token",
        }
    )


def _oauth_error(code: str, description: str, status: int) -> Reply:
    statuses = {"invalid_grant": "BAD_AUTH_CODE", "invalid_client": "BAD_CLIENT_ID"}
    body = {"status": statuses.get(code, "BAD_REQUEST"), "error": code, "error_description": description}
    return json_reply({**body, "message": description}, status=400 if status == 401 else status)


oauth = Dialect(
    title="HubSpot",
    authorize=("app.hubspot.com", "/oauth/authorize"),
    token=((HOST, "/oauth/2026-03/token"), (HOST, "/oauth/v3/token")),
    revoke=(HOST, "/oauth/2026-03/token/revoke"),
    revoked=lambda call: empty_reply(204),
    introspect=(HOST, "/oauth/2026-03/token/introspect"),
    introspected=_introspected,
    clients=(client_of(SAMPLES["hubspot"]["oauth2"]),),
    client_auth=("body",),
    mint=_mint,
    scopes=ALL_SCOPES,
    access_seconds=1800,
    account=PORTAL,
    reply=_granted,
    error=_oauth_error,
)
