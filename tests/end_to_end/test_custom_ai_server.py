"""Custom AI models against a server that is not ours: LLMock, over real sockets, with the failures that it can be told.

It speaks like OpenAI at one address, and like other vendors' compatible interfaces, whose errors have other shapes, at
others. https://github.com/JulienRabault/LLMock
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from connectors.custom_ai import CONNECTOR
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.driver import walk
from connectors.sdk.transport import SANDBOX_VARIABLE
from core.errors import (
    CredentialRejected,
    HostNotAllowed,
    IntegrationError,
    PlatformUnavailable,
    RequestRefused,
    ScopeMissing,
)
from core.http import Request
from core.model import Context
from tasks.connecting import Proven, from_fields, prove
from tests.columns import rows
from tests.connectors.replies import NOW

pytestmark = pytest.mark.slow
TOKEN = "the-hidden-key-of-a-server"
COMPATIBLE = ("openai", "mistral", "groq", "together", "perplexity", "xai")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("llmock", reason="the package llmock is not installed")
    monkeypatch.delenv(SANDBOX_VARIABLE, raising=False)
    with importlib.import_module("llmock.testing").LLMockServer() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


def connected(base_url: str, slept: list[float], private: str = "yes") -> Proven:
    given = {"base_url": base_url, "token": TOKEN, "private_network": private}
    credential, settings = from_fields("custom_ai", "api_key", given)
    return prove("custom_ai", credential, settings, name="mine", surroundings=Surroundings(sleep=slept.append))


def client(proven: Proven, slept: list[float]) -> Client:
    world = Surroundings(sleep=slept.append)
    return Client(CONNECTOR, "mine", proven.credential, settings=proven.settings, surroundings=world)


def failing(server: Any, status: int, **more: Any) -> None:
    """The next calls fail with this status, in the dialect of the vendor at their address."""
    scenarios = importlib.import_module("llmock.scenarios")
    server.state.scenarios.add(scenarios.Fail(status, **{"times": None, **more}))


def test_it_is_found_and_read_however_its_address_is_typed(server: Any, slept: list[float]) -> None:
    with urlopen(f"{server.url}/v1/models") as reply:
        there = {model["id"] for model in json.load(reply)["data"]}
    assert there
    for typed in (server.url, f"{server.url}/v1/", f"{server.url}/v1/chat/completions"):
        proven = connected(typed, slept)
        assert proven.settings["api"] == "/v1"
        stream, context = CONNECTOR.stream("models"), Context(now=NOW, settings=proven.settings)
        with client(proven, slept) as mine:
            records = [one for step in walk(stream, mine.send, {}, context) for one in step.page.records]
        read = rows(stream.columns, records)
        assert {row["id"] for row in read} == there
        assert all(row["created"] is not None for row in read)


def test_what_it_does_not_have_is_nothing_and_no_error(server: Any, slept: list[float]) -> None:
    proven = connected(server.url, slept)
    context = Context(now=NOW, settings=proven.settings)
    with client(proven, slept) as mine:
        for stream in CONNECTOR.streams:
            if stream.name != "models":
                assert list(walk(stream, mine.send, {}, context)) == []


def test_it_is_not_called_where_the_person_did_not_say_that_it_is_theirs(server: Any, slept: list[float]) -> None:
    with pytest.raises(HostNotAllowed):
        connected(server.url, slept, private="no")
    assert slept == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RequestRefused),
        (401, CredentialRejected),
        (403, ScopeMissing),
        (404, RequestRefused),
        (422, RequestRefused),
        (500, PlatformUnavailable),
        (503, PlatformUnavailable),
    ],
)
@pytest.mark.parametrize("vendor", COMPATIBLE)
def test_its_errors_are_understood_in_every_dialect(
    server: Any, slept: list[float], vendor: str, status: int, expected: type[IntegrationError]
) -> None:
    proven = connected(server.url, slept)
    path = f"{server.base_url(vendor).removeprefix(server.url)}/chat/completions"
    failing(server, status, message="as it was told to")
    question = Request(method="POST", path=path, json={"model": "m", "messages": [{"role": "user", "content": "?"}]})
    with client(proven, slept) as mine, pytest.raises(expected) as failed:
        mine.send(question)
    assert failed.value.advice
    assert TOKEN not in str(failed.value)
    if expected is not PlatformUnavailable:
        assert "as it was told to" in str(failed.value)


def test_it_is_waited_for_as_long_as_it_says(server: Any, slept: list[float]) -> None:
    proven = connected(server.url, slept)
    failing(server, 429, times=2, retry_after=3)
    with client(proven, slept) as mine:
        assert mine.send(CONNECTOR.probe("api_key", proven.settings)).status == 200
    assert len(slept) == 2
    assert all(seconds >= 3 for seconds in slept)
