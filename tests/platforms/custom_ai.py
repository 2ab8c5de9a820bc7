from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from sandbox.platform import Call, Reply
from tests.platforms.told import Told
from tests.shared import spec
from tests.spec import openapi
from tests.spec.judging import Judge
from tests.spec.openapi import OpenApi


@cache
def ollama() -> OpenApi:
    """Ollama's own interface."""
    whole = yaml.load(spec("custom_ai", "ollama-openapi.yaml"), yaml.CSafeLoader)

    def part(kind: str, name: str) -> Any:
        return whole["paths"][name] if kind == "paths" else whole["components"][kind][name]

    return OpenApi(list(whole["paths"]), part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """Of one server the interface that it shares with OpenAI, and that of Ollama."""

    def request_complaints(self, call: Call) -> list[str]:
        return self._document(call).request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return self._document(call).reply_complaints(call, reply)

    def _document(self, call: Call) -> OpenApi:
        return ollama() if call.path.startswith("/api/") else openapi.openai()


TOLD = Told(
    settings={"origin": "https://models.example", "host": "models.example", "api": "/v1", "root": ""},
    judge=Judge(
        document=Specified(),
        undeclared={"^GET /(metrics|slots|spend/logs)$": "of vLLM, llama.cpp and LiteLLM none is at hand"},
        excused={
            r"GET /models tells data\[\]\.\w+$": "each server adds members of its own to its models",
            r"tells models\[\]\.details\.parent_model": "Ollama's own example has it, its schema does not",
        },
    ),
)
