"""The stories, told to a real Prefect server: what is due is read, and what came of it can be seen there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from tasks.workspace import Workspace
from tests.end_to_end.processes import RunningSandbox
from tests.tasks.landed import live, query

pytestmark = pytest.mark.slow


def run(flow: Any, *given: Any, **named: Any) -> tuple[Any, Any]:
    """The final state of a flow run, and what it told."""

    async def go() -> tuple[Any, Any]:
        state = await cast("Awaitable[Any]", flow(*given, **named, return_state=True))
        return state, await state.aresult(raise_on_failure=False)

    return asyncio.run(go())


def client() -> Any:
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def task_runs(flow_run: UUID) -> dict[str, Any]:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.client.schemas.sorting import TaskRunSort

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
    with client() as server:
        return {
            task.name: task
            for task in server.read_task_runs(flow_run_filter=wanted, limit=200, sort=TaskRunSort.ID_DESC)
        }


def artifacts() -> dict[str, Any]:
    from prefect.client.schemas.filters import ArtifactFilter
    from prefect.client.schemas.sorting import ArtifactSort

    with client() as server:
        found = server.read_artifacts(artifact_filter=ArtifactFilter(), limit=200, sort=ArtifactSort.CREATED_DESC)
    return {artifact.key: artifact for artifact in reversed(found)}


def test_what_is_due_is_synced_and_can_be_seen(workspace: Workspace) -> None:
    from flows.sync import sync_platform

    state, told = run(sync_platform, "hubspot")
    assert state.is_completed(), state.message
    assert [one["outcome"] for one in told["integrations"]] == ["ok"]
    assert f"1 integrations, {told['integrations'][0]['rows']} rows" == state.message
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == 40
    with client() as server:
        flow_run = server.read_flow_run(state.state_details.flow_run_id)
    assert flow_run.name == "sync hubspot"
    assert set(flow_run.tags) >= {"hubspot"}
    ran = task_runs(flow_run.id)
    assert set(ran) == {"due on hubspot", "sync hubspot"}
    assert query(workspace, "SELECT DISTINCT run FROM metrics.syncs") == [(str(flow_run.id),)]
    shown = artifacts()
    assert shown["sync-hubspot"].type == "progress"
    assert float(shown["sync-hubspot"].data) == 100.0
    rows = {row["stream"]: row for row in json.loads(shown["streams-hubspot"].data)}
    assert rows["contacts"]["rows"] == 40
    assert rows["contacts"]["outcome"] == "ok"


def test_what_is_not_due_is_left_alone(workspace: Workspace, sandbox: RunningSandbox) -> None:
    from flows.sync import sync_integration, sync_platform

    workspace.scope.update_integration("mailchimp", next_due_at=workspace.clock() + timedelta(hours=1))
    state, told = run(sync_platform, "mailchimp")
    assert (state.is_completed(), told) == (True, {"integrations": []})
    assert state.message == "0 integrations, 0 rows"
    later = workspace.clock() + timedelta(hours=2)
    assert len(run(sync_platform, "mailchimp", as_of=later)[1]["integrations"]) == 1
    state, told = run(sync_integration, "mailchimp", streams=["audiences"])
    assert [stream["stream"] for stream in told["integrations"][0]["streams"]] == ["audiences"]


def test_one_that_fails_does_not_stop_another_and_is_told(workspace: Workspace, sandbox: RunningSandbox) -> None:
    from flows.sync import sync_platform
    from tests.tasks.connected import connect_sample

    connect_sample(workspace, "hubspot", "service_key", "hubspot-two")
    workspace.vault.remove("hubspot")
    state, told = run(sync_platform, "hubspot")
    assert state.is_failed()
    assert "hubspot" in state.message
    assert "gone from Prefect" in state.message
    outcomes = {one.get("integration"): one.get("outcome") for one in told["integrations"]}
    assert outcomes["hubspot-two"] == "ok"
    assert workspace.scope.integration("hubspot").status == "attention"
    assert len(live(workspace.warehouse, "hubspot-two")["hubspot.contacts"]) == 40
    # What needs attention is not tried again by the schedule.
    state, told = run(sync_platform, "hubspot", as_of=workspace.clock() + timedelta(days=1))
    assert [one["integration"] for one in told["integrations"]] == ["hubspot-two"]
    assert state.is_completed()


def test_a_wait_that_the_platform_asks_for_is_no_failure(workspace: Workspace, sandbox: RunningSandbox) -> None:
    from flows.sync import sync_integration

    sandbox.post("fault", match="*/contacts*", kind="rate_limited", args={"retry_after": 3600})
    state, told = run(sync_integration, "hubspot")
    assert state.is_completed()
    assert state.message.startswith("paused: hubspot: the platform's rate limit is reached; it goes on from")
    assert told["integrations"][0]["outcome"] == "paused"


def test_what_does_not_exist_is_a_sentence_and_no_traceback(workspace: Workspace) -> None:
    from flows.sync import sync_integration

    state, told = run(sync_integration, "hubspott")
    assert state.is_failed()
    assert state.message == "there is no integration hubspott"
    assert told["integrations"][0]["advice"] == "Did you mean hubspot?"


def test_all_are_checked_and_scanned(workspace: Workspace, sandbox: RunningSandbox) -> None:
    from flows.watch import check_health, scan_security

    sandbox.post("fault", match="*dropboxapi*", kind="status", args={"status": 503}, times=0)
    state, told = run(check_health)
    assert state.is_completed()
    assert {one["integration"]: one["status"] for one in told["integrations"]} == {
        "dropbox": "unhealthy",
        "hubspot": "healthy",
        "mailchimp": "healthy",
    }
    assert state.message == "2 of 3 healthy"
    assert {"health-dropbox", "health-hubspot"} <= set(artifacts())
    workspace.home.keyring_file.chmod(0o600)
    state, told = run(scan_security)
    assert state.is_completed()
    assert {one["integration"] for one in told["integrations"]} == {"dropbox", "hubspot", "mailchimp", None}
    assert "findings-installation" in artifacts()
    assert len(run(check_health, "hubspot")[1]["integrations"]) == 1


def test_what_landed_is_checked_with_great_expectations(workspace: Workspace) -> None:
    from flows.sync import sync_platform
    from flows.watch import check_quality

    run(sync_platform, "hubspot")
    state, told = run(check_quality)
    assert state.is_completed(), state.message
    assert told["failed"] == []
    assert told["checked"] > 10
    shown = artifacts()["quality"]
    assert shown.type == "markdown"
    assert "expectations hold" in shown.data
    assert query(workspace, "SELECT count(*) FROM metrics.quality_results") == [(told["checked"],)]


def test_tokens_are_refreshed_before_they_are_needed(workspace: Workspace) -> None:
    from flows.upkeep import refresh_credentials

    state, told = run(refresh_credentials)
    assert told["credentials"] == {"dropbox": "fresh", "hubspot": "fresh", "mailchimp": "fresh"}
    old = workspace.vault.get("dropbox", "dropbox")
    from dataclasses import replace

    from tasks.credentials import save_credential

    soon = workspace.clock() + timedelta(seconds=60)
    save_credential(workspace, "dropbox", "dropbox", replace(old, expires_at=soon))
    state, told = run(refresh_credentials)
    assert (state.is_completed(), told["credentials"]["dropbox"]) == (True, "refreshed")
    assert workspace.vault.get("dropbox", "dropbox").values["access_token"] != old.values["access_token"]


def test_a_refused_token_fails_the_upkeep_and_the_others_are_seen_to(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    from dataclasses import replace

    from flows.upkeep import refresh_credentials
    from tasks.credentials import save_credential

    old = workspace.vault.get("dropbox", "dropbox")
    save_credential(workspace, "dropbox", "dropbox", replace(old, expires_at=workspace.clock()))
    sandbox.post("fault", match="*/oauth2/token", kind="revoke")
    state, told = run(refresh_credentials)
    assert state.is_failed()
    assert state.message == "3 looked at, 1 refused"
    assert told["credentials"]["hubspot"] == "fresh"
    assert workspace.scope.integration("dropbox").status == "attention"


def test_what_is_old_is_forgotten(workspace: Workspace) -> None:
    from flows.sync import sync_platform
    from flows.upkeep import prune

    for days in (60, 0):
        workspace.scope.update_integration("hubspot", next_due_at=None)
        run(sync_platform, "hubspot", as_of=workspace.clock() - timedelta(days=days))
    before = live(workspace.warehouse, "hubspot")
    runs = query(workspace, "SELECT count(DISTINCT run) FROM metrics.api_calls")
    state, told = run(prune, keep_days=30)
    assert state.is_completed(), state.message
    assert sum(told.values()) > 0
    assert (runs, query(workspace, "SELECT count(DISTINCT run) FROM metrics.api_calls")) == ([(2,)], [(1,)])
    assert live(workspace.warehouse, "hubspot") == before
    state, told = run(prune, keep_days=0)
    assert state.is_failed()
    assert state.message == "history cannot be kept for 0 days"
