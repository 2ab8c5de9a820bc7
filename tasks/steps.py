"""The Prefect tasks: each opens the work place, does one step, and tells about it in logs, artifacts and events.

A step that fails for a reason we know ends as a failed state with its sentence, not as a traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.context import get_run_context
from prefect.states import Completed, Failed

from connectors.catalog import connector
from core.errors import IntegrationError, LeaseTaken
from tasks import credentials, engine, reporting
from tasks import health as health_step
from tasks import pruning as pruning_step
from tasks import quality as quality_step
from tasks import security as security_step
from tasks.summaries import sync_summary
from tasks.workspace import Workspace

Summary = dict[str, Any]
_STREAM_COLUMNS: Final = ("stream", "outcome", "rows", "deleted", "pages", "seconds", "message")


@contextmanager
def _workspace() -> Iterator[Workspace]:
    workspace = Workspace.open()
    try:
        yield workspace
    finally:
        workspace.close()


def _run_id() -> str:
    """The id of the flow run this happens in: what rows of the warehouse call their run."""
    context: Any = get_run_context()
    return str(context.task_run.flow_run_id or context.task_run.id)


def _known_failures(
    logger: logging.Logger | logging.LoggerAdapter[Any], act: Callable[[], State[Summary]]
) -> State[Summary]:
    try:
        return act()
    except IntegrationError as error:
        logger.error("%s %s", error, error.advice)
        return Failed(
            message=str(error), data={"error": str(error), "advice": error.advice, "exit_code": error.exit_code}
        )


@task(name="due-integrations", task_run_name="due on {platform}", cache_policy=NO_CACHE)
def due_integrations(platform: str, as_of: datetime | None) -> list[str]:
    """The names of a platform's integrations whose time has come."""
    with _workspace() as workspace:
        return [integration.name for integration in workspace.scope.due(as_of or workspace.clock(), platform)]


@task(name="sync-integration", task_run_name="sync {name}", cache_policy=NO_CACHE)
def sync(
    name: str, full: bool, streams: list[str], as_of: datetime | None, wait: float | None = None
) -> State[Summary]:
    """Reads what is new of one integration and lands it.

    Where another run is at it, it waits for up to `wait` seconds and fails then; None is content with the other's.
    """
    logger = get_run_logger()

    def act() -> State[Summary]:
        with _workspace() as workspace:
            integration = workspace.scope.integration(name)
            readable = connector(integration.platform).streams_for(integration.auth_method)
            progress = reporting.StreamProgress(name, len(streams) or len(readable))
            logger.info("Reading %s (%s)", name, integration.platform)
            read = partial(
                engine.sync,
                workspace,
                name,
                run=_run_id(),
                full=full,
                only=streams,
                now=as_of,
                stream_ended=progress.ended,
            )
            try:
                report = read()
            except LeaseTaken as taken:
                if wait is None:
                    told = {"integration": name, "outcome": "left alone"}
                    return Completed(message=f"left alone: {taken}", data=told)
                logger.info("%s: waiting for it to end", taken)
                report = read(wait=wait)
        summary = sync_summary(report)
        for stream in summary["streams"]:
            logger.info("%(stream)s: %(outcome)s, %(rows)d rows, %(pages)d pages, %(seconds).1f s", stream)
        rows = [{column: stream[column] for column in _STREAM_COLUMNS} for stream in summary["streams"]]
        reporting.table(reporting.artifact_key("streams", name), rows, f"What the sync of {name} read")
        reporting.event(f"sync.{summary['outcome']}", name, summary["platform"], {"rows": summary["rows"]})
        message = f"{summary['rows']} rows in {summary['calls']} calls"
        if report.error is None:
            return Completed(message=message, data=summary)
        logger.error("%s %s", report.error, report.error.advice)
        ended_well = report.outcome in ("paused", "quota")
        kind = Completed if ended_well else Failed
        return kind(message=f"{report.outcome}: {report.error}", data=summary)

    return _known_failures(logger, act)


@task(name="check-health", task_run_name="check {name}", cache_policy=NO_CACHE)
def check_health(name: str, as_of: datetime | None) -> State[Summary]:
    """Probes one integration and judges what it finds."""
    logger = get_run_logger()

    def act() -> State[Summary]:
        with _workspace() as workspace:
            readings = health_step.check(workspace, name, run=_run_id(), now=as_of)
            platform = workspace.scope.integration(name).platform
        rows = [
            {"check": r.check_name, "status": r.status, "value": r.value, "unit": r.unit, "message": r.message}
            for r in readings
        ]
        status = health_step.overall(readings)
        reporting.table(reporting.artifact_key("health", name), rows, f"Health of {name}: {status}")
        if status != "healthy":
            logger.warning("%s is %s", name, status)
            reporting.event(f"health.{status}", name, platform, {"checks": rows})
        return Completed(message=f"{name} is {status}", data={"integration": name, "status": status, "checks": rows})

    return _known_failures(logger, act)


