"""A log's leaves against every head of it that is known: one pass (proof layer, pure).

The same beside the store and over the gateway: the tree is built once from the leaves, and compared
at the size of each stored checkpoint, of anchors kept outside, and of what a client has seen. A cut
tail, an old copy and a rewritten past show as heads that the leaves do not lead to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from lianxi.domain.refusal import Refusal
from lianxi.proof.checkpoints import Checkpoint, cosignature_time, read_checkpoint, signed_by
from lianxi.proof.notes import Note, NoteKey, parse_signature_line
from lianxi.proof.policies import Policy
from lianxi.proof.tree import EMPTY_ROOT, HASH_BYTES, Range
from lianxi.proof.verification import Finding, place_of
from lianxi.proof.witnessing import Cosigned, witnessed_at

LATE_BY = timedelta(minutes=10)
"""An event older than this when a quorum cosigned a checkpoint belongs into it (docs/proof.md)."""

UNSEALED_FOR = timedelta(minutes=10)
"""How long a recorded event may be without a leaf."""

Source = Literal["checkpoint", "anchor", "pin"]
"""Where a head is known from: the trail itself, a copy kept outside of it, a client's own memory."""

Nodes = Sequence[tuple[int, int, bytes]]
_CHUNK = 2_048


class KnownHead(NamedTuple):
    """That a tree of `size` leaves has this root, as `source` says."""

    size: int
    root: bytes
    source: Source


class Witnessed(NamedTuple):
    """That a quorum had cosigned a tree of so many leaves, or a later one, at `at`."""

    size: int
    at: datetime


def log_place(origin: str, size: int | str) -> str:
    """How findings name a place in a log: `<conference>/log#<size or leaf>`."""
    return place_of(origin, "log", size)


class LogChecker:
    """Feed every leaf in order, then `finish`. Memory: the heads, and a chunk of leaves."""

    def __init__(
        self,
        origin: str,
        heads: Iterable[KnownHead],
        witnessed: Iterable[Witnessed] = (),
        on_nodes: Callable[[Nodes], None] | None = None,
    ) -> None:
        """`on_nodes` gets the complete inner nodes as they come about, for who has kept them too."""
        self._origin = origin
        self._heads = sorted(heads, reverse=True)
        self._witnessed = sorted(witnessed, reverse=True)
        self._on_nodes = on_nodes
        self._tree = Range()
        self._waiting: list[bytes] = []
        self._latest: datetime | None = None
        self.findings: list[Finding] = []
        self.flags: list[Finding] = []
        """BACKDATED_OR_LATE: older than a checkpoint that it is missing from; no finding by itself."""

    @property
    def size(self) -> int:
        """How many leaves came."""
        return self._tree.size + len(self._waiting)

    def leaf(self, index: int, digest: str, at: str, where: tuple[str, int]) -> None:
        """One leaf: its number, the hash of its event, when that was sealed, its stream and seq."""
        if index != self.size:
            self.findings.append(
                Finding("LEAF_GAP", log_place(self._origin, index), f"after {self.size - 1}")
            )
        if self._latest is not None or self._witnessed:
            self._check_time(at, where)
        self._waiting.append(_raw(digest))
        due = self._heads[-1].size if self._heads else 0
        if self.size == due or len(self._waiting) >= _CHUNK:
            self._grow()

    def unsealed(self, at: str, where: tuple[str, int], now: str) -> None:
        """An event without a leaf; `now` is the present, or when the log was last heard of."""
        self._grow()
        while self._witnessed:
            self._take_witnessed()
        self._check_time(at, where)
        if _instant(now) - _instant(at) > UNSEALED_FOR:
            place = place_of(self._origin, *where)
            self.findings.append(Finding("UNSEALED", place, f"since {at}"))

    def finish(self) -> None:
        """Heads beyond the last leaf: what they stand for is gone."""
        self._grow()
        for head in reversed(self._heads):
            code = "CHECKPOINT_BEYOND" if head.source == "checkpoint" else "TRAIL_CUT"
            detail = f"{head.source}: {self.size} leaves left"
            self.findings.append(Finding(code, log_place(self._origin, head.size), detail))
        self._heads.clear()

    # --- inside ---

    def _grow(self) -> None:
        if self._waiting:
            nodes = self._tree.extend(self._waiting)
            self._waiting.clear()
            if nodes and self._on_nodes is not None:
                self._on_nodes(nodes)
        while self._heads and self._heads[-1].size <= self._tree.size:
            head = self._heads.pop()
            root = self._tree.root() if head.size == self._tree.size else None
            root = EMPTY_ROOT if head.size == 0 else root
            if root != head.root:
                code = "CHECKPOINT_ROOT" if head.source == "checkpoint" else "TRAIL_FORKED"
                place = log_place(self._origin, head.size)
                self.findings.append(Finding(code, place, head.source))

    def _check_time(self, at: str, where: tuple[str, int]) -> None:
        while self._witnessed and self._witnessed[-1].size <= self.size:
            self._take_witnessed()
        if self._latest is not None and _instant(at) < self._latest - LATE_BY:
            detail = f"{at}, witnessed without it at {_spelled(self._latest)}"
            place = place_of(self._origin, *where)
            self.flags.append(Finding("BACKDATED_OR_LATE", place, detail))

    def _take_witnessed(self) -> None:
        at = self._witnessed.pop().at
        self._latest = at if self._latest is None else max(self._latest, at)


def check_note(note: str, expected: Checkpoint, log_keys: Sequence[NoteKey]) -> str | None:
    """Why a signed note is not the log's word for a checkpoint; None when it is.

    unreadable, other (of another tree), unsigned (by none of the log's keys), invalid.
    """
    try:
        checkpoint, parsed = read_checkpoint(note.encode("utf-8", "surrogatepass"))
    except Refusal:
        return "unreadable"
    if checkpoint != expected:
        return "other"
    return check_signatures(parsed, log_keys)


def check_signatures(note: Note, log_keys: Sequence[NoteKey]) -> str | None:
    """Why a note is not signed by one of the keys: unsigned, invalid; None when it is."""
    held = [signed_by(note, key) for key in log_keys]
    if False in held:
        return "invalid"
    return None if True in held else "unsigned"


def check_cosignature(line: str, vkey: str, checkpoint: Checkpoint, time: int) -> str | None:
    """Why a line is not that witness's cosignature at `time`; None when it is."""
    try:
        held = cosignature_time(parse_signature_line(line), NoteKey.parse(vkey), checkpoint)
    except (Refusal, ValueError):
        return "unreadable"
    if held is None:
        return "invalid"
    return None if held == time else "time"


def witnessed_heads(policy: Policy, cosigned: Sequence[Cosigned]) -> Iterator[Witnessed]:
    """Each cosigned size that the policy's quorum has witnessed, and when it had."""
    for size in sorted({size for size, *_ in cosigned}):
        at = witnessed_at(policy, cosigned, size)
        if at:
            yield Witnessed(size, datetime.fromtimestamp(at, UTC))


def _raw(digest: str) -> bytes:
    """32 bytes; zeros for what is no hash, which some root or event then gives away."""
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    return raw if len(raw) == HASH_BYTES else bytes(HASH_BYTES)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _spelled(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
