"""Reading the tree: checkpoints, proofs, what is not sealed yet (store layer).

Which complete nodes a proof is made of is computed first (`proof.tree`); then those are read, O(log n)
rows however large the tree, each by its key.

Whoever has the database's file may have written anything into these tables. What cannot be read as
what it should be counts as not there: a root that is none equals no root, a leaf that is none is
missing, a line that is none is no cosignature. `audit verify` names such rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select

from lianxi.domain.refusal import Refusal
from lianxi.proof.notes import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteSignature,
    note_bytes,
    parse_note,
    parse_signature_line,
    signature_line,
)
from lianxi.proof.tree import (
    HASH_BYTES,
    Coordinate,
    Read,
    consistency_proof,
    inclusion_proof,
    root_at,
)
from lianxi.store.prepared import Prepared
from lianxi.store.queries.paging import residual
from lianxi.store.tables import checkpoints, cosignatures, events, leaves, nodes


class StoredCheckpoint(NamedTuple):
    """A row of `checkpoints`; `root` is raw, `note` None until the log has signed it.

    `root` is empty where the column holds no hash: it equals none.
    """

    origin: str
    size: int
    root: bytes
    at: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an event is leaf `index` of the tree of `size`: the audit path, from the leaf up."""

    index: int
    size: int
    hashes: list[bytes]


def tree_size(connection: Connection, origin: str) -> int:
    """How many leaves; 0 where nothing is sealed."""
    last: int | None = connection.scalar(
        select(func.max(leaves.c.leaf)).where(leaves.c.origin == origin)
    )
    return 0 if last is None else last + 1


def newest_checkpoint(connection: Connection, origin: str) -> StoredCheckpoint | None:
    """The newest checkpoint that the log has signed."""
    return _checkpoint(connection, origin, checkpoints.c.note.is_not(None))


def checkpoint_at(connection: Connection, origin: str, size: int) -> StoredCheckpoint | None:
    """The checkpoint of exactly so many leaves."""
    return _checkpoint(connection, origin, checkpoints.c.size == size)


def unsigned_checkpoints(connection: Connection) -> list[StoredCheckpoint]:
    """Those committed and not signed yet, of all conferences, smallest first."""
    rows = connection.execute(
        select(checkpoints)
        .where(checkpoints.c.note.is_(None))
        .order_by(checkpoints.c.origin, checkpoints.c.size)
    )
    return [stored_checkpoint(row) for row in rows]


def cosigned_note(connection: Connection, checkpoint: StoredCheckpoint) -> bytes:
    """A signed checkpoint's note with the lines of those who cosigned it.

    The lines were verified when they were taken in. As many as a note holds: the first witness of
    every unit before the second of any, so that no unit is left out for another's machines.
    ValueError for a checkpoint not signed yet; the refusals of `parse_note` where somebody changed
    the note.
    """
    if checkpoint.note is None:
        raise ValueError("the checkpoint is not signed yet")
    c = cosignatures.c
    rows = connection.execute(
        select(c.unit, c.name, c.line)
        .where(c.origin == checkpoint.origin, c.size == checkpoint.size)
        .order_by(c.name)
    )
    note = parse_note(checkpoint.note.encode())
    signatures = {each[:2]: each for each in note.signatures}
    room = MAX_NOTE_BYTES - len(note_bytes(note))
    for line in _by_turns([(row.unit, row.name, row.line) for row in rows]):
        found = readable_line(line)
        if found is None or found[:2] in signatures:
            continue
        room -= len(signature_line(found).encode()) + 1
        if room < 0 or len(signatures) == MAX_SIGNATURES:
            break
        signatures[found[:2]] = found
    return note_bytes(Note(note.text, tuple(signatures.values())))


def readable_line(line: str) -> NoteSignature | None:
    """A kept cosignature; None where somebody has made it no signature line."""
    try:
        return parse_signature_line(line)
    except Refusal:
        return None


