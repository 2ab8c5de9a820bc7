"""How the platforms of X speak: problems, parameters, rate limits per path and pool, OAuth 2.0.

Sources: docs.x.com fundamentals (rate-limits, authentication, response-codes), OpenAPI 2.159 and 2.167. What no
document says is the author's knowledge of the live service: most wordings, the 402 body, the body of a 429.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.oauth import Client, Dialect, Grant, OAuthServer, client_of
from sandbox.platform import Call, Problems, Reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import SAMPLES, digits, letters
from sandbox.world import to_ms

HOSTS = ("api.x.com", "api.twitter.com")
PROBLEMS = "https://api.x.com/2/problems/"
ALL_SCOPES = (
    "tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "users.email", "follows.read", "like.read",
    "dm.read", "bookmark.read", "media.write", "offline.access",
)  # fmt: skip
APP_ONLY = "app_bearer"
ACCOUNT_NUMBER = int(digits(18, 1))
PUBLIC_CLIENT = Client(client_id=urlsafe_b64encode(f"{letters(20, 3)}:1:ci".encode()).rstrip(b"=").decode())
CONSUMER = Client(client_id=letters(25, 4), client_secret=letters(50, 4))


# Problems


def problem(status: int, title: str, detail: str, slug: str = "", **more: Any) -> Reply:
    """A problem that is the whole answer; without a slug its type is about:blank."""
    kind = PROBLEMS + slug if slug else "about:blank"
    body = {"title": title, "detail": detail, "type": kind, "status": status, **more}
    return json_reply(body, status=status, kind="application/problem+json")


class Invalid(Exception):
    """A parameter is not what the route takes."""

    def __init__(self, name: str, value: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.value = value


def invalid(*faults: Invalid) -> Reply:
    errors = [{"parameters": {fault.name: [fault.value]}, "message": str(fault)} for fault in faults]
    detail = "One or more parameters to your request was invalid."
    return problem(400, "Invalid Request", detail, "invalid-request", errors=errors)


def not_found(kind: str, parameter: str, value: str) -> dict[str, Any]:
    """An item of `errors` beside the data of a 200."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }


def field_refused(post: str, field: str, section: str = "data") -> dict[str, Any]:
    """An item of `errors`: a private field of somebody else's post, or asked for by an app alone."""
    return {
        "resource_id": post,
        "parameter": "tweet.fields",
        "resource_type": "tweet",
        "section": section,
        "title": "Field Authorization Error",
        "value": field,
        "field": field,
        "detail": f"Sorry, you are not authorized to access '{field}' on the Tweet with id: [{post}].",
        "type": PROBLEMS + "not-authorized-for-field",
    }


def forbidden(detail: str) -> Reply:
    return problem(403, "Forbidden", detail)


def _lacking(call: Call, scopes: Sequence[str]) -> Reply:
    if scopes[0] in (_USER, _APP):
        named = "Application-Only" if scopes[0] == _USER else "User Context"
        return problem(
            403,
            "Unsupported Authentication",
            f"Authenticating with OAuth 2.0 {named} is forbidden for this endpoint.",
            "unsupported-authentication",
        )
    return forbidden("Forbidden")


def _throttled(call: Call, taken: Taken | None) -> Reply:
    return problem(429, "Too Many Requests", "Too Many Requests")


def _failed(call: Call, status: int) -> Reply:
    """402 and 429 on plan are the money limits: no credits left, the monthly cap of a legacy plan."""
    if status == 402:
        detail = f"Your enrolled account [{ACCOUNT_NUMBER}] does not have any credits to fulfill this request."
        return problem(402, "CreditsDepleted", detail, "credits", account_id=ACCOUNT_NUMBER)
    if status == 429:
        detail = "Usage cap exceeded: Monthly product cap"
        more = {"account_id": ACCOUNT_NUMBER, "period": "Monthly", "scope": "Product"}
        return problem(429, "UsageCapExceeded", detail, "usage-capped", **more)
    title = {503: "Service Unavailable", 504: "Gateway Timeout"}.get(status, "Internal Server Error")
    return problem(status, title, title)


