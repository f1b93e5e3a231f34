"""Signing what is committed: unsigned checkpoint rows become signed notes (store layer).

A row is signed only where the stored nodes give its root and its tree continues the last one that
was signed, so that a row somebody has written into the table, or a tree somebody has changed, never
gets the log's signature. Ed25519 is deterministic: two sealers make the same note.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from lianxi.domain.refusal import Refusal
from lianxi.proof.checkpoints import Checkpoint, read_checkpoint, sign_checkpoint
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note, note_bytes
from lianxi.proof.refusals import TreeNodeMissingError, TreeRangeError
from lianxi.proof.tree import verify_consistency
from lianxi.store.prepared import Prepared
from lianxi.store.tables import checkpoints, keys
from lianxi.store.tree_reads import (
    StoredCheckpoint,
    consistency,
    newest_checkpoint,
    root_of,
    unsigned_checkpoints,
)

Refused = Literal["no_key", "unlisted", "root", "fork", "behind"]
"""Why a checkpoint is not signed.

no_key: the log's key cannot be read; unlisted: the roster lists log keys and ours is no active one;
root: the stored tree gives another root; fork: it does not continue the last signed one; behind: the
trail is behind its anchor.
"""


@dataclass(frozen=True, slots=True)
class Signing:
    """A note for one committed row."""

    checkpoint: Checkpoint
    note: str


class Notary:
    """Signs checkpoints of this store; remembers what it signed, against a tree exchanged meanwhile."""

    def __init__(self, behind: Callable[[str], bool]) -> None:
        """`behind`: whether a conference's trail is behind its anchor, and so is not to be signed."""
        self._behind = behind
        self._signed: dict[str, Checkpoint] = {}

    def notes(
        self, connection: Connection, signers: Sequence[Signer]
    ) -> tuple[list[Signing], dict[str, Refused]]:
        """The notes of all committed rows that may be signed; by conference why others may not."""
        made: list[Signing] = []
        refused: dict[str, Refused] = {}
        for row in unsigned_checkpoints(connection):
            if refused.get(row.origin, "root") != "root":
                continue
            reason = self._reason(connection, row, signers)
            if reason is not None:
                # a row that is not of this tree says nothing about those that are
                refused[row.origin] = reason
                continue
            checkpoint = Checkpoint(row.origin, row.size, row.root)
            made.append(Signing(checkpoint, _note(checkpoint, signers)))
            known = self._signed.get(row.origin)
            if known is None or known.size < row.size:
                self._signed[row.origin] = checkpoint
        return made, refused

    def _reason(
        self, connection: Connection, row: StoredCheckpoint, signers: Sequence[Signer]
    ) -> Refused | None:
        if self._behind(row.origin):
            return "behind"
        if not signers:
            return "no_key"
        listed = _log_keys(connection, row.origin)
        if listed and not any(listed.get(signer.key_id) == "active" for signer in signers):
            return "unlisted"
        try:
            if root_of(connection, row.origin, row.size) != row.root:
                return "root"
            for earlier in self._earlier(connection, row.origin):
                _check_one_tree(connection, earlier, Checkpoint(row.origin, row.size, row.root))
        except (TreeNodeMissingError, TreeRangeError):  # nodes were taken away, or a size made up
            return "root"
        except Refusal:
            return "fork"
        return None

    def _earlier(self, connection: Connection, origin: str) -> list[Checkpoint]:
        """The last signed in the store, as its note says, and the last that this process signed."""
        found = [self._signed[origin]] if origin in self._signed else []
        stored = newest_checkpoint(connection, origin)
        if stored is not None and stored.note is not None:
            found.append(read_checkpoint(stored.note.encode())[0])
        return found


def write_notes(connection: Connection, made: Sequence[Signing]) -> None:
    """Put notes to the rows they were made for; a row that has one keeps it."""
    rows = [
        {
            "origin_": each.checkpoint.origin,
            "size_": each.checkpoint.size,
            "root_": each.checkpoint.root.hex(),
            "note_": each.note,
        }
        for each in made
    ]
    _SIGN.run_many(connection, rows)


def _check_one_tree(connection: Connection, one: Checkpoint, other: Checkpoint) -> None:
    """Raises the refusals of proofs unless the smaller tree is the beginning of the larger."""
    small, large = sorted((one, other), key=attrgetter("size"))
    proof = consistency(connection, other.origin, small.size, large.size)
    verify_consistency(small.size, large.size, small.root, large.root, proof)


def _log_keys(connection: Connection, origin: str) -> dict[str, str]:
    """The states of the log keys that a conference's roster lists, by key id."""
    rows = connection.execute(
        select(keys.c.key_id, keys.c.state).where(keys.c.origin == origin, keys.c.use == "log")
    )
    return {row.key_id: row.state for row in rows}


def _note(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    signatures = tuple(sign_checkpoint(checkpoint, signer) for signer in signers)
    return note_bytes(Note(checkpoint.text, signatures)).decode("utf-8")


_SIGN = Prepared(
    lambda _: (
        update(checkpoints)
        .where(
            checkpoints.c.origin == bindparam("origin_"),
            checkpoints.c.size == bindparam("size_"),
            checkpoints.c.root == bindparam("root_"),
            checkpoints.c.note.is_(None),
        )
        .values(note=bindparam("note_"))
    )
)
