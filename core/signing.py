"""Signatures of webhooks and tokens, over the bytes that arrived. Secrets are bytes, times seconds since 1970.

What refuses raises SignatureRefused, which never shows a secret or a signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from core.errors import CredentialMalformed, SignatureRefused
from core.http import JSON

Hash = Literal["sha1", "sha256"]
TOLERANCE: Final = 300.0
"""Seconds that a signed time may differ from ours, either way, where the vendor names no other window."""


def hmac_hex(secret: bytes, message: bytes, algorithm: Hash = "sha256") -> str:
    """The HMAC (RFC 2104) in lower-case hexadecimal."""
    return hmac.new(secret, message, algorithm).hexdigest()


def hmac_base64(secret: bytes, message: bytes, algorithm: Hash = "sha256") -> str:
    """The HMAC (RFC 2104) in base64 with padding."""
    return base64.b64encode(hmac.new(secret, message, algorithm).digest()).decode()


def sha256_hex(message: bytes) -> str:
    return hashlib.sha256(message).hexdigest()


def expect(given: str, right: str) -> None:
    """Compares in constant time. Raises SignatureRefused where they differ or none was given."""
    if not given:
        raise SignatureRefused("the call carries no signature")
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise SignatureRefused("the signature does not fit")


def expect_recent(signed_at: str, now: float, tolerance: float = TOLERANCE) -> None:
    """The signed time is within `tolerance` seconds of now. Raises SignatureRefused."""
    try:
        away = abs(float(signed_at) - now)
    except ValueError:
        raise SignatureRefused("the call carries no readable time") from None
    if not away <= tolerance:
        raise SignatureRefused("the call was signed too long ago, or in the future")


def standard_webhook(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Standard Webhooks 1.0, symmetric: headers webhook-id, webhook-timestamp, webhook-signature (lower case).

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    Several signatures may stand side by side while a secret is rotated. Raises SignatureRefused.
    """
    number, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    expect_recent(at, now)
    right = "v1," + hmac_base64(standard_secret(secret), b".".join((number.encode(), at.encode(), body)))
    given = headers.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(one.encode(), right.encode()) for one in given):
        raise SignatureRefused("no signature of the call fits" if given else "the call carries no signature")


def standard_secret(secret: str) -> bytes:
    """The key of a `whsec_` secret: what follows is base64. One without that prefix is taken as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise CredentialMalformed(
            "the signing secret is not base64 after whsec_", advice="Copy it again, whole and without quotes."
        ) from None


def expect_ecdsa(public_key: str, signature: str, message: bytes) -> None:
    """ECDSA with SHA-256: key as base64 of its SubjectPublicKeyInfo, signature as base64 of DER (RFC 3279, 2.2.3).

    Raises SignatureRefused, or CredentialMalformed where the key is none.
    """
    try:
        key = serialization.load_der_public_key(base64.b64decode(public_key, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CredentialMalformed(
            "the verification key is no public key of an elliptic curve", advice="Copy it again, whole."
        )
    if not signature:
        raise SignatureRefused("the call carries no signature")
    try:
        key.verify(base64.b64decode(signature, validate=True), message, ec.ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        raise SignatureRefused("the signature does not fit") from None


def jwt_rs256(private_key: str, claims: Mapping[str, JSON], *, key_id: str = "") -> str:
    """A signed JSON Web Token (RFC 7519; RS256: RFC 7518, 3.3). Raises CredentialMalformed where the key is none."""
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CredentialMalformed(
            "the private key is no RSA key in PEM form",
            advice="Connect again with the whole key file, as the platform made it.",
        )
    header = {"alg": "RS256", "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    signed = ".".join(_packed([msgspec.json.encode(header), msgspec.json.encode(dict(claims))]))
    return ".".join((signed, *_packed([key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())])))


def _packed(parts: Iterable[bytes]) -> list[str]:
    return [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
