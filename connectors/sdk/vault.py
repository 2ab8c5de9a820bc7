"""Sealed credentials in Prefect blocks: the only file of this room that imports prefect.

The block holds the envelope and nothing secret; opening it takes the keyring, which lives outside every database.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from typing import Any, ClassVar

from prefect.blocks.core import Block
from pydantic import Field

from connectors.sdk.credential import Credential
from core.errors import SealBroken
from core.sealing import DEFAULT_ROUNDS, Binding, Envelope, Keyring, RandomBytes, seal, unseal


class SealedCredential(Block):
    """A credential sealed with AES-256-GCM. Only the integration manager that holds the app secret can open it."""

    _block_type_name: ClassVar[str | None] = "Sealed Credential"
    _block_type_slug: ClassVar[str | None] = "sealed-credential"
    _description: ClassVar[str | None] = "An integration's credential, sealed before Prefect sees it."

    owner: str = Field(description="The owner of the integration.")
    integration: str = Field(description="The integration whose credential this is.")
    platform: str = Field(description="The platform it is for.")
    envelope: dict[str, Any] = Field(description="Ciphertext, nonces and key version. Nothing in it is secret.")


def block_name(owner: str, integration: str) -> str:
    """The block document's name: what Prefect allows (a-z, 0-9, -) of both, and a digest that keeps each apart.

    Without it ("ada", "b-c") and ("ada-b", "c") would be one block, and one credential would replace another.
    """
    digest = hashlib.sha256(f"{owner}\n{integration}".encode()).hexdigest()[:12]
    readable = re.sub(r"[^a-z0-9]+", "-", f"{owner}-{integration}".lower()).strip("-")
    return f"{readable}-{digest}"


def _blocking(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Prefect's calls are sync or async by where they are made; `_sync`, which its types leave out, settles it."""
    return call(*args, _sync=True, **kwargs)


class Vault:
    """Seals and opens the credentials of one owner.

    Each opening is reported to `opened(integration)`, for the audit.
    """

    def __init__(
        self,
        owner: str,
        keyring: Keyring,
        salt: bytes,
        *,
        rounds: int = DEFAULT_ROUNDS,
        random_bytes: RandomBytes = os.urandom,
        opened: Callable[[str], None] = lambda integration: None,
    ) -> None:
        self._owner, self._keyring, self._salt = owner, keyring, salt
        self._rounds, self._random, self._opened = rounds, random_bytes, opened

    def put(self, integration: str, platform: str, credential: Credential) -> Envelope:
        """Seals a credential and saves its block, replacing an earlier one."""
        envelope = seal(
            credential.to_plain(),
            self._binding(integration, platform),
            self._keyring,
            salt=self._salt,
            random_bytes=self._random,
            rounds=self._rounds,
        )
        self.save_envelope(integration, platform, envelope)
        return envelope

    def get(self, integration: str, platform: str) -> Credential:
        """The credential in clear. Raises SealBroken where there is none or it does not open."""
        envelope = self.load_envelope(integration)
        plain = unseal(envelope, self._binding(integration, platform), self._keyring)
        self._opened(integration)
        return Credential.from_plain(plain)

    def save_envelope(self, integration: str, platform: str, envelope: Envelope) -> None:
        block = SealedCredential(
            owner=self._owner, integration=integration, platform=platform, envelope=envelope.to_json()
        )
        _blocking(block.save, block_name(self._owner, integration), overwrite=True)

    def load_envelope(self, integration: str) -> Envelope:
        """The envelope as saved. Raises SealBroken where the block does not exist."""
        try:
            block = _blocking(SealedCredential.load, block_name(self._owner, integration))
        except ValueError as error:
            raise SealBroken(
                f"the credential block of {integration} is gone from Prefect",
                advice="Connect the integration again, or restore Prefect's database.",
            ) from error
        return Envelope.from_json(block.envelope)

    def remove(self, integration: str) -> None:
        """Deletes the block; one that is gone already is no error."""
        try:
            _blocking(SealedCredential.delete, block_name(self._owner, integration))
        except ValueError:
            return

    def _binding(self, integration: str, platform: str) -> Binding:
        return Binding(owner=self._owner, integration=integration, platform=platform)
