"""Everything a step works with, opened from one folder: state, warehouse, landing zone, vault.

Opening is cheap; what is dear (prefect, httpx, duckdb, the keyring) is imported when somebody asks for it.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from storage.audit import audit
from storage.home import Home
from storage.state.engine import State, open_state
from storage.state.scope import Scope

if TYPE_CHECKING:
    from connectors.sdk.client import Surroundings
    from connectors.sdk.vault import Vault
    from storage.state.leases import Leases
    from storage.warehouse.connection import Warehouse
    from storage.warehouse.landing import LandingZone

DATABASE_VARIABLE: Final = "INTEGRATIONS_DATABASE_URL"


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Workspace:
    """One owner's work place. `clock` tells the real time; what a run pretends it to be is the run's parameter."""

    home: Home
    state: State
    owner: str
    actor: str = "system"
    clock: Callable[[], datetime] = wall_clock
    given_surroundings: Surroundings | None = field(default=None, repr=False)

    @staticmethod
    def open(
        home: Home | None = None,
        *,
        owner: str = "local",
        actor: str = "system",
        surroundings: Surroundings | None = None,
    ) -> Workspace:
        """The work place in `home` (default: as the environment says), made where it does not exist yet.

        `actor` is who stands in the audit: a person's login, or `system` for what runs by itself.
        """
        place = (home or Home.from_env()).create()
        state = open_state(os.environ.get(DATABASE_VARIABLE) or place.state_db)
        return Workspace(
            home=place,
            state=state,
            owner=state.ensure_owner(owner),
            actor=actor,
            given_surroundings=surroundings,
        )

    @cached_property
    def scope(self) -> Scope:
        return self.state.scope(self.owner, actor=self.actor)

    @cached_property
    def warehouse(self) -> Warehouse:
        from storage.warehouse.connection import Warehouse

        return Warehouse(path=self.home.warehouse_file, lock=self.home.warehouse_lock)

    @cached_property
    def landing(self) -> LandingZone:
        from storage.warehouse.landing import LandingZone

        return LandingZone(self.home.landing)

    @cached_property
    def leases(self) -> Leases:
        from storage.state.leases import Leases

        return Leases(self.state, self.owner)

    @cached_property
    def surroundings(self) -> Surroundings:
        """What clients take from the world: budgets and breakers shared by the processes of this machine."""
        from connectors.sdk.client import Surroundings
        from storage.state.breakers import SqlBreakers
        from storage.state.budgets import SqlBudgets

        return self.given_surroundings or Surroundings(
            budgets=SqlBudgets(self.state, self.owner), breakers=SqlBreakers(self.state, self.owner)
        )

    @cached_property
    def vault(self) -> Vault:
        """Raises UsageError where there is no keyring, or it may be read by others."""
        from connectors.sdk.vault import Vault
        from storage.keyring import load_keyring

        scope = self.scope
        return Vault(
            self.owner,
            load_keyring(self.home.keyring_file),
            base64.b64decode(scope.salt()),
            opened=lambda integration: audit(scope, "opened", integration),
        )

    def block_name(self, integration: str) -> str:
        from connectors.sdk.vault import block_name

        return block_name(self.owner, integration)

    def close(self) -> None:
        self.state.close()
