"""How SendGrid speaks: errors, ids, times, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandbox.platform import Call, Problems, Reply, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.world import from_ms, mix, number_of

HOST, EU, STORE = "api.sendgrid.com", "api.eu.sendgrid.com", "sandbox-exports.s3.amazonaws.com"
SCOPES = ("asm.groups.read", "marketing.read", "stats.read", "suppression.read", "templates.read")
FIGURES = (
    "blocks", "bounce_drops", "bounces", "clicks", "deferred", "delivered", "invalid_emails", "opens", "processed",
    "requests", "spam_report_drops", "spam_reports", "unique_clicks", "unique_opens", "unsubscribe_drops",
    "unsubscribes",
)  # fmt: skip
SEND_FIGURES = tuple(name for name in FIGURES if name not in ("blocks", "deferred", "processed", "unsubscribe_drops"))


def problem(status: int, message: str, name: str | None = None) -> Reply:
    return json_reply({"errors": [{"field": name, "message": message}]}, status=status)


def uuid_of(kind: str, index: int) -> str:
    bits = f"{mix(number_of(f'sendgrid {kind}')):016x}"
    return f"{bits[:8]}-{bits[8:12]}-4000-8000-{index:012x}"


def index_of(kind: str, identity: str) -> int | None:
    tail = identity.rpartition("-")[2]
    found = int(tail, 16) if re.fullmatch(r"[0-9a-f]{12}", tail) else -1
    return found if found >= 0 and uuid_of(kind, found) == identity else None


def iso(ms: int) -> str:
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%SZ}"


def _forbidden(call: Call, scopes: Sequence[str]) -> Reply:
    return problem(403, "access forbidden")


def _throttled(call: Call, taken: Taken | None) -> Reply:
    return problem(429, "too many requests")


def _unauthorized(call: Call, why: str) -> Reply:
    told = (
        "authorization required"
        if why == "missing"
        else "The provided authorization grant is invalid, expired, or revoked"
    )
    return problem(401, told)


problems = Problems(
    unauthorized=_unauthorized,
    forbidden=_forbidden,
    not_found=lambda call: problem(404, "not found"),
    throttled=_throttled,
    failed=lambda call, status: problem(status, "internal error"),
    stale_cursor=lambda call: problem(400, "invalid page token", "page_token"),
    bad_body=lambda call, why: problem(400, "the JSON is malformed"),
)


def windows(call: Call) -> tuple[Window, ...]:
    """Each call is counted apart, in windows that are the same for all."""
    if call.host == STORE:
        return ()
    key = f"{call.method} {call.path.split('/')[2:4]}"
    return (Window(name="endpoint", key=key, limit=600, seconds=60, rolling=False),)


def window_headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
    return {
        name: str(value)
        for one in taken
        for name, value in (
            ("x-ratelimit-limit", one.window.limit),
            ("x-ratelimit-remaining", one.remaining),
            ("x-ratelimit-reset", int(one.reset)),
        )
    }
