"""DSSE envelopes and key requests: vector, laws, bad input."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.proof import canonical
from lianxi.proof.envelopes import (
    COMMAND_TYPE,
    KEY_REQUEST_TYPE,
    SESSION_TYPE,
    Envelope,
    decode,
    encode,
    pae,
    seal_envelope,
    verify_envelope,
)
from lianxi.proof.keys import Signer, key_id
from lianxi.proof.possession import KeyRequest, proof_of_possession, verify_possession

from .material import ORIGIN, OTHER, UNIT, vectors

DSSE = vectors("dsse.json")["cases"]
TYPE = COMMAND_TYPE


@pytest.mark.parametrize("case", DSSE)
def test_pae_is_that_of_the_dsse_protocol(case: dict[str, str]) -> None:
    """protocol.md, Test Vectors."""
    assert pae(case["payload_type"], case["body"].encode()) == case["pae"].encode()


@given(st.binary(max_size=200))
def test_an_envelope_comes_back_and_verifies(payload: bytes) -> None:
    """decode(encode(x)) == x; another key or type does not verify."""
    envelope = seal_envelope(TYPE, payload, UNIT)
    assert decode(encode(envelope), payload_type=TYPE) == envelope
    assert verify_envelope(envelope, UNIT.public_key)
    assert not verify_envelope(envelope, OTHER.public_key)
    retyped = Envelope(SESSION_TYPE, payload, envelope.keyid, envelope.signature)
    assert not verify_envelope(retyped, UNIT.public_key)


def test_every_flipped_bit_is_refused_or_fails() -> None:
    """All bits of one envelope (its key id is compared with the payload's elsewhere)."""
    data = encode(seal_envelope(TYPE, b'{"a":1}', UNIT))
    for index in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[index] ^= 1 << bit
            try:
                envelope = decode(bytes(changed), payload_type=TYPE)
            except Refusal:
                continue
            assert envelope.keyid != UNIT.key_id or not verify_envelope(envelope, UNIT.public_key)


@given(st.binary(max_size=300))
def test_decode_answers_noise_with_a_refusal(data: bytes) -> None:
    """No other exception escapes."""
    with pytest.raises(Refusal):
        decode(data, payload_type=TYPE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from(["payload", "payloadType", "signatures", "more"]), json_values)
def test_decode_answers_wrong_fields_with_a_refusal(field: str, value: Any) -> None:
    """Each field replaced by anything."""
    document = json.loads(encode(seal_envelope(TYPE, b"x", UNIT)))
    if document.get(field) == value or (field, value) == ("payload", ""):
        return
    try:
        envelope = decode(json_bytes(document | {field: value}), payload_type=TYPE)
    except Refusal:
        return
    assert field == "payload"
    assert not verify_envelope(envelope, UNIT.public_key)


def json_bytes(document: Any) -> bytes:
    """Canonical where it can be; half surrogates go through as they are."""
    try:
        return canonical.dumps(document)
    except Refusal:
        return json.dumps(document).encode()


GOOD = json.loads(encode(seal_envelope(TYPE, b"\xfb\xff\xfe", UNIT)))
SIGNATURE = GOOD["signatures"][0]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"more": 1}, "SCHEMA", ""),
        ({"payload": "-__-"}, "BASE64", "/payload"),
        ({"payload": "+//+\n"}, "BASE64", "/payload"),
        ({"payload": "aGk"}, "BASE64", "/payload"),
        ({"payload": "aGl="}, "BASE64", "/payload"),
        ({"payload": "aGk=="}, "BASE64", "/payload"),
        ({"payload": "联"}, "BASE64", "/payload"),
        ({"payload": 1}, "SCHEMA", "/payload"),
        ({"payloadType": SESSION_TYPE}, "PAYLOAD_TYPE", None),
        ({"signatures": []}, "SIGNATURE_COUNT", None),
        ({"signatures": [SIGNATURE, SIGNATURE]}, "SIGNATURE_COUNT", None),
        ({"signatures": SIGNATURE}, "SCHEMA", "/signatures"),
        ({"signatures": [{"sig": SIGNATURE["sig"]}]}, "SCHEMA", "/signatures/0/keyid"),
        ({"signatures": [SIGNATURE | {"keyid": "A" * 64}]}, "SCHEMA", "/signatures/0/keyid"),
        ({"signatures": [SIGNATURE | {"keyid": "a" * 64 + "\n"}]}, "SCHEMA", "/signatures/0/keyid"),
        ({"signatures": [SIGNATURE | {"sig": "aGk="}]}, "SCHEMA", "/signatures/0/sig"),
        ({"signatures": [SIGNATURE | {"x": 1}]}, "SCHEMA", "/signatures/0"),
        ({"signatures": ["x"]}, "SCHEMA", "/signatures/0"),
    ],
)
def test_a_malformed_envelope_is_refused_with_its_place(
    changes: dict[str, Any], code: str, place: str | None
) -> None:
    """One spelling only: base64, fields, one signature."""
    assert GOOD["payload"] == "+//+", "the URL alphabet would spell it -__-"
    with pytest.raises(Refusal) as refusal:
        decode(canonical.dumps(GOOD | changes), payload_type=TYPE)
    assert (refusal.value.code, refusal.value.params.get("place")) == (code, place)


