"""The rows of one stream as the warehouse would keep them, by the words of `core.model` alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connectors.sdk.base import Stream
from connectors.sdk.driver import Step
from core.http import JSON
from core.model import EMPTY_STATE, Deletion, State
from tests.columns import reader

Parent = Mapping[str, JSON]
Key = tuple[Any, ...]
_INHERITED: Final = "@parent/"


class Rows:
    """Rows by key, and a state for each parent; pages are taken in order.

    `doubled` are the keys that one walk told twice, with both records. `delivered` are the keys of the latest walks.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.live: dict[Key, dict[str, Any]] = {}
        self.raw: dict[Key, bytes] = {}
        self.doubled: list[tuple[bytes, bytes]] = []
        self.delivered: set[Key] = set()
        self.pages: list[Step] = []
        self.states: dict[str, State] = {}
        sources = {column.name: column.source for column in stream.columns}
        self._inherited = {n: s.removeprefix(_INHERITED) for n, s in sources.items() if s.startswith(_INHERITED)}
        self._readers = {c.name: reader(c) for c in stream.columns if c.name not in self._inherited}
        self._of_parent: dict[str, Any] = dict.fromkeys(self._inherited)
        self._of: dict[Key, str] = {}
        self._parent: Parent | None = None
        self._seen: set[Key] = set()
        self._full = False

    def state(self, parent: Parent | None) -> State:
        return self.states.get(_name(parent), EMPTY_STATE)

    def begin(self, parent: Parent | None) -> None:
        """A walk for this parent begins."""
        self._parent, self._seen, self._full = parent, set(), False
        self._of_parent = {name: (parent or {}).get(source) for name, source in self._inherited.items()}

    def take(self, step: Step, now: datetime) -> None:
        if step.begins:
            self._seen, self._full = set(), True
        self.pages.append(step)
        page = step.page
        places = list(page.deleted_at) or [len(page.records)] * len(page.deleted)
        assert len(places) == len(page.deleted), "each deletion has its place"
        due = sorted(zip(places, range(len(places)), strict=True))
        for number, record in enumerate(page.records):
            while due and due[0][0] <= number:
                self._delete(page.deleted[due.pop(0)[1]])
            self._upsert(record, now)
        for _, place in due:
            self._delete(page.deleted[place])
        self.states[_name(self._parent)] = page.state
        if page.next is None and self._full and self.stream.sweep and page.whole:
            for key in [k for k, of in self._of.items() if of == _name(self._parent) and k not in self._seen]:
                self._remove(key)

    def parents(self, columns: Sequence[str]) -> list[Parent]:
        """What the stream's children need of each live row."""
        return [{name: row[name] for name in columns} for row in self.live.values()]

    def keep_only(self, parents: Sequence[Parent | None]) -> None:
        """Rows of a parent that is gone are out of sight."""
        names = {_name(parent) for parent in parents}
        for key in [k for k, of in self._of.items() if of not in names]:
            self._remove(key)

    def _upsert(self, record: bytes, now: datetime) -> None:
        row = self.row(record)
        key: Key = tuple(row[name] for name in self.stream.key)
        if self.stream.mode == "snapshot":
            key = (*key, now.date())
        if key in self._seen:
            self.doubled.append((self.raw.get(key, b""), record))
        self._seen.add(key)
        self.delivered.add(key)
        self.live[key], self.raw[key], self._of[key] = row, record, _name(self._parent)

    def row(self, record: bytes) -> dict[str, Any]:
        """The typed values of all columns, those of the parent too."""
        decoded = json.loads(record)
        return self._of_parent | {name: read(decoded) for name, read in self._readers.items()}

    def _delete(self, deletion: Deletion) -> None:
        def gone(row: Mapping[str, Any]) -> bool:
            fits = {name: _text(row[name]) for name in deletion.match}
            if fits == dict(deletion.match):
                return True
            return deletion.subtree and all(fits[n].startswith(f"{v}/") for n, v in deletion.match.items())

        for key in [k for k, row in self.live.items() if gone(row)]:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        del self.live[key], self.raw[key], self._of[key]


def _text(value: Any) -> str:
    return str(int(value.timestamp())) if isinstance(value, datetime) else str(value)


def _name(parent: Parent | None) -> str:
    return repr(sorted((parent or {}).items()))
