"""What the tests of X share."""

from __future__ import annotations

from connectors.x.writes import HIDING, POST_WRITE
from core.http import Request
from core.model import Context
from tests.connectors.replies import NOW

CONTEXT = Context(now=NOW, settings={"user_id": "2244994945"})


def written() -> list[Request]:
    assert POST_WRITE.create
    assert POST_WRITE.delete
    assert POST_WRITE.read
    assert HIDING.update
    return [
        POST_WRITE.create({"text": "Hello"}, CONTEXT),
        POST_WRITE.delete({"id": "5"}, None, CONTEXT),
        POST_WRITE.read({"id": "5"}, CONTEXT),
        HIDING.update({"id": "5"}, {"hidden": True}, None, CONTEXT),
    ]
