"""Leaves added to the trees, in the caller's transaction (store layer).

An event is sealed only where it continues what is sealed of its stream: the next seq, and `prev` the
last sealed hash. All that follows is decided by the rows of `leaves` alone, so that two sealers at a
time make one tree: whoever comes second finds what the first has sealed.

Each conference's tree grows in a savepoint of its own: rows that somebody wrote into one of them stop
that one alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import format_instant
from lianxi.ids import CONFERENCE_STREAM
from lianxi.ports import Misfit, Unfit
from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.tree import Range, peaks
from lianxi.store.prepared import Prepared
from lianxi.store.tables import checkpoints, leaves, nodes
from lianxi.store.tree_reads import checkpoint_at, newest_checkpoint, node_reader, tree_size

_NAMED = ("origin", "stream", "seq", "kind")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A committed event without a leaf, as far as its own row tells; `fault`: why it cannot have one."""

    position: int
    origin: str
    stream: str
    seq: int
    prev: str
    hash: str
    at: str
    fault: Unfit | None = None


@dataclass(slots=True)
class Grown:
    """What became of candidates: `fresh` leaves in which `streams`, what did not fit.

    `raced`: another sealer put leaves in our place at this moment; look again.
    """

    fresh: int = 0
    raced: bool = False
    streams: set[tuple[str, str]] = field(default_factory=set)
    misfits: dict[tuple[str, str], Misfit] = field(default_factory=dict)

    def leave(self, event: Candidate, reason: Unfit) -> None:
        """Count an event that stays without a leaf; the first of its stream says why."""
        place = event.origin, event.stream
        known = self.misfits.get(place)
        if known is None:
            self.misfits[place] = Misfit(
                *place, event.seq, event.position, reason, event.at, events=1
            )
        else:
            self.misfits[place] = Misfit(
                *place, known.seq, known.position, known.reason, known.at, known.events + 1
            )

    def add(self, other: "Grown") -> None:
        """Count what became of another conference's candidates."""
        self.fresh += other.fresh
        self.raced |= other.raced
        self.streams |= other.streams
        self.misfits |= other.misfits


def candidate(row: RowMapping) -> Candidate:
    """An event as its exact bytes say; the columns of its row must say the same."""
    data: bytes = row["data"]
    found = event_hash(data)
    fault: Unfit | None = None
    prev = ""
    try:
        said = json.loads(data)
        prev = said["prev"]
        if any(said[name] != row[name] for name in _NAMED):
            fault = "columns"
    except (ValueError, KeyError, TypeError, RecursionError):
        fault = "bytes"
    if found != row["hash"]:
        fault = "hash"
    return Candidate(
        row["position"], row["origin"], row["stream"], row["seq"], prev, found, row["at"], fault
    )


def add_leaves(connection: Connection, offered: Sequence[Candidate], now: datetime) -> Grown:
    """Seal what fits, in order of position: leaves, inner nodes, an unsigned checkpoint per tree."""
    grown = Grown()
    by_origin = attrgetter("origin")
    for origin, events in groupby(sorted(offered, key=by_origin), by_origin):
        grown.add(_grow_apart(connection, origin, list(events), now))
    return grown


def _grow_apart(
    connection: Connection, origin: str, offered: list[Candidate], now: datetime
) -> Grown:
    size = tree_size(connection, origin)
    # by hand: `begin_nested` builds and looks up a statement each time
    connection.exec_driver_sql("SAVEPOINT tree")
    try:
        grown = _grow(connection, origin, size, offered, now)
    except IntegrityError:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT tree")
        # the place was taken: by another sealer, or by a row that is none of the tree's
        raced = tree_size(connection, origin) != size
        grown = Grown(raced=True) if raced else _all_left(offered)
    connection.exec_driver_sql("RELEASE SAVEPOINT tree")
    return grown


def _all_left(offered: Sequence[Candidate]) -> Grown:
    grown = Grown()
    for event in offered:
        grown.leave(event, "tree")
    return grown


