"""Dropbox's specification, in its own language Stone, as a judge of requests and replies.

Complaints are sentences, none where all is well. How a value is written as JSON is told in the Stone project's
docs/json_serializer.rst: a union is its tag alone or an object with `.tag`, in which a struct's fields lie flat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from tests.shared import shared_folder, spec

# users.stone imports the policies of teams, which are not at hand; no route that is looked at uses them.
_POLICIES = """namespace team_policies

struct TeamSharingPolicies
    example default

union OfficeAddInPolicy
    disabled
    example disabled
        disabled = null

union TopLevelContentPolicy
    admin_only
    example admin_only
        admin_only = null
"""
HOSTS = {"api": "api.dropboxapi.com", "content": "content.dropboxapi.com", "notify": "notify.dropboxapi.com"}
_COMMON = {401: ("auth", "AuthError"), 403: ("auth", "AccessError"), 422: ("common", "PathRootError")}


class Stone:
    """The routes and types of all namespaces."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def operation_for(self, path: str) -> Any:
        """The route that serves /2/<namespace>/<name>[_v<version>]; None where there is none."""
        namespace, _, name = path.removeprefix("/2/").partition("/")
        plain, version = name, 1
        if versioned := re.fullmatch(r"(.+)_v(\d+)", name):
            plain, version = versioned[1], int(versioned[2])
        routes = self._api.namespaces[namespace].routes if namespace in self._api.namespaces else []
        return next((route for route in routes if (route.name, route.version) == (plain, version)), None)

    # Replies

    def check_reply(self, route: Any, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """What this reply does that the route, or the errors common to all, do not declare."""
        plain = not headers.get("content-type", "").startswith("application/json")
        if status == 400 or status >= 500:
            return [] if plain else [f"{route.name} {status}: the complaint is plain text"]
        if status == 429:
            if "retry-after" not in headers:
                return [f"{route.name} 429: Retry-After is missing"]
            return [] if plain else self._problem(route, "auth", "RateLimitError", body, summarized=False)
        if plain:
            return [f"{route.name} {status}: the reply is not JSON"]
        if status in _COMMON:
            return self._problem(route, *_COMMON[status], body)
        kind = route.result_data_type if status == 200 else route.error_data_type
        if status not in (200, 409):
            return [f"{route.name} knows no {status}"]
        value = json.loads(body)
        return self._told(route, status, self._error(kind, value) if status == 409 else fits(kind, value))

    def _problem(self, route: Any, namespace: str, name: str, body: bytes, *, summarized: bool = True) -> list[str]:
        kind = self._api.namespaces[namespace].data_type_by_name[name]
        value = json.loads(body)
        return self._told(route, 0, self._error(kind, value) if summarized else fits(kind, value["error"]))

    def _error(self, kind: Any, value: Any) -> Iterator[str]:
        """An error with its summary, which names the tags from the outermost."""
        yield from fits(kind, value["error"])
        tag = value["error"][".tag"]
        if not re.fullmatch(rf"{tag}(/\w+)*/\.*", value["error_summary"]):
            yield f"the summary {value['error_summary']} does not begin with {tag}"

    def _told(self, route: Any, status: int, found: Iterator[str]) -> list[str]:
        return [f"{route.name} {status or ''}: {one}" for one in found]

    # Requests

    def check_request(self, host: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
        """What this request asks that no route declares. Header names are lower-case."""
        route = self.operation_for(path)
        if route is None:
            return [f"there is no route {path}"]
        return [f"{path}: {one}" for one in self._asked(route, host, headers, body)]

    def _asked(self, route: Any, host: str, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        style, kind = route.attrs["style"], headers.get("content-type", "").partition(";")[0]
        if host != HOSTS[route.attrs["host"]]:
            yield f"it is served by {HOSTS[route.attrs['host']]}, not {host}"
        if (route.attrs["auth"] == "noauth") == ("authorization" in headers):
            yield f"authorization is {route.attrs['auth']}"
        if style == "upload":
            packed = headers.get("dropbox-api-arg", "")
            if not packed.isascii():
                yield "the argument is not ASCII"
            if kind != "application/octet-stream":
                yield f"an upload is application/octet-stream, not {kind or 'nothing'}"
            yield from fits(route.arg_data_type, json.loads(packed or "null"))
        elif not body and not kind:
            yield from fits(route.arg_data_type, None)
        elif kind != "application/json":
            yield f"the content type is {kind}"
        else:
            yield from fits(route.arg_data_type, json.loads(body))


def fits(kind: Any, value: Any, where: str = "$") -> Iterator[str]:
    """Where a value does not fit a type."""
    name = type(kind).__name__
    if name == "Alias":
        yield from fits(kind.data_type, value, where)
    elif name == "Nullable":
        if value is not None:
            yield from fits(kind.data_type, value, where)
    elif name == "Void":
        if value is not None:
            yield f"{where}: nothing is expected"
    elif name == "List":
        yield from _list(kind, value, where)
    elif name == "Struct":
        yield from _struct(kind, value, where)
    elif name == "Union":
        yield from _union(kind, value, where)
    else:
        yield from _primitive(name, kind, value, where)


def _primitive(name: str, kind: Any, value: Any, where: str) -> Iterator[str]:
    if name == "String":
        if not isinstance(value, str):
            yield f"{where}: {value!r} is no text"
            return
        if not (kind.min_length or 0) <= len(value) <= (kind.max_length or len(value)):
            yield f"{where}: {value!r} has {len(value)} characters"
        if kind.pattern is not None and not re.fullmatch(kind.pattern, value):
            yield f"{where}: {value!r} does not match {kind.pattern}"
    elif name == "Boolean":
        if not isinstance(value, bool):
            yield f"{where}: {value!r} is neither true nor false"
    elif name == "Timestamp":
        try:
            datetime.strptime(value, kind.format)  # noqa: DTZ007 the form is what counts
        except (ValueError, TypeError):
            yield f"{where}: {value!r} is no {kind.format}"
    elif name in ("Int32", "Int64", "UInt32", "UInt64"):
        least = kind.minimum if kind.min_value is None else kind.min_value
        most = kind.maximum if kind.max_value is None else kind.max_value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield f"{where}: {value!r} is no {name} between {least} and {most}"
    elif name in ("Float32", "Float64"):
        if not isinstance(value, int | float):
            yield f"{where}: {value!r} is no number"
    else:
        yield f"{where}: no reader for {name}"


def _list(kind: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: {value!r} is no list"
        return
    if not (kind.min_items or 0) <= len(value) <= (kind.max_items or len(value)):
        yield f"{where}: {len(value)} items"
    for number, one in enumerate(value):
        yield from fits(kind.data_type, one, f"{where}[{number}]")


def _struct(kind: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no {kind.name}"
        return
    if kind.has_enumerated_subtypes():
        tags = {field.name: field.data_type for field in kind.get_enumerated_subtypes()}
        if value.get(".tag") not in tags:
            yield f"{where}: {kind.name} has no {value.get('.tag')!r}"
            return
        kind = tags[value[".tag"]]
    known = {field.name: field for field in kind.all_fields}
    for name, one in value.items():
        if name in known:
            yield from fits(known[name].data_type, one, f"{where}.{name}")
        elif name != ".tag":
            yield f"{where}: {kind.name} has no {name}"
    for name, field in known.items():
        if name not in value and not field.has_default and type(field.data_type).__name__ != "Nullable":
            yield f"{where}: {name} is missing"


def _union(kind: Any, value: Any, where: str) -> Iterator[str]:
    tag = str(value.get(".tag") if isinstance(value, dict) else value)
    tags = {field.name: field.data_type for field in kind.all_fields}
    if tag not in tags:
        yield f"{where}: {kind.name} has no {tag!r}"
        return
    inner = tags[tag]
    plain = inner.data_type if type(inner).__name__ in ("Nullable", "Alias") else inner
    if type(plain).__name__ == "Void" or (type(inner).__name__ != type(plain).__name__ and _bare(value)):
        if not _bare(value):
            yield f"{where}: {tag} holds nothing"
    elif type(plain).__name__ == "Struct" and not plain.has_enumerated_subtypes():
        flat = {name: one for name, one in value.items() if name != ".tag"} if isinstance(value, dict) else {}
        yield from fits(plain, flat, f"{where}.{tag}")
    else:
        yield from fits(inner, value.get(tag) if isinstance(value, dict) else None, f"{where}.{tag}")


def _bare(value: Any) -> bool:
    return isinstance(value, str) or set(value) == {".tag"}


@cache
def dropbox() -> Stone:
    """Every namespace that is at hand. Skips the test where none is, or where the package stone is missing."""
    frontend = pytest.importorskip("stone.frontend.frontend", reason="the package stone is not installed")
    folder = shared_folder() / "specs" / "dropbox"
    names = sorted(path.name for path in folder.glob("*.stone")) or ["files.stone"]
    texts = [(name, spec("dropbox", name)) for name in names]
    return Stone(frontend.specs_to_ir([*texts, ("team_policies.stone", _POLICIES)]))
