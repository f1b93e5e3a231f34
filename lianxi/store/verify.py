"""`audit verify` beside the store: everything that stands is what the events say (store layer).

Three depths. `bytes`: hashes and links, by a scan that parses nothing (`verify_bytes`). `full`: every
event read, its columns, every read table against its rebuild, the tree. `deep`: also every signature,
and every event derived again from what caused it.

One read transaction over all, the same one in every process: while it runs the database takes
writes, but keeps them in its write-ahead log. Findings are bounded, memory grows with tasks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, select

from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.log_checks import LogKey, log_keys_of, trust_findings
from lianxi.proof.verification import Finding, TrailChecker
from lianxi.store.anchors import AnchorsThen
from lianxi.store.dialect import take_any_text
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.tables import metadata
from lianxi.store.verify_bytes import bytes_findings
from lianxi.store.verify_content import ContentCounts, content_findings
from lianxi.store.verify_rows import Stream, streams_of
from lianxi.store.verify_sharing import Crew
from lianxi.store.verify_streams import (
    MAX_FINDINGS,
    Depth,
    Knowledge,
    Outcome,
    StreamsCheck,
)
from lianxi.store.verify_tables import TableCheck, state_findings, stray_task_rows
from lianxi.store.verify_tree import Outside, TreeCheck

__all__ = [
    "MAX_FINDINGS",
    "Look",
    "Outside",
    "Report",
    "origins_in",
    "verify_connection",
    "verify_trail",
]


NOTHING_OUTSIDE = Outside()


@dataclass(frozen=True, slots=True)
class Look:
    """How closely, by how many processes, and beside what else.

    `now`: the present, where what has not happened by now would count (a rung, a leaf); None judges
    the trail by itself, as is right for a copy.
    """

    depth: Depth = "deep"
    jobs: int = 1
    url: str | None = None
    """Of the same database, for the other processes; None: there are none."""
    now: datetime | None = None
    outside: Outside = NOTHING_OUTSIDE


@dataclass
class Report:
    """What was found, what was looked at, what could not be."""

    findings: list[Finding] = field(default_factory=list)
    dropped: int = 0
    events: int = 0
    streams: int = 0
    bases: Counter[str] = field(default_factory=Counter)
    derived: Counter[str] = field(default_factory=Counter)
    """How many events of each basis were derived again, and are what stands."""
    openings: int = 0
    files: int = 0
    redactions: int = 0
    leaves: int = 0
    checkpoints: int = 0
    heads_outside: int = 0
    """Checkpoints kept outside the trail that it was held against."""
    flags: list[Finding] = field(default_factory=list)
    """Backdated or sealed late: what a reader should know, and nothing that proves a fault."""
    unchecked: list[Finding] = field(default_factory=list)
    witnessed: dict[str, int | None] = field(default_factory=dict)
    """By conference, up to which size the policy's quorum cosigned; absent where it wants nobody."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, finding: Finding) -> None:
        """Note a finding, up to the bound."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)
        else:
            self.dropped += 1

    def add_all(self, findings: Iterable[Finding]) -> None:
        """Note several."""
        for finding in findings:
            self.add(finding)

    def take_beside(self, other: "Report") -> None:
        """What was found beside the streams, behind what was found in them."""
        self.add_all(other.findings)
        self.dropped += other.dropped
        self.openings, self.files = other.openings, other.files
        self.redactions = other.redactions
        self.leaves, self.checkpoints = other.leaves, other.checkpoints
        self.heads_outside = other.heads_outside
        self.flags += other.flags
        self.unchecked += other.unchecked
        self.witnessed |= other.witnessed


CLOSELY = Look()


def verify_trail(engine: Engine, evidence: EvidenceFolder, look: Look = CLOSELY) -> Report:
    """Check the whole trail of a database, all conferences. Raises StoreUnavailableError.

    Codes beside those of `proof.verification`, `proof.log_checks` and `streams.rederive`:
    COLUMN_DIFFERS, ORDER_WRONG, FOLD_FAILED, UNREGISTERED_TASK, UNIT_NO_MEMBER, NOT_ADOPTED,
    NOT_SUCCEEDED, COMMAND_DIFFERS, COMMAND_UNUSED, ROW_MISSING, ROW_UNEXPECTED, ROW_DIFFERS,
    OPENING_MISSING, OPENING_MISMATCH, REDACTION_UNDONE, REDACTION_UNFOUNDED, OUTBOX_DIFFERS,
    LETTER_UNEXPECTED, LEAF_DIFFERS, LEAF_ORDER, LEAF_WITHOUT_EVENT, NODE_WRONG, CHECKPOINT_NOTE,
    CHECKPOINT_UNSIGNED, COSIGNATURE_INVALID, ANCHOR_UNREADABLE, STREAM_UNREADABLE.
    """
    anchors = look.outside.anchors
    if anchors is not None:  # before the trail's snapshot begins: it only ever holds more
        outside = replace(look.outside, anchors=AnchorsThen(anchors.folder))
        look = replace(look, outside=outside)
    with outages_translated(), Crew(engine, look.jobs, look.url) as crew:
        return _Verification(crew.connection, evidence, look, crew).run()


def origins_in(engine: Engine) -> frozenset[str]:
    """The conferences of which a database holds anything. Raises StoreUnavailableError."""
    with outages_translated(), engine.connect() as connection:
        take_any_text(connection)
        return frozenset(
            origin
            for table in metadata.sorted_tables
            if "origin" in table.c
            for origin in connection.scalars(select(table.c.origin).distinct())
        )


def verify_connection(
    connection: Connection, evidence: EvidenceFolder, look: Look = CLOSELY
) -> Report:
    """`verify_trail` inside the caller's transaction, in this process alone."""
    return _Verification(connection, evidence, look, None).run()


