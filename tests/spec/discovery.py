"""Google's Discovery documents as a judge of requests and replies.

https://developers.google.com/discovery/v1/reference/apis. A document tells paths, parameters and bodies, nothing of
errors: those are held against the shape that all of Google's interfaces share. Complaints are sentences, none where
all is well. A member that no schema names is a complaint, in requests and replies alike, and so is one in a `fields`
mask.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sandbox.platform import Call, Reply
from tests.shared import spec

Schema = Mapping[str, Any]
_EXPRESSION = re.compile(r"\\\{(\\\+)?\w+\\\}")  # {name} and {+name} of RFC 6570, escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of a document; `template` is its path with the document's base."""

    told: Schema
    template: str
    pattern: re.Pattern[str]

    def __str__(self) -> str:
        return str(self.told["id"])


class Discovery:
    """One document. `hosts` answer beside its own."""

    def __init__(self, document: Schema, hosts: Sequence[str] = ()) -> None:
        self._schemas: Schema = document["schemas"]
        self._shared: Schema = document.get("parameters", {})
        self.hosts = (re.sub(r"^https://|/$", "", document["rootUrl"]), *hosts)
        self.methods = [made for told in _methods(document) for made in _paths(told, f"/{document['servicePath']}")]

    def method_for(self, method: str, path: str) -> Method | None:
        """The method that serves this path, a plain one before a templated; None where there is none."""
        fitting = [one for one in self.methods if one.told["httpMethod"] == method and one.pattern.fullmatch(path)]
        return min(fitting, key=lambda one: one.template.count("{"), default=None)

    # As a judge (tests/spec/judging.py)

    def request_complaints(self, call: Call) -> list[str]:
        method = self.method_for(call.method, call.path)
        if method is None:
            return [f"there is no {call.method} {call.path}"]
        return [f"{method}: {one}" for one in (*self._params(method, call), *self._body(method, call))]

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        method = self.method_for(call.method, call.path)
        if method is None:
            return [f"there is no {call.method} {call.path}"]
        if reply.status >= 400:
            return [f"{method} {reply.status}: {one}" for one in _error(reply)]
        schema = method.told.get("response")
        if schema is None:
            return [] if not reply.body else [f"{method} declares no body, and there is one"]
        return [f"{method} replies {one}" for one in self.complaints(schema, json.loads(reply.body))]

    def _params(self, method: Method, call: Call) -> Iterator[str]:
        own = {name: one for name, one in method.told.get("parameters", {}).items() if one["location"] == "query"}
        seen: set[str] = set()
        for name, text in call.params:
            declared = own.get(name) or self._shared.get(name)
            if declared is None:
                yield f"there is no parameter {name}"
                continue
            if name in seen and not declared.get("repeated"):
                yield f"{name} is given twice"
            seen.add(name)
            yield from (f"{name}: {one}" for one in _parameter(declared, text))
            if name == "fields" and "response" in method.told:
                yield from self._mask(method.told["response"], text)
        yield from (f"the parameter {n} is missing" for n, one in own.items() if one.get("required") and n not in seen)

    def _body(self, method: Method, call: Call) -> Iterator[str]:
        schema = method.told.get("request")
        if not call.body:
            return
        if schema is None:
            yield "a body that is not declared"
        elif call.headers.get("content-type", "").partition(";")[0] == "application/json":
            yield from (f"asks {one}" for one in self.complaints(schema, json.loads(call.body), asked=True))
        elif not method.told.get("supportsMediaUpload"):
            yield "the body is no JSON"

    # Schemas

    def complaints(self, schema: Schema, value: Any, *, asked: bool = False) -> list[str]:
        """Where a value does not fit a schema; `asked`: it is sent, so what is read-only may not be there."""
        return list(self._complaints(schema, value, "$", asked))

    def _complaints(self, schema: Schema, value: Any, place: str, asked: bool) -> Iterator[str]:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        kind = schema.get("type", "object")
        if not _is(kind, value):
            yield f"{place}: {value!r:.60} is no {kind}"
            return
        if isinstance(value, str):
            yield from (f"{place}: {one}" for one in _text(schema, value))
        elif isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._complaints(schema["items"], one, f"{place}[{number}]", asked)
        elif isinstance(value, dict) and kind != "any":
            named, other = schema.get("properties", {}), schema.get("additionalProperties")
            for name, one in value.items():
                inner = named.get(name, other)
                if inner is None:
                    yield f"{place}.{name}: there is no such member"
                elif asked and inner.get("readOnly"):
                    yield f"{place}.{name}: it can only be read"
                else:
                    yield from self._complaints(inner, one, f"{place}.{name}", asked)

    def _mask(self, schema: Schema, mask: str) -> Iterator[str]:
        """A partial response mask: `a,b/c,d(e,f)`, with `*` for everything at a place."""
        for path, inner in _split_mask(mask):
            found: Schema | None = schema
            for step in path.split("/"):
                found = self._member(found, step) if found is not None else None
            if found is None:
                yield f"fields: there is no {path}"
            elif inner:
                yield from self._mask(found, inner)

    def _member(self, schema: Schema, step: str) -> Schema | None:
        while "$ref" in schema or schema.get("type") == "array":
            schema = self._schemas[schema["$ref"]] if "$ref" in schema else schema["items"]
        found: Schema | None = schema if step == "*" else schema.get("properties", {}).get(step)
        return found if found is not None else schema.get("additionalProperties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Several documents of one platform, as a judge has them: that of the host whose paths fit decides.

    They are `names` below the platform's folder, read when they are first asked; a test skips where they are absent.
    `hosts` answer beside their own.
    """

    platform: str
    names: tuple[str, ...]
    hosts: tuple[str, ...] = ()

    def request_complaints(self, call: Call) -> list[str]:
        return self._of(call).request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return self._of(call).reply_complaints(call, reply)

    def _of(self, call: Call) -> Discovery:
        found = [_document(self.platform, name, self.hosts) for name in self.names]
        at_host = [one for one in found if call.host in one.hosts] or found
        return next((one for one in at_host if one.method_for(call.method, call.path)), at_host[0])


@cache
def _document(platform: str, name: str, hosts: tuple[str, ...]) -> Discovery:
    return Discovery(json.loads(spec(platform, name)), hosts)


def _methods(part: Schema) -> Iterator[Schema]:
    yield from part.get("methods", {}).values()
    for resource in part.get("resources", {}).values():
        yield from _methods(resource)


def _paths(told: Schema, base: str) -> Iterator[Method]:
    """The method at its path, and where media is uploaded."""
    uploads = told.get("mediaUpload", {}).get("protocols", {}).values()
    for template in (base + told.get("flatPath", told["path"]), *(one["path"] for one in uploads)):
        text = _EXPRESSION.sub(lambda found: ".+" if found[1] else "[^/:]+", re.escape(template))
        yield Method(told=told, template=template, pattern=re.compile(text))


def _split_mask(mask: str) -> Iterator[tuple[str, str]]:
    """Each path of a mask, with the mask of what is below it."""
    depth, begin, inner = 0, 0, 0
    for place, letter in enumerate(f"{mask},"):
        if letter == "," and depth == 0:
            end = inner or place
            yield mask[begin:end].strip(), mask[inner + 1 : place - 1] if inner else ""
            begin, inner = place + 1, 0
        elif letter == "(":
            inner = inner if depth else place
            depth += 1
        elif letter == ")":
            depth -= 1


def _is(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    if kind in ("integer", "number"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and (whole if kind == "integer" else isinstance(value, int | float))
    return isinstance(value, {"string": str, "boolean": bool, "array": list, "object": dict}[kind])


def _moment(text: str) -> bool:
    # RFC 3339 wants the zone, and fractions of any length.
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return False
    return _reads(lambda: datetime.fromisoformat(re.sub(r"\.\d+", "", text)))


def _reads(read: Callable[[], Any]) -> bool:
    try:
        read()
    except (ValueError, binascii.Error):
        return False
    return True


_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "int64": lambda text: re.fullmatch(r"-?\d+", text) is not None and -(2**63) <= int(text) < 2**63,
    "uint64": lambda text: re.fullmatch(r"\d+", text) is not None and int(text) < 2**64,
    "date-time": _moment,
    "google-datetime": _moment,
    "google-duration": lambda text: re.fullmatch(r"-?\d+(\.\d{1,9})?s", text) is not None,
    "google-fieldmask": lambda text: re.fullmatch(r"[\w.,]+", text) is not None,
    "date": lambda text: _reads(lambda: date.fromisoformat(text)),
    "byte": lambda text: _reads(lambda: base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)),
}


def _text(schema: Schema, text: str) -> Iterator[str]:
    fits = _FORMATS.get(schema.get("format", ""))
    if fits is not None and not fits(text):
        yield f"{text!r:.60} is no {schema['format']}"
    if "enum" in schema and text not in schema["enum"]:
        yield f"{text!r:.60} is none of {', '.join(schema['enum'])}"
    if "pattern" in schema and not re.search(schema["pattern"], text):
        yield f"{text!r:.60} does not match {schema['pattern']}"


def _parameter(declared: Schema, text: str) -> Iterator[str]:
    kind = declared["type"]
    if kind in ("integer", "number"):
        if not re.fullmatch(r"-?\d+" if kind == "integer" else r"-?\d+(\.\d+)?", text):
            yield f"{text!r} is no {kind}"
            return
        if "minimum" in declared and float(text) < float(declared["minimum"]):
            yield f"{text} is below {declared['minimum']}"
        if "maximum" in declared and float(text) > float(declared["maximum"]):
            yield f"{text} is above {declared['maximum']}"
    elif kind == "boolean":
        if text not in ("true", "false"):
            yield f"{text!r} is neither true nor false"
    else:
        yield from _text(declared, text)


def _error(reply: Reply) -> Iterator[str]:
    """https://cloud.google.com/apis/design/errors: the code is the status, beside a message."""
    try:
        error = json.loads(reply.body)["error"]
    except (ValueError, KeyError, TypeError):
        yield "the body is no error of Google's"
        return
    if error.get("code") != reply.status:
        yield f"the code is {error.get('code')!r}"
    if not isinstance(error.get("message"), str):
        yield "it has no message"
    unknown = error.keys() - {"code", "message", "errors", "status", "details"}
    yield from (f"there is no member {name} in errors" for name in sorted(unknown))
    for one in error.get("errors", []):
        lacking = {"reason", "domain", "message"} - one.keys()
        yield from (f"an error has no {name}" for name in sorted(lacking))
