"""Requests and responses as values: what a connector says and hears, without a socket.

A reply is never decoded whole unless somebody asks for it: `get` reads one value, `records` cuts the
records out as the raw JSON that arrived.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import msgspec

from core.errors import BadReply, UsageError

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Params: TypeAlias = Mapping[str, str | int | bool | list[str]]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a platform, relative to its connector's base URL.

    `path` is a template (`/lists/{list_id}/members`); `args` fill it, percent-encoded. The template, not
    the filled path, names the call in metrics and rate budgets. `base` replaces the connector's base URL
    for the platforms that answer on several hosts; it must still be a declared host.
    At most one of `json` (any JSON value but None), `form` and `content` is sent as the body.
    `repeatable`: sending it twice does what sending it once does, so it may be tried again where no reply came.
    `optional`: where the platform does not have what is asked for at all, there is nothing, and nothing is wrong.
    `query` follows the parameters as it is: for those whose brackets must not be percent-encoded.
    """

    path: str
    method: str = "GET"
    args: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    params: Params = field(default_factory=lambda: _EMPTY)
    query: str = ""
    json: JSON = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    base: str | None = None
    authorized: bool = True
    repeatable: bool = True
    optional: bool = False

    def with_params(self, **params: str | int | bool | list[str] | None) -> Request:
        """The same question with these query parameters set; one given as None is taken away."""
        merged = {**self.params, **params}
        return replace(self, params={k: v for k, v in merged.items() if v is not None})

    def with_body(self, **members: JSON) -> Request:
        """The same question with these members of the JSON object in its body set.

        Raises TypeError where the body is not an object.
        """
        if self.json is not None and not isinstance(self.json, dict):
            raise TypeError("with_body needs a request whose body is a JSON object")
        return replace(self, json={**(self.json or {}), **members})

    @property
    def filled_path(self) -> str:
        """The path with its arguments in place, each percent-encoded so that none adds a segment.

        Raises UsageError where an argument would take a segment away: empty, `.` and `..` (RFC 3986, 5.2.4).
        """
        if not self.args:
            return self.path.format_map(_EMPTY)
        filled = self.path.format_map({k: quote(v, safe="") for k, v in self.args.items()})
        for template, segment in zip(self.path.split("/"), filled.split("/"), strict=True):
            if segment in ("", ".", "..") and segment != template:
                raise UsageError(f"{template} of {self.path} is not an identifier: it is empty or made of dots")
        return filled

    def fingerprint(self) -> str:
        """A digest that two requests share exactly when they ask the same question. Headers do not count."""
        parts = [
            self.method,
            self.base or "",
            self.filled_path,
            sorted((k, v) for k, v in self.params.items()),
            self.query,
            self.json,
            sorted((self.form or {}).items()),
            hashlib.sha256(self.content or b"").hexdigest(),
        ]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

    def __repr__(self) -> str:
        # Parameters and bodies may carry tokens (paging links, OAuth forms): only names are shown.
        shown = f"?{'&'.join(sorted(self.params))}" if self.params else ""
        return f"<Request {self.method} {self.path}{shown}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. `headers` have lower-case names; `body` is decoded of its content encoding.

    `call` is the number of the client's call that brought it (metrics refer to it).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    body: bytes = field(default=b"", repr=False)
    call: int = 0
    _members: dict[str, msgspec.Raw] | None = field(default=None, init=False, repr=False, compare=False)

    def get(self, path: str, default: Any = None) -> Any:
        """One value of the JSON body by path (`paging/next/after`), without decoding the rest.

        A step that is absent, null or no object gives `default`, and so does a body that is no JSON
        (error pages of proxies): this is for looking. `records` and `json` insist.
        """
        first, _, below = path.partition("/")
        text = self._top().get(first) if path else self.body
        if text is None:
            return default
        try:
            found = _decode(_decoder(below, Any), bytes(text))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return default
        value = _descend(found, below)
        return default if value is None else value

    def _top(self) -> dict[str, msgspec.Raw]:
        """The members of the body, undecoded; none where it is no object. Cut once: dozens of rules look for theirs."""
        if self._members is None:
            try:
                members: dict[str, msgspec.Raw] = _decode(_MEMBERS, self.body)
            except (msgspec.DecodeError, UnicodeDecodeError):
                members = {}
            object.__setattr__(self, "_members", members)
            return members
        return self._members

    def records(self, path: str = "") -> list[bytes]:
        """The records of the array at `path` (the whole body for an empty path), each as the JSON that arrived.

        An object in place of the array is one record; an absent or null array has none.
        Raises BadReply where the body is no JSON or holds something else there or on the way.
        """
        try:
            if not self.body.isascii():
                self.body.decode()  # what is cut out is not decoded, and must still be text (RFC 8259, 8.1)
            found = _descend(_decode(_decoder(path, list[msgspec.Raw]), self.body), path)
        except msgspec.ValidationError:
            return [self._one_record(path)]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadReply(f"the reply is not valid JSON ({error})") from error
        return [] if found is None else [bytes(raw) for raw in found]

    def _one_record(self, path: str) -> bytes:
        raw = self.raw(path)
        if raw is None or raw[:1] != b"{":
            raise BadReply(f"the reply holds no records at {path or 'its top'!r}")
        return raw

    def raw(self, path: str) -> bytes | None:
        """The JSON text at `path` as it arrived; None where it is absent or null. Raises BadReply for no JSON."""
        try:
            found = _decode(_decoder(path, msgspec.Raw), self.body)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadReply(f"the reply is not valid JSON ({error})") from error
        value = _descend(found, path)
        text = None if value is None else bytes(value)
        return None if text == b"null" else text

    def json(self) -> Any:
        """The whole body, decoded. Raises BadReply where it is no JSON."""
        try:
            return _decode(_decoder("", Any), self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadReply(f"the reply is not valid JSON ({error})") from error


# Every escape of a JSON text, so that an escaped backslash is not taken for the beginning of one; alone: half a pair.
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<alone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """Decodes; half a surrogate pair (texts cut off within an emoji) becomes U+FFFD, where msgspec would give up."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _ESCAPES.sub(lambda found: rb"\ufffd" if found["alone"] else found[0], body)
        if mended == body:
            raise
        return decoder.decode(mended)


_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _steps(path: str) -> list[str]:
    return path.split("/") if path else []


@lru_cache(maxsize=1024)
def _decoder(path: str, leaf: Any) -> msgspec.json.Decoder[Any]:
    """A decoder that builds only what stands at `path`; msgspec skips every other member."""
    # Raw takes any value, null too; msgspec does not see through a union with it.
    shape: Any = leaf if leaf in (Any, msgspec.Raw) else leaf | None
    for step in reversed(_steps(path)):
        shape = msgspec.defstruct("Step", [("value", shape, None)], rename={"value": step}) | None
    return msgspec.json.Decoder(shape)


def _descend(found: Any, path: str) -> Any:
    for _ in _steps(path):
        if found is None:
            return None
        found = found.value
    return found
