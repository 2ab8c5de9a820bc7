"""Rotation: interrupted, resumed, raced by refreshes, and checked at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from core.errors import SealBroken
from core.sealing import MINIMUM_ROUNDS, Binding, Envelope, Keyring, seal, unseal
from core.secrets import Secret
from storage.audit import audit_trail
from storage.state.engine import State
from storage.state.models import Integration, Rotation
from storage.state.rotation import RotationReport, rotate, versions_in_use
from tests.states import new_state

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE = Secret("1" * 40)
TWO = Secret("2" * 40)
OLD = Keyring(secrets={1: ONE}, current=1)
BOTH = Keyring(secrets={1: ONE, 2: TWO}, current=2)
NEW = Keyring(secrets={2: TWO}, current=2)


class Killed(BaseException):
    pass


@dataclass
class Blocks:
    """Where envelopes live, as Prefect's blocks do; `before_save` is what happens between reading and writing."""

    kept: dict[tuple[str, str], Envelope] = field(default_factory=dict)
    before_save: Callable[[Integration], None] = lambda integration: None
    saves: int = 0

    def load(self, integration: Integration) -> Envelope:
        try:
            return self.kept[integration.owner, integration.name]
        except KeyError:
            raise SealBroken(f"the block of {integration.name} is gone") from None

    def save(self, integration: Integration, expected: Envelope, new: Envelope) -> bool:
        self.before_save(integration)
        if self.kept[integration.owner, integration.name] != expected:
            return False
        self.kept[integration.owner, integration.name] = new
        self.saves += 1
        return True

    def put(self, integration: Integration, token: str, keyring: Keyring) -> None:
        self.kept[integration.owner, integration.name] = seal(
            {"token": token},
            binding(integration),
            keyring,
            salt=b"0123456789abcdef",
            random_bytes=os.urandom,
            rounds=MINIMUM_ROUNDS,
        )

    def token(self, integration: Integration, keyring: Keyring) -> object:
        return unseal(self.load(integration), binding(integration), keyring)["token"]


def binding(integration: Integration) -> Binding:
    return Binding(owner=integration.owner, integration=integration.name, platform=integration.platform)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return new_state(tmp_path / "state.db", clock=lambda: NOW)


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


def connected(state: State, blocks: Blocks, *names: str, owner: str = "local") -> list[Integration]:
    scope = state.scope(state.ensure_owner(owner))
    rows = [
        scope.add_integration(name=name, platform="x", auth_method="token", block_name=f"b-{name}", key_version=1)
        for name in names
    ]
    for row in rows:
        blocks.put(row, f"token of {row.name}", OLD)
    return sorted(rows, key=lambda row: row.id)


def run(state: State, blocks: Blocks, keyring: Keyring = BOTH, *, dry_run: bool = False) -> RotationReport:
    return rotate(state, keyring, blocks.load, blocks.save, rounds=MINIMUM_ROUNDS, dry_run=dry_run)


def rotations(state: State, owner: str = "local") -> list[Rotation]:
    with state.scope(state.ensure_owner(owner)).reading() as session:
        return list(session.exec(select(Rotation)))


def test_after_a_rotation_the_old_secret_is_no_longer_needed(state: State, blocks: Blocks) -> None:
    mine = connected(state, blocks, "crm", "files", "mail")
    theirs = connected(state, blocks, "posts", owner="other")
    report = run(state, blocks)
    assert set(report.resealed) == {"crm", "files", "mail", "posts"}
    assert report.complete
    for row in (*mine, *theirs):
        assert blocks.token(row, NEW) == f"token of {row.name}"
        assert state.scope(row.owner).integration(row.name).key_version == 2
    assert versions_in_use(state, blocks.load).keys() == {2}
    assert [row.finished_at for row in rotations(state)] == [NOW]


def test_a_second_rotation_finds_nothing_to_do(state: State, blocks: Blocks) -> None:
    connected(state, blocks, "crm")
    run(state, blocks)
    report = run(state, blocks)
    assert (report.resealed, report.current_already, report.complete) == ((), ("crm",), True)
    assert blocks.saves == 1


def test_a_dry_run_tells_and_changes_nothing(state: State, blocks: Blocks) -> None:
    [_, current] = connected(state, blocks, "crm", "files")
    blocks.put(current, "new", BOTH)
    before = dict(blocks.kept)
    report = run(state, blocks, dry_run=True)
    assert (len(report.resealed), report.current_already, report.dry_run) == (1, (current.name,), True)
    assert blocks.kept == before
    assert rotations(state) == []
    assert audit_trail(state.scope(state.ensure_owner())) == []


def test_a_dry_run_finds_the_credential_that_would_not_open(state: State, blocks: Blocks) -> None:
    connected(state, blocks, "crm", "files")
    report = run(state, blocks, NEW, dry_run=True)
    assert {name for name, _ in report.failed} == {"crm", "files"}
    assert not report.complete


