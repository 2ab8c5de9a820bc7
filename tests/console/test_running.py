"""sync, check, scan: what they show, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.catalog import connector
from core.sealing import Envelope
from sandbox.samples import SAMPLES
from storage.home import Home
from tests.console.conftest import Run
from tests.console.flows import Flows, stand_in


@pytest.fixture
def flows(
    run: Run, sandbox: str, keyring: None, blocks: dict[str, Envelope], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flows]:
    """HubSpot is connected, twice; flows run without Prefect."""
    given = json.dumps(SAMPLES["hubspot"]["service_key"])
    for name in ("hubspot", "hubspot-eu"):
        assert (
            run("connect", "hubspot", "--name", name, "--method", "service_key", "--stdin", stdin=given).exit_code == 0
        )
    yield stand_in(monkeypatch)
    httpx.delete(f"{sandbox}/_sandbox/fault")


def fail(sandbox: str, **fault: Any) -> None:
    httpx.post(f"{sandbox}/_sandbox/fault", json=fault).raise_for_status()


def test_a_sync_shows_what_each_stream_brought(flows: Flows, run: Run) -> None:
    result = run("sync", "hubspot")
    assert result.exit_code == 0, result.stderr
    (contacts,) = (line for line in result.stdout.splitlines() if line.startswith("contacts"))
    assert "✓ ok" in contacts
    assert "30" in contacts
    assert "✓ hubspot is in sync" in result.stderr
    assert run("list", "--json").stdout.count('"last_success_at": null') == 1


def test_a_sync_for_scripts_tells_the_same_in_json(flows: Flows, run: Run) -> None:
    (told,) = json.loads(run("sync", "hubspot", "--json").stdout)
    assert (told["integration"], told["outcome"], told["exit_code"]) == ("hubspot", "ok", 0)
    assert {stream["stream"] for stream in told["streams"]} == {stream.name for stream in connector("hubspot").streams}


def test_options_reach_the_flow(flows: Flows, run: Run) -> None:
    run("sync", "hubspot", "--full", "--stream", "deals", "--stream", "owners")
    assert flows.wishes == [
        {"flow": "sync-integration", "integration": "hubspot", "full": True, "streams": ["deals", "owners"]}
    ]


@pytest.mark.slow
def test_all_and_platform_take_what_is_not_paused(flows: Flows, run: Run) -> None:
    run("pause", "hubspot-eu")
    assert run("sync", "--all").exit_code == 0
    assert run("sync", "--platform", "hubspot").exit_code == 0
    assert [wish["integration"] for wish in flows.wishes] == ["hubspot", "hubspot"]
    assert run("sync", "--platform", "dropbox").exit_code == 2


@pytest.mark.parametrize("what", [[], ["hubspot", "--all"], ["--all", "--platform", "hubspot"]])
def test_what_to_sync_is_said_in_one_way(flows: Flows, run: Run, what: list[str]) -> None:
    assert run("sync", *what).exit_code == 2
    assert not flows.wishes


def test_a_stream_that_does_not_exist_is_refused_at_once(flows: Flows, run: Run) -> None:
    result = run("sync", "hubspot", "--stream", "contcts")
    assert result.exit_code == 2
    assert not flows.wishes


def test_a_stream_that_fails_is_shown_and_decides_the_exit_code(flows: Flows, run: Run, sandbox: str) -> None:
    fail(sandbox, match="GET api.hubapi.com/crm/objects/2026-03/deals", kind="status", args={"status": 400}, times=99)
    result = run("sync", "hubspot")
    assert result.exit_code == 4, result.output
    assert "✗ failed" in result.stdout
    assert "✗ hubspot: partial" in result.stderr


@pytest.mark.parametrize("served", [False, True])
def test_a_refused_credential_ends_with_3_wherever_the_flow_ran(
    flows: Flows, run: Run, sandbox: str, served: bool
) -> None:
    flows.served = served
    fail(sandbox, match="api.hubapi.com/crm/*", kind="status", args={"status": 401}, times=999)
    result = run("sync", "hubspot")
    assert result.exit_code == 3, result.output
    assert "refused the credential" in result.stderr


@pytest.mark.slow
def test_a_run_in_another_process_is_told_by_what_it_wrote_down(flows: Flows, run: Run) -> None:
    flows.served = True
    (told,) = json.loads(run("sync", "hubspot", "--json").stdout)
    assert told["outcome"] == "ok"
    rows = {stream["stream"]: stream["rows"] for stream in told["streams"]}
    assert rows["contacts"] == 30
    assert told["rows"] == sum(rows.values())


@pytest.mark.slow
def test_without_waiting_the_run_is_handed_over(flows: Flows, run: Run) -> None:
    flows.served = True
    (told,) = json.loads(run("sync", "hubspot", "--no-wait", "--json").stdout)
    assert told["url"] == f"http://127.0.0.1:4200/runs/flow-run/{told['run']}"


def test_without_waiting_somebody_must_take_the_run(flows: Flows, run: Run) -> None:
    result = run("sync", "hubspot", "--no-wait")
    assert result.exit_code == 2
    assert "integrations up" in result.stderr
    assert not flows.wishes


def test_a_sync_that_another_run_is_doing_ends_with_5(flows: Flows, run: Run, home: Home) -> None:
    from tasks.engine import sync_lease
    from tasks.workspace import Workspace

    place = Workspace.open(home)
    with place.leases.held(sync_lease("hubspot"), ttl=60, holder="elsewhere:1:1"):
        result = run("sync", "hubspot")
    place.close()
    assert result.exit_code == 5
    assert "✗ hubspot: failed" in result.stderr


def test_a_flow_that_broke_says_what_its_state_says(flows: Flows, run: Run) -> None:
    flows.messages = {"sync-integration": "the process died", "check-health": "the process died"}
    result = run("sync", "hubspot")
    assert result.exit_code == 4
    assert "the process died" in result.stderr
    result = run("check")
    assert result.exit_code == 1
    assert "checking health failed: the process died" in result.stderr


def test_a_flow_that_broke_before_it_read_does_not_repeat_an_older_trouble(
    flows: Flows, run: Run, home: Home, sandbox: str
) -> None:
    fail(sandbox, match="api.hubapi.com/crm/*", kind="status", args={"status": 401}, times=999)
    assert "refused the credential" in run("sync", "hubspot").stderr
    flows.messages = {"sync-integration": "another run works on the sync of hubspot"}
    told = run("sync", "hubspot").stderr
    assert "another run works on the sync of hubspot" in told
    assert "refused the credential" not in told


def test_check_shows_every_check_and_ends_with_0_when_all_are_healthy(flows: Flows, run: Run) -> None:
    run("sync", "--all")
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "✓ 2 of 2 healthy." in result.stderr
    assert "HubSpot answers" in result.stdout
    told = json.loads(run("check", "hubspot", "--json").stdout)
    assert [(one["integration"], one["status"]) for one in told] == [("hubspot", "healthy")]


@pytest.mark.slow
def test_check_ends_with_1_when_something_is_wrong(flows: Flows, run: Run, sandbox: str) -> None:
    run("sync", "--all")
    fail(sandbox, match="api.hubapi.com/account-info/*", kind="status", args={"status": 401}, times=99)
    result = run("check", "hubspot")
    assert result.exit_code == 1
    assert "✗ unhealthy" in result.stdout
    assert "✗ 0 of 1 healthy." in result.stderr
    assert "✗ unhealthy" in run("show", "hubspot").stdout


def test_scan_finds_nothing_in_a_fresh_home(flows: Flows, run: Run) -> None:
    result = run("scan")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "✓ Nothing found." in result.stderr


def test_scan_shows_findings_the_gravest_first_and_ends_with_1(flows: Flows, run: Run, home: Home) -> None:
    home.keyring_file.chmod(0o644)
    result = run("scan")
    assert result.exit_code == 1
    assert "✗ critical" in result.stdout or "✗ high" in result.stdout
    assert "installation" in result.stdout
    found = json.loads(run("scan", "--json").stdout)
    assert all(one["remedy"] for one in found)
