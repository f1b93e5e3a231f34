"""Every parser of the proof layer under damaged and made-up input: a refusal, or one spelling.

What is accepted is written back to the same bytes, so that nobody can hand in two files that read
alike; whatever else comes is a Refusal, never another exception.
"""

import copy
import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    cosignature_time,
    log_key,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
    witness_key,
)
from lianxi.proof.envelopes import COMMAND_TYPE, decode, encode
from lianxi.proof.events import Cause, seal
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.notes import (
    Note,
    NoteKey,
    note_bytes,
    parse_note,
    parse_signature_line,
    signature_line,
)
from lianxi.proof.policies import Group, Policy, parse_policy, policy_text
from lianxi.proof.receipt_checks import Keys, check_receipt
from lianxi.proof.receipts import read_receipt, sign_receipt
from lianxi.proof.tlog_proofs import TlogProof, parse_proof, proof_bytes
from lianxi.proof.tree import Range, leaf_hash
from lianxi.proof.trust import read_trust, trust_bytes

from .material import CONVENER, ORIGIN, OTHER, REQUEST_ID, STREAM, UNIT, command, event, vectors

NOTES = vectors("signed-notes.json")
LOG = log_key(ORIGIN, CONVENER.public_key)
WITNESS = witness_key(f"{ORIGIN}/U02/1", OTHER.public_key)
POLICY = Policy((LOG,), {"一": WITNESS}, {"all": Group(1, ("一",))}, "all")

# --- one good file of each kind ---

COMMAND = command()
PAYLOAD = decode(COMMAND, payload_type=COMMAND_TYPE).payload
CAUSED = event(
    cause=Cause(request_id=REQUEST_ID, payload_sha256=sha256_hex(PAYLOAD), index=0, count=1)
)
SEALED = seal(CAUSED)
TREE = Range()
TREE.extend([leaf_hash(b"genesis"), bytes.fromhex(SEALED.hash)])
HEAD = Checkpoint(ORIGIN, 2, TREE.root())
CHECKPOINT = note_bytes(
    Note(
        HEAD.text,
        (sign_checkpoint(HEAD, CONVENER), cosign(HEAD, WITNESS.name, OTHER, 1_793_581_323)),
    )
)
PROOF = TlogProof(1, (leaf_hash(b"genesis"),), CHECKPOINT, b"extra")
RECEIPT: dict[str, Any] = {
    "origin": ORIGIN,
    "stream": STREAM,
    "request_id": REQUEST_ID,
    "payload_sha256": sha256_hex(PAYLOAD),
    "at": "2026-11-02T01:02:03.456789Z",
    "events": [{"seq": 1, "kind": CAUSED.kind, "hash": SEALED.hash}],
    "task": "T-0003",
}
SIGNED_RECEIPT = sign_receipt(OTHER, RECEIPT, include_by="2026-11-02T01:12:03.456789Z")
KEPT: dict[str, Any] = {
    "schema": 2,
    "receipt": RECEIPT,
    "envelope": COMMAND.decode(),
    "public_key": UNIT.public_key.hex(),
    "signed_receipt": SIGNED_RECEIPT,
    "events": [SEALED.text],
    "proofs": [{"hash": SEALED.hash, "proof": proof_bytes(PROOF).decode()}],
    "later": [{"checkpoint": CHECKPOINT.decode(), "from": 2, "consistency": []}],
}
TRUST = trust_bytes(
    origin=ORIGIN,
    genesis="a" * 64,
    log=LOG.vkey(),
    policy=policy_text(POLICY),
    receipt=[OTHER.public_key.hex()],
)


