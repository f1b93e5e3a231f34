"""The tree over the record: leaves, inner nodes, checkpoints, cosignatures, anchors (store layer).

Built again from the leaves in one pass, and compared with every head that is known. What a leaf says
of its event is compared with the event's row, whose hash the streams' check has compared with its
bytes; a stream's events are leaves in the order of the stream, so that none was slipped in between.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, func, select

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import format_instant
from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.checkpoints import Checkpoint, read_checkpoint
from lianxi.proof.log_checks import (
    UNSEALED_FOR,
    KnownHead,
    LogChecker,
    LogKey,
    Nodes,
    Witnessed,
    check_cosignature,
    check_note,
    log_place,
    witnessed_heads,
)
from lianxi.proof.notes import parse_signature_line
from lianxi.proof.policies import NONE, Policy
from lianxi.proof.trust import Trust
from lianxi.proof.verification import Finding, place_of
from lianxi.proof.witnessing import Cosigned, cosigned_by, witnessed_size
from lianxi.store.anchors import AnchorFiles
from lianxi.store.tables import checkpoints, cosignatures, leaves, nodes, witnesses

Report = Callable[[Finding], None]

_LEAVES = (
    "SELECT l.leaf, l.stream, l.seq, l.hash, e.origin, e.stream, e.seq, e.hash, e.at"
    " FROM leaves l LEFT JOIN events e ON e.position = l.position"
    " WHERE l.origin = ? ORDER BY l.leaf"
)
_WITHOUT_LEAF = (
    "SELECT e.stream, e.seq, e.at FROM events e LEFT JOIN leaves l ON l.position = e.position"
    " WHERE e.origin = ? AND l.position IS NULL ORDER BY e.position"
)
_SIGNED = (
    (checkpoints, "CHECKPOINT_NOTE"),
    (cosignatures, "COSIGNATURE_INVALID"),
    (witnesses, "COSIGNATURE_INVALID"),
)
_FETCH = 4_096
_NEVER = "9999-12-31T00:00:00.000000Z"
"""When an event that is gone was sealed: never too early for any checkpoint."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of logs besides the trail itself.

    `pins`: checkpoints that somebody has seen. `policy`: which witnesses count for "backdated or
    sealed late".
    """

    anchors: AnchorFiles | None = None
    pins: tuple[Checkpoint, ...] = ()
    policy: Policy | None = None
    trust: Trust | None = None
    """What the rosters of its conference are compared with; its policy is `policy`."""

    def heads(self) -> list[Checkpoint]:
        """The largest checkpoint known here of each conference there is one of. Raises OSError."""
        kept = [] if self.anchors is None else self.anchors.all()
        by_size = sorted((*self.pins, *kept), key=attrgetter("size"))
        return sorted({head.origin: head for head in by_size}.values())


@dataclass
class TreeCounts:
    """What was looked at."""

    leaves: int = 0
    checkpoints: int = 0
    heads_outside: int = 0
    flags: list[Finding] = field(default_factory=list)
    unchecked: list[Finding] = field(default_factory=list)
    witnessed: dict[str, int | None] = field(default_factory=dict)
    """By conference, up to which size the policy's quorum cosigned; absent where it wants nobody."""


