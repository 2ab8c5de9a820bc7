"""How model servers speak when something is wrong: each in its own shape, and all of them behind one address.

Sources: ollama/ollama openai/openai.go and docs/api/errors.mdx, ggml-org/llama.cpp tools/server/README.md; vLLM's 401
and FastAPI's `detail` are the author's knowledge of the live servers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.platform import Call, Problems, Reply, json_reply
from sandbox.ratelimits import Taken, Window

LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


def error(status: int, message: str, kind: str = "invalid_request_error") -> Reply:
    """As Ollama has it below /v1."""
    return json_reply({"error": {"message": message, "type": kind, "param": None, "code": None}}, status=status)


def plain(status: int, message: str) -> Reply:
    """As Ollama has it below /api."""
    return json_reply({"error": message}, status=status)


def answering(handler: Callable[[Call], Any]) -> Callable[[Call], Reply]:
    def handle(call: Call) -> Reply:
        answer = handler(call)
        return answer if isinstance(answer, Reply) else json_reply(answer)

    return handle


def _throttled(call: Call, taken: Taken | None) -> Reply:
    told = {"message": "Provider returned error", "code": 429, "metadata": {"provider_name": "Sandbox"}}
    reply = json_reply({"error": told, "user_id": "user_sandbox"}, status=429)
    return reply if taken is None else reply.with_headers({"retry-after": str(int(taken.wait) + 1)})


def _failed(call: Call, status: int) -> Reply:
    if status == 503:
        return json_reply(LOADING, status=503)
    return error(status, "internal error", "api_error") if call.path.startswith("/v1/") else plain(status, "failed")


problems = Problems(
    unauthorized=lambda call, why: json_reply({"error": "Unauthorized"}, status=401),
    forbidden=lambda call, scopes: json_reply({"detail": "Forbidden"}, status=403),
    not_found=lambda call: json_reply({"detail": "Not Found"}, status=404),
    throttled=_throttled,
    failed=_failed,
    stale_cursor=lambda call: json_reply({"detail": [{"loc": ["query"], "msg": "unknown"}]}, status=422),
    bad_body=lambda call, why: plain(400, f"invalid character: {why}"),
)


def windows(call: Call) -> tuple[Window, ...]:
    """A gateway's own: model servers queue instead."""
    if call.credential is None:
        return ()
    return (Window(name="requests", key=call.credential.secret, limit=600, seconds=60),)
