"""Signed receipts and trust files: what is promised is read as it was signed, everything else refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.proof import canonical
from lianxi.proof.checkpoints import log_key
from lianxi.proof.envelopes import RECEIPT_TYPE, SESSION_TYPE, encode, seal_envelope
from lianxi.proof.hash_texts import hash_texts, hashes_of
from lianxi.proof.keys import Signer
from lianxi.proof.receipt_checks import Keys, check_receipt
from lianxi.proof.receipts import MAX_EVENTS, open_receipt, read_receipt, sign_receipt
from lianxi.proof.refusals import (
    Base64Error,
    KeyIdMismatchError,
    KeyUnknownError,
    PayloadTypeError,
    SchemaError,
    SignatureInvalidError,
)
from lianxi.proof.trust import read_trust, trust_bytes

SIGNER = Signer(b"\x11" * 32)
ORIGIN = "localhost/lianxi/demo/00000000000000aa"
RECEIPT: dict[str, Any] = {
    "v": 1,
    "request_id": "019a4b5c-0000-7000-8000-000000000000",
    "payload_sha256": "ab" * 32,
    "origin": ORIGIN,
    "stream": "task/T-0001",
    "action": "acknowledge",
    "at": "2026-11-24T01:02:03.000004Z",
    "events": [{"seq": 2, "kind": "AssignmentAcknowledged", "hash": "cd" * 32}],
    "task": "T-0001",
    "already": False,
    "signed": True,
}
BY = "2026-11-24T01:12:03.000004Z"


def payload(**changes: Any) -> dict[str, Any]:
    """A good payload, but for `changes`; None takes a field away."""
    envelope, _ = read_receipt(sign_receipt(SIGNER, RECEIPT, include_by=BY))
    content = json.loads(envelope.payload) | changes
    return {name: value for name, value in content.items() if value is not None}


def sealed(content: Any, signer: Signer = SIGNER, kind: str = RECEIPT_TYPE) -> str:
    return encode(seal_envelope(kind, canonical.dumps(content), signer)).decode()


def test_a_promise_says_what_the_receipt_says() -> None:
    promise = open_receipt(sign_receipt(SIGNER, RECEIPT, include_by=BY), [SIGNER.public_key])
    assert promise.include_by == BY
    assert promise.names(RECEIPT)
    for name in ("origin", "stream", "request_id", "payload_sha256", "at", "task"):
        assert not promise.names(RECEIPT | {name: "x"}), name
    assert not promise.names(RECEIPT | {"events": []})


def test_bytes_of_a_promise_are_pinned() -> None:
    """Golden: a receipt of today must be readable in years."""
    text = sign_receipt(SIGNER, RECEIPT, include_by=BY)
    from hashlib import sha256

    assert sha256(text.encode()).hexdigest() == GOLDEN


GOLDEN = "cb4d85597cff9554f32523b043cf1f734cd351a3ff9c24b6e28577fdeeabfbff"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (payload(v=2), SchemaError),
        (payload(v=True), SchemaError),
        (payload(alg="rsa"), SchemaError),
        (payload(origin=None), SchemaError),
        (payload(origin="a\nb"), SchemaError),
        (payload(include_by="soon"), SchemaError),
        (payload(payload_sha256="AB" * 32), SchemaError),
        (payload(more=1), SchemaError),
        (payload(task=7), SchemaError),
        (payload(events=[]), SchemaError),
        (
            payload(events=[{"seq": 1, "kind": "A", "hash": "ab" * 32}] * (MAX_EVENTS + 1)),
            SchemaError,
        ),
        (payload(events=[{"seq": 0, "kind": "A", "hash": "ab" * 32}]), SchemaError),
        (payload(events=[{"seq": True, "kind": "A", "hash": "ab" * 32}]), SchemaError),
        (payload(events=[{"seq": 1, "kind": "a b", "hash": "ab" * 32}]), SchemaError),
        (payload(events=[{"seq": 1, "kind": "A", "hash": "ab"}]), SchemaError),
        (payload(events=[{"seq": 1, "kind": "A"}]), SchemaError),
        (payload(key_id="ab" * 32), KeyIdMismatchError),
        ([], SchemaError),
    ],
)
def test_what_is_no_promise_is_refused(content: Any, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        open_receipt(sealed(content), [SIGNER.public_key])


def test_another_key_another_type_a_broken_signature() -> None:
    good = sealed(payload())
    with pytest.raises(KeyUnknownError):
        open_receipt(good, [Signer(b"\x12" * 32).public_key])
    with pytest.raises(PayloadTypeError):
        open_receipt(sealed(payload(), kind=SESSION_TYPE), [SIGNER.public_key])
    broken = json.loads(good)
    signature = broken["signatures"][0]["sig"]
    broken["signatures"][0]["sig"] = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(SignatureInvalidError):
        open_receipt(canonical.dumps(broken).decode(), [SIGNER.public_key])


@given(at=st.integers(0, 600), byte=st.characters(min_codepoint=32, max_codepoint=126))
def test_a_changed_promise_is_refused_or_the_same(at: int, byte: str) -> None:
    """Every change of one character: refused, never another promise."""
    good = sealed(payload())
    at %= len(good)
    changed = good[:at] + byte + good[at + 1 :]
    try:
        found = open_receipt(changed, [SIGNER.public_key])
    except Refusal:
        return
    assert changed == good
    assert found.names(RECEIPT)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(["receipt", "envelope", "events", "hash", "proofs", "later"]), c
            )
        ),
    )
)
def test_a_kept_receipt_of_anything_is_refused_cleanly(document: Any) -> None:
    with pytest.raises(Refusal):
        check_receipt(document, Keys(()))


# --- trust files and hashes on the way ---

LOG = log_key(ORIGIN, SIGNER.public_key)


def trust(**changes: Any) -> bytes:
    content = json.loads(
        trust_bytes(
            origin=ORIGIN,
            genesis="ab" * 32,
            log=LOG.vkey(),
            policy="quorum none\n",
            receipt=["cd" * 32],
        )
    )
    return json.dumps(content | changes).encode()


def test_a_trust_file_is_read_as_written() -> None:
    """The policy's logs of the same name are keys of the log too: a rotation."""
    found = read_trust(trust())
    assert (found.origin, found.genesis, found.log_keys) == (ORIGIN, "ab" * 32, (LOG,))
    assert found.receipt_keys == (b"\xcd" * 32,)
    second = log_key(ORIGIN, Signer(b"\x12" * 32).public_key)
    both = read_trust(trust(policy=f"log {second.vkey()}\nlog {LOG.vkey()}\nquorum none\n"))
    assert both.log_keys == (LOG, second)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"more": 1},
        {"genesis": "AB" * 32},
        {"genesis": None},
        {"log": "x"},
        {"log": log_key("elsewhere/lianxi/x/00", SIGNER.public_key).vkey()},
        {"policy": "quorum\n"},
        {"policy": 1},
        {"receipt": "ab"},
        {"receipt": ["x"]},
        {"receipt": ["cd" * 32] * 17},
    ],
)
def test_a_trust_file_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        read_trust(trust(**changes))


@given(st.binary(max_size=200))
def test_a_trust_file_of_any_bytes_is_refused_cleanly(data: bytes) -> None:
    with pytest.raises(Refusal):
        read_trust(data)


def test_hashes_travel_in_one_spelling() -> None:
    hashes = [bytes([n]) * 32 for n in range(3)]
    assert hashes_of(hash_texts(hashes), "/") == hashes
    good = hash_texts(hashes)[1]
    for bad in (good[:-1], good + "\n", good.replace("=", ""), good[:-2] + "B=", "", "=" * 44):
        with pytest.raises(Base64Error):
            hashes_of([bad], "/")
    with pytest.raises(SchemaError):
        hashes_of([good] * 64, "/")
    with pytest.raises(SchemaError):
        hashes_of([1], "/")