def test_an_envelope_has_one_spelling_and_a_largest_size() -> None:
    """Not canonical and over 16 KiB: refused."""
    with pytest.raises(Refusal) as refusal:
        decode(json.dumps(GOOD).encode(), payload_type=TYPE)
    assert refusal.value.code == "JSON_NOT_CANONICAL"
    with pytest.raises(Refusal) as refusal:
        decode(encode(seal_envelope(TYPE, bytes(16_384), UNIT)), payload_type=TYPE)
    assert refusal.value.code == "JSON_TOO_LARGE"


# --- key requests ---


def test_a_key_request_proves_possession() -> None:
    """What it says comes back, for the origin and unit it was made for."""
    data = proof_of_possession(UNIT, origin=ORIGIN, unit="U01")
    expected = KeyRequest(ORIGIN, "U01", "ed25519", UNIT.key_id, UNIT.public_key.hex())
    assert verify_possession(data, origin=ORIGIN) == expected
    assert verify_possession(data, origin=ORIGIN, unit="U01") == expected


def request_with(signer: Signer = UNIT, drop: str | None = None, **changes: Any) -> bytes:
    """A key request signed by `signer`, its payload changed."""
    payload = {
        "v": 1,
        "alg": "ed25519",
        "origin": ORIGIN,
        "unit": "U01",
        "key_id": UNIT.key_id,
        "public_key": UNIT.public_key.hex(),
    } | changes
    if drop is not None:
        del payload[drop]
    return encode(seal_envelope(KEY_REQUEST_TYPE, canonical.dumps(payload), signer))


SMALL_ORDER = "00" * 32


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (request_with(origin=ORIGIN[:-1] + "0"), "ORIGIN_MISMATCH"),
        (request_with(unit="U02"), "UNIT_MISMATCH"),
        (request_with(v=True), "SCHEMA"),
        (request_with(v=2), "SCHEMA"),
        (request_with(drop="v"), "SCHEMA"),
        (request_with(drop="alg"), "SCHEMA"),
        (request_with(alg="rsa"), "SCHEMA"),
        (request_with(unit=1), "SCHEMA"),
        (request_with(more="x"), "SCHEMA"),
        (request_with(public_key="zz" * 32), "SCHEMA"),
        (request_with(key_id="a" * 64), "KEY_ID_MISMATCH"),
        (request_with(OTHER), "KEY_ID_MISMATCH"),
        (
            request_with(
                public_key=SMALL_ORDER, key_id=key_id("ed25519", bytes.fromhex(SMALL_ORDER))
            ),
            "PUBLIC_KEY_INVALID",
        ),
        (encode(seal_envelope(TYPE, b"{}", UNIT)), "PAYLOAD_TYPE"),
        (encode(seal_envelope(KEY_REQUEST_TYPE, b"[]", UNIT)), "SCHEMA"),
    ],
)
def test_a_key_request_that_proves_nothing_is_refused(data: bytes, code: str) -> None:
    """For elsewhere, ill-formed, about another key than the one that signs."""
    with pytest.raises(Refusal) as refusal:
        verify_possession(data, origin=ORIGIN, unit="U01")
    assert refusal.value.code == code


def test_a_key_request_names_its_key_by_the_keys_own_id() -> None:
    """A made-up id is refused even where payload and envelope agree on it."""
    document = json.loads(request_with(key_id="a" * 64))
    document["signatures"][0]["keyid"] = "a" * 64
    with pytest.raises(Refusal) as refusal:
        verify_possession(canonical.dumps(document), origin=ORIGIN)
    assert (refusal.value.code, refusal.value.params) == ("KEY_ID_MISMATCH", {"place": "/key_id"})


def test_a_key_request_with_somebody_elses_signature_is_refused() -> None:
    """The key named must have signed."""
    document = json.loads(request_with())
    document["signatures"][0]["sig"] = base64.b64encode(OTHER.sign(b"x")).decode()
    with pytest.raises(Refusal) as refusal:
        verify_possession(canonical.dumps(document), origin=ORIGIN)
    assert refusal.value.code == "SIGNATURE_INVALID"
