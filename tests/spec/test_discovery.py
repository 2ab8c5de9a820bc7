"""The judge of Google's Discovery documents notices what is wrong, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.platform import Call, Reply
from tests.spec.discovery import Discovery

THING = {
    "id": "Thing",
    "type": "object",
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "size": {"type": "string", "format": "int64"},
        "made": {"type": "string", "format": "date-time"},
        "state": {"type": "string", "enum": ["ON", "OFF"]},
        "owner": {"type": "object", "properties": {"name": {"type": "string"}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
LIST = {"id": "List", "type": "object", "properties": {"things": {"type": "array", "items": {"$ref": "Thing"}}}}
JUDGE = Discovery(
    {
        "rootUrl": "https://api.example/",
        "servicePath": "v1/",
        "parameters": {"fields": {"type": "string", "location": "query"}},
        "schemas": {"Thing": THING, "List": LIST},
        "resources": {
            "things": {
                "methods": {
                    "list": {
                        "id": "things.list",
                        "path": "things",
                        "httpMethod": "GET",
                        "parameters": {
                            "size": {"type": "integer", "location": "query", "minimum": "1", "maximum": "10"},
                            "order": {"type": "string", "location": "query", "required": True, "enum": ["up", "down"]},
                            "all": {"type": "boolean", "location": "query"},
                            "part": {"type": "string", "location": "query", "repeated": True},
                        },
                        "response": {"$ref": "List"},
                    },
                    "create": {
                        "id": "things.create",
                        "path": "{+parent}/things",
                        "flatPath": "homes/{home}/things",
                        "httpMethod": "POST",
                        "request": {"$ref": "Thing"},
                        "response": {"$ref": "Thing"},
                    },
                    "shut": {"id": "things.shut", "path": "things/{id}:shut", "httpMethod": "POST"},
                }
            }
        },
    }
)


def call(method: str, path: str, body: Any = None, **params: str) -> Call:
    return Call(
        method=method,
        host="api.example",
        path=f"/v1/{path}",
        params=tuple(params.items()),
        headers={"content-type": "application/json"},
        body=b"" if body is None else json.dumps(body).encode(),
    )


def reply(body: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    "asked",
    [
        call("GET", "things", order="up", size="10", all="true", fields="things(id,owner/name,labels)"),
        call("GET", "things", order="up", fields="*"),
        call("POST", "homes/1/things", {"size": "7", "labels": {"any": "x"}, "made": "2026-01-31T10:00:00.123Z"}),
        call("POST", "things/1:shut"),
    ],
)
def test_what_is_declared_passes(asked: Call) -> None:
    assert JUDGE.request_complaints(asked) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (call("GET", "nothing"), "there is no GET /v1/nothing"),
        (call("POST", "things/1:open"), "there is no POST"),
        (call("GET", "things"), "the parameter order is missing"),
        (call("GET", "things", order="sideways"), "none of up, down"),
        (call("GET", "things", order="up", size="11"), "above 10"),
        (call("GET", "things", order="up", size="many"), "no integer"),
        (call("GET", "things", order="up", all="1"), "neither true nor false"),
        (call("GET", "things", order="up", deep="1"), "no parameter deep"),
        (call("GET", "things", order="up", fields="things(id,age)"), "there is no age"),
        (call("GET", "things", order="up", fields="things/owner/age"), "there is no things/owner/age"),
        (call("POST", "homes/1/things", {"id": "1"}), "can only be read"),
        (call("POST", "homes/1/things", {"size": 7}), "is no string"),
        (call("POST", "homes/1/things", {"size": "big"}), "is no int64"),
        (call("POST", "homes/1/things", {"owner": {"age": 7}}), "no such member"),
        (call("POST", "things/1:shut", {}), "not declared"),
    ],
)
def test_what_is_not_declared_is_noticed(asked: Call, said: str) -> None:
    assert [one for one in JUDGE.request_complaints(asked) if said in one]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply({"things": [{"state": "MAYBE"}]}), "none of ON, OFF"),
        (reply({"things": [{"made": "2026-01-31 10:00"}]}), "is no date-time"),
        (reply({"things": [{"id": None}]}), "is no string"),
        (reply({"things": {}}), "is no array"),
        (reply({"next": "x"}), "no such member"),
        (reply({"error": {"code": 500, "message": "x"}}, 403), "the code is 500"),
        (reply({"oops": 1}, 500), "no error of Google's"),
        (reply({"error": {"code": 403, "message": "x", "errors": [{"reason": "y"}]}}, 403), "no domain"),
    ],
)
def test_a_reply_that_is_wrong_is_noticed(answer: Reply, said: str) -> None:
    asked = call("GET", "things", order="up")
    assert [one for one in JUDGE.reply_complaints(asked, answer) if said in one]
    assert JUDGE.reply_complaints(asked, reply({"things": [{"id": "1", "state": "ON", "labels": {"a": "b"}}]})) == []