def _stale(call: Call) -> Reply:
    token = call.param("pagination_token") or call.param("next_token")
    message = f"The `pagination_token` query parameter value [{token}] is not valid"
    return invalid(Invalid("pagination_token", token, message))


problems = Problems(
    unauthorized=lambda call, why: problem(401, "Unauthorized", "Unauthorized"),
    forbidden=_lacking,
    not_found=lambda call: problem(404, "Not Found", "Not Found"),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=_stale,
    bad_body=lambda call, why: invalid(Invalid("body", "", f"Requests with bodies must be valid JSON: {why}")),
)


# Who may ask: a user with scopes, or an app alone

_USER, _APP = "user context", "application-only"


def is_app(call: Call) -> bool:
    return call.credential is not None and call.credential.kind == APP_ONLY


def of_user(*scopes: str) -> Callable[[Call], tuple[str, ...]]:
    return lambda call: (_USER,) if is_app(call) else scopes


def of_either(*scopes: str) -> Callable[[Call], tuple[str, ...]]:
    return lambda call: () if is_app(call) else scopes


def of_app(call: Call) -> tuple[str, ...]:
    return () if is_app(call) else (_APP,)


# Parameters

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def number(call: Call, name: str, default: int, least: int, most: int) -> int:
    given = call.param(name)
    if not given:
        return default
    if not given.isdecimal() or not least <= int(given) <= most:
        message = f"The `{name}` query parameter value [{given}] is not between {least} and {most}"
        raise Invalid(name, given, message)
    return int(given)


def identity(call: Call, name: str) -> int | None:
    given = call.param(name)
    if not given:
        return None
    if not re.fullmatch("[0-9]{1,19}", given):
        raise Invalid(name, given, f"The `{name}` query parameter value [{given}] is not valid")
    return int(given)


def instant(call: Call, name: str) -> int | None:
    """RFC 3339, in milliseconds."""
    given = call.param(name)
    if not given:
        return None
    try:
        if not _RFC_3339.fullmatch(given):
            raise ValueError(given)
        return to_ms(datetime.fromisoformat(given))
    except ValueError as error:
        message = f"The `{name}` query parameter value [{given}] is not a valid date time (RFC3339)"
        raise Invalid(name, given, message) from error


