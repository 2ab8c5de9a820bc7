"""How Mailchimp speaks: problem bodies, data centres, OAuth, pages, and the choice of fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sandbox.credentials import MISSING
from sandbox.oauth import Dialect, client_of
from sandbox.platform import BadBody, Call, Problems, Reply, basic_password, json_reply
from sandbox.ratelimits import Taken
from sandbox.samples import SAMPLES, hexes
from sandbox.world import from_ms, mix, number_of, to_ms

DC = "us21"
API = f"https://{DC}.api.mailchimp.com"
LOGIN = "login.mailchimp.com"
ACCOUNT = hexes(25, 7)
CONNECTIONS = 10
PAGE = 1000
ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"

T = TypeVar("T")


def stamp(ms: int | None) -> str:
    """2026-05-21T19:14:04+00:00; nothing is the empty string."""
    return "" if ms is None else from_ms(ms).isoformat(timespec="seconds")


def problem(call: Call, status: int, title: str, detail: str, *, errors: Sequence[Mapping[str, str]] = ()) -> Reply:
    """RFC 7807 as mailchimp.com/developer/marketing/docs/errors has it."""
    body: dict[str, Any] = {
        "type": ERRORS,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": _instance(call),
    }
    if errors:
        body["errors"] = list(errors)
    return json_reply(body, status=status, kind="application/problem+json; charset=utf-8")


def invalid(call: Call, detail: str, *fields: tuple[str, str]) -> Reply:
    errors = [{"field": field, "message": message} for field, message in fields]
    return problem(call, 400, "Invalid Resource", detail, errors=errors)


def _instance(call: Call) -> str:
    bits = f"{mix(number_of(call.method + call.path), len(call.params)):016x}"
    return f"{bits[:8]}-{bits[8:12]}-4000-8000-{bits[:12]}"


def request_id(call: Call) -> Mapping[str, str]:
    return {"x-request-id": _instance(call)}


def secret(call: Call) -> str | None:
    """`Bearer`, `OAuth` (for the metadata), or the password of Basic."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() in ("bearer", "oauth") else basic_password(call)


def wrong_datacenter(call: Call) -> Reply | None:
    """A key opens only the data centre of its account."""
    if call.host == LOGIN or call.credential is None or call.host.partition(".")[0] == call.credential.account:
        return None
    return _unauthorized(call, "unknown")


def _unauthorized(call: Call, why: str) -> Reply:
    if call.host == LOGIN:
        return json_reply({"error": "invalid_token"})  # with 200: the metadata endpoint knows no other status
    if why == MISSING:
        return problem(call, 401, "API Key Missing", "Your request did not include an API key.")
    return problem(
        call,
        401,
        "API Key Invalid",
        "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
    )


def _throttled(call: Call, taken: Taken | None) -> Reply:
    detail = f"You have exceeded the limit of {CONNECTIONS} simultaneous connections."
    return problem(call, 429, "Too Many Requests", detail)


def not_found(call: Call) -> Reply:
    return problem(call, 404, "Resource Not Found", "The requested resource could not be found.")


problems = Problems(
    unauthorized=_unauthorized,
    forbidden=lambda call, lacking: problem(call, 403, "Forbidden", "You are not permitted to access this resource."),
    not_found=not_found,
    throttled=_throttled,
    failed=lambda call, status: problem(
        call,
        status,
        "Internal Server Error",
        "A deep internal error has occurred during the processing of your request.",
    ),
    stale_cursor=lambda call: invalid(call, "The offset is beyond what can be read."),
    bad_body=lambda call, why: problem(
        call, 400, "JSON Parse Error", f"We encountered an unspecified JSON error: {why}"
    ),
)

oauth = Dialect(
    title="Mailchimp",
    authorize=(LOGIN, "/oauth2/authorize"),
    token=((LOGIN, "/oauth2/token"),),
    clients=(client_of(SAMPLES["mailchimp"]["oauth2"]),),
    client_auth=("body",),
    pkce="ignored",
    mint=lambda kind, serial: hexes(32, serial + (0x8000 if kind == "code" else 0)),
    access_seconds=None,
    offers_refresh=lambda parameters, scopes: False,
    account=DC,
    reply=lambda grant: {"access_token": grant.access, "expires_in": 0, "scope": None},
)


