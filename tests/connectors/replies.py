"""Replies as a platform would send them, and what a connector makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from connectors.sdk.base import Connector
from core.classify import Disposition, classify
from core.http import Response
from core.model import Context

NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTEXT: Final = Context(now=NOW)


def reply(body: Any = "", status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A text body goes as it is, anything else as JSON."""
    content = body if isinstance(body, str) else json.dumps(body)
    return Response(status=status, headers=headers or {}, body=content.encode())


def meant(platform: Connector, status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> Disposition:
    """What the connector takes a reply for."""
    return classify(reply(body, status, headers), platform.errors).disposition


def record(**members: Any) -> bytes:
    return json.dumps(members).encode()
