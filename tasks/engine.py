"""The sync engine: reads what is new of an integration's streams into the landing zone.

Streams that others are read for come first and are drained before their children. Pages gather into segments, each
with the state after its last page, so a sync can stop at any instruction and goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from connectors.catalog import connector
from connectors.sdk.base import Connector, Stream
from connectors.sdk.client import Client
from connectors.sdk.driver import walk
from core.errors import (
    ComeBackLater,
    ConnectorDefect,
    CredentialError,
    IntegrationError,
    PlatformUnavailable,
    QuotaExhausted,
    ScopeMissing,
    UsageError,
)
from core.http import JSON
from core.model import EMPTY_STATE, Context
from storage.state.leases import Held
from storage.state.models import Integration
from storage.warehouse.drain import drain
from storage.warehouse.landing import SavedState
from storage.warehouse.metrics import SYNCS
from storage.warehouse.reading import parents, states
from tasks.credentials import open_credential, refresh
from tasks.metrics import CallLog, land_metrics
from tasks.segments import SegmentWriter
from tasks.workspace import Workspace

Outcome = Literal["ok", "partial", "failed", "paused", "quota"]
StreamEnded = Callable[[str], None]
"""Called with a stream's name when it has ended, from several threads."""

STREAMS_AT_ONCE: Final = 4
LEASE_SECONDS: Final = 120.0
_DRAIN_WAIT: Final = 60.0
# What ends the whole integration's sync, not only the stream's.
_STOPS_ALL: Final = (ComeBackLater, QuotaExhausted, PlatformUnavailable)


@dataclass(slots=True, kw_only=True)
class StreamReport:
    """What a sync did to one stream. `error` is None where it reached the end."""

    stream: str
    outcome: Outcome = "ok"
    started_at: datetime
    finished_at: datetime
    pages: int = 0
    rows: int = 0
    deleted: int = 0
    seconds: float = 0.0
    full: bool = False
    error: IntegrationError | None = None


@dataclass(slots=True, kw_only=True)
class SyncReport:
    """What a sync did. `calls` counts attempts; `quarantined` are records that the drain put aside.

    `rejected` are segments that could not be landed at all. `waiting`: the warehouse was in use, so that what was read
    lands later.
    """

    integration: str
    platform: str
    run: str
    streams: list[StreamReport] = field(default_factory=list)
    calls: int = 0
    quarantined: int = 0
    rejected: int = 0
    waiting: bool = False

    @property
    def rows(self) -> int:
        return sum(report.rows for report in self.streams)

    @property
    def error(self) -> IntegrationError | None:
        """The first error, those that stop everything before those of one stream."""
        if self.rejected:
            return ConnectorDefect(
                f"{self.integration}: {self.rejected} segments could not be landed and are kept in landing/rejected",
                advice="Report it with the .reason file beside them. To read them again: "
                f"integrations sync {self.integration} --full",
            )
        errors = [report.error for report in self.streams if report.error is not None]
        return next((e for e in errors if isinstance(e, _STOPS_ALL)), errors[0] if errors else None)

    @property
    def outcome(self) -> Outcome:
        outcomes = {report.outcome for report in self.streams}
        if self.rejected:
            return "failed"
        for stopping in ("quota", "paused"):
            if stopping in outcomes:
                return stopping
        if outcomes <= {"ok"}:
            return "ok"
        return "failed" if outcomes == {"failed"} else "partial"


def sync(
    workspace: Workspace,
    name: str,
    *,
    run: str,
    full: bool = False,
    only: Sequence[str] = (),
    now: datetime | None = None,
    stream_ended: StreamEnded = lambda stream: None,
) -> SyncReport:
    """Syncs one integration: all its streams, or `only` some. `full` reads everything anew; `now` dates the rows.

    Raises Busy where another run works on it, UsageError for what does not exist, CredentialError where the
    credential does not open. What platforms answer is in the report, not raised.
    """
    integration = workspace.scope.integration(name)
    platform = connector(integration.platform)
    wanted = _wanted(platform, integration, only)
    with workspace.leases.held(f"sync:{integration.id}", ttl=LEASE_SECONDS) as lease:
        return _Sync(workspace, integration, platform, run, now, stream_ended, lease).run(wanted, full)


def _wanted(platform: Connector, integration: Integration, only: Sequence[str]) -> tuple[Stream, ...]:
    readable = platform.streams_for(integration.auth_method)
    for stream in only:
        if platform.stream(stream) not in readable:
            raise UsageError(
                f"{integration.name}: the stream {stream} cannot be read with {integration.auth_method}",
                advice=f"Its credential can read: {', '.join(s.name for s in readable)}.",
            )
    return tuple(stream for stream in readable if not only or stream.name in only)


