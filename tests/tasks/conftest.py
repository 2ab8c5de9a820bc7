"""A work place in a folder of its own, with the sandbox for the world. State, warehouse and sealing are real."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from connectors.sdk.client import Surroundings
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from sandbox.world import World
from storage.audit import audit
from storage.home import Home
from storage.keyring import create_keyring, load_keyring
from storage.state.breakers import SqlBreakers
from storage.state.budgets import SqlBudgets
from storage.state.engine import open_state
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.memory_vault import MemoryVault


@pytest.fixture
def sandbox() -> Sandbox:
    """All simulated platforms, on a clock that moves only when told: `sandbox.advance(hours=1)`, or by sleeping."""
    return Sandbox(World(scale=40), relaxed=True, sleep=lambda seconds: None)


@pytest.fixture
def empty_workspace(tmp_path: Path, sandbox: Sandbox) -> Iterator[Workspace]:
    """A work place where nothing is connected. Its clock is the sandbox's; waiting moves it on and takes no time.

    Identifiers, salts and the app secret are the same each time, so that keys are derived once for all tests.
    """
    home = Home(folder=tmp_path / "home").create()
    clock, serial = sandbox.world.clock, count()

    def same_bytes(length: int) -> bytes:
        return hashlib.shake_256(str(next(serial)).encode()).digest(length)

    state = open_state(home.state_db, clock=clock.now, random_bytes=same_bytes)
    owner = state.ensure_owner("local")
    surroundings = Surroundings(
        transport=SandboxTransport(sandbox),
        budgets=SqlBudgets(state, owner),
        breakers=SqlBreakers(state, owner),
        clock=clock.seconds,
        sleep=lambda seconds: clock.advance(seconds=seconds),
        chance=lambda: 0.5,
    )
    place = Workspace(home=home, state=state, owner=owner, clock=clock.now, given_surroundings=surroundings)
    create_keyring(home.keyring_file, lambda length: b"7" * length)
    place.__dict__["vault"] = MemoryVault(
        owner,
        load_keyring(home.keyring_file, {}),
        base64.b64decode(place.scope.salt()),
        opened=lambda integration: audit(place.scope, "opened", integration),
    )
    yield place
    place.close()


@pytest.fixture
def workspace(empty_workspace: Workspace) -> Workspace:
    """A work place where `hubspot` is connected with the sample service key, never synced yet."""
    connect_sample(empty_workspace, "hubspot", "service_key")
    return empty_workspace
