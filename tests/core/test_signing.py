from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from core.errors import CredentialMalformed, SignatureRefused
from core.signing import (
    expect,
    expect_ecdsa,
    expect_recent,
    hmac_base64,
    hmac_hex,
    jwt_rs256,
    standard_webhook,
)

NOW = 1_750_000_000.0


def test_an_hmac_is_that_of_the_rfc() -> None:
    # RFC 4231, 4.3, and RFC 2202, 3.
    assert hmac_hex(b"Jefe", b"what do ya want for nothing?").startswith("5bdcc146bf60754e6a042426089575c7")
    assert hmac_hex(b"Jefe", b"what do ya want for nothing?", "sha1") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"


@pytest.mark.parametrize("given", ["", "wrong", "é"])
def test_another_signature_is_refused(given: str) -> None:
    expect("right", "right")
    with pytest.raises(SignatureRefused):
        expect(given, "right")


@pytest.mark.parametrize("at", ["1749999699", "1750000301", "", "soon", "nan", "inf"])
def test_a_call_signed_at_another_time_is_refused(at: str) -> None:
    for near in ("1750000000", "1749999700", "1750000300.0"):
        expect_recent(near, NOW)
    with pytest.raises(SignatureRefused):
        expect_recent(at, NOW)


def standard(secret: str, *signatures: str, at: str = "1750000000") -> None:
    headers = {"webhook-id": "evt_1", "webhook-timestamp": at, "webhook-signature": " ".join(signatures)}
    standard_webhook(secret, headers, b'{"a":1}', NOW)


def test_any_signature_of_a_standard_webhook_may_fit() -> None:
    key = b"a key of the sandbox"
    right = "v1," + hmac_base64(key, b'evt_1.1750000000.{"a":1}')
    standard("whsec_" + base64.b64encode(key).decode(), "v1,AAAA", right)
    standard(key.decode(), right)
    for secret, signatures in ((key.decode(), ("v1,AAAA",)), (key.decode(), ()), ("whsec_" + "A" * 24, (right,))):
        with pytest.raises(SignatureRefused):
            standard(secret, *signatures)
    with pytest.raises(SignatureRefused):
        standard(key.decode(), right, at="1750000900")
    with pytest.raises(CredentialMalformed):
        standard("whsec_!", right)


def test_an_elliptic_signature_fits_its_key_and_its_bytes_alone() -> None:
    own, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    shown = [
        base64.b64encode(
            key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        ).decode()
        for key in (own, other)
    ]
    signature = base64.b64encode(own.sign(b"body\r\n", ec.ECDSA(hashes.SHA256()))).decode()
    expect_ecdsa(shown[0], signature, b"body\r\n")
    for key, given, message in ((1, signature, b"body\r\n"), (0, signature, b"body"), (0, "", b""), (0, "AAAA", b"")):
        with pytest.raises(SignatureRefused):
            expect_ecdsa(shown[key], given, message)
    with pytest.raises(CredentialMalformed):
        expect_ecdsa("no key", signature, b"body\r\n")


def test_a_token_is_signed_with_the_private_key() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    head, claims, signature = jwt_rs256(pem, {"iss": "sandbox"}, key_id="k1").split(".")
    padded = [part + "=" * (-len(part) % 4) for part in (head, claims, signature)]
    key.public_key().verify(
        base64.urlsafe_b64decode(padded[2]), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert json.loads(base64.urlsafe_b64decode(padded[0])) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert json.loads(base64.urlsafe_b64decode(padded[1])) == {"iss": "sandbox"}
    with pytest.raises(CredentialMalformed) as refused:
        jwt_rs256("hidden text", {})
    assert "hidden" not in str(refused.value)