class _Sync:
    """One run over one integration."""

    def __init__(
        self,
        workspace: Workspace,
        integration: Integration,
        platform: Connector,
        run: str,
        now: datetime | None,
        stream_ended: StreamEnded,
        lease: Held,
    ) -> None:
        self._workspace, self._integration, self._platform = workspace, integration, platform
        self._run, self._stream_ended, self._lease = run, stream_ended, lease
        self._time: Callable[[], datetime] = (lambda: now) if now is not None else workspace.clock
        self._calls = CallLog(workspace, integration.name, platform.name, run, now)
        self._stop = threading.Event()

    def run(self, streams: Sequence[Stream], full: bool) -> SyncReport:
        report = SyncReport(integration=self._integration.name, platform=self._platform.name, run=self._run)
        workspace = self._workspace
        try:
            credential = open_credential(workspace, self._integration)
        except IntegrationError as error:
            workspace.scope.record_sync(self._integration.name, self._time(), str(error))
            raise
        with Client(
            self._platform,
            self._integration.name,
            credential,
            settings=self._integration.settings,
            surroundings=workspace.surroundings,
            refresh=lambda stale: refresh(workspace, self._integration, stale),
            on_call=self._calls.note,
        ) as client:
            saved = states(workspace.warehouse, workspace.landing, self._integration.name, owner=workspace.owner)
            roots = [stream for stream in streams if stream.parent is None]
            children = [stream for stream in streams if stream.parent is not None]
            report.streams += self._read_all(roots, client, saved, full)
            if children and not self._stop.is_set():
                self._drain(report)
                report.streams += self._read_all(children, client, saved, full)
        self._calls.finish()
        report.calls = self._calls.count
        rows = [sync_row(report, stream) for stream in report.streams]
        land_metrics(self._workspace, SYNCS, rows, run=self._run, at=self._time())
        self._drain(report)
        self._record(report)
        return report

    def _record(self, report: SyncReport) -> None:
        """Tells the state how it went, for whoever decides when the next sync is."""
        at, scope, error = self._time(), self._workspace.scope, report.error
        scope.record_sync(report.integration, at, None if error is None else str(error))
        if isinstance(error, ComeBackLater):
            scope.pause_until(report.integration, error.at, str(error))
        elif isinstance(error, QuotaExhausted) or (isinstance(error, CredentialError) and not _one_stream(error)):
            scope.update_integration(report.integration, status="attention", status_reason=str(error))

    def _drain(self, report: SyncReport) -> None:
        workspace = self._workspace
        drained = drain(workspace.warehouse, workspace.landing, now=self._time(), wait=_DRAIN_WAIT)
        report.quarantined += drained.quarantined
        report.rejected += drained.rejected
        report.waiting = drained.busy

    def _read_all(
        self, streams: Sequence[Stream], client: Client, saved: Mapping[tuple[str, str], SavedState], full: bool
    ) -> Iterable[StreamReport]:
        if not streams:
            return []
        with ThreadPoolExecutor(min(STREAMS_AT_ONCE, len(streams)), thread_name_prefix="stream") as pool:
            return list(pool.map(lambda stream: self._read(stream, client, saved, full), streams))

    def _read(
        self, stream: Stream, client: Client, saved: Mapping[tuple[str, str], SavedState], full: bool
    ) -> StreamReport:
        started, clock = self._time(), time.perf_counter()
        report = StreamReport(stream=stream.name, started_at=started, finished_at=started, full=full)
        try:
            for parent in self._parents(stream):
                if self._stop.is_set():
                    report.outcome = "partial"
                    break
                self._walk(stream, parent, client, saved, full, report)
        except IntegrationError as error:
            report.error, report.outcome = error, _outcome(error)
            if isinstance(error, _STOPS_ALL) or (isinstance(error, CredentialError) and not _one_stream(error)):
                self._stop.set()
        report.seconds = time.perf_counter() - clock
        report.finished_at = started + timedelta(seconds=report.seconds)
        self._stream_ended(stream.name)
        return report

    def _parents(self, stream: Stream) -> Iterable[Mapping[str, JSON] | None]:
        if stream.parent is None:
            return [None]
        table = self._platform.stream(stream.parent.stream).table(self._platform.name)
        workspace = self._workspace
        return parents(workspace.warehouse, table, self._integration.name, stream.parent.columns, owner=workspace.owner)

    def _walk(
        self,
        stream: Stream,
        parent: Mapping[str, JSON] | None,
        client: Client,
        saved: Mapping[tuple[str, str], SavedState],
        full: bool,
        report: StreamReport,
    ) -> None:
        writer = SegmentWriter(
            self._workspace.landing,
            table=stream.table(self._platform.name),
            owner=self._workspace.owner,
            integration=self._integration.name,
            run=self._run,
            parent=parent,
            time=self._time,
            guard=self._lease.ensure,
        )
        before = saved.get((stream.name, writer.partition))
        resumed = before if before is not None and not full else SavedState(state=EMPTY_STATE, walk_started=None)
        writer.resume(resumed.state, resumed.walk_started)
        report.full = report.full or not resumed.state
        context = Context(now=self._time(), settings=self._integration.settings, parent=parent)
        width = self._platform.rate_limit.concurrency
        try:
            for step in walk(stream, partial(client.send, purpose=stream.name), resumed.state, context, width=width):
                writer.add(step)
                self._calls.brought(step.call, len(step.page.records))
                report.pages += 1
                report.rows += len(step.page.records)
                report.deleted += len(step.page.deleted)
                if self._stop.is_set() and step.page.next is not None:
                    report.outcome = "partial"
                    break
            else:
                writer.ended()
        finally:
            writer.flush()


def sync_row(report: SyncReport, stream: StreamReport) -> dict[str, Any]:
    """A row of `metrics.syncs`."""
    return {
        "started_at": stream.started_at,
        "finished_at": stream.finished_at,
        "integration": report.integration,
        "platform": report.platform,
        "stream": stream.stream,
        "outcome": stream.outcome,
        "pages": stream.pages,
        "rows": stream.rows,
        "deleted": stream.deleted,
        "seconds": stream.seconds,
        "full": stream.full,
        "message": "" if stream.error is None else str(stream.error),
        "run": report.run,
    }


def _one_stream(error: CredentialError) -> bool:
    return isinstance(error, ScopeMissing)


def _outcome(error: IntegrationError) -> Outcome:
    if isinstance(error, QuotaExhausted):
        return "quota"
    return "paused" if isinstance(error, ComeBackLater) else "failed"
