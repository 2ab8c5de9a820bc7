"""Requests and responses as values: what a connector says and hears, without a socket.

A reply is never decoded whole unless somebody asks for it: `get` reads one value, `records` cuts the
records out as the raw JSON that arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import quote

import msgspec

from core.errors import BadReply

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
    """

    path: str
    method: str = "GET"
    args: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    params: Params = field(default_factory=lambda: _EMPTY)
    json: JSON = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    base: str | None = None
    authorized: bool = True

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
        """The path with its arguments in place, each percent-encoded so that none adds a segment."""
        return self.path.format_map({k: quote(v, safe="") for k, v in self.args.items()})

    def fingerprint(self) -> str:
        """A digest that two requests share exactly when they ask the same question. Headers do not count."""
        parts = [
            self.method,
            self.base or "",
            self.filled_path,
            sorted((k, v) for k, v in self.params.items()),
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
    headers: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    body: bytes = b""
    call: int = 0

    def get(self, path: str, default: Any = None) -> Any:
        """One value of the JSON body by path (`paging/next/after`), without decoding the rest.

        A step that is absent, null or no object gives `default`, and so does a body that is no JSON
        (error pages of proxies): this is for looking. `records` and `json` insist.
        """
        try:
            found = _decoder(path, Any).decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return default
        value = _descend(found, path)
        return default if value is None else value

    def records(self, path: str = "") -> list[bytes]:
        """The records of the array at `path` (the whole body for an empty path), each as the JSON that arrived.

        An object in place of the array is one record; an absent or null array has none.
        Raises BadReply where the body is no JSON or holds something else there.
        """
        try:
            found = _decoder(path, list[msgspec.Raw]).decode(self.body)
        except msgspec.ValidationError:
            found = self._one_record(path)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadReply(f"the reply is not valid JSON ({error})") from error
        value = _descend(found, path)
        return [] if value is None else [bytes(raw) for raw in value]

    def _one_record(self, path: str) -> Any:
        raw = self.raw(path)
        if raw is None:
            return None
        if raw[:1] != b"{":
            raise BadReply(f"the reply holds no records at {path or 'its top'!r}")
        return _nest(path, [raw])

    def raw(self, path: str) -> bytes | None:
        """The JSON text at `path` as it arrived; None where it is absent or null. Raises BadReply for no JSON."""
        try:
            found = _decoder(path, msgspec.Raw).decode(self.body)
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
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadReply(f"the reply is not valid JSON ({error})") from error


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


def _nest(path: str, value: Any) -> Any:
    for _ in _steps(path):
        value = _Step(value)
    return value


class _Step(msgspec.Struct):
    value: Any