def _grow(
    connection: Connection, origin: str, size: int, offered: list[Candidate], now: datetime
) -> Grown:
    tree = _tree(connection, origin, size)
    if tree is None:
        return _all_left(offered)
    grown = Grown()
    heads: dict[str, tuple[int, str]] = {}
    fresh: list[Candidate] = []
    for event in sorted(offered, key=attrgetter("position")):
        head = heads.get(event.stream) or _head(connection, origin, event.stream)
        if _is_sealed(connection, event, head):
            continue  # by another sealer, since it was read
        reason = _misfit(event, head, first=size + len(fresh) == 0)
        if reason is None:
            head = event.seq, event.hash
            fresh.append(event)
            grown.streams.add((origin, event.stream))
        else:
            grown.leave(event, reason)
        heads[event.stream] = head
    if fresh:
        _insert(connection, tree, fresh, now)
        grown.fresh = len(fresh)
    return grown


def _misfit(event: Candidate, head: tuple[int, str], *, first: bool) -> Unfit | None:
    seq, last = head
    if event.fault is not None:
        return event.fault
    if first and (event.stream, event.seq) != (CONFERENCE_STREAM, 1):
        return "first"
    if event.seq <= seq:
        return "replaced"
    if event.seq > seq + 1:
        return "gap"
    return None if event.prev == last else "prev"


def _tree(connection: Connection, origin: str, size: int) -> Range | None:
    """The tree as it stands, from O(log n) nodes; None where they do not give its checkpoint.

    Leaves and their checkpoint come in one transaction, so there is one of all leaves. Larger ones
    may stand beside it only as long as nobody has signed them: they are somebody's own rows.
    """
    signed = newest_checkpoint(connection, origin)
    if signed is not None and signed.size > size:
        return None
    if size == 0:
        return Range()
    stands = checkpoint_at(connection, origin, size)
    wanted = peaks(size)
    found = node_reader(connection, origin)(wanted)
    try:
        tree = Range(size, [found[place] for place in wanted])
    except (KeyError, Refusal):
        return None
    return tree if stands is not None and stands.root == tree.root() else None


def _head(connection: Connection, origin: str, stream: str) -> tuple[int, str]:
    """The last sealed event of a stream: its seq and hash."""
    row = _LAST.run(connection, {"origin_": origin, "stream_": stream}).one_or_none()
    return (0, ZERO_HASH) if row is None else (row.seq, row.hash)


def _is_sealed(connection: Connection, event: Candidate, head: tuple[int, str]) -> bool:
    if event.seq > head[0]:
        return False
    place = {"origin_": event.origin, "stream_": event.stream, "seq_": event.seq}
    return bool(_POSITION.run(connection, place).scalar() == event.position)


def _insert(connection: Connection, tree: Range, fresh: Sequence[Candidate], now: datetime) -> None:
    origin, start = fresh[0].origin, tree.size
    inner = tree.extend(bytes.fromhex(event.hash) for event in fresh)
    made: list[dict[str, Any]] = [
        {
            "origin": origin,
            "leaf": leaf,
            "position": event.position,
            "stream": event.stream,
            "seq": event.seq,
            "hash": event.hash,
        }
        for leaf, event in enumerate(fresh, start)
    ]
    _INSERT_LEAVES.run_many(connection, made)
    if inner:
        _INSERT_NODES.run_many(
            connection,
            [
                {"origin": origin, "level": level, "idx": index, "hash": found}
                for level, index, found in inner
            ],
        )
    connection.execute(
        insert(checkpoints).values(
            origin=origin, size=tree.size, root=tree.root().hex(), at=format_instant(now)
        )
    )


_LAST = Prepared(
    lambda _: (
        select(leaves.c.seq, leaves.c.hash)
        .where(leaves.c.origin == bindparam("origin_"), leaves.c.stream == bindparam("stream_"))
        .order_by(leaves.c.seq.desc())
        .limit(1)
    )
)
_POSITION = Prepared(
    lambda _: select(leaves.c.position).where(
        leaves.c.origin == bindparam("origin_"),
        leaves.c.stream == bindparam("stream_"),
        leaves.c.seq == bindparam("seq_"),
    )
)
_INSERT_LEAVES = Prepared(lambda _: insert(leaves))
_INSERT_NODES = Prepared(lambda _: insert(nodes))
