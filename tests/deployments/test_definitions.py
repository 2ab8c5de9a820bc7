"""What is deployed, here and to a work pool."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from deployments.definitions import DEFINITIONS, SYNC_PLATFORM, Definition, Rhythm, platform_schedules

PREFECT_YAML = Path(__file__).parents[2] / "deployments" / "prefect.yaml"


def _pooled() -> dict[str, dict[str, object]]:
    return {entry["name"]: entry for entry in yaml.safe_load(PREFECT_YAML.read_text())["deployments"]}


def test_the_seven_deployments_are_there() -> None:
    assert [definition.name for definition in DEFINITIONS] == [
        "sync-platform",
        "sync-integration",
        "check-health",
        "scan-security",
        "check-quality",
        "refresh-credentials",
        "prune",
    ]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_each_is_described_and_tagged_and_its_parameters_are_explained(definition: Definition) -> None:
    deployment = definition.deployment()
    assert definition.description
    assert "Args:" not in definition.description
    assert definition.tags
    properties = deployment._parameter_openapi_schema.properties
    for name, schema in properties.items():
        assert schema.get("description"), f"{definition.name}: the parameter {name} is not explained"


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_the_work_pool_gets_the_same_deployments_as_the_embedded_system(definition: Definition) -> None:
    entry = _pooled()[definition.name]
    path, _, function = str(entry["entrypoint"]).partition(":")
    assert getattr(import_module(path.removesuffix(".py").replace("/", ".")), function) is definition.flow
    assert entry["tags"] == list(definition.tags)
    told = [
        (schedule.get("interval"), schedule.get("cron"), schedule["slug"])
        for schedule in entry.get("schedules", [])  # type: ignore[attr-defined]
    ]
    ours = [
        (schedule.interval.total_seconds() if schedule.interval else None, schedule.cron, schedule.slug)
        for schedule in definition.schedules
    ]
    assert told == ours


def test_nothing_else_is_in_the_work_pool_file() -> None:
    assert set(_pooled()) == {definition.name for definition in DEFINITIONS}


def test_each_platform_gets_a_schedule_that_names_it() -> None:
    moment = datetime(2026, 9, 7, 8, tzinfo=UTC)
    schedules = platform_schedules({p: Rhythm(minutes=m, next_at=moment) for p, m in (("x", 30), ("hubspot", 60))})
    assert [(s.slug, s.parameters, s.interval and s.interval.total_seconds(), s.anchor_date) for s in schedules] == [
        ("hubspot", {"platform": "hubspot"}, 3600, moment),
        ("x", {"platform": "x"}, 1800, moment),
    ]
    assert len(SYNC_PLATFORM.deployment(schedules).schedules or []) == 2
