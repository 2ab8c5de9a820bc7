"""Keeps the schedules of `sync-platform` true to what is connected."""

from __future__ import annotations

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.exceptions import ObjectNotFound

from deployments.definitions import SYNC_PLATFORM, platform_schedules
from tasks.workspace import Workspace


def wanted_minutes(workspace: Workspace) -> dict[str, int]:
    """For each platform with an active scheduled integration, the minutes between syncs."""
    minutes: dict[str, int] = {}
    for integration in workspace.scope.integrations():
        if integration.status != "paused" and integration.schedule_minutes > 0:
            every = integration.schedule_minutes
            minutes[integration.platform] = min(every, minutes.get(integration.platform, every))
    return minutes


def tell_server(workspace: Workspace) -> bool:
    """Puts the schedules into the running Prefect server; False where `sync-platform` is not deployed there yet.

    Nothing is lost by that: they are made from what is connected when the deployments are served.
    """
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(SYNC_PLATFORM.full_name)
        except ObjectNotFound:
            return False
        wanted = {schedule.slug: schedule for schedule in platform_schedules(wanted_minutes(workspace))}
        for known in client.read_deployment_schedules(deployment.id):
            mine = wanted.get(known.slug)
            if mine is not None and getattr(known.schedule, "interval", None) == mine.interval:
                del wanted[known.slug]
            else:
                client.delete_deployment_schedule(deployment.id, known.id)
        missing = [DeploymentScheduleCreate.from_schedule(schedule) for schedule in wanted.values()]
        if missing:
            client.create_deployment_schedules(deployment.id, missing)
    return True
