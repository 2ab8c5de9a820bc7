"""keys: the app secrets that credentials are sealed with."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import SYSTEM, AsJson, Yes, add


def init() -> None:
    """Makes the keyring with a first random secret. `connect` does it by itself where there is none."""
    from console.keyring import make_keyring

    make_keyring()


def status(json: AsJson = False) -> None:
    """Shows which versions there are, which one is current, and how many credentials each one seals."""
    from console.keyring import show_keyring

    show_keyring(json)


def generate() -> None:
    """Prints a random secret, fit for the keyring of another machine. Nothing is changed here."""
    from console.keyring import print_secret

    print_secret()


def add_() -> None:
    """Adds a new random secret that seals from now on; what older ones sealed still opens."""
    from console.keyring import add_secret

    add_secret()


def rotate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
) -> None:
    """Seals every credential with the current secret, while syncs go on. Interrupted, it goes on where it stopped."""
    from console.keyring import rotate_credentials

    rotate_credentials(dry_run)


def retire(
    version: Annotated[int, typer.Argument(help="The version to forget; `keys status` shows them.")], yes: Yes = False
) -> None:
    """Forgets an old secret that no credential is sealed with any more."""
    from console.keyring import retire_secret

    retire_secret(version, yes)


def register(app: typer.Typer) -> None:
    keys = typer.Typer(no_args_is_help=True, help="The secrets that credentials are sealed with: make, change, retire.")
    add(keys, init, None, "integrations keys init")
    add(keys, status, None, "integrations keys status", "integrations keys status --json")
    add(keys, generate, None, "integrations keys generate")
    add(keys, add_, None, "integrations keys add", name="add")
    add(keys, rotate, None, "integrations keys rotate --dry-run", "integrations keys rotate")
    add(keys, retire, None, "integrations keys retire 1")
    app.add_typer(keys, name="keys", rich_help_panel=SYSTEM)
