"""The audit is written once, holds no secret, and forgets by age only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.secrets import Secret
from storage.audit import audit, audit_trail, prune
from storage.state.engine import State
from storage.state.scope import Scope
from tests.states import new_state

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def times() -> list[datetime]:
    return [NOW]


@pytest.fixture
def state(tmp_path: Path, times: list[datetime]) -> State:
    return new_state(tmp_path / "state.db", clock=lambda: times[-1])


@pytest.fixture
def scope(state: State) -> Scope:
    return state.scope(state.ensure_owner(), actor="ada")


def test_a_line_says_who_did_what_to_what_and_when(scope: Scope) -> None:
    audit(scope, "sealed", "crm", key_version=2, scopes=["read"])
    [line] = audit_trail(scope)
    assert (line.at, line.actor, line.action, line.integration) == (NOW, "ada", "sealed", "crm")
    assert line.detail == {"key_version": 2, "scopes": ["read"]}


def test_the_trail_is_newest_first_and_can_be_narrowed(scope: Scope, times: list[datetime]) -> None:
    for day, integration in enumerate(["crm", "files", "crm"]):
        times.append(NOW + day * DAY)
        audit(scope, f"opened {day}", integration)
    assert [line.action for line in audit_trail(scope)] == ["opened 2", "opened 1", "opened 0"]
    assert [line.action for line in audit_trail(scope, integration="crm")] == ["opened 2", "opened 0"]
    assert [line.action for line in audit_trail(scope, since=NOW + DAY)] == ["opened 2", "opened 1"]
    assert [line.action for line in audit_trail(scope, limit=1)] == ["opened 2"]


def test_a_trail_outlives_its_integration(scope: Scope) -> None:
    scope.add_integration(name="crm", platform="x", auth_method="token")
    audit(scope, "sealed", "crm")
    scope.remove_integration("crm")
    scope.add_integration(name="crm", platform="hubspot", auth_method="token")
    assert [line.action for line in audit_trail(scope)] == ["sealed"]


def test_owners_have_trails_of_their_own(state: State, scope: Scope) -> None:
    audit(scope, "opened", "crm")
    assert audit_trail(state.scope(state.ensure_owner("other"))) == []


@pytest.mark.parametrize(
    "value",
    [Secret("s3cret"), {"deep": [Secret("s3cret")]}, (1, Secret("s3cret")), b"s3cret", NOW, object(), {1: "s3cret"}],
)
def test_a_secret_and_whatever_is_not_plain_is_refused(scope: Scope, value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        audit(scope, "sealed", "crm", value=value)
    assert "s3cret" not in str(caught.value)
    assert audit_trail(scope) == []


def test_pruning_takes_what_is_older_and_says_so(state: State, scope: Scope, times: list[datetime]) -> None:
    other = state.scope(state.ensure_owner("other"))
    for day in range(3):
        times.append(NOW + day * DAY)
        audit(scope, f"opened {day}", "crm")
        audit(other, f"opened {day}", "crm")
    assert prune(scope, NOW + 2 * DAY) == 2
    assert [line.action for line in audit_trail(scope)] == ["audit pruned", "opened 2"]
    assert len(audit_trail(other)) == 3
    assert prune(scope, NOW + 2 * DAY) == 0
    assert len(audit_trail(scope)) == 2
