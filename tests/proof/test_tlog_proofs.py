"""Inclusion proofs as text (C2SP tlog-proof): one spelling, and what is refused."""

from base64 import b64encode
from hashlib import sha256

import pytest

from lianxi.proof.checkpoints import Checkpoint, log_key, open_checkpoint, sign_checkpoint
from lianxi.proof.notes import Note, note_bytes
from lianxi.proof.refusals import (
    CheckpointMalformedError,
    NoteMalformedError,
    NoteTooLargeError,
    ProofInvalidError,
    TlogProofMalformedError,
)
from lianxi.proof.tlog_proofs import (
    MAX_EXTRA_BYTES,
    MAX_PROOF_BYTES,
    MAX_PROOF_HASHES,
    TlogProof,
    parse_proof,
    proof_bytes,
)
from lianxi.proof.tree import inclusion_proof, verify_inclusion

from .material import CONVENER, ORIGIN
from .test_tree import LEAVES, READ, ROOTS

HEAD = Checkpoint(ORIGIN, 70, ROOTS[70])
CHECKPOINT = note_bytes(Note(HEAD.text, (sign_checkpoint(HEAD, CONVENER),)))
HASHES = tuple(inclusion_proof(40, 70, READ))
PROOF = TlogProof(40, HASHES, CHECKPOINT)
DATA = proof_bytes(PROOF)
HASH_LINE = b64encode(HASHES[0])


def test_a_proof_has_the_form_of_the_specification() -> None:
    """Header, index, hashes, an empty line, the checkpoint as it is."""
    lines = [b"c2sp.org/tlog-proof@v1", b"index 40", *(b64encode(one) for one in HASHES), b""]
    assert b"\n".join(lines) + b"\n" + CHECKPOINT == DATA
    assert parse_proof(DATA) == PROOF


def test_a_proof_is_checked_offline() -> None:
    """From the text alone, the log's key and the leaf."""
    proof = parse_proof(DATA)
    head, _ = open_checkpoint(
        proof.checkpoint, origin=ORIGIN, log_keys=[log_key(ORIGIN, CONVENER.public_key)]
    )
    verify_inclusion(LEAVES[40], proof.index, head.size, proof.hashes, head.root)
    with pytest.raises(ProofInvalidError):
        verify_inclusion(LEAVES[41], proof.index, head.size, proof.hashes, head.root)


def test_extra_data_is_kept() -> None:
    """On a line of its own before the index; empty is not absent."""
    for extra in (b"", b"a", sha256(b"extra").digest() * 5):
        proof = TlogProof(0, (), CHECKPOINT, extra)
        assert proof_bytes(proof).split(b"\n")[1] == b"extra " + b64encode(extra)
        assert parse_proof(proof_bytes(proof)) == proof


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", ("end", 1)),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n", ("end", 3)),
        (DATA.replace(b"@v1", b"@v2"), ("header", 1)),
        (b"c2sp.org/tlog-proof@v1\n\n" + CHECKPOINT, ("index", 2)),
        (b"c2sp.org/tlog-proof@v1\nextra YQ==\n\n" + CHECKPOINT, ("index", 3)),
        (b" " + DATA, ("header", 1)),
        (DATA.replace(b"index 40", b"index 040"), ("index", 2)),
        (DATA.replace(b"index 40", b"index -4"), ("index", 2)),
        (DATA.replace(b"index 40", b"index"), ("index", 2)),
        (DATA.replace(b"index 40", b"index 4 "), ("index", 2)),
        (DATA.replace(b"index 40\n", b""), ("index", 2)),
        (DATA.replace(b"index 40", b"index 9223372036854775808"), ("index", 2)),
        (DATA.replace(b"index 40", b"index 40\nextra YQ=="), ("hash", 3)),
        (DATA.replace(b"index 40", b"extra YQ==\nextra YQ==\nindex 40"), ("index", 3)),
        (DATA.replace(b"index 40", b"extra YQ\nindex 40"), ("extra", 2)),
        (DATA.replace(b"index 40", b"extra YR==\nindex 40"), ("extra", 2)),
        (DATA.replace(b"index 40", b"extra YQ==\nindex x"), ("index", 3)),
        (DATA.replace(HASH_LINE, HASH_LINE[:-1]), ("hash", 3)),
        (DATA.replace(HASH_LINE, b64encode(HASHES[0][:31])), ("hash", 3)),
        (DATA.replace(HASH_LINE, b64encode(HASHES[0] * 2)), ("hash", 3)),
        (DATA.replace(HASH_LINE, HASH_LINE + b" "), ("hash", 3)),
        (DATA.replace(b"index 40\n", b"index 40\r\n"), ("control", 2)),
        (DATA.replace(b"index 40\n", b"index 40\xc3\xa9\n"), ("control", 2)),
        (
            DATA.replace(b"index 40\n", b"index 40\n" + (HASH_LINE + b"\n") * MAX_PROOF_HASHES),
            ("count", 3),
        ),
        (
            DATA.replace(
                b"index 40", b"extra " + b64encode(b"a" * (MAX_EXTRA_BYTES + 1)) + b"\nindex 40"
            ),
            ("extra", 2),
        ),
    ],
)
def test_malformed_proofs_are_refused_with_their_line(data: bytes, why: tuple[str, int]) -> None:
    """Each line in its one spelling and its place."""
    with pytest.raises(TlogProofMalformedError) as refused:
        parse_proof(data)
    assert (refused.value.params["reason"], refused.value.params["place"]) == why


def test_what_follows_must_be_a_checkpoint() -> None:
    """Cut off, no note, no three lines."""
    head = DATA[: -len(CHECKPOINT)]
    for rest in (b"", b"checkpoint\n", CHECKPOINT[:-1], b"\n" + CHECKPOINT[1:]):
        with pytest.raises((NoteMalformedError, CheckpointMalformedError)):
            parse_proof(head + rest)


def test_proofs_have_a_largest_size() -> None:
    """Counted before anything is read."""
    with pytest.raises(NoteTooLargeError):
        parse_proof(b"a" * (MAX_PROOF_BYTES + 1))
    most = TlogProof(2**63 - 2, (b"\0" * 32,) * MAX_PROOF_HASHES, CHECKPOINT, b"a" * 65_536)
    assert parse_proof(proof_bytes(most)) == most
