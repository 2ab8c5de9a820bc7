"""Envelope encryption of credentials: AES-256-GCM under keys derived per user.

    app secret (keyring, numbered)  --PBKDF2-HMAC-SHA256, user's salt-->  user key
    user key    --AES-256-GCM-->  wraps the data key, one for each credential
    data key    --AES-256-GCM-->  seals the credential

Both encryptions carry, as associated data, whom and what the envelope is for, so an envelope copied to
another owner, integration, platform or key version does not open. Nonces are 96 random bits, fresh at every
encryption (NIST SP 800-38D, 8.2.2); the random bytes are a parameter.
PBKDF2 rounds: OWASP Password Storage Cheat Sheet, 600,000 for HMAC-SHA256.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from core.errors import SealBroken, UsageError
from core.http import JSON
from core.secrets import Secret

DEFAULT_ROUNDS: Final = 600_000
MINIMUM_ROUNDS: Final = 100_000
MINIMUM_SECRET_CHARS: Final = 32
SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_FORMAT: Final = 1

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The numbered app secrets, one of them current. Old ones open; only the current one seals."""

    secrets: Mapping[int, Secret] = field(repr=False)
    current: int

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise UsageError(f"the keyring's current version {self.current} is not among its secrets")
        for version, secret in self.secrets.items():
            if len(secret.reveal()) < MINIMUM_SECRET_CHARS:
                raise UsageError(
                    f"the app secret of version {version} is shorter than {MINIMUM_SECRET_CHARS} characters",
                    advice="Use a random secret, for example from `integrations keys generate`.",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Whom and what an envelope is for. All of it is authenticated, none of it is secret."""

    owner: str
    integration: str
    platform: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename={"format": "v"}):
    """A sealed credential: ciphertext and what is needed to open it but the app secret. Bytes are base64."""

    format: int = _FORMAT
    key_version: int
    rounds: int
    salt: str
    wrap_nonce: str
    wrapped_key: str
    nonce: str
    ciphertext: str

    def to_json(self) -> dict[str, JSON]:
        builtins: dict[str, JSON] = msgspec.to_builtins(self)
        return builtins

    @staticmethod
    def from_json(value: Mapping[str, JSON]) -> Envelope:
        """Raises SealBroken where the value is no envelope of a known format."""
        try:
            envelope = msgspec.convert(dict(value), Envelope)
        except msgspec.ValidationError as error:
            raise SealBroken(f"this is not a sealed credential ({error})", advice=_RECONNECT) from error
        if envelope.format != _FORMAT:
            raise SealBroken(f"the sealed credential has the unknown format {envelope.format}", advice=_UPGRADE)
        return envelope


_RECONNECT: Final = "Connect the integration again; if many fail, check that the keyring is the right one."
_UPGRADE: Final = "It was written by a newer release: upgrade this installation."


def seal(
    plain: Mapping[str, JSON],
    binding: Binding,
    keyring: Keyring,
    *,
    salt: bytes,
    random_bytes: RandomBytes,
    rounds: int = DEFAULT_ROUNDS,
) -> Envelope:
    """Seals the members of a credential under the keyring's current secret and the owner's salt."""
    data_key = random_bytes(_KEY_BYTES)
    nonce = random_bytes(_NONCE_BYTES)
    version = keyring.current
    sealed = AESGCM(data_key).encrypt(nonce, msgspec.json.encode(plain), _associated("credential", binding, version))
    return _wrap(data_key, binding, keyring, salt, rounds, random_bytes, nonce=_text(nonce), ciphertext=_text(sealed))


def unseal(envelope: Envelope, binding: Binding, keyring: Keyring) -> dict[str, JSON]:
    """The members of the credential. Raises SealBroken where key, binding or ciphertext do not fit."""
    data_key = _unwrap(envelope, binding, keyring)
    try:
        associated = _associated("credential", binding, envelope.key_version)
        plain = AESGCM(data_key).decrypt(_bytes(envelope.nonce), _bytes(envelope.ciphertext), associated)
    except (InvalidTag, ValueError) as error:
        raise _broken(binding) from error
    members: dict[str, JSON] = msgspec.json.decode(plain)
    return members


def reseal(
    envelope: Envelope,
    binding: Binding,
    keyring: Keyring,
    *,
    random_bytes: RandomBytes,
    rounds: int = DEFAULT_ROUNDS,
) -> Envelope:
    """The same credential under the current secret, with a new data key (key rotation)."""
    plain = unseal(envelope, binding, keyring)
    return seal(plain, binding, keyring, salt=_bytes(envelope.salt), random_bytes=random_bytes, rounds=rounds)


def _wrap(
    data_key: bytes,
    binding: Binding,
    keyring: Keyring,
    salt: bytes,
    rounds: int,
    random_bytes: RandomBytes,
    *,
    nonce: str,
    ciphertext: str,
) -> Envelope:
    version = keyring.current
    wrap_nonce = random_bytes(_NONCE_BYTES)
    user_key = derive_user_key(keyring.secrets[version], salt, rounds)
    wrapped = AESGCM(user_key).encrypt(wrap_nonce, data_key, _associated("data key", binding, version))
    return Envelope(
        key_version=version,
        rounds=rounds,
        salt=_text(salt),
        wrap_nonce=_text(wrap_nonce),
        wrapped_key=_text(wrapped),
        nonce=nonce,
        ciphertext=ciphertext,
    )


def _unwrap(envelope: Envelope, binding: Binding, keyring: Keyring) -> bytes:
    secret = keyring.secrets.get(envelope.key_version)
    if secret is None:
        raise SealBroken(
            f"the credential of {binding.integration} is sealed with app secret {envelope.key_version}, "
            "which the keyring does not hold",
            advice="Restore that version of the keyring, or connect the integration again.",
        )
    try:
        user_key = derive_user_key(secret, _bytes(envelope.salt), envelope.rounds)
        associated = _associated("data key", binding, envelope.key_version)
        return AESGCM(user_key).decrypt(_bytes(envelope.wrap_nonce), _bytes(envelope.wrapped_key), associated)
    except (InvalidTag, ValueError) as error:
        raise _broken(binding) from error


@lru_cache(maxsize=256)
def derive_user_key(secret: Secret, salt: bytes, rounds: int) -> bytes:
    """The key of one user: 32 bytes, kept in memory because deriving is slow on purpose.

    Raises UsageError below MINIMUM_ROUNDS, so a forged envelope cannot make the derivation cheap.
    """
    if rounds < MINIMUM_ROUNDS:
        raise UsageError(f"{rounds} rounds of PBKDF2 are too few: {MINIMUM_ROUNDS} is the floor")
    return PBKDF2HMAC(SHA256(), _KEY_BYTES, salt, rounds).derive(secret.reveal().encode())


def _associated(purpose: str, binding: Binding, key_version: int) -> bytes:
    # A JSON list, not a joined string: ("a|b", "c") and ("a", "b|c") must differ.
    return msgspec.json.encode([purpose, binding.owner, binding.integration, binding.platform, key_version])


def _broken(binding: Binding) -> SealBroken:
    return SealBroken(f"the sealed credential of {binding.integration} does not open", advice=_RECONNECT)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
