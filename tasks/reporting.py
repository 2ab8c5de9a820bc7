"""What a person sees in the Prefect UI: progress, tables, Markdown, events.

Each artifact costs about 20 ms and each progress update 14: a few a second at most, never one a page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event

_SECONDS_BETWEEN_UPDATES: Final = 0.5


def artifact_key(*parts: str) -> str:
    """Artifact keys are lower-case letters, digits and dashes."""
    return "-".join(parts).lower().replace("_", "-")


def table(key: str, rows: Iterable[Mapping[str, Any]], description: str) -> None:
    """A table artifact of the task run this is called in."""
    create_table_artifact(table=[dict(row) for row in rows], key=key, description=description)


def markdown(key: str, text: str, description: str) -> None:
    """A Markdown artifact of the task run this is called in."""
    create_markdown_artifact(markdown=text, key=key, description=description)


def event(name: str, integration: str, platform: str, payload: Mapping[str, Any]) -> None:
    """Something that automations may act on, named `integrations.<name>`."""
    emit_event(
        event=f"integrations.{name}",
        resource={
            "prefect.resource.id": f"integrations.{integration}",
            "prefect.resource.name": integration,
            "integrations.platform": platform,
        },
        payload=dict(payload),
    )


class StreamProgress:
    """A progress artifact of one integration's sync: the share of its streams that have ended."""

    def __init__(self, integration: str, streams: int) -> None:
        self._streams, self._done = max(1, streams), 0
        self._lock, self._last = threading.Lock(), time.monotonic()
        created = create_progress_artifact(
            progress=0.0, key=artifact_key("sync", integration), description=f"Reading {integration}"
        )
        self._id = cast(UUID, created)

    def ended(self, stream: str) -> None:
        """One more stream has reached its end."""
        with self._lock:
            self._done += 1
            now = time.monotonic()
            if self._done < self._streams and now - self._last < _SECONDS_BETWEEN_UPDATES:
                return
            self._last = now
            percent = 100.0 * min(1.0, self._done / self._streams)
        update_progress_artifact(self._id, progress=percent)