def metadata(call: Call) -> Reply:
    return json_reply(
        {
            "dc": DC,
            "role": "owner",
            "accountname": "Sandbox",
            "user_id": 147_001,
            "login": {
                "email": "owner@sandbox.example",
                "avatar": None,
                "login_id": 147_002,
                "login_name": "sandbox",
                "login_email": "owner@sandbox.example",
            },
            "login_url": f"https://{LOGIN}",
            "api_endpoint": API,
        }
    )


def ping(call: Call) -> Reply:
    return answer(call, {"health_status": "Everything's Chimpy!"})


def root(call: Call, subscribers: int) -> Reply:
    return answer(
        call,
        {
            "account_id": ACCOUNT,
            "login_id": "147002",
            "account_name": "Sandbox",
            "email": "owner@sandbox.example",
            "first_name": "Sandbox",
            "last_name": "Owner",
            "username": "sandbox",
            "avatar_url": "",
            "role": "owner",
            "member_since": "2024-01-01T00:00:00+00:00",
            "pricing_plan_type": "monthly",
            "first_payment": "",
            "account_timezone": "UTC",
            "account_industry": "",
            "contact": {
                "company": "Sandbox",
                "addr1": "",
                "addr2": "",
                "city": "",
                "state": "",
                "zip": "",
                "country": "",
            },
            "pro_enabled": False,
            "last_login": "2026-01-01T00:00:00+00:00",
            "total_subscribers": subscribers,
            "_links": links("", "Root"),
        },
    )


def links(path: str, definition: str, *methods: str) -> list[dict[str, str]]:
    """The links of a resource: itself, its parent, and what else may be done to it."""
    href = f"{API}/3.0{path}"
    target = f"{API}/schema/3.0/Definitions/{definition}/Response.json"
    made = [{"rel": "self", "href": href, "method": "GET", "targetSchema": target}]
    if path:
        parent = {"rel": "parent", "href": href.rpartition("/")[0], "method": "GET"}
        made.append({**parent, "targetSchema": target.replace("Response", "CollectionResponse")})
    rels = {"PATCH": "update", "PUT": "upsert", "DELETE": "delete", "POST": "create"}
    return made + [{"rel": rels[method], "href": href, "method": method} for method in methods]


def answer(call: Call, body: dict[str, Any], *, status: int = 200) -> Reply:
    """With only the fields asked for."""
    wanted = [path.split(".") for text in call.params_of("fields") for path in text.split(",") if path]
    unwanted = [path.split(".") for text in call.params_of("exclude_fields") for path in text.split(",") if path]
    shown: Any = _only(body, wanted) if wanted else body
    if unwanted:
        shown = _without(shown, unwanted)
    return json_reply(shown, status=status, kind="application/json; charset=utf-8")


def page(call: Call, things: Sequence[T]) -> Sequence[T]:
    """The part of these that `count` and `offset` ask for. Raises BadPage."""
    count, offset = call.param("count", "10"), call.param("offset", "0")
    if not count.isdigit() or int(count) > PAGE:
        raise BadPage(("count", f"Schema describes integer, at most {PAGE}."))
    if not offset.isdigit():
        raise BadPage(("offset", "Schema describes integer, at least 0."))
    return things[int(offset) : int(offset) + int(count)]


class BadPage(BadBody):
    """A parameter has no sense; `args[0]` is field and message."""


def instant(call: Call, name: str) -> int | None:
    """A date parameter in milliseconds; None where it is absent. Raises BadPage for one that is no date."""
    text = call.param(name)
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise BadPage((name, "Schema describes a date-time.")) from error
    return to_ms(when if when.tzinfo else when.astimezone())


def checked(handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """Answers a parameter without sense as Mailchimp does."""

    def guarded(call: Call) -> Reply:
        try:
            return handler(call)
        except BadPage as error:
            return invalid(call, "The resource submitted could not be validated.", error.args[0])

    return guarded


def body_of(call: Call) -> dict[str, Any]:
    """The JSON object sent. Raises BadBody."""
    body = call.json()
    if not isinstance(body, dict):
        raise BadBody("the body is not an object")
    return body


def _only(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_only(one, paths) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        below = [path[1:] for path in paths if path and path[0] == name]
        if below:
            kept[name] = inner if any(not path for path in below) else _only(inner, below)
    return kept


def _without(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_without(one, paths) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        below = [path[1:] for path in paths if path and path[0] == name]
        if any(not path for path in below):
            continue
        kept[name] = _without(inner, below) if below else inner
    return kept
