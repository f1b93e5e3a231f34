"""Keys, commitments, hashes: published and golden vectors."""

import copy
import hashlib
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.proof.commitments import commit, opens
from lianxi.proof.hashing import ZERO_HASH, event_hash, sha256_hex
from lianxi.proof.keys import Signer, check_public_key, key_id, public_key_of, sign, verify
from lianxi.proof.refusals import PublicKeyInvalidError, SaltInvalidError, SeedInvalidError

from .material import UNIT, vectors

RFC_8032 = vectors("rfc8032.json")["cases"]
CCTV = vectors("cctv-ed25519.json")["cases"]
GOLDEN = vectors("golden.json")


@pytest.mark.parametrize("case", RFC_8032, ids=lambda case: case["name"])
def test_rfc_8032_signatures_are_made_and_verified(case: dict[str, str]) -> None:
    """RFC 8032 §7.1: key, signature, verification; another message fails."""
    seed, public_key, message, signature = (
        bytes.fromhex(case[name]) for name in ("seed", "public_key", "message", "signature")
    )
    assert public_key_of(seed) == public_key
    assert sign(seed, message) == signature
    assert Signer(seed).sign(message) == signature
    assert verify(public_key, message, signature)
    assert not verify(public_key, message + b"x", signature)
    check_public_key(public_key)


@pytest.mark.parametrize("case", CCTV, ids=lambda case: str(case["number"]))
def test_cctv_edge_cases_are_judged_as_ever(case: dict[str, Any]) -> None:
    """A change here would break the replay of histories; none of these keys may be registered."""
    public_key = bytes.fromhex(case["key"])
    accepted = verify(public_key, case["msg"].encode(), bytes.fromhex(case["sig"]))
    assert accepted is case["libsodium_accepts"]
    with pytest.raises(PublicKeyInvalidError):
        check_public_key(public_key)


def test_verification_alone_lets_a_mixed_order_key_pass() -> None:
    """Why registration checks the point: some of the vectors verify."""
    assert sum(case["libsodium_accepts"] for case in CCTV) == 3


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_wrong_lengths_never_reach_the_library(size: int) -> None:
    """Keys, seeds, signatures and salts of another length are refused or do not verify."""
    with pytest.raises(PublicKeyInvalidError) as refusal:
        check_public_key(bytes(size))
    assert refusal.value.params == {"reason": "length"}
    with pytest.raises(SeedInvalidError):
        Signer(bytes(size))
    with pytest.raises(SaltInvalidError):
        commit(bytes(size), b"")
    signature = UNIT.sign(b"m")
    assert not verify(bytes(size), b"m", signature)
    assert not verify(UNIT.public_key, b"m", signature[:size] if size < 64 else signature + b"x")


def test_a_message_cannot_hide_in_its_signature() -> None:
    """The library takes signature and message joined; where one ends is ours to see to."""
    signature = UNIT.sign(b"message")
    assert verify(UNIT.public_key, b"message", signature)
    assert not verify(UNIT.public_key, b"age", signature + b"mess")
    assert not verify(UNIT.public_key, signature[60:] + b"message", signature[:60])


def test_a_signer_does_not_show_its_seed() -> None:
    """Neither by repr nor by copy or pickle."""
    seed = bytes(range(32))
    signer = Signer(seed)
    assert seed.hex() not in repr(signer)
    assert repr(signer) == f"Signer(key_id='{signer.key_id}')"
    for steal in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            steal(signer)


def test_golden_digests_stand() -> None:
    """Event hash, commitment and key id, each against its formula written out anew."""
    data = bytes.fromhex(GOLDEN["data"])
    salt = bytes.fromhex(GOLDEN["salt"])
    public_key = bytes.fromhex(GOLDEN["public_key"])
    assert event_hash(data) == GOLDEN["event_hash"] == hashlib.sha256(b"\0" + data).hexdigest()
    expected = hashlib.sha256(b"lianxi/commit/v1\n" + salt + data).hexdigest()
    assert commit(salt, data) == GOLDEN["commit"] == expected
    expected = hashlib.sha256(b"lianxi/key/v1\ned25519\n" + public_key).hexdigest()
    assert key_id("ed25519", public_key) == GOLDEN["key_id"] == expected
    assert sha256_hex(b"") == hashlib.sha256().hexdigest()
    assert bytes(32).hex() == ZERO_HASH


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.binary(max_size=50))
def test_a_commitment_opens_to_its_own_bytes_only(salt: bytes, data: bytes, other: bytes) -> None:
    """Other bytes, size or salt do not open it; nonsense does not raise."""
    made = commit(salt, data)
    assert opens(made, len(data), salt, data)
    assert opens(made, len(other), salt, other) is (other == data)
    assert not opens(made, len(data) + 1, salt, data)
    assert not opens(made, len(data), salt[:31] + bytes([salt[31] ^ 1]), data)
    assert not opens(made, len(data), salt[:31], data)
    assert not opens("\ud800", len(data), salt, data)
