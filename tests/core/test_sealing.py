from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SealBroken, UsageError
from core.sealing import (
    MINIMUM_ROUNDS,
    MINIMUM_SECRET_CHARS,
    Binding,
    Envelope,
    Keyring,
    derive_user_key,
    reseal,
    seal,
    unseal,
)
from core.secrets import Secret

SALT = bytes(range(16))
ONE, TWO = Secret("first app secret, long enough 00", "app"), Secret("second app secret, long enough 0", "app")
OLD = Keyring(secrets={1: ONE}, current=1)
BOTH = Keyring(secrets={1: ONE, 2: TWO}, current=2)
BINDING = Binding(owner="ada", integration="crm", platform="hubspot")
PLAIN: dict[str, Any] = {
    "method": "service_key",
    "values": {"token": "the-hidden-value"},
    "scopes": [],
    "expires_at": None,
}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def random_bytes(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def sealed(plain: Any = None, binding: Binding = BINDING, keyring: Keyring = OLD, seed: int = 1) -> Envelope:
    return seal(
        PLAIN if plain is None else plain,
        binding,
        keyring,
        salt=SALT,
        random_bytes=random_bytes(seed),
        rounds=MINIMUM_ROUNDS,
    )


@given(
    plain=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON_VALUES, max_size=4),
    binding=st.builds(Binding, owner=NAMES, integration=NAMES, platform=NAMES),
    seed=st.integers(),
)
def test_what_was_sealed_opens_for_the_same_binding(plain: dict[str, Any], binding: Binding, seed: int) -> None:
    envelope = sealed(plain, binding, seed=seed)
    assert unseal(envelope, binding, OLD) == plain
    assert unseal(Envelope.from_json(json.loads(json.dumps(envelope.to_json()))), binding, OLD) == plain


@given(
    binding=st.builds(Binding, owner=NAMES, integration=NAMES, platform=NAMES),
    other=st.builds(Binding, owner=NAMES, integration=NAMES, platform=NAMES),
)
def test_another_binding_does_not_open_it(binding: Binding, other: Binding) -> None:
    if binding != other:
        with pytest.raises(SealBroken):
            unseal(sealed(binding=binding), other, OLD)


@pytest.mark.parametrize(
    "other",
    [
        replace(BINDING, owner="eve"),
        replace(BINDING, integration="crm2"),
        replace(BINDING, platform="mailchimp"),
        Binding(owner="ada", integration="crm,hubspot", platform=""),
        Binding(owner='ada","crm', integration="hubspot", platform=""),
    ],
)
def test_a_copied_envelope_does_not_open_elsewhere(other: Binding) -> None:
    with pytest.raises(SealBroken, match="does not open"):
        unseal(sealed(), other, OLD)


@pytest.mark.parametrize("member", ["salt", "wrap_nonce", "wrapped_key", "nonce", "ciphertext"])
def test_any_changed_byte_is_noticed(member: str) -> None:
    envelope = sealed()
    raw = base64.b64decode(getattr(envelope, member))
    # The salt costs a derivation for each change, so of it only the ends.
    for place in range(len(raw)) if member != "salt" else (0, len(raw) - 1):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        forged = msgspec.structs.replace(envelope, **{member: base64.b64encode(changed).decode()})
        with pytest.raises(SealBroken):
            unseal(forged, BINDING, OLD)


@pytest.mark.parametrize("member", ["wrap_nonce", "wrapped_key", "nonce", "ciphertext"])
@pytest.mark.parametrize("text", ["", "AA==", "not base64!", "é"])
def test_members_that_are_cut_or_no_base64_are_a_broken_seal(member: str, text: str) -> None:
    with pytest.raises(SealBroken):
        unseal(msgspec.structs.replace(sealed(), **{member: text}), BINDING, OLD)


def test_another_count_of_rounds_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        unseal(msgspec.structs.replace(sealed(), rounds=MINIMUM_ROUNDS + 1), BINDING, OLD)


def test_an_envelope_relabelled_to_another_key_version_does_not_open() -> None:
    same_secret = Keyring(secrets={1: ONE, 2: ONE}, current=1)
    relabelled = msgspec.structs.replace(sealed(keyring=same_secret), key_version=2)
    with pytest.raises(SealBroken):
        unseal(relabelled, BINDING, same_secret)


def test_parts_of_two_envelopes_do_not_make_one() -> None:
    one, two = sealed({"a": 1}, seed=1), sealed({"a": 2}, seed=2)
    mixed = msgspec.structs.replace(one, nonce=two.nonce, ciphertext=two.ciphertext)
    with pytest.raises(SealBroken):
        unseal(mixed, BINDING, OLD)


def test_a_keyring_without_that_version_says_which_is_missing() -> None:
    with pytest.raises(SealBroken, match="app secret 1") as broken:
        unseal(sealed(), BINDING, Keyring(secrets={2: TWO}, current=2))
    assert broken.value.advice


def test_the_same_version_with_another_secret_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(sealed(), BINDING, Keyring(secrets={1: TWO}, current=1))


