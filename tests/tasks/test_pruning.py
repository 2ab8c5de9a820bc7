"""Pruning forgets history by age, and nothing that is live."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import UsageError
from sandbox.sandbox import Sandbox
from storage.audit import audit_trail
from storage.warehouse.metrics import HEALTH_CHECKS
from tasks.health import check
from tasks.metrics import land_metrics
from tasks.pruning import prune
from tasks.workspace import Workspace


def history(workspace: Workspace) -> int:
    with workspace.warehouse.reading() as connection:
        row = connection.execute("SELECT count(*) FROM metrics.health_checks").fetchone()
    assert row is not None
    return int(row[0])


def test_what_is_older_than_asked_goes_and_what_is_younger_stays(workspace: Workspace, sandbox: Sandbox) -> None:
    early = len(check(workspace, "hubspot", run="early"))
    sandbox.advance(days=40)
    late = len(check(workspace, "hubspot", run="late"))
    assert prune(workspace, keep_days=90, now=workspace.clock())["metrics"] == 0
    assert history(workspace) == early + late
    gone = prune(workspace, keep_days=30, now=workspace.clock())
    assert gone["metrics"] == early + 1  # and the call of the probe
    assert history(workspace) == late
    assert gone["audit"] > 0
    assert all(line.at > workspace.clock() - timedelta(days=30) for line in audit_trail(workspace.scope, limit=1000))


def test_what_waits_in_the_landing_zone_is_landed_first(workspace: Workspace, sandbox: Sandbox) -> None:
    row = {"at": workspace.clock(), "integration": "hubspot", "check_name": "latency", "status": "healthy"}
    land_metrics(workspace, HEALTH_CHECKS, [row], run="r", at=workspace.clock())
    prune(workspace, keep_days=1, now=workspace.clock())
    assert history(workspace) == 1
    assert workspace.landing.pending() == []


def test_history_is_kept_for_a_day_at_least(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="cannot be kept"):
        prune(workspace, keep_days=0, now=workspace.clock())
