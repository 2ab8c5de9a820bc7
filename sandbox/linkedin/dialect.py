"""How LinkedIn says things: versions, the Rest.li protocol, pages of elements, and its errors.

learn.microsoft.com/en-us/linkedin: marketing/versioning, shared/api-guide/concepts (protocol-version, pagination,
rate-limits, error-handling), as updated in November 2026
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from sandbox.platform import Call, Refused, Reply, empty_reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.world import number_of

API = "api.linkedin.com"
WWW = "www.linkedin.com"
ENDED = "202511"  # on 16 November 2026; each later month goes on for about a year
STRUCTURES = ("timeIntervals", "shares", "ugcPosts", "ids")
# What LinkedIn grants is not published; these are made up, a resource and day.
OF_APP, OF_MEMBER = 20_000, 5_000
_CODES = {"unknown": 65600, "missing": 65600, "revoked": 65601, "expired": 65602}
_RESERVED = re.compile(r"[():,]")


# Errors


def problem(status: int, message: str, *, service: int = 0, code: str = "") -> Reply:
    told: dict[str, Any] = {"message": message, **({"serviceErrorCode": service} if service else {})}
    return json_reply({**told, **({"code": code} if code else {}), "status": status}, status=status)


def unauthorized(call: Call, why: str) -> Reply:
    messages = {
        "missing": "Empty oauth2_access_token",
        "revoked": "The token used in the request has been revoked by the user",
        "expired": "The token used in the request has expired",
    }
    return problem(401, messages.get(why, "Invalid access token"), service=_CODES[why])


def forbidden(call: Call, scopes: Sequence[str]) -> Reply:
    resource = call.path.split("/")[2]
    return problem(
        403, f"Not enough permissions to access: {call.method} /{resource}", service=100, code="ACCESS_DENIED"
    )


def not_found(call: Call) -> Reply:
    return problem(404, "Could not find entity", code="NOT_FOUND")


def throttled(call: Call, taken: Taken | None) -> Reply:
    if taken is None:
        return problem(429, "Too many requests", code="TOO_MANY_REQUESTS")
    return problem(429, "Resource level throttle limit for calls to this resource is reached.", service=101)


def bad(message: str, code: str = "ILLEGAL_ARGUMENT") -> Reply:
    return problem(400, message, code=code)


def windows(call: Call) -> tuple[Window, ...]:
    """Days of UTC, by app and by member, for each resource and method."""
    who = call.credential
    if who is None:
        return ()
    resource = f"{call.method} {call.path.split('/')[2]}"
    return (
        Window(name="app", key=f"{resource} {who.client_id}", limit=OF_APP, seconds=86_400, rolling=False),
        Window(name="member", key=f"{resource} {who.account}", limit=OF_MEMBER, seconds=86_400, rolling=False),
    )


def headers(call: Call) -> Mapping[str, str]:
    number = f"{number_of(call.method + call.path + call.query):016X}"
    return {"x-li-uuid": number, "x-li-fabric": "prod-sandbox", "x-li-request-id": number.lower()}


# The protocol


def objection(call: Call) -> Reply | None:
    """What is wrong with the form of a versioned call: its headers, its path, its query."""
    if not call.path.startswith("/rest/"):
        return None
    version = call.headers.get("linkedin-version", "")
    if not version:
        return bad("A version must be present. Please specify a version by adding the LinkedIn-Version header.",
                   "VERSION_MISSING")  # fmt: skip
    if not re.fullmatch(r"20\d{4}", version):
        return bad(f"Invalid version format {version}", "VERSION_INVALID")
    if version <= ENDED:
        return problem(426, f"Requested version {version} is not active", code="NONEXISTENT_VERSION")
    if call.headers.get("x-restli-protocol-version") != "2.0.0":
        return bad("Invalid query parameters passed to request")
    if _RESERVED.search(call.path):
        return bad("Syntax exception in path variables")
    for part in filter(None, call.query.split("&")):
        name, _, value = part.partition("=")
        if name in STRUCTURES:
            if structure(value) is None:
                return bad(f"Invalid value for param {name}; wanted a structure", "QUERY_PARAM_NOT_ALLOWED")
        elif _RESERVED.search(value):
            return bad("Invalid query parameters passed to request")
    return None


def structure(text: str) -> Any:
    """`(a:(b:1),c:List(x,y))` as objects and lists of texts; None for what is no structure, which one whose brackets
    are percent-encoded is not."""
    found, rest = _value(text)
    return found if rest == "" and isinstance(found, dict | list) else None


def _value(text: str) -> tuple[Any, str | None]:
    """What stands first, and what follows it; None instead where it is not well-formed."""
    if text.startswith("List("):
        return _members(text[5:], named=False)
    if text.startswith("("):
        return _members(text[1:], named=True)
    found = re.match(r"[^():,]*", text)
    assert found is not None
    return unquote(found[0]), text[found.end() :]


def _members(text: str, *, named: bool) -> tuple[Any, str | None]:
    names: list[str] = []
    values: list[Any] = []
    rest: str | None = text
    while rest:
        if named:
            name, colon, rest = rest.partition(":")
            if not colon or not name or _RESERVED.search(name):
                return None, None
            names.append(unquote(name))
        found, rest = _value(rest)
        values.append(found)
        if rest is None or rest[:1] not in (",", ")"):
            return None, None
        closed, rest = rest[:1] == ")", rest[1:]
        if closed:
            return dict(zip(names, values, strict=True)) if named else values, rest
    return None, None


def asked_structure(call: Call, name: str) -> Any:
    """A parameter that is a structure; None where it is not given."""
    raw = next((part.partition("=")[2] for part in call.query.split("&") if part.partition("=")[0] == name), "")
    return structure(raw) if raw else None


# Pages


def paged(call: Call, rows: Sequence[Any], show: Callable[[Any], dict[str, Any]], *, links: bool, most: int) -> Reply:
    """A page of elements. Some resources tell the address of the next page and the total, others neither."""
    texts = call.param("start", "0"), call.param("count", "10")
    if not all(text.isdigit() for text in texts) or not 1 <= int(texts[1]) <= most:
        raise Refused(bad(f"Invalid paging: start {texts[0]}, count {texts[1]}"))
    start, count = (int(text) for text in texts)
    page = [show(row) for row in rows[start : start + count]]
    paging: dict[str, Any] = {"start": start, "count": count, "links": []}
    if links:
        paging["total"] = len(rows)
        if start + count < len(rows):
            kept = "&".join(p for p in call.query.split("&") if p.partition("=")[0] not in ("start", "count"))
            address = f"{call.path}?{kept}&start={start + count}&count={count}"
            paging["links"] = [{"type": "application/json", "rel": "next", "href": address}]
    return json_reply({"elements": page, "paging": paging})


def created(number: str, body: Mapping[str, Any] | None = None) -> Reply:
    """What was made is told in a header."""
    named = {"x-restli-id": number, "x-linkedin-id": number}
    return json_reply(body, status=201, headers=named) if body else empty_reply(201).with_headers(named)


def needs_method(call: Call, method: str) -> None:
    if call.headers.get("x-restli-method", "").upper() != method:
        raise Refused(bad(f"X-RestLi-Method must be {method}"))
