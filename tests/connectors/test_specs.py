"""What the connectors ask, against the vendors' own specifications: paths, parameters, values, scopes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from connectors import openai, x
from connectors.dropbox import streams as dropbox
from connectors.x.streams import ACCOUNT, DIRECT_MESSAGES, FOLLOWERS, MENTIONS, POSTS, REPLIES
from core.http import Request
from core.model import Context
from tests.connectors.replies import NOW
from tests.shared import needs_shared, spec

CONTEXT = Context(now=NOW, settings={"user_id": "1"})
pytestmark = needs_shared


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of an OpenAPI document, with its own reference followed."""
    target: Any = document
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return dict(target)


def parameters(document: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """The schemas of the parameters of a GET, by name."""
    found = [resolved(document, one) for one in document["paths"][path]["get"]["parameters"]]
    return {one["name"]: resolved(document, one["schema"]) for one in found}


def check(document: dict[str, Any], path: str, request: Request) -> None:
    known = parameters(document, path)
    for name, value in request.params.items():
        schema = known[name.removesuffix("[]")]
        if schema.get("type") == "array":
            asked = value if isinstance(value, list) else str(value).split(",")
            allowed = resolved(document, schema["items"]).get("enum")
            assert allowed is None or set(asked) <= set(allowed), f"{name} of {path}"
        elif schema.get("type") == "integer":
            assert isinstance(value, int)
            assert schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{name} of {path}"
        elif "enum" in schema:
            assert value in schema["enum"], f"{name} of {path}"


X_CALLS = [
    ("/2/users/me", ACCOUNT.request({}, CONTEXT)),
    ("/2/users/by/username/{username}", x.CONNECTOR.probe("app_bearer", {"username": "ada"})),
    ("/2/users/{id}/tweets", POSTS.request({"since": "1", "page": "0123456789abcdef"}, CONTEXT)),
    ("/2/users/{id}/mentions", MENTIONS.request({"since": "1", "page": "0123456789abcdef"}, CONTEXT)),
    ("/2/users/{id}/followers", FOLLOWERS.request({"page": "0123456789abcdef"}, CONTEXT)),
    ("/2/tweets/search/recent", REPLIES.request({"since": "1", "page": "0123456789abcdef"}, CONTEXT)),
    ("/2/dm_events", DIRECT_MESSAGES.request({"page": "0123456789abcdef"}, CONTEXT)),
]


@pytest.mark.parametrize(("path", "request_"), X_CALLS, ids=lambda value: value if isinstance(value, str) else "")
def test_calls_of_x_are_those_of_its_specification(path: str, request_: Request) -> None:
    assert request_.path.replace("{user_id}", "{id}") == path
    check(json.loads(spec("x", "x-api-v2-openapi-2.159.json")), path, request_)


@pytest.mark.parametrize("stream", [POSTS, MENTIONS, REPLIES, DIRECT_MESSAGES], ids=lambda stream: stream.name)
def test_renamed_parameters_of_x_are_those_of_its_newer_specification(stream: Any) -> None:
    document = json.loads(spec("x", "x-api-v2-openapi-2.167.json"))
    renamed = Context(now=NOW, settings={"user_id": "1", "fields_parameter": "post.fields"})
    request = stream.request({}, renamed)
    check(document, request.path.replace("{user_id}", "{id}"), request)


def test_scopes_of_x_are_those_of_its_specification() -> None:
    document = json.loads(spec("x", "x-api-v2-openapi-2.159.json"))
    for stream in x.CONNECTOR.streams:
        path = stream.request({}, CONTEXT).path.replace("{user_id}", "{id}")
        security = document["paths"][path]["get"]["security"]
        (wanted,) = [one["OAuth2UserToken"] for one in security if "OAuth2UserToken" in one]
        assert set(stream.scopes) == set(wanted), stream.name


def test_columns_of_x_are_fields_of_either_specification() -> None:
    old = json.loads(spec("x", "x-api-v2-openapi-2.159.json"))["components"]["schemas"]
    new = json.loads(spec("x", "x-api-v2-openapi-2.167.json"))["components"]["schemas"]
    users = {*old["User"]["properties"], *new["User"]["properties"]}
    posts = {*old["Tweet"]["properties"], *new["Post"]["properties"]}
    metrics = {
        *old["Tweet"]["properties"]["public_metrics"]["properties"],
        *old["User"]["properties"]["public_metrics"]["properties"],
        *new["PostPublicMetrics"]["properties"],
        *new["UserPublicMetrics"]["properties"],
    }
    inside = {*metrics, *old["Tweet"]["properties"]["attachments"]["properties"], "text"}
    for stream, fields in ((ACCOUNT, users), (FOLLOWERS, users), (POSTS, posts), (MENTIONS, posts)):
        for column in stream.columns:
            first, _, second = column.source.partition("/")
            if stream.write is None or column.name not in stream.write.writable:
                assert first in fields, column.name
                assert not second or second in inside, column.name


DROPBOX_CALLS = [
    (dropbox.ENTRIES, "files", {}),
    (dropbox.ENTRIES, "files", {"cursor": "c"}),
    (dropbox.REVISIONS, "files", {}),
    (dropbox.SPACE_USAGE, "users", {}),
]


@pytest.mark.parametrize(("stream", "namespace", "state"), DROPBOX_CALLS)
def test_routes_and_scopes_of_dropbox_are_those_of_its_specification(stream: Any, namespace: str, state: Any) -> None:
    request = stream.request(state, CONTEXT)
    route = request.path.removeprefix(f"/2/{namespace}/")
    found = re.search(
        rf"^route {re.escape(route)} \((\w+),.*?(?=^route |\Z)", spec("dropbox", f"{namespace}.stone"), re.M | re.S
    )
    assert found is not None
    assert f'scope = "{stream.scopes[0]}"' in found[0]
    assert (found[1] == "Void") == (request.json is None)


def test_arguments_of_the_listing_are_those_of_the_specification() -> None:
    text = spec("dropbox", "files.stone")
    start = text.index("struct ListFolderArg\n")
    struct = text[start : text.index("\n    example", start)]
    known = set(re.findall(r"^    (\w+) [\w.]+", struct, re.M))
    body = dropbox.ENTRIES.request({}, CONTEXT).json
    assert isinstance(body, dict)
    assert set(body) <= known


@pytest.mark.slow
def test_calls_and_columns_of_openai_are_those_of_its_specification() -> None:
    document = yaml.load(spec("openai", "openapi.yaml"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for stream in openai.CONNECTOR.streams:
        request = stream.request({}, CONTEXT)
        path = request.path.removeprefix("/v1")
        if request.params:
            check(document, path, request)
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        item = resolved(document, resolved(document, content)["properties"]["data"]["items"])
        fields = set(item["properties"])
        if "results" in fields:
            results = item["properties"]["results"]["items"]
            kinds = [resolved(document, kind) for kind in results.get("oneOf") or results["anyOf"]]
            fields |= {"group_key", *(name for kind in kinds for name in kind["properties"])}
        asked = {column.source.partition("/")[0] for column in stream.columns}
        assert asked <= fields, f"{stream.name}: {asked - fields}"
