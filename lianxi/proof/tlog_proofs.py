"""Proofs of inclusion as a text that is checked offline (proof layer).

Format: C2SP tlog-proof.md (c2sp.org/tlog-proof@v1). Nothing is verified by reading: open the
checkpoint with `checkpoints.open_checkpoint`, then `tree.verify_inclusion`.
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from lianxi.proof.checkpoints import parse_size, read_checkpoint
from lianxi.proof.notes import MAX_NOTE_BYTES, from_base64
from lianxi.proof.refusals import NoteTooLargeError, TlogProofMalformedError
from lianxi.proof.tree import HASH_BYTES

MAX_PROOF_HASHES = 63
"""The height of the largest tree."""
MAX_EXTRA_BYTES = 65_536
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 100_000

_HEADER = "c2sp.org/tlog-proof@v1"
_OUTSIDE = re.compile(rb"[^\n\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That some leaf stands at `index` in the tree of `checkpoint` (a signed note).

    `extra` is nobody's word: it is not authenticated.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def proof_bytes(proof: TlogProof) -> bytes:
    """The proof as it is sent and kept; `parse_proof` takes it back."""
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(f"extra {b64encode(proof.extra).decode('ascii')}")
    lines.append(f"index {proof.index}")
    lines += [b64encode(one).decode("ascii") for one in proof.hashes]
    return "".join(f"{line}\n" for line in lines).encode("ascii") + b"\n" + proof.checkpoint


def parse_proof(data: bytes) -> TlogProof:
    """Reads a proof; verifies nothing. Invariant: `proof_bytes(parse_proof(data)) == data`.

    Raises NoteTooLargeError, TlogProofMalformedError (`reason`: end, control, header, extra,
    index, count, hash), and the refusals of `read_checkpoint` for what follows the blank line.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise NoteTooLargeError(size=len(data), limit=MAX_PROOF_BYTES)
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise TlogProofMalformedError(reason="end", place=data.count(b"\n") + 1)
    outside = _OUTSIDE.search(head)
    if outside is not None:
        place = head.count(b"\n", 0, outside.start()) + 1
        raise TlogProofMalformedError(reason="control", place=place)
    lines = head.decode("ascii").split("\n")
    if lines[0] != _HEADER:
        raise TlogProofMalformedError(reason="header", place=1)
    place = 1
    extra: bytes | None = None
    if len(lines) > place and lines[place].startswith("extra "):
        extra = from_base64(lines[place].removeprefix("extra "))
        if extra is None or len(extra) > MAX_EXTRA_BYTES:
            raise TlogProofMalformedError(reason="extra", place=place + 1)
        place += 1
    index = (
        parse_size(lines[place].removeprefix("index "))
        if len(lines) > place and lines[place].startswith("index ")
        else None
    )
    if index is None:
        raise TlogProofMalformedError(reason="index", place=place + 1)
    place += 1
    if len(lines) - place > MAX_PROOF_HASHES:
        raise TlogProofMalformedError(reason="count", place=place + 1)
    hashes = tuple(_hash(line, number) for number, line in enumerate(lines[place:], place + 1))
    read_checkpoint(checkpoint)
    return TlogProof(index, hashes, checkpoint, extra)


def _hash(line: str, place: int) -> bytes:
    data = from_base64(line)
    if data is None or len(data) != HASH_BYTES:
        raise TlogProofMalformedError(reason="hash", place=place)
    return data