class Parser(NamedTuple):
    """A parser, what writes its result back (None: no one spelling), and good input."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes] | None
    good: list[bytes]


def as_text(parse: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """A parser of text, fed bytes; halves of surrogate pairs stand for what is not UTF-8."""
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


PARSERS = {
    "note": Parser(
        parse_note,
        note_bytes,
        [CHECKPOINT, NOTES["c2sp"].encode(), NOTES["go"]["both"].encode()],
    ),
    "checkpoint": Parser(
        read_checkpoint,
        lambda read: note_bytes(Note(read[0].text, read[1].signatures)),
        [CHECKPOINT, NOTES["witnessed"]["note"].encode()],
    ),
    "opened checkpoint": Parser(
        lambda data: open_checkpoint(data, origin=ORIGIN, log_keys=[LOG]),
        lambda read: note_bytes(Note(read[0].text, read[1].signatures)),
        [CHECKPOINT],
    ),
    "signature line": Parser(
        as_text(parse_signature_line),
        lambda line: signature_line(line).encode(),
        [signature_line(parse_note(CHECKPOINT).signatures[1]).encode()],
    ),
    "verifier key": Parser(
        as_text(NoteKey.parse), lambda key: key.vkey().encode(), [LOG.vkey().encode()]
    ),
    "proof": Parser(parse_proof, proof_bytes, [proof_bytes(PROOF)]),
    "policy": Parser(as_text(parse_policy), None, [policy_text(POLICY).encode()]),
    "envelope": Parser(lambda data: decode(data, payload_type=COMMAND_TYPE), encode, [COMMAND]),
    "receipt": Parser(
        as_text(read_receipt), lambda read: encode(read[0]), [SIGNED_RECEIPT.encode()]
    ),
    "trust file": Parser(read_trust, None, [TRUST]),
}

# --- damage ---

TELLING = [b"\n", b"\n\n", b"\r", b"\0", b" ", b"\t", b"+", b"=", b"0", b"-", b"\xff", b"\xc2\xa0"]
TELLING += [
    "—".encode(),
    "— a AAAAAQI=\n".encode(),
    b"quorum none\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b"\\",
]


@st.composite
def damage(draw: st.DrawFn, good: list[bytes]) -> bytes:
    """A good input after one to four cuts, insertions, repetitions, changed bits or swaps."""
    data = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        kind = draw(st.sampled_from(["cut", "insert", "repeat", "flip", "replace", "end"]))
        piece = draw(st.sampled_from(TELLING))
        match kind:
            case "cut":
                data = data[:start] + data[end:]
            case "insert":
                data = data[:start] + piece + data[start:]
            case "repeat":
                data = data[:end] + data[start:]
            case "replace":
                data = data[:start] + piece + data[end:]
            case "end":
                data = data[:start]
            case _ if start < len(data):
                bit = 1 << draw(st.integers(0, 7))
                data = data[:start] + bytes((data[start] ^ bit,)) + data[start + 1 :]
            case _:
                pass
    return data


def read_or_refuse(parser: Parser, data: bytes) -> None:
    """What is accepted has one spelling, or at least reads the same again."""
    try:
        read = parser.read(data)
    except Refusal:
        return
    if parser.write is not None:
        assert parser.write(read) == data


@pytest.mark.parametrize("name", PARSERS)
def test_good_input_is_read(name: str) -> None:
    """Else the damage below would prove nothing."""
    for data in PARSERS[name].good:
        read = PARSERS[name].read(data)
        if PARSERS[name].write is not None:
            assert PARSERS[name].write(read) == data  # type: ignore[misc]  # not None: just asked


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_noise_is_refused(name: str, data: bytes) -> None:
    """Bytes from nowhere."""
    read_or_refuse(PARSERS[name], data)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(draws=st.data())
def test_damaged_input_is_refused_or_has_one_spelling(name: str, draws: st.DataObject) -> None:
    """Truncated, doubled, cut up, respelled."""
    read_or_refuse(PARSERS[name], draws.draw(damage(PARSERS[name].good)))


@given(draws=st.data())
def test_a_damaged_checkpoint_is_never_taken_for_another(draws: st.DataObject) -> None:
    """Whatever passes says what the log signed."""
    try:
        read, _ = open_checkpoint(draws.draw(damage([CHECKPOINT])), origin=ORIGIN, log_keys=[LOG])
    except Refusal:
        return
    assert read == HEAD


@given(draws=st.data())
def test_a_damaged_cosignature_is_none_or_the_same(draws: st.DataObject) -> None:
    """Never another time."""
    line = cosign(HEAD, WITNESS.name, OTHER, 1_793_581_323)
    damaged = line._replace(signature=draws.draw(damage([line.signature])))
    time = cosignature_time(damaged, WITNESS, HEAD)
    assert time is None or damaged == line


@given(draws=st.data())
def test_a_policy_that_is_read_is_written_alike(draws: st.DataObject) -> None:
    """Not to the same bytes (comments go), but to the same policy."""
    try:
        policy = parse_policy(draws.draw(damage([policy_text(POLICY).encode()])).decode())
    except (Refusal, UnicodeDecodeError):
        return
    assert parse_policy(policy_text(policy)) == policy
    for name in policy.witnesses:
        policy.satisfied([name])


# --- kept receipts: a document, damaged in its parts ---

ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2**63,
        10**30,
        "",
        "a",
        "\ud800",
        "é",
        [],
        [None],
        {},
        {"hash": 1},
        "0" * 64,
    ]
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    match value:
        case dict():
            found += [place for key in value for place in places(value[key], (*path, key))]
        case list():
            found += [place for at, each in enumerate(value) for place in places(each, (*path, at))]
        case _:
            pass
    return found


@st.composite
def damaged_document(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """A document with up to three parts gone, replaced, doubled or damaged inside."""
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        all_places = places(document)
        if not all_places:
            break
        path = draw(st.sampled_from(all_places))
        parent: Any = document
        for step in path[:-1]:
            parent = parent[step]
        last = path[-1]
        kind = draw(st.sampled_from(["gone", "odd", "doubled", "inside"]))
        if kind == "gone":
            del parent[last]
        elif kind == "doubled" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))  # type: ignore[index]  # a list's place
        elif kind == "inside" and isinstance(parent[last], str):
            data = parent[last].encode("utf-8", "surrogatepass")
            parent[last] = draw(damage([data])).decode("utf-8", "replace")
        else:
            parent[last] = copy.deepcopy(draw(ODD))
    return document


KEYS = Keys([LOG], [OTHER.public_key], POLICY)


def test_the_good_receipt_proves_its_command() -> None:
    """Every check of it holds."""
    checked = check_receipt(KEPT, KEYS, origin=ORIGIN)
    assert {check.state for check in checked.checks} == {"holds"}
    assert checked.recorded
    assert checked.witnessed == 1_793_581_323


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(document=damaged_document(KEPT), keys=st.sampled_from([KEYS, Keys([LOG]), Keys([])]))
def test_a_damaged_receipt_is_refused_or_reported(document: dict[str, Any], keys: Keys) -> None:
    """Never another exception; and nothing recorded that the log did not sign."""
    try:
        checked = check_receipt(document, keys, origin=ORIGIN)
    except Refusal:
        return
    if checked.recorded:
        assert keys.log
        named = {each["hash"] for each in document["receipt"]["events"]}
        assert named == {SEALED.hash}


@settings(max_examples=300)
@given(document=damaged_document(json.loads(TRUST)))
def test_a_damaged_trust_file_is_refused_or_read(document: dict[str, Any]) -> None:
    """Every part of it."""
    read_or_refuse(PARSERS["trust file"], json.dumps(document).encode())


@settings(max_examples=300)
@given(document=damaged_document(json.loads(b64decode(json.loads(SIGNED_RECEIPT)["payload"]))))
def test_a_receipt_of_any_content_is_refused_or_read(document: dict[str, Any]) -> None:
    """Signed by the right key, and still not what a receipt says."""
    try:
        text = sign_receipt(OTHER, document, include_by=document["include_by"])
    except (Refusal, KeyError, TypeError):
        return
    read_or_refuse(PARSERS["receipt"], text.encode())
