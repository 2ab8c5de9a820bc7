"""`integrations keys`: the app secrets, and every credential's way from an old one to the current one."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from console.render import table
from console.work import note, show, workspace, write, write_json
from core.errors import UsageError
from storage.home import Home

if TYPE_CHECKING:
    from core.sealing import Envelope
    from storage.state.models import Integration
    from tasks.workspace import Workspace


def make_keyring() -> None:
    """A key file with a first secret. Raises UsageError where there is one."""
    from storage.keyring import create_keyring

    path = Home.from_env().create().keyring_file
    create_keyring(path)
    note(f"✓ Made a keyring: {path}")
    note("  Whoever has it can open your credentials; without it nobody can. Back it up, apart from the databases.")


def show_keyring(as_json: bool) -> None:
    """Versions and how many credentials each seals, as the state database has it. Never a secret."""
    from storage.keyring import SECRETS_VARIABLE, load_keyring

    home = Home.from_env()
    ring = load_keyring(home.keyring_file)
    used: Counter[int] = Counter()
    try:
        with workspace() as place:
            used.update(row.key_version for row in place.scope.integrations() if row.key_version is not None)
    except UsageError:
        used.clear()  # nothing is connected yet
    place_of = f"environment ({SECRETS_VARIABLE})" if os.environ.get(SECRETS_VARIABLE) else str(home.keyring_file)
    versions = sorted(set(ring.secrets) | set(used))
    if as_json:
        write_json(
            {
                "source": place_of,
                "current": ring.current,
                "versions": [
                    {"version": v, "current": v == ring.current, "held": v in ring.secrets, "credentials": used[v]}
                    for v in versions
                ],
            }
        )
        return
    rows = [
        (
            v,
            Text("current", style="green") if v == ring.current else "" if v in ring.secrets else Text("lost", "red"),
            used[v],
        )
        for v in versions
    ]
    show(f"Keyring: {place_of}", table(("version", "", "credentials"), rows))
    if any(used[v] for v in versions if v != ring.current):
        note("! Some credentials are sealed with an older secret: integrations keys rotate")


def print_secret() -> None:
    """A random secret on standard output, and nothing else."""
    from storage.keyring import SECRET_BYTES

    write(urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("="))


def add_secret() -> None:
    from storage.keyring import add_version

    _of_file()
    ring = add_version(Home.from_env().keyring_file)
    note(f"✓ App secret {ring.current} is current now. Back the keyring up again.")
    note("  Seal what there is with it: integrations keys rotate")


def rotate_credentials(dry_run: bool) -> None:
    """Re-seals every credential with the current secret. Raises UsageError where some could not be."""
    from console.prefect_server import import_vault, use_server

    with workspace() as place, use_server(place.home, meanwhile=import_vault):
        from storage.keyring import load_keyring
        from storage.state.rotation import rotate

        blocks = _Blocks(place)
        report = rotate(
            place.state,
            load_keyring(place.home.keyring_file),
            blocks.load,
            blocks.save,
            dry_run=dry_run,
            resealed=lambda name: note(f"  {name}"),
        )
    verb = "would be sealed" if dry_run else "are sealed"
    note(
        f"{len(report.resealed)} credentials {verb} with app secret {report.to_version}; "
        f"{len(report.current_already)} were already."
    )
    if dry_run and report.resealed:
        note(f"  {', '.join(report.resealed)}")
    if not report.complete:
        broken = [f"{name}: {why}" for name, why in report.failed] or list(report.left_behind)
        raise UsageError(
            f"not all credentials are on app secret {report.to_version}: {'; '.join(broken)}",
            advice="Connect those again, or remove them; then rotate once more. Keep the old secret until then.",
        )
    if not dry_run:
        note("✓ Nothing is left on an older secret. It can be forgotten: integrations keys retire <version>")


def retire_secret(version: int, yes: bool) -> None:
    """Forgets an old secret, once every block has been looked at. Raises UsageError where one still needs it."""
    from console.prefect_server import import_vault, use_server
    from storage.keyring import retire_version

    _of_file()
    home = Home.from_env()
    try:
        with workspace() as place, use_server(home, meanwhile=import_vault):
            from storage.state.rotation import versions_in_use

            needing = versions_in_use(place.state, _Blocks(place).load).get(version, ())
    except UsageError:
        if home.state_db.exists():
            raise
        needing = ()
    if needing:
        raise UsageError(
            f"app secret {version} still seals the credentials of {', '.join(needing)}",
            advice="First: integrations keys rotate",
        )
    if not yes:
        typer.confirm(f"Forget app secret {version}? Old backups sealed with it will not open.", abort=True, err=True)
    retire_version(home.keyring_file, version)
    note(f"✓ App secret {version} is forgotten.")


def _of_file() -> None:
    from storage.keyring import SECRETS_VARIABLE

    if os.environ.get(SECRETS_VARIABLE):
        raise UsageError(
            f"the app secrets come from the environment ({SECRETS_VARIABLE}), not from a key file",
            advice="Change them where they are set; `integrations keys generate` makes a new one.",
        )


class _Blocks:
    """The envelopes in their blocks, whoever owns them; replaced only while nobody refreshes the credential."""

    def __init__(self, place: Workspace) -> None:
        self._place = place

    def load(self, integration: Integration) -> Envelope:
        return self._of(integration).vault.load_envelope(integration.name)

    def save(self, integration: Integration, expected: Envelope, new: Envelope) -> bool:
        from tasks.credentials import REFRESH_LEASE_SECONDS, refresh_lease

        place = self._of(integration)
        with place.leases.held(refresh_lease(integration), ttl=REFRESH_LEASE_SECONDS):
            if place.vault.load_envelope(integration.name) != expected:
                return False
            place.vault.save_envelope(integration.name, integration.platform, new)
        return True

    def _of(self, integration: Integration) -> Workspace:
        return self._place if integration.owner == self._place.owner else replace(self._place, owner=integration.owner)
