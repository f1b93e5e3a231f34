"""Checkpoints and cosignatures: a public log's, ours, and what is refused."""

import pytest

from lianxi.proof.checkpoints import (
    MAX_TIME,
    Checkpoint,
    cosign,
    cosignature_time,
    log_key,
    open_checkpoint,
    parse_size,
    read_checkpoint,
    sign_checkpoint,
    signed_by,
    witness_key,
)
from lianxi.proof.notes import ED25519, Note, NoteKey, NoteSignature, note_bytes
from lianxi.proof.refusals import (
    CheckpointMalformedError,
    CheckpointSignatureError,
    ForeignCheckpointError,
)
from lianxi.proof.tree import EMPTY_ROOT

from .material import CONVENER, ORIGIN, OTHER, STRANGER, UNIT, vectors

VECTORS = vectors("signed-notes.json")
WITNESSED = VECTORS["witnessed"]
SIGSUM = VECTORS["sigsum"]
HEAD = Checkpoint(ORIGIN, 12, b"\x07" * 32)
LOG = log_key(ORIGIN, CONVENER.public_key)
NAME = f"{ORIGIN}/U01/1"
WITNESS = witness_key(NAME, UNIT.public_key)
TIME = 1_793_581_323


def note(*signatures: NoteSignature, text: str = HEAD.text) -> bytes:
    """A note over the text of `HEAD`."""
    return note_bytes(Note(text, signatures))


SIGNED = note(sign_checkpoint(HEAD, CONVENER))


def test_a_checkpoint_of_a_public_log_holds() -> None:
    """The log's Ed25519 key among two signatures of its name, and three witnesses."""
    key = NoteKey.parse(WITNESSED["log"])
    data = WITNESSED["note"].encode()
    checkpoint, opened = open_checkpoint(data, origin=key.name, log_keys=[key])
    assert checkpoint.size == WITNESSED["size"]
    assert len(opened.signatures) == 6
    for vkey in WITNESSED["witnesses"]:
        witness = NoteKey.parse(vkey)
        times = {cosignature_time(one, witness, checkpoint) for one in opened.signatures}
        assert times == {None, WITNESSED["time"]}
        grown = checkpoint._replace(size=checkpoint.size + 1)
        assert {cosignature_time(one, witness, grown) for one in opened.signatures} == {None}


def test_a_checkpoint_of_another_implementation_holds() -> None:
    """Signed by the tools of torchwood."""
    key = log_key(SIGSUM["origin"], bytes.fromhex(SIGSUM["public_key"]))
    checkpoint, _ = open_checkpoint(
        SIGSUM["note"].encode(), origin=SIGSUM["origin"], log_keys=[key]
    )
    assert checkpoint.size == SIGSUM["size"]


def test_what_we_sign_is_read_back() -> None:
    """Three lines, the key named as the origin."""
    checkpoint, opened = open_checkpoint(SIGNED, origin=ORIGIN, log_keys=[LOG])
    assert checkpoint == HEAD
    assert opened.text == f"{ORIGIN}\n12\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
    assert opened.signatures[0].name == ORIGIN
    assert read_checkpoint(SIGNED) == (checkpoint, opened)


def test_unknown_signatures_are_ignored() -> None:
    """Witnesses and a key to come stand beside the log's own."""
    data = note(
        sign_checkpoint(HEAD, STRANGER),
        cosign(HEAD, NAME, UNIT, TIME),
        sign_checkpoint(HEAD, CONVENER),
    )
    assert open_checkpoint(data, origin=ORIGIN, log_keys=[LOG])[0] == HEAD


def test_either_key_of_a_rotation_opens_the_checkpoint() -> None:
    """Both sign while the next key is being made known."""
    data = note(sign_checkpoint(HEAD, CONVENER), sign_checkpoint(HEAD, OTHER))
    for keys in ([LOG], [log_key(ORIGIN, OTHER.public_key)]):
        assert open_checkpoint(data, origin=ORIGIN, log_keys=keys)[0] == HEAD


def test_a_known_key_that_does_not_hold_refuses_the_whole() -> None:
    """Even beside another known key that does (signed-note, Signatures)."""
    false = sign_checkpoint(HEAD, OTHER)._replace(signature=b"\0" * 64)
    data = note(sign_checkpoint(HEAD, CONVENER), false)
    keys = [LOG, log_key(ORIGIN, OTHER.public_key)]
    with pytest.raises(CheckpointSignatureError) as refused:
        open_checkpoint(data, origin=ORIGIN, log_keys=keys)
    assert refused.value.params == {"reason": "invalid"}


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [log_key(ORIGIN, OTHER.public_key)],
        [NoteKey(f"{ORIGIN}x", ED25519, CONVENER.public_key)],
        [witness_key(ORIGIN, CONVENER.public_key)],
    ],
    ids=["none", "another", "another name", "a witness key"],
)
def test_without_a_known_key_nothing_is_believed(keys: list[NoteKey]) -> None:
    """A witness's key is no log's, whatever its name."""
    with pytest.raises(CheckpointSignatureError) as refused:
        open_checkpoint(SIGNED, origin=ORIGIN, log_keys=keys)
    assert refused.value.params == {"reason": "unknown"}


