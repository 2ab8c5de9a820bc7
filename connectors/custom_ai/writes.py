"""What can be written at an Ollama server: models are pulled and deleted, by name, as often as one likes.

https://github.com/ollama/ollama/blob/main/docs/api.md; the interface that all servers share has nothing to write.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.writing import Key, Record, Write
from core.http import Request
from core.model import Context


def _native(method: str, what: str, name: object, context: Context) -> Request:
    body = {"model": str(name)} | ({"stream": False} if what == "pull" else {})
    return Request(method=method, path=f"{context.settings.get('root', '')}/api/{what}", json={**body})


def _pull(record: Record, context: Context) -> Request:
    return _native("POST", "pull", record["name"], context)


def _delete(key: Key, version: str | None, context: Context) -> Request:
    return _native("DELETE", "delete", key["name"], context)


OLLAMA_WRITE: Final = Write(
    writable=("name",),
    create=_pull,
    delete=_delete,
    read=lambda key, context: _native("POST", "show", key["name"], context),
    created=lambda response: {},
    upsert=("name",),
    about="Creating pulls the model of that name, which is its key.",
)
