from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from sandbox.platform import Call, Reply
from tests.platforms.told import Told
from tests.shared import spec
from tests.spec.judging import Judge
from tests.spec.openapi import OpenApi


@cache
def document() -> OpenApi:
    """The only description at hand, of November 2024: of what is read and written it knows the message batches."""
    whole = _mended(yaml.load(spec("claude", "anthropic-openapi-2024-11.yaml"), yaml.CSafeLoader))

    def part(kind: str, name: str) -> Any:
        return whole["paths"][name] if kind == "paths" else whole["components"][kind][name]

    return OpenApi([path for path in whole["paths"] if "?" not in path], part)


def _mended(part: Any) -> Any:
    """Without `type: null`, which the document has where it means any type."""
    if isinstance(part, list):
        return [_mended(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {name: _mended(one) for name, one in part.items() if name != "type" or one is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """The document, opened when it is first asked."""

    def request_complaints(self, call: Call) -> list[str]:
        return document().request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return document().reply_complaints(call, reply)


TOLD = Told(
    unresolved={"message_batches": {"requests": "only written: what a batch is begun with, which no reply tells"}},
    records={"nango/get-file.json": ("files", ""), "nango/get-model.json": ("models", "")},
    unread={"nango/delete-file.json": "an answer to a write, which tells no record"},
    judge=Judge(
        document=Specified(),
        undeclared={
            "^GET /v1/(models|files|organizations/)": "the document is of 2024 and knows neither models, files nor "
            "the administration",
            "^DELETE ": "the document is of 2024: neither batches nor files could be deleted",
        },
    ),
)
