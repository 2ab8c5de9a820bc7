"""A Prefect server for a moment, a sandbox over sockets, and a home with three platforms connected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.home import Home
from storage.keyring import create_keyring
from tasks.connecting import begin_consent, connect, finish_consent, from_fields, prove
from tasks.workspace import Workspace
from tests.end_to_end.processes import RunningSandbox, running_sandbox
from tests.tasks.connected import REDIRECT

METHODS = {"dropbox": "oauth2", "hubspot": "service_key", "mailchimp": "api_key"}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    with running_sandbox("--scale", "40", "--relaxed", "--auto-approve", start=datetime.now(UTC)) as running:
        monkeypatch.setenv("INTEGRATIONS_SANDBOX", running.address)
        yield running


@pytest.fixture
def workspace(
    tmp_path: Path, prefect: None, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """What the flows open for themselves by the environment."""
    home = Home(folder=tmp_path / "home").create()
    monkeypatch.setenv("INTEGRATIONS_HOME", str(home.folder))
    create_keyring(home.keyring_file)
    place = Workspace.open(home)
    for platform, method in METHODS.items():
        credential, settings = from_fields(platform, method, sandbox.samples(platform, method))
        if method == "oauth2":
            consent = begin_consent(platform, method, credential, REDIRECT)
            answer = sandbox.consent(consent.url)
            credential = finish_consent(place, consent, {}, code=answer["code"], state=answer["state"], name=platform)
        proven = prove(platform, credential, settings, name=platform, surroundings=place.surroundings)
        connect(place, platform, platform, proven)
    yield place
    place.close()
