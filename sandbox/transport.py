"""The sandbox as an httpx transport: connectors keep their real addresses and do not know."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import httpx

from sandbox.platform import Call, Reply, Unreachable
from sandbox.sandbox import Sandbox, UnknownHost

PIECE = 16_384


class SandboxTransport(httpx.BaseTransport):
    """Answers every https request from the sandbox; failures are those that httpx raises for a real socket.

    An unknown host or a refused connection is ConnectError, a broken one ReadError, a body that ends early
    RemoteProtocolError, and a silence longer than the client's read timeout ReadTimeout (after sleeping that long).
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        call = Call(
            method=request.method,
            host=request.url.host,
            path=path,
            params=tuple(parse_qsl(query, keep_blank_values=True)),
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
        )
        try:
            reply = self.sandbox.handle(call)
        except UnknownHost as error:
            raise httpx.ConnectError("[Errno -2] Name or service not known", request=request) from error
        except Unreachable as error:
            if error.how == "refused":
                raise httpx.ConnectError("[Errno 111] Connection refused", request=request) from error
            raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request) from error
        allowed = (request.extensions.get("timeout") or {}).get("read")
        if allowed is not None and reply.wait > allowed:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        headers = list(reply.headers.items())
        if reply.status not in (204, 304):
            headers.append(("content-length", str(len(reply.body))))
        return httpx.Response(reply.status, headers=headers, stream=_Body(self.sandbox, reply, request, allowed))


class _Body(httpx.SyncByteStream):
    """The body as it travels: at its pace, and broken off where the reply says so."""

    def __init__(self, sandbox: Sandbox, reply: Reply, request: httpx.Request, allowed: float | None) -> None:
        self._sandbox = sandbox
        self._reply = reply
        self._request = request
        self._allowed = allowed

    def __iter__(self) -> Iterator[bytes]:
        reply = self._reply
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        size = PIECE if reply.pace is None else max(1, int(min(reply.pace, PIECE)))
        for begin in range(0, len(body), size):
            piece = body[begin : begin + size]
            if reply.pace is not None:
                seconds = len(piece) / reply.pace
                if self._allowed is not None and seconds > self._allowed:
                    self._sandbox.sleep(self._allowed)
                    raise httpx.ReadTimeout("The read operation timed out", request=self._request)
                self._sandbox.sleep(seconds)
            yield piece
        if reply.cut is not None and reply.cut < len(reply.body):
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {len(body)} bytes, expected {len(reply.body)})",
                request=self._request,
            )
