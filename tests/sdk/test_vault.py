"""The vault over real Prefect blocks, in a server and database of its own."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.credential import Credential
from connectors.sdk.vault import SealedCredential, Vault, block_name
from core.errors import SealBroken
from core.sealing import MINIMUM_ROUNDS, Envelope, Keyring
from core.secrets import Secret

pytestmark = pytest.mark.slow

KEYRING = Keyring(secrets={1: Secret("an app secret that is long enough")}, current=1)
HIDDEN = "the-hidden-refresh-token"
CREDENTIAL = Credential(
    method="oauth2",
    values={"access_token": Secret("the-hidden-access"), "refresh_token": Secret(HIDDEN)},
    scopes=("read", "write"),
    expires_at=datetime(2026, 11, 24, tzinfo=UTC),
)


@pytest.fixture
def database(prefect: None) -> Path:
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    return Path(str(PREFECT_API_DATABASE_CONNECTION_URL.value()).partition(":///")[2])


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def vault(database: Path, opened: list[str]) -> Vault:
    return Vault("ada", KEYRING, bytes(16), rounds=MINIMUM_ROUNDS, opened=opened.append)


def test_a_credential_comes_back_as_it_was_put(vault: Vault, opened: list[str]) -> None:
    vault.put("crm", "hubspot", CREDENTIAL)
    assert opened == []
    assert vault.get("crm", "hubspot") == CREDENTIAL
    assert opened == ["crm"]


def test_putting_again_replaces_it(vault: Vault) -> None:
    vault.put("again", "hubspot", CREDENTIAL)
    vault.put("again", "hubspot", CREDENTIAL.with_values(access_token="newer"))
    assert vault.get("again", "hubspot").reveal()["access_token"] == "newer"


def test_neither_block_nor_database_holds_the_secret(vault: Vault, database: Path) -> None:
    vault.put("crm", "hubspot", CREDENTIAL)
    block: Any = SealedCredential.load(block_name("ada", "crm"), _sync=True)  # type: ignore[call-arg]
    assert "hidden" not in json.dumps(block.model_dump(mode="json")) + repr(block)
    with sqlite3.connect(database) as connection:
        dump = "\n".join(connection.iterdump())
    assert "ada-crm" in dump
    assert "hidden" not in dump
    assert "app secret" not in dump


def test_a_block_copied_to_another_integration_does_not_open(vault: Vault) -> None:
    vault.save_envelope("copy", "hubspot", vault.put("crm", "hubspot", CREDENTIAL))
    with pytest.raises(SealBroken, match="copy"):
        vault.get("copy", "hubspot")


def test_a_block_of_another_owner_or_platform_does_not_open(vault: Vault) -> None:
    vault.put("crm", "hubspot", CREDENTIAL)
    with pytest.raises(SealBroken):
        vault.get("crm", "mailchimp")
    eve = Vault("eve", KEYRING, bytes(16), rounds=MINIMUM_ROUNDS)
    eve.save_envelope("crm", "hubspot", vault.load_envelope("crm"))
    with pytest.raises(SealBroken):
        eve.get("crm", "hubspot")


def test_an_envelope_that_was_altered_in_the_database_is_noticed(vault: Vault, opened: list[str]) -> None:
    envelope = vault.put("altered", "hubspot", CREDENTIAL).to_json()
    text = str(envelope["ciphertext"])
    envelope["ciphertext"] = ("B" if text[0] == "A" else "A") + text[1:]
    vault.save_envelope("altered", "hubspot", Envelope.from_json(envelope))
    with pytest.raises(SealBroken):
        vault.get("altered", "hubspot")
    assert opened == []


def test_a_credential_that_is_not_there_says_what_to_do(vault: Vault) -> None:
    with pytest.raises(SealBroken, match="nowhere is gone") as gone:
        vault.get("nowhere", "hubspot")
    assert "Connect" in gone.value.advice


def test_removing_is_final_and_may_be_repeated(vault: Vault) -> None:
    vault.put("old", "hubspot", CREDENTIAL)
    vault.remove("old")
    vault.remove("old")
    with pytest.raises(SealBroken):
        vault.get("old", "hubspot")


@pytest.mark.parametrize(
    ("one", "two"),
    [(("ada", "b-c"), ("ada-b", "c")), (("ada", "a_b"), ("ada", "a-b")), (("ada", "CRM"), ("ada", "crm"))],
)
def test_different_integrations_have_different_blocks(one: tuple[str, str], two: tuple[str, str]) -> None:
    assert block_name(*one) != block_name(*two)
