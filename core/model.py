"""What a stream reads and remembers: records, pages, state, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypeAlias

from core.http import JSON, Request

State: TypeAlias = Mapping[str, JSON]
"""What to save if we stop now. Opaque to all but its stream. Empty means: never begun, or a walk that
always reads everything has ended; a walk begun from empty state is a full walk."""

EMPTY_STATE: State = MappingProxyType({})

Mode: TypeAlias = Literal["upsert", "snapshot", "append"]
ColumnType: TypeAlias = Literal[
    "text", "integer", "number", "boolean", "timestamp", "epoch", "epoch_ms", "date", "json"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a stream may know besides its state.

    `now` has a time zone. `settings` are the integration's own (chosen by the person, or learnt by
    `discover`). `parent` holds the columns of the parent row this walk is for, where the stream has a parent.
    """

    now: datetime
    settings: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))
    parent: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The platform told that rows are gone: those whose columns equal `match`.

    With `subtree`, also those whose (single) matched text column begins with the value and a slash, for
    platforms whose deletion of a folder implies what was in it.
    """

    match: Mapping[str, str]
    subtree: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one reply meant. The walk ends where `next` is None, never at an empty page.

    `records` and `deleted` are in the order told; deletions count as coming after the records of their
    page unless `deleted_at` gives, for each, the number of records before it. `whole` is False on the last page of a
    walk that may not have been shown everything: what a full walk did not see then is not gone.
    """

    records: Sequence[bytes]
    state: State
    next: Request | None = None
    deleted: Sequence[Deletion] = ()
    deleted_at: Sequence[int] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One typed column of a landed row, and the checks on it.

    `path` steps through the record (`properties/email`, default: the name). A path that begins with
    `@parent/` is read from the parent row's columns instead. Types: `timestamp` is ISO 8601 text, `epoch`
    and `epoch_ms` are numbers since 1970; all three land as TIMESTAMP in UTC. `json` keeps the value's JSON.
    Empty text is null in every type but `text` and `json` (several platforms send "" for "no value").
    `required`: null sends the record to quarantine, as does a value of the wrong type, outside
    `minimum`..`maximum`, not matching `pattern` (whole value) or not among `choices`.
    """

    name: str
    type: ColumnType = "text"
    path: str = ""
    required: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    about: str = ""

    @property
    def source(self) -> str:
        """The path this column is read from."""
        return self.path or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where records land, told without knowing any connector: `<schema>.<name>` in the warehouse.

    `key` names the columns that identify a row within one integration (and, for streams with a parent,
    within whatever the key says: a parent's id belongs into it where the record's own id is not enough).
    Modes: `upsert` keeps one row per key; `snapshot` one per key and UTC day; `append` every record.
    `sweep`: a full walk sees every live row, so rows it did not see are tombstoned when it ends.
    `keep_raw`: the whole record stays beside the typed columns.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    mode: Mode = "upsert"
    sweep: bool = False
    keep_raw: bool = True
