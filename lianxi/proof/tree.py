"""The Merkle tree over all events: growing, proving, verifying (proof layer).

Source: RFC 6962 §2.1 (hashes, shape, proofs), RFC 9162 §2.1.3.2 and §2.1.4.2 (verification).
Node (level, index) is the root of the complete subtree over the leaves
[index * 2^level, (index + 1) * 2^level); level 0 are the leaf hashes. Complete nodes never change,
so they are all a store has to keep. All hashes are 32 raw bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

from lianxi.proof.refusals import ProofInvalidError, TreeNodeMissingError, TreeRangeError

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
"""The largest tree: what a 64-bit database column holds."""

EMPTY_ROOT = sha256(b"").digest()

Coordinate = tuple[int, int]
"""(level, index) of a complete node."""
Read = Callable[[Sequence[Coordinate]], Mapping[Coordinate, bytes]]
"""Reads complete nodes, all in one call; what it does not have it leaves out."""

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data): `bytes.fromhex(event_hash(data))`, shared by stream and tree."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(_NODE + left + right).digest()


def peaks(size: int) -> list[Coordinate]:
    """The fewest complete nodes that cover the first `size` leaves, left to right."""
    _check_size(size)
    return _cover(0, size)


class Range:
    """A tree as it grows: its size and the hashes of its `peaks`, nothing else.

    The compact range of transparency-dev/merkle, from leaf 0. Invariant: one hash per bit set in
    `size`, left to right, the largest subtree first.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """Go on from a stored tree: `nodes` are the hashes of `peaks(size)`; else TreeRangeError."""
        _check_size(size)
        if len(nodes) != size.bit_count() or any(len(node) != HASH_BYTES for node in nodes):
            raise TreeRangeError(reason="nodes")
        self._size = size
        self._nodes = list(nodes)

    @property
    def size(self) -> int:
        """How many leaves."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The hashes of `peaks(size)`."""
        return tuple(self._nodes)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add one leaf hash; returns the inner nodes (level, index, hash) that this completed."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> list[tuple[int, int, bytes]]:
        """Add leaf hashes in order; returns the inner nodes completed, level by level.

        Raises TreeRangeError (nothing has changed) for a hash that is not 32 bytes, or beyond
        MAX_SIZE leaves.
        """
        row = list(leaves)
        if any(len(leaf) != HASH_BYTES for leaf in row):
            raise TreeRangeError(reason="leaf")
        size = self._size + len(row)
        _check_size(size)
        done: list[tuple[int, int, bytes]] = []
        waiting = list(self._nodes)
        left_over: list[bytes] = []
        level, start = 0, self._size
        while row or start:
            # `start` is the index of row[0] on this level; an odd one has its left sibling waiting
            if start & 1:
                row.insert(0, waiting.pop())
                start -= 1
            if len(row) & 1:
                left_over.append(row.pop())
            start >>= 1
            level += 1
            pairs = iter(row)
            row = [sha256(_NODE + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905 - an even row against itself
            done += [(level, index, node) for index, node in enumerate(row, start)]
        left_over.reverse()
        self._nodes = left_over
        self._size = size
        return done

    def root(self) -> bytes:
        """The root of RFC 6962 §2.1 over the leaves so far."""
        return _fold(self._nodes) if self._nodes else EMPTY_ROOT


def inclusion_nodes(index: int, size: int) -> list[list[Coordinate]]:
    """What proves leaf `index` in the tree of `size`: one list per hash, from the leaf up.

    A list holds the complete nodes the hash is made of, left to right: one, but for the tree's
    incomplete right border.
    Raises TreeRangeError unless 0 <= index < size.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise TreeRangeError(reason="index")
    parts: list[list[Coordinate]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append(_cover(middle, end))
            end = middle
        else:
            parts.append(_cover(start, middle))
            start = middle
    parts.reverse()
    return parts


def consistency_nodes(old: int, new: int) -> list[list[Coordinate]]:
    """What proves that the tree of `new` continues the one of `old`, as in `inclusion_nodes`.

    SUBPROOF of RFC 6962 §2.1.2. Empty for old = 0 and old = new. Raises TreeRangeError unless
    0 <= old <= new.
    """
    _check_size(old)
    _check_size(new)
    if old > new:
        raise TreeRangeError(reason="order")
    if old in (0, new):
        return []
    parts: list[list[Coordinate]] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append(_cover(middle, end))
            end = middle
        else:
            parts.append(_cover(start, middle))
            start = middle
    # the subtree both trees end in; the verifier knows it already when it is the whole old tree
    if start:
        parts.append(_cover(start, end))
    parts.reverse()
    return parts


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """The audit path of RFC 6962 §2.1.1, from the leaf's sibling up.

    One call of `read`, at most 2 log2(size) nodes. Raises TreeRangeError, TreeNodeMissingError.
    """
    return _hashes(inclusion_nodes(index, size), read)


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """The consistency proof of RFC 6962 §2.1.2; empty for old = 0 and old = new.

    One call of `read`, O(log new) nodes. Raises TreeRangeError, TreeNodeMissingError.
    """
    return _hashes(consistency_nodes(old, new), read)


def root_at(size: int, read: Read) -> bytes:
    """The root of the first `size` leaves. Raises TreeRangeError, TreeNodeMissingError."""
    covering = peaks(size)
    return _hashes([covering], read)[0] if covering else EMPTY_ROOT


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises ProofInvalidError unless `proof` leads from leaf hash `leaf` at `index` to `root`.

    RFC 9162 §2.1.3.2. `root` and `size` must come from a checkpoint already verified.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofInvalidError(reason="index")
    _check_hashes((leaf, root, *proof))
    reached = leaf
    at, last = index, size - 1
    for sibling in proof:
        if last == 0:
            raise ProofInvalidError(reason="length")
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            # levels on which the right border's node has no sibling are passed over
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            reached = node_hash(reached, sibling)
        at >>= 1
        last >>= 1
    if last:
        raise ProofInvalidError(reason="length")
    if reached != root:
        raise ProofInvalidError(reason="root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises ProofInvalidError unless the tree of `new` continues the tree of `old`.

    RFC 9162 §2.1.4.2; equal sizes want equal roots and an empty proof. Nothing follows from an
    empty tree, so old = 0 < new is refused: who has seen nothing has nothing to compare.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofInvalidError(reason="order")
    _check_hashes((old_root, new_root, *proof))
    if old == new:
        if proof:
            raise ProofInvalidError(reason="length")
        if old_root != new_root:
            raise ProofInvalidError(reason="root")
        return
    if old == 0:
        raise ProofInvalidError(reason="size")
    # a complete old tree is a node of the new one and needs not be sent
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofInvalidError(reason="length")
    at, last = old - 1, new - 1
    while at & 1:
        at >>= 1
        last >>= 1
    reached_old = reached_new = path[0]
    for node in path[1:]:
        if last == 0:
            raise ProofInvalidError(reason="length")
        if at & 1 or at == last:
            reached_old = node_hash(node, reached_old)
            reached_new = node_hash(node, reached_new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            reached_new = node_hash(reached_new, node)
        at >>= 1
        last >>= 1
    if last:
        raise ProofInvalidError(reason="length")
    if reached_old != old_root or reached_new != new_root:
        raise ProofInvalidError(reason="root")


def _split(count: int) -> int:
    """The largest power of two below `count` (>= 2)."""
    return 1 << (count - 1).bit_length() - 1


def _cover(start: int, end: int) -> list[Coordinate]:
    """The complete nodes of [start, end) left to right; `start` a multiple of what follows."""
    found: list[Coordinate] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def _fold(nodes: Sequence[bytes]) -> bytes:
    folded = nodes[-1]
    for node in reversed(nodes[:-1]):
        folded = node_hash(node, folded)
    return folded


def _hashes(parts: Sequence[Sequence[Coordinate]], read: Read) -> list[bytes]:
    wanted = [coordinate for part in parts for coordinate in part]
    known = read(wanted) if wanted else {}
    for level, index in wanted:
        if (level, index) not in known:
            raise TreeNodeMissingError(level=level, index=index)
    return [_fold([known[coordinate] for coordinate in part]) for part in parts]


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise TreeRangeError(reason="size")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalidError(reason="hash")
