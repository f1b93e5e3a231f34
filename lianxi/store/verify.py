"""`audit verify` beside the store: everything that stands is what the events say (store layer).

One read transaction over all: while it runs the database takes writes, but keeps them in its
write-ahead log. Findings are bounded, memory grows with tasks and not with events.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, RowMapping, select

from lianxi.domain.task.events import AssignmentTransferred, TaskIssued
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.events import EventEnvelope
from lianxi.proof.verification import Finding, TrailChecker, TrailRow, place_of
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.projection import Change, Recorded, event_row
from lianxi.store.rebuild import Rebuild
from lianxi.store.tables import commands, events
from lianxi.store.verify_content import ContentCounts, content_findings
from lianxi.store.verify_membership import Transfer, membership_findings
from lianxi.store.verify_tables import (
    TableCheck,
    differences,
    state_findings,
)

MAX_FINDINGS = 1_000
"""More are counted, not listed."""

CHUNK = 500
"""Events between two looks at the tables whose rows follow from single events."""


@dataclass
class Report:
    """What was found, what was looked at, what could not be."""

    findings: list[Finding] = field(default_factory=list)
    dropped: int = 0
    events: int = 0
    streams: int = 0
    bases: Counter[str] = field(default_factory=Counter)
    openings: int = 0
    files: int = 0
    unchecked: list[Finding] = field(default_factory=list)

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


def verify_trail(engine: Engine, evidence: EvidenceFolder) -> Report:
    """Check the whole trail of a database, all conferences. Raises StoreUnavailableError.

    Codes beside those of `proof.verification`: COLUMN_DIFFERS, ORDER_WRONG, FOLD_FAILED,
    UNREGISTERED_TASK, UNIT_NO_MEMBER, NOT_ADOPTED, NOT_SUCCEEDED, COMMAND_DIFFERS, COMMAND_UNUSED,
    ROW_MISSING, ROW_UNEXPECTED, ROW_DIFFERS,
    OPENING_MISSING, OPENING_MISMATCH, OUTBOX_DIFFERS, LETTER_UNEXPECTED.
    """
    with outages_translated(), engine.connect() as connection, connection.begin():
        return _Verification(connection, evidence).run()


class _Verification:
    """One run."""

    def __init__(self, connection: Connection, evidence: EvidenceFolder) -> None:
        self._connection = connection
        self._evidence = evidence
        self._report = Report()
        self._checker = TrailChecker()
        self._rebuild = Rebuild()
        self._tables = TableCheck(connection)
        self._unfolded: set[tuple[str, str]] = set()
        self._transfers: list[Transfer] = []

    def run(self) -> Report:
        for origin, stream in _streams(self._connection):
            self._report.streams += 1
            self._check_stream(origin, stream)
        counts = ContentCounts()
        rebuilt = self._rebuild.rows
        self._report_all(self._tables.leftovers())
        self._report_all(state_findings(self._connection, rebuilt, frozenset(self._unfolded)))
        self._report_all(membership_findings(rebuilt, self._transfers))
        self._report_all(content_findings(self._connection, self._evidence, counts))
        self._report.openings, self._report.files = counts.openings, counts.files
        self._report.bases = self._checker.bases
        self._report.unchecked += [
            Finding("AUTHORSHIP_NOT_PROVEN", origin, "demo custody")
            for origin in sorted(self._checker.demo_custody)
        ]
        return self._report

    def _check_stream(self, origin: str, stream: str) -> None:
        folding, position = True, 0
        for chunk in _chunks(self._connection, origin, stream):
            changes: list[Change] = []
            for row in chunk:
                self._report.events += 1
                event = self._check_row(row)
                if row["position"] <= position:
                    self._report.add(Finding("ORDER_WRONG", _place(row)))
                position = max(position, row["position"])
                if event is None or not folding:
                    folding = False  # what follows has nothing to stand on
                    continue
                folding = self._fold(row, event, changes)
            self._report_all(self._tables.check(chunk, changes, complete=folding))
        if folding:
            self._rebuild.end_stream()
        else:
            self._rebuild.drop_stream()
            self._unfolded.add((origin, stream))
            self._report.unchecked.append(
                Finding("READ_TABLES", place_of(origin, stream, "*"), "stream does not fold")
            )

    def _check_row(self, row: RowMapping) -> EventEnvelope | None:
        event, findings = self._checker.check(
            TrailRow(
                row["origin"], row["stream"], row["seq"], row["data"], row["hash"], row["envelope"]
            )
        )
        self._report_all(findings)
        if event is not None:
            expected = event_row(event, row["hash"])
            for column in differences(expected, row):
                self._report.add(Finding("COLUMN_DIFFERS", _place(row), column))
        return event

    def _fold(self, row: RowMapping, event: EventEnvelope, changes: list[Change]) -> bool:
        try:
            changes += self._rebuild.add(Recorded(row["position"], event, row["hash"]))
        except Exception as error:  # noqa: BLE001 - an event nobody decided breaks the fold anyhow
            self._report.add(Finding("FOLD_FAILED", _place(row), type(error).__name__))
            return False
        if event.kind == TaskIssued.__name__:
            task = task_of_stream(event.stream)
            registered = self._rebuild.rows.get("registrations", {}).get((event.origin, task), {})
            if registered.get("hash") != event.data.get("registration"):
                self._report.add(Finding("UNREGISTERED_TASK", _place(row)))
        if event.kind == AssignmentTransferred.__name__:
            named = {name: event.data[name] for name in ("unit", "into")}
            self._transfers.append(Transfer(event.origin, _place(row), **named))
        return True

    def _report_all(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._report.add(finding)


def _streams(connection: Connection) -> list[tuple[str, str]]:
    """All streams, of each origin the conference's first: the others rest on it."""
    rows = connection.execute(
        select(events.c.origin, events.c.stream).group_by(events.c.origin, events.c.stream)
    )
    found = [(row.origin, row.stream) for row in rows]
    return sorted(found, key=lambda pair: (pair[0], pair[1] != CONFERENCE_STREAM, pair[1]))


def _chunks(connection: Connection, origin: str, stream: str) -> Iterator[Sequence[RowMapping]]:
    after = -1
    while True:
        chunk = (
            connection.execute(
                select(events, commands.c.envelope)
                .outerjoin(
                    commands,
                    (commands.c.origin == events.c.origin)
                    & (commands.c.payload_sha256 == events.c.payload_sha256),
                )
                .where(events.c.origin == origin, events.c.stream == stream, events.c.seq > after)
                .order_by(events.c.seq)
                .limit(CHUNK)
            )
            .mappings()
            .all()
        )
        if not chunk:
            return
        yield chunk
        after = chunk[-1]["seq"]


def _place(row: RowMapping) -> str:
    return place_of(row["origin"], row["stream"], row["seq"])
