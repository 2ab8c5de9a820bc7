"""What people ask of their integrations, over a real SQLite file."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import UsageError
from core.health import HealthReading, Status
from core.security import Finding, Severity
from storage.state.engine import State
from storage.state.scope import Scope
from tests.states import new_state

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return new_state(tmp_path / "state.db", clock=lambda: NOW)


@pytest.fixture
def scope(state: State) -> Scope:
    return state.scope(state.ensure_owner())


def connect(scope: Scope, name: str, platform: str = "hubspot", minutes: int = 60) -> None:
    scope.add_integration(name=name, platform=platform, auth_method="api_key", schedule_minutes=minutes)


def test_an_integration_comes_back_as_it_was_written(scope: Scope) -> None:
    written = scope.add_integration(
        name="crm",
        platform="hubspot",
        auth_method="oauth2",
        block_name="integration-crm",
        settings={"portal": 7, "nested": {"list": [1, "two"]}},
        account_label="ada@example.com",
        scopes=["contacts.read"],
        credential_sealed_at=NOW - HOUR,
        credential_expires_at=NOW + HOUR,
        key_version=3,
    )
    read = scope.integration("crm")
    assert read.model_dump() == written.model_dump()
    assert read.created_at.tzinfo is not None
    assert read.credential_expires_at == NOW + HOUR


def test_moments_of_other_time_zones_come_back_as_the_same_moment(scope: Scope) -> None:
    connect(scope, "crm")
    there = datetime.fromisoformat("2026-03-01T23:30:00+09:00")
    scope.pause_until("crm", there, "the platform asked for it")
    paused_until = scope.integration("crm").paused_until
    assert paused_until == there
    assert paused_until is not None
    assert paused_until.utcoffset() == timedelta(0)


def test_a_moment_without_time_zone_is_refused(scope: Scope) -> None:
    connect(scope, "crm")
    with pytest.raises(Exception, match="without time zone"):
        scope.pause_until("crm", datetime(2026, 3, 1), "who knows where")  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", "-crm", "_crm", "CRM", "a b", "x" * 64, "crm\n", "é"])
def test_what_is_no_name_is_refused(scope: Scope, name: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        connect(scope, name)


@pytest.mark.parametrize("name", ["a", "0", "crm-2", "google_drive", "x" * 63])
def test_letters_digits_hyphens_and_underscores_are_a_name(scope: Scope, name: str) -> None:
    connect(scope, name)
    assert scope.integration(name).name == name


def test_a_name_is_given_once(scope: Scope) -> None:
    connect(scope, "crm")
    with pytest.raises(UsageError, match="already an integration crm"):
        connect(scope, "crm", platform="dropbox")
    assert scope.integration("crm").platform == "hubspot"


def test_two_owners_may_use_the_same_name(state: State, scope: Scope) -> None:
    other = state.scope(state.ensure_owner("other"))
    connect(scope, "crm")
    connect(other, "crm", platform="dropbox")
    assert scope.integration("crm").platform == "hubspot"
    assert other.integration("crm").platform == "dropbox"


def test_a_misspelt_name_is_answered_with_the_nearest(scope: Scope) -> None:
    connect(scope, "hubspot-sales")
    connect(scope, "dropbox")
    with pytest.raises(UsageError) as caught:
        scope.integration("hubspot-sale")
    assert "hubspot-sales" in caught.value.advice
    assert "dropbox" not in caught.value.advice


def test_integrations_are_listed_by_platform_and_status(scope: Scope) -> None:
    for name, platform in [("b", "x"), ("a", "hubspot"), ("c", "x")]:
        connect(scope, name, platform)
    scope.update_integration("c", status="paused", status_reason="holidays")
    assert [row.name for row in scope.integrations()] == ["a", "b", "c"]
    assert [row.name for row in scope.integrations(platform="x")] == ["b", "c"]
    assert [row.name for row in scope.integrations(status="paused")] == ["c"]
    assert [row.name for row in scope.integrations(platform="x", status="active")] == ["b"]


def test_an_update_changes_what_it_names_and_the_time_of_change(tmp_path: Path) -> None:
    times = iter([NOW, NOW, NOW + HOUR])
    state = new_state(tmp_path / "clock.db", clock=lambda: next(times))
    scope = state.scope(state.ensure_owner())
    connect(scope, "crm")
    scope.update_integration("crm", account_label="Ada", settings={"portal": 9})
    row = scope.integration("crm")
    assert (row.account_label, row.settings, row.platform) == ("Ada", {"portal": 9}, "hubspot")
    assert (row.created_at, row.updated_at) == (NOW, NOW + HOUR)


@pytest.mark.parametrize("column", ["id", "owner", "name", "platform", "colour"])
def test_what_identifies_an_integration_cannot_be_changed(scope: Scope, column: str) -> None:
    connect(scope, "crm")
    with pytest.raises(UsageError, match=column):
        scope.update_integration("crm", **{column: "x"})


def test_resuming_clears_the_reason_and_the_pause(scope: Scope) -> None:
    connect(scope, "crm")
    scope.pause_until("crm", NOW + HOUR, "quota")
    scope.update_integration("crm", status="paused")
    row = scope.update_integration("crm", status="active")
    assert (row.status_reason, row.paused_until) == ("", None)


def test_a_removed_integration_is_gone_but_for_those_who_ask_for_it(scope: Scope) -> None:
    connect(scope, "crm")
    scope.update_integration("crm", block_name="integration-crm", key_version=1)
    scope.remove_integration("crm")
    assert scope.integrations() == []
    assert scope.due(NOW) == []
    [removed] = scope.integrations(status="removed")
    assert (removed.name, removed.block_name, removed.key_version) == ("crm", "", None)
    for use in (scope.integration, scope.remove_integration):
        with pytest.raises(UsageError, match="no integration crm"):
            use("crm")


def test_the_name_of_a_removed_integration_can_be_given_anew(scope: Scope) -> None:
    connect(scope, "crm")
    old = scope.integration("crm")
    scope.remove_integration("crm")
    connect(scope, "crm", platform="salesforce")
    new = scope.integration("crm")
    assert new.platform == "salesforce"
    assert new.id != old.id
    assert scope.integrations(status="removed") == []


def test_a_new_integration_is_due_at_once_and_then_by_its_schedule(scope: Scope) -> None:
    connect(scope, "crm", minutes=60)
    assert [row.name for row in scope.due(NOW)] == ["crm"]
    scope.record_sync("crm", NOW + timedelta(minutes=2))
    assert scope.due(NOW + timedelta(minutes=59)) == []
    assert [row.name for row in scope.due(NOW + HOUR)] == ["crm"]


def test_a_long_sync_does_not_shift_the_schedule(scope: Scope) -> None:
    connect(scope, "crm", minutes=60)
    for hour in range(5):
        start = NOW + hour * HOUR
        assert [row.name for row in scope.due(start)] == ["crm"]
        scope.record_sync("crm", start + timedelta(minutes=50))


def test_missed_times_are_not_caught_up_one_by_one(scope: Scope) -> None:
    connect(scope, "crm", minutes=60)
    scope.record_sync("crm", NOW + 10 * HOUR + timedelta(minutes=30))
    assert scope.integration("crm").next_due_at == NOW + 11 * HOUR


def test_a_shorter_schedule_counts_from_the_last_sync(scope: Scope) -> None:
    connect(scope, "crm", minutes=24 * 60)
    scope.record_sync("crm", NOW)
    scope.update_integration("crm", schedule_minutes=15)
    assert scope.due(NOW + timedelta(minutes=14)) == []
    assert len(scope.due(NOW + timedelta(minutes=15))) == 1


def test_paused_attention_postponed_and_unscheduled_integrations_are_not_due(scope: Scope) -> None:
    for name in ("paused", "attention", "postponed", "on-demand", "ready"):
        connect(scope, name, minutes=0 if name == "on-demand" else 60)
    scope.update_integration("paused", status="paused")
    scope.update_integration("attention", status="attention", status_reason="the token was refused")
    scope.pause_until("postponed", NOW + HOUR, "quota")
    assert [row.name for row in scope.due(NOW)] == ["ready"]
    assert [row.name for row in scope.due(NOW + HOUR)] == ["postponed", "ready"]


def test_due_takes_one_platform_and_the_longest_waiting_first(scope: Scope) -> None:
    for name, platform in [("a", "x"), ("b", "x"), ("c", "hubspot")]:
        connect(scope, name, platform)
    scope.record_sync("a", NOW + timedelta(minutes=1))
    scope.update_integration("b", next_due_at=NOW + timedelta(minutes=30))
    assert [row.name for row in scope.due(NOW + 2 * HOUR, "x")] == ["b", "a"]


def test_a_failed_sync_keeps_the_last_success_and_tells_the_error(scope: Scope) -> None:
    connect(scope, "crm")
    scope.record_sync("crm", NOW)
    scope.record_sync("crm", NOW + HOUR, error="the platform answered 503")
    row = scope.integration("crm")
    assert (row.last_sync_at, row.last_success_at) == (NOW + HOUR, NOW)
    assert row.last_error == "the platform answered 503"
    scope.record_sync("crm", NOW + 2 * HOUR)
    assert scope.integration("crm").last_error == ""


def test_a_success_ends_the_need_for_attention_but_not_a_persons_pause(scope: Scope) -> None:
    connect(scope, "crm")
    connect(scope, "files")
    scope.update_integration("crm", status="attention", status_reason="the token was refused")
    scope.update_integration("files", status="paused", status_reason="holidays")
    assert scope.record_sync("crm", NOW).status == "active"
    assert scope.integration("crm").status_reason == ""
    assert scope.record_sync("files", NOW).status == "paused"
    assert scope.integration("files").status_reason == "holidays"


def measured(name: str, status: Status = "healthy", ms: float = 80.0) -> HealthReading:
    return HealthReading(check_name=name, status=status, value=ms, unit="ms", message="")


def found(rule: str, severity: Severity = "high", detail: str = "") -> Finding:
    return Finding(rule=rule, severity=severity, title="The credential is old", detail=detail, remedy="Connect again.")


def test_health_is_what_the_last_check_said(scope: Scope) -> None:
    connect(scope, "crm")
    scope.save_health("crm", [measured("latency"), measured("gone")], NOW)
    scope.save_health("crm", [measured("latency", "degraded", 900.0)], NOW + HOUR)
    [row] = scope.health("crm")
    assert (row.check_name, row.status, row.value, row.unit, row.at) == ("latency", "degraded", 900.0, "ms", NOW + HOUR)
    assert [row.integration for row in scope.health()] == ["crm"]


def test_a_finding_keeps_when_it_was_first_seen_and_ends_when_gone(scope: Scope) -> None:
    connect(scope, "crm")
    scope.save_findings("crm", [found("age"), found("scopes")], NOW)
    scope.save_findings("crm", [found("age", severity="critical", detail="400 days")], NOW + HOUR)
    [row] = scope.findings()
    assert (row.rule, row.severity, row.detail) == ("age", "critical", "400 days")
    assert (row.first_seen, row.last_seen) == (NOW, NOW + HOUR)
    ended = {row.rule: row.resolved_at for row in scope.findings(open_only=False)}
    assert ended == {"age": None, "scopes": NOW + HOUR}


def test_a_finding_that_comes_back_begins_anew_and_one_that_ended_keeps_its_end(scope: Scope) -> None:
    connect(scope, "crm")
    scope.save_findings("crm", [found("age"), found("scopes")], NOW)
    scope.save_findings("crm", [], NOW + HOUR)
    scope.save_findings("crm", [found("age")], NOW + 2 * HOUR)
    rows = {row.rule: row for row in scope.findings(open_only=False)}
    assert (rows["age"].first_seen, rows["age"].resolved_at) == (NOW + 2 * HOUR, None)
    assert rows["scopes"].resolved_at == NOW + HOUR


def test_findings_of_the_installation_stand_beside_those_of_integrations(scope: Scope) -> None:
    connect(scope, "crm")
    scope.save_findings("crm", [found("age")], NOW)
    scope.save_findings(None, [found("key-file-readable")], NOW)
    scope.save_findings(None, [found("key-file-readable")], NOW + HOUR)
    assert [(row.integration, row.rule) for row in scope.findings()] == [("crm", "age"), (None, "key-file-readable")]
    scope.save_findings(None, [], NOW + HOUR)
    assert [row.rule for row in scope.findings(name="crm")] == ["age"]
    assert [row.rule for row in scope.findings()] == ["age"]


def test_removing_an_integration_takes_its_health_and_findings_along(scope: Scope) -> None:
    for name in ("crm", "files"):
        connect(scope, name)
        scope.save_health(name, [measured("latency")], NOW)
        scope.save_findings(name, [found("age")], NOW)
    scope.remove_integration("crm")
    assert [row.integration for row in scope.health()] == ["files"]
    assert [row.integration for row in scope.findings(open_only=False)] == ["files"]


def test_an_owner_is_created_once_and_keeps_its_salt(state: State) -> None:
    first, second = state.ensure_owner(), state.ensure_owner()
    assert first == second
    assert state.scope(first).salt() == state.scope(second).salt()
    assert len(base64.b64decode(state.scope(first).salt())) == 16
    other = state.ensure_owner("other")
    assert state.scope(other).salt() != state.scope(first).salt()
    assert state.owners() == sorted([first, other])


def test_the_salt_of_an_owner_who_is_not_there_is_a_usage_error(state: State) -> None:
    with pytest.raises(UsageError, match="no owner"):
        state.scope("nobody").salt()
