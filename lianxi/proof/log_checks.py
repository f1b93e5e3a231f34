"""A log's leaves against every head of it that is known: one pass (proof layer, pure).

The same beside the store and over the gateway: the tree is built once from the leaves, and compared
at the size of each stored checkpoint, of anchors kept outside, and of what a client has seen. A cut
tail, an old copy and a rewritten past show as heads that the leaves do not lead to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from lianxi.domain.refusal import Refusal
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosignature_time,
    log_key,
    read_checkpoint,
    signed_by,
)
from lianxi.proof.notes import Note, NoteKey, parse_signature_line
from lianxi.proof.policies import Policy
from lianxi.proof.tree import EMPTY_ROOT, HASH_BYTES, Range
from lianxi.proof.trust import Trust
from lianxi.proof.verification import CONFERENCE, Finding, TrailChecker, place_of
from lianxi.proof.witnessing import Cosigned

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
    """That a quorum had, at `at` or later, been shown nothing beyond a tree of so many leaves."""

    size: int
    at: datetime


class LogKey(NamedTuple):
    """A key that some version of the roster listed for the log.

    `retired`: the event of the conference's stream by which it signs no more, None while it may.
    """

    key: NoteKey
    retired: int | None = None


def log_keys_of(checker: TrailChecker, origin: str) -> list[LogKey]:
    """All that the conference's stream, followed from the first event, listed: older ones stand too."""
    found = {
        key.key_id: key.public_key
        for roster in checker.rosters_of(origin).values()
        for key in roster.keys
        if key.use == "log"
    }
    retired = checker.retired.get(origin, {})
    return [
        LogKey(log_key(origin, bytes.fromhex(public)), retired.get(key_id))
        for key_id, public in found.items()
    ]


def trust_findings(checker: TrailChecker, trust: Trust) -> list[Finding]:
    """Where a trust file and the conference's stream, followed from the first event, contradict.

    GENESIS_FOREIGN: another first roster, or none. LOG_KEY_FOREIGN: a key of the log that none lists;
    where none lists any, as before the service's key was taken in, nothing contradicts.
    """
    rosters = checker.rosters_of(trust.origin)
    first = next((digest for digest, roster in rosters.items() if roster.version == 1), "")
    findings = []
    if first != trust.genesis:
        place = place_of(trust.origin, CONFERENCE, 1)
        findings.append(Finding("GENESIS_FOREIGN", place, first[:12]))
    listed = {known.key for known in log_keys_of(checker, trust.origin)}
    findings += [
        Finding("LOG_KEY_FOREIGN", log_place(trust.origin, "key"), key.public_key.hex()[:12])
        for key in trust.log_keys
        if listed and key not in listed
    ]
    return findings


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
        """BACKDATED_OR_SEALED_LATE: older than a checkpoint that it is missing from; no finding by itself."""

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
        since, present = _instant(at), _instant(now)
        if since is None or present is None or present - since > UNSEALED_FOR:
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
        since = None if self._latest is None else _instant(at)
        if self._latest is not None and since is not None and since < self._latest - LATE_BY:
            detail = f"{at}, witnessed without it at {_spelled(self._latest)}"
            place = place_of(self._origin, *where)
            self.flags.append(Finding("BACKDATED_OR_SEALED_LATE", place, detail))

    def _take_witnessed(self) -> None:
        at = self._witnessed.pop().at
        self._latest = at if self._latest is None else max(self._latest, at)


LeafOf = Callable[[int], int | None]
"""Which leaf an event of the conference's stream is; None while it is not sealed."""


def check_note(
    note: str, expected: Checkpoint, log_keys: Sequence[LogKey], leaf_of: LeafOf
) -> str | None:
    """Why a signed note is not the log's word for a checkpoint; None when it is.

    unreadable, other (of another tree), unsigned (by none of the log's keys), invalid, retired.
    """
    try:
        checkpoint, parsed = read_checkpoint(note.encode("utf-8", "surrogatepass"))
    except Refusal:
        return "unreadable"
    if checkpoint != expected:
        return "other"
    return check_signatures(parsed, checkpoint.size, log_keys, leaf_of)


def check_signatures(
    note: Note, size: int, log_keys: Sequence[LogKey], leaf_of: LeafOf
) -> str | None:
    """Why a note is not signed by a key that might sign so many leaves; None when it is.

    A word: unsigned; invalid; retired, where the very leaves say that whose key it was signs no more:
    what is signed was committed before, so that the log itself had read them.
    """
    retired = False
    signed = False
    for key, retired_by in log_keys:
        held = signed_by(note, key)
        if held is False:
            return "invalid"
        if held is None:
            continue
        gone = None if retired_by is None else leaf_of(retired_by)
        if gone is not None and gone < size:
            retired = True
        else:
            signed = True
    if signed:
        return None
    return "retired" if retired else "unsigned"


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
    """Each cosigned size that a quorum has seen, and until when it had seen nothing beyond.

    A cosignature of a later tree may hold the very event that an earlier one lacks: for a size only
    those up to it count, each witness's latest (witnesses seldom meet on one checkpoint).
    """
    if policy.satisfied(()):
        return
    latest: dict[str, int] = {}
    for size, name, time in sorted(cosigned):
        latest[name] = max(latest.get(name, time), time)
        names: set[str] = set()
        for since, witness in sorted(((at, who) for who, at in latest.items()), reverse=True):
            names.add(witness)
            if policy.satisfied(names):
                yield Witnessed(size, datetime.fromtimestamp(since, UTC))
                break


def _raw(digest: str) -> bytes:
    """32 bytes; zeros for what is no hash, which some root or event then gives away."""
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    return raw if len(raw) == HASH_BYTES else bytes(HASH_BYTES)


def _instant(text: str) -> datetime | None:
    """None for what is no instant: somebody's column, which is named where it is read."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant


def _spelled(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
