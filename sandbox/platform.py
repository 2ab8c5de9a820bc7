"""What a platform file is made of. This is also how to write one; `sandbox/hubspot/` is a whole one.

A platform is one module `sandbox/<slug>.py` (a folder once it outgrows 300 lines) with a function

    def build(world: World) -> Platform: ...

and one line in `sandbox/catalog.py`. State (tables, cursors) lives in an object made inside `build`; handlers are
its plain sync methods `(call: Call) -> Reply`. The sandbox holds one lock around them, so they need none.

    def build(world):
        shop = _Shop(world)
        return Platform(
            slug="acme",
            hosts=("api.acme.example", "*.acme.example"),            # globs, matched without the port
            routes=(
                Route("GET", "/v1/things", shop.list, scopes=("things.read",)),
                Route("GET", "/v1/things/{id}", shop.one, scopes=shop.scopes_of),   # scopes may be (call) -> tuple
                Route("GET", "/files/{path:rest}", shop.file),       # {name:rest} takes slashes too
                Route("GET", "/health", shop.health, open=True),     # open: without a credential
                Route("POST", "/upload", shop.upload, host="content.acme.example"),
            ),
            problems=Problems(unauthorized=…, forbidden=…, not_found=…, throttled=…, failed=…, stale_cursor=…),
            credentials=(Credential(platform="acme", kind="api_key",
                                    secret=SAMPLES["acme"]["api_key"]["token"], account="1", scopes=ALL),),
            oauth=Dialect(...),              # sandbox/oauth.py; None where the vendor has none
            further_oauth=(Dialect(...),),   # other ways to sign in, of vendors that have several
            secret=bearer,                   # or basic_password, in_query("key"), in_header("x-api-key"), your own
            windows=shop.windows,            # (call) -> tuple[Window, ...] that this call counts against
            window_headers=shop.rate_headers,  # (call, tuple[Taken, ...]) -> headers of every counted reply
            headers=shop.headers,            # (call) -> headers of every reply (request ids)
            check=shop.check,                # (call) -> Reply | None: a last word after authentication, e.g. wrong host
            records=("results", "members"),  # names under which pages hold records (for the fault empty_page)
            connections=None,                # calls in flight per credential before problems.throttled answers
            deliver=shop.deliver,            # (url, secret) -> Delivery: one signed webhook call about the last change
        )

In a handler: `call.args["id"]` (percent-decoded), `call.param("limit", "10")`, `call.params_of("fields")` (repeated),
`call.json()` / `call.form()` (raise BadBody, answered by problems.bad_body), `call.credential` (None on open routes).
Answers: `json_reply(value, status=200, headers=…)`, `empty_reply(204)`, `text_reply(...)`, or a `Reply`.

Records: `world.population("acme things", per_person=2)` gives births, changes and deletions; `Table(world, population)`
adds what is written (`sandbox/table.py`); `people.person(world, index, version)` is the same person on every platform;
`world.total("acme followers", base=…, level=…)` a counter with trend and weekly rhythm, `world.daily(...)` one day of
it; `world.clock.now()` the time. Sample credentials for people to type are `sandbox/samples.py`: SAMPLES[slug][kind].
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from sandbox.credentials import Credential

if TYPE_CHECKING:
    from sandbox.oauth import Dialect
    from sandbox.ratelimits import Taken, Window

_EMPTY: Mapping[str, str] = MappingProxyType({})


class BadBody(Exception):
    """The body of a call is not what its route takes."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as it arrived. `headers` have lower-case names; `path` and `query` are still percent-encoded."""

    method: str
    host: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    body: bytes = field(default=b"", repr=False)
    args: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    credential: Credential | None = None

    def param(self, name: str, default: str = "") -> str:
        """The first query parameter of this name."""
        return next((value for key, value in self.params if key == name), default)

    def params_of(self, name: str) -> list[str]:
        """Every query parameter of this name."""
        return [value for key, value in self.params if key == name]

    def json(self) -> Any:
        """The JSON body. Raises BadBody where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadBody(str(error)) from error

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The form body; the last value of each name."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def form(self) -> Mapping[str, str]:
        """The form body. Raises BadBody where the content type is another."""
        if "application/x-www-form-urlencoded" not in self.headers.get("content-type", ""):
            raise BadBody("the body is not a form")
        return self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. The last three are how it travels: `wait` seconds before its first byte, at most `pace` bytes a
    second, and broken off after `cut` bytes of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    body: bytes = b""
    wait: float = 0.0
    pace: float | None = None
    cut: int | None = None

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """The same answer with these headers, where it does not set them itself."""
        return replace(self, headers={**headers, **self.headers}) if headers else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook call that the vendor would make, signed, for whoever posts it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Refused(Exception):
    """A call is answered with this reply, wherever in its handler that is found out."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def answering(handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """The handler, whose refusals are its answers."""

    def answer(call: Call) -> Reply:
        try:
            return handler(call)
        except Refused as refused:
            return refused.reply

    return answer


class Unreachable(Exception):
    """The connection fails instead of an answer: `refused` before it stands, `reset` after the question was sent."""

    def __init__(self, how: str) -> None:
        super().__init__(f"connection {how}")
        self.how = how


def json_reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "") -> Reply:
    """`kind` is the content type where it is not plain JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status=status, headers={"content-type": kind or "application/json", **(headers or {})}, body=body)


