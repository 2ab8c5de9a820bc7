"""Runs flows: in `integrations up` by their deployment's name, followed from here; else in this process.

What a flow tells is its final state's data. Prefect keeps that with the run only where results are persisted, so a
run in another process is told by what it wrote down: its rows in the warehouse and the state database.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from console.render import clean

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.flows import Flow

AT_ONCE: Final = 4
_POLL_SECONDS: Final = 0.5
_LOG_PAGE: Final = 200

Say = Callable[[str], None]
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a flow run ended. `told` is what it handed back; None where it ran in another process."""

    run: str
    state: str
    message: str
    told: Mapping[str, Any] | None

    @property
    def good(self) -> bool:
        return self.state == "COMPLETED"


def served(flow: str) -> bool:
    """Whether somebody takes runs of this deployment now."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import DeploymentStatus
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(_deployment(flow))
        except ObjectNotFound:
            return False
    return deployment.status == DeploymentStatus.READY and not deployment.paused


def hand_over(flow: str, parameters: Parameters) -> FlowRun:
    """Starts a run of the deployment, for whoever serves it; does not wait for it."""
    from prefect.deployments import arun_deployment

    return asyncio.run(arun_deployment(_deployment(flow), parameters=dict(parameters), timeout=0, as_subflow=False))


def follow(runs: Sequence[FlowRun], say: Say) -> list[Ended]:
    """Waits for runs in another process, and says what their logs say meanwhile."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import LogFilter
    from prefect.client.schemas.sorting import LogSort

    ended: dict[str, Ended] = {}
    seen = 0
    logs = LogFilter.model_validate({"flow_run_id": {"any_": [run.id for run in runs]}})
    with get_client(sync_client=True) as client:
        while len(ended) < len(runs):
            for line in (page := client.read_logs(logs, limit=_LOG_PAGE, offset=seen, sort=LogSort.TIMESTAMP_ASC)):
                say(line.message)
            seen += len(page)
            for run in runs:
                state = client.read_flow_run(run.id).state
                if str(run.id) not in ended and state is not None and state.is_final():
                    ended[str(run.id)] = Ended(
                        run=str(run.id), state=state.type.name, message=state.message or "", told=None
                    )
            if len(ended) < len(runs):
                time.sleep(_POLL_SECONDS)
    return [ended[str(run.id)] for run in runs]


def run_here(flow: Callable[[], Flow[Any, Any]], wishes: Sequence[Parameters], say: Say) -> list[Ended]:
    """Runs the flow once for each of the parameters, a few side by side. `flow` imports it, which takes a second."""
    found = flow()
    with _log_lines(say):
        return asyncio.run(_side_by_side(found, wishes))


async def _side_by_side(flow: Flow[Any, Any], wishes: Sequence[Parameters]) -> list[Ended]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(parameters: Parameters) -> Ended:
        async with slots:
            state: State[Any] = await cast("Awaitable[State[Any]]", flow(**parameters, return_state=True))
        told = await state.aresult(raise_on_failure=False)
        run = str(state.state_details.flow_run_id)
        if isinstance(told, BaseException):
            return Ended(run=run, state=state.type.name, message=state.message or str(told), told=None)
        return Ended(run=run, state=state.type.name, message=state.message or "", told=told)

    return await asyncio.gather(*map(one, wishes))


@contextmanager
def _log_lines(say: Say) -> Iterator[None]:
    """Hands on what flows and tasks log in this process."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    handler = Lines(logging.INFO)
    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


@contextmanager
def progress(what: str) -> Iterator[Say]:
    """A line on the terminal that shows that something goes on, and the last thing it said. Elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape

    began = time.monotonic()
    with Console(stderr=True).status(escape(what)) as status:

        def say(line: str) -> None:
            text = clean(line.partition("\n")[0])[:90]
            status.update(f"{escape(what)} [dim]{time.monotonic() - began:.0f} s  {escape(text)}[/dim]")

        yield say


def _deployment(flow: str) -> str:
    return f"{flow}/{flow}"
