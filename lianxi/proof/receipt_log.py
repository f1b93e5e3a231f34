"""The log's side of a kept receipt: inclusion, later checkpoints, witnesses (proof layer, no pydantic).

`receipt_checks` looks at the rest of the file and puts both together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from lianxi.domain.refusal import Refusal
from lianxi.proof.checkpoints import Checkpoint, open_checkpoint
from lianxi.proof.hash_texts import hashes_of
from lianxi.proof.notes import Note, NoteKey
from lianxi.proof.policies import NONE, Policy
from lianxi.proof.receipts import MAX_EVENTS
from lianxi.proof.refusals import ProofInvalidError, SchemaError
from lianxi.proof.tlog_proofs import parse_proof
from lianxi.proof.tree import verify_consistency, verify_inclusion
from lianxi.proof.witnessing import cosigned_by, witnessed_at

MAX_LATER = 64

State = Literal["holds", "fails", "absent", "unchecked"]
"""`absent`: the file does not have it; `unchecked`: it has, but no key or policy to judge it by."""


class Check(NamedTuple):
    """One thing looked at. `what`: a machine word; `about`: the part of the file; `detail`: facts."""

    what: str
    state: State
    about: str = ""
    detail: Mapping[str, Any] = {}


class Keys(NamedTuple):
    """By what a receipt is judged; `receipt` are raw public keys, empty where none is known."""

    log: Sequence[NoteKey]
    receipt: Sequence[bytes] = ()
    policy: Policy | None = None


class _Leaf(NamedTuple):
    """An event that stands in a tree whose root the log has signed; which tree, is still open."""

    digest: str
    checkpoint: Checkpoint
    note: Note
    detail: Mapping[str, Any]


class LogSide:
    """What the log has signed about these events, and who has cosigned it.

    Everything counts for one tree only: that of the smallest proof. What is proven in another root
    stands in it only where `later` entries lead from one to the other; a log that shows two trees
    would otherwise lend the one's witnesses to the other's events.
    """

    def __init__(self, keys: Keys, origin: str) -> None:
        self._keys = keys
        self._origin = origin
        self.size: int | None = None
        """The largest tree of a proof; who cosigned one of at least this size vouches for all."""
        self.witnessed: int | None = None
        self._roots: dict[int, bytes] = {}
        self._seen: list[tuple[Checkpoint, Note]] = []

    def checks(
        self, document: Mapping[str, Any], named: Sequence[Mapping[str, Any]]
    ) -> Iterator[Check]:
        """Is every event a leaf of one tree, do later ones continue it, who cosigned."""
        leaves = list(self._leaves(document, named))
        proven = [leaf for leaf in leaves if isinstance(leaf, _Leaf)]
        if proven:
            anchor = min((leaf.checkpoint for leaf in proven), key=lambda each: each.size)
            self._roots[anchor.size] = anchor.root
        later = list(self._later(document))
        for leaf in leaves:
            yield self._joined(leaf) if isinstance(leaf, _Leaf) else leaf
        yield from later
        yield from self._witnessing()

    def _leaves(
        self, document: Mapping[str, Any], named: Sequence[Mapping[str, Any]]
    ) -> Iterator[_Leaf | Check]:
        """Each event's proof by itself; a check where there is none, or none that holds."""
        proofs = member(document, "proofs", list, "") if "proofs" in document else []
        texts: dict[str, str] = {}
        for at, each in enumerate(proofs[: MAX_EVENTS + 1]):
            place = f"/proofs/{at}"
            texts[member(each, "hash", str, place)] = member(each, "proof", str, place)
        opened: dict[bytes, tuple[Checkpoint, Note]] = {}
        for each in named:
            digest = each["hash"]
            text = texts.get(digest)
            if text is None:
                yield Check("inclusion", "absent", digest)
                continue
            try:
                yield self._leaf(digest, text, opened)
            except Refusal as refusal:
                yield failed("inclusion", refusal, digest)

    def _leaf(self, digest: str, text: str, opened: dict[bytes, tuple[Checkpoint, Note]]) -> _Leaf:
        proof = parse_proof(text.encode("utf-8", "surrogatepass"))
        if proof.checkpoint not in opened:
            opened[proof.checkpoint] = self._open(proof.checkpoint)
        checkpoint, note = opened[proof.checkpoint]
        verify_inclusion(
            bytes.fromhex(digest), proof.index, checkpoint.size, proof.hashes, checkpoint.root
        )
        detail = {
            "index": proof.index,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "path": _path(proof.index, checkpoint.size, proof.hashes),
        }
        return _Leaf(digest, checkpoint, note, detail)

    def _joined(self, leaf: _Leaf) -> Check:
        """Whether the proof's tree is the one that counts."""
        checkpoint = leaf.checkpoint
        if self._roots.get(checkpoint.size) != checkpoint.root:
            detail = {"size": checkpoint.size, "root": checkpoint.root.hex(), "reason": "tree"}
            return Check("inclusion", "fails", leaf.digest, detail)
        self.size = max(self.size or 0, checkpoint.size)
        if (checkpoint, leaf.note) not in self._seen:
            self._seen.append((checkpoint, leaf.note))
        return Check("inclusion", "holds", leaf.digest, leaf.detail)

    def _later(self, document: Mapping[str, Any]) -> Iterator[Check]:
        """Is the tree of the proofs the beginning of each later one in the file."""
        later = document.get("later", [])
        if not isinstance(later, list) or len(later) > MAX_LATER:
            raise SchemaError(place="/later", reason="length")
        for at, each in enumerate(later):
            place = f"/later/{at}"
            note = member(each, "checkpoint", str, place)
            old = member(each, "from", int, place)
            hashes = hashes_of(member(each, "consistency", list, place), f"{place}/consistency")
            try:
                yield Check("later", "holds", str(at), self._follow(note, old, hashes))
            except Refusal as refusal:
                yield failed("later", refusal, str(at))

    def _follow(self, note_text: str, old: int, hashes: Sequence[bytes]) -> dict[str, Any]:
        checkpoint, note = self._open(note_text.encode("utf-8", "surrogatepass"))
        root = self._roots.get(old)
        if root is None:
            raise SchemaError(place="/from", reason="no proof in this file is for this size")
        verify_consistency(old, checkpoint.size, root, checkpoint.root, hashes)
        if self._roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise ProofInvalidError(reason="root")
        self._seen.append((checkpoint, note))
        return {"size": checkpoint.size, "root": checkpoint.root.hex()}

    def _witnessing(self) -> Iterator[Check]:
        """Who cosigned, counted by the policy: that checkpoint, or a later one that contains it."""
        policy = self._keys.policy
        if self.size is None:
            return
        if policy is None or policy.quorum == NONE:
            lines = sum(len(note.signatures) for _, note in self._seen)
            yield Check("witnesses", "unchecked", detail={"signatures": lines})
            return
        given = [
            cosigned
            for checkpoint, note in self._seen
            if checkpoint.size >= self.size
            for cosigned in cosigned_by(policy, checkpoint, note.signatures)
        ]
        self.witnessed = witnessed_at(policy, given, self.size)
        names = sorted({name for _, name, _ in given})
        state: State = "holds" if self.witnessed is not None else "absent"
        yield Check("witnesses", state, detail={"by": names})

    def _open(self, note: bytes) -> tuple[Checkpoint, Note]:
        return open_checkpoint(note, origin=self._origin, log_keys=self._keys.log)


def _path(index: int, size: int, hashes: Sequence[bytes]) -> list[str]:
    """Each node with the side on which it stands, from the leaf up (RFC 9162 §2.1.3.2).

    To follow it by hand: with `left n` the next hash is SHA-256(01 || n || hash), with `right n`
    SHA-256(01 || hash || n); the last one is the root.
    """
    path: list[str] = []
    last = size - 1
    for node in hashes:
        side = "left" if index & 1 or index == last else "right"
        path.append(f"{side} {node.hex()}")
        while side == "left" and not index & 1 and index:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return path


def failed(what: str, refusal: Refusal, about: str = "") -> Check:
    """A check that fails for a refusal, with its code and params."""
    return Check(what, "fails", about, {"code": refusal.code, **refusal.params})


def member(value: Any, name: str, kind: type, place: str) -> Any:
    """A field of the kind it must be of; raises SchemaError at its place."""
    if not isinstance(value, dict):
        raise SchemaError(place=place, reason="type")
    member = value.get(name)
    if not isinstance(member, kind) or isinstance(member, bool):
        raise SchemaError(place=f"{place}/{name}", reason="type")
    return member
