"""The numbered app secrets: from the environment, or from a key file outside every database.

The environment wins: INTEGRATIONS_SECRETS is `1:secret,2:secret` or a JSON object of the same, and
INTEGRATIONS_SECRET_CURRENT names the one that seals (default: the highest). The key file is JSON, for its owner's
eyes only. It is replaced in one step and written through to the disk: a keyring that is lost, or half
written, takes every credential with it.
"""

from __future__ import annotations

import os
import secrets
import stat
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock

from core.errors import UsageError
from core.sealing import MINIMUM_SECRET_CHARS, Keyring, RandomBytes
from core.secrets import Secret

SECRETS_VARIABLE: Final = "INTEGRATIONS_SECRETS"
CURRENT_VARIABLE: Final = "INTEGRATIONS_SECRET_CURRENT"
SECRET_BYTES: Final = 32


class _File(msgspec.Struct, forbid_unknown_fields=True):
    current: int
    secrets: dict[str, str]


def load_keyring(path: Path, env: Mapping[str, str] = os.environ) -> Keyring:
    """The keyring of the environment, or else of the key file.

    Raises UsageError where there is none, it cannot be read, or the file is open to others.
    """
    if env.get(SECRETS_VARIABLE):
        return _from_environment(env)
    return _ring(_read(path))


def create_keyring(path: Path, random_bytes: RandomBytes = secrets.token_bytes) -> Keyring:
    """A new key file with one random secret. Raises UsageError where there is one already: it is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock(path):
        if path.exists():
            raise UsageError(
                f"there is already a key file at {path}",
                advice="What is sealed opens only with it. To change the secret: integrations keys rotate",
            )
        return _write(path, _File(current=1, secrets={"1": _generate(random_bytes)}))


def add_version(path: Path, random_bytes: RandomBytes = secrets.token_bytes) -> Keyring:
    """Adds a random secret that is current from now on; the older ones still open what they sealed."""
    with _lock(path):
        file = _read(path)
        version = max(map(int, file.secrets)) + 1
        secrets_ = {**file.secrets, str(version): _generate(random_bytes)}
        return _write(path, _File(current=version, secrets=secrets_))


def retire_version(path: Path, version: int) -> Keyring:
    """Forgets an old secret: what is still sealed with it never opens again. Rotate, and check, first.

    Raises UsageError for the current version and for one that is not there.
    """
    with _lock(path):
        file = _read(path)
        if version == file.current:
            raise UsageError(f"app secret {version} is the current one", advice="Rotate to a newer one first.")
        if str(version) not in file.secrets:
            raise UsageError(f"the keyring has no app secret {version}", advice=f"It has {', '.join(file.secrets)}.")
        kept = {number: secret for number, secret in file.secrets.items() if number != str(version)}
        return _write(path, _File(current=file.current, secrets=kept))


def _from_environment(env: Mapping[str, str]) -> Keyring:
    text = env[SECRETS_VARIABLE].strip()
    advice = f"{SECRETS_VARIABLE} is 1:secret,2:secret with at least {MINIMUM_SECRET_CHARS} characters in each secret."
    try:
        if text.startswith("{"):
            numbered = msgspec.json.decode(text, type=dict[str, str])
        else:
            pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
            numbered = {number: secret for number, _, secret in pairs}
            if len(numbered) < len(pairs):
                raise UsageError(f"a version stands twice in {SECRETS_VARIABLE}", advice=advice)
        versions = {int(number): secret for number, secret in numbered.items()}
        current = int(env.get(CURRENT_VARIABLE) or max(versions))
    except (msgspec.MsgspecError, ValueError):
        # The cause would quote the secret.
        raise UsageError(f"{SECRETS_VARIABLE} or {CURRENT_VARIABLE} cannot be read", advice=advice) from None
    return _keyring(versions, current)


def _ring(file: _File) -> Keyring:
    return _keyring({int(number): secret for number, secret in file.secrets.items()}, file.current)


def _keyring(versions: Mapping[int, str], current: int) -> Keyring:
    return Keyring(
        secrets={version: Secret(secret, f"app secret {version}") for version, secret in versions.items()},
        current=current,
    )


def _read(path: Path) -> _File:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise UsageError(
            f"there is no key file at {path}",
            advice=f"Create one with `integrations keys init`, restore it, or set {SECRETS_VARIABLE}.",
        ) from None
    except OSError as error:
        raise UsageError(f"the key file {path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as opened:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise UsageError(f"the key file {path} is open to other users", advice=f"chmod 600 '{path}'")
        content = opened.read()
    try:
        file = msgspec.json.decode(content, type=_File)
        _ring(file)
    except (msgspec.MsgspecError, ValueError):
        raise UsageError(
            f"the key file {path} is damaged", advice="Restore it from a backup: nothing sealed opens without it."
        ) from None
    return file


def _write(path: Path, file: _File) -> Keyring:
    ring = _ring(file)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(file)) + b"\n")
        opened.flush()
        os.fsync(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return ring


def _generate(random_bytes: RandomBytes) -> str:
    return urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")


def _lock(path: Path) -> FileLock:
    return FileLock(f"{path}.lock", mode=0o600)
