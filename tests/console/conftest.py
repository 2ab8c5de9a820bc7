"""The command line in a home of its own, with the simulated platforms behind real sockets."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console import prefect_server
from console.cli import app
from core.sealing import Envelope
from sandbox.__main__ import listen, server_of
from sandbox.sandbox import Sandbox
from sandbox.world import World
from storage.audit import audit
from storage.home import Home
from storage.keyring import create_keyring, load_keyring
from tasks.workspace import Workspace
from tests.tasks.memory_vault import MemoryVault

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home that INTEGRATIONS_HOME names."""
    folder = tmp_path / "home"
    monkeypatch.setenv("INTEGRATIONS_HOME", str(folder))
    for name in ("PREFECT_API_URL", "INTEGRATIONS_SANDBOX", "INTEGRATIONS_DATABASE_URL", "INTEGRATIONS_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    return Home(folder=folder)


@pytest.fixture
def run(home: Home) -> Run:
    """Runs a command as the shell would; `stdin` is what it reads. Never raises."""

    def run(*args: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, list(args), input=stdin, env={"COLUMNS": "160"})

    return run


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Envelope]:
    """Envelopes by integration: what Prefect's blocks would hold, so that no server is needed."""
    kept: dict[str, Envelope] = {}

    def vault(place: Workspace) -> MemoryVault:
        scope = place.scope
        opened = MemoryVault(
            place.owner,
            load_keyring(place.home.keyring_file),
            base64.b64decode(scope.salt()),
            opened=lambda integration: audit(scope, "opened", integration),
        )
        opened.envelopes = kept
        return opened

    @contextmanager
    def no_server(home: Home, **_: Any) -> Iterator[prefect_server.Server]:
        yield prefect_server.Server(url="http://127.0.0.1:1/api", kind="temporary")

    monkeypatch.setattr(Workspace, "vault", property(vault))
    monkeypatch.setattr(prefect_server, "use_server", no_server)
    return kept


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home where nothing is connected. Its state and keyring are copied: migrating a database and deriving a key
    for each test would take most of the time.
    """
    place = Workspace.open(Home(folder=tmp_path_factory.mktemp("prepared")))
    place.close()
    create_keyring(place.home.keyring_file)
    return place.home


@pytest.fixture
def keyring(home: Home, prepared: Home) -> None:
    """There is a keyring already."""
    shutil.copy(prepared.keyring_file, home.create().keyring_file)


@pytest.fixture(scope="session")
def sandbox_address() -> Iterator[str]:
    """All simulated platforms, served on loopback; consent pages approve by themselves."""
    listening = listen(0)
    server = server_of(Sandbox(World(scale=30), relaxed=True, auto_approve=True))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listening.close()


@pytest.fixture
def sandbox(sandbox_address: str, prepared: Home, home: Home, monkeypatch: pytest.MonkeyPatch) -> str:
    """The simulated platforms stand for the world, at this address."""
    shutil.copy(prepared.state_db, home.create().state_db)
    monkeypatch.setenv("INTEGRATIONS_SANDBOX", sandbox_address)
    return sandbox_address
