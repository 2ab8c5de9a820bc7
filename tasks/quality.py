"""Checks the quality of what landed lately: the suites of `storage.quality` over every connected platform's streams."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.catalog import connector
from storage.quality import QualityResult, check_tables
from storage.state.models import Integration
from storage.warehouse.drain import drain
from storage.warehouse.metrics import QUALITY_RESULTS
from tasks.metrics import land_metrics
from tasks.workspace import Workspace


def check_quality(
    workspace: Workspace,
    *,
    platforms: Collection[str] | None = None,
    since: datetime,
    run: str,
    now: datetime | None = None,
) -> list[QualityResult]:
    """The results over rows seen at or after `since`, of all connected platforms or only some; landed as history.

    Raises Busy where the warehouse is not free, UsageError for a platform that does not exist.
    """
    at = now or workspace.clock()
    integrations = [
        integration
        for integration in workspace.scope.integrations()
        if platforms is None or integration.platform in platforms
    ]
    connected = {integration.platform for integration in integrations}
    tables = [
        stream.table(platform)
        for platform in sorted(connected.union(platforms or ()))
        for stream in connector(platform).streams
    ]
    drain(workspace.warehouse, workspace.landing, now=at)
    results = check_tables(
        workspace.warehouse,
        tables,
        owner=workspace.owner,
        intervals=_intervals(integrations),
        since=since,
        now=at,
    )
    land_metrics(workspace, QUALITY_RESULTS, [_row(result, run, at) for result in results], run=run, at=at)
    drain(workspace.warehouse, workspace.landing, now=at)
    return results


def _intervals(integrations: Collection[Integration]) -> Mapping[str, timedelta | None]:
    """How often each is synced; a paused one is not, and is not to be called late."""
    return {
        integration.name: timedelta(minutes=integration.schedule_minutes)
        if integration.schedule_minutes and integration.status != "paused"
        else None
        for integration in integrations
    }


def _row(result: QualityResult, run: str, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "platform": result.platform,
        "stream": result.stream,
        "suite": result.suite,
        "expectation": result.expectation,
        "column_name": result.column,
        "success": result.success,
        "observed": result.observed,
        "unexpected": result.unexpected,
        "checked": result.checked,
        "run": run,
    }
