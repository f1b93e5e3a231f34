"""Streams checked one by one against their rows: what one process of a verification does (store layer).

A task's stream needs nothing but what the conference's stream holds (`Knowledge`), so that streams
can be shared out among processes. What only all streams together can show is handed back.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from lianxi.domain.conference.events import TaskRegistered
from lianxi.domain.conference.state import ConferenceState, Registration
from lianxi.domain.task.events import AssignmentTransferred, TaskIssued
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.verification import Examined, Finding, TrailChecker, TrailRow, place_of
from lianxi.store.dialect import take_any_text
from lianxi.store.projection import Change, Recorded, Row
from lianxi.store.rebuild import Key, Rebuild
from lianxi.store.succession import successors_of
from lianxi.store.verify_rows import EventRow, Stream, column_findings, event_rows
from lianxi.store.verify_tables import SeenRows, TableCheck, TaskTables
from lianxi.streams.laws import Held, laws_of
from lianxi.streams.rederive import Derived, Standing, StreamRederiver

Depth = Literal["bytes", "full", "deep"]

MAX_FINDINGS = 1_000
"""More are counted, not listed."""


@dataclass
class Knowledge:
    """What tasks rest on, by origin: everything here comes from the streams `conference`."""

    checker: TrailChecker
    held: dict[str, Held] = field(default_factory=dict)
    conferences: dict[str, ConferenceState] = field(default_factory=dict)

    def held_by(self, origin: str) -> Held:
        """What the conference's stream of an origin holds so far."""
        return self.held.setdefault(origin, Held(rosters=self.checker.rosters_of(origin)))


