"""Meta's lists of nodes as a judge of requests and replies.

A list tells a node's fields and, for the node itself and each of its edges, methods, parameters and what they return;
nothing of bodies that come back beyond that, of errors, or of what any call takes (fields, cursors, times): for these
stands what https://developers.facebook.com/docs/graph-api/results says. Nodes whose list is not here are not judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sandbox.graph import Asked, fields_of
from sandbox.platform import Call, Refused, Reply
from tests.shared import shared_folder, spec

Node = Mapping[str, Any]
_ANYWHERE = {"access_token", "appsecret_proof", "fields", "limit", "after", "before", "since", "until", "summary"}
_PATH = re.compile(r"(?:/v\d+\.\d)?/(?P<id>[^/]+)(?:/(?P<edge>[^/]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The lists in these folders, the first before the next. `kinds` are regular expressions over "id" or "id/edge",
    with the node that an address so formed is of; `aliases` what lists call nodes that are here by another name."""

    folders: Sequence[str]
    kinds: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)

    # As a judge (tests/spec/judging.py)

    def request_complaints(self, call: Call) -> list[str]:
        api, where = self._api(call)
        if api is None:
            return [f"there is no {where}"]
        return [f"{where}: {one}" for one in (*self._params(api, call), *self._fields(api, call))]

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        api, where = self._api(call)
        if api is None:
            return [f"there is no {where}"]
        told = json.loads(reply.body)
        if reply.status >= 400:
            return [f"{where} {reply.status}: {one}" for one in _error(told)]
        if call.method != "GET":
            written = "id" in told or told.get("success") is True
            return [] if written else [f"{where} replies neither an id nor success"]
        if not api["endpoint"]:
            return [f"{where} replies {one}" for one in self._of(api["return"], told, "$")]
        return [f"{where} replies {one}" for one in self._listed(api["return"], told, "$")]

    def _api(self, call: Call) -> tuple[Node | None, str]:
        found = _PATH.fullmatch(call.path)
        if found is None:
            return None, f"{call.method} {call.path}"
        place = f"{found['id']}/{found['edge']}" if found["edge"] else found["id"]
        kind = next((name for pattern, name in self.kinds.items() if re.fullmatch(pattern, place)), "")
        node = self._node(kind)
        where = f"{call.method} {kind or place}/{found['edge'] or ''}"
        apis = node["apis"] if node else ()
        fitting = (one for one in apis if (one["method"], one.get("endpoint")) == (call.method, found["edge"]))
        api = next(fitting, None)
        return (None if api is None else {"endpoint": found["edge"], **api, "return": api.get("return")}), where

    def _node(self, told: str) -> Node | None:
        kind = self.aliases.get(told, told)
        return next((found for folder in self.folders if (found := _listing(folder, kind)) is not None), None)

    def _params(self, api: Node, call: Call) -> Iterator[str]:
        declared = {one["name"]: one for one in api["params"]}
        given: dict[str, Any] = dict(call.params)
        kind = call.headers.get("content-type", "")
        if call.body:
            given |= json.loads(call.body) if "json" in kind else dict(call.fields)
        for name, value in given.items():
            if name in _ANYWHERE and name not in declared:
                continue
            if name not in declared:
                yield f"there is no parameter {name}"
            elif not _fits(declared[name]["type"], value):
                yield f"{name}: {value!r:.60} is no {declared[name]['type']}"
        yield from (
            f"the parameter {name} is missing"
            for name, one in declared.items()
            if one.get("required") and name not in given
        )

    def _fields(self, api: Node, call: Call) -> Iterator[str]:
        try:
            asked = fields_of(call.param("fields"))
        except Refused as refused:
            yield f"fields cannot be read: {refused.reply.body!r}"
            return
        yield from self._known(api["return"], asked)

    def _known(self, kind: str, asked: Sequence[Asked]) -> Iterator[str]:
        fields, edges = self._members(kind)
        if fields is None:
            return
        for one in asked:
            if one.name not in fields and one.name not in edges:
                yield f"{kind} has no field {one.name}"
            yield from self._known(edges.get(one.name) or fields.get(one.name, ""), one.inner)

    def _members(self, kind: str) -> tuple[Mapping[str, str] | None, Mapping[str, str]]:
        """Fields and edges of a node by name, with their types; None where its list is not here."""
        node = self._node(kind)
        if node is None:
            return None, {}
        fields = {one["name"]: one["type"] for one in node["fields"]}
        return fields, {
            one["endpoint"]: one["return"] for one in node["apis"] if one["method"] == "GET" and one.get("endpoint")
        }

    # Replies

    def _listed(self, kind: str, told: Any, place: str) -> Iterator[str]:
        if not isinstance(told, dict) or not isinstance(told.get("data"), list):
            yield f"{place}: no list in data"
            return
        yield from (f"{place}.{name} beside the list" for name in told.keys() - {"data", "paging", "summary"})
        for number, one in enumerate(told["data"]):
            yield from self._of(kind, one, f"{place}.data[{number}]")

    def _of(self, kind: str, told: Any, place: str) -> Iterator[str]:
        fields, edges = self._members(kind)
        if fields is None:
            return
        if not isinstance(told, dict):
            yield f"{place}: {told!r:.60} is no {kind}"
            return
        for name, value in told.items():
            if name in edges and name not in fields:
                yield from self._listed(edges[name], value, f"{place}.{name}")
            elif name not in fields and name != "id":
                yield f"{place}.{name}, which {kind} does not have"
            elif not _fits(fields.get(name, "string"), value):
                yield f"{place}.{name}: {value!r:.60} is no {fields[name]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHost:
    """Products that answer at several hosts, each with lists of its own."""

    documents: Mapping[str, Graph]

    def request_complaints(self, call: Call) -> list[str]:
        return self.documents[call.host].request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return self.documents[call.host].reply_complaints(call, reply)


@cache
def _listing(folder: str, kind: str) -> Node | None:
    if not (shared_folder() / "specs" / folder / f"{kind}.json").is_file():
        return None
    found: Node = json.loads(spec(folder, f"{kind}.json"))
    return found


def _fits(kind: str, value: Any) -> bool:
    """Whether a value may be of a type. Types that are nodes, maps or enumerations may be anything."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if kind in ("int", "unsigned int"):
        return (isinstance(value, int) and number) or (isinstance(value, str) and value.lstrip("-").isdigit())
    if kind == "float":
        return number
    if kind == "bool":
        return isinstance(value, bool) or value in ("true", "false", "0", "1")
    if kind == "datetime":
        return _is_moment(value)
    if kind.startswith("list"):
        return isinstance(value, list | str)
    return True


def _is_moment(value: Any) -> bool:
    if isinstance(value, int) or str(value).isdigit():
        return True
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _error(told: Any) -> Iterator[str]:
    """https://developers.facebook.com/docs/graph-api/guides/error-handling"""
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        yield "no error"
        return
    for name, kind in (("message", str), ("type", str), ("code", int), ("fbtrace_id", str)):
        if not isinstance(error.get(name), kind):
            yield f"error.{name} is no {kind.__name__}"
