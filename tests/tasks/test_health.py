"""Health checks against the sandbox: what is found is told, saved and landed, and never raised."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import UsageError
from core.health import HealthReading
from core.pacing import Breaker
from sandbox.faults import Fault
from sandbox.sandbox import Sandbox
from storage.audit import audit_trail
from storage.baselines import FEWEST_CALLS, usual_latency
from storage.warehouse.drain import drain
from storage.warehouse.metrics import API_CALLS
from tasks.health import check, overall
from tasks.metrics import land_metrics
from tasks.workspace import Workspace
from tests.tasks.connected import connect_by_consent

PROBE = "*/account-info/*"


def checked(workspace: Workspace, name: str = "hubspot") -> dict[str, HealthReading]:
    return {reading.check_name: reading for reading in check(workspace, name, run="a run")}


def statuses(readings: dict[str, HealthReading]) -> dict[str, str]:
    return {name: reading.status for name, reading in readings.items()}


def test_a_fresh_connection_is_healthy_and_was_never_synced(workspace: Workspace) -> None:
    readings = checked(workspace)
    assert statuses(readings) == {
        "reachability": "healthy",
        "credential": "healthy",
        "latency": "healthy",
        "freshness": "unknown",
        "circuit": "healthy",
    }
    assert overall(readings.values()) == "healthy"


def test_readings_are_saved_as_the_latest_and_land_as_history(workspace: Workspace) -> None:
    first = checked(workspace)
    workspace.scope.record_sync("hubspot", workspace.clock())
    second = checked(workspace)
    saved = {row.check_name: row.status for row in workspace.scope.health("hubspot")}
    assert saved == statuses(second)
    with workspace.warehouse.reading() as connection:
        checks = connection.execute(
            "SELECT check_name, status FROM metrics.health_checks WHERE run = 'a run' AND integration = 'hubspot'"
        ).fetchall()
        calls = connection.execute("SELECT disposition FROM metrics.api_calls WHERE stream = 'probe'").fetchall()
    assert sorted(checks) == sorted([*statuses(first).items(), *statuses(second).items()])
    assert calls == [("ok",), ("ok",)]


@pytest.mark.parametrize(
    ("kind", "args", "expected"),
    [
        ("status", {"status": 503}, {"reachability": "unhealthy", "credential": "unknown", "latency": "healthy"}),
        ("refuse", {}, {"reachability": "unhealthy", "credential": "unknown", "latency": "unknown"}),
        ("revoke", {}, {"reachability": "healthy", "credential": "unhealthy", "latency": "healthy"}),
        ("bare", {"status": 403}, {"reachability": "healthy", "credential": "degraded"}),
        ("status", {"status": 404}, {"reachability": "degraded", "credential": "unknown"}),
        ("rate_limited", {"retry_after": 900}, {"reachability": "degraded", "credential": "unknown"}),
    ],
)
def test_a_failed_probe_is_the_reading(
    workspace: Workspace, sandbox: Sandbox, kind: str, args: dict[str, int], expected: dict[str, str]
) -> None:
    sandbox.plan(Fault(match=PROBE, kind=kind, args=args, times=0))
    readings = checked(workspace)
    assert statuses(readings).items() >= expected.items()
    assert all(reading.message for reading in readings.values())


def test_a_platform_that_answers_at_the_third_attempt_is_degraded(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=PROBE, kind="status", args={"status": 503}, times=2))
    reading = checked(workspace)["reachability"]
    assert (reading.status, reading.value) == ("degraded", 3.0)


def test_a_check_is_the_trial_that_closes_an_open_circuit(workspace: Workspace, sandbox: Sandbox) -> None:
    breakers, now = workspace.surroundings.breakers, sandbox.now().timestamp()
    breakers.save("hubspot", Breaker(failures=5, openings=1, open_until=now + 1800))
    sandbox.plan(Fault(match=PROBE, kind="refuse", times=5))
    still_down = checked(workspace)
    assert still_down["circuit"].status == "unhealthy"
    assert breakers.load("hubspot").openings == 2
    back = checked(workspace)
    assert back["reachability"].status == "healthy"
    assert back["circuit"].status == "healthy"


def test_a_seal_that_does_not_open_is_told_and_nothing_is_sent(workspace: Workspace, sandbox: Sandbox) -> None:
    workspace.vault.remove("hubspot")
    before = len(sandbox.calls)
    readings = checked(workspace)
    assert statuses(readings).items() >= {"reachability": "unknown", "credential": "unhealthy"}.items()
    assert len(sandbox.calls) == before


def test_a_token_that_expired_is_renewed_and_healthy(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_by_consent(empty_workspace, sandbox, "hubspot", "crm")
    sandbox.plan(Fault(match=PROBE, kind="expire_token"))
    readings = checked(empty_workspace, "crm")
    assert statuses(readings).items() >= {"reachability": "healthy", "credential": "healthy"}.items()
    assert "refreshed" in [line.action for line in audit_trail(empty_workspace.scope, integration="crm")]


def test_being_late_is_seen(workspace: Workspace, sandbox: Sandbox) -> None:
    workspace.scope.record_sync("hubspot", workspace.clock())
    assert checked(workspace)["freshness"].status == "healthy"
    sandbox.advance(hours=3)
    assert checked(workspace)["freshness"].status == "degraded"
    sandbox.advance(hours=3)
    assert checked(workspace)["freshness"].status == "unhealthy"


def test_what_is_usual_is_the_median_of_enough_good_probes(workspace: Workspace) -> None:
    at = workspace.clock()
    call: dict[str, object] = {"at": at, "integration": "hubspot", "stream": "probe", "disposition": "ok"}

    def usual() -> float | None:
        return usual_latency(
            workspace.warehouse,
            owner=workspace.owner,
            integration="hubspot",
            purpose="probe",
            since=at - timedelta(days=1),
        )

    assert usual() is None
    land_metrics(workspace, API_CALLS, [call | {"ms": 100.0}] * (FEWEST_CALLS - 1), run="r", at=at)
    drain(workspace.warehouse, workspace.landing, now=at)
    assert usual() is None
    others: list[dict[str, object]] = [
        {"ms": 300.0},
        {"ms": 9000.0, "disposition": "retry"},
        {"ms": 9000.0, "integration": "other"},
    ]
    land_metrics(workspace, API_CALLS, [call | other for other in others], run="r", at=at)
    drain(workspace.warehouse, workspace.landing, now=at)
    assert usual() == 100.0


def test_no_reading_holds_the_credential(workspace: Workspace, sandbox: Sandbox, tmp_path: Path) -> None:
    secret = workspace.vault.get("hubspot", "hubspot").values["token"].reveal()
    sandbox.plan(Fault(match=PROBE, kind="revoke"))
    assert secret not in str(checked(workspace))
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()


def test_what_is_not_connected_cannot_be_checked(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="there is no integration hubspoot"):
        check(workspace, "hubspoot", run="r")
