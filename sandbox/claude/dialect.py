"""How Claude speaks: the error envelope, two kinds of key, required headers, ids that hold an index, lists by id.

Sources: platform.claude.com/docs/en/api/errors and /versioning, recordings of May 2026. The wording of most errors is
the author's own.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.credentials import EXPIRED, MISSING
from sandbox.platform import Call, Problems, Reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import letters, uuid
from sandbox.table import Row, Table
from sandbox.world import from_ms

HOST = "api.anthropic.com"
ORGANIZATION = uuid(7)
ORGANIZATION_NAME = "Sandbox Labs"
VERSIONS = ("2023-06-01", "2023-01-01")
FILES_BETA = "files-api-2025-04-14"
WORKSPACE, ADMIN = "workspace", "admin"
KINDS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Invalid(Exception):
    """A parameter or a member of the body is not what the route takes."""


def stamp(ms: int, digits: int = 0) -> str:
    """RFC 3339 in UTC; files have six digits of a second, all else none."""
    moment = from_ms(ms).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds" if digits else "seconds") + "Z"


def identity(prefix: str, index: int) -> str:
    """The id of the record of this index: a prefix, padding, and the index in hexadecimal."""
    return f"{prefix}_01{letters(14)}{index:08x}"


def index_of(prefix: str, given: str) -> int | None:
    """The index in an id; None for an id of another kind or form."""
    tail = given[-8:]
    if not re.fullmatch("[0-9a-f]{8}", tail):
        return None
    index = int(tail, 16)
    return index if identity(prefix, index) == given else None


# Errors


def error(status: int, message: str) -> Reply:
    told = {"type": "error", "error": {"type": KINDS.get(status, "api_error"), "message": message}}
    return json_reply({**told, "request_id": f"req_01{letters(22)}"}, status=status)


def missing(what: str, given: str) -> Reply:
    return error(404, f"{what} not found: {given}")


def answering(handler: Callable[[Call], dict[str, Any] | Reply]) -> Callable[[Call], Reply]:
    """A route whose wrong parameters are 400."""

    def handle(call: Call) -> Reply:
        try:
            answer = handler(call)
        except Invalid as invalid:
            return error(400, str(invalid))
        return answer if isinstance(answer, Reply) else json_reply(answer)

    return handle


def check(call: Call) -> Reply | None:
    """The version is asked for with every call, and files are there for those who ask for the beta."""
    version = call.headers.get("anthropic-version", "")
    if not version:
        return error(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        return error(400, f'anthropic-version: "{version}" is not a valid version')
    asked = [one.strip() for one in call.headers.get("anthropic-beta", "").split(",")]
    if call.path.startswith("/v1/files") and FILES_BETA not in asked:
        return error(404, "Not found")
    return None


def _unauthorized(call: Call, why: str) -> Reply:
    words = {MISSING: "x-api-key header is required", EXPIRED: "API key has expired"}
    return error(401, words.get(why, "invalid x-api-key"))


def _throttled(call: Call, taken: Taken | None) -> Reply:
    wait = 1 if taken is None else int(taken.wait) + 1
    text = "This request would exceed your organization's rate limit. Please try again later."
    return error(429, text).with_headers({"retry-after": str(wait)})


def _failed(call: Call, status: int) -> Reply:
    """400 on plan is the one of them that says that the money is spent."""
    if status == 400:
        return error(400, "You have reached your specified API usage limits. You will regain access on 2026-12-01.")
    return error(status, "Overloaded" if status == 529 else "Internal server error")


problems = Problems(
    unauthorized=_unauthorized,
    forbidden=lambda call, scopes: error(403, f"This API key cannot be used for {call.path}"),
    not_found=lambda call: error(404, "Not found"),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=lambda call: error(400, "page: Invalid cursor" if call.param("page") else "after_id: Invalid ID"),
    bad_body=lambda call, why: error(400, f"The request body is not valid JSON: {why}"),
)


def windows(call: Call) -> tuple[Window, ...]:
    """No numbers are published for these endpoints: this one is ours."""
    if call.credential is None:
        return ()
    return (Window(name="requests", key=call.credential.secret, limit=1000, seconds=60),)


def headers_of() -> Callable[[Call], Mapping[str, str]]:
    """As recorded on lists, which tell nothing of budgets."""
    served = count(1)

    def headers(call: Call) -> Mapping[str, str]:
        return {
            "request-id": f"req_01{letters(14)}{next(served):08x}",
            "anthropic-organization-id": ORGANIZATION,
            "server": "cloudflare",
        }

    return headers


# Parameters and lists


def row_of(table: Table, index: int) -> Row:
    """The row of an index that was listed."""
    row = table.row(index)
    if row is None:
        raise KeyError(index)
    return row


def number(call: Call, name: str, default: int, most: int) -> int:
    given = call.param(name)
    if not given:
        return default
    if not re.fullmatch(r"-?\d{1,9}", given):
        raise Invalid(f"{name}: Input should be a valid integer")
    if not 1 <= int(given) <= most:
        raise Invalid(f"{name}: Input should be between 1 and {most}")
    return int(given)


def moment(call: Call, name: str) -> int | None:
    """An RFC 3339 parameter in seconds since the epoch; None where it is not given."""
    given = call.param(name)
    if not given:
        return None
    try:
        return int(datetime.fromisoformat(given).timestamp())
    except ValueError:
        raise Invalid(f"{name}: Input should be a valid datetime") from None


def listed(
    call: Call,
    prefix: str,
    indices: Sequence[int],
    show: Callable[[int], dict[str, Any]],
    *,
    most: int = 1000,
) -> dict[str, Any]:
    """A page of these rising indices, newest first. A cursor may be an object that is gone since. Raises Invalid."""
    limit = number(call, "limit", 20, most)
    begin, end, backwards = 0, len(indices), False
    for name in ("after_id", "before_id"):
        given = call.param(name)
        if not given:
            continue
        at = index_of(prefix, given)
        if at is None:
            raise Invalid(f"{name}: Invalid ID")
        if name == "after_id":
            end = bisect_left(indices, at)
        else:
            begin, backwards = bisect_right(indices, at), True
    left = indices[begin:end]
    page = list(left[:limit] if backwards else left[-limit:])[::-1]
    return {
        "data": [show(index) for index in page],
        "has_more": len(left) > limit,
        "first_id": identity(prefix, page[0]) if page else None,
        "last_id": identity(prefix, page[-1]) if page else None,
    }
