"""What a sync did, stream by stream: as a report, and as rows of `metrics.syncs`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from core.errors import (
    ComeBackLater,
    ConnectorDefect,
    IntegrationError,
    PlatformUnavailable,
    QuotaExhausted,
)

Outcome = Literal["ok", "partial", "failed", "paused", "quota"]
# What ends the whole integration's sync, not only the stream's.
STOPS_ALL: Final = (ComeBackLater, QuotaExhausted, PlatformUnavailable)


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
        return next((e for e in errors if isinstance(e, STOPS_ALL)), errors[0] if errors else None)

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
