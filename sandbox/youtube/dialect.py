"""How YouTube says things: ids, etags, lists and their pages, parts, and its errors."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox import google
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.ratelimits import Taken
from sandbox.samples import letters
from sandbox.world import from_ms

CHANNEL = "UC" + letters(22, 1)
UPLOADS = "UU" + CHANNEL[2:]
CHANNEL_TITLE = "Sandbox Labs"
_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15
_BACK = pow(_ODD, -1, 1 << 64)


# Ids: eleven letters that a number can be read from again


def code(number: int, kind: int) -> str:
    mixed = ((number + 1) * _ODD ^ kind * 0x5851F42D4C957F2D) & _MASK
    return urlsafe_b64encode(mixed.to_bytes(8, "big")).rstrip(b"=").decode()


def number_of_code(text: str, kind: int) -> int | None:
    try:
        mixed = int.from_bytes(urlsafe_b64decode(f"{text}="), "big")
    except (Base64Error, ValueError):
        return None
    number = (((mixed ^ kind * 0x5851F42D4C957F2D) & _MASK) * _BACK & _MASK) - 1
    return number if len(text) == 11 and number >= 0 and code(number, kind) == text else None


def etag(value: Any) -> str:
    digest = hashlib.sha1(json.dumps(value, sort_keys=True).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def stamp(ms: int) -> str:
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%SZ}"


def thumbnails(place: str) -> dict[str, Any]:
    sizes = {"default": (120, 90), "medium": (320, 180), "high": (480, 360)}
    return {
        name: {"url": f"https://i.ytimg.com/{place}/{name}.jpg", "width": width, "height": height}
        for name, (width, height) in sizes.items()
    }


# Questions


def is_owner(call: Call) -> bool:
    """An API key is nobody's."""
    return call.credential is not None and call.credential.kind != "api_key"


def parts(call: Call, known: Sequence[str]) -> list[str]:
    asked = [one.strip() for given in call.params_of("part") for one in given.split(",") if one.strip()]
    if not asked:
        raise Refused(bad("No filter selected. Expected one of: part", "missingRequiredParameter", "part"))
    for one in asked:
        if one not in (*known, "id"):
            raise Refused(bad(f"'{one}'", "unknownPart", "part"))
    return asked


def ids_of(call: Call) -> list[str]:
    """The ids asked for, 50 at most."""
    found = [one for given in call.params_of("id") for one in given.split(",") if one]
    if len(found) > 50:
        raise Refused(bad("The request specifies too many ids.", "invalidFilters", "id"))
    return found


def size_of(call: Call, usual: int, most: int) -> int:
    text = call.param("maxResults", str(usual))
    if not text.isdigit() or not 1 <= int(text) <= most:
        message = f"Invalid value '{text}'. Values must be within the range: [1, {most}]"
        raise Refused(bad(message, "invalidValue", "maxResults"))
    return int(text)


def given(call: Call, *path: str) -> Any:
    """A member of the JSON body that must be there."""
    found = call.json()
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    if found in (None, ""):
        raise Refused(bad(f"Required field {'.'.join(path)} is missing", "required", "body." + ".".join(path)))
    return found


# Answers


def resource(kind: str, number: str, shown: Mapping[str, Any], asked: Sequence[str]) -> dict[str, Any]:
    """One record with the parts asked for."""
    told = {name: value for name, value in shown.items() if name in asked}
    return {"kind": f"youtube#{kind}", "etag": etag([number, told]), "id": number, **told}


def one(found: Mapping[str, Any]) -> Reply:
    return json_reply(found, kind="application/json; charset=UTF-8")


def listed(
    kind: str, items: Sequence[Mapping[str, Any]], *, token: str = "", total: int | None = None, size: int = 0
) -> Reply:
    body: dict[str, Any] = {"kind": f"youtube#{kind}ListResponse", "etag": etag(list(items))}
    if token:
        body["nextPageToken"] = token
    info = {"totalResults": total} if total is not None else {}
    body["pageInfo"] = info | {"resultsPerPage": size or len(items)}
    return one({**body, "items": list(items)})


def paged(
    call: Call,
    kind: str,
    found: Sequence[tuple[int, ...]],
    show: Callable[[int], dict[str, Any]],
    usual: int = 5,
    most: int = 50,
) -> Reply:
    """A page of records, each told by where it stands and, last, its number. A token tells after which one it goes on,
    so that what comes or goes in between shifts nothing."""
    size, token = size_of(call, usual, most), call.param("pageToken")
    begin = 0
    if token:
        place = _place(token)
        if place is None:
            raise Refused(stale_token(call))
        begin = next((at for at, one in enumerate(found) if list(one) > place), len(found))
    page = found[begin : begin + size]
    goes_on = begin + size < len(found)
    return listed(
        kind,
        [show(place[-1]) for place in page],
        token=urlsafe_b64encode(json.dumps(page[-1]).encode()).decode() if goes_on else "",
        total=len(found),
        size=size,
    )


def _place(token: str) -> list[Any] | None:
    try:
        found = json.loads(urlsafe_b64decode(token))
    except (ValueError, Base64Error):
        return None
    return found if isinstance(found, list) and all(isinstance(one, int) for one in found) else None


# Errors


def bad(message: str, reason: str, location: str) -> Reply:
    return google.problem(400, message, reason=reason, domain="youtube.parameter", location=location)


def missing(what: str, location: str = "id") -> Refused:
    message = f"The {what} identified with the request's {location} parameter cannot be found."
    return Refused(google.problem(404, message, reason=f"{what}NotFound", domain=f"youtube.{what}", location=location))


def denied(what: str, reason: str = "forbidden") -> Refused:
    message = f"The {what} cannot be changed by the request, because it is not properly authorized."
    return Refused(google.problem(403, message, reason=reason, domain=f"youtube.{what}"))


def stale_token(call: Call) -> Reply:
    return bad("The request specifies an invalid page token.", "invalidPageToken", "pageToken")


def unauthorized(call: Call, why: str) -> Reply:
    """A key that is not known is a bad request, not a missing right to be there."""
    if key(call) is None:
        return google.unauthorized(call, why)
    message = "API key not valid. Please pass a valid API key."
    return google.problem(400, message, reason="badRequest", info="API_KEY_INVALID")


def throttled(call: Call, taken: Taken | None) -> Reply:
    """A quota that is used up is told like a missing right; no header tells for how long."""
    if taken is None:
        return google.throttled(call, taken)
    message = (
        'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">'
        "quota</a>."
    )
    return google.problem(403, message, reason="quotaExceeded", domain="youtube.quota")


def key(call: Call) -> str | None:
    return call.headers.get("x-goog-api-key") or call.param("key") or None


def opaque(text: str) -> str:
    """Ids of playlist items are a text in base64."""
    return b64encode(text.encode()).decode()
