"""keys: made once, shown without secrets, added, every credential rotated, retired only when nothing needs it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from core.sealing import Envelope
from sandbox.samples import SAMPLES
from storage.home import Home
from tests.console.conftest import Run

Blocks = dict[str, Envelope]


@pytest.fixture
def connected(run: Run, sandbox: str, keyring: None, blocks: Blocks) -> None:
    """Two integrations, sealed with app secret 1."""
    given = json.dumps(SAMPLES["hubspot"]["service_key"])
    for name in ("hubspot", "hubspot-eu"):
        result = run("connect", "hubspot", "--name", name, "--method", "service_key", "--stdin", stdin=given)
        assert result.exit_code == 0


def status(run: Run) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run("keys", "status", "--json").stdout)
    return told


def test_a_keyring_is_made_once_and_is_private(run: Run, home: Home) -> None:
    assert run("keys", "init").exit_code == 0
    assert home.keyring_file.stat().st_mode & 0o077 == 0
    before = home.keyring_file.read_bytes()
    assert run("keys", "init").exit_code == 2
    assert home.keyring_file.read_bytes() == before


def test_status_counts_credentials_and_never_shows_a_secret(connected: None, run: Run, home: Home) -> None:
    run("keys", "add")
    told = status(run)
    assert told["current"] == 2
    assert [(v["version"], v["credentials"]) for v in told["versions"]] == [(1, 2), (2, 0)]
    shown = run("keys", "status")
    assert "keys rotate" in shown.stderr
    for secret in json.loads(home.keyring_file.read_bytes())["secrets"].values():
        assert secret not in shown.output + str(told)


def test_status_without_a_keyring_says_so(run: Run) -> None:
    assert run("keys", "status").exit_code == 2


def test_generate_prints_a_new_secret_each_time_and_changes_nothing(run: Run, home: Home) -> None:
    one, two = (run("keys", "generate").stdout.strip() for _ in range(2))
    assert one != two
    assert len(one) >= 32
    assert not home.folder.exists()


def test_rotating_moves_every_credential_to_the_current_secret(connected: None, run: Run, blocks: Blocks) -> None:
    run("keys", "add")
    rehearsed = run("keys", "rotate", "--dry-run")
    assert "2 credentials would be sealed with app secret 2" in rehearsed.stderr
    assert {envelope.key_version for envelope in blocks.values()} == {1}
    assert run("keys", "rotate").exit_code == 0
    assert {envelope.key_version for envelope in blocks.values()} == {2}
    assert [(v["version"], v["credentials"]) for v in status(run)["versions"]] == [(1, 0), (2, 2)]
    assert "2 were already" in run("keys", "rotate").stderr


def test_a_credential_that_does_not_open_is_named(connected: None, run: Run, blocks: Blocks) -> None:
    run("keys", "add")
    blocks["hubspot"] = blocks["hubspot-eu"]
    result = run("keys", "rotate")
    assert result.exit_code == 2
    assert "hubspot:" in result.stderr
    assert blocks["hubspot-eu"].key_version == 2


def test_a_secret_is_retired_only_when_nothing_is_sealed_with_it(connected: None, run: Run) -> None:
    run("keys", "add")
    refused = run("keys", "retire", "1", "--yes")
    assert refused.exit_code == 2
    assert "hubspot, hubspot-eu" in refused.stderr or "hubspot-eu, hubspot" in refused.stderr
    run("keys", "rotate")
    assert run("keys", "retire", "1", stdin="n\n").exit_code == 130
    assert run("keys", "retire", "1", "--yes").exit_code == 0
    assert [v["version"] for v in status(run)["versions"]] == [2]


def test_the_current_secret_is_never_retired(run: Run) -> None:
    run("keys", "init")
    assert run("keys", "retire", "1", "--yes").exit_code == 2


def test_secrets_of_the_environment_are_changed_where_they_are_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "INTEGRATIONS_SECRETS", f"1:{'s' * 40}")
    for command in (["add"], ["retire", "1", "--yes"]):
        result = run("keys", *command)
        assert result.exit_code == 2
        assert "INTEGRATIONS_SECRETS" in result.stderr
    told = status(run)
    assert told["current"] == 1
    assert "environment" in told["source"]