def test_a_changed_checkpoint_does_not_hold() -> None:
    """Other size, other root, under the same signature."""
    for changed in (HEAD._replace(size=13), HEAD._replace(root=b"\x08" * 32)):
        with pytest.raises(CheckpointSignatureError):
            open_checkpoint(
                note(sign_checkpoint(HEAD, CONVENER), text=changed.text),
                origin=ORIGIN,
                log_keys=[LOG],
            )


def test_a_checkpoint_of_another_conference_says_so() -> None:
    """Before its signatures: the keys would be unknown anyway, which tells less."""
    foreign = HEAD._replace(origin=ORIGIN[:-1] + "0")
    with pytest.raises(ForeignCheckpointError) as refused:
        open_checkpoint(
            note(sign_checkpoint(foreign, CONVENER), text=foreign.text),
            origin=ORIGIN,
            log_keys=[LOG],
        )
    assert refused.value.params == {"expected": ORIGIN}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{ORIGIN}\n12\n", "lines"),
        (HEAD.text + "extension\n", "lines"),
        (HEAD.text + "\n", "lines"),
        ("\n" + HEAD.text, "lines"),
        (HEAD.text.replace(ORIGIN, ""), "origin"),
        (HEAD.text.replace(ORIGIN, "a b"), "origin"),
        (HEAD.text.replace(ORIGIN, "a+b"), "origin"),
        (HEAD.text.replace("\n12\n", "\n012\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n-12\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n+12\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n 12\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n1_2\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n\u0661\u0662\n"), "size"),
        (HEAD.text.replace("\n12\n", f"\n{2**63}\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n" + "9" * 5000 + "\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n\n"), "size"),
        (HEAD.text.replace("\n12\n", "\n0\n"), "root"),
        (HEAD.text.replace("Bwc=", "Bwd="), "root"),
        (HEAD.text.replace("Bwc=", "Bwc"), "root"),
        (HEAD.text.replace("BwcH", ""), "root"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, why: str) -> None:
    """Exactly three lines, each in its one spelling."""
    with pytest.raises(CheckpointMalformedError) as refused:
        read_checkpoint(note(sign_checkpoint(HEAD, CONVENER), text=text))
    assert refused.value.params == {"reason": why}


def test_an_empty_tree_has_the_empty_root() -> None:
    """RFC 6962 §2.1."""
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    data = note(sign_checkpoint(empty, CONVENER), text=empty.text)
    assert open_checkpoint(data, origin=ORIGIN, log_keys=[LOG])[0] == empty


def test_sizes_have_one_spelling() -> None:
    """Zero alone may begin with a zero."""
    assert parse_size("0") == 0
    assert parse_size(str(2**63 - 1)) == 2**63 - 1
    for text in ("", "00", "01", "-0", "1 ", "1\n", "1.0", "1e3", "0x1", str(2**63)):
        assert parse_size(text) is None


def test_a_cosignature_holds_for_its_witness_and_checkpoint() -> None:
    """And tells its time; as bytes: key id, eight bytes of time, signature."""
    line = cosign(HEAD, NAME, UNIT, TIME)
    assert line.signature[:8] == TIME.to_bytes(8, "big")
    assert len(line.signature) == 72
    assert cosignature_time(line, WITNESS, HEAD) == TIME
    assert cosignature_time(line, WITNESS, HEAD._replace(size=13)) is None
    assert cosignature_time(line, WITNESS, HEAD._replace(origin=ORIGIN + "0")) is None
    assert cosignature_time(line, witness_key(NAME, OTHER.public_key), HEAD) is None
    assert cosignature_time(line, witness_key(NAME + "2", UNIT.public_key), HEAD) is None
    assert cosignature_time(line, log_key(NAME, UNIT.public_key), HEAD) is None


def test_a_damaged_cosignature_is_none() -> None:
    """Other time, too short, too long, no time that could be."""
    line = cosign(HEAD, NAME, UNIT, TIME)
    later = (TIME + 1).to_bytes(8, "big") + line.signature[8:]
    endless = (MAX_TIME + 1).to_bytes(8, "big") + line.signature[8:]
    for signature in (later, endless, line.signature[:-1], line.signature + b"\0", b""):
        assert cosignature_time(line._replace(signature=signature), WITNESS, HEAD) is None


def test_times_are_limited() -> None:
    """To what the format allows; 0 and the last are in."""
    for time in (0, MAX_TIME):
        assert cosignature_time(cosign(HEAD, NAME, UNIT, time), WITNESS, HEAD) == time
    for time in (-1, MAX_TIME + 1):
        with pytest.raises(ValueError, match="time"):
            cosign(HEAD, NAME, UNIT, time)


def test_a_signature_of_one_kind_does_not_pass_for_the_other() -> None:
    """Log and witness sign different bytes, so one key may do both."""
    as_log = sign_checkpoint(HEAD, UNIT)
    as_witness = cosign(HEAD, ORIGIN, UNIT, TIME)
    own_log, own_witness = log_key(ORIGIN, UNIT.public_key), witness_key(ORIGIN, UNIT.public_key)
    crossed = as_witness._replace(key_hash=own_log.key_hash, signature=as_witness.signature[8:])
    assert signed_by(Note(HEAD.text, (crossed,)), own_log) is False
    stamped = TIME.to_bytes(8, "big") + as_log.signature
    crossed = as_log._replace(key_hash=own_witness.key_hash, signature=stamped)
    assert cosignature_time(crossed, own_witness, HEAD) is None
    assert signed_by(Note(HEAD.text, (as_witness,)), own_log) is None
