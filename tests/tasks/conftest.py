"""A work place in a folder of its own, with the sandbox for the world. State, warehouse and sealing are real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.world import World
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.places import open_place


@pytest.fixture
def sandbox() -> Sandbox:
    """All simulated platforms, on a clock that moves only when told: `sandbox.advance(hours=1)`, or by sleeping."""
    return Sandbox(World(scale=40), relaxed=True, sleep=lambda seconds: None)


@pytest.fixture
def empty_workspace(tmp_path: Path, sandbox: Sandbox) -> Iterator[Workspace]:
    """A work place where nothing is connected. Its clock is the sandbox's; waiting moves it on and takes no time."""
    place = open_place(tmp_path / "home", sandbox)
    yield place
    place.close()


@pytest.fixture
def workspace(empty_workspace: Workspace) -> Workspace:
    """A work place where `hubspot` is connected with the sample service key, never synced yet."""
    connect_sample(empty_workspace, "hubspot", "service_key")
    return empty_workspace
