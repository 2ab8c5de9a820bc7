"""The sandbox as platforms at their worst: every refusal repeats what it was sent. Run by test_secrets.py.

    python -m tests.end_to_end.echoing NOTES

NOTES is a file that gets every secret that travels, one a line: tokens, keys, codes, verifiers, client secrets.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.__main__ import LOOPBACK, listen, server_of
from sandbox.platform import Call, Reply
from sandbox.sandbox import Sandbox
from sandbox.world import World

SECRET_FIELDS = ("client_secret", "refresh_token", "access_token", "code", "code_verifier", "token")


class EchoingSandbox(Sandbox):
    def __init__(self, notes: Path, **more: Any) -> None:
        super().__init__(**more)
        self._notes = notes

    def handle(self, call: Call) -> Reply:
        reply = super().handle(call)
        secrets = {*_sent(call), *_given(reply)}
        with self._notes.open("a") as notes:
            notes.writelines(f"{secret}\n" for secret in secrets)
        return _repeating(call, reply) if reply.status >= 400 else reply


def _sent(call: Call) -> Iterator[str]:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        with suppress(ValueError):
            yield base64.b64decode(value).decode().partition(":")[2]
    if value:
        yield value
    fields = dict(parse_qsl(call.body.decode(errors="replace")))
    yield from (fields[name] for name in SECRET_FIELDS if fields.get(name))


def _given(reply: Reply) -> Iterator[str]:
    location = reply.headers.get("location", "")
    yield from (value for name, value in parse_qsl(urlsplit(location).query) if name == "code")
    with suppress(ValueError):
        body = json.loads(reply.body)
        if isinstance(body, dict):
            yield from (str(body[name]) for name in SECRET_FIELDS if isinstance(body.get(name), str))


def _repeating(call: Call, reply: Reply) -> Reply:
    """The platform's own error, its sentence replaced by one that repeats the request."""
    said = f"You sent {call.headers.get('authorization', '')} and {call.body.decode(errors='replace')}"
    try:
        body = json.loads(reply.body)
    except ValueError:
        return reply
    if not isinstance(body, dict):
        return reply
    if isinstance(body.get("error"), dict):
        body["error"]["message"] = said
    told = {name: said for name in ("message", "detail", "error_description", "error_summary") if name in body}
    return replace(reply, body=json.dumps(body | told or {**body, "message": said}).encode())


if __name__ == "__main__":
    from datetime import UTC, datetime

    sandbox = EchoingSandbox(Path(sys.argv[1]), world=World(scale=30, start=datetime.now(UTC)), relaxed=True)
    for server in sandbox.oauth.values():
        server.auto_approve = True
    listening = listen(0)
    address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    sys.stdout.write(json.dumps({"address": address}) + "\n")
    sys.stdout.flush()
    server_of(sandbox).run(sockets=[listening])
