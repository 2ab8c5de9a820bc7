"""Whatever dies, and wherever: in the end every record stands once in the warehouse, and the state goes on from there.

Here a sync dies in this process at each of its steps in turn; test_killed.py kills real processes anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from sandbox.world import World
from storage.state.scope import Scope
from storage.warehouse import drain
from storage.warehouse.landing import LandingZone
from tasks import segments
from tasks.engine import sync
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.landed import live, query, truth
from tests.tasks.places import open_place

SCALE = 40


class Killed(BaseException):
    """Nothing may catch it, as nothing catches SIGKILL."""


class Reaper:
    """Lets so many steps happen, and none after that. A step dies before or after it is done, in turns."""

    def __init__(self, steps: float) -> None:
        self.left = steps

    def watch(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda *given, **named: self._step(original, given, named))

    def _step(self, original: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self.die_or_go_on()
        done = original(*given, **named)
        self.die_or_go_on()
        return done

    def die_or_go_on(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


def syncs_that_die(workspace: Workspace, patch: pytest.MonkeyPatch, name: str, stream: str) -> int:
    """Syncs that die one step later each time, until one does not. How many died."""
    steps = 0
    while True:
        with patch.context() as dying:
            reaper = Reaper(steps)
            for owner, step in (
                (LandingZone, "write"),
                (drain, "_land"),
                (drain, "_save_states"),
                (drain, "_record"),
                (Scope, "record_sync"),
            ):
                reaper.watch(dying, owner, step)
            try:
                sync(workspace, name, run=f"dies after {steps}", only=[stream])
            except Killed:
                steps += 1
                assert steps < 150
                continue
        return steps


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(World(scale=SCALE), relaxed=True, sleep=lambda seconds: None)


@pytest.fixture
def workspace(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr("connectors.hubspot.streams._LIST_SIZE", 10)
    monkeypatch.setattr("connectors.hubspot.streams._SEARCH_SIZE", 10)
    monkeypatch.setattr("connectors.dropbox.streams._PAGE", 40)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 10)
    return open_place(tmp_path / "home", sandbox)


@pytest.mark.parametrize(
    ("platform", "method", "stream"),
    [
        pytest.param("hubspot", "service_key", "contacts", marks=pytest.mark.slow),
        pytest.param("dropbox", "access_token", "entries", marks=pytest.mark.slow),
    ],
)
def test_a_sync_may_die_at_any_step(
    workspace: Workspace,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    method: str,
    stream: str,
) -> None:
    connect_sample(workspace, platform, method)
    assert syncs_that_die(workspace, monkeypatch, platform, stream) > 5
    sandbox.advance(days=3)
    assert syncs_that_die(workspace, monkeypatch, platform, stream) > 1
    table = f"{platform}.{stream}"
    assert live(workspace.warehouse, platform)[table] == truth(platform, method, SCALE, 3)[table]
    assert query(workspace, "SELECT count(*) - count(DISTINCT id) FROM landed.segments") == [(0,)]
    assert sync(workspace, platform, run="idle", only=[stream]).rows == 0
    assert not workspace.landing.rejected.exists()


@pytest.mark.slow
def test_a_state_that_runs_ahead_of_its_records_would_be_noticed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = LandingZone.write

    def hasty(self: LandingZone, **told: Any) -> None:
        """Writes the state first and the records after it."""
        honest(self, **{**told, "records": [], "deletions": ()})
        if told["records"] and told["table"].name == "contacts":
            reaper.die_or_go_on()
        honest(self, **told)

    reaper = Reaper(1)
    connect_sample(workspace, "hubspot", "service_key")
    wanted = truth("hubspot", "service_key", SCALE, 0)["hubspot.contacts"]
    with monkeypatch.context() as broken:
        broken.setattr(LandingZone, "write", hasty)
        with pytest.raises(Killed):
            sync(workspace, "hubspot", run="dies", only=["contacts"])
    assert sync(workspace, "hubspot", run="clean", only=["contacts"]).outcome == "ok"
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == len(wanted) - 10