class TreeCheck:
    """The trees of all conferences of one database."""

    def __init__(self, connection: Connection, outside: Outside, now: datetime | None) -> None:
        """`now`: the present; None: the trail is judged by itself, as of its newest checkpoint."""
        self._connection = connection
        self._outside = outside
        self._now = now
        self._signatures = True
        self.counts = TreeCounts()

    def run(
        self, log_keys: Mapping[str, Sequence[LogKey]], report: Report, *, signatures: bool
    ) -> None:
        """All findings. `log_keys`: for each conference that has events, as its stream lists them.

        Without `signatures` no keys are needed: an empty list stands for the conference.
        """
        self._signatures = signatures
        known = {*log_keys, *self._origins()}
        for origin in sorted(known):
            self._check_log(origin, log_keys.get(origin, ()), report)
        self._stray_rows(known, report)
        self._absent(known)

    def _origins(self) -> Iterable[str]:
        return [
            origin
            for table in (leaves, checkpoints, nodes)
            for origin in self._connection.scalars(select(table.c.origin).distinct())
        ]

    def _absent(self, known: Collection[str]) -> None:
        """Conferences heard of elsewhere: another trail's as a rule, or everything of one is gone."""
        with suppress(OSError):  # `_outside_heads` says so
            self.counts.unchecked += [
                Finding("TRAIL_ABSENT", head.origin, f"{head.size} leaves")
                for head in self._outside.heads()
                if head.origin not in known
            ]

    def _stray_rows(self, known: Collection[str], report: Report) -> None:
        """What was signed and is kept under the name of none of these, or under no text at all."""
        for table, code in _SIGNED:
            strays = self._connection.scalar(
                select(func.count()).select_from(table).where(table.c.origin.not_in(known))
            )
            if strays:
                report(Finding(code, table.name, f"{strays} of no conference"))

    def _check_log(self, origin: str, log_keys: Sequence[LogKey], report: Report) -> None:
        stored = self._connection.execute(
            select(checkpoints).where(checkpoints.c.origin == origin).order_by(checkpoints.c.size)
        ).all()
        self.counts.checkpoints += len(stored)
        heads = self._outside_heads(origin, report)
        self.counts.heads_outside += len(heads)
        by_size = {row.size: Checkpoint(origin, row.size, _raw(row.root)) for row in stored}
        heads += [KnownHead(size, known.root, "checkpoint") for size, known in by_size.items()]
        witnessed: list[Witnessed] = []
        for size in _unsigned(stored, self._now):
            report(Finding("CHECKPOINT_UNSIGNED", log_place(origin, size)))
        if self._signatures:
            self._check_notes(origin, log_keys, stored, report)
            witnessed = self._check_cosignatures(origin, by_size, report)
        checker = LogChecker(origin, heads, witnessed, _NodeCheck(self._connection, origin, report))
        self._feed(origin, checker, report)
        for finding in stray_nodes(self._connection, origin, checker.size):
            report(finding)
        if checker.size or stored or self._now is not None:
            newest = stored[-1].at if stored else ""
            self._unsealed(origin, checker, newest, report)
        if not (checker.size or stored or heads):
            self.counts.unchecked.append(Finding("NOT_SEALED", origin, "no leaf, no checkpoint"))
        checker.finish()
        self.counts.leaves += checker.size
        self.counts.flags += checker.flags
        _drain(checker, report)

    # --- what is known from elsewhere ---

    def _outside_heads(self, origin: str, report: Report) -> list[KnownHead]:
        heads = [
            KnownHead(pin.size, pin.root, "pin")
            for pin in self._outside.pins
            if pin.origin == origin
        ]
        for cosigned in (False, True):
            try:
                data = (
                    None
                    if self._outside.anchors is None
                    else self._outside.anchors.read(origin, cosigned=cosigned)
                )
                if data is None:
                    continue
                anchor, _ = read_checkpoint(data)
            except (OSError, Refusal) as error:
                report(
                    Finding("ANCHOR_UNREADABLE", log_place(origin, "anchor"), type(error).__name__)
                )
                continue
            if anchor.origin != origin:
                report(Finding("ANCHOR_UNREADABLE", log_place(origin, "anchor"), "origin"))
                continue
            heads.append(KnownHead(anchor.size, anchor.root, "anchor"))
        return heads

    # --- signatures ---

    def _check_notes(
        self, origin: str, keys: Sequence[LogKey], stored: Sequence[Any], report: Report
    ) -> None:
        """Each signed checkpoint is the word of a key that the roster listed for the log then."""
        signed = [row for row in stored if row.note is not None]
        if signed and not keys:
            self.counts.unchecked.append(
                Finding("CHECKPOINT_SIGNATURES", origin, "the roster lists no key of the log")
            )
            return
        for row in signed:
            expected = Checkpoint(origin, row.size, _raw(row.root))
            word = check_note(row.note, expected, keys, partial(self._leaf_of, origin))
            if word is not None:
                report(Finding("CHECKPOINT_NOTE", log_place(origin, row.size), word))

    def _leaf_of(self, origin: str, seq: int) -> int | None:
        leaf: int | None = self._connection.scalar(
            select(leaves.c.leaf).where(
                leaves.c.origin == origin,
                leaves.c.stream == CONFERENCE_STREAM,
                leaves.c.seq == seq,
            )
        )
        return leaf

    def _check_cosignatures(
        self, origin: str, by_size: Mapping[int, Checkpoint], report: Report
    ) -> list[Witnessed]:
        """Each line is its witness's; answers which sizes a quorum had witnessed, and when."""
        vkeys = {
            row.name: row.vkey
            for row in self._connection.execute(
                select(witnesses).where(witnesses.c.origin == origin)
            )
        }
        policy, cosigned = self._outside.policy, list[Cosigned]()
        for row in self._connection.execute(
            select(cosignatures).where(cosignatures.c.origin == origin)
        ):
            place = log_place(origin, row.size)
            known, vkey = by_size.get(row.size), vkeys.get(row.name)
            if known is None or vkey is None:
                report(Finding("COSIGNATURE_INVALID", place, row.name))
                continue
            word = check_cosignature(row.line, vkey, known, row.time)
            if word is not None:
                report(Finding("COSIGNATURE_INVALID", place, f"{row.name} {word}"))
            elif policy is not None:
                cosigned += cosigned_by(policy, known, [parse_signature_line(row.line)])
        if policy is None or policy.quorum == NONE:
            return []
        trust = self._outside.trust
        if trust is None or trust.origin == origin:
            self.counts.witnessed[origin] = witnessed_size(policy, cosigned)
        return list(witnessed_heads(policy, cosigned))

    # --- leaves ---

    def _feed(self, origin: str, checker: LogChecker, report: Report) -> None:
        """Every leaf, compared with its event; streams without gaps, in their order."""
        reached: dict[str, int] = {}
        result = self._connection.exec_driver_sql(_LEAVES, (origin,))
        while rows := result.fetchmany(_FETCH):
            for leaf, stream, seq, digest, of, e_stream, e_seq, e_hash, at in rows:
                word = None
                if of is None:
                    word = "LEAF_WITHOUT_EVENT"
                elif e_hash != digest or e_seq != seq or e_stream != stream or of != origin:
                    word = "LEAF_DIFFERS"
                elif seq != reached.get(stream, 0) + 1:
                    word = "LEAF_ORDER"
                if word is not None:
                    report(Finding(word, place_of(origin, stream, seq), f"leaf {leaf}"))
                reached[stream] = seq
                checker.leaf(leaf, digest, at or _NEVER, (stream, seq))
            _drain(checker, report)

    def _unsealed(self, origin: str, checker: LogChecker, newest: str, report: Report) -> None:
        now = newest if self._now is None else format_instant(self._now)
        result = self._connection.exec_driver_sql(_WITHOUT_LEAF, (origin,))
        while rows := result.fetchmany(_FETCH):
            for stream, seq, at in rows:
                checker.unsealed(at, (stream, seq), now or at)
            _drain(checker, report)


