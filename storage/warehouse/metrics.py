"""The tables of the schema `metrics`: what happened, as rows that land by the same road as everything else."""

from __future__ import annotations

from core.model import Column, ColumnType, Table


def _metrics(name: str, **columns: ColumnType) -> Table:
    # `at`, `started_at` and the like are moments; a row without its first column says nothing.
    first = next(iter(columns))
    declared = tuple(Column(name=each, type=kind, required=each == first) for each, kind in columns.items())
    return Table(schema="metrics", name=name, columns=declared, mode="append", keep_raw=False)


API_CALLS = _metrics(
    "api_calls",
    at="timestamp",
    integration="text",
    platform="text",
    stream="text",
    method="text",
    path="text",
    status="integer",
    disposition="text",
    ms="number",
    bytes="integer",
    rows="integer",
    attempt="integer",
    run="text",
)
"""An attempt to call a platform. `path` is the template; `ms` milliseconds; `rows` records in the reply."""

SYNCS = _metrics(
    "syncs",
    started_at="timestamp",
    finished_at="timestamp",
    integration="text",
    platform="text",
    stream="text",
    outcome="text",
    pages="integer",
    rows="integer",
    deleted="integer",
    seconds="number",
    full="boolean",
    message="text",
    run="text",
)
"""A stream's turn in a run. `outcome`: ok, partial, failed, paused or quota."""

HEALTH_CHECKS = _metrics(
    "health_checks",
    at="timestamp",
    integration="text",
    platform="text",
    check_name="text",
    status="text",
    value="number",
    unit="text",
    message="text",
    run="text",
)
"""A look at one side of an integration's health. `status`: healthy, degraded, unhealthy or unknown."""

FINDINGS = _metrics(
    "findings",
    at="timestamp",
    integration="text",
    platform="text",
    rule="text",
    severity="text",
    title="text",
    detail="text",
    remedy="text",
    run="text",
)
"""What a security scan found. `severity`: critical, high, medium, low or info."""

QUALITY_RESULTS = _metrics(
    "quality_results",
    at="timestamp",
    platform="text",
    stream="text",
    suite="text",
    expectation="text",
    column_name="text",
    success="boolean",
    observed="text",
    unexpected="integer",
    checked="integer",
    run="text",
)
"""An expectation tried on what recent runs landed. Counts are in rows."""

METRICS = (API_CALLS, SYNCS, HEALTH_CHECKS, FINDINGS, QUALITY_RESULTS)
