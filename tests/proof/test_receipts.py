"""Signed receipts and trust files: what is promised is read as it was signed, everything else refused."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.proof import canonical
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    log_key,
    note_bytes,
    sign_checkpoint,
    witness_key,
)
from lianxi.proof.envelopes import (
    COMMAND_TYPE,
    RECEIPT_TYPE,
    SESSION_TYPE,
    decode,
    encode,
    seal_envelope,
)
from lianxi.proof.hash_texts import hash_texts, hashes_of
from lianxi.proof.hashing import event_hash, sha256_hex
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note
from lianxi.proof.policies import Group, Policy
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
from lianxi.proof.signing import sign_command
from lianxi.proof.tlog_proofs import TlogProof, proof_bytes
from lianxi.proof.tree import (
    Coordinate,
    Range,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
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


# --- one tree, one instant: what a log with two trees, or a file with another time, cannot show ---

UNIT = Signer(b"\x21" * 32)
REQUEST = "019a4b5c-0000-7000-8000-000000000000"
AT = "2026-11-24T01:02:03.000004Z"
WITNESSES = {name: Signer(bytes([at]) * 32) for at, name in enumerate(("A", "B"), 0x31)}
NAMES = {name: f"{ORIGIN}/U0{at}/1" for at, name in enumerate(WITNESSES, 1)}
BOTH = Policy(
    (),
    {name: witness_key(NAMES[name], signer.public_key) for name, signer in WITNESSES.items()},
    {"quorum": Group(2, ("A", "B"))},
    "quorum",
)
BY_BOTH = Keys([log_key(ORIGIN, SIGNER.public_key)], (), BOTH)
COMMAND = sign_command(
    UNIT,
    origin=ORIGIN,
    stream="task/T-0001",
    unit="U01",
    action="submit",
    args={},
    request_id=REQUEST,
    issued_at=AT,
    not_after="2026-11-24T02:02:03.000004Z",
).decode()
DIGEST = sha256_hex(decode(COMMAND.encode(), payload_type=COMMAND_TYPE).payload)


def event(seq: int, at: str = AT) -> str:
    cause = {"request_id": REQUEST, "payload_sha256": DIGEST, "index": seq - 1, "count": 2}
    content = {"v": 1, "origin": ORIGIN, "stream": "task/T-0001", "seq": seq, "kind": "Submitted"}
    actor = {"unit": "U01", "key_id": UNIT.key_id}
    return canonical.dumps(content | {"at": at, "actor": actor, "cause": cause}).decode()


FIRST, SECOND = event(1), event(2)
OURS = [bytes.fromhex(event_hash(text.encode())) for text in (FIRST, SECOND)]
BASE = [leaf_hash(bytes([at])) for at in range(8)]


class Grown:
    """A tree over these leaves."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def root(self, size: int) -> bytes:
        tree = Range()
        tree.extend(self.leaves[:size])
        return tree.root()

    def read(self, wanted: Sequence[Coordinate]) -> dict[Coordinate, bytes]:
        return {each: self._node(*each) for each in wanted}

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))

    def note(self, size: int, *cosigners: str) -> bytes:
        head = Checkpoint(ORIGIN, size, self.root(size))
        lines = [cosign(head, NAMES[name], WITNESSES[name], 1_800_000_000) for name in cosigners]
        return note_bytes(Note(head.text, (sign_checkpoint(head, SIGNER), *lines)))

    def proof(self, leaf: bytes, size: int, *cosigners: str) -> dict[str, str]:
        index = self.leaves.index(leaf)
        hashes = tuple(inclusion_proof(index, size, self.read))
        text = proof_bytes(TlogProof(index, hashes, self.note(size, *cosigners))).decode()
        return {"hash": leaf.hex(), "proof": text}

    def later(self, old: int, new: int, *cosigners: str) -> dict[str, Any]:
        hashes = hash_texts(consistency_proof(old, new, self.read))
        note = self.note(new, *cosigners).decode()
        return {"from": old, "checkpoint": note, "consistency": hashes}


