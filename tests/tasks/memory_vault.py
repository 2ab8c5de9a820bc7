"""A vault whose blocks are kept in memory, where Prefect would be too slow; sealing and opening are the real ones."""

from __future__ import annotations

from typing import Any

from connectors.sdk.vault import Vault
from core.errors import SealBroken
from core.sealing import Envelope


class MemoryVault(Vault):
    """The vault without Prefect's server: `envelopes`, by integration, are what its blocks would hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.envelopes: dict[str, Envelope] = {}

    def save_envelope(self, integration: str, platform: str, envelope: Envelope) -> None:
        self.envelopes[integration] = envelope

    def load_envelope(self, integration: str) -> Envelope:
        if integration not in self.envelopes:
            raise SealBroken(f"the credential block of {integration} is gone")
        return self.envelopes[integration]

    def remove(self, integration: str) -> None:
        self.envelopes.pop(integration, None)