class _Verification:
    """One run."""

    def __init__(
        self, connection: Connection, evidence: EvidenceFolder, look: Look, crew: Crew | None
    ) -> None:
        take_any_text(connection)
        self._connection = connection
        self._evidence = evidence
        self._look = look
        self._crew = crew
        self._report = Report()

    def run(self) -> Report:
        report, look = self._report, self._look
        streams = streams_of(self._connection)
        report.streams = len(streams)
        origins = list(dict.fromkeys(origin for origin, _ in streams))
        if look.depth == "bytes":
            report.add_all(self._bytes())
            self._tree(report, {origin: [] for origin in origins})
        else:
            self._streams(streams, look.depth, origins)
        return report

    def _bytes(self) -> Iterator[Finding]:
        yield from bytes_findings(self._connection, self._report)

    def _streams(self, streams: Counter[Stream], depth: Depth, origins: Iterable[str]) -> None:
        checker = TrailChecker(signatures=depth == "deep")
        knowledge = Knowledge(checker)
        deep: Literal["full", "deep"] = "deep" if depth == "deep" else "full"
        check = StreamsCheck(self._connection, knowledge, deep, self._look.now)
        rest = Counter[Stream]()
        for (origin, stream), count in streams.items():
            if stream == CONFERENCE_STREAM:
                check.check(origin, stream)
            else:
                rest[origin, stream] = count
        # what is told of the operator's looks shows in tables of the whole conference: here
        here = [s for s in rest if not (task_of_stream(s[1]) or s[1].startswith("mail/"))]
        shared = Counter({s: count for s, count in rest.items() if s not in here})
        for told in here:
            check.check(*told)
        outcome = check.outcome
        parts: Iterator[Outcome] = iter(())
        if self._crew is not None and self._crew.helps:
            parts = self._crew.share(shared, knowledge, deep, self._look.now)
        else:
            for one in shared:
                check.check(*one)
        beside = Report()  # while helpers are at work on the streams
        self._tree(beside, {origin: log_keys_of(checker, origin) for origin in origins})
        self._content(beside)
        for part in parts:
            outcome.merge(part)
        self._take(outcome, checker)
        if self._look.outside.trust is not None:
            self._report.add_all(trust_findings(checker, self._look.outside.trust))
        self._tables(check, outcome, streams)
        self._report.take_beside(beside)

    def _take(self, outcome: Outcome, checker: TrailChecker) -> None:
        report = self._report
        report.add_all(outcome.findings)
        report.dropped += outcome.dropped
        report.events = outcome.events
        report.bases = outcome.bases
        report.derived = outcome.derived.right
        report.unchecked += outcome.unchecked
        report.unchecked += [
            Finding("AUTHORSHIP_NOT_PROVEN", origin, "demo custody")
            for origin in sorted(checker.demo_custody)
        ]

    def _tables(self, check: StreamsCheck, outcome: Outcome, streams: Counter[Stream]) -> None:
        """The tables that all streams have their part in."""
        report, connection = self._report, self._connection
        rows = check.rebuild.rows
        for key, rulebook in outcome.rulebooks.items():
            rows.setdefault("rulebooks", {}).setdefault(key, dict(rulebook))
        for key in outcome.begun:
            if key in rows.get("registrations", {}):
                rows["registrations"][key]["begun"] = 1
        unfolded = frozenset(outcome.unfolded)
        report.add_all(TableCheck(connection, outcome.seen).leftovers())
        report.add_all(state_findings(connection, rows, unfolded, outcome.seen))
        report.add_all(stray_task_rows(connection, streams, outcome.seen))
        for key, row in rows.get("rulebooks", {}).items():
            if row["adopted_at"] is None:
                place = f"rulebooks:{'|'.join(str(part) for part in key)}"
                report.add(Finding("NOT_ADOPTED", place, str(row["kind"])))

    def _content(self, report: Report) -> None:
        counts = ContentCounts()
        report.add_all(content_findings(self._connection, self._evidence, counts))
        report.openings, report.files = counts.openings, counts.files
        report.redactions = counts.redactions

    def _tree(self, report: Report, log_keys: Mapping[str, Sequence[LogKey]]) -> None:
        look = self._look
        tree = TreeCheck(self._connection, look.outside, look.now)
        tree.run(log_keys, report.add, signatures=look.depth == "deep")
        counts = tree.counts
        report.leaves, report.checkpoints = counts.leaves, counts.checkpoints
        report.heads_outside = counts.heads_outside
        report.flags += counts.flags
        report.unchecked += counts.unchecked
        report.witnessed |= counts.witnessed
