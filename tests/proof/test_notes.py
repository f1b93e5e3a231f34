"""Signed notes and verifier keys: published vectors, bad input, one spelling."""

import time
from base64 import b64decode, b64encode

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.proof.keys import Signer, verify
from lianxi.proof.notes import (
    COSIGNATURE_V1,
    ED25519,
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteKey,
    NoteSignature,
    note_bytes,
    parse_note,
    parse_signature_line,
    signature_line,
)
from lianxi.proof.refusals import NoteKeyError, NoteMalformedError, NoteTooLargeError

from .material import UNIT, vectors

VECTORS = vectors("signed-notes.json")
GO = VECTORS["go"]
GOOD = GO["both"]
SIGNATURE = "— name AAAAAQI="


def reason(data: str | bytes) -> tuple[str, object]:
    """Why a note is refused, and where."""
    with pytest.raises(NoteMalformedError) as refused:
        parse_note(data.encode() if isinstance(data, str) else data)
    return str(refused.value.params["reason"]), refused.value.params["place"]


def test_the_notes_of_the_reference_are_read_and_hold() -> None:
    """Two keys of Go's tests over one text."""
    note = parse_note(GOOD.encode())
    assert note.text == GO["text"]
    for vkey, signature in zip((GO["peter"], GO["enoch"]), note.signatures, strict=True):
        key = NoteKey.parse(vkey)
        assert (signature.name, signature.key_hash) == (key.name, key.key_hash)
        assert verify(key.public_key, note.text.encode(), signature.signature)
    assert note_bytes(note) == GOOD.encode()


def test_signing_makes_the_note_of_the_reference() -> None:
    """Ed25519 is deterministic: Go's private key signs to the same bytes."""
    seed = b64decode(GO["seed_key"].split("+", 4)[4])
    assert seed[0] == ED25519
    signer = Signer(seed[1:])
    key = NoteKey("PeterNeumann", ED25519, signer.public_key)
    assert key.vkey() == GO["peter"]
    signature = NoteSignature(key.name, key.key_hash, signer.sign(GO["text"].encode()))
    assert note_bytes(Note(GO["text"], (signature,))) == GO["note"].encode()


def test_the_example_of_the_specification_is_read() -> None:
    """Its text has an empty line of its own: the last one parts it from the signatures."""
    note = parse_note(VECTORS["c2sp"].encode())
    assert note.text.endswith("sole:\n\ned è subito sera.\n")
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    assert note_bytes(note) == VECTORS["c2sp"].encode()


@pytest.mark.parametrize("number", range(len(GO["bad_notes"])))
def test_what_the_reference_refuses_is_refused(number: int) -> None:
    """Go's list of malformed notes."""
    with pytest.raises(NoteMalformedError):
        parse_note(GO["bad_notes"][number].encode())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", ("end", 1)),
        ("\n", ("text", 1)),
        ("text\n", ("text", 1)),
        ("text\n\n", ("signatures", 3)),
        ("text\n" + SIGNATURE + "\n", ("text", 1)),
        ("text\n\n" + SIGNATURE, ("end", 3)),
        ("text\r\n\n" + SIGNATURE + "\n", ("control", 4)),
        ("te\txt\n\n" + SIGNATURE + "\n", ("control", 2)),
        ("te\0xt\n\n" + SIGNATURE + "\n", ("control", 2)),
        (b"te\xffxt\n\n- a\n", ("utf-8", 2)),
        (b"te\xed\xa0\x80\n\n- a\n", ("utf-8", 2)),
        ("text\n\n" + SIGNATURE + "\n" + SIGNATURE + "\n", ("doubled", 4)),
        ("text\n\n" + SIGNATURE + "\n— name AAAAAQM=\n", ("doubled", 4)),
        ("text\n\n- name AAAAAQI=\n", ("line", 3)),
        ("text\n\n—  name AAAAAQI=\n", ("name", 3)),
        ("text\n\n— name\n", ("line", 3)),
        ("text\n\n— name AAAAAQI= \n", ("base64", 3)),
        ("text\n\n— na+me AAAAAQI=\n", ("name", 3)),
        ("text\n\n— na\u00a0me AAAAAQI=\n", ("name", 3)),
        ("text\n\n— na\u2003me AAAAAQI=\n", ("name", 3)),
        ("text\n\n— name AAAAAQI\n", ("base64", 3)),
        ("text\n\n— name AAAAAQJ=\n", ("base64", 3)),
        ("text\n\n— name AAAAAQI==\n", ("base64", 3)),
        ("text\n\n— name AAAA-QI=\n", ("base64", 3)),
        ("text\n\n— name AAAA\u00e9QI=\n", ("base64", 3)),
        ("text\n\n— name AAAAAA==\n", ("base64", 3)),
        ("text\n\n— name \n", ("base64", 3)),
    ],
)
def test_malformed_notes_are_refused_with_their_place(
    data: str | bytes, why: tuple[str, int]
) -> None:
    """The place is a line, or the offset of a byte that no note holds."""
    assert reason(data) == why


def test_every_truncation_is_refused_or_another_note() -> None:
    """A note cut anywhere but at the end of a signature line does not pass."""
    data = GOOD.encode()
    passing = [cut for cut in range(len(data)) if not refused(data[:cut])]
    assert passing == [len(GO["note"].encode())]


