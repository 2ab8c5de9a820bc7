"""Custom AI models: addresses as people type them, lists and errors of any shape, what only some servers have."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml

from connectors.custom_ai import CONNECTOR
from connectors.custom_ai.streams import SLOTS, SPEND
from connectors.sdk.auth import ApiKey
from connectors.sdk.client import Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.verdicts import platform_message
from core.classify import ABSENT, Disposition, classify
from core.errors import BadReply, CredentialMalformed, CredentialRejected, PlatformError, RequestRefused
from core.http import Request
from core.model import Context
from tasks.connecting import from_fields, prove
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.custom_ai import TOLD, ollama
from tests.shared import needs_shared, shared_folder
from tests.spec.test_connector_requests import Listening

METHOD = CONNECTOR.auth[0]
assert isinstance(METHOD, ApiKey)
FIELDS = {field.name: field for field in METHOD.fields}
AT_SERVER = Context(now=NOW, settings=TOLD.settings)
MODELS = CONNECTOR.stream("models")


# The address


@pytest.mark.parametrize(
    ("given", "origin", "host", "paths"),
    [
        ("https://models.example/v1", "https://models.example", "models.example", ["/v1", ""]),
        ("https://models.example/v1/", "https://models.example", "models.example", ["/v1", ""]),
        ("https://models.example", "https://models.example", "models.example", ["/v1", ""]),
        ("https://Models.example:443/", "https://models.example", "models.example", ["/v1", ""]),
        ("https://models.example:8443/v1", "https://models.example:8443", "models.example:8443", ["/v1", ""]),
        ("http://localhost:11434", "http://localhost:11434", "localhost:11434", ["/v1", ""]),
        ("http://127.0.0.1:80/v1", "http://127.0.0.1", "127.0.0.1", ["/v1", ""]),
        ("http://[::1]:8080/v1", "http://[::1]:8080", "::1:8080", ["/v1", ""]),
        ("https://openrouter.example/api/v1", "https://openrouter.example", "openrouter.example", ["/api/v1", "/api"]),
        ("https://ai.example/v1beta/openai", "https://ai.example", "ai.example",
         ["/v1beta/openai/v1", "/v1beta/openai"]),
        ("https://models.example/v1/chat/completions", "https://models.example", "models.example", ["/v1", ""]),
        ("https://models.example/v1/models", "https://models.example", "models.example", ["/v1", ""]),
    ],
)  # fmt: skip
def test_an_address_may_be_typed_in_many_ways(given: str, origin: str, host: str, paths: list[str]) -> None:
    learnt = METHOD.learn({"base_url": FIELDS["base_url"].check(f"  {given} ")})
    assert (learnt["origin"], learnt["host"]) == (origin, host)
    assert [guess["api"] for guess in CONNECTOR.guesses(learnt)] == paths
    assert CONNECTOR.allows(host, learnt)
    assert str(learnt["account"])


@pytest.mark.parametrize(
    "given",
    [
        "models.example/v1",
        "ftp://models.example",
        "https://user:secret@models.example/v1",
        "https://models.example/v1?key=secret",
        "https://models.example/v1#x",
        "https://models.example/../v1",
        "https://models.example/{dc}/v1",
        "https://models.example\\@evil.example",
        "https://models.example/v1\nHost: evil.example",
        "https://ｍodels.example/v1",
        "https://models.example:0/v1",
        "https:///v1",
        "https://.example",
        "http://",
        "",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(given: str) -> None:
    with pytest.raises(CredentialMalformed) as refused:
        METHOD.learn({"base_url": FIELDS["base_url"].check(given)})
    assert "secret" not in str(refused.value) + refused.value.advice


@pytest.mark.parametrize("given", ["https://models.example:99999/v1", "http://[1:2]:8080/v1", "http://[::1.2]"])
def test_what_only_looks_like_an_address_is_refused_too(given: str) -> None:
    with pytest.raises(CredentialMalformed):
        METHOD.learn({"base_url": FIELDS["base_url"].check(given)})


class Server(httpx.BaseTransport):
    """Has a list of models at one path, and answers whatever else as it is told."""

    def __init__(self, path: str, elsewhere: httpx.Response | None = None, token: str = "") -> None:
        self.path, self.token, self.asked = path, token, [""]
        self.elsewhere = elsewhere or httpx.Response(404, json={"detail": "Not Found"})

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return httpx.Response(401, json={"error": "Unauthorized"})
        if request.url.path == self.path:
            return httpx.Response(200, json={"object": "list", "data": [{"id": "m", "object": "model"}]})
        return httpx.Response(
            self.elsewhere.status_code, headers=self.elsewhere.headers, content=self.elsewhere.content
        )


def proven(server: Server, base_url: str, **more: str) -> dict[str, Any]:
    credential, settings = from_fields("custom_ai", "api_key", {"base_url": base_url, **more})
    world = Surroundings(transport=server, sleep=lambda seconds: None)
    return dict(prove("custom_ai", credential, settings, name="mine", surroundings=world).settings)


PAGE = httpx.Response(200, headers={"content-type": "text/html"}, content=b"<!doctype html><title>Chat</title>")


@pytest.mark.parametrize("elsewhere", [None, PAGE, httpx.Response(405)])
@pytest.mark.parametrize(
    ("typed", "there", "api"),
    [
        ("https://models.example", "/v1/models", "/v1"),
        ("https://models.example/v1/", "/v1/models", "/v1"),
        ("https://models.example", "/models", ""),
        ("https://models.example/v1", "/models", ""),
        ("https://models.example/openai", "/openai/models", "/openai"),
        ("https://models.example/openai", "/openai/v1/models", "/openai/v1"),
    ],
)
def test_the_path_that_answers_is_remembered(
    typed: str, there: str, api: str, elsewhere: httpx.Response | None
) -> None:
    settings = proven(Server(there, elsewhere), typed)
    assert settings["api"] == api
    context = Context(now=NOW, settings=settings)
    assert MODELS.request({}, context).path == there
    assert CONNECTOR.probe("api_key", settings).path == there
    assert CONNECTOR.stream("ollama_models").request({}, context).path == f"{settings['root']}/api/tags"


@pytest.mark.parametrize("elsewhere", [httpx.Response(404), PAGE])
def test_what_is_no_such_server_is_told(elsewhere: httpx.Response) -> None:
    with pytest.raises(PlatformError) as failed:
        proven(Server("/nowhere", elsewhere), "https://models.example/v1")
    assert failed.value.advice


def test_a_key_is_sent_where_there_is_one() -> None:
    assert proven(Server("/v1/models", token="abc"), "https://models.example", token="abc")["api"] == "/v1"
    with pytest.raises(CredentialRejected):
        proven(Server("/v1/models", token="abc"), "https://models.example", token="def")
    with pytest.raises(CredentialRejected):
        proven(Server("/v1/models", token="abc"), "https://models.example")
    assert METHOD.authorize({}, Request(path="/")) == {}


def test_a_wrong_key_is_not_tried_at_another_path() -> None:
    server = Server("/v1/models", token="abc")
    with pytest.raises(CredentialRejected):
        proven(server, "https://models.example", token="def")
    assert server.asked == ["", "/v1/models"]


# What is read


@pytest.mark.parametrize(
    "told",
    [
        {"object": "list", "data": [{"id": "m"}]},
        {"data": [{"id": "m"}], "models": [{"name": "m"}]},
        {"models": [{"id": "m"}]},
        [{"id": "m"}],
    ],
)
def test_a_list_of_models_has_many_shapes(told: Any) -> None:
    page = MODELS.parse(MODELS.request({}, AT_SERVER), reply(told), {}, AT_SERVER)
    assert [row["id"] for row in rows(MODELS.columns, page.records)] == ["m"]


@pytest.mark.parametrize("told", ["<html>", "Ollama is running", {}, {"data": None}, {"detail": "x"}, {"data": {}}])
def test_what_is_no_list_of_models_is_none(told: Any) -> None:
    with pytest.raises(BadReply):
        MODELS.parse(MODELS.request({}, AT_SERVER), reply(told), {}, AT_SERVER)


def test_a_server_without_models_has_none() -> None:
    assert MODELS.parse(MODELS.request({}, AT_SERVER), reply({"data": []}), {}, AT_SERVER).records == []


def test_what_a_server_says_besides_of_a_model_is_read() -> None:
    told = {"data": [{"id": "a", "created": 1776298304, "owned_by": "llamacpp", "meta": {"n_params": 8030261312}}]}
    (row,) = rows(MODELS.columns, MODELS.parse(MODELS.request({}, AT_SERVER), reply(told), {}, AT_SERVER).records)
    assert (row["parameters"], row["created"].year, row["max_model_len"]) == (8030261312, 2026, None)


def test_nanoseconds_and_time_zones_are_read() -> None:
    stream = CONNECTOR.stream("ollama_models")
    told = {"models": [{"name": "gemma4", "modified_at": "2025-10-03T23:34:03.409490317-07:00", "size": 9608350245}]}
    page = stream.parse(stream.request({}, AT_SERVER), reply(told), {}, AT_SERVER)
    (row,) = rows(stream.columns, page.records)
    assert (row["modified_at"].hour, row["size"]) == (6, 9608350245)


def test_no_prompt_is_kept_of_a_slot() -> None:
    told = [{"id": 0, "id_task": 135, "n_ctx": 65536, "is_processing": True, "prompt": "a secret of mine"}]
    (record,) = SLOTS.parse(SLOTS.request({}, AT_SERVER), reply(told), {}, AT_SERVER).records
    assert b"secret" not in record
    assert rows(SLOTS.columns, [record])[0]["id_task"] == 135


def test_spending_is_told_by_the_day() -> None:
    asked = SPEND.request({"since": "2026-11-22"}, AT_SERVER)
    assert asked.params == {"start_date": "2026-11-20", "end_date": "2026-11-24"}
    told = [{"startTime": "2026-11-21", "spend": 1.5, "models": {"m": 1.5}, "users": {}}]
    (row,) = rows(SPEND.columns, SPEND.parse(asked, reply(told), {"since": "2026-11-22"}, AT_SERVER).records)
    assert (row["day"].isoformat(), row["spend"], row["models"]) == ("2026-11-21", 1.5, {"m": 1.5})


def test_what_only_some_servers_have_may_be_missing() -> None:
    optional = {stream.name for stream in CONNECTOR.streams if stream.request({}, AT_SERVER).optional}
    assert optional == {stream.name for stream in CONNECTOR.streams} - {"models"}
    for status in (404, 405, 501):
        assert classify(reply("", status), ABSENT).disposition is Disposition.SKIP
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("custom_ai", 60))
    rig.settings["root"] = "/elsewhere"
    for name in optional:
        assert list(rig.walk(CONNECTOR.stream(name))) == []


# Errors


def error(message: str = "…", kind: Any = None, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, {"error": "Unauthorized"}, Disposition.CREDENTIAL_REJECTED),
        (401, error("Invalid API Key", "authentication_error", 401), Disposition.CREDENTIAL_REJECTED),
        (403, {"detail": "Forbidden"}, Disposition.SCOPE_MISSING),
        (404, {"detail": "Not Found"}, Disposition.FAIL),
        (404, error("model 'x' not found", "not_found_error"), Disposition.FAIL),
        (404, {"error": "model 'x' not found"}, Disposition.FAIL),
        (400, error("This model's maximum context length is 4096", "BadRequestError", 400), Disposition.FAIL),
        (400, {"object": "error", "message": "…", "type": "BadRequestError", "code": 400}, Disposition.FAIL),
        (400, error("ExceededBudget: Budget has been exceeded!", "budget_exceeded"), Disposition.QUOTA_EXHAUSTED),
        (400, error("…", None, "budget_exceeded"), Disposition.QUOTA_EXHAUSTED),
        (402, error("Insufficient credits", None, 402), Disposition.QUOTA_EXHAUSTED),
        (413, "Request Entity Too Large", Disposition.FAIL),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}, Disposition.FAIL),
        (429, error("Provider returned error", None, 429), Disposition.RATE_LIMITED),
        (429, "Too Many Requests", Disposition.RATE_LIMITED),
        (500, {"error": "llama runner process has terminated"}, Disposition.RETRY),
        (502, "<html>", Disposition.RETRY),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, Disposition.RETRY),
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, Disposition.RETRY),
        (504, "", Disposition.RETRY),
        (200, {"error": {"message": "Provider returned error", "code": 429}}, Disposition.RATE_LIMITED),
        (200, {"error": {"message": "…", "code": 502}}, Disposition.RETRY),
        (200, {"error": {"message": "…", "code": 401}}, Disposition.CREDENTIAL_REJECTED),
        (200, {"error": "an error was encountered while running the model"}, Disposition.FAIL),
        (200, {"object": "error", "message": "…", "code": 400}, Disposition.FAIL),
        (200, {"object": "list", "data": []}, Disposition.OK),
        (200, {"data": [], "error": None}, Disposition.OK),
        (200, "vllm:num_requests_running 1.0", Disposition.OK),
    ],
)
def test_errors_of_any_shape_mean_what_they_say(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (error("object"), "object"),
        ({"error": "text"}, "text"),
        ({"detail": "detail"}, "detail"),
        ({"object": "error", "message": "flat"}, "flat"),
        ({"detail": [{"msg": "list"}]}, ""),
        ("plain", ""),
    ],
)
def test_what_a_server_says_of_an_error_is_found(body: Any, said: str) -> None:
    assert platform_message(reply(body, 400)) == said


@needs_shared
@pytest.mark.parametrize("path", sorted((shared_folder() / "recorded" / "custom_ai").rglob("*.yaml")), ids=str)
def test_recorded_replies_are_taken_for_what_they_are(path: Any) -> None:
    exchanges = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    assert exchanges
    for exchange in exchanges:
        told = exchange["response"]
        status = told["status"]["code"]
        expected = {200: Disposition.OK, 429: Disposition.RATE_LIMITED}[status]
        assert meant(CONNECTOR, status, told["parsed_body"]) is expected


# Writes


def test_a_model_is_pulled_once_or_twice_and_deleted() -> None:
    sandbox = Listening("custom_ai")
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox)
    stream = CONNECTOR.stream("ollama_models")
    write, context, key = stream.write, rig.context(), {"name": "tiny:1b"}
    assert write is not None
    assert write.create
    assert write.delete
    assert write.read
    with pytest.raises(RequestRefused):
        rig.client.send(write.read(key, context))
    for _ in range(2):
        rig.client.send(write.create(key, context))
    rig.client.send(write.read(key, context))
    assert [row["name"] for row in rig.read(stream).live.values()].count("tiny:1b") == 1
    rig.client.send(write.delete(key, None, context))
    with pytest.raises(RequestRefused):
        rig.client.send(write.delete(key, None, context))


@needs_shared
def test_writes_are_as_specified() -> None:
    sandbox = Listening("custom_ai")
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox)
    write, context, key = CONNECTOR.stream("ollama_models").write, rig.context(), {"name": "tiny:1b"}
    assert write is not None
    assert write.create
    assert write.delete
    assert write.read
    for request in (write.create(key, context), write.read(key, context), write.delete(key, None, context)):
        rig.client.send(request)
    judged = [(call, told) for call, told in sandbox.heard if call.path.startswith("/api/")]
    assert len(judged) == 3
    for call, told in judged:
        assert ollama().request_complaints(call) == []
        assert ollama().reply_complaints(call, told) == []


def test_a_credential_without_a_key_is_one() -> None:
    credential, settings = from_fields("custom_ai", "api_key", {"base_url": "https://models.example"})
    assert credential == Credential(method="api_key")
    assert settings == {"base_url": "https://models.example"}
