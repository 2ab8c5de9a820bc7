"""What carries requests: the network, or the sandbox on this machine."""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx

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