def choices(call: Call, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """A list joined with commas."""
    given = tuple(one for value in call.params_of(name) for one in value.split(",") if one)
    for one in given:
        if one not in allowed:
            raise Invalid(name, one, f"The `{name}` query parameter value [{one}] is not one of [{','.join(allowed)}]")
    return given


def only(call: Call, *names: str) -> None:
    for name, value in call.params:
        if name not in names:
            raise Invalid(name, value, f"The query parameter [{name}] is not one of [{','.join(names)}]")


# Rate limits: docs.x.com/x-api/fundamentals/rate-limits, per 15 minutes, (app, user)

_QUARTER = 900.0
_LIMITS: tuple[tuple[str, str, int, int], ...] = (
    ("GET", "/2/users/me", 0, 75),
    ("GET", "/2/users/by/username/[^/]+", 300, 900),
    ("GET", "/2/users/[^/]+/tweets", 10_000, 900),
    ("GET", "/2/users/[^/]+/mentions", 450, 300),
    ("GET", "/2/users/[^/]+/followers", 300, 300),
    ("GET", "/2/users/[^/]+", 300, 900),
    ("GET", "/2/tweets/search/recent", 450, 300),
    ("GET", "/2/tweets/analytics", 300, 300),
    ("GET", "/2/media/analytics", 300, 300),
    ("GET", "/2/tweets", 3500, 5000),
    ("GET", "/2/tweets/[^/]+", 450, 900),
    ("POST", "/2/tweets", 0, 100),
    ("DELETE", "/2/tweets/[^/]+", 0, 50),
    ("PUT", "/2/tweets/[^/]+/hidden", 0, 50),
    ("GET", "/2/dm_events", 0, 15),
    ("GET", "/2/usage/tweets", 50, 0),
)
_COUNTED = tuple((method, re.compile(path), app, user) for method, path, app, user in _LIMITS)


def windows(call: Call) -> tuple[Window, ...]:
    credential = call.credential
    if credential is None:
        return ()
    for method, path, app, user in _COUNTED:
        if method == call.method and path.fullmatch(call.path):
            pool, limit = ("app", app) if is_app(call) else (f"user {credential.account}", user)
            name = f"{method} {path.pattern}"
            counted = Window(name=name, key=pool, limit=limit, seconds=_QUARTER, rolling=False)
            if (method, path.pattern) == ("POST", "/2/tweets"):
                return (counted, Window(name="app 24hour", key="app", limit=10_000, seconds=86_400, rolling=False))
            return (counted,)
    return ()


def limit_headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
    headers = {}
    for one in taken:
        prefix = "x-app-limit-24hour" if one.window.name == "app 24hour" else "x-rate-limit"
        headers[f"{prefix}-limit"] = str(one.window.limit)
        headers[f"{prefix}-remaining"] = str(one.remaining)
        headers[f"{prefix}-reset"] = str(int(one.reset))
    return headers


# OAuth


def _mint(kind: str, serial: int, number: int) -> str:
    suffix = {"access": "at", "refresh": "rt"}.get(kind, "ac")
    plain = f"{letters(43, 10_000 * number + serial)}:{1_757_232_000_000 + serial}:1:{serial % 10}:{suffix}:1"
    return urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()


def _granted(grant: Grant) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "token_type": "bearer",
        "expires_in": int(grant.seconds or 0),
        "access_token": grant.access,
        "scope": " ".join(grant.scopes),
    }
    return reply | ({"refresh_token": grant.refresh} if grant.refresh else {})


def _oauth_error(code: str, description: str, status: int) -> Reply:
    if code == "invalid_client":
        body = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
        return json_reply(body, status=401)
    if code == "invalid_grant" and "refresh" in description:
        body = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
        return json_reply(body, status=400)
    return json_reply({"error": code, "error_description": description}, status=status)


def _app_token(server: OAuthServer, call: Call, fields: Mapping[str, str], client: Client) -> Reply:
    """An app has one bearer token, and is given the same again. Only at /oauth2/token, with key and secret."""
    if call.path != "/oauth2/token" or client != CONSUMER:
        return _oauth_error("invalid_request", "client_credentials is not served here", 400)
    return json_reply({"token_type": "bearer", "access_token": SAMPLES["x"]["app_bearer"]["token"]})


def oauth_of(slug: str, number: int, account: str, *clients: Client) -> Dialect:
    """RFC 6749 with PKCE; a code lives 30 s, an access token 2 h, a refresh token one use.

    `number` keeps the tokens of one product's app apart from those of the other; `clients` are further apps.
    """
    return Dialect(
        title="X",
        authorize=("x.com", "/i/oauth2/authorize"),
        token=tuple((host, path) for host in HOSTS for path in ("/2/oauth2/token", "/oauth2/token")),
        revoke=("api.x.com", "/2/oauth2/revoke"),
        revoked=lambda call: json_reply({"revoked": True}),
        clients=(client_of(SAMPLES[slug]["oauth2"]), *clients),
        mint=lambda kind, serial: _mint(kind, serial, number),
        scopes=ALL_SCOPES,
        pkce="required",
        code_seconds=30,
        access_seconds=7200,
        rotates=True,
        offers_refresh=lambda asked, scopes: "offline.access" in scopes,
        account=account,
        reply=_granted,
        error=_oauth_error,
        extra={"client_credentials": _app_token},
    )
