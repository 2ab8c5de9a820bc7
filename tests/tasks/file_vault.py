"""A vault whose blocks are files, for several processes without Prefect's server; sealing and opening are real."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec

from connectors.sdk.vault import Vault
from core.errors import SealBroken
from core.sealing import Envelope
from storage.audit import audit
from storage.home import Home
from storage.keyring import load_keyring
from storage.state.scope import Scope


class FileVault(Vault):
    """Each envelope is a file of `folder`, replaced in one step as a block is."""

    folder: Path

    def save_envelope(self, integration: str, platform: str, envelope: Envelope) -> None:
        self.folder.mkdir(exist_ok=True)
        beside = self.folder / f"{integration}.new"
        beside.write_bytes(msgspec.json.encode(envelope.to_json()))
        beside.replace(self.folder / integration)

    def load_envelope(self, integration: str) -> Envelope:
        try:
            return Envelope.from_json(msgspec.json.decode((self.folder / integration).read_bytes()))
        except FileNotFoundError:
            raise SealBroken(f"the credential block of {integration} is gone") from None

    def remove(self, integration: str) -> None:
        (self.folder / integration).unlink(missing_ok=True)


def file_vault(home: Home, scope: Scope) -> FileVault:
    """The vault of a home with a keyring; few rounds, because each process derives its key anew."""
    vault = FileVault(
        scope.owner,
        load_keyring(home.keyring_file, {}),
        base64.b64decode(scope.salt()),
        rounds=100_000,
        opened=lambda integration: audit(scope, "opened", integration),
    )
    vault.folder = home.folder / "blocks"
    return vault
