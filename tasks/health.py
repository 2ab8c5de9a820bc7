"""Checks an integration's health: asks the platform who the credential belongs to, and judges what that tells.

A probe that fails is no failure of the check: it is what the check found.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.catalog import connector
from connectors.sdk.base import Connector
from connectors.sdk.calls import CallRecord
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import refreshable
from core.classify import Disposition
from core.errors import IntegrationError
from core.health import HealthReading, Probe, circuit, credential, freshness, latency, overall, reachability
from core.pacing import Breaker, Breakers
from storage.baselines import usual_latency
from storage.state.models import Integration
from storage.warehouse.drain import drain
from storage.warehouse.metrics import HEALTH_CHECKS
from tasks.credentials import open_credential, refresh
from tasks.metrics import CallLog, land_metrics
from tasks.workspace import Workspace

__all__ = ["check", "overall"]

PURPOSE: Final = "probe"
USUAL_PERIOD: Final = timedelta(days=7)
_FAILED: Final = frozenset({"no reply", Disposition.RETRY.value})


def check(workspace: Workspace, name: str, *, run: str, now: datetime | None = None) -> list[HealthReading]:
    """The readings of one integration, saved as its health and landed as history; `now` dates them.

    Where the circuit is open the probe goes out all the same: a check is the trial that closes it, or keeps it open
    longer, and the reading of the circuit says which. Raises UsageError where there is no such integration.
    """
    integration = workspace.scope.integration(name)
    platform = connector(integration.platform)
    at = now or workspace.clock()
    usual = usual_latency(
        workspace.warehouse, owner=workspace.owner, integration=name, purpose=PURPOSE, since=at - USUAL_PERIOD
    )
    probe, opened = _probe(workspace, integration, platform, run, now)
    interval = timedelta(minutes=integration.schedule_minutes) if integration.schedule_minutes else None
    readings = [
        reachability(platform.title, probe),
        credential(
            probe,
            expires_at=opened.expires_at if opened else None,
            refreshable=opened is not None and refreshable(platform.method(opened.method), opened),
            now=at,
        ),
        latency(probe.ms, usual_ms=usual),
        freshness(integration.last_success_at, interval=interval, now=at, paused=integration.status == "paused"),
        circuit(workspace.surroundings.breakers.load(name), workspace.surroundings.clock()),
    ]
    workspace.scope.save_health(name, readings, at)
    land_metrics(
        workspace, HEALTH_CHECKS, [_row(integration, reading, run, at) for reading in readings], run=run, at=at
    )
    drain(workspace.warehouse, workspace.landing, now=at)
    return readings


def _probe(
    workspace: Workspace, integration: Integration, platform: Connector, run: str, now: datetime | None
) -> tuple[Probe, Credential | None]:
    """What came of the probe, and the credential it was made with as far as it opened."""
    calls: list[CallRecord] = []
    log = CallLog(workspace, integration.name, platform.name, run, now)

    def note(record: CallRecord) -> None:
        calls.append(record)
        log.note(record)

    opened: Credential | None = None
    error: IntegrationError | None = None

    def renew(stale: Credential) -> Credential:
        nonlocal opened
        opened = refresh(workspace, integration, stale)
        return opened

    try:
        opened = open_credential(workspace, integration)
        with Client(
            platform,
            integration.name,
            opened,
            settings=integration.settings,
            surroundings=_for_a_trial(workspace.surroundings),
            refresh=renew,
            on_call=note,
        ) as client:
            client.send(platform.probe(opened.method, integration.settings), purpose=PURPOSE)
    except IntegrationError as failure:
        error = failure
    finally:
        log.finish()
    return Probe(error=error, ms=_answered_in(calls), attempts=_attempts(calls)), opened


def _answered_in(calls: list[CallRecord]) -> float | None:
    return next((call.ms for call in reversed(calls) if call.status), None)


def _attempts(calls: list[CallRecord]) -> int:
    """Those that failed and the one that did not; a call answered 401 and sent again with a new token is no failure."""
    failed = sum(call.disposition in _FAILED for call in calls)
    return failed + (len(calls) > failed)


def _for_a_trial(surroundings: Surroundings) -> Surroundings:
    return replace(surroundings, breakers=_HalfOpen(surroundings.breakers))


class _HalfOpen(Breakers):
    """The breakers as they are, except that an open one lets this one trial through. Its outcome is kept."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def load(self, integration: str) -> Breaker:
        return replace(self._breakers.load(integration), open_until=0.0)

    def save(self, integration: str, breaker: Breaker) -> None:
        self._breakers.save(integration, breaker)


def _row(integration: Integration, reading: HealthReading, run: str, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "integration": integration.name,
        "platform": integration.platform,
        "check_name": reading.check_name,
        "status": reading.status,
        "value": reading.value,
        "unit": reading.unit,
        "message": reading.message,
        "run": run,
    }
