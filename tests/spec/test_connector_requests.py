"""What the connectors ask, stream by stream through the real driver and client, against the vendors' specifications.

Replies are judged too, so that a stream is never fed what its platform would not say. Endpoints that no specification
declares are listed in `judges.UNSPECIFIED`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.catalog import PLATFORMS, connector
from connectors.sdk.base import OAuth2, Stream
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.driver import walk
from core.http import JSON
from core.model import EMPTY_STATE, Context, State
from core.secrets import Secret
from sandbox.credentials import Credential as Accepted
from sandbox.platform import Call, Reply
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from sandbox.world import World
from tests.shared import needs_shared
from tests.spec.judges import NO_SPECIFICATION, reply_complaints, request_complaints, unspecified

pytestmark = needs_shared
SPECIFIED = ("dropbox", "openai", "x")


class Listening(Sandbox):
    """A sandbox that keeps every call with its reply."""

    def __init__(self, platform: str, scale: int = 25) -> None:
        super().__init__(World(scale=scale), platforms=[platform], relaxed=True, sleep=lambda seconds: None)
        self.heard: list[tuple[Call, Reply]] = []

    def handle(self, call: Call) -> Reply:
        reply = super().handle(call)
        self.heard.append((call, reply))
        return reply

    def complaints(self, platform: str, version: str = "2.159") -> list[str]:
        """What the judge has to say of every call and, since pages are alike, of the first reply and the last."""
        found: dict[str, None] = {}
        replies: dict[str, list[tuple[Call, Reply]]] = {}
        for call, reply in self.heard:
            if not unspecified(call):
                found |= dict.fromkeys(request_complaints(platform, call, version))
                replies.setdefault(call.path, []).append((call, reply))
        for pages in replies.values():
            for call, reply in (pages[0], pages[-1]):
                found |= dict.fromkeys(reply_complaints(platform, call, reply, version))
        return list(found)


class Connected:
    """A connector with a credential that its sandbox accepts, all scopes granted."""

    def __init__(self, platform: str, method: str, **settings: JSON) -> None:
        self.connector = connector(platform)
        self.sandbox = Listening(platform)
        sample = SAMPLES[platform][method]
        token = sample.get("token") or "granted"
        if "token" not in sample:
            dialect = self.sandbox.oauth[platform].dialect
            self.sandbox.accepted.add(
                Accepted(platform=platform, kind="access", secret=token, account=dialect.account, scopes=dialect.scopes)
            )
        values = {"token": Secret(token, "token"), "access_token": Secret(token, "access_token")}
        self.settings: dict[str, JSON] = {name: value for name, value in sample.items() if name != "token"}
        self.settings |= settings
        self.client = Client(
            self.connector,
            "shop",
            Credential(method=method, values=values),
            settings=self.settings,
            surroundings=Surroundings(
                transport=SandboxTransport(self.sandbox),
                clock=lambda: self.sandbox.now().timestamp(),
                sleep=lambda seconds: None,
            ),
        )
        self.settings |= self.connector.discover(self.client.send(self.connector.probe(method, self.settings)))

    def read(self, stream: Stream, state: State = EMPTY_STATE) -> tuple[State, int]:
        """Walks a stream to its end: the state for the next time, and how many records came."""
        records = 0
        context = Context(now=self.sandbox.now(), settings=self.settings)
        for step in walk(stream, self.client.send, state, context):
            state, records = step.page.state, records + len(step.page.records)
        return state, records


def streams() -> list[Any]:
    return [
        pytest.param(platform, method.name, stream, id=f"{platform}-{method.name}-{stream.name}")
        for platform in SPECIFIED
        if platform in PLATFORMS
        for method in connector(platform).auth
        for stream in connector(platform).streams_for(method.name)
    ]


@pytest.mark.parametrize(("platform", "method", "stream"), streams())
def test_a_stream_asks_only_what_is_specified(platform: str, method: str, stream: Stream) -> None:
    """Read from the beginning, and again eight days later from where it ended."""
    assert stream.parent is None
    connected = Connected(platform, method)
    state, records = connected.read(stream)
    connected.sandbox.advance(days=8)
    connected.read(stream, state)
    assert records
    assert connected.sandbox.complaints(platform) == []


@pytest.mark.parametrize("name", ["posts", "mentions"])
def test_posts_of_x_with_the_renamed_fields_are_asked_as_the_newer_document_says(name: str) -> None:
    connected = Connected("x", "oauth2", fields_parameter="post.fields")
    del connected.sandbox.heard[:]
    _, records = connected.read(connected.connector.stream(name))
    assert records
    complaints = connected.sandbox.complaints("x", "2.167")
    # The newer document has these two as expansions alone, which would bring (and bill) the users along. Whether the
    # live service refuses them as fields is not known.
    assert [one for one in complaints if "'author_id' is not one of" not in one
            and "'in_reply_to_user_id' is not one of" not in one] == []  # fmt: skip


@pytest.mark.parametrize("platform", sorted(set(PLATFORMS) - set(SPECIFIED)))
def test_a_platform_without_a_specification_says_so(platform: str) -> None:
    pytest.skip(NO_SPECIFICATION.get(platform, f"no judge reads a specification of {platform} yet"))


def test_the_token_requests_of_the_connectors_pass_unjudged_and_nothing_else_does() -> None:
    addresses = [
        urlsplit(address).path
        for platform in SPECIFIED
        for method in connector(platform).auth
        if isinstance(method, OAuth2)
        for address in (method.authorize_url, method.token_url)
    ]
    assert addresses
    for path in addresses:
        assert unspecified(Call(method="POST", host="api", path=path)), path
    for platform, method, stream in (parameter.values for parameter in streams()):
        request = stream.request(
            EMPTY_STATE, Context(now=World().clock.now(), settings=Connected(platform, method).settings)
        )
        assert not unspecified(Call(method=request.method, host="api", path=request.filled_path))


def test_the_judge_hears_of_a_parameter_that_does_not_exist() -> None:
    connected = Connected("openai", "api_key")
    assert connected.sandbox.complaints("openai") == []
    connected.client.send(connected.connector.probe("api_key", {}).with_params(depth=3))
    assert [one for one in connected.sandbox.complaints("openai") if "depth" in one]
