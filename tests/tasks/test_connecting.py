"""Connecting: what a person gives is checked, proven, sealed and written down; and forgotten again."""

from __future__ import annotations

import pytest

from connectors.sdk.credential import Credential
from core.errors import Busy, CredentialMalformed, CredentialRejected, SealBroken, UsageError
from sandbox.faults import Fault
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from storage.audit import audit_trail
from storage.warehouse.reading import states
from tasks.connecting import Proven, begin_consent, connect, finish_consent, from_fields, prove, remove
from tasks.engine import sync, sync_lease
from tasks.workspace import Workspace
from tests.tasks.connected import REDIRECT, connect_by_consent, connect_sample
from tests.tasks.landed import live
from tests.tasks.memory_vault import MemoryVault

TOKEN = SAMPLES["hubspot"]["service_key"]["token"]


def remembered(workspace: Workspace, name: str) -> set[str]:
    return {stream for stream, _ in states(workspace.warehouse, workspace.landing, name, owner=workspace.owner)}


def test_a_field_that_cannot_be_right_is_refused_before_any_call(sandbox: Sandbox) -> None:
    with pytest.raises(CredentialMalformed) as told:
        from_fields("hubspot", "service_key", {"token": "pat-wrong"})
    assert "pat-wrong" not in str(told.value) + told.value.advice
    assert not sandbox.calls


def test_fields_that_are_missing_or_unknown_are_named() -> None:
    with pytest.raises(UsageError, match="also needs: Token"):
        from_fields("hubspot", "service_key", {})
    with pytest.raises(UsageError, match="has no field key"):
        from_fields("hubspot", "service_key", {"key": "x"})
    with pytest.raises(UsageError, match="no way to authenticate called password"):
        from_fields("hubspot", "password", {})


def test_secrets_are_sealed_and_only_the_rest_becomes_settings() -> None:
    given = SAMPLES["hubspot"]["oauth2"]
    credential, settings = from_fields("hubspot", "oauth2", given)
    assert settings == {"client_id": given["client_id"]}
    assert credential.reveal() == given
    assert given["client_secret"] not in repr(credential)


def test_what_the_credential_itself_tells_is_learnt(empty_workspace: Workspace) -> None:
    connect_sample(empty_workspace, "mailchimp", "api_key")
    row = empty_workspace.scope.integration("mailchimp")
    assert row.settings["dc"] == "us21"
    assert row.account_label


def test_a_connected_integration_is_due_and_sealed_and_told_in_the_audit(workspace: Workspace) -> None:
    row = workspace.scope.integration("hubspot")
    assert (row.status, row.account_label, row.auth_method) == ("active", "portal 147000001", "service_key")
    assert row.key_version == 1
    assert workspace.scope.due(workspace.clock())[0].name == "hubspot"
    assert workspace.vault.get("hubspot", "hubspot").reveal() == {"token": TOKEN}
    assert {"sealed", "connected"} <= {line.action for line in audit_trail(workspace.scope, integration="hubspot")}


def test_a_credential_that_the_platform_refuses_is_not_connected(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(kind="revoke"))
    with pytest.raises(CredentialRejected):
        connect_sample(empty_workspace, "hubspot", "service_key")
    assert empty_workspace.scope.integrations() == []


