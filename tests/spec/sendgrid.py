"""The descriptions of SendGrid, one OpenAPI document for each part of the service, as one judge."""

from __future__ import annotations

from functools import cache

import pytest

from sandbox.platform import Call, Reply
from tests.shared import shared_folder, spec
from tests.spec.openapi import OpenApi, document_of


@cache
def _documents() -> tuple[OpenApi, ...]:
    folder = shared_folder() / "specs" / "sendgrid"
    if not folder.is_dir():
        pytest.skip("the specifications of SendGrid are not here (set INTEGRATIONS_SHARED)")
    return tuple(document_of(spec("sendgrid", path.name)) for path in sorted(folder.glob("*.yaml")))


class Parts:
    """The part that declares a call judges it."""

    def request_complaints(self, call: Call) -> list[str]:
        return self._part(call).request_complaints(call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return self._part(call).reply_complaints(call, reply)

    def _part(self, call: Call) -> OpenApi:
        declaring = [one for one in _documents() if one.operation_for(call.method, call.path) is not None]
        return declaring[0] if declaring else _documents()[0]
