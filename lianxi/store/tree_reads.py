"""Reading the tree: checkpoints, proofs, what is not sealed yet (store layer).

Every proof takes two queries, however large the tree: which complete nodes it is made of is computed
first (`proof.tree`), then leaves and inner nodes are read at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from lianxi.proof.notes import Note, note_bytes, parse_note, parse_signature_line
from lianxi.proof.tree import Coordinate, Read, consistency_proof, inclusion_proof, root_at
from lianxi.store.tables import checkpoints, cosignatures, events, leaves, nodes


class StoredCheckpoint(NamedTuple):
    """A row of `checkpoints`; `root` is raw, `note` None until the log has signed it."""

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


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Events of a conference without a leaf: how many, and `at` of the oldest."""

    count: int
    oldest: str


def tree_size(connection: Connection, origin: str) -> int:
    """How many leaves; 0 where nothing is sealed."""
    last: int | None = connection.scalar(
        select(func.max(leaves.c.leaf)).where(leaves.c.origin == origin)
    )
    return 0 if last is None else last + 1


def newest_checkpoint(connection: Connection, origin: str) -> StoredCheckpoint | None:
    """The newest checkpoint that the log has signed."""
    return _checkpoint(connection, origin, checkpoints.c.note.is_not(None))


def last_checkpoint(connection: Connection, origin: str) -> StoredCheckpoint | None:
    """The newest checkpoint, signed or not: that of all leaves."""
    return _checkpoint(connection, origin)


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
    return [StoredCheckpoint(r.origin, r.size, bytes.fromhex(r.root), r.at, None) for r in rows]


def cosigned_note(connection: Connection, checkpoint: StoredCheckpoint) -> bytes:
    """A signed checkpoint's note with the lines of all who cosigned it, by name.

    The lines were verified when they were taken in. ValueError for a checkpoint not signed yet.
    """
    if checkpoint.note is None:
        raise ValueError("the checkpoint is not signed yet")
    lines = connection.scalars(
        select(cosignatures.c.line)
        .where(cosignatures.c.origin == checkpoint.origin, cosignatures.c.size == checkpoint.size)
        .order_by(cosignatures.c.name)
    )
    note = parse_note(checkpoint.note.encode())
    cosigned = (parse_signature_line(line) for line in lines)
    return note_bytes(Note(note.text, (*note.signatures, *cosigned)))


def leaf_numbers(
    connection: Connection, origin: str, event_hashes: Sequence[str]
) -> dict[str, int]:
    """Which leaves these events are, by their hashes in hex; those not sealed are left out."""
    rows = connection.execute(
        select(leaves.c.hash, leaves.c.leaf)
        .join(events, events.c.position == leaves.c.position)
        .where(
            events.c.hash.in_(event_hashes),
            leaves.c.origin == origin,
            leaves.c.hash == events.c.hash,
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
    """Reads complete nodes by (level, index), all at once; what is missing is left out."""

    def read(wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        found: dict[Coordinate, bytes] = {}
        numbers = [index for level, index in wanted if level == 0]
        if numbers:
            rows = connection.execute(
                select(leaves.c.leaf, leaves.c.hash).where(
                    leaves.c.origin == origin, leaves.c.leaf.in_(numbers)
                )
            )
            found |= {(0, row.leaf): bytes.fromhex(row.hash) for row in rows}
        # named one by one: SQLite looks each up by the key, for row values it scans
        inner = [
            and_(nodes.c.level == level, nodes.c.idx == index)
            for level, index in wanted
            if level > 0
        ]
        if inner:
            rows = connection.execute(
                select(nodes.c.level, nodes.c.idx, nodes.c.hash).where(
                    nodes.c.origin == origin, or_(*inner)
                )
            )
            found |= {(row.level, row.idx): row.hash for row in rows}
        return found

    return read


def unsealed(connection: Connection, origin: str | None = None) -> dict[str, Unsealed]:
    """What waits for a leaf, by conference; looks at every event (about a second for a million)."""
    where = [~select(leaves.c.leaf).where(leaves.c.position == events.c.position).exists()]
    if origin is not None:
        where.append(events.c.origin == origin)
    rows = connection.execute(
        select(events.c.origin, func.count(), func.min(events.c.at))
        .where(*where)
        .group_by(events.c.origin)
    )
    return {found: Unsealed(count, oldest) for found, count, oldest in rows}


def _checkpoint(
    connection: Connection, origin: str, *where: ColumnElement[bool]
) -> StoredCheckpoint | None:
    row = connection.execute(
        select(checkpoints)
        .where(checkpoints.c.origin == origin, *where)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return StoredCheckpoint(row.origin, row.size, bytes.fromhex(row.root), row.at, row.note)
