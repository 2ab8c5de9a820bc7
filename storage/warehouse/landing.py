"""The landing zone: a folder of segments, each a file that is whole or not there.

A segment tells all that the drain needs, so that whoever holds the warehouse can land it without knowing any
connector. Its first line is a JSON array, the mark and the header; each line after it is a raw record.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core.errors import ConnectorDefect
from core.http import JSON
from core.model import Deletion, State, Table

MARK = "segment"
SUFFIX = ".ndjson"
NO_RECORD = b"null"  # what stands in the file for a record without any text: the drain quarantines it
LOCAL_OWNER = "local"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A deletion and how many records of its segment came before it."""

    deletion: Deletion
    records_before: int


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a segment's records belong and what is known after them.

    `id` sorts by the time of writing. `state` None: the stream's saved state stays as it is. `walk_started`: when the
    walk that is going on began, if it is a full one. `rows` and `size` (bytes) of the lines after the header.
    """

    id: str
    owner: str
    integration: str
    platform: str
    stream: str
    run: str
    table: Table
    fetched_at: datetime
    rows: int
    size: int
    partition: str = ""
    parent: dict[str, Any] | None = None
    state: dict[str, Any] | None = None
    walk_started: datetime | None = None
    ends_walk: bool = False
    deletions: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A waiting segment: its file and its header."""

    path: Path
    header: SegmentHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """What a stream remembers. `walk_started`: a full walk is under way since then; its end sweeps."""

    state: Mapping[str, JSON]
    walk_started: datetime | None = None


_HEADER = msgspec.json.Decoder(tuple[str, SegmentHeader])


class SegmentBroken(Exception):
    """The file is not a whole segment; the text says why."""


def partition_of(parent: Mapping[str, JSON] | None) -> str:
    """The canonical JSON of a parent's columns: which of a stream's walks this is. "" without a parent."""
    return msgspec.json.encode(dict(parent), order="sorted").decode() if parent else ""


def saved_state(header: SegmentHeader) -> SavedState | None:
    """What this segment says the stream remembers; None where it says nothing about it."""
    if header.state is None:
        return None
    return SavedState(state=header.state, walk_started=None if header.ends_walk else header.walk_started)


def read_header(path: Path) -> SegmentHeader:
    """Raises SegmentBroken, and FileNotFoundError where somebody has landed it meanwhile."""
    with path.open("rb") as file:
        line = file.readline()
        size = os.fstat(file.fileno()).st_size
    try:
        mark, header = _HEADER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SegmentBroken(f"the header cannot be read: {error}") from error
    if mark != MARK or size != len(line) + header.size:
        raise SegmentBroken(f"{size} bytes, the header tells of {len(line) + header.size}")
    return header


def _readable(path: Path) -> SegmentHeader | None:
    try:
        return read_header(path)
    except (SegmentBroken, FileNotFoundError):
        return None


def _in_lines(records: Sequence[bytes]) -> bytes:
    """One record a line, each ended by a newline; those that span lines are compacted first."""
    if not records:
        return b""
    body = b"\n".join(records)
    if body.count(b"\n") != len(records) - 1 or not all(map(bytes.strip, records)):
        body = b"\n".join(map(_compact, records))
    return body + b"\n"


def _compact(record: bytes) -> bytes:
    if b"\n" in record:
        try:
            record = msgspec.json.format(record, indent=-1)
        except msgspec.DecodeError:
            record = record.replace(b"\n", b" ")  # not JSON anyway: the drain keeps it in quarantine
    return record if record.strip() else NO_RECORD


