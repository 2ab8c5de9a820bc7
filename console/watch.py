"""`integrations check` and `integrations scan`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.text import Text

from console.render import ago, mark, table
from console.work import note, show, workspace, write_json
from core.errors import IntegrationError

if TYPE_CHECKING:
    from prefect.flows import Flow

    from storage.state.models import FindingNow, HealthNow
    from tasks.workspace import Workspace

_GRAVE: Final = ("critical", "high")
_SEVERITIES: Final = ("critical", "high", "medium", "low", "info")


def check_now(name: str | None, as_json: bool) -> None:
    """Runs the flow check-health and shows what every check says now."""
    with workspace() as place:
        names = _subjects(place, name)
        _run(place, "check-health", _check_flow, {"integration": name}, "Checking health")
        readings = [reading for reading in place.scope.health(name) if reading.integration in names]
        now = place.clock()
    by_name: dict[str, list[HealthNow]] = {one: [] for one in names}
    for reading in readings:
        by_name[reading.integration].append(reading)
    overall = {one: worst(reading.status for reading in found) for one, found in by_name.items()}
    if as_json:
        write_json(
            [
                {
                    "integration": one,
                    "status": overall[one],
                    "checks": [reading.model_dump(exclude={"owner", "integration"}) for reading in found],
                }
                for one, found in by_name.items()
            ]
        )
    else:
        rows = [
            (Text(r.integration, style="bold"), r.check_name, mark(r.status), r.message, ago(r.at, now))
            for r in readings
        ]
        show(table(("integration", "check", "status", "what it saw", "when"), rows))
        healthy = sum(status == "healthy" for status in overall.values())
        note(f"{'✓' if healthy == len(names) else '✗'} {healthy} of {len(names)} healthy.")
    raise typer.Exit(0 if set(overall.values()) <= {"healthy"} else 1)


def worst(statuses: Any) -> str:
    """The status of an integration from those of its checks; unknown where there are none."""
    found = set(statuses)
    return next((status for status in ("unhealthy", "degraded", "healthy") if status in found), "unknown")


def scan_now(name: str | None, as_json: bool) -> None:
    """Runs the flow scan-security and shows what is open."""
    with workspace() as place:
        _subjects(place, name)
        _run(place, "scan-security", _scan_flow, {"integration": name}, "Looking for weaknesses")
        found = sorted(place.scope.findings(name=name), key=lambda finding: _rank(finding.severity))
        now = place.clock()
    if as_json:
        write_json([finding.model_dump(exclude={"owner", "id", "resolved_at"}) for finding in found])
    elif found:
        rows = [
            (
                mark(f.severity),
                Text(f.integration or "installation", style="bold"),
                _told(f),
                f.remedy,
                ago(f.first_seen, now),
            )
            for f in found
        ]
        show(table(("severity", "where", "finding", "what to do", "since"), rows))
    else:
        note("✓ Nothing found.")
    raise typer.Exit(1 if any(finding.severity in _GRAVE for finding in found) else 0)


def _told(finding: FindingNow) -> str:
    return f"{finding.title}: {finding.detail}" if finding.detail else finding.title


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _subjects(place: Workspace, name: str | None) -> list[str]:
    if name is not None:
        return [place.scope.integration(name).name]
    return [row.name for row in place.scope.integrations() if row.status != "paused"]


def _run(place: Workspace, flow: str, imported: Any, parameters: Mapping[str, Any], doing: str) -> None:
    """Runs the flow to its end. Raises what it says where it failed."""
    from console.prefect_server import use_server

    with use_server(place.home, meanwhile=imported) as server:
        from console.runs import follow, hand_over, progress, run_here, served

        with progress(doing) as say:
            if server.kind != "temporary" and served(flow):
                (ended,) = follow([hand_over(flow, parameters)], say)
            else:
                (ended,) = run_here(imported, [parameters], say)
    if not ended.good:
        raise IntegrationError(f"{doing.lower()} failed: {ended.message}", advice="The run's log in Prefect says more.")


def _check_flow() -> Flow[Any, Any]:
    from flows.watch import check_health

    return check_health


def _scan_flow() -> Flow[Any, Any]:
    from flows.watch import scan_security

    return scan_security
