"""The description of TikTok's interface, one OpenAPI document, as a judge."""

from __future__ import annotations

from functools import cache

from sandbox.platform import Call, Reply
from tests.shared import spec
from tests.spec.openapi import OpenApi, document_of


@cache
def _document() -> OpenApi:
    return document_of(spec("tiktok", "tiktok-open-api-v2.openapi.yaml"))


class Description:
    def request_complaints(self, call: Call) -> list[str]:
        return _document().request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return _document().reply_complaints(call, reply)