class _NodeCheck:
    """Inner nodes as they come about, against those that are kept; and that there are no others."""

    def __init__(self, connection: Connection, origin: str, report: Report) -> None:
        self._connection = connection
        self._origin = origin
        self._report = report

    def __call__(self, complete: Nodes) -> None:
        by_level: dict[int, dict[int, bytes]] = defaultdict(dict)
        for level, index, node in complete:
            by_level[level][index] = node
        for level, expected in by_level.items():
            kept = {
                row.idx: row.hash
                for row in self._connection.execute(
                    select(nodes.c.idx, nodes.c.hash).where(
                        nodes.c.origin == self._origin,
                        nodes.c.level == level,
                        nodes.c.idx.between(min(expected), max(expected)),
                    )
                )
            }
            for index, node in expected.items():
                if kept.get(index) != node:
                    word = "missing" if index not in kept else "differs"
                    self._report(
                        Finding("NODE_WRONG", log_place(self._origin, f"{level}/{index}"), word)
                    )


def stray_nodes(connection: Connection, origin: str, size: int) -> list[Finding]:
    """Kept inner nodes beyond what so many leaves complete."""
    rows = connection.execute(
        select(nodes.c.level, func.count().label("kept"), func.max(nodes.c.idx).label("last"))
        .where(nodes.c.origin == origin)
        .group_by(nodes.c.level)
    )
    return [
        Finding("NODE_WRONG", log_place(origin, f"{row.level}/{row.last}"), "unexpected")
        for row in rows
        if row.level < 1 or row.kept != size >> row.level
    ]


def _unsigned(stored: Sequence[Any], now: datetime | None) -> list[int]:
    """Sizes of checkpoints that the log should have signed by now; `stored`: all rows, by size.

    The sealer signs in the turn that made the row. Without a present (a copy, a stopped service) only
    the newest may have been cut short; nobody signs below one that is signed.
    """
    signed = max((row.size for row in stored if row.note is not None), default=0)
    bare = [row for row in stored if row.note is None]
    if now is None:
        return [row.size for row in bare if row.size < stored[-1].size]
    # one that says it is of a time to come would else be young for ever
    young = format_instant(now - UNSEALED_FOR), format_instant(now + UNSEALED_FOR)
    return [row.size for row in bare if row.size < signed or not young[0] <= row.at <= young[1]]


def _drain(checker: LogChecker, report: Report) -> None:
    """Hand on what was found: of a million events without a leaf none is kept here."""
    for finding in checker.findings:
        report(finding)
    checker.findings.clear()


def _raw(root: str) -> bytes:
    try:
        return bytes.fromhex(root)
    except ValueError:
        return b""
