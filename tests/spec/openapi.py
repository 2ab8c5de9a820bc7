"""An OpenAPI document as a judge of requests and replies.

Complaints are sentences, none where all is well. OpenAPI 3.0 and 3.1 differ from JSON Schema in `nullable` and in a
boolean `exclusiveMinimum`; both are translated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from sandbox.platform import Call, Reply
from tests.shared import spec

Schema = Mapping[str, Any]
Params = Iterable[tuple[str, str]]
_REF = "#/components/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path; `template` has its arguments in braces."""

    method: str
    template: str
    told: Schema

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class OpenApi:
    """`part(kind, name)` gives a component or a path; `base` comes before every path of the document."""

    def __init__(self, paths: Sequence[str], part: Callable[[str, str], Any], *, base: str = "") -> None:
        self.base = base
        self._part = part
        self.paths = list(paths)
        self._patterns = [(path, re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)))) for path in paths]
        self._validators: dict[str, Draft202012Validator] = {}

    def operation_for(self, method: str, path: str) -> Operation | None:
        """The operation that serves this path (a plain one before a templated); None where there is none."""
        inner = path.removeprefix(self.base)
        fitting = [template for template, pattern in self._patterns if pattern.fullmatch(inner)]
        for template in sorted(fitting, key=lambda one: one.count("{")):
            told = self._part("paths", template).get(method.lower())
            if told is not None:
                return Operation(method=method, template=template, told=told)
        return None

    # As a judge (tests/spec/judging.py)

    def request_complaints(self, call: Call) -> list[str]:
        return self.check_request(call.method, call.path, call.params, call.body, call.headers.get("content-type", ""))

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        operation = self.operation_for(call.method, call.path)
        if operation is None:
            return [f"there is no {call.method} {call.path}"]
        found = self.check_reply(operation, reply.status, reply.headers, reply.body)
        if 200 <= reply.status < 300 and reply.body and not found:
            found += [f"{operation} tells {name}" for name in self.unknown(operation, reply.status, reply.body)]
        return found

    # Replies

    def check_reply(self, operation: Operation, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """What this reply does that the operation does not declare."""
        declared = operation.told["responses"]
        found = declared.get(str(status)) or declared.get("default")
        if found is None:
            return [f"{operation} declares no {status}"]
        content = self._follow(found).get("content")
        if not content:
            return [] if not body else [f"{operation} declares no body for {status}"]
        kind = headers.get("content-type", "").partition(";")[0]
        if kind not in content:
            return [f"{operation} declares {', '.join(content)} for {status}, not {kind}"]
        return [f"{operation} {status}: {one}" for one in self.complaints(content[kind]["schema"], json.loads(body))]

    def unknown(self, operation: Operation, status: int, body: bytes) -> set[str]:
        """The members of a reply, as paths, that its schema does not name. Additional ones are allowed, but telling."""
        content = self._follow(operation.told["responses"][str(status)])["content"]
        schema = next(iter(content.values()))["schema"]
        return set(self._unknown([schema], json.loads(body), ""))

    # Requests

    def check_request(self, method: str, path: str, params: Params, body: bytes = b"", kind: str = "") -> list[str]:
        """What this request asks that the document does not declare. `kind` is the content type of the body."""
        operation = self.operation_for(method, path)
        if operation is None:
            return [f"there is no {method} {path}"]
        return [
            f"{operation}: {one}"
            for one in (*self._params(operation, list(params)), *self._body(operation, body, kind.partition(";")[0]))
        ]

    def _params(self, operation: Operation, given: list[tuple[str, str]]) -> Iterator[str]:
        own, shared = (
            operation.told.get("parameters", []),
            self._part("paths", operation.template).get("parameters", []),
        )
        declared = {one["name"]: one for one in map(self._follow, [*shared, *own]) if one["in"] == "query"}
        asked: dict[str, Any] = {}
        for name, value in given:
            plain, _, inner = name.partition("[")
            parameter = declared.get(plain)
            if parameter is None:
                yield f"there is no parameter {name}"
                continue
            schema = self._follow(parameter["schema"])
            if schema.get("type") == "array":
                values = value.split(",") if parameter.get("explode") is False else [value]
                asked.setdefault(plain, []).extend(_typed(self._follow(schema["items"]), one) for one in values)
            elif schema.get("type") == "object":
                asked.setdefault(plain, {})[inner.rstrip("]")] = value
            else:
                asked[plain] = _typed(schema, value)
        for name, parameter in declared.items():
            if name in asked:
                yield from (f"{name}: {one}" for one in self.complaints(parameter["schema"], asked[name]))
            elif parameter.get("required"):
                yield f"the parameter {name} is missing"

    def _body(self, operation: Operation, body: bytes, kind: str) -> Iterator[str]:
        declared = self._follow(operation.told.get("requestBody", {})).get("content", {})
        if not body:
            if operation.told.get("requestBody", {}).get("required"):
                yield "the body is missing"
        elif kind not in declared:
            yield f"the body is {kind}, declared are {', '.join(declared) or 'none'}"
        elif kind == "application/json":
            yield from self.complaints(declared[kind]["schema"], json.loads(body))

    # Schemas

    def complaints(self, schema: Schema, value: Any) -> list[str]:
        """Where a value does not fit a schema."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(self._closed(schema))
        errors = self._validators[key].iter_errors(value)
        return [f"{error.json_path}: {error.message[:300]}" for error in errors]

    def _closed(self, schema: Schema) -> dict[str, Any]:
        """The schema with every component that it leads to beside it."""
        beside: dict[str, dict[str, Any]] = {}
        waiting = list(_references(schema))
        while waiting:
            kind, name = waiting.pop().removeprefix(_REF).split("/", 1)
            if name not in beside.setdefault(kind, {}):
                part = self._part(kind, name)
                beside[kind][name] = _translated(part)
                waiting += _references(part)
        return {**_translated(schema), "components": beside}

    def _follow(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            part = self._part(*part["$ref"].removeprefix(_REF).split("/", 1))
        return part

    def _unknown(self, schemas: Sequence[Schema], value: Any, path: str) -> Iterator[str]:
        meant = list(self._alternatives(schemas))
        if isinstance(value, list):
            items = [schema["items"] for schema in meant if "items" in schema]
            for one in value if items else []:
                yield from self._unknown(items, one, f"{path}[]")
        elif isinstance(value, dict):
            named = [schema["properties"] for schema in meant if schema.get("properties")]
            for name, one in value.items() if named else []:
                inner = [properties[name] for properties in named if name in properties]
                if inner:
                    yield from self._unknown(inner, one, f"{path}.{name}")
                else:
                    yield f"{path}.{name}".lstrip(".")

    def _alternatives(self, schemas: Sequence[Schema]) -> Iterator[Schema]:
        for schema in map(self._follow, schemas):
            yield schema
            for joint in ("allOf", "anyOf", "oneOf"):
                yield from self._alternatives(schema.get(joint, []))


def _typed(schema: Schema, text: str) -> Any:
    """A parameter as the value that its text stands for; the text where it stands for none."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if schema.get("type") == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference
        part = part.values()
    if not isinstance(part, str) and isinstance(part, Iterable):
        for one in part:
            yield from _references(one)


def _translated(part: Any) -> Any:
    """OpenAPI's own keywords as JSON Schema has them."""
    if isinstance(part, list):
        return [_translated(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    made = {
        name: _translated(one) for name, one in part.items() if name not in ("example", "examples", "discriminator")
    }
    if made.get("exclusiveMinimum") is True:
        made["exclusiveMinimum"] = made.pop("minimum")
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


# Where documents come from


@cache
def x(version: str) -> OpenApi:
    """The document of X of this version ("2.159")."""
    document = json.loads(spec("x", f"x-api-v2-openapi-{version}.json"))

    def part(kind: str, name: str) -> Any:
        return document["paths"][name] if kind == "paths" else document["components"][kind][name]

    return OpenApi(list(document["paths"]), part)


@cache
def openai() -> OpenApi:
    """The document of OpenAI. It has three megabytes: only the blocks that are asked for are parsed."""
    blocks = _Blocks(spec("openai", "openapi.yaml"))
    return OpenApi(blocks.paths, blocks.part, base="/v1")


def document_of(text: str, *, base: str = "") -> OpenApi:
    """A document in YAML, or in JSON, which is YAML as well."""
    document = yaml.load(text, yaml.CSafeLoader)

    def part(kind: str, name: str) -> Any:
        return document["paths"][name] if kind == "paths" else document["components"][kind][name]

    return OpenApi(list(document["paths"]), part, base=base)


class _Blocks:
    """A YAML document of OpenAPI in its usual indentation, parsed block by block."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed: dict[tuple[str, str], Any] = {}

    @cached_property
    def paths(self) -> list[str]:
        return [name for kind, name in self._places if kind == "paths"]

    def part(self, kind: str, name: str) -> Any:
        if (kind, name) not in self._parsed:
            begin, end = self._places[kind, name]
            (self._parsed[kind, name],) = yaml.load(self._text[begin:end], yaml.CSafeLoader).values()
        return self._parsed[kind, name]

    @cached_property
    def _places(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Begin and end of every path and component in the text."""
        places: dict[tuple[str, str], tuple[int, int]] = {}
        section, group, last = "", "", None
        for line in re.finditer(r"^( {0,4})(['\"]?[^\s#'\"][^\n]*?):[ ]*$", self._text, re.M):
            depth, name = len(line[1]), line[2].strip("'\"")
            inner = depth == (2 if section == "paths" else 4)
            begins = depth == 0 or (depth == 2 and section == "components") or inner
            if begins and last is not None:
                places[last] = (places[last][0], line.start())
                last = None
            if depth == 0:
                section, group = name, ""
            elif depth == 2 and section == "components":
                group = name
            elif inner and section in ("paths", "components"):
                last = ("paths" if section == "paths" else group, name)
                places[last] = (line.start(), len(self._text))
        return places
