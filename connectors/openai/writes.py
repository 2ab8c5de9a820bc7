"""What can be written at OpenAI: batches are begun, files deleted. https://platform.openai.com/docs/api-reference/batch

Files never change, and a batch only ends: there is nothing to update, hence nothing to compare. Nothing keeps a batch
from being begun twice, so it is not tried again; its `metadata` is where to look for one's own mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.sdk.auth import Settings
from connectors.sdk.writing import Key, Record, Write
from core.http import Request
from core.model import Context


def own_headers(settings: Settings) -> Mapping[str, str]:
    # Only a person's old key that reaches several organizations needs it.
    organization = settings.get("organization")
    return {"OpenAI-Organization": str(organization)} if organization else {}


def _one(method: str, path: str, key: Key, context: Context) -> Request:
    return Request(method=method, path=path, args={"id": key["id"]}, headers=own_headers(context.settings))


def _begin_batch(record: Record, context: Context) -> Request:
    return Request(
        method="POST",
        path="/v1/batches",
        json={"completion_window": "24h", **record},
        headers=own_headers(context.settings),
        repeatable=False,
    )


FILE_WRITE: Final = Write(
    writable=(),
    delete=lambda key, version, context: _one("DELETE", "/v1/files/{id}", key, context),
    read=lambda key, context: _one("GET", "/v1/files/{id}", key, context),
    scopes=("api.files.write",),
)
BATCH_WRITE: Final = Write(
    writable=("input_file_id", "endpoint", "completion_window", "metadata"),
    create=_begin_batch,
    delete=lambda key, version, context: _one("POST", "/v1/batches/{id}/cancel", key, context),
    read=lambda key, context: _one("GET", "/v1/batches/{id}", key, context),
    scopes=("api.batch.write",),
    about="Deleting cancels what still runs.",
)
