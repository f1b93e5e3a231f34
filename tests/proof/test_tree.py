"""The Merkle tree: published vectors, every proof of every tree to 70 leaves, damaged proofs."""

import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.proof.hashing import event_hash
from lianxi.proof.refusals import ProofInvalidError, TreeNodeMissingError, TreeRangeError
from lianxi.proof.tree import (
    EMPTY_ROOT,
    MAX_SIZE,
    Coordinate,
    Range,
    Read,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks,
    root_at,
    verify_consistency,
    verify_inclusion,
)

from .material import vectors

MERKLE = vectors("merkle-tree.json")
ARGON = vectors("argon2020.json")
LARGEST = 70
LEAVES = [leaf_hash(f"leaf {number}".encode()) for number in range(LARGEST)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2, word for word."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def naive_split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def stored(leaves: Sequence[bytes]) -> dict[Coordinate, bytes]:
    """What a store holds of a tree: its leaves and complete inner nodes."""
    nodes = {(0, index): leaf for index, leaf in enumerate(leaves)}
    nodes |= {(level, index): node for level, index, node in Range().extend(leaves)}
    return nodes


def reading(nodes: Mapping[Coordinate, bytes]) -> Read:
    """A `read` over such a store."""
    return lambda wanted: {at: nodes[at] for at in wanted if at in nodes}


READ = reading(stored(LEAVES))
ROOTS = [naive_root(LEAVES[:size]) for size in range(LARGEST + 1)]


def flipped(data: bytes) -> bytes:
    """One bit changed."""
    return bytes((data[0] ^ 0x10,)) + data[1:]


def damaged(proof: Sequence[bytes], root: bytes) -> list[list[bytes]]:
    """The proof in every way that must not hold: a hash changed, dropped, added, two swapped."""
    one = list(proof)
    changed = [[*one[:at], flipped(one[at]), *one[at + 1 :]] for at in range(len(one))]
    dropped = [[*one[:at], *one[at + 1 :]] for at in range(len(one))]
    added = [[extra, *one] for extra in (root, b"\0" * 32)]
    added += [[*one, extra] for extra in (root, b"\0" * 32)]
    swapped = [[*one[: at - 1], one[at], one[at - 1], *one[at + 1 :]] for at in range(1, len(one))]
    short = [[*one[:at], one[at][:31], *one[at + 1 :]] for at in range(len(one))]
    return changed + dropped + added + swapped + short


def holds_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the verifier accepts."""
    try:
        verify_inclusion(leaf, index, size, proof, root)
    except ProofInvalidError:
        return False
    return True


def holds_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the verifier accepts."""
    try:
        verify_consistency(old, new, old_root, new_root, proof)
    except ProofInvalidError:
        return False
    return True


def test_hashes_are_those_of_the_reference() -> None:
    """Leaves, nodes and roots of transparency-dev/merkle."""
    leaves = [leaf_hash(bytes.fromhex(data)) for data in MERKLE["leaves"]]
    nodes = stored(leaves)
    for level, row in enumerate(MERKLE["nodes"]):
        assert [nodes[level, index].hex() for index in range(len(row))] == row
    for size, root in enumerate(MERKLE["roots"]):
        assert root_at(size, reading(nodes)).hex() == root
        tree = Range()
        tree.extend(leaves[:size])
        assert tree.root().hex() == root


@pytest.mark.parametrize("case", MERKLE["inclusion"], ids=lambda case: case["from"])
def test_inclusion_vectors(case: dict[str, object]) -> None:
    """What the reference accepts and refuses."""
    leaf, root = b64decode(str(case["leaf"])), b64decode(str(case["root"]))
    proof = [b64decode(one) for one in case["proof"]]  # type: ignore[attr-defined]  # from JSON
    index, size = int(str(case["index"])), int(str(case["size"]))
    assert holds_inclusion(leaf, index, size, proof, root) is not case["refused"]


@pytest.mark.parametrize("case", MERKLE["consistency"], ids=lambda case: case["from"])
def test_consistency_vectors(case: dict[str, object]) -> None:
    """What the reference accepts and refuses."""
    old_root, new_root = b64decode(str(case["old_root"])), b64decode(str(case["new_root"]))
    proof = [b64decode(one) for one in case["proof"]]  # type: ignore[attr-defined]  # from JSON
    old, new = int(str(case["old"])), int(str(case["new"]))
    assert holds_consistency(old, new, old_root, new_root, proof) is not case["refused"]


def test_a_proof_of_a_public_log_holds() -> None:
    """961,984,013 leaves of Google Argon 2020."""
    proof = [b64decode(one) for one in ARGON["proof"]]
    old_root, new_root = b64decode(ARGON["old_root"]), b64decode(ARGON["new_root"])
    verify_consistency(ARGON["old"], ARGON["new"], old_root, new_root, proof)
    assert not holds_consistency(ARGON["old"] + 1, ARGON["new"], old_root, new_root, proof)


def test_the_leaf_hash_is_the_event_hash() -> None:
    """Stream and tree share it."""
    assert leaf_hash(b"event").hex() == event_hash(b"event")


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_inclusion_proof_is_the_one_of_the_definition(size: int) -> None:
    """And only for its own leaf, index, size and root; no damaged one holds."""
    root = ROOTS[size]
    for index, leaf in enumerate(LEAVES[:size]):
        proof = inclusion_proof(index, size, READ)
        assert proof == naive_path(index, LEAVES[:size])
        verify_inclusion(leaf, index, size, proof, root)
        for other in damaged(proof, root):
            assert not holds_inclusion(leaf, index, size, other, root)
        for at in {index - 1, index + 1, index ^ 2, size - 1 - index, size, -1} - {index}:
            assert not holds_inclusion(leaf, at, size, proof, root)
        assert not holds_inclusion(flipped(leaf), index, size, proof, root)
        for wrong in (flipped(root), b"", EMPTY_ROOT, ROOTS[size - 1]):
            assert not holds_inclusion(leaf, index, size, proof, wrong)


@pytest.mark.parametrize("new", range(LARGEST + 1))
def test_every_consistency_proof_is_the_one_of_the_definition(new: int) -> None:
    """And only for its own sizes and roots; no damaged one holds."""
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, READ)
        assert proof == naive_subproof(old, LEAVES[:new], True)
        verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
        for other in damaged(proof, ROOTS[new]):
            assert not holds_consistency(old, new, ROOTS[old], ROOTS[new], other)
        for wrong in (flipped(ROOTS[old]), ROOTS[old - 1], b""):
            assert not holds_consistency(old, new, wrong, ROOTS[new], proof)
            assert not holds_consistency(old, new, ROOTS[old], flipped(ROOTS[new]), proof)
        for at in {old - 1, old + 1, new + 1, -1} - {old}:
            assert not holds_consistency(at, new, ROOTS[old], ROOTS[new], proof)


