"""What can be written at OpenAI: batches are begun, files deleted. https://platform.openai.com/docs/api-reference/batch

Files never change, and a batch only ends: there is nothing to update, hence nothing to compare. Nothing keeps a batch
from being begun twice, so it is not tried again; its `metadata` is where to look for one's own mark.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.writing import Key, Record, Write
from core.http import Request
from core.model import Context


def _file(method: str, key: Key) -> Request:
    return Request(method=method, path="/v1/files/{id}", args={"id": key["id"]})


def _begin_batch(record: Record, context: Context) -> Request:
    return Request(method="POST", path="/v1/batches", json={"completion_window": "24h", **record}, repeatable=False)


FILE_WRITE: Final = Write(
    writable=(),
    delete=lambda key, version, context: _file("DELETE", key),
    read=lambda key, context: _file("GET", key),
    scopes=("api.files.write",),
)
BATCH_WRITE: Final = Write(
    writable=("input_file_id", "endpoint", "completion_window", "metadata"),
    create=_begin_batch,
    delete=lambda key, version, context: Request(method="POST", path="/v1/batches/{id}/cancel", args={"id": key["id"]}),
    read=lambda key, context: Request(path="/v1/batches/{id}", args={"id": key["id"]}),
    scopes=("api.batch.write",),
    about="Deleting cancels what still runs.",
)
