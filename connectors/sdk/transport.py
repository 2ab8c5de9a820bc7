"""What carries requests: the network, or the sandbox on this machine."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from core.addresses import is_address
from core.errors import HostNotAllowed

SANDBOX_VARIABLE: Final = "INTEGRATIONS_SANDBOX"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@cache
def _trust() -> ssl.SSLContext:
    """Reading the certificate authorities takes 20 ms, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


def network(width: int) -> httpx.BaseTransport:
    """Connections to the platforms themselves, at most so many at once."""
    limits = httpx.Limits(max_connections=width, max_keepalive_connections=width)
    return httpx.HTTPTransport(verify=_trust(), trust_env=False, limits=limits)


def look_up(host: str) -> list[str]:
    """The addresses that a name stands for, as this machine resolves it. Raises OSError where it stands for none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class JudgedTransport(httpx.BaseTransport):
    """For servers whose address a person gives: `judge(scheme, address)` raises for one that must not be called.

    What a name stands for is looked up once, and the connection goes to one of these addresses, so that the name cannot
    lead elsewhere between the judgement and the call ("DNS rebinding"). One of them that is refused refuses all.
    """

    def __init__(
        self,
        wire: httpx.BaseTransport,
        resolve: Callable[[str], Sequence[str]],
        judge: Callable[[str, str], None],
    ) -> None:
        self._wire, self._resolve, self._judge = wire, resolve, judge

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.raw_host.decode()
        addresses = [name] if is_address(name) else self._addresses(name)
        for address in addresses:
            self._judge(request.url.scheme, address)
        for address in addresses[:-1]:
            try:
                return self._wire.handle_request(_pinned(request, name, address))
            except httpx.ConnectError:
                continue  # a name may stand for addresses of both families, with a server at one
        return self._wire.handle_request(_pinned(request, name, addresses[-1]))

    def _addresses(self, name: str) -> list[str]:
        try:
            found = list(self._resolve(name))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise httpx.ConnectError("the name of the server stands for no address")
        return found

    def close(self) -> None:
        self._wire.close()


def _pinned(request: httpx.Request, name: str, address: str) -> httpx.Request:
    """The same request to one address; its Host header and the name in the certificate stay what they are."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": name},
    )


class LoopbackTransport(httpx.BaseTransport):
    """Sends every call to a sandbox on this machine, telling it the host that was meant.

    Raises HostNotAllowed for an address that is not loopback: credentials never leave by this door.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.hostname not in _LOOPBACK or parts.scheme != "http":
            raise HostNotAllowed(
                f"{SANDBOX_VARIABLE} must be an http address on this machine, and is not",
                advice=f"Unset {SANDBOX_VARIABLE} to talk to the real platforms.",
            )
        self._address = httpx.URL(address)
        self._wire = httpx.HTTPTransport(verify=False, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Sandbox-Host"] = request.url.host
        request.headers["Host"] = self._address.netloc.decode()
        request.url = request.url.copy_with(
            scheme=self._address.scheme, host=self._address.host, port=self._address.port
        )
        return self._wire.handle_request(request)

    def close(self) -> None:
        self._wire.close()


def transport_from_environment() -> httpx.BaseTransport | None:
    """The sandbox's transport where INTEGRATIONS_SANDBOX names its address, else None (the real network)."""
    address = os.environ.get(SANDBOX_VARIABLE)
    return LoopbackTransport(address) if address else None
