"""Signed notes: a text and the signatures over it (proof layer).

Format: C2SP signed-note.md (c2sp.org/signed-note@v1.0.0), narrowed so that a note has one spelling:
base64 in its canonical form, each key (name and id) signs at most once. Reading a note verifies
nothing: `checkpoints.py` does.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from hashlib import sha256
from typing import NamedTuple

from lianxi.proof.keys import PUBLIC_KEY_BYTES, check_public_key
from lianxi.proof.refusals import (
    NoteKeyError,
    NoteMalformedError,
    NoteTooLargeError,
    PublicKeyInvalidError,
)

ED25519 = 0x01
"""Signature type: Ed25519 over the text."""
COSIGNATURE_V1 = 0x04
"""Signature type: timestamped Ed25519 of a witness (C2SP tlog-cosignature)."""

MAX_NOTE_BYTES = 262_144
MAX_SIGNATURES = 512
"""A log's keys and every installation of every unit of a roster (512 keys at most)."""
KEY_HASH_BYTES = 4

_DASH = "\N{EM DASH} "
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_ALGORITHMS = frozenset({ED25519, COSIGNATURE_V1})
_KEY_HASH = re.compile(r"[0-9a-f]{8}")


class NoteSignature(NamedTuple):
    """One signature line: who says to have signed, and what is claimed as signature."""

    name: str
    key_hash: bytes
    signature: bytes


class Note(NamedTuple):
    """A text (its last newline included) and its signatures, nothing verified."""

    text: str
    signatures: tuple[NoteSignature, ...]


class NoteKey(NamedTuple):
    """A key that signs notes: its name, signature type and raw public key."""

    name: str
    algorithm: int
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The key id of signature lines: SHA-256(name || LF || type || public key)[:4]."""
        material = bytes((self.algorithm,)) + self.public_key
        return sha256(self.name.encode("utf-8") + b"\n" + material).digest()[:KEY_HASH_BYTES]

    def vkey(self) -> str:
        """The key as text: `name+hash+base64(type || public key)` (signed-note, verifier keys)."""
        material = b64encode(bytes((self.algorithm,)) + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_hash.hex()}+{material}"

    @classmethod
    def parse(cls, vkey: str) -> "NoteKey":
        """Reads what `vkey` writes, and nothing else; raises NoteKeyError."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, hash, key
            raise NoteKeyError(reason="form")
        name, key_hash, encoded = parts
        if not is_key_name(name):
            raise NoteKeyError(reason="name")
        material = from_base64(encoded)
        if material is None:
            raise NoteKeyError(reason="base64")
        if len(material) != 1 + PUBLIC_KEY_BYTES or material[0] not in _ALGORITHMS:
            raise NoteKeyError(reason="algorithm")
        key = cls(name, material[0], material[1:])
        try:
            check_public_key(key.public_key)
        except PublicKeyInvalidError:
            raise NoteKeyError(reason="point") from None
        if _KEY_HASH.fullmatch(key_hash) is None or key_hash != key.key_hash.hex():
            raise NoteKeyError(reason="id")
        return key


def is_key_name(name: str) -> bool:
    """Whether keys may be called so: not empty, no spaces, no `+`, no control characters."""
    return bool(name) and not any(
        character.isspace()
        or character == "+"
        or character < " "
        or "\ud800" <= character <= "\udfff"
        for character in name
    )


def from_base64(text: str) -> bytes | None:
    """The bytes of standard padded base64 in its one spelling (RFC 4648 §4), else None."""
    try:
        data = b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        return None
    return data if b64encode(data).decode("ascii") == text else None


def signature_line(signature: NoteSignature) -> str:
    """The line of a signature, without a newline."""
    encoded = b64encode(signature.key_hash + signature.signature).decode("ascii")
    return f"{_DASH}{signature.name} {encoded}"


def parse_signature_line(line: str) -> NoteSignature:
    """Reads what `signature_line` writes, and nothing else; raises NoteMalformedError."""
    if len(line) > MAX_NOTE_BYTES:
        raise NoteTooLargeError(size=len(line), limit=MAX_NOTE_BYTES)
    return _signature(line, 1)


def note_bytes(note: Note) -> bytes:
    """The note as it is sent and kept; `parse_note` takes it back."""
    lines = "".join(f"{signature_line(signature)}\n" for signature in note.signatures)
    return f"{note.text}\n{lines}".encode()


def parse_note(data: bytes) -> Note:
    """Reads a note; verifies nothing. Invariant: `note_bytes(parse_note(data)) == data`.

    Raises NoteTooLargeError, NoteMalformedError (`reason`: utf-8, control, end, text, signatures,
    line, name, base64, doubled).
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteTooLargeError(size=len(data), limit=MAX_NOTE_BYTES)
    control = _CONTROL.search(data)
    if control is not None:
        raise NoteMalformedError(reason="control", place=control.start())
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteMalformedError(reason="utf-8", place=error.start) from None
    if not whole.endswith("\n"):
        raise NoteMalformedError(reason="end", place=whole.count("\n") + 1)
    # the last empty line parts text and signatures; the text may hold empty lines itself
    end = whole.rfind("\n\n")
    if end < 0:
        raise NoteMalformedError(reason="text", place=1)
    text = whole[: end + 1]
    lines = whole[end + 2 :].split("\n")[:-1]
    first = text.count("\n") + 2
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise NoteMalformedError(reason="signatures", place=first)
    signatures = tuple(_signature(line, place) for place, line in enumerate(lines, first))
    signers: set[tuple[str, bytes]] = set()
    for place, signature in enumerate(signatures, first):
        if signature[:2] in signers:
            raise NoteMalformedError(reason="doubled", place=place)
        signers.add(signature[:2])
    return Note(text, signatures)


def _signature(line: str, place: int) -> NoteSignature:
    if not line.startswith(_DASH):
        raise NoteMalformedError(reason="line", place=place)
    name, space, encoded = line[len(_DASH) :].partition(" ")
    if not space:
        raise NoteMalformedError(reason="line", place=place)
    if not is_key_name(name):
        raise NoteMalformedError(reason="name", place=place)
    raw = from_base64(encoded)
    if raw is None or len(raw) <= KEY_HASH_BYTES:
        raise NoteMalformedError(reason="base64", place=place)
    return NoteSignature(name, raw[:KEY_HASH_BYTES], raw[KEY_HASH_BYTES:])
