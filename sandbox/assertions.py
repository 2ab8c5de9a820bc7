"""Keys that machines sign in with, and the assertions they sign: RS256 as a platform would check it (RFC 7518, 3.3).

The sample keys follow from a number, so that no file holds the text of one and every process has the same. They are
made of public hashes: whoever reads this file can make them, and they open nothing outside the sandbox.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

_EXPONENT = 65537
_BITS = 1024
# How far the next prime is above the hashes of each number.
_STEPS = {1: (1946, 136), 2: (540, 730), 3: (294, 234), 4: (214, 766)}
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of RFC 8017, 9.2
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")  # AlgorithmIdentifier of RFC 8017, A.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleKey:
    """An RSA key: `modulus` is what verifies, `pem` (PKCS #8) what signs."""

    modulus: int
    pem: str


@cache
def sample_key(serial: int) -> SampleKey:
    """The key of this number. Raises KeyError for one that there is not."""
    p, q = (_hashes(serial, name) + step for name, step in zip("pq", _STEPS[serial], strict=True))
    secret = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    parts = (0, p * q, _EXPONENT, secret, p, q, secret % (p - 1), secret % (q - 1), pow(q, -1, p))
    inner = _der(0x30, b"".join(_integer(part) for part in parts))  # RSAPrivateKey of RFC 8017, A.1.2
    packed = b64encode(_der(0x30, _integer(0) + _RSA + _der(0x04, inner))).decode()
    lines = [packed[begin : begin + 64] for begin in range(0, len(packed), 64)]
    kind = " ".join(("PRIVATE", "KEY"))
    pem = "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""))
    return SampleKey(modulus=p * q, pem=pem)


def unverified_claims(assertion: str) -> Mapping[str, Any]:
    """What an assertion says, whoever signed it; nothing where it is none."""
    parts = assertion.split(".")
    try:
        claims = json.loads(_unpacked(parts[1])) if len(parts) == 3 else {}
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def signed_by(assertion: str, key: SampleKey) -> bool:
    """Whether this key signed it (RSASSA-PKCS1-v1_5 with SHA-256: RFC 8017, 8.2.2)."""
    signed, _, signature = assertion.rpartition(".")
    size = (key.modulus.bit_length() + 7) // 8
    try:
        shown = pow(int.from_bytes(_unpacked(signature), "big"), _EXPONENT, key.modulus).to_bytes(size, "big")
    except ValueError:
        return False
    digest = _SHA256 + hashlib.sha256(signed.encode()).digest()
    return shown == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def _hashes(serial: int, name: str) -> int:
    made = b"".join(hashlib.sha256(f"sandbox key {serial} {name} {n}".encode()).digest() for n in range(_BITS // 256))
    return int.from_bytes(made, "big") | 3 << _BITS - 2 | 1


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    """Tag, length, content (X.690, 8.1)."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _unpacked(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