def _by_turns(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """The lines of (unit, name, line), by name: every unit's first, then every unit's second."""
    turns: Counter[str] = Counter()
    placed = []
    for unit, name, line in rows:
        placed.append((turns[unit], name, line))
        turns[unit] += 1
    return [line for _, _, line in sorted(placed)]


def leaf_numbers(
    connection: Connection, origin: str, event_hashes: Sequence[str]
) -> dict[str, int]:
    """Which leaves these events are, by their hashes in hex; those not sealed are left out.

    In two steps, each by the one index that finds few rows: offered the join or the origin, SQLite
    walks all leaves of the tree.
    """
    positions = connection.scalars(
        select(events.c.position).where(
            events.c.hash.in_(event_hashes), residual(events.c.origin) == origin
        )
    ).all()
    if not positions:
        return {}
    rows = connection.execute(
        select(leaves.c.hash, leaves.c.leaf).where(
            leaves.c.position.in_(positions),
            leaves.c.hash.in_(event_hashes),
            residual(leaves.c.origin) == origin,
        )
    )
    return {row.hash: row.leaf for row in rows}


def inclusion(connection: Connection, origin: str, event_hash: str, size: int) -> Inclusion | None:
    """That an event stands in the tree of `size`; None where it is not among so many leaves.

    Raises TreeNodeMissingError where somebody has taken nodes away.
    """
    index = leaf_numbers(connection, origin, [event_hash]).get(event_hash)
    if index is None or index >= size:
        return None
    return Inclusion(index, size, inclusion_proof(index, size, node_reader(connection, origin)))


def consistency(connection: Connection, origin: str, old: int, new: int) -> list[bytes]:
    """That the tree of `new` leaves continues that of `old`.

    Raises TreeRangeError unless 0 <= old <= new, TreeNodeMissingError where `new` is more than there
    is or nodes were taken away.
    """
    return consistency_proof(old, new, node_reader(connection, origin))


def root_of(connection: Connection, origin: str, size: int) -> bytes:
    """The root over the first `size` leaves, from the nodes. Raises TreeNodeMissingError."""
    return root_at(size, node_reader(connection, origin))


def node_reader(connection: Connection, origin: str) -> Read:
    """Reads complete nodes by (level, index), each by its key; what is missing is left out."""

    def read(wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        found: dict[Coordinate, bytes] = {}
        for level, index in wanted:
            place = {"origin_": origin, "level_": level, "index_": index}
            node = _NODE if level else _LEAF
            stored = node.run(connection, place).scalar()
            raw = stored if level else _raw(stored)
            if raw:
                found[level, index] = raw
        return found

    return read


# one by one: offered several at a time, SQLite walks all nodes of the tree
_LEAF = Prepared(
    lambda _: select(leaves.c.hash).where(
        leaves.c.origin == bindparam("origin_"), leaves.c.leaf == bindparam("index_")
    )
)
_NODE = Prepared(
    lambda _: select(nodes.c.hash).where(
        nodes.c.origin == bindparam("origin_"),
        nodes.c.level == bindparam("level_"),
        nodes.c.idx == bindparam("index_"),
    )
)


def _checkpoint(
    connection: Connection, origin: str, *where: ColumnElement[bool]
) -> StoredCheckpoint | None:
    row = connection.execute(
        select(checkpoints)
        .where(checkpoints.c.origin == origin, *where)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else stored_checkpoint(row)


def stored_checkpoint(row: Row[Any]) -> StoredCheckpoint:
    """A row of the table."""
    return StoredCheckpoint(row.origin, row.size, _raw(row.root), row.at, row.note)


def _raw(text: str | None) -> bytes:
    """A hash as stored in hex; empty where it is none, or nothing is there."""
    try:
        found = bytes.fromhex(text or "")
    except ValueError:
        return b""
    return found if len(found) == HASH_BYTES else b""
