"""The deployments there are: one for each flow, with its schedule, tags and description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.sync import sync_integration, sync_platform
from flows.upkeep import prune, refresh_credentials
from flows.watch import check_health, check_quality, scan_security


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A deployment, named as its flow. `schedules` are those that do not depend on what is connected."""

    flow: Flow[Any, Any]
    tags: tuple[str, ...]
    schedules: tuple[Schedule, ...] = ()

    @property
    def name(self) -> str:
        return str(self.flow.name)

    @property
    def full_name(self) -> str:
        """As Prefect wants it: flow/deployment."""
        return f"{self.name}/{self.name}"

    @property
    def description(self) -> str:
        """The flow's own words: what it does, without its arguments."""
        return (self.flow.description or "").partition("\n\nArgs:")[0]

    def deployment(self, schedules: Iterable[Schedule] = ()) -> RunnerDeployment:
        """The deployment, with these schedules besides its own."""
        made = self.flow.to_deployment(
            name=self.name,
            description=self.description,
            tags=list(self.tags),
            schedules=[*self.schedules, *schedules],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        return cast(RunnerDeployment, made)  # a coroutine only where it is called from one


SYNC_PLATFORM: Final = Definition(flow=sync_platform, tags=("sync",))
DEFINITIONS: Final = (
    SYNC_PLATFORM,
    Definition(flow=sync_integration, tags=("sync",)),
    Definition(flow=check_health, tags=("watch",), schedules=(Interval(timedelta(minutes=15), slug="quarter-hourly"),)),
    Definition(flow=scan_security, tags=("watch",), schedules=(Cron("0 5 * * *", slug="daily"),)),
    Definition(flow=check_quality, tags=("watch",), schedules=(Cron("30 */6 * * *", slug="six-hourly"),)),
    Definition(
        flow=refresh_credentials, tags=("upkeep",), schedules=(Interval(timedelta(minutes=10), slug="ten-minutely"),)
    ),
    Definition(flow=prune, tags=("upkeep",), schedules=(Cron("0 4 * * *", slug="daily"),)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a platform is synced, in minutes, and when next: the moment, with time zone, that anchors the grid."""

    minutes: int
    next_at: datetime


def platform_schedules(rhythms: Mapping[str, Rhythm]) -> list[Schedule]:
    """The schedules of `sync-platform`: one for each platform."""
    return [
        Interval(
            timedelta(minutes=rhythm.minutes),
            anchor_date=rhythm.next_at,
            slug=platform,
            parameters={"platform": platform},
        )
        for platform, rhythm in sorted(rhythms.items())
    ]
