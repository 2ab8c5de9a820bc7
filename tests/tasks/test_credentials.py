"""Credentials are fresh when they are used, refreshed by one at a time, and saved before they are used."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.sdk.credential import Credential
from core.errors import ComeBackLater, CredentialRejected, SealBroken
from core.secrets import Secret
from sandbox.faults import Fault
from sandbox.sandbox import Sandbox
from storage.audit import audit_trail
from tasks import credentials
from tasks.credentials import open_credential, refresh, refresh_if_due, refresh_lease, save_credential
from tasks.engine import sync
from tasks.workspace import Workspace
from tests.tasks.connected import connect_by_consent
from tests.tasks.landed import live
from tests.tasks.memory_vault import MemoryVault

TOKENS = "*/oauth2/token"
X_TOKENS = "*/2/oauth2/token"


@pytest.fixture
def workspace(empty_workspace: Workspace, sandbox: Sandbox) -> Workspace:
    """`dropbox`, connected through its consent page; its token lasts four hours."""
    connect_by_consent(empty_workspace, sandbox, "dropbox")
    sandbox.calls.clear()
    return empty_workspace


def held(workspace: Workspace, name: str = "dropbox", platform: str = "dropbox") -> Credential:
    return workspace.vault.get(name, platform)


def token_calls(sandbox: Sandbox) -> int:
    return sum("token" in call.path for call in sandbox.calls)


def actions(workspace: Workspace, name: str = "dropbox") -> list[str]:
    return [line.action for line in reversed(audit_trail(workspace.scope, integration=name))]


def test_a_token_that_lasts_is_left_alone(workspace: Workspace, sandbox: Sandbox) -> None:
    assert not refresh_if_due(workspace, workspace.scope.integration("dropbox"))
    assert sync(workspace, "dropbox", run="fresh").outcome == "ok"
    assert token_calls(sandbox) == 0


def test_a_token_is_refreshed_before_it_expires(workspace: Workspace, sandbox: Sandbox) -> None:
    before = workspace.scope.integration("dropbox").credential_expires_at
    assert before is not None
    sandbox.advance(seconds=(before - sandbox.now()).total_seconds() - 120)
    assert sync(workspace, "dropbox", run="in time").outcome == "ok"
    assert token_calls(sandbox) == 1
    assert [call.status for call in sandbox.calls if call.status != 200] == []
    after = workspace.scope.integration("dropbox").credential_expires_at
    assert after is not None
    assert after - before > timedelta(hours=3)
    assert "refreshed" in actions(workspace)


def test_the_upkeep_refreshes_what_is_due_and_says_so(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.advance(hours=4)
    assert refresh_if_due(workspace, workspace.scope.integration("dropbox"))
    assert not refresh_if_due(workspace, workspace.scope.integration("dropbox"))
    assert token_calls(sandbox) == 1


def test_a_token_that_is_refused_in_the_middle_is_refreshed_once(
    workspace: Workspace, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.dropbox.streams._PAGE", 30)
    sandbox.plan(Fault(match="*/list_folder*", nth=2, kind="expire_token"))
    report = sync(workspace, "dropbox", run="expired", only=["entries", "space_usage"])
    assert report.outcome == "ok"
    assert token_calls(sandbox) == 1
    # The second of the pages, and at most what was under way beside it.
    assert 1 <= sum(call.status == 401 for call in sandbox.calls) <= 2
    assert len(live(workspace.warehouse, "dropbox")["dropbox.entries"]) > 60


def test_no_call_is_made_with_a_token_that_is_not_saved(
    empty_workspace: Workspace, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_by_consent(empty_workspace, sandbox, "x")
    transport = empty_workspace.surroundings.transport
    assert transport is not None
    carried: list[tuple[str, str]] = []
    honest = transport.handle_request

    def watch(request: httpx.Request) -> httpx.Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            carried.append((token, held(empty_workspace, "x", "x").values["access_token"].reveal()))
        return honest(request)

    monkeypatch.setattr(transport, "handle_request", watch)
    sandbox.advance(hours=3)
    sandbox.plan(Fault(match="*/users/*/followers", kind="expire_token"))
    assert sync(empty_workspace, "x", run="rotating", only=["account", "followers"]).outcome == "ok"
    assert len({token for token, _ in carried}) == 2
    expired, new = carried[0][0], carried[-1][0]
    assert all(sent in (kept, expired) for sent, kept in carried)
    assert carried[-1] == (new, new)


def test_a_refresh_token_that_was_replaced_survives_a_death_before_its_use(
    empty_workspace: Workspace, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_by_consent(empty_workspace, sandbox, "x")
    first = held(empty_workspace, "x", "x")
    sandbox.advance(hours=3)

    class Killed(BaseException):
        pass

    def save_and_die(self: MemoryVault, *given: Any) -> None:
        honest(self, *given)
        raise Killed

    honest = MemoryVault.save_envelope
    with monkeypatch.context() as dying:
        dying.setattr(MemoryVault, "save_envelope", save_and_die)
        with pytest.raises(Killed):
            sync(empty_workspace, "x", run="dies")
    assert held(empty_workspace, "x", "x").values["refresh_token"] != first.values["refresh_token"]
    sandbox.advance(hours=3)
    assert sync(empty_workspace, "x", run="lives", only=["account"]).outcome == "ok"
    assert token_calls(sandbox) == 3  # of the consent, of the one that died, of this one


def test_a_grant_that_was_revoked_asks_for_attention(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=TOKENS, kind="revoke"))
    sandbox.advance(hours=4)
    with pytest.raises(CredentialRejected) as told:
        sync(workspace, "dropbox", run="revoked")
    row = workspace.scope.integration("dropbox")
    assert (row.status, row.status_reason, row.last_error) == ("attention", str(told.value), str(told.value))
    assert "integrations connect dropbox --name dropbox" in told.value.advice
    assert "refresh refused" in actions(workspace)
    assert workspace.scope.due(sandbox.now() + timedelta(days=1)) == []
    connect_by_consent(workspace, sandbox, "dropbox")
    assert workspace.scope.integration("dropbox").status == "active"
    assert sync(workspace, "dropbox", run="granted anew").outcome == "ok"


def test_a_token_endpoint_that_asks_to_wait_pauses_the_integration(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=TOKENS, kind="rate_limited", args={"retry_after": 3600}, times=0))
    sandbox.advance(hours=4)
    with pytest.raises(ComeBackLater) as told:
        sync(workspace, "dropbox", run="limited")
    row = workspace.scope.integration("dropbox")
    assert (row.status, row.paused_until) == ("active", told.value.at)


def test_an_envelope_that_does_not_open_asks_for_attention(workspace: Workspace) -> None:
    workspace.vault.remove("dropbox")
    with pytest.raises(SealBroken):
        sync(workspace, "dropbox", run="sealed")
    assert workspace.scope.integration("dropbox").status == "attention"


def test_whoever_comes_second_takes_what_the_first_has_saved(workspace: Workspace, sandbox: Sandbox) -> None:
    integration = workspace.scope.integration("dropbox")
    stale = held(workspace)
    with ThreadPoolExecutor(1) as other:
        with workspace.leases.held(refresh_lease(integration), ttl=60):
            waiting = other.submit(refresh, workspace, integration, stale)
            threading.Event().wait(0.3)
            assert not waiting.done()
            fresh = replace(stale, values={**stale.values, "access_token": Secret("sl.other", "access_token")})
            save_credential(workspace, "dropbox", "dropbox", fresh)
        assert waiting.result(timeout=10).values["access_token"].reveal() == "sl.other"
    assert token_calls(sandbox) == 0


@pytest.mark.slow
def test_one_waits_for_another_process_only_so_long(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_WAIT_SECONDS", 0.4)
    integration = workspace.scope.integration("dropbox")
    with (
        workspace.leases.held(refresh_lease(integration), ttl=60),
        pytest.raises(ComeBackLater, match="another process has been refreshing its token"),
    ):
        refresh(workspace, integration, held(workspace))


def test_opening_leaves_an_audit_line(workspace: Workspace) -> None:
    before = actions(workspace).count("opened")
    open_credential(workspace, workspace.scope.integration("dropbox"))
    assert actions(workspace).count("opened") == before + 1
