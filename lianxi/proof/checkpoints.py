"""Checkpoints: a tree's size and root, signed by its log, cosigned by witnesses (proof layer).

Formats: C2SP tlog-checkpoint.md and tlog-cosignature.md (cosignature/v1). Ours have exactly three
lines (no extensions) and are signed under a key named as the origin.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from lianxi.proof.keys import SIGNATURE_BYTES, Signer, verify
from lianxi.proof.notes import (
    COSIGNATURE_V1,
    ED25519,
    Note,
    NoteKey,
    NoteSignature,
    from_base64,
    is_key_name,
    note_bytes,
    parse_note,
    parse_signature_line,
    signature_line,
)
from lianxi.proof.refusals import (
    CheckpointMalformedError,
    CheckpointSignatureError,
    ForeignCheckpointError,
)
from lianxi.proof.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

__all__ = [
    "Checkpoint",
    "cosign",
    "cosignature_time",
    "log_key",
    "note_bytes",
    "open_checkpoint",
    "parse_signature_line",
    "parse_size",
    "read_checkpoint",
    "sign_checkpoint",
    "signature_line",
    "signed_by",
    "witness_key",
]

MAX_TIME = 253_402_300_799
"""The last second of the year 9999, in seconds since 1970. The format goes on to 2^63 - 1 and lets
verifiers refuse times to come; later ones no calendar here could show."""

_TIME_BYTES = 8
_LINES = 3
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """The head of a log: the root over its first `size` leaves."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed: three lines, each with its newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


def log_key(origin: str, public_key: bytes) -> NoteKey:
    """The key a log signs its checkpoints with: its name is the origin."""
    return NoteKey(origin, ED25519, public_key)


def witness_key(name: str, public_key: bytes) -> NoteKey:
    """The key a witness cosigns with; ours are called `<origin>/<unit>/<installation>`."""
    return NoteKey(name, COSIGNATURE_V1, public_key)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> NoteSignature:
    """The log's signature. The caller signs only what is committed and continues what it signed."""
    key = log_key(checkpoint.origin, signer.public_key)
    return NoteSignature(key.name, key.key_hash, signer.sign(checkpoint.text.encode()))


def cosign(checkpoint: Checkpoint, name: str, signer: Signer, timestamp: int) -> NoteSignature:
    """A witness's cosignature of the largest tree it has seen, at `timestamp`.

    Seconds since 1970, 0 to MAX_TIME, else ValueError. The caller has checked that the tree
    continues every one the witness saw before.
    """
    key = witness_key(name, signer.public_key)
    if not 0 <= timestamp <= MAX_TIME:
        raise ValueError("the time of a cosignature lies outside what the format holds")
    stamp = timestamp.to_bytes(_TIME_BYTES, "big")
    signature = signer.sign(_cosigned(checkpoint.text, timestamp))
    return NoteSignature(key.name, key.key_hash, stamp + signature)


def read_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    """Reads a checkpoint; no signature is verified.

    Raises the refusals of `parse_note`, and CheckpointMalformedError.
    """
    note = parse_note(data)
    lines = note.text.split("\n")[:-1]
    if len(lines) != _LINES:
        raise CheckpointMalformedError(reason="lines")
    origin, size_text, root_text = lines
    if not is_key_name(origin):
        raise CheckpointMalformedError(reason="origin")
    size = parse_size(size_text)
    if size is None:
        raise CheckpointMalformedError(reason="size")
    root = from_base64(root_text)
    if root is None or len(root) != HASH_BYTES or (size == 0 and root != EMPTY_ROOT):
        raise CheckpointMalformedError(reason="root")
    return Checkpoint(origin, size, root), note


def open_checkpoint(
    data: bytes, *, origin: str, log_keys: Sequence[NoteKey]
) -> tuple[Checkpoint, Note]:
    """Reads a checkpoint of this log, signed by at least one of its keys.

    Signatures of unknown keys (witnesses, a log key to come) are ignored; one of a known key that
    does not hold refuses the whole. Raises the refusals of `read_checkpoint`,
    ForeignCheckpointError, CheckpointSignatureError.
    """
    checkpoint, note = read_checkpoint(data)
    if checkpoint.origin != origin:
        raise ForeignCheckpointError(expected=origin)
    signed = False
    for key in log_keys:
        if key.algorithm != ED25519 or key.name != origin:
            continue
        held = signed_by(note, key)
        if held is False:
            raise CheckpointSignatureError(reason="invalid")
        signed = signed or held is True
    if not signed:
        raise CheckpointSignatureError(reason="unknown")
    return checkpoint, note


def signed_by(note: Note, key: NoteKey) -> bool | None:
    """Whether the Ed25519 key's signature under the note holds; None when there is none."""
    who = (key.name, key.key_hash)
    for signature in note.signatures:
        if signature[:2] == who:
            return key.algorithm == ED25519 and verify(
                key.public_key, note.text.encode(), signature.signature
            )
    return None


def cosignature_time(signature: NoteSignature, key: NoteKey, checkpoint: Checkpoint) -> int | None:
    """When that witness cosigned (seconds since 1970); the time is the witness's word.

    None if the line is not that key's, or does not hold for this checkpoint.
    """
    if key.algorithm != COSIGNATURE_V1 or signature[:2] != (key.name, key.key_hash):
        return None
    if len(signature.signature) != _TIME_BYTES + SIGNATURE_BYTES:
        return None
    timestamp = int.from_bytes(signature.signature[:_TIME_BYTES], "big")
    if timestamp > MAX_TIME:
        return None
    message = _cosigned(checkpoint.text, timestamp)
    return timestamp if verify(key.public_key, message, signature.signature[_TIME_BYTES:]) else None


def parse_size(text: str) -> int | None:
    """A count in ASCII decimal without leading zeros, at most 2^63 - 1; else None."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    size = int(text)
    return size if size <= MAX_SIZE else None


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
