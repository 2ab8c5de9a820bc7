"""Makes work places whose world is the sandbox. State, warehouse and sealing are real; waiting takes no time."""

from __future__ import annotations

import base64
import hashlib
from itertools import count
from pathlib import Path

from connectors.sdk.client import Surroundings
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from storage.audit import audit
from storage.home import Home
from storage.keyring import create_keyring, load_keyring
from storage.state.breakers import SqlBreakers
from storage.state.budgets import SqlBudgets
from tasks.workspace import Workspace
from tests.states import new_state
from tests.tasks.memory_vault import MemoryVault


def open_place(folder: Path, sandbox: Sandbox) -> Workspace:
    """A work place in this folder where nothing is connected. Its clock is the sandbox's; waiting moves it on.

    Identifiers, salts and the app secret are the same each time, so that keys are derived once for all tests.
    """
    home = Home(folder=folder).create()
    clock, serial = sandbox.world.clock, count()

    def same_bytes(length: int) -> bytes:
        return hashlib.shake_256(str(next(serial)).encode()).digest(length)

    state = new_state(home.state_db, clock=clock.now, random_bytes=same_bytes)
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
    return place