def test_a_size_is_named_by_its_proof_where_the_shape_tells() -> None:
    """A proof for one size does not pass for a size whose path has another length."""
    for size in range(2, LARGEST):
        proof = inclusion_proof(0, size, READ)
        for other in (size // 2, size * 2):
            assert not holds_inclusion(LEAVES[0], 0, other, proof, ROOTS[size])


def test_a_shrunken_or_swapped_tree_is_refused() -> None:
    """A new size below the old one, equal sizes with unequal roots, a proof where none belongs."""
    assert not holds_consistency(6, 5, ROOTS[6], ROOTS[5], [])
    assert not holds_consistency(5, 5, ROOTS[5], ROOTS[6], [])
    assert not holds_consistency(5, 5, ROOTS[5], ROOTS[5], [ROOTS[1]])
    assert not holds_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [])
    assert holds_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


@given(st.lists(st.integers(0, 20), max_size=8))
def test_a_tree_grows_alike_in_any_steps(steps: list[int]) -> None:
    """Leaf by leaf, in batches, or resumed from its stored nodes: one root, the same nodes once."""
    total = min(sum(steps), LARGEST)
    by_steps: list[tuple[int, int, bytes]] = []
    tree = Range()
    done = 0
    for step in steps:
        upto = min(done + step, total)
        tree = Range(tree.size, tree.nodes)
        by_steps += tree.extend(LEAVES[done:upto])
        done = upto
    one_by_one = Range()
    single = [node for leaf in LEAVES[:total] for node in one_by_one.append(leaf)]
    assert tree.root() == one_by_one.root() == ROOTS[total]
    assert tree.nodes == one_by_one.nodes
    assert sorted(by_steps) == sorted(single)
    assert len(single) == total - total.bit_count()


