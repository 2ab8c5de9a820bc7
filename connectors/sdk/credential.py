"""A credential in clear: only ever in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from core.http import JSON
from core.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one way to authenticate needs, each value a Secret. `expires_at` None: it does not expire by itself.

    `scopes` are those the platform said it granted; empty where it does not say.
    """

    method: str
    values: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def expires_within(self, seconds: float, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at - now <= timedelta(seconds=seconds)

    def reveal(self) -> dict[str, str]:
        """The values in clear, for the headers of one call."""
        return {name: secret.reveal() for name, secret in self.values.items()}

    def with_values(self, **values: str) -> Credential:
        secrets = {name: Secret(value, name) for name, value in values.items()}
        return replace(self, values={**self.values, **secrets})

    def to_plain(self) -> dict[str, JSON]:
        """The members to be sealed. In clear: give them to `core.sealing.seal` and nowhere else."""
        return {
            "method": self.method,
            "values": dict(self.reveal()),
            "scopes": list(self.scopes),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }

    @staticmethod
    def from_plain(plain: Mapping[str, JSON]) -> Credential:
        values, scopes, expires = plain["values"], plain["scopes"], plain["expires_at"]
        assert isinstance(values, dict)
        assert isinstance(scopes, list)
        return Credential(
            method=str(plain["method"]),
            values={name: Secret(str(value), name) for name, value in values.items()},
            scopes=tuple(str(scope) for scope in scopes),
            expires_at=datetime.fromisoformat(str(expires)) if expires else None,
        )