def test_an_integration_whose_credential_cannot_be_sealed_is_not_left_behind(
    empty_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise OSError("no block")

    monkeypatch.setattr(MemoryVault, "save_envelope", fail)
    with pytest.raises(OSError, match="no block"):
        connect_sample(empty_workspace, "hubspot", "service_key")
    assert empty_workspace.scope.integrations() == []


def test_connecting_again_seals_the_new_credential_and_keeps_what_was_read(workspace: Workspace) -> None:
    sync(workspace, "hubspot", run="first", only=["contacts"])
    workspace.scope.update_integration("hubspot", status="attention", status_reason="it was revoked")
    connect_sample(workspace, "hubspot", "service_key")
    row = workspace.scope.integration("hubspot")
    assert (row.status, row.status_reason) == ("active", "")
    assert sync(workspace, "hubspot", run="second", only=["contacts"]).rows == 0


def test_another_account_under_the_same_name_is_read_from_its_beginning(workspace: Workspace) -> None:
    sync(workspace, "hubspot", run="first", only=["contacts"])
    credential = workspace.vault.get("hubspot", "hubspot")
    connect(workspace, "hubspot", "hubspot", Proven(credential=credential, settings={"account": "portal 2"}))
    assert remembered(workspace, "hubspot") == set()
    report = sync(workspace, "hubspot", run="second", only=["contacts"])
    assert (report.streams[0].full, report.rows) == (True, 40)


def test_a_name_belongs_to_one_platform(workspace: Workspace) -> None:
    proven = Proven(credential=Credential(method="access_token"), settings={"account": "somebody"})
    with pytest.raises(UsageError, match="already an integration of hubspot"):
        connect(workspace, "dropbox", "hubspot", proven)
    assert workspace.vault.get("hubspot", "hubspot").reveal() == {"token": TOKEN}


def test_the_answer_of_another_attempt_is_refused(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    app, _ = from_fields("dropbox", "oauth2", SAMPLES["dropbox"]["oauth2"])
    consent = begin_consent("dropbox", "oauth2", app, REDIRECT)
    sandbox.calls.clear()
    with pytest.raises(UsageError, match="does not belong to this attempt"):
        finish_consent(empty_workspace, consent, {}, code="a code", state=consent.state[:-1] + "?", name="dropbox")
    assert not sandbox.calls


def test_consent_asks_for_nothing_secret_in_its_address(empty_workspace: Workspace) -> None:
    given = SAMPLES["dropbox"]["oauth2"]
    app, _ = from_fields("dropbox", "oauth2", given)
    consent = begin_consent("dropbox", "oauth2", app, REDIRECT)
    assert given["client_secret"] not in consent.url
    assert consent.verifier.reveal() not in consent.url
    assert consent.verifier.reveal() not in repr(consent)


def test_a_code_that_was_never_given_is_refused_without_being_repeated(
    empty_workspace: Workspace, sandbox: Sandbox
) -> None:
    connect_by_consent(empty_workspace, sandbox, "dropbox")
    app, _ = from_fields("dropbox", "oauth2", SAMPLES["dropbox"]["oauth2"])
    consent = begin_consent("dropbox", "oauth2", app, REDIRECT)
    with pytest.raises(CredentialRejected) as told:
        finish_consent(empty_workspace, consent, {}, code="made-up-code", state=consent.state, name="dropbox")
    assert "made-up-code" not in str(told.value)


def test_removing_forgets_the_credential_and_where_it_was_and_keeps_the_rows(workspace: Workspace) -> None:
    sync(workspace, "hubspot", run="first", only=["contacts"])
    remove(workspace, "hubspot")
    with pytest.raises(UsageError):
        workspace.scope.integration("hubspot")
    with pytest.raises(SealBroken):
        workspace.vault.get("hubspot", "hubspot")
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == 40
    connect_sample(workspace, "hubspot", "service_key")
    assert sync(workspace, "hubspot", run="anew", only=["contacts"]).rows == 40


def test_what_is_being_synced_is_not_removed(workspace: Workspace) -> None:
    with workspace.leases.held(sync_lease("hubspot"), ttl=60), pytest.raises(Busy):
        remove(workspace, "hubspot")
    assert workspace.scope.integration("hubspot").status == "active"


def test_proving_tells_who_one_is(workspace: Workspace) -> None:
    credential, settings = from_fields("hubspot", "service_key", {"token": TOKEN})
    proven = prove("hubspot", credential, settings, name="hubspot", surroundings=workspace.surroundings)
    assert proven.account == "portal 147000001"
    assert TOKEN not in repr(proven)
