"""The language of Meta's Graph API: fields asked for with modifiers, lists with cursors, error bodies.

Sources: developers.facebook.com/docs/graph-api (field expansion, results, error handling) at 2026-10, the recorded
bodies of python-facebook and of a probe in September 2026.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.platform import Call, Refused, Reply, bearer, json_reply
from sandbox.world import from_ms

T = TypeVar("T")


def error(
    code: int,
    message: str,
    *,
    status: int = 400,
    subcode: int | None = None,
    kind: str = "OAuthException",
    transient: bool | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    told: dict[str, Any] = {"message": message, "type": kind, "code": code}
    told |= {"error_subcode": subcode} if subcode is not None else {}
    told |= {"is_transient": transient} if transient is not None else {}
    trace = "A" + urlsafe_b64encode(sha256(message.encode()).digest())[:22].decode()
    return json_reply({"error": {**told, "fbtrace_id": trace}}, status=status, headers=headers)


def gone(identity: str, method: str = "get") -> Reply:
    return error(
        100,
        f"Unsupported {method} request. Object with ID '{identity}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def stale_cursor(call: Call) -> Reply:
    return error(100, "(#100) Invalid cursors values.")


def secret(call: Call) -> str | None:
    """The token: of the header, or the parameter."""
    return bearer(call) or call.param("access_token") or None


# Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field that is asked for: `comments.limit(0).summary(true){id}` has modifiers and inner fields.

    `text` is how the latter were written.
    """

    name: str
    modifiers: Mapping[str, str] = field(default_factory=dict)
    inner: tuple[Asked, ...] = ()
    text: str = ""


def fields_of(text: str) -> tuple[Asked, ...]:
    """What the parameter `fields` asks for. Raises Refused for what cannot be read."""
    found, end = _fields(text, 0)
    if end != len(text):
        raise Refused(error(2500, f"Syntax error at character {end}: {text[end : end + 10]}"))
    return found


def _fields(text: str, at: int) -> tuple[tuple[Asked, ...], int]:
    found: list[Asked] = []
    while at < len(text):
        name, at = _word(text, at)
        modifiers: dict[str, str] = {}
        while text[at : at + 1] == ".":
            modifier, at = _word(text, at + 1)
            end = text.find(")", at)
            if text[at : at + 1] != "(" or end < 0:
                raise Refused(error(2500, "Syntax error: a modifier needs its value"))
            modifiers[modifier], at = text[at + 1 : end], end + 1
        inner: tuple[Asked, ...] = ()
        begin = at + 1
        if text[at : at + 1] == "{":
            inner, at = _fields(text, begin)
            if text[at : at + 1] != "}":
                raise Refused(error(2500, "Syntax error: expected }"))
            at += 1
        found.append(Asked(name=name, modifiers=modifiers, inner=inner, text=text[begin : at - 1]))
        if text[at : at + 1] != ",":
            break
        at += 1
    return tuple(found), at


def _word(text: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if end == at:
        raise Refused(error(2500, f"Syntax error at character {at}"))
    return text[at:end], end


def shaped(
    kind: str, node: Mapping[str, Any], fields: Sequence[Asked], default: Sequence[str] = ("id",)
) -> dict[str, Any]:
    """These fields of a node; a value that is callable gets the field as it was asked. What is None is left out.

    Raises Refused for a field that the node does not have.
    """
    told: dict[str, Any] = {}
    for one in fields or [Asked(name=name) for name in default]:
        if one.name not in node:
            raise Refused(error(100, f"(#100) Tried accessing nonexisting field ({one.name}) on node type ({kind})"))
        value = node[one.name]
        told[one.name] = value(one) if callable(value) else value
    return {name: value for name, value in ({**told, "id": node["id"]}).items() if value is not None}


# Lists


def listed(
    call: Call, items: Sequence[T], place: Callable[[T], int], shape: Callable[[T], dict[str, Any]], *, most: int = 100
) -> dict[str, Any]:
    """One page of the items, which are in the order of their places, with cursors that hold a place.

    Raises Refused for a cursor that is none.
    """
    try:
        limit = max(0, min(most, int(call.param("limit", "25"))))
        after = int(urlsafe_b64decode(call.param("after")).decode()) if call.param("after") else None
    except ValueError:
        raise Refused(stale_cursor(call)) from None
    rest = [item for item in items if after is None or place(item) > after]
    shown = rest[:limit]
    if not shown:
        return {"data": []}
    cursors = {"before": _cursor(place(shown[0])), "after": _cursor(place(shown[-1]))}
    paging: dict[str, Any] = {"cursors": cursors}
    if len(rest) > len(shown):
        paging["next"] = link(call, after=cursors["after"])
    if after is not None:
        paging["previous"] = link(call, before=cursors["before"], after=None)
    return {"data": [shape(item) for item in shown], "paging": paging}


def inside(
    call: Call, identity: str, edge: Callable[[Call], dict[str, Any]]
) -> Callable[[Asked], dict[str, Any] | None]:
    """An edge of a node as a field of it: the list that its address would answer, with the modifiers as parameters.

    A list without members is left out, unless it has a summary.
    """

    def told(asked: Asked) -> dict[str, Any] | None:
        path = f"/{call.args['version']}/{identity}/{asked.name}"
        token = [("access_token", one) for one in call.params_of("access_token")]
        found = edge(replace(call, path=path, params=(*asked.modifiers.items(), *token, ("fields", asked.text))))
        return found if found["data"] or "summary" in found else None

    return told


def link(call: Call, **changes: str | None) -> str:
    """The address of this call with other parameters. It holds the token, as Meta's do."""
    params = {**dict(call.params), "access_token": secret(call) or "", **changes}
    query = urlencode({name: value for name, value in params.items() if value is not None})
    return f"https://{call.host}{call.path}?{query}"


def _cursor(place: int) -> str:
    return urlsafe_b64encode(str(place).encode()).decode()


def stamp(ms: int) -> str:
    """2026-04-06T17:50:09+0000: no colon in the offset."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S+0000")


def members(call: Call) -> Mapping[str, Any]:
    """The members of a JSON object, or of a form, in the body of a call."""
    if "json" in call.headers.get("content-type", ""):
        found = call.json()
        return found if isinstance(found, dict) else {}
    return {**dict(call.params), **call.fields}
