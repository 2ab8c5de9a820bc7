"""What must never happen: a credential at another host, a secret in a text, a body without end."""

from __future__ import annotations

import base64
import gzip
import logging
import traceback
import zlib
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk import client as client_module
from connectors.sdk.bodies import MAX_BODY_BYTES
from connectors.sdk.client import MAX_ATTEMPTS, Client
from connectors.sdk.credential import Credential
from connectors.sdk.transport import LoopbackTransport, transport_from_environment
from core.errors import (
    BadReply,
    CredentialMalformed,
    CredentialRejected,
    HostNotAllowed,
    IntegrationError,
    PlatformUnavailable,
)
from core.http import Request
from core.secrets import Secret
from tests.sdk.loopback import Answer, drip, reply, reset, serving
from tests.sdk.parts import ACME, KEY, THINGS, TOKEN, World, oauth, status

SHOP = replace(ACME, base_url="https://{dc}.shops.acme.example")
EMBEDDED = replace(ACME, base_url="https://api.acme.example/{account}")

FOREIGN = [
    "https://evil.example",
    "http://api.acme.example",
    "ftp://api.acme.example",
    "//api.acme.example",
    "api.acme.example",
    "",
    "https://api.acme.example@evil.example",
    "https://user:pass@api.acme.example",
    "https://user@api.acme.example",
    "https://api.acme.example:8443",
    "https://api.acme.example:443@evil.example",
    "https://api.acme.example.evil.example",
    "https://evil-api.acme.example",
    "https://evilapi.acme.example",
    "https://sub.api.acme.example",
    "https://acme.example",
    "https://a.b.shops.acme.example",
    "https://shops.acme.example",
    "https://api.acme.example\\@evil.example",
    "https://evil.example\\@api.acme.example",
    "https://evil.example/@api.acme.example",
    "https://evil.example#@api.acme.example",
    "https://evil.example?@api.acme.example",
    "https://evil.example\t.shops.acme.example",
    "https://evil.example\n.shops.acme.example",
    "https://ａpi.acme.example.evil.example",
    "https://[::1]",
    "https://127.0.0.1",
    "https://api.acme.example%2eevil.example",
    "https://api.acme.example..evil.example",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("base", FOREIGN)
def test_an_undeclared_address_gets_nothing(base: str) -> None:
    world = World()
    with pytest.raises(HostNotAllowed) as stopped:
        world.client().send(replace(THINGS, base=base or "https://"))
    assert world.seen == []
    assert TOKEN not in str(stopped.value)
    assert "pass" not in str(stopped.value)


@pytest.mark.parametrize(
    "base", ["https://api.acme.example", "https://API.acme.example:443", "https://x.shops.acme.example/v2/"]
)
def test_a_declared_host_may_be_asked(base: str) -> None:
    world = World()
    world.client().send(replace(THINGS, base=base))
    assert len(world.seen) == 1


@pytest.mark.parametrize(
    "dc",
    [
        "evil.example/",
        "us1.evil.example#",
        "us1.evil.example?",
        "us1.evil.example\\",
        "evil.example:443/",
        "user@evil.example/",
        "us1@",
        "a.b",
        "us1.evil.example/\t",
        "us1\n.evil.example#",
        "[::1]/",
        "evil.example%2f",
        "",
    ],
)
def test_no_setting_leads_to_another_host(dc: str) -> None:
    world = World()
    with suppress(HostNotAllowed):
        world.client(SHOP, settings={"dc": dc}).send(THINGS)
    hosts = {request.url.host for request in world.seen}
    assert all(host.endswith(".shops.acme.example") and host.count(".") == 3 for host in hosts)
    assert not any("evil" in host for host in hosts)


@given(dc=st.text(st.sampled_from("ab1.:/\\?#@[]% \t\nß。-_"), max_size=12), account=st.text(max_size=8))
def test_whatever_settings_and_arguments_hold_the_host_is_a_declared_one(dc: str, account: str) -> None:
    for connector, settings in ((SHOP, {"dc": dc}), (EMBEDDED, {"account": account})):
        world = World()
        request = Request(path="/v1/{name}/parts", args={"name": dc or "x"}, params={"q": account})
        with suppress(IntegrationError):
            world.client(connector, settings=settings).send(request)
        for sent in world.seen:
            assert sent.url.scheme == "https"
            assert connector.allows(sent.url.raw_host.decode())
            assert sent.headers["host"] == sent.url.raw_host.decode()


def test_a_setting_that_is_not_known_is_asked_for() -> None:
    with pytest.raises(HostNotAllowed, match="needs the setting dc") as stopped:
        World().client(SHOP).send(THINGS)
    assert "integrations connect acme" in stopped.value.advice


def test_a_page_link_to_elsewhere_gets_nothing() -> None:
    world = World()
    with pytest.raises(HostNotAllowed):
        world.client().send(Request(base="https://evil.example", path="/v1/things?page=2"))
    assert world.seen == []


# Secrets


def everything_told(error: BaseException, world: World, client: Client, caplog: pytest.LogCaptureFixture) -> str:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    frames = traceback.TracebackException.from_exception(error, capture_locals=False)
    return "\n".join(
        [
            *frames.format(),
            *(f"{e} {e!r} {e.args} {vars(e)}" for e in chain),
            *(repr(call) for call in world.calls),
            repr(client),
            repr(THINGS),
            caplog.text,
        ]
    )


ECHOES: dict[str, Any] = {
    "as it is": TOKEN,
    "in its header": f"Bearer {TOKEN}",
    "encoded": quote(f"{TOKEN}/+", safe=""),
    "at the end of a long text": "x" * (300 - 8) + TOKEN,
    "across lines": f"bad\n{TOKEN}\nbad",
    "twice": f"{TOKEN} and {TOKEN}",
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize(
    "place", ["error/message", "message", "detail", "error_summary", "error_description", "title", "*/message"]
)
def test_a_token_that_the_platform_repeats_is_taken_out(
    echo: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    document: Any = ECHOES[echo]
    for step in reversed(place.split("/")):
        document = [document] if step == "*" else {step: document}
    credential = replace(KEY, values={"token": Secret(TOKEN + ("/+" if echo == "encoded" else ""), "token")})
    world = World([status(400, document), status(401, document)])
    client = world.client(credential=credential)
    for _ in range(2):
        with pytest.raises(IntegrationError) as refused:
            client.send(THINGS)
        told = everything_told(refused.value, world, client, caplog)
        assert TOKEN[:8] not in told
        assert "<token>"[: 1 if echo.startswith("at the end") else None] in str(refused.value)


def test_a_basic_header_that_the_platform_repeats_is_taken_out() -> None:
    def basic(values: Any, request: Request) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"any:{values['token']}".encode()).decode()}

    connector = replace(ACME, auth=(replace(ACME.auth[0], authorize=basic),))
    packed = base64.b64encode(f"any:{TOKEN}".encode()).decode()
    world = World([status(400, {"message": f"header Basic {packed} is wrong"})])
    with pytest.raises(IntegrationError) as refused:
        world.client(connector).send(THINGS)
    assert packed not in str(refused.value)


def test_a_form_of_a_token_endpoint_that_is_repeated_is_taken_out() -> None:
    request = Request(
        method="POST",
        path="/token",
        form={"grant_type": "refresh_token", "refresh_token": "the-hidden-refresh", "client_secret": "the-hidden-app"},
        authorized=False,
    )
    world = World([status(400, {"error_description": "refresh token the-hidden-refresh of the-hidden-app is dead"})])
    with pytest.raises(IntegrationError) as refused:
        world.client(credential=None).send(request)
    assert "hidden" not in str(refused.value)
    assert "refresh token <refresh_token> of <client_secret> is dead" in str(refused.value)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout, httpx.LocalProtocolError])