def refused(data: bytes) -> bool:
    """Whether the parser refuses."""
    try:
        parse_note(data)
    except Refusal:
        return True
    return False


def test_the_text_may_be_one_empty_line() -> None:
    """The form asks for no more than a newline."""
    data = f"\n\n{SIGNATURE}\n".encode()
    assert parse_note(data).text == "\n"
    assert note_bytes(parse_note(data)) == data


def test_one_key_may_be_known_under_two_ids() -> None:
    """Same name, other id: another key, as in a rotation."""
    note = parse_note(b"text\n\n\xe2\x80\x94 name AAAAAQI=\n\xe2\x80\x94 name AAAAAgI=\n")
    assert len(note.signatures) == 2


def test_notes_have_a_largest_size_and_number_of_signatures() -> None:
    """Counted before anything is read."""
    with pytest.raises(NoteTooLargeError):
        parse_note(b"a" * (MAX_NOTE_BYTES + 1))
    lines = [f"— name{number} AAAAAQI=\n" for number in range(MAX_SIGNATURES + 1)]
    assert len(parse_note(("text\n\n" + "".join(lines[:-1])).encode()).signatures) == MAX_SIGNATURES
    assert reason("text\n\n" + "".join(lines)) == ("signatures", 3)


@pytest.mark.timed
@pytest.mark.parametrize(
    "data",
    [
        b"\n" * MAX_NOTE_BYTES,
        b"\n\n" + "— ".encode() * (MAX_NOTE_BYTES // 4 - 2) + b"\n",
        b"a\n\n" + "— a ".encode() + b"A" * (MAX_NOTE_BYTES - 20) + b"\n",
        b"a\n\n" + "— ".encode() + b"a" * (MAX_NOTE_BYTES - 20) + b"\n",
        b"a\n\n" + "— a ".encode() + b"=" * (MAX_NOTE_BYTES - 20) + b"\n",
    ],
    ids=["newlines", "dashes", "letters", "name", "padding"],
)
def test_reading_takes_linear_time(data: bytes) -> None:
    """The worst inputs of the largest size, far below a second."""
    began = time.perf_counter()
    refused(data)
    assert time.perf_counter() - began < 0.5


def test_a_signature_line_is_read_back() -> None:
    """One line, without its newline, nothing else."""
    signature = NoteSignature("a.example/U01/1", b"\0\1\2\3", b"signature")
    line = signature_line(signature)
    assert parse_signature_line(line) == signature
    for other in (line + "\n", " " + line, line.replace("—", "-"), line + " ", line[2:], ""):
        with pytest.raises(NoteMalformedError):
            parse_signature_line(other)
    with pytest.raises(NoteTooLargeError):
        parse_signature_line(line + "A" * MAX_NOTE_BYTES)


@pytest.mark.parametrize("algorithm", [ED25519, COSIGNATURE_V1])
def test_a_key_is_read_back(algorithm: int) -> None:
    """As text, with its type."""
    key = NoteKey("a.example/U01/1", algorithm, UNIT.public_key)
    assert NoteKey.parse(key.vkey()) == key


def test_no_mangled_key_of_the_reference_passes() -> None:
    """Go's test: every part of the text, and the text with any byte increased."""
    vkey = GO["peter"]
    mangled = [
        vkey[start:end] for start in range(len(vkey)) for end in range(start + 1, len(vkey) + 1)
    ]
    mangled += [vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))]
    for other in [*mangled, *GO["bad_keys"], ""]:
        if other == vkey:
            continue
        with pytest.raises(NoteKeyError):
            NoteKey.parse(other)


@pytest.mark.parametrize(
    ("vkey", "why"),
    [
        ("name+00000000", "form"),
        ("+00000000+AAAA", "name"),
        ("na me+00000000+AAAA", "name"),
        ("na\ud800me+00000000+AAAA", "name"),
        ("na\x01me+00000000+AAAA", "name"),
        ("name+00000000+AAA", "base64"),
        ("name+00000000+" + b64encode(b"\x01" + b"\x02" * 31).decode(), "algorithm"),
        ("name+00000000+" + b64encode(b"\x02" + UNIT.public_key).decode(), "algorithm"),
        ("name+00000000+" + b64encode(b"\x01" + b"\x00" * 32).decode(), "point"),
        ("name+00000000+" + b64encode(b"\x01" + UNIT.public_key).decode(), "id"),
    ],
)
def test_an_unusable_key_says_why(vkey: str, why: str) -> None:
    """A key of low order, of another type or under another id is not taken."""
    with pytest.raises(NoteKeyError) as error:
        NoteKey.parse(vkey)
    assert error.value.params["reason"] == why


def test_the_id_of_a_key_is_written_in_small_letters() -> None:
    """One spelling."""
    key = NoteKey("name", ED25519, UNIT.public_key)
    name, key_hash, material = key.vkey().split("+", 2)
    assert key_hash != key_hash.upper()
    with pytest.raises(NoteKeyError):
        NoteKey.parse(f"{name}+{key_hash.upper()}+{material}")
