"""The sandbox as one server on this machine's loopback, for the demo.

Which platform is meant is told by the header `X-Sandbox-Host`, or by the path form `/_host/<host>/…` that browsers
can follow, or by `Host`. `/_sandbox/…` steers it:

    GET  /_sandbox/health        {"status": "ok", "platforms": [...]}
    GET  /_sandbox/now           {"now": "2026-09-07T08:00:00+00:00"}
    POST /_sandbox/advance       {"days": 1, "hours": 0, "seconds": 0} -> the new now
    POST /_sandbox/fault         {"match", "nth", "kind", "args", "times"}, or a list of them; DELETE forgets all
    GET  /_sandbox/calls         the last calls (?last=100): method, host, path, params, header names, status
    GET  /_sandbox/credentials   the samples, for people to type
    POST /_sandbox/webhook       {"platform", "url", "secret"} -> {"method", "url", "headers", "body"}: a signed webhook
                                 call about the platform's last change, for the caller to post
    POST /_sandbox/settings      {"relaxed": bool, "auto_approve": bool, "latency": seconds}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.faults import Fault
from sandbox.platform import Call, Reply, Unreachable
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox, UnknownHost

MAX_BODY = 32 * 1024 * 1024
PIECE = 16_384
PATH_FORM = "/_host/"


class BodyTooLarge(Exception):
    pass


def create_app(sandbox: Sandbox) -> ASGIApp:
    """The ASGI application over this sandbox."""
    control = Starlette(routes=_control(sandbox))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith("/_sandbox/"):
            await control(scope, receive, send)
            return
        try:
            call = await _call(scope, receive)
            reply = await run_in_threadpool(sandbox.handle, call)  # at most 40 at once, Starlette's default
        except BodyTooLarge:
            await _answer(Reply(status=413), send)
        except UnknownHost as error:
            await _answer(Reply(status=502, headers={"content-type": "text/plain"}, body=f"no {error}".encode()), send)
        except Unreachable:
            # The server closes a connection whose answer was begun and not ended.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        else:
            await _answer(reply, send)

    return app


async def _call(scope: Scope, receive: Receive) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["raw_path"].decode("ascii")
    host = headers.pop("x-sandbox-host", "") or headers.get("host", "")
    if path.startswith(PATH_FORM):
        host, slash, rest = path.removeprefix(PATH_FORM).partition("/")
        path = slash + rest
    body = bytearray()
    async for piece in _stream(receive):
        body += piece
        if len(body) > MAX_BODY:
            raise BodyTooLarge
    return Call(
        method=scope["method"],
        host=host,
        path=path,
        params=tuple(parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True)),
        query=scope["query_string"].decode("ascii"),
        headers=headers,
        body=bytes(body),
    )


async def _stream(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _answer(reply: Reply, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    body = reply.body if reply.cut is None else reply.body[: reply.cut]
    if reply.pace is not None:
        size = max(1, int(min(reply.pace, PIECE)))
        for begin in range(0, len(body), size):
            piece = body[begin : begin + size]
            await asyncio.sleep(len(piece) / reply.pace)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = b""
    if len(body) < len(reply.body) and reply.cut is not None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        return  # fewer bytes than announced: the server closes the connection
    await send({"type": "http.response.body", "body": body})


Endpoint = Callable[[Request], Awaitable[Response]]


def _control(sandbox: Sandbox) -> list[Route]:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "platforms": list(sandbox.platforms)})

    async def now(request: Request) -> Response:
        return JSONResponse({"now": sandbox.now().isoformat()})

    async def advance(request: Request) -> Response:
        step = await _json(request)
        sandbox.advance(**{unit: float(step.get(unit, 0)) for unit in ("days", "hours", "seconds")})
        return await now(request)

    async def fault(request: Request) -> Response:
        if request.method == "DELETE":
            sandbox.faults.clear()
            return JSONResponse({"planned": 0})
        given = await _json(request)
        faults = [Fault(**one) for one in (given if isinstance(given, list) else [given])]
        sandbox.plan(*faults)
        return JSONResponse({"planned": len(faults)})

    async def calls(request: Request) -> Response:
        last = max(1, int(request.query_params.get("last", "100")))
        shown = [
            {
                "method": one.method,
                "host": one.host,
                "path": one.path,
                "template": one.template,
                "params": [list(pair) for pair in one.params],
                "headers": list(one.headers),
                "status": one.status,
                "at": one.at.isoformat(),
            }
            for one in list(sandbox.calls)[-last:]
        ]
        return JSONResponse({"calls": shown, "total": len(sandbox.calls)})

    async def credentials(request: Request) -> Response:
        kept = {slug: {kind: dict(f) for kind, f in kinds.items()} for slug, kinds in SAMPLES.items()}
        return JSONResponse({slug: kinds for slug, kinds in kept.items() if slug in sandbox.platforms})

    async def settings(request: Request) -> Response:
        given = await _json(request)
        if "relaxed" in given:
            sandbox.limits.relaxed = bool(given["relaxed"])
        if "latency" in given:
            sandbox.latency = float(given["latency"])
        if "auto_approve" in given:
            for server in sandbox.oauth.values():
                server.auto_approve = bool(given["auto_approve"])
        return JSONResponse({"relaxed": sandbox.limits.relaxed, "latency": sandbox.latency})

    async def webhook(request: Request) -> Response:
        given = await _json(request)
        made = sandbox.deliver(given["platform"], given["url"], given.get("secret", ""))
        told = {"method": made.method, "url": made.url, "headers": dict(made.headers), "body": made.body.decode()}
        return JSONResponse(told)

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/now", now),
        Route("/_sandbox/advance", _sound(advance), methods=["POST"]),
        Route("/_sandbox/fault", _sound(fault), methods=["POST", "DELETE"]),
        Route("/_sandbox/calls", _sound(calls)),
        Route("/_sandbox/credentials", credentials),
        Route("/_sandbox/webhook", _sound(webhook), methods=["POST"]),
        Route("/_sandbox/settings", _sound(settings), methods=["POST"]),
    ]


def _sound(endpoint: Endpoint) -> Endpoint:
    """Answers 400 with the reason where what was asked makes no sense."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return guarded


async def _json(request: Request) -> Any:
    if int(request.headers.get("content-length") or 0) > 1_000_000:
        raise ValueError("the body is too large")
    return json.loads(await request.body() or b"{}")