def test_rounds_below_the_floor_are_refused_in_both_directions() -> None:
    with pytest.raises(UsageError, match="floor"):
        seal(PLAIN, BINDING, OLD, salt=SALT, random_bytes=random_bytes(), rounds=MINIMUM_ROUNDS - 1)
    with pytest.raises(UsageError, match="floor"):
        unseal(msgspec.structs.replace(sealed(), rounds=1), BINDING, OLD)


def test_resealing_moves_to_the_current_key_with_a_new_data_key() -> None:
    before = sealed()
    after = reseal(before, BINDING, BOTH, random_bytes=random_bytes(2), rounds=MINIMUM_ROUNDS)
    assert unseal(after, BINDING, Keyring(secrets={2: TWO}, current=2)) == PLAIN
    assert after.key_version == 2
    assert {before.wrapped_key, before.nonce, before.wrap_nonce, before.ciphertext}.isdisjoint(
        {after.wrapped_key, after.nonce, after.wrap_nonce, after.ciphertext}
    )
    assert unseal(before, BINDING, BOTH) == PLAIN


def test_the_same_plain_text_never_looks_the_same() -> None:
    source = random_bytes()
    envelopes = [seal(PLAIN, BINDING, OLD, salt=SALT, random_bytes=source, rounds=MINIMUM_ROUNDS) for _ in range(100)]
    nonces = [text for envelope in envelopes for text in (envelope.nonce, envelope.wrap_nonce)]
    assert len(set(nonces)) == 200
    assert len({envelope.ciphertext for envelope in envelopes}) == 100
    assert {len(base64.b64decode(nonce)) for nonce in nonces} == {12}


def test_an_envelope_opens_by_the_published_algorithms_alone() -> None:
    """PBKDF2 of hashlib and a bare AES-GCM, written from the module's description and not with its functions."""
    envelope = sealed().to_json()
    packed = {name: base64.b64decode(str(text)) for name, text in envelope.items() if isinstance(text, str)}
    user_key = hashlib.pbkdf2_hmac("sha256", ONE.reveal().encode(), packed["salt"], MINIMUM_ROUNDS, 32)
    bound = b'"ada","crm","hubspot",1]'
    data_key = AESGCM(user_key).decrypt(packed["wrap_nonce"], packed["wrapped_key"], b'["data key",' + bound)
    plain = AESGCM(data_key).decrypt(packed["nonce"], packed["ciphertext"], b'["credential",' + bound)
    assert json.loads(plain) == PLAIN
    assert len(data_key) == 32
    assert (envelope["v"], envelope["key_version"], envelope["rounds"]) == (1, 1, MINIMUM_ROUNDS)


def test_an_envelope_made_by_the_published_algorithms_alone_opens() -> None:
    def text(raw: bytes) -> str:
        return base64.b64encode(raw).decode()

    user_key = hashlib.pbkdf2_hmac("sha256", ONE.reveal().encode(), SALT, MINIMUM_ROUNDS, 32)
    data_key, bound = b"d" * 32, b'"ada","crm","hubspot",1]'
    made: dict[str, Any] = {
        "v": 1,
        "key_version": 1,
        "rounds": MINIMUM_ROUNDS,
        "salt": text(SALT),
        "wrap_nonce": text(b"w" * 12),
        "wrapped_key": text(AESGCM(user_key).encrypt(b"w" * 12, data_key, b'["data key",' + bound)),
        "nonce": text(b"n" * 12),
        "ciphertext": text(AESGCM(data_key).encrypt(b"n" * 12, b'{"token":"t"}', b'["credential",' + bound)),
    }
    assert unseal(Envelope.from_json(made), BINDING, OLD) == {"token": "t"}


def test_a_derived_key_is_the_known_answer() -> None:
    # Computed once with `openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:… PBKDF2`, so by neither library.
    secret = Secret("first app secret, long enough 00")
    assert (
        derive_user_key(secret, SALT, MINIMUM_ROUNDS).hex()
        == "6d3c3cc5233d0c05dd10051e387d73d27b7194e6d8f4b46930d93bcf1964ffca"
    )


def test_an_envelope_shows_nothing_of_the_credential() -> None:
    envelope = sealed()
    for text in (repr(envelope), json.dumps(envelope.to_json()), repr(OLD), str(BOTH)):
        assert "hidden" not in text
        assert "app secret" not in text


@pytest.mark.parametrize(
    "value",
    [{}, {"v": 1}, {"v": 1, "salt": 5}, {"v": "1"}],
)
def test_what_is_no_envelope_is_a_broken_seal(value: dict[str, Any]) -> None:
    with pytest.raises(SealBroken, match="not a sealed credential"):
        Envelope.from_json(value)


def test_an_envelope_of_a_newer_format_says_to_upgrade() -> None:
    with pytest.raises(SealBroken, match="format 2") as broken:
        Envelope.from_json({**sealed().to_json(), "v": 2})
    assert "upgrade" in broken.value.advice


def test_a_keyring_wants_long_secrets_and_a_current_one() -> None:
    with pytest.raises(UsageError, match="shorter") as short:
        Keyring(secrets={1: Secret("s" * (MINIMUM_SECRET_CHARS - 1))}, current=1)
    assert "sss" not in str(short.value)
    with pytest.raises(UsageError, match="current version 3"):
        Keyring(secrets={1: ONE}, current=3)
