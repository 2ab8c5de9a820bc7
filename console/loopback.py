"""Receives the answer of a consent page on this machine's loopback address (RFC 8252, 7.3).

Listens on 127.0.0.1 only, for one path, for a bounded time and number of requests. What does not carry the state of
this attempt is turned away, so that nobody else's page can end it or slip a code of theirs in.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from core.errors import CredentialRejected, UsageError

HOST: Final = "127.0.0.1"
PATH: Final = "/callback"
WAIT_SECONDS: Final = 300.0
MOST_REQUESTS: Final = 50
_REQUEST_SECONDS: Final = 5.0
_STYLE: Final = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What came back: a code for this attempt, or the error the platform names (RFC 6749, 4.1.2)."""

    code: str
    state: str
    error: str


class Callback:
    """A listening loopback address. `redirect_uri` is what to tell the platform."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.redirect_uri = f"http://{HOST}:{server.server_port}{PATH}"

    def wait(self, state: str, *, seconds: float = WAIT_SECONDS, clock: Callable[[], float] = time.monotonic) -> Answer:
        """The answer that carries this state. Raises UsageError when none comes in time."""
        self._server.expected = state
        deadline = clock() + seconds
        for _ in range(MOST_REQUESTS):
            self._server.timeout = deadline - clock()
            if self._server.timeout <= 0:
                break
            self._server.handle_request()
            if self._server.answer is not None:
                return _accepted(self._server.answer)
        raise UsageError(
            "no answer came back from the consent page in time",
            advice="Begin again. The browser must run on this machine; the platform must know this redirect address: "
            f"{self.redirect_uri}",
        )


@contextmanager
def callback(port: int) -> Iterator[Callback]:
    """Listens at this port (0: a free one). Raises UsageError where it is taken."""
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise UsageError(
            f"port {port} of this machine is taken, and the consent page answers there",
            advice="Stop what uses it, or name another that your app is registered with: --callback-port",
        ) from error
    with server:
        yield Callback(server)


def _accepted(answer: Answer) -> Answer:
    if answer.error == "access_denied":
        raise CredentialRejected("access was denied on the consent page", advice="Run it again and approve.")
    if not answer.code:
        raise CredentialRejected(
            f"the consent page answered with an error: {answer.error or 'no code'}",
            advice="Check the app's registration at the platform: its redirect address and the rights it may ask for.",
        )
    return answer


class _Server(HTTPServer):
    expected = ""
    answer: Answer | None = None

    def server_bind(self) -> None:
        # HTTPServer's own also asks DNS for this machine's name, which can take seconds. The option lets a second
        # attempt follow the first; it does not let two listen.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = HOST, int(self.socket.getsockname()[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is not ours to tell about; the query it may have carried above all."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_SECONDS
    server_version, sys_version = "integrations", ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != PATH:
            self._page(404, "Nothing is here", "Only the answer of a consent page is expected at this address.")
            return
        query = parse_qs(parts.query)
        state = query.get("state", [""])[0]
        if not secrets.compare_digest(state.encode(), self.server.expected.encode()):
            self._page(400, "This does not belong here", "It is not the answer to the attempt that is under way.")
            return
        answer = Answer(code=query.get("code", [""])[0], state=state, error=query.get("error", [""])[0][:100])
        self.server.answer = answer
        if answer.code and not answer.error:
            self._page(200, "Connected", "You may close this window and go back to the terminal.")
        else:
            self._page(200, "Not connected", "The terminal says why. You may close this window.")

    def _page(self, status: int, heading: str, text: str) -> None:
        body = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title>'
            f"<style>{_STYLE}</style><h1>{escape(heading)}</h1><p>{escape(text)}</p></html>"
        ).encode()
        self.send_response(status)
        # The address of this page holds the code: no cache, no referrer, no script may carry it on.
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the request line holds the code."""
