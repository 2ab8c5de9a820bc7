"""How single records of a stream are written: pure builders of requests, with the platform's concurrency control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from core.http import JSON, Request, Response
from core.model import Column, Context

Record: TypeAlias = Mapping[str, JSON]
"""Values by column name."""

Key: TypeAlias = Mapping[str, str]
"""The columns that name one row, as text."""

Control: TypeAlias = Literal["revision", "etag", "unmodified since", "compare", "none"]
"""What keeps a write from undoing somebody else's: the platform refuses when the revision, entity tag or time it is
told is not the current one; or it does not, and one compares before writing; or nothing can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What can be done to one record of a stream; None for what the platform does not have.

    `create(record, context)`, `update(key, changes, version, context)`, `delete(key, version, context)` build the
    request; `version` is what `version_of` read last (None: unknown). `read(key, context)` asks for the one record,
    as a conflict check needs it, and `record_of(response)` cuts it out as raw JSON (None: there is none).
    `created(response)` is the key that a create answered. `upsert`: columns by which a create finds an existing record
    and changes it. `writable` are the columns that may be written. `control`: see Control. A request whose repetition
    does something else than once is not `repeatable`. `complete(record, changes)` are the changes with whatever an
    update must repeat of the record as it was read, because the platform replaces as a whole what it is told.
    `reserve(count)` asks for ids that `reserved(response)` lists: a create that carries one can be repeated.
    """

    writable: tuple[str, ...]
    create: Callable[[Record, Context], Request] | None = None
    update: Callable[[Key, Record, str | None, Context], Request] | None = None
    delete: Callable[[Key, str | None, Context], Request] | None = None
    read: Callable[[Key, Context], Request] | None = None
    record_of: Callable[[Response], bytes | None] = lambda response: response.raw("")
    created: Callable[[Response], Key] = lambda response: {"id": str(response.get("id"))}
    version_of: Callable[[Response], str | None] = lambda response: None
    complete: Callable[[bytes, Record], Record] = lambda record, changes: changes
    control: Control = "none"
    upsert: tuple[str, ...] = ()
    reserve: Callable[[int], Request] | None = None
    reserved: Callable[[Response], Sequence[str]] = lambda response: ()
    scopes: tuple[str, ...] = ()
    about: str = ""


def body_of(columns: Sequence[Column], record: Record, *, under: str = "") -> dict[str, Any]:
    """A record by column name as the JSON object that the columns' paths describe, below `under` where given.

    Raises KeyError for a column that is not there.
    """
    paths = {column.name: column.source for column in columns}
    body: dict[str, Any] = {}
    for name, value in record.items():
        *way, last = paths[name].removeprefix(f"{under}/" if under else "").split("/")
        place = body
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return body
