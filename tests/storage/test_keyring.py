"""Where the app secrets come from, and how the key file is kept."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from core.errors import UsageError
from storage.keyring import add_version, create_keyring, load_keyring, retire_version

A, B = "a" * 40, "b" * 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keyring.json"


def test_a_created_keyring_has_one_random_secret_and_is_for_its_owner_alone(path: Path) -> None:
    created = create_keyring(path)
    loaded = load_keyring(path, {})
    assert loaded == created
    assert (loaded.current, set(loaded.secrets)) == (1, {1})
    assert len(loaded.secrets[1].reveal()) == 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = create_keyring(path.with_name("other.json"))
    assert other.secrets[1].reveal() != loaded.secrets[1].reveal()


def test_the_file_is_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        create_keyring(path)
        add_version(path)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(entry.stat().st_mode) & 0o077 for entry in path.parent.iterdir()] == [0] * 2
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_keyring_is_never_overwritten(path: Path) -> None:
    create_keyring(path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="already"):
        create_keyring(path)
    assert path.read_bytes() == before


def test_a_new_version_becomes_current_and_the_old_ones_stay(path: Path) -> None:
    first = create_keyring(path)
    second = add_version(path)
    assert (second.current, set(second.secrets)) == (2, {1, 2})
    assert second.secrets[1] == first.secrets[1]
    assert second.secrets[2] != second.secrets[1]
    assert load_keyring(path, {}) == second


def test_a_retired_version_is_gone_and_its_number_is_not_given_again(path: Path) -> None:
    create_keyring(path)
    add_version(path)
    assert set(retire_version(path, 1).secrets) == {2}
    assert load_keyring(path, {}).current == 2
    assert add_version(path).current == 3


def test_neither_the_current_version_nor_a_missing_one_is_retired(path: Path) -> None:
    create_keyring(path)
    with pytest.raises(UsageError, match="current"):
        retire_version(path, 1)
    with pytest.raises(UsageError, match="no app secret 7"):
        retire_version(path, 7)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_file_open_to_others_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    create_keyring(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="open to other users") as caught:
        load_keyring(path, {})
    assert caught.value.advice == f"chmod 600 '{path}'"
    with pytest.raises(UsageError, match="open to other users"):
        add_version(path)
    with pytest.raises(UsageError, match="open to other users"):
        retire_version(path, 1)


def test_a_missing_key_file_is_a_usage_error_that_says_what_to_do(path: Path) -> None:
    with pytest.raises(UsageError, match="no key file") as caught:
        load_keyring(path, {})
    assert "integrations keys init" in caught.value.advice


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"current": 1}',
        json.dumps({"current": "1", "secrets": {"1": A}}).encode(),
        json.dumps({"current": 1, "secrets": {"one": A}}).encode(),
        json.dumps({"current": 1, "secrets": {"1": A}, "more": 1}).encode(),
    ],
)
def test_a_damaged_key_file_is_refused_without_quoting_it(path: Path, content: bytes) -> None:
    create_keyring(path)
    path.write_bytes(content)
    with pytest.raises(UsageError, match="damaged") as caught:
        load_keyring(path, {})
    assert A not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_write_that_is_interrupted_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_keyring(path)
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        add_version(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert add_version(path).current == 2


@pytest.mark.parametrize("text", [f"1:{A},2:{B}", f" 1:{A} , 2:{B}, ", json.dumps({"1": A, "2": B})])
def test_the_environment_comes_before_the_file_and_its_highest_version_is_current(path: Path, text: str) -> None:
    create_keyring(path)
    ring = load_keyring(path, {"INTEGRATIONS_SECRETS": text})
    assert ring.current == 2
    assert {version: secret.reveal() for version, secret in ring.secrets.items()} == {1: A, 2: B}


def test_the_environment_may_name_the_current_version(path: Path) -> None:
    env = {"INTEGRATIONS_SECRETS": f"1:{A},2:{B}", "INTEGRATIONS_SECRET_CURRENT": "1"}
    assert load_keyring(path, env).current == 1


def test_a_secret_may_hold_colons(path: Path) -> None:
    secret = f"{A}:x:{B}"
    assert load_keyring(path, {"INTEGRATIONS_SECRETS": f"3:{secret}"}).secrets[3].reveal() == secret


@pytest.mark.parametrize(
    "env",
    [
        {"INTEGRATIONS_SECRETS": A},
        {"INTEGRATIONS_SECRETS": f"one:{A}"},
        {"INTEGRATIONS_SECRETS": f"1:{A},1:{B}"},
        {"INTEGRATIONS_SECRETS": '{"1": 5}'},
        {"INTEGRATIONS_SECRETS": f'{{"1": "{A}"'},
        {"INTEGRATIONS_SECRETS": ","},
        {"INTEGRATIONS_SECRETS": "1:short"},
        {"INTEGRATIONS_SECRETS": f"1:{A}", "INTEGRATIONS_SECRET_CURRENT": "2"},
        {"INTEGRATIONS_SECRETS": f"1:{A}", "INTEGRATIONS_SECRET_CURRENT": "new"},
    ],
)
def test_an_environment_that_cannot_be_read_is_refused_without_quoting_it(path: Path, env: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        load_keyring(path, env)
    told = f"{caught.value} {caught.value.advice} {caught.value.__cause__}"
    assert A not in told
    assert "short" not in told.replace("shorter", "")


def test_a_keyring_shows_no_secret(path: Path) -> None:
    ring = create_keyring(path)
    assert ring.secrets[1].reveal() not in f"{ring!r} {ring.secrets!r}"