def of_two(proofs: list[dict[str, str]], later: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A kept receipt of a command that led to two events."""
    named = [
        {"seq": seq, "kind": "Submitted", "hash": leaf.hex()} for seq, leaf in enumerate(OURS, 1)
    ]
    receipt = {**RECEIPT, "payload_sha256": DIGEST, "at": AT, "events": named}
    return {
        "schema": 2,
        "envelope": COMMAND,
        "public_key": UNIT.public_key.hex(),
        "receipt": receipt,
        "events": [FIRST, SECOND],
        "proofs": proofs,
        "later": list(later),
    }


def states(document: dict[str, Any], what: str) -> list[str]:
    checks = check_receipt(document, BY_BOTH, origin=ORIGIN).checks
    return [check.state for check in checks if check.what == what]


HONEST = Grown([*BASE, *OURS, *BASE])
FORGED = Grown([OURS[0], *BASE[1:], *BASE])


@pytest.mark.parametrize("size", [9, 10, 12])
def test_a_forged_tree_does_not_borrow_the_witnesses_of_the_honest_one(size: int) -> None:
    """Neither at the same size nor at another; and not by a proof that only the honest tree has."""
    honest = HONEST.proof(OURS[1], 10, "A", "B")
    document = of_two([FORGED.proof(OURS[0], size), honest])
    checked = check_receipt(document, BY_BOTH, origin=ORIGIN)
    assert not checked.recorded
    assert "fails" in states(document, "inclusion")
    mixed = of_two([FORGED.proof(OURS[0], 9), honest], [HONEST.later(9, 10, "A", "B")])
    assert states(mixed, "later") == ["fails"]
    assert "fails" in states(mixed, "inclusion")
    assert not check_receipt(mixed, BY_BOTH, origin=ORIGIN).recorded


def test_a_later_checkpoint_of_a_known_size_has_its_root() -> None:
    """A fork signed by log and witnesses is no continuation, whatever proof comes with it."""
    proofs = [HONEST.proof(leaf, 10) for leaf in OURS]
    other = Grown([*BASE, *OURS, *reversed(BASE)])
    first = HONEST.later(10, 14, "A")
    document = of_two(proofs, [first, other.later(10, 14, "B")])
    assert states(document, "later") == ["holds", "fails"]
    assert check_receipt(document, BY_BOTH, origin=ORIGIN).witnessed is None
    good = of_two(proofs, [first, HONEST.later(10, 14, "B")])
    assert check_receipt(good, BY_BOTH, origin=ORIGIN).witnessed == 1_800_000_000


def test_proofs_of_two_sizes_count_where_one_continues_the_other() -> None:
    """As for a receipt of more events than one question takes; the larger size is to be witnessed."""
    proofs = [HONEST.proof(OURS[0], 9, "A", "B"), HONEST.proof(OURS[1], 10)]
    assert states(of_two(proofs), "inclusion") == ["holds", "fails"]
    joined = check_receipt(of_two(proofs, [HONEST.later(9, 10)]), BY_BOTH, origin=ORIGIN)
    assert (joined.recorded, joined.size, joined.witnessed) == (True, 10, None)
    seen = of_two(proofs, [HONEST.later(9, 10), HONEST.later(9, 12, "A", "B")])
    assert check_receipt(seen, BY_BOTH, origin=ORIGIN).witnessed == 1_800_000_000


def test_the_time_of_filing_is_the_events() -> None:
    """A receipt's own instant is nobody's word where its promise was taken away."""
    document = of_two([HONEST.proof(leaf, 10) for leaf in OURS])
    assert check_receipt(document, BY_BOTH, origin=ORIGIN).recorded
    document["receipt"]["at"] = "2020-01-01T00:00:00.000000Z"
    assert states(document, "event") == ["holds", "fails"]
    assert not check_receipt(document, BY_BOTH, origin=ORIGIN).recorded


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
