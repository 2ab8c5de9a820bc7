"""Failures on plan: "the third call 429 with Retry-After 2; after page 2 revoke the cursor; cut the body at byte 512".

A plan is a list of `Fault(match, nth, kind, args, times)`. `match` is a glob over `METHOD host/path`, or over
`host/path` where it holds no space. The fault strikes the nth matching call (from 1) and the `times - 1` after it;
`times=0` goes on for ever. Kinds and their arguments:

    answered in place of the platform
    rate_limited   retry_after=None        the vendor's 429; with Retry-After where given
    status         status=503              the vendor's error body for this status
    html           status=502              an HTML error page, as proxies send
    bare           status=403              a status without a body
    redirect       to="https://…"          302 to another address
    stale_cursor                           the vendor's answer to a cursor it no longer knows
    refuse                                 the connection is refused
    reset                                  the connection breaks before an answer

    done to the credentials of the platform, and then the call goes on
    expire_token                           every OAuth access token expires now
    revoke                                 every credential is revoked
    remove_scope   scope="…"               every credential loses this scope

    done to the platform's answer
    cut            at=512                  the connection breaks after so many bytes of the body
    slow           wait=0, pace=None       seconds before the first byte; bytes a second
    invalid_json                           the body is no JSON
    empty_page                             the page holds no records but still leads to the next
    oversized      bytes=1_000_000         the body grows by so many bytes of white space; gzip=True sends
                                           few bytes that unpack to all of them
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from sandbox.credentials import Accepted
from sandbox.platform import Call, Platform, Reply, Unreachable, text_reply
from sandbox.world import Clock

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planned failure; the module docstring lists the kinds. Raises ValueError for a kind that does not exist."""

    match: str = "*"
    nth: int = 1
    kind: str
    args: Args = field(default_factory=dict)
    times: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(sorted(KINDS))}")

    def meant(self, call: Call) -> bool:
        place = f"{call.host}{call.path}"
        return fnmatchcase(f"{call.method} {place}" if " " in self.match else place, self.match)


class FaultPlan:
    """The faults that are still to come, counting the calls that match each."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._waiting: list[tuple[Fault, int]] = [(fault, 0) for fault in faults]

    def add(self, *faults: Fault) -> None:
        self._waiting += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        self._waiting = []

    def due(self, call: Call) -> list[Fault]:
        """Counts this call and gives the faults that strike it, in the order planned."""
        due, waiting = [], []
        for fault, seen in self._waiting:
            if fault.meant(call):
                seen += 1
                if seen >= fault.nth:
                    due.append(fault)
                if fault.times and seen >= fault.nth + fault.times - 1:
                    continue
            waiting.append((fault, seen))
        self._waiting = waiting
        return due


def strike(fault: Fault, platform: Platform, call: Call, accepted: Accepted, clock: Clock) -> Reply | None:
    """What happens before the platform is asked: a reply in its place, or None. Raises Unreachable."""
    if fault.kind in _ON_CREDENTIALS:
        _ON_CREDENTIALS[fault.kind](accepted, platform.slug, clock, fault.args)
    if fault.kind in _INSTEAD:
        return _INSTEAD[fault.kind](platform, call, fault.args)
    return None


def spoil(fault: Fault, platform: Platform, reply: Reply) -> Reply:
    """What the fault makes of the platform's answer."""
    change = _AFTERWARDS.get(fault.kind)
    return change(platform, reply, fault.args) if change else reply


def _rate_limited(platform: Platform, call: Call, args: Args) -> Reply:
    reply = platform.problems.throttled(call, None)
    headers = {name: value for name, value in reply.headers.items() if not name.lower().startswith("retry-after")}
    if args.get("retry_after") is not None:
        headers["retry-after"] = str(args["retry_after"])
    return replace(reply, headers=headers)


def _unreachable(how: str) -> Callable[[Platform, Call, Args], Reply]:
    def break_off(platform: Platform, call: Call, args: Args) -> Reply:
        raise Unreachable(how)

    return break_off


def _html(platform: Platform, call: Call, args: Args) -> Reply:
    status = args.get("status", 502)
    page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1><p>proxy</p></body></html>"
    return text_reply(page, status=status, kind="text/html")


def _empty_page(platform: Platform, reply: Reply, args: Args) -> Reply:
    try:
        body = json.loads(reply.body)
    except ValueError:
        return reply
    if not isinstance(body, dict):
        return replace(reply, body=b"[]" if isinstance(body, list) else reply.body)
    emptied = {name: [] if name in platform.records and isinstance(v, list) else v for name, v in body.items()}
    return replace(reply, body=json.dumps(emptied, ensure_ascii=False).encode())


def _oversized(platform: Platform, reply: Reply, args: Args) -> Reply:
    body = reply.body + b" " * int(args.get("bytes", 1_000_000))
    if not args.get("gzip"):
        return replace(reply, body=body)
    return replace(reply, body=gzip.compress(body), headers={**reply.headers, "content-encoding": "gzip"})


def _invalid_json(platform: Platform, reply: Reply, args: Args) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2] + b'"\\x')


_INSTEAD: Mapping[str, Callable[[Platform, Call, Args], Reply]] = {
    "rate_limited": _rate_limited,
    "status": lambda platform, call, args: platform.problems.failed(call, int(args.get("status", 503))),
    "html": _html,
    "bare": lambda platform, call, args: Reply(status=int(args.get("status", 403))),
    "redirect": lambda platform, call, args: Reply(status=302, headers={"location": args["to"]}),
    "stale_cursor": lambda platform, call, args: platform.problems.stale_cursor(call),
    "refuse": _unreachable("refused"),
    "reset": _unreachable("reset"),
}
_ON_CREDENTIALS: Mapping[str, Callable[[Accepted, str, Clock, Args], None]] = {
    "expire_token": lambda accepted, slug, clock, args: accepted.expire(slug, clock.seconds()),
    "revoke": lambda accepted, slug, clock, args: accepted.revoke(slug),
    "remove_scope": lambda accepted, slug, clock, args: accepted.remove_scope(slug, args["scope"]),
}
_AFTERWARDS: Mapping[str, Callable[[Platform, Reply, Args], Reply]] = {
    "cut": lambda platform, reply, args: replace(reply, cut=int(args.get("at", 512))),
    "slow": lambda platform, reply, args: replace(reply, wait=float(args.get("wait", 0)), pace=args.get("pace")),
    "invalid_json": _invalid_json,
    "empty_page": _empty_page,
    "oversized": _oversized,
}
KINDS = frozenset(_INSTEAD) | frozenset(_ON_CREDENTIALS) | frozenset(_AFTERWARDS)
