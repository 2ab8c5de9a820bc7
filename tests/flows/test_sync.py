"""The flows that sync, in Prefect's own harness, over the sandbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.sync import sync_integration, sync_platform
from sandbox.faults import Fault
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tasks import steps
from tasks.engine import sync_lease
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.places import open_place

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect")]


def _run(flow_run: Any) -> Any:
    """Prefect's types say awaitable, or the result itself, by how a flow is called; async flows give a coroutine."""
    return asyncio.run(flow_run)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(World(scale=60), platforms=["hubspot"])


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    opened = open_place(tmp_path / "home", sandbox)

    @contextmanager
    def same() -> Iterator[Workspace]:
        yield opened

    monkeypatch.setattr(steps, "_workspace", same)
    return opened


def test_one_integration_that_fails_does_not_stop_another(place: Workspace, sandbox: Sandbox) -> None:
    connect_sample(place, "hubspot", "service_key", "good")
    connect_sample(place, "hubspot", "service_key", "broken")
    place.vault.remove("broken")
    state = _run(sync_platform("hubspot", return_state=True))
    assert state.is_failed()
    assert "broken" in (state.message or "")
    told = _run(state.aresult(raise_on_failure=False))
    (good,) = [one for one in told["integrations"] if one.get("integration") == "good"]
    assert good["outcome"] == "ok"
    assert good["rows"] > 60


def test_only_what_is_due_is_synced_and_the_run_is_tagged_with_it(place: Workspace) -> None:
    connect_sample(place, "hubspot", "service_key", "due")
    connect_sample(place, "hubspot", "service_key", "paused")
    place.scope.update_integration("paused", status="paused")
    state = _run(sync_platform("hubspot", return_state=True))
    assert state.message is not None
    assert state.message.startswith("1 integrations")
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert run.name == "sync hubspot"
    assert set(run.tags) == {"hubspot", "due"}
    again = _run(sync_platform("hubspot", return_state=True))
    assert (again.message or "").startswith("0 integrations")


def test_a_rate_limit_that_takes_long_is_no_failure(place: Workspace, sandbox: Sandbox) -> None:
    connect_sample(place, "hubspot", "service_key", "slow")
    sandbox.plan(Fault(kind="rate_limited", args={"retry_after": 3600}, times=0))
    state = _run(sync_integration("slow", return_state=True))
    assert state.is_completed()
    assert "paused" in (state.message or "")
    assert place.scope.integration("slow").paused_until is not None


def test_what_another_run_reads_is_left_to_it_when_due(place: Workspace) -> None:
    connect_sample(place, "hubspot", "service_key", "crm")
    with place.leases.held(sync_lease("crm"), ttl=60):
        due = _run(sync_platform("hubspot", return_state=True))
    assert due.is_completed()
    assert _run(due.aresult())["integrations"] == [{"integration": "crm", "outcome": "left alone"}]


class _EndsOtherOnceWaitedFor(logging.Handler):
    """Ends the other run when a sync says that it waits for it."""

    waited_for = False

    def __init__(self, other: ExitStack) -> None:
        super().__init__()
        self._other = other

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "another run works on the sync of crm: waiting for it to end":
            self.waited_for = True
            self._other.close()


@contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("prefect.task_runs")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def test_a_sync_that_was_asked_for_comes_after_the_one_that_runs(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_sample(place, "hubspot", "service_key", "crm")
    with place.leases.held(sync_lease("crm"), ttl=60):
        monkeypatch.setattr("flows.sync.WAIT_SECONDS", 0.1)
        too_long = _run(sync_integration("crm", return_state=True))
    assert too_long.is_failed()
    assert "another run works on the sync of crm" in (too_long.message or "")
    monkeypatch.setattr("flows.sync.WAIT_SECONDS", 60.0)
    with ExitStack() as other:
        other.enter_context(place.leases.held(sync_lease("crm"), ttl=60))
        ended = _EndsOtherOnceWaitedFor(other)
        with _listening(ended):
            after = _run(sync_integration("crm", return_state=True))
    assert ended.waited_for
    assert after.is_completed()
    assert _run(after.aresult())["integrations"][0]["outcome"] == "ok"
