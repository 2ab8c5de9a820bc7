"""Reports as plain values, for flow results, artifacts and `--json`."""

from __future__ import annotations

from typing import Any

from tasks.reports import SyncReport


def sync_summary(report: SyncReport) -> dict[str, Any]:
    """A sync's report: `outcome` ok, partial, failed, paused or quota; per stream the same with counts and seconds."""
    error = report.error
    return {
        "integration": report.integration,
        "platform": report.platform,
        "run": report.run,
        "outcome": report.outcome,
        "rows": report.rows,
        "calls": report.calls,
        "quarantined": report.quarantined,
        "waiting": report.waiting,
        "error": "" if error is None else str(error),
        "advice": "" if error is None else error.advice,
        "exit_code": 0 if error is None else error.exit_code,
        "streams": [
            {
                "stream": stream.stream,
                "outcome": stream.outcome,
                "full": stream.full,
                "rows": stream.rows,
                "deleted": stream.deleted,
                "pages": stream.pages,
                "seconds": round(stream.seconds, 3),
                "message": "" if stream.error is None else str(stream.error),
            }
            for stream in report.streams
        ],
    }