def test_an_interrupted_rotation_goes_on_where_it_stopped(state: State, blocks: Blocks) -> None:
    rows = connected(state, blocks, "a", "b", "c", "d")

    def die_at_the_third(integration: Integration) -> None:
        if integration.id == rows[2].id:
            raise Killed

    blocks.before_save = die_at_the_third
    with pytest.raises(Killed):
        run(state, blocks)
    assert sorted(map(len, versions_in_use(state, blocks.load).values())) == [2, 2]
    blocks.before_save = lambda integration: None
    report = run(state, blocks)
    assert report.resealed == tuple(row.name for row in rows[2:])
    assert report.current_already == (), "the first two are not looked at again"
    assert report.complete
    assert blocks.saves == 4
    assert len(rotations(state)) == 1


def test_a_token_refreshed_meanwhile_is_not_lost(state: State, blocks: Blocks) -> None:
    [row] = connected(state, blocks, "crm")
    refreshes = iter(["second token", "third token"])

    def refresh(integration: Integration) -> None:
        if token := next(refreshes, None):
            blocks.put(integration, token, OLD)

    blocks.before_save = refresh
    assert run(state, blocks).complete
    assert blocks.token(row, NEW) == "third token"


def test_a_token_refreshed_while_the_old_one_is_sealed_anew_is_not_lost(tmp_path: Path, blocks: Blocks) -> None:
    refreshed: list[Integration] = []

    def refresh_meanwhile(count: int) -> bytes:
        while refreshed:
            blocks.put(refreshed.pop(), "second token", OLD)
        return os.urandom(count)

    state = new_state(tmp_path / "state.db", random_bytes=refresh_meanwhile)
    [row] = connected(state, blocks, "crm")
    refreshed.append(row)
    assert run(state, blocks).complete
    assert blocks.token(row, NEW) == "second token"


def test_a_token_refreshed_under_the_new_secret_counts_as_done(state: State, blocks: Blocks) -> None:
    [row] = connected(state, blocks, "crm")
    blocks.before_save = lambda integration: blocks.put(integration, "fresh", BOTH)
    report = run(state, blocks)
    assert (report.current_already, report.complete) == (("crm",), True)
    assert blocks.token(row, NEW) == "fresh"


def test_a_credential_that_does_not_open_stops_no_other_and_is_told(state: State, blocks: Blocks) -> None:
    rows = connected(state, blocks, "a", "b", "c")
    blocks.kept[rows[1].owner, rows[1].name] = blocks.load(rows[0])
    report = run(state, blocks)
    assert set(report.resealed) == {rows[0].name, rows[2].name}
    assert ([name for name, _ in report.failed], report.left_behind) == ([rows[1].name], (rows[1].name,))
    assert not report.complete
    assert rotations(state)[0].finished_at is None
    blocks.put(rows[1], "connected again", BOTH)
    assert run(state, blocks).complete
    assert len(rotations(state)) == 1


def test_a_credential_connected_behind_the_rotation_is_found_by_the_final_check(state: State, blocks: Blocks) -> None:
    connected(state, blocks, "crm")

    def connect_with_the_old_keyring(integration: Integration) -> None:
        blocks.before_save = lambda integration: None
        scope = state.scope(integration.owner)
        late = scope.add_integration(name="late", platform="x", auth_method="token", block_name="b-late")
        blocks.put(late, "late", OLD)

    blocks.before_save = connect_with_the_old_keyring
    report = run(state, blocks)
    assert report.left_behind == ("late",)
    assert run(state, blocks).resealed == ("late",)


def test_an_integration_removed_meanwhile_is_no_failure(state: State, blocks: Blocks) -> None:
    rows = connected(state, blocks, "a", "b")

    def remove_the_second(integration: Integration) -> None:
        if integration.id == rows[0].id:
            del blocks.kept[rows[1].owner, rows[1].name]
            state.scope(rows[1].owner).remove_integration(rows[1].name)

    blocks.before_save = remove_the_second
    report = run(state, blocks)
    assert report.resealed == (rows[0].name,)
    assert report.complete


def test_an_integration_without_a_sealed_credential_is_passed_over(state: State, blocks: Blocks) -> None:
    connected(state, blocks, "crm")
    state.scope(state.ensure_owner()).add_integration(name="empty", platform="x", auth_method="token")
    assert run(state, blocks).resealed == ("crm",)


def test_each_re_sealing_leaves_an_audit_line(state: State, blocks: Blocks) -> None:
    connected(state, blocks, "crm")
    run(state, blocks)
    [line] = audit_trail(state.scope(state.ensure_owner()))
    assert (line.action, line.integration, line.detail) == ("rotated", "crm", {"from_version": 1, "to_version": 2})