@task(name="scan-security", task_run_name="scan {name}", cache_policy=NO_CACHE)
def scan_security(name: str | None, as_of: datetime | None) -> State[Summary]:
    """Looks one integration over for weaknesses; without a name, the installation itself."""
    logger = get_run_logger()

    def act() -> State[Summary]:
        with _workspace() as workspace:
            if name is None:
                findings = security_step.scan_installation(workspace, run=_run_id(), now=as_of)
            else:
                findings = security_step.scan(workspace, name, run=_run_id(), now=as_of)
        subject = name or "installation"
        rows = [
            {"severity": f.severity, "title": f.title, "detail": f.detail, "remedy": f.remedy, "rule": f.rule}
            for f in findings
        ]
        reporting.table(reporting.artifact_key("findings", subject), rows, f"Security findings of {subject}")
        for finding in findings:
            logger.warning("%s: %s (%s)", finding.severity, finding.title, finding.remedy)
            reporting.event("security.finding", subject, "", {"rule": finding.rule, "severity": finding.severity})
        return Completed(message=f"{len(rows)} findings", data={"integration": name, "findings": rows})

    return _known_failures(logger, act)


@task(name="check-quality", cache_policy=NO_CACHE)
def check_quality(platforms: list[str], hours: float, as_of: datetime | None) -> State[Summary]:
    """Runs the expectations of every stream over what landed lately."""
    logger = get_run_logger()

    def act() -> State[Summary]:
        with _workspace() as workspace:
            now = as_of or workspace.clock()
            results = quality_step.check_quality(
                workspace, platforms=platforms or None, since=now - timedelta(hours=hours), run=_run_id(), now=as_of
            )
        failed = [result for result in results if not result.success]
        rows = [
            {"suite": r.suite, "expectation": r.expectation, "column": r.column, "observed": r.observed} for r in failed
        ]
        checked = sorted({result.suite for result in results})
        text = f"**{len(results) - len(failed)} of {len(results)} expectations hold** over {len(checked)} streams.\n"
        reporting.markdown("quality", text + "\n".join(f"- {suite}" for suite in checked), "Data quality")
        reporting.table("quality-failures", rows, "Expectations that do not hold")
        for result in failed:
            logger.warning("%s: %s does not hold for %s", result.suite, result.expectation, result.column)
        return Completed(
            message=f"{len(failed)} of {len(results)} expectations do not hold",
            data={"checked": len(results), "failed": rows, "suites": checked},
        )

    return _known_failures(logger, act)


@task(name="refresh-credentials", cache_policy=NO_CACHE)
def refresh_credentials() -> State[Summary]:
    """Refreshes the OAuth tokens that are about to expire, so that no sync has to wait for it."""
    logger = get_run_logger()
    outcomes: dict[str, str] = {}
    with _workspace() as workspace:
        for integration in workspace.scope.integrations(status="active"):
            try:
                refreshed = credentials.refresh_if_due(workspace, integration)
                outcomes[integration.name] = "refreshed" if refreshed else "fresh"
            except IntegrationError as error:
                logger.error("%s %s", error, error.advice)
                reporting.event("credential.refused", integration.name, integration.platform, {})
                outcomes[integration.name] = str(error)
    refused = [name for name, outcome in outcomes.items() if outcome not in ("fresh", "refreshed")]
    kind = Failed if refused else Completed
    return kind(message=f"{len(outcomes)} looked at, {len(refused)} refused", data={"credentials": outcomes})


@task(name="prune", cache_policy=NO_CACHE)
def prune(keep_days: int) -> State[Summary]:
    """Forgets what is older than asked to keep: metrics, tombstones, replayed quarantine, audit lines."""
    logger = get_run_logger()

    def act() -> State[Summary]:
        with _workspace() as workspace:
            counts: Mapping[str, int] = pruning_step.prune(workspace, keep_days=keep_days, now=workspace.clock())
        reporting.table("pruned", [{"what": what, "rows": rows} for what, rows in counts.items()], "What was pruned")
        return Completed(message=f"{sum(counts.values())} rows pruned", data=dict(counts))

    return _known_failures(logger, act)


@task(name="connected", cache_policy=NO_CACHE)
def connected() -> list[str]:
    """The names of all integrations that are not paused."""
    with _workspace() as workspace:
        return [i.name for i in workspace.scope.integrations() if i.status in ("active", "attention")]