class LandingZone:
    """Writes and finds segments. Any number of threads and processes may share the folder."""

    def __init__(self, folder: Path, *, nanoseconds: Callable[[], int] = time.time_ns) -> None:
        self.folder = folder
        self.rejected = folder / "rejected"
        self._nanoseconds = nanoseconds
        self._lock = threading.Lock()
        self._last: int | None = None

    def write(
        self,
        *,
        integration: str,
        run: str,
        table: Table,
        records: Sequence[bytes],
        fetched_at: datetime,
        owner: str = LOCAL_OWNER,
        parent: Mapping[str, JSON] | None = None,
        state: State | None = None,
        walk_started: datetime | None = None,
        ends_walk: bool = False,
        deletions: Sequence[tuple[Deletion, int]] = (),
    ) -> Path:
        """Puts a segment down so that it survives anything from the moment this returns.

        `deletions` come with the number of this segment's records before each. Without records it carries
        state alone. `state` None leaves the saved state as it is. Raises ConnectorDefect for a deletion
        that names a column which the table does not have.
        """
        _check_deletions(table, deletions)
        body = _in_lines(records)
        header = SegmentHeader(
            id=self._next_id(),
            owner=owner,
            integration=integration,
            platform=table.schema,
            stream=table.name,
            run=run,
            table=table,
            fetched_at=fetched_at.astimezone(UTC),
            rows=len(records),
            size=len(body),
            partition=partition_of(parent),
            parent=None if parent is None else dict(parent),
            state=None if state is None else dict(state),
            walk_started=None if walk_started is None else walk_started.astimezone(UTC),
            ends_walk=ends_walk,
            deletions=tuple(Told(deletion=deletion, records_before=before) for deletion, before in deletions),
        )
        path = self.folder / f"{header.id}{SUFFIX}"
        beside = path.with_suffix(".tmp")
        with open(beside, "wb", opener=_private) as file:
            file.write(msgspec.json.encode((MARK, header)))
            file.write(b"\n")
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        _sync_folder(self.folder)
        return path

    def append(
        self, table: Table, rows: Iterable[Mapping[str, Any]], *, at: datetime, owner: str = LOCAL_OWNER, run: str = ""
    ) -> Path | None:
        """Rows of our own (metrics), by the same road. None and no segment where there are none."""
        records = [msgspec.json.encode(row) for row in rows]
        if not records:
            return None
        return self.write(
            owner=owner,
            integration="",
            run=run,
            table=table,
            records=records,
            fetched_at=at,
        )

    def pending(self) -> list[Path]:
        """The files of all waiting segments, in the order they were written."""
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == SUFFIX)
        except FileNotFoundError:
            return []

    def waiting(self) -> list[Segment]:
        """All waiting segments with their headers, in order. What is broken is set aside, and is not among them."""
        found: list[Segment] = []
        for path in self.pending():
            try:
                found.append(Segment(path=path, header=read_header(path)))
            except SegmentBroken as error:
                self.reject(path, str(error))
            except FileNotFoundError:
                continue
        return found

    def left_of(self, integration: str, run: str) -> tuple[int, int]:
        """How many segments of a run over an integration still wait, and how many were set aside, by whomever."""
        waiting = (segment.header for segment in self.waiting())
        aside = map(_readable, self.rejected.glob(f"*{SUFFIX}"))
        mine, gone = (
            sum(header is not None and (header.integration, header.run) == (integration, run) for header in headers)
            for headers in (waiting, aside)
        )
        return mine, gone

    def latest_states(self, integration: str, *, owner: str = LOCAL_OWNER) -> dict[tuple[str, str], SavedState]:
        """By (stream, partition) what waiting segments say that the streams of an integration remember."""
        states: dict[tuple[str, str], SavedState] = {}
        for segment in self.waiting():
            header = segment.header
            state = saved_state(header)
            if state is not None and (header.owner, header.integration) == (owner, integration):
                states[header.stream, header.partition] = state
        return states

    def reject(self, path: Path, reason: str) -> None:
        """Sets a segment aside, with the reason beside it: it blocks no other and can be looked at."""
        self.rejected.mkdir(mode=0o700, exist_ok=True)
        try:
            path.rename(self.rejected / path.name)
        except FileNotFoundError:
            return
        (self.rejected / f"{path.stem}.reason").write_text(reason + "\n", encoding="utf-8")

    def remove_abandoned(self, before: datetime) -> int:
        """Removes what writers that died left half written before that moment. Returns how many files."""
        abandoned = [path for path in self.folder.glob("*.tmp") if path.stat().st_mtime < before.timestamp()]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def _next_id(self) -> str:
        """Time in nanoseconds and some randomness, in hex. Never before what this folder already holds, even
        where the clock of the machine was set back."""
        with self._lock:
            if self._last is None:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                names = self.pending()
                self._last = int(names[-1].name[:16], 16) if names else 0
            self._last = max(self._last + 1, self._nanoseconds())
            return f"{self._last:016x}{secrets.token_hex(4)}"


def _check_deletions(table: Table, deletions: Sequence[tuple[Deletion, int]]) -> None:
    names = {column.name for column in table.columns}
    for deletion, _ in deletions:
        if not deletion.match or not names.issuperset(deletion.match) or (deletion.subtree and len(deletion.match) > 1):
            raise ConnectorDefect(
                f"a deletion in {table.schema}.{table.name} matches {sorted(deletion.match)}, which cannot be matched",
                advice="This is a defect of the connector: please report it.",
            )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