@dataclass
class Outcome:
    """What a look at some streams came to."""

    findings: list[Finding] = field(default_factory=list)
    dropped: int = 0
    events: int = 0
    streams: int = 0
    bases: Counter[str] = field(default_factory=Counter)
    derived: Derived = field(default_factory=Derived)
    unchecked: list[Finding] = field(default_factory=list)
    unfolded: set[Stream] = field(default_factory=set)
    seen: SeenRows = field(default_factory=SeenRows)
    begun: set[Stream] = field(default_factory=set)
    """(origin, task) of tasks whose stream has begun."""
    rulebooks: dict[tuple[Any, ...], Mapping[str, Any]] = field(default_factory=dict)
    """What tasks follow: rows of `rulebooks` by their keys."""

    def add(self, finding: Finding) -> None:
        """Note a finding, up to the bound."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)
        else:
            self.dropped += 1

    def merge(self, other: "Outcome") -> None:
        """Take in what another process found."""
        for finding in other.findings:
            self.add(finding)
        self.dropped += other.dropped
        self.events += other.events
        self.streams += other.streams
        self.bases.update(other.bases)
        self.derived.add(other.derived)
        self.unchecked += other.unchecked
        self.unfolded |= other.unfolded
        self.seen.add(other.seen)
        self.begun |= other.begun
        for key, row in other.rulebooks.items():
            self.rulebooks.setdefault(key, row)


class StreamsCheck:
    """Checks whole streams in one connection; the stream `conference` of an origin comes first."""

    def __init__(
        self,
        connection: Connection,
        knowledge: Knowledge,
        depth: Literal["full", "deep"],
        now: datetime | None,
    ) -> None:
        """`now`: the present, where a rung that did not fire by now would count."""
        take_any_text(connection)
        self._connection = connection
        self._knowledge = knowledge
        self._deep = depth == "deep"
        self._now = now
        self.rebuild = Rebuild(knowledge.conferences, clocks=self._deep)
        self.outcome = Outcome()
        self._tables = TableCheck(connection, self.outcome.seen)
        self._tasks = TaskTables(connection, self.outcome.seen)

    def check(self, origin: str, stream: str) -> None:
        """Every event of one stream, and the rows that show it."""
        self.outcome.streams += 1
        walk = _Walk(origin, stream, self._rederiver(origin, stream))
        before = self.outcome.events
        for chunk in event_rows(self._connection, origin, stream):
            changes: list[Change] = []
            for row in chunk:
                self._check_event(walk, row, changes)
            self._report_all(self._tables.check(chunk, changes, complete=walk.folding))
        if self.outcome.events == before:  # it was named by events that nobody finds by that name
            self.outcome.add(Finding("STREAM_UNREADABLE", place_of(origin, stream, "*")))
            return
        self._end(walk)

    def _rederiver(self, origin: str, stream: str) -> StreamRederiver | None:
        if not self._deep:
            return None
        return StreamRederiver(
            laws_of(stream, self._knowledge.held_by(origin)), self.outcome.derived
        )

    def _check_event(self, walk: "_Walk", row: EventRow, changes: list[Change]) -> None:
        outcome = self.outcome
        outcome.events += 1
        trail_row = TrailRow(
            row["origin"], row["stream"], row["seq"], row["data"], row["hash"], row["envelope"]
        )
        examined = self._knowledge.checker.examine(trail_row)
        self._report_all(examined.findings)
        if row["position"] <= walk.position:
            outcome.add(Finding("ORDER_WRONG", trail_row.place))
        walk.position = max(walk.position, row["position"])
        event = examined.event
        if event is None:
            walk.folding = False  # what follows has nothing to stand on
            return
        outcome.bases[event.basis] += 1
        self._report_all(column_findings(event, row))
        if not walk.folding:
            return
        self._derive(walk, examined, row)
        self._fold(walk, examined, row, changes)

    def _derive(self, walk: "_Walk", examined: Examined, row: EventRow) -> None:
        standing = Standing.of(examined, row["hash"], row["envelope"])
        if standing is None:
            return
        if examined.changed and walk.rederiver is not None:
            # no rule is run on what somebody has changed, since it can be anything
            walk.rederiver = None
            self.outcome.unchecked.append(Finding("DERIVATION", _place(row), "from here on"))
        state = self.rebuild.state_of(walk.origin, walk.stream)
        if walk.stream == CONFERENCE_STREAM:
            self._knowledge.held_by(walk.origin).follow(standing)
            if isinstance(state, ConferenceState):
                # the projection leaves them out, since each event would copy them all
                state = state.model_copy(update={"registrations": walk.registrations})
        if walk.rederiver is not None:
            self._report_all(walk.rederiver.check(state, standing))
        match standing.data:
            case TaskRegistered() as data:
                walk.registrations[data.ref] = Registration(
                    task=data.task, args_hash=data.args_hash
                )
            case _:
                pass

    def _fold(
        self, walk: "_Walk", examined: Examined, row: EventRow, changes: list[Change]
    ) -> None:
        event, place = examined.event, _place(row)
        if event is None:
            return
        try:
            recorded = Recorded(row["position"], event, row["hash"], examined.data)
            changes += self.rebuild.add(recorded)
        except Exception as error:  # noqa: BLE001 - an event nobody decided breaks the fold anyhow
            self.outcome.add(Finding("FOLD_FAILED", place, type(error).__name__))
            walk.folding = False
            return
        match examined.data:
            case TaskIssued() as data:
                self._check_registration(walk, data, place)
            case AssignmentTransferred() as data:
                conference = self._knowledge.conferences.get(walk.origin)
                successors = {} if conference is None else conference.successors
                if data.into not in successors_of(successors, data.unit):
                    detail = f"{data.unit} -> {data.into}"
                    self.outcome.add(Finding("NOT_SUCCEEDED", place, detail))

    def _check_registration(self, walk: "_Walk", data: TaskIssued, place: str) -> None:
        task = task_of_stream(walk.stream) or ""
        known = self._knowledge.held_by(walk.origin).registrations.get(task)
        if known is None or known.registration.hash != data.registration:
            self.outcome.add(Finding("UNREGISTERED_TASK", place))
        self.outcome.begun.add((walk.origin, task))

    def _end(self, walk: "_Walk") -> None:
        origin, stream = walk.origin, walk.stream
        state = self.rebuild.state_of(origin, stream)
        end = place_of(origin, stream, "end")
        if walk.folding and walk.rederiver is not None:
            self._report_all(walk.rederiver.finish(state, end, self._now))
        rows: dict[str, dict[Key, Row]] = {}
        try:
            rows = self.rebuild.end_stream() if walk.folding else rows
        except Exception as error:  # noqa: BLE001 - as in _fold
            self.outcome.add(Finding("FOLD_FAILED", end, type(error).__name__))
            walk.folding = False
        if not walk.folding:
            self.rebuild.drop_stream()
            self.outcome.unfolded.add((origin, stream))
            self.outcome.unchecked.append(
                Finding("READ_TABLES", place_of(origin, stream, "*"), "stream does not fold")
            )
            return
        if isinstance(state, TaskState):
            self.outcome.rulebooks |= rows.pop("rulebooks", {})
            self._report_all(self._tasks.check(origin, state.task, rows))
            self._report_all(self._members(origin, state))

    def _members(self, origin: str, state: TaskState) -> Iterator[Finding]:
        """The units of a task are units of its conference."""
        conference = self._knowledge.conferences.get(origin)
        for unit in state.assignments:
            if conference is None or unit not in conference.members:
                yield Finding("UNIT_NO_MEMBER", f"assignments:{origin}|{state.task}|{unit}")

    def _report_all(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.outcome.add(finding)


@dataclass
class _Walk:
    """Through one stream."""

    origin: str
    stream: str
    rederiver: StreamRederiver | None
    folding: bool = True
    registrations: dict[str, Registration] = field(default_factory=dict)
    position: int = 0


def _place(row: EventRow) -> str:
    return place_of(row["origin"], row["stream"], row["seq"])