def test_an_error_of_the_wire_carries_no_request_along(
    error: type[httpx.RequestError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def fail(request: httpx.Request) -> httpx.Response:
        raise error("broken", request=request)

    world = World([fail])
    client = world.client()
    with pytest.raises(PlatformUnavailable) as failed:
        client.send(THINGS.with_params(key=TOKEN))
    assert TOKEN not in everything_told(failed.value, world, client, caplog)
    link: BaseException | None = failed.value
    while link is not None:
        assert not isinstance(link, httpx.RequestError)
        link = link.__cause__ or link.__context__


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN}\n", f"{TOKEN}\x00", f"{TOKEN}\x7f", f"{TOKEN}é"])
def test_a_token_that_no_header_can_carry_is_malformed_and_not_shown(
    token: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    client = world.client(credential=replace(KEY, values={"token": Secret(token, "token")}))
    with pytest.raises(CredentialMalformed) as malformed:
        client.send(THINGS)
    assert TOKEN not in everything_told(malformed.value, world, client, caplog)
    assert world.seen == []


def test_addresses_and_tokens_reach_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving([reply(), reply(status="401 Unauthorized")]) as (address, _):
        client = World().client(transport=LoopbackTransport(address))
        client.send(THINGS.with_params(page_token="hidden-page-token"))
        with pytest.raises(CredentialRejected):
            client.send(THINGS)
    assert TOKEN not in caplog.text
    assert "hidden-page-token" not in caplog.text


def test_a_credential_shows_no_value() -> None:
    credential = oauth()
    for text in (repr(credential), str(credential), f"{credential}", f"{credential!r:>10}", repr([credential])):
        assert "hidden" not in text


# The wire, over real sockets


def asked(answers: list[Answer]) -> tuple[Any, World, list[bytes]]:
    """What a client makes of these answers of a real server: a response or an error."""
    world = World()
    with serving(answers) as (address, heads):
        transport = LoopbackTransport(address)
        try:
            outcome: Any = world.client(transport=transport).send(THINGS)
        except IntegrationError as error:
            outcome = error
        transport.close()
    return outcome, world, heads


WHOLE = b'{"things":[{"id":1}]}'


@pytest.mark.parametrize(
    "broken",
    [
        reply(WHOLE, length=500, close=True),
        reply(gzip.compress(WHOLE)[:-9], headers="content-encoding: gzip\r\n"),
        reply(b"no gzip at all", headers="content-encoding: gzip\r\n"),
        reset,
        lambda wire: wire.sendall(b"this is not HTTP\r\n\r\n"),
        lambda wire: (wire.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"), wire.close())[1],
    ],
    ids=["cut", "cut gzip", "garbled gzip", "reset", "no HTTP", "cut chunk"],
)
def test_a_reply_that_breaks_is_asked_for_again(broken: Answer) -> None:
    outcome, world, heads = asked([broken, reply(WHOLE)])
    assert outcome.body == WHOLE
    assert [call.disposition for call in world.calls] == ["no reply", "ok"]
    assert len(heads) == 2


def test_a_server_that_only_breaks_is_unavailable() -> None:
    outcome, world, _ = asked([reset])
    assert isinstance(outcome, PlatformUnavailable)
    assert len(world.calls) == MAX_ATTEMPTS


def test_a_body_that_drips_for_ever_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CALL_DEADLINE", 0.05)
    outcome, world, _ = asked([drip(WHOLE, seconds=0.01), reply(WHOLE)])
    assert outcome.body == WHOLE
    assert [call.disposition for call in world.calls] == ["no reply", "ok"]


def test_a_body_in_gzip_is_decoded() -> None:
    outcome, _, heads = asked([reply(gzip.compress(WHOLE * 1000), headers="content-encoding: gzip\r\n")])
    assert outcome.body == WHOLE * 1000
    assert b"accept-encoding: gzip\r\n" in heads[0].lower() + b"\r\n"


def bomb(mebibytes: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(bytes(1024 * 1024)) for _ in range(mebibytes)) + squeeze.flush()


def test_a_decompression_bomb_is_stopped_at_the_limit() -> None:
    outcome, world, _ = asked([reply(bomb(MAX_BODY_BYTES // 1024 // 1024 + 8), headers="content-encoding: gzip\r\n")])
    assert isinstance(outcome, BadReply)
    assert "larger than 64 MiB" in str(outcome)
    assert str(outcome).startswith("shop:")
    assert len(world.calls) == 1


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "deflate", "x"])
def test_an_encoding_that_was_not_asked_for_is_a_bad_reply(coding: str) -> None:
    outcome, _, _ = asked([reply(WHOLE, headers=f"content-encoding: {coding}\r\n")])
    assert isinstance(outcome, BadReply)


def test_an_endless_body_is_stopped_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sdk.bodies.MAX_BODY_BYTES", 1024 * 1024)
    outcome, _, _ = asked([reply(bytes(3 * 1024 * 1024))])
    assert isinstance(outcome, BadReply)


def test_connections_are_kept_for_the_next_call() -> None:
    world = World()
    ports: set[Any] = set()

    def answer(wire: Any) -> None:
        ports.add(wire.getpeername())
        reply(WHOLE)(wire)

    with serving([answer]) as (address, _):
        client = world.client(transport=LoopbackTransport(address))
        for _ in range(5):
            client.send(THINGS)
    assert len(ports) == 1


# The door to the sandbox


@pytest.mark.parametrize(
    "address",
    ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1.evil.example", "http://evil.example#127.0.0.1", ""],
)
def test_the_sandbox_is_on_this_machine_or_nowhere(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostNotAllowed, match="INTEGRATIONS_SANDBOX"):
        LoopbackTransport(address)


def test_the_sandboxes_door_tells_the_host_that_was_meant() -> None:
    with serving([reply()]) as (address, heads):
        World().client(transport=LoopbackTransport(address)).send(THINGS)
    assert b"x-sandbox-host: api.acme.example" in heads[0].lower()


def test_without_the_variable_calls_go_to_the_real_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTEGRATIONS_SANDBOX", raising=False)
    assert transport_from_environment() is None


def test_a_transport_that_others_share_is_not_closed_with_the_client() -> None:
    class Counting(httpx.MockTransport):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    transport = Counting(lambda request: httpx.Response(200, json={}))
    with World().client(transport=transport) as client:
        client.send(THINGS)
    assert transport.closed == 0


def test_a_credential_of_one_integration_is_no_argument_of_another() -> None:
    world = World()
    other = Credential(method="api_key", values={"token": Secret("another-token", "token")})
    world.client().send(THINGS)
    world.client(credential=other).send(THINGS)
    assert [r.headers["authorization"] for r in world.seen] == [f"Bearer {TOKEN}", "Bearer another-token"]
