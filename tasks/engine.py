"""The sync engine: reads what is new of an integration's streams into the landing zone.

Streams that others are read for come first and are drained before their children. Pages gather into segments, each
with the state after its last page, so a sync can stop at any instruction and goes on from there.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from connectors.catalog import connector
from connectors.sdk.base import Connector, Stream
from connectors.sdk.client import Client
from connectors.sdk.credential import Credential
from connectors.sdk.driver import walk
from core.errors import (
    BadReply,
    Busy,
    ComeBackLater,
    CredentialError,
    IntegrationError,
    QuotaExhausted,
    RequestRefused,
    ScopeMissing,
    UsageError,
)
from core.http import JSON
from core.model import EMPTY_STATE, Context
from storage.state.leases import Held
from storage.state.models import Integration
from storage.warehouse.landing import SavedState, partition_of
from storage.warehouse.metrics import SYNCS
from storage.warehouse.reading import parents
from tasks.credentials import open_credential, refresh
from tasks.draining import Draining
from tasks.metrics import CallLog, land_metrics
from tasks.reports import STOPS_ALL, Outcome, StreamReport, SyncReport, sync_row
from tasks.segments import SegmentWriter
from tasks.workspace import Workspace

StreamEnded = Callable[[str], None]
"""Called with a stream's name when it has ended, from several threads."""

STREAMS_AT_ONCE: Final = 4
LEASE_SECONDS: Final = 120.0
_DRAIN_WAIT: Final = 60.0
# What may concern one parent row and leaves its siblings readable: they come in a stable order, so whatever ended
# the stream at one of them would keep those behind it from ever being read.
_OF_ONE_PARENT: Final = (BadReply, RequestRefused)


def sync(
    workspace: Workspace,
    name: str,
    *,
    run: str,
    full: bool = False,
    only: Sequence[str] = (),
    now: datetime | None = None,
    stream_ended: StreamEnded = lambda stream: None,
    wait: float = 0.0,
) -> SyncReport:
    """Syncs one integration: all its streams, or `only` some. `full` reads everything anew; `now` dates the rows.

    Raises LeaseTaken where another run works on it and still does after `wait` seconds, UsageError for what does not
    exist, CredentialError where the credential does not open. What platforms answer is in the report, not raised.
    """
    workspace.scope.integration(name)  # nobody waits for what does not exist
    with workspace.leases.held(sync_lease(name), ttl=LEASE_SECONDS, wait=wait) as lease:
        integration = workspace.scope.integration(name)
        platform = connector(integration.platform)
        wanted = _wanted(platform, integration, only)
        return _Sync(workspace, integration, platform, run, now, stream_ended, lease).run(wanted, full)


def sync_lease(name: str) -> str:
    """The lease of whoever works on what an integration has read. By name, as its rows and states are."""
    return f"the sync of {name}"


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
        self._draining = Draining(workspace.warehouse, workspace.landing, self._time)
        self._stop = threading.Event()

    def run(self, streams: Sequence[Stream], full: bool) -> SyncReport:
        report = SyncReport(integration=self._integration.name, platform=self._platform.name, run=self._run)
        workspace = self._workspace
        with (
            self._draining,
            Client(
                self._platform,
                self._integration.name,
                self._credential(),
                settings=self._integration.settings,
                surroundings=workspace.surroundings,
                refresh=lambda stale: refresh(workspace, self._integration, stale),
                on_call=self._calls.note,
            ) as client,
        ):
            saved = self._draining.states(self._integration.name, owner=workspace.owner)
            roots = [stream for stream in streams if stream.parent is None]
            children = [stream for stream in streams if stream.parent is not None]
            report.streams += self._read_all(roots, client, saved, full)
            if children and not self._stop.is_set():
                self._draining.land(_DRAIN_WAIT)
                report.streams += self._read_all(children, client, saved, full)
            self._calls.finish()
            report.calls = self._calls.count
            rows = [sync_row(report, stream) for stream in report.streams]
            land_metrics(workspace, SYNCS, rows, run=self._run, at=self._time())
            self._draining.land(_DRAIN_WAIT)
        # Whoever holds the warehouse lands everybody's segments: what is told here is about one's own.
        waiting, report.rejected = workspace.landing.left_of(self._integration.name, self._run)
        report.waiting = waiting > 0
        tables = {stream.table(self._platform.name) for stream in streams}
        report.quarantined = self._draining.report.quarantined_of(f"{one.schema}.{one.name}" for one in tables)
        self._record(report.error)
        return report

    def _credential(self) -> Credential:
        try:
            return open_credential(self._workspace, self._integration)
        except IntegrationError as error:
            self._record(error)
            raise

    def _record(self, error: IntegrationError | None) -> None:
        """Tells the state how it went, for whoever decides when the next sync is.

        A run that found the way taken (the lease lost, the warehouse in use) tells nothing: it stays due.
        """
        if isinstance(error, Busy):
            return
        name, scope = self._integration.name, self._workspace.scope
        scope.record_sync(name, self._time(), None if error is None else str(error))
        if isinstance(error, ComeBackLater):
            scope.pause_until(name, error.at, str(error))
        elif isinstance(error, QuotaExhausted) or (isinstance(error, CredentialError) and not _one_stream(error)):
            scope.update_integration(name, status="attention", status_reason=str(error))

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
                try:
                    self._walk(stream, parent, client, saved, full, report)
                except _OF_ONE_PARENT as error:
                    self._failed(report, error)
        except IntegrationError as error:
            self._failed(report, error)
        except Exception as error:  # noqa: BLE001 - what breaks one stream must not take the others along
            self._failed(report, _broke_off(self._integration.name, stream.name, error))
        report.seconds = time.perf_counter() - clock
        report.finished_at = started + timedelta(seconds=report.seconds)
        self._stream_ended(stream.name)
        return report

    def _failed(self, report: StreamReport, error: IntegrationError) -> None:
        """The first error is the one that is told; one that concerns all streams stops them."""
        stops = isinstance(error, STOPS_ALL) or (isinstance(error, CredentialError) and not _one_stream(error))
        if report.error is None or stops:
            report.error, report.outcome = error, _outcome(error)
        if stops:
            self._stop.set()

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
        before = saved.get((stream.name, partition_of(parent)))
        writer = SegmentWriter(
            self._workspace.landing,
            table=stream.table(self._platform.name),
            owner=self._workspace.owner,
            integration=self._integration.name,
            run=self._run,
            parent=parent,
            time=self._time,
            guard=self._lease.ensure,
            written=partial(self._draining.written, new=before is None),
        )
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


def _one_stream(error: CredentialError) -> bool:
    return isinstance(error, ScopeMissing)


def _broke_off(integration: str, stream: str, error: Exception) -> IntegrationError:
    """An error that nobody foresaw, as a sentence: where, and of which type, without values that it may quote."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = str(error) if isinstance(error, OSError) else f"{type(error).__name__} in {Path(frame.filename).name}"
    told = IntegrationError(
        f"{integration}: reading {stream} broke off: {what}, line {frame.lineno}",
        advice="What was read until then is kept. If it stays so, please report it.",
    )
    told.__cause__ = error
    return told


def _outcome(error: IntegrationError) -> Outcome:
    if isinstance(error, QuotaExhausted):
        return "quota"
    return "paused" if isinstance(error, ComeBackLater) else "failed"
