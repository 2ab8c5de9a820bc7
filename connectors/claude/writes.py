"""What can be written at Claude: batches are begun, cancelled and deleted, files deleted.

https://platform.claude.com/docs/en/api/creating-message-batches
Nothing keeps a batch from being begun twice, so it is not tried again: the `custom_id` of its requests is where to look
for one's own mark. A batch is deleted only once it has ended; until then it is cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.sdk.writing import Key, Record, Write
from core.errors import UsageError
from core.http import Request
from core.model import Context

# Files are a beta feature, and are only there with this header. https://platform.claude.com/docs/en/build-with-claude/files
FILES_BETA: Final[Mapping[str, str]] = {"anthropic-beta": "files-api-2025-04-14"}
_BATCHES: Final = "/v1/messages/batches"


def _batch(method: str, key: Key, rest: str = "") -> Request:
    return Request(method=method, path=f"{_BATCHES}/{{id}}{rest}", args={"id": key["id"]})


def _file(method: str, key: Key) -> Request:
    return Request(method=method, path="/v1/files/{id}", args={"id": key["id"]}, headers=FILES_BETA)


def _begin(record: Record, context: Context) -> Request:
    return Request(method="POST", path=_BATCHES, json={"requests": record["requests"]}, repeatable=False)


def _cancel(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    if dict(changes) != {"processing_status": "canceling"}:
        raise UsageError(
            "a batch cannot be changed, only cancelled", advice='To cancel it, set processing_status to "canceling".'
        )
    return _batch("POST", key, "/cancel")


BATCH_WRITE: Final = Write(
    writable=("requests", "processing_status"),
    create=_begin,
    update=_cancel,
    delete=lambda key, version, context: _batch("DELETE", key),
    read=lambda key, context: _batch("GET", key),
    about='Its status can be set to "canceling"; only one that has ended can be deleted.',
)
FILE_WRITE: Final = Write(
    writable=(),
    delete=lambda key, version, context: _file("DELETE", key),
    read=lambda key, context: _file("GET", key),
)
