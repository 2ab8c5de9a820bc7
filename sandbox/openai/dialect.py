"""How OpenAI speaks: the error envelope, two kinds of key, ids that hold an index, lists after an object.

Sources: OpenAPI 2.3.0 (2026-08), openai-python for retries, recordings of May 2026 for headers. What no document says
is the author's knowledge of the live service: the wording of errors, the names of the scopes of a key.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from sandbox.credentials import MISSING
from sandbox.platform import Call, Problems, Reply, bearer, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import hexes, letters
from sandbox.table import Row, Table

HOST = "api.openai.com"
ORGANIZATION = "org-" + letters(24, 1)
KEY_SCOPES = ("api.model.read", "api.files.read", "api.files.write", "api.batch.read", "api.batch.write",
              "api.fine_tuning.read", "api.vector_stores.read")  # fmt: skip
ADMIN_SCOPES = ("api.management.read", "api.usage.read")
PREFIXES: Mapping[str, tuple[str, int]] = {
    "file": ("file-", 22),
    "output": ("file-", 23),
    "batch": ("batch_", 32),
    "job": ("ftjob-", 24),
    "store": ("vs_", 32),
    "project": ("proj_", 24),
    "user": ("user-", 24),
    "key": ("key_", 24),
}


def identity(kind: str, index: int) -> str:
    """The id of the record of this index: a prefix, padding, and the index in hexadecimal."""
    prefix, length = PREFIXES[kind]
    return prefix + (letters(length)[: length - 8] + f"{index:08x}")


def index_of(kind: str, given: str) -> int | None:
    """The index in an id; None for an id of another kind or form."""
    prefix, length = PREFIXES[kind]
    tail = given.removeprefix(prefix)[-8:]
    if not re.fullmatch("[0-9a-f]{8}", tail):
        return None
    index = int(tail, 16)
    return index if identity(kind, index) == given and len(given) == len(prefix) + length else None


# Errors


def error(status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None,
          code: str | None = None) -> Reply:  # fmt: skip
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return json_reply(body, status=status)


class Invalid(Exception):
    """A parameter is not what the route takes."""

    def __init__(self, param: str, message: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code

    def reply(self) -> Reply:
        return error(400, str(self), param=self.param, code=self.code)


def answering(handler: Callable[[Call], dict[str, Any] | Reply]) -> Callable[[Call], Reply]:
    """A route whose wrong parameters are 400."""

    def handle(call: Call) -> Reply:
        try:
            answer = handler(call)
        except Invalid as invalid:
            return invalid.reply()
        return answer if isinstance(answer, Reply) else json_reply(answer)

    return handle


def missing(kind: str, given: str) -> Reply:
    return error(404, f"No such {kind} object: {given}", param="id")


def _unauthorized(call: Call, why: str) -> Reply:
    if why == MISSING:
        return error(401, "You didn't provide an API key. You need to provide your API key in an Authorization header "
                     "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).")  # fmt: skip
    shown = bearer(call) or ""
    masked = f"{shown[:8]}{'*' * 8}{shown[-4:]}"
    text = f"Incorrect API key provided: {masked}. You can find your API key at https://platform.openai.com."
    return error(401, text, code="invalid_api_key")


def _lacking(call: Call, scopes: Sequence[str]) -> Reply:
    text = f"You have insufficient permissions for this operation. Missing scopes: {', '.join(scopes)}. "
    return error(403, text + "Check that you have the correct role in your organization and project.")


def _throttled(call: Call, taken: Taken | None) -> Reply:
    wait = 1.0 if taken is None else max(0.001, taken.wait)
    text = f"Rate limit reached for requests. Please try again in {wait:.3f}s."
    reply = error(429, text, kind="requests", code="rate_limit_exceeded")
    return reply.with_headers({"retry-after": str(int(wait) + 1), "retry-after-ms": str(round(wait * 1000))})


def _failed(call: Call, status: int) -> Reply:
    """429 on plan is the other one: the money is spent, and waiting does not help."""
    if status == 429:
        text = "You exceeded your current quota, please check your plan and billing details."
        return error(429, text, kind="insufficient_quota", code="insufficient_quota")
    text = "The engine is currently overloaded, please try again later" if status == 503 else "The server had an error"
    return error(status, text, kind="server_error")


problems = Problems(
    unauthorized=_unauthorized,
    forbidden=_lacking,
    not_found=lambda call: error(404, f"Invalid URL ({call.method} {call.path})"),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=lambda call: error(400, "Invalid cursor", param="page" if call.param("page") else "after"),
    bad_body=lambda call, why: error(400, f"We could not parse the JSON body of your request. ({why})"),
)


def windows(call: Call) -> tuple[Window, ...]:
    """No numbers are published for these endpoints: this one is ours."""
    if call.credential is None:
        return ()
    return (Window(name="requests", key=call.credential.secret, limit=1000, seconds=60),)


def headers_of(project: str) -> Callable[[Call], Mapping[str, str]]:
    """As recorded on lists; rate limits are told on model endpoints alone."""
    served = count(1)

    def headers(call: Call) -> Mapping[str, str]:
        told = {
            "x-request-id": f"req_{hexes(32, next(served))}",
            "openai-version": "2020-10-01",
            "openai-organization": ORGANIZATION,
            "openai-processing-ms": "21",
        }
        return told if call.path.startswith("/v1/organization/") else {**told, "openai-project": project}

    return headers


# Parameters and lists


def row_of(table: Table, index: int) -> Row:
    """The row of an index that was listed."""
    row = table.row(index)
    if row is None:
        raise KeyError(index)
    return row


def number(call: Call, name: str, default: int, most: int, least: int = 1) -> int:
    given = call.param(name)
    if not given:
        return default
    if not re.fullmatch(r"-?\d{1,12}", given):
        raise Invalid(name, f"Invalid type for '{name}': expected an integer, but got '{given}'.", "invalid_type")
    if int(given) < least:
        text = f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {given} instead."
        raise Invalid(name, text, "integer_below_min_value")
    if int(given) > most:
        text = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {given} instead."
        raise Invalid(name, text, "integer_above_max_value")
    return int(given)


def one_of(call: Call, name: str, allowed: Sequence[str], default: str) -> str:
    given = call.param(name, default)
    if given not in allowed:
        values = " and ".join(f"'{one}'" for one in allowed)
        raise Invalid(name, f"Invalid value: '{given}'. Supported values are: {values}.")
    return given


def several(call: Call, name: str) -> list[str]:
    """A list, written `name[]=a&name[]=b` as the SDK does, or `name=a&name=b` as the specification says."""
    return [one for key in (name, f"{name}[]") for one in call.params_of(key)]


def listed(
    call: Call,
    kind: str,
    indices: Sequence[int],
    show: Callable[[int], dict[str, Any]],
    *,
    most: int = 100,
    default: int = 20,
    order: str = "",
    ends: bool = True,
) -> dict[str, Any]:
    """A page of these rising indices. `order` is the default where the parameter exists, else newest come first.

    `ends` adds first_id and last_id. A cursor may be an object that is gone since. Raises Invalid.
    """
    limit = number(call, "limit", default, most)
    falling = (one_of(call, "order", ("asc", "desc"), order) if order else "desc") == "desc"
    begin, end = 0, len(indices)
    for name in ("after", "before"):
        given = call.param(name)
        if not given:
            continue
        at = index_of(kind, given)
        if at is None:
            raise Invalid(name, f"Invalid '{name}': no such object: '{given}'.")
        if (name == "after") == falling:
            end = min(end, bisect_left(indices, at))
        else:
            begin = max(begin, bisect_right(indices, at))
    left = indices[begin:end]
    page = list(left[-limit:])[::-1] if falling else list(left[:limit])
    reply: dict[str, Any] = {"object": "list", "data": [show(index) for index in page]}
    if ends:
        reply["first_id"] = identity(kind, page[0]) if page else None
        reply["last_id"] = identity(kind, page[-1]) if page else None
    return {**reply, "has_more": len(left) > limit}
