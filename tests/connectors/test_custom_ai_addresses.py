"""A person's own server: no address leads to a machine's metadata, none to a private network unasked, and what was
judged is what is called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
import pytest

from connectors.custom_ai import CONNECTOR
from connectors.sdk.addresses import judge
from connectors.sdk.auth import ApiKey
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.transport import JudgedTransport
from core.errors import HostNotAllowed, PlatformUnavailable
from core.http import Request
from core.secrets import Secret
from tests.sdk.loopback import reply, serving

KEY = "the-hidden-key-of-a-server"
MODELS = Request(path="/v1/models")


def settings_of(base_url: str, private: str = "") -> dict[str, Any]:
    method = CONNECTOR.auth[0]
    assert isinstance(method, ApiKey)
    return {**method.learn({"base_url": base_url}), "private_network": private, "api": "/v1"}


def client(base_url: str, private: str = "", **world: Any) -> Client:
    return Client(
        CONNECTOR,
        "mine",
        Credential(method="api_key", values={"token": Secret(KEY, "token")}),
        settings=settings_of(base_url, private),
        surroundings=Surroundings(sleep=lambda seconds: None, **world),
    )


class Wire(httpx.BaseTransport):
    """The network: keeps what was sent, and has a server at the addresses named."""

    def __init__(self, *there: str) -> None:
        self.there, self.seen = there, list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.host not in self.there:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"data": []})


def judged(wire: Wire, *addresses: str, private: bool = False) -> JudgedTransport:
    return JudgedTransport(wire, lambda host: addresses, partial(judge, "mine", private=private))


# What is written as an address is judged before anything else


@pytest.mark.parametrize("private", ["", "no", "yes"])
@pytest.mark.parametrize(
    "base_url",
    [
        "https://169.254.169.254/v1",
        "https://[fe80::1]/v1",
        "https://[fd00:ec2::254]/v1",
        "https://[::ffff:169.254.169.254]/v1",
        "https://[64:ff9b::a9fe:a9fe]/v1",
        "https://100.100.100.200",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://255.255.255.255",
    ],
)
def test_metadata_and_reserved_addresses_are_never_called(base_url: str, private: str) -> None:
    wire = Wire()
    with pytest.raises(HostNotAllowed) as stopped:
        client(base_url, private, transport=wire).send(MODELS)
    assert wire.seen == []
    assert stopped.value.advice
    assert KEY not in str(stopped.value) + stopped.value.advice


@pytest.mark.parametrize(
    "base_url", ["https://127.0.0.1:8080", "https://[::1]", "https://10.0.0.5", "https://[fd12::1]"]
)
def test_private_addresses_are_called_only_where_the_person_said_so(base_url: str) -> None:
    with pytest.raises(HostNotAllowed, match="private network") as stopped:
        client(base_url, transport=Wire()).send(MODELS)
    assert "private_network=yes" in stopped.value.advice
    host = httpx.URL(base_url).host
    assert client(base_url, "yes", transport=Wire(host)).send(MODELS).status == 200


def test_plain_http_is_for_private_networks_only() -> None:
    with pytest.raises(HostNotAllowed, match="http://127") as stopped:
        client("http://127.0.0.1:11434", transport=Wire()).send(MODELS)
    assert "https" in stopped.value.advice
    with pytest.raises(HostNotAllowed, match="public"):
        client("http://8.8.8.8", "yes", transport=Wire("8.8.8.8")).send(MODELS)
    assert client("http://192.168.1.5:8000", "yes", transport=Wire("192.168.1.5")).send(MODELS).status == 200


@pytest.mark.parametrize(
    "base", ["https://evil.example", "https://models.example:8443", "https://models.example@evil.example"]
)
def test_no_other_host_gets_the_key(base: str) -> None:
    wire = Wire()
    with pytest.raises(HostNotAllowed):
        client("https://models.example/v1", "yes", transport=wire).send(Request(base=base, path="/v1/models"))
    assert wire.seen == []


# What a name stands for is judged where it is looked up


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700:4700::1111", "fe80::1"],
        ["::ffff:10.0.0.1"],
    ],
)
def test_a_name_leads_nowhere_that_its_address_may_not(addresses: Sequence[str]) -> None:
    wire = Wire(*addresses)
    with pytest.raises(HostNotAllowed):
        judged(wire, *addresses).handle_request(httpx.Request("GET", "https://models.example/v1/models"))
    assert wire.seen == []


def test_one_refused_address_refuses_the_name_even_in_a_private_network() -> None:
    wire = Wire("10.0.0.1")
    with pytest.raises(HostNotAllowed):
        judged(wire, "10.0.0.1", "169.254.169.254", private=True).handle_request(
            httpx.Request("GET", "http://models.internal")
        )
    assert wire.seen == []


def test_http_to_a_public_address_is_stopped_whatever_its_name() -> None:
    with pytest.raises(HostNotAllowed, match="public"):
        judged(Wire("8.8.8.8"), "8.8.8.8", private=True).handle_request(httpx.Request("GET", "http://models.internal"))


def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    """A name that stands for another address at the next look (DNS rebinding) finds no second look."""
    wire, looked = Wire("8.8.8.8", "127.0.0.1"), list[str]()

    def resolve(host: str) -> list[str]:
        looked.append(host)
        return ["8.8.8.8"] if len(looked) == 1 else ["127.0.0.1"]

    transport = JudgedTransport(wire, resolve, partial(judge, "mine", private=False))
    transport.handle_request(httpx.Request("POST", "https://models.example:8443/v1/x", content=b"{}"))
    (sent,) = wire.seen
    assert looked == ["models.example"]
    assert (sent.url.host, sent.url.port, sent.url.path) == ("8.8.8.8", 8443, "/v1/x")
    assert sent.headers["host"] == "models.example:8443"
    assert sent.extensions["sni_hostname"] == "models.example"
    assert sent.read() == b"{}"


def test_a_name_of_both_families_is_called_where_a_server_is() -> None:
    wire = Wire("127.0.0.1")
    judged(wire, "::1", "127.0.0.1", private=True).handle_request(httpx.Request("GET", "http://localhost:11434/"))
    assert [request.url.host for request in wire.seen] == ["::1", "127.0.0.1"]


@pytest.mark.parametrize("wrong", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_that_stands_for_nothing_is_no_connection(wrong: Any) -> None:
    def resolve(host: str) -> list[str]:
        if isinstance(wrong, Exception):
            raise wrong
        return list(wrong)

    transport = JudgedTransport(Wire(), resolve, partial(judge, "mine", private=False))
    with pytest.raises(httpx.ConnectError):
        transport.handle_request(httpx.Request("GET", "https://models.example"))


# Over real sockets


def test_a_server_on_this_machine_is_called_by_its_name_where_the_person_said_so() -> None:
    with serving([reply(b'{"object":"list","data":[{"id":"m"}]}')]) as (address, heads):
        port = httpx.URL(address).port
        mine = client(f"http://models.internal:{port}", "yes", resolve=lambda host: ["127.0.0.1"])
        assert mine.send(MODELS).get("object") == "list"
    assert f"models.internal:{port}" in heads[0].decode()
    assert KEY in heads[0].decode()


@pytest.mark.parametrize("private", ["", "yes"])
def test_nothing_is_called_where_a_name_leads_to_metadata(private: str) -> None:
    scheme = "http" if private else "https"
    with pytest.raises(HostNotAllowed):
        client(f"{scheme}://models.internal", private, resolve=lambda host: ["169.254.169.254"]).send(MODELS)


def test_spellings_that_only_a_resolver_knows_are_judged_as_what_they_stand_for() -> None:
    for spelling in ("127.1", "2130706433", "0x7f.1"):
        with pytest.raises(HostNotAllowed, match="private network"):
            client(f"https://{spelling}").send(MODELS)


def test_a_name_without_addresses_is_a_platform_that_cannot_be_reached() -> None:
    with pytest.raises(PlatformUnavailable):
        client("https://models.example", resolve=lambda host: []).send(MODELS)
