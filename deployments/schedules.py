"""Keeps the schedules of `sync-platform` true to what is connected."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.exceptions import ObjectNotFound

from deployments.definitions import SYNC_PLATFORM, Rhythm, platform_schedules
from tasks.workspace import Workspace

_SOON: Final = timedelta(seconds=30)  # registering takes some seconds, and a moment that has passed would wait a round


def wanted(workspace: Workspace) -> dict[str, Rhythm]:
    """The rhythm of each platform with a scheduled integration: that of its most eager one.

    The next run is when the first of them is due, which is in a moment for what was just connected, or became due
    while nothing was running.
    """
    soon = workspace.clock() + _SOON
    rhythms: dict[str, Rhythm] = {}
    for integration in workspace.scope.integrations():
        if integration.status == "paused" or integration.schedule_minutes == 0:
            continue
        due = max(soon, integration.next_due_at or soon)
        known = rhythms.get(integration.platform, Rhythm(minutes=integration.schedule_minutes, next_at=due))
        rhythms[integration.platform] = Rhythm(
            minutes=min(known.minutes, integration.schedule_minutes), next_at=min(known.next_at, due)
        )
    return rhythms


def tell_server(workspace: Workspace) -> bool:
    """Puts the schedules into the running Prefect server; False where `sync-platform` is not deployed there yet.

    Nothing is lost by that: they are made from what is connected when the deployments are served.
    """
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(SYNC_PLATFORM.full_name)
        except ObjectNotFound:
            return False
        missing = {schedule.slug or "": schedule for schedule in platform_schedules(wanted(workspace))}
        for known in client.read_deployment_schedules(deployment.id):
            mine = missing.get(known.slug or "")
            if mine is not None and getattr(known.schedule, "interval", None) == mine.interval:
                del missing[known.slug or ""]
            else:
                client.delete_deployment_schedule(deployment.id, known.id)
        if missing:
            client.create_deployment_schedules(
                deployment.id, [DeploymentScheduleCreate.from_schedule(schedule) for schedule in missing.values()]
            )
    return True
