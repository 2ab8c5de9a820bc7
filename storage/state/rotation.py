"""Rotation: every credential sealed anew with the keyring's current secret, while syncs go on.

An old secret still opens what it sealed, so nothing stands still meanwhile. Each credential is replaced
only if it is still the one that was read; a token refresh that came between is read again. How far an owner's
rotation came is in the database, so an interrupted one goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select

from core.errors import SealBroken, UsageError
from core.sealing import DEFAULT_ROUNDS, Binding, Envelope, Keyring, reseal, unseal
from storage.audit import audit
from storage.state.engine import State
from storage.state.leases import Leases
from storage.state.models import Integration, Rotation
from storage.state.scope import Scope

LEASE: Final = "rotation"
LEASE_SECONDS: Final = 60.0
ATTEMPTS: Final = 10

Load = Callable[[Integration], Envelope]
"""The envelope of an integration as it is stored now. Raises SealBroken where there is none."""
Save = Callable[[Integration, Envelope, Envelope], bool]
"""Stores the second envelope if the first is still the one stored; False, and nothing done, where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationReport:
    """What a rotation did, or in a dry run would do. Names are those of integrations, in the order of their ids."""

    to_version: int
    resealed: tuple[str, ...] = ()
    current_already: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """Integrations whose credentials could not be re-sealed, and why."""
    left_behind: tuple[str, ...] = ()
    """Credentials that are still not under the current secret, looked at after all was done."""
    dry_run: bool = False

    @property
    def complete(self) -> bool:
        """Nothing is left on an older secret (or, in a dry run, nothing would be)."""
        return not self.left_behind and not self.failed


def rotate(
    state: State,
    keyring: Keyring,
    load: Load,
    save: Save,
    *,
    rounds: int = DEFAULT_ROUNDS,
    dry_run: bool = False,
    actor: str = "system",
    resealed: Callable[[str], None] = lambda integration: None,
) -> RotationReport:
    """Re-seals the credentials of all owners; `resealed` is told each name as it is done.

    A credential that does not open is reported and does not stop the others. Raises Busy where another rotation
    of the same owner runs.
    """
    done: list[str] = []
    already: list[str] = []
    behind: list[str] = []
    failed: list[tuple[str, str]] = []
    for owner in state.owners():
        scope = state.scope(owner, actor=actor)
        if dry_run:
            _rehearse(scope, keyring, load, done, already, failed)
            continue
        with Leases(state, owner).held(LEASE, LEASE_SECONDS):
            row = _begin(scope, keyring)
            for integration in _sealed(scope, after=row.last_done):
                try:
                    old = _reseal_one(integration, keyring, load, save, state, rounds)
                except SealBroken as error:
                    if _is_still_there(scope, integration):
                        failed.append((integration.name, str(error)))
                else:
                    _write_down(scope, row, integration, old, keyring.current)
                    (already if old == keyring.current else done).append(integration.name)
                    resealed(integration.name)
            left = _behind(scope, keyring, load)
            _end(scope, row, complete=not left)
            behind += left
    return RotationReport(
        to_version=keyring.current,
        resealed=tuple(done),
        current_already=tuple(already),
        failed=tuple(failed),
        left_behind=tuple(behind),
        dry_run=dry_run,
    )


def versions_in_use(state: State, load: Load) -> dict[int, tuple[str, ...]]:
    """Which app secret seals the credentials of which integrations: before one is retired, nothing may need it.

    Raises SealBroken where a credential cannot be read, since then it cannot be told.
    """
    used: dict[int, tuple[str, ...]] = {}
    for owner in state.owners():
        for integration in _sealed(state.scope(owner)):
            version = load(integration).key_version
            used[version] = (*used.get(version, ()), integration.name)
    return used


def _rehearse(
    scope: Scope, keyring: Keyring, load: Load, done: list[str], already: list[str], failed: list[tuple[str, str]]
) -> None:
    for integration in _sealed(scope):
        try:
            envelope = load(integration)
            unseal(envelope, _binding(integration), keyring)
        except SealBroken as error:
            failed.append((integration.name, str(error)))
        else:
            (already if envelope.key_version == keyring.current else done).append(integration.name)


def _reseal_one(integration: Integration, keyring: Keyring, load: Load, save: Save, state: State, rounds: int) -> int:
    """The version that the credential was sealed with before."""
    for _ in range(ATTEMPTS):
        old = load(integration)
        if old.key_version == keyring.current:
            return old.key_version
        new = reseal(old, _binding(integration), keyring, random_bytes=state.random_bytes, rounds=rounds)
        if save(integration, old, new):
            return old.key_version
    raise SealBroken(
        f"the credential of {integration.name} changed {ATTEMPTS} times while it was being re-sealed",
        advice="Run the rotation again.",
    )


def _begin(scope: Scope, keyring: Keyring) -> Rotation:
    """The owner's unfinished rotation to this version, or a new one."""
    with scope.writing() as session:
        unfinished = select(Rotation).where(Rotation.to_version == keyring.current, col(Rotation.finished_at).is_(None))
        row = session.exec(unfinished).first()
        if row is None:
            row = Rotation(from_version=min(keyring.secrets), to_version=keyring.current, started_at=scope.clock())
            session.add(row)
    return row


def _write_down(scope: Scope, row: Rotation, integration: Integration, old: int, new: int) -> None:
    with scope.writing() as session:
        session.add(row)
        row.last_done = integration.id
    try:
        scope.update_integration(integration.name, key_version=new)
    except UsageError:
        return  # removed meanwhile
    if old != new:
        audit(scope, "rotated", integration.name, from_version=old, to_version=new)


def _end(scope: Scope, row: Rotation, *, complete: bool) -> None:
    with scope.writing() as session:
        session.add(row)
        if complete:
            row.finished_at = scope.clock()
        else:
            row.last_done = ""  # the next one looks at all of them again


def _behind(scope: Scope, keyring: Keyring, load: Load) -> list[str]:
    def is_behind(integration: Integration) -> bool:
        try:
            return load(integration).key_version != keyring.current
        except SealBroken:
            return True

    return [integration.name for integration in _sealed(scope) if is_behind(integration)]


def _sealed(scope: Scope, after: str = "") -> Iterator[Integration]:
    rows = sorted(scope.integrations(), key=lambda row: row.id)
    return (row for row in rows if row.block_name and row.id > after)


def _is_still_there(scope: Scope, integration: Integration) -> bool:
    return any(row.id == integration.id for row in scope.integrations())


def _binding(integration: Integration) -> Binding:
    return Binding(owner=integration.owner, integration=integration.name, platform=integration.platform)