def text_reply(text: str, *, status: int = 200, kind: str = "text/plain; charset=utf-8") -> Reply:
    return Reply(status=status, headers={"content-type": kind}, body=text.encode())


def empty_reply(status: int = 204) -> Reply:
    return Reply(status=status)


def bearer(call: Call) -> str | None:
    """The token of `Authorization: Bearer …`."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of `Authorization: Basic …`."""
    scheme, _, packed = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(packed, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None
    return user, password


def basic_password(call: Call) -> str | None:
    """The password of `Authorization: Basic …`."""
    pair = basic(call)
    return pair[1] if pair else None


def in_query(name: str) -> Callable[[Call], str | None]:
    """The credential as a query parameter."""
    return lambda call: call.param(name) or None


def in_header(name: str) -> Callable[[Call], str | None]:
    """The credential as a header of its own."""
    return lambda call: call.headers.get(name.lower())


Handler = Callable[[Call], Reply]


class Route:
    """One method and path template; `{name}` takes one segment, `{name:rest}` everything that is left."""

    __slots__ = ("answer", "host", "method", "open", "pattern", "scopes", "template")

    def __init__(
        self,
        method: str,
        template: str,
        answer: Handler,
        *,
        scopes: tuple[str, ...] | Callable[[Call], tuple[str, ...]] = (),
        open: bool = False,
        host: str = "",
    ) -> None:
        self.method = method
        self.template = template
        self.answer = answer
        self.scopes = scopes
        self.open = open
        self.host = host
        pieces = re.split(r"\{(\w+)(:rest)?\}", template)
        text = re.escape(pieces[0])
        for name, rest, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            text += f"(?P<{name}>{'.+' if rest else '[^/]+'})" + re.escape(after)
        self.pattern = re.compile(text)

    def match(self, call: Call) -> Mapping[str, str] | None:
        """The arguments in the path; None where this route is not meant. The method is not looked at."""
        if self.host and self.host != call.host:
            return None
        found = self.pattern.fullmatch(call.path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}

    def needs(self, call: Call) -> tuple[str, ...]:
        return self.scopes(call) if callable(self.scopes) else self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """The vendor's error replies. `why` is missing, unknown, expired or revoked; `Taken` is None for a fault on plan
    or for too many connections."""

    unauthorized: Callable[[Call, str], Reply]
    forbidden: Callable[[Call, Sequence[str]], Reply]
    not_found: Callable[[Call], Reply]
    throttled: Callable[[Call, Taken | None], Reply]
    failed: Callable[[Call, int], Reply]
    stale_cursor: Callable[[Call], Reply]
    bad_body: Callable[[Call, str], Reply]


def no_windows(call: Call) -> tuple[Window, ...]:
    return ()


def no_window_headers(call: Call, taken: Sequence[Taken]) -> Mapping[str, str]:
    return _EMPTY


def no_headers(call: Call) -> Mapping[str, str]:
    return _EMPTY


def no_objection(call: Call) -> Reply | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform: where it answers, what, and in which dialect. The module docstring tells each field."""

    slug: str
    hosts: tuple[str, ...]
    routes: tuple[Route, ...]
    problems: Problems
    credentials: tuple[Credential, ...] = ()
    oauth: Dialect | None = None
    further_oauth: tuple[Dialect, ...] = ()
    secret: Callable[[Call], str | None] = bearer
    windows: Callable[[Call], tuple[Window, ...]] = no_windows
    window_headers: Callable[[Call, Sequence[Taken]], Mapping[str, str]] = no_window_headers
    headers: Callable[[Call], Mapping[str, str]] = no_headers
    check: Callable[[Call], Reply | None] = no_objection
    records: tuple[str, ...] = ("results", "data")
    connections: int | None = None
    deliver: Callable[[str, str], Delivery] | None = None