def test_the_nodes_of_a_range_stand_at_its_peaks() -> None:
    """So a store can give them back."""
    nodes = stored(LEAVES)
    for size in range(LARGEST + 1):
        tree = Range(size, [nodes[at] for at in peaks(size)])
        assert tree.root() == ROOTS[size]
        assert root_at(size, READ) == ROOTS[size]


def test_a_range_refuses_what_is_no_tree() -> None:
    """Wrong number of nodes, short hashes, sizes out of range; and then nothing has changed."""
    for size, nodes in ((1, []), (0, [LEAVES[0]]), (3, [LEAVES[0]]), (1, [b"short"]), (-1, [])):
        with pytest.raises(TreeRangeError):
            Range(size, nodes)
    tree = Range()
    tree.extend(LEAVES[:3])
    with pytest.raises(TreeRangeError):
        tree.extend([LEAVES[3], b"short"])
    assert (tree.size, tree.root()) == (3, ROOTS[3])
    full = Range(MAX_SIZE, [LEAVES[0]] * MAX_SIZE.bit_count())
    with pytest.raises(TreeRangeError):
        full.append(LEAVES[0])


def test_proofs_outside_the_tree_are_refused() -> None:
    """Before anything is read."""

    def nothing(wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        raise AssertionError(wanted)

    for index, size in ((0, 0), (5, 5), (-1, 5), (0, -1), (0, MAX_SIZE + 1)):
        with pytest.raises(TreeRangeError):
            inclusion_proof(index, size, nothing)
    for old, new in ((6, 5), (-1, 5), (1, MAX_SIZE + 1)):
        with pytest.raises(TreeRangeError):
            consistency_proof(old, new, nothing)
    assert consistency_proof(0, 5, nothing) == consistency_proof(5, 5, nothing) == []
    assert root_at(0, nothing) == EMPTY_ROOT


def test_a_missing_node_is_named() -> None:
    """A store that lost a node must not make up a proof."""
    nodes = stored(LEAVES[:7])
    del nodes[1, 1]
    with pytest.raises(TreeNodeMissingError) as refused:
        inclusion_proof(0, 7, reading(nodes))
    assert refused.value.params == {"level": 1, "index": 1}


@given(st.integers(0, MAX_SIZE - 1), st.integers(1, MAX_SIZE))
def test_a_proof_needs_few_nodes_of_the_largest_tree(index: int, size: int) -> None:
    """Logarithmic in the size, each node complete and inside the tree."""
    parts = inclusion_nodes(index % size, size)
    wanted = [node for part in parts for node in part]
    assert len(wanted) <= 2 * size.bit_length()
    assert all((at + 1) << level <= size for level, at in wanted)


@pytest.mark.timed
def test_a_proof_from_a_million_leaves_is_quick() -> None:
    """One call of `read`, at most 40 nodes, far below 5 ms (the mean of 100)."""
    size = 1_000_003
    leaves = [sha256(number.to_bytes(4, "big")).digest() for number in range(size)]
    nodes = stored(leaves)
    calls: list[int] = []

    def read(wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        calls.append(len(wanted))
        return {at: nodes[at] for at in wanted}

    root = root_at(size, read)
    calls.clear()
    began = time.perf_counter()
    proofs = [inclusion_proof(index, size, read) for index in range(0, size, size // 99)]
    taken = (time.perf_counter() - began) / len(proofs)
    assert len(calls) == len(proofs)
    assert max(calls) <= 40
    verify_inclusion(leaves[0], 0, size, proofs[0], root)
    assert taken < 0.005


def test_node_hash_is_prefixed() -> None:
    """So that no leaf passes for a node."""
    assert node_hash(LEAVES[0], LEAVES[1]) != leaf_hash(LEAVES[0] + LEAVES[1])
    assert node_hash(LEAVES[0], LEAVES[1]) == ROOTS[2]
