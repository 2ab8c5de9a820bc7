"""Security scans of real files, rows and envelopes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.security import Finding
from sandbox.sandbox import Sandbox
from storage.audit import audit_trail
from storage.keyring import add_version
from tasks.security import scan, scan_installation
from tasks.workspace import Workspace
from tests.tasks.connected import connect_by_consent


def scanned(workspace: Workspace, name: str = "hubspot") -> dict[str, Finding]:
    return {finding.rule: finding for finding in scan(workspace, name, run="a run")}


def openings(workspace: Workspace) -> int:
    return sum(line.action == "opened" for line in audit_trail(workspace.scope, limit=1000))


def test_a_fresh_connection_has_no_findings_and_its_credential_stays_shut(workspace: Workspace) -> None:
    assert scanned(workspace) == {}
    assert openings(workspace) == 0


def test_an_old_key_is_found_until_it_is_replaced(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.advance(days=100)
    assert scanned(workspace)["credential.age"].severity == "medium"
    first = workspace.scope.findings(name="hubspot")[0]
    assert (first.rule, first.first_seen) == ("credential.age", workspace.clock())
    workspace.scope.update_integration("hubspot", credential_sealed_at=workspace.clock())
    assert scanned(workspace) == {}
    assert workspace.scope.findings(name="hubspot") == []


def test_findings_land_as_history(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.advance(days=100)
    scanned(workspace)
    with workspace.warehouse.reading() as connection:
        rows = connection.execute("SELECT integration, rule, severity, run FROM metrics.findings").fetchall()
    assert rows == [("hubspot", "credential.age", "medium", "a run")]


def test_what_is_sealed_with_an_old_secret_is_found(workspace: Workspace) -> None:
    add_version(workspace.home.keyring_file)
    assert set(scanned(workspace)) == {"seal.key_version"}


def test_an_envelope_that_is_gone_is_found(workspace: Workspace) -> None:
    workspace.vault.remove("hubspot")
    assert set(scanned(workspace)) == {"seal.broken"}


def test_an_address_without_encryption_among_the_settings_is_found(workspace: Workspace) -> None:
    settings = workspace.scope.integration("hubspot").settings
    workspace.scope.update_integration("hubspot", settings=settings | {"webhook": "http://hooks.example/in"})
    assert "webhook" in scanned(workspace)["transport.plain_http"].detail


def test_scopes_are_compared_with_what_the_streams_need(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_by_consent(empty_workspace, sandbox, "hubspot", "crm")
    scopes = empty_workspace.scope.integration("crm").scopes
    assert not {rule for rule in scanned(empty_workspace, "crm") if rule.startswith("scopes")}
    changed = [scope for scope in scopes if scope != "tickets"] + ["crm.objects.deals.write"]
    empty_workspace.scope.update_integration("crm", scopes=changed)
    found = scanned(empty_workspace, "crm")
    assert "tickets" in found["scopes.missing"].detail
    assert found["scopes.unneeded_write"].severity == "medium"


def test_a_token_that_renews_itself_may_run_out(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_by_consent(empty_workspace, sandbox, "hubspot", "crm")
    sandbox.advance(days=200)
    assert scanned(empty_workspace, "crm") == {}
    assert openings(empty_workspace) == 1


def test_a_token_without_refresh_that_ran_out_is_found(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_by_consent(empty_workspace, sandbox, "hubspot", "crm")
    held = empty_workspace.vault.get("crm", "hubspot")
    alone = {name: secret for name, secret in held.values.items() if name != "refresh_token"}
    empty_workspace.vault.put("crm", "hubspot", replace(held, values=alone))
    sandbox.advance(days=1)
    assert scanned(empty_workspace, "crm")["credential.expiry"].severity == "high"


def test_a_new_installation_is_private(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.advance(days=100)  # so that there is a finding to land
    scan(workspace, "hubspot", run="a run")
    assert workspace.home.warehouse_file.exists()
    assert scan_installation(workspace, run="a run", environment={}) == []


@pytest.mark.parametrize(
    ("place", "mode", "rule", "severity"),
    [
        ("keyring_file", 0o644, "permissions.keyring", "critical"),
        ("keyring_file", 0o640, "permissions.keyring", "high"),
        ("state_db", 0o644, "permissions.state", "high"),
        ("folder", 0o750, "permissions.home", "medium"),
        ("landing", 0o777, "permissions.landing", "high"),
    ],
)
def test_what_others_may_read_is_found_until_it_is_put_right(
    workspace: Workspace, place: str, mode: int, rule: str, severity: str
) -> None:
    path: Path = getattr(workspace.home, place)
    before = path.stat().st_mode
    path.chmod(mode)
    assert [(f.rule, f.severity) for f in scan_installation(workspace, run="r", environment={})] == [(rule, severity)]
    assert [row.integration for row in workspace.scope.findings()] == [None]
    path.chmod(before)
    assert scan_installation(workspace, run="r", environment={}) == []
    assert workspace.scope.findings() == []


def test_a_keyring_open_to_others_stops_no_scan(workspace: Workspace) -> None:
    workspace.home.keyring_file.chmod(0o644)
    assert scanned(workspace) == {}


@pytest.mark.parametrize(("url", "found"), [("http://prefect.example/api", True), ("http://127.0.0.1:4200/api", False)])
def test_a_prefect_server_elsewhere_must_be_asked_over_tls(workspace: Workspace, url: str, found: bool) -> None:
    findings = scan_installation(workspace, run="r", environment={"PREFECT_API_URL": url})
    assert [finding.rule for finding in findings] == (["transport.plain_http"] if found else [])
