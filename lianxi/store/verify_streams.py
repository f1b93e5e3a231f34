"""Streams checked one by one against their rows: what one process of a verification does (store layer).

A task's stream needs nothing but what the conference's stream holds (`Knowledge`), so that streams
can be shared out among processes. What only all streams together can show is handed back.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select

from lianxi.domain.conference.events import TaskRegistered
from lianxi.domain.conference.state import ConferenceState, Registration
from lianxi.domain.refusal import Refusal
from lianxi.domain.task.events import AssignmentTransferred, TaskIssued
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.envelopes import COMMAND_TYPE, decode
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.verification import Examined, Finding, TrailChecker, TrailRow, place_of
from lianxi.store.dialect import take_any_text
from lianxi.store.prepared import Prepared
from lianxi.store.projection import Change, Recorded, Row, event_row
from lianxi.store.rebuild import Key, Rebuild
from lianxi.store.succession import successors_of
from lianxi.store.tables import commands, events
from lianxi.store.verify_tables import SeenRows, TableCheck, TaskTables, differences
from lianxi.streams.laws import Held, laws_of
from lianxi.streams.rederive import Derived, Standing, StreamRederiver

Depth = Literal["bytes", "full", "deep"]

MAX_FINDINGS = 1_000
"""More are counted, not listed."""

CHUNK = 500
"""Events between two looks at the tables whose rows follow from single events."""

Stream = tuple[str, str]
"""Origin and name."""

EventRow = Mapping[str, Any]
"""A row of `events`, with the row of the command that caused it."""


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
        for chunk in _chunks(self._connection, origin, stream):
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
        for column in differences(event_row(event, row["hash"]), row):
            outcome.add(Finding("COLUMN_DIFFERS", trail_row.place, column))
        # a task's first event shares its command with the conference's stream, where it is checked
        if event.cause.index == 0 and row["envelope"] is not None and event.kind != _ISSUED:
            self._report_all(_command_findings(row))
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


def streams_of(connection: Connection) -> Counter[Stream]:
    """All streams with the number of their events, of each origin the conference's first."""
    rows = connection.exec_driver_sql(
        "SELECT origin, stream, count(*) FROM events GROUP BY origin, stream"
    )
    found = [(origin, stream, count) for origin, stream, count in rows]
    found.sort(key=lambda each: (each[0], each[1] != CONFERENCE_STREAM, each[1]))
    return Counter({(origin, stream): count for origin, stream, count in found})


_ISSUED = TaskIssued.__name__

_REPEATED = ("stream", "unit", "request_id", "action")
"""Columns of `commands` that repeat what the payload says."""


def _command_findings(row: EventRow) -> Iterator[Finding]:
    """Whether a row of `commands` holds an envelope, and says what that says.

    The payload is not judged here, only held against its digest, which the event names.
    """
    place = place_of(row["origin"], "commands", row["payload_sha256"])
    try:
        payload = decode(row["envelope"].encode(), payload_type=COMMAND_TYPE).payload
        said = json.loads(payload)
        expected = {f"command_{name}": said[name] for name in _REPEATED}
    except Refusal as refusal:
        yield Finding("COMMAND_DIFFERS", place, refusal.code)
        return
    except (ValueError, LookupError, TypeError, RecursionError):
        yield Finding("COMMAND_DIFFERS", place, "payload")
        return
    if sha256_hex(payload) != row["payload_sha256"]:
        yield Finding("COMMAND_DIFFERS", place, "payload_sha256")
    for column in differences(expected, row):
        yield Finding("COMMAND_DIFFERS", place, column.removeprefix("command_"))


_CHUNK = (
    select(
        events,
        commands.c.envelope,
        *(commands.c[name].label(f"command_{name}") for name in _REPEATED),
    )
    .outerjoin(
        commands,
        (commands.c.origin == events.c.origin)
        & (commands.c.payload_sha256 == events.c.payload_sha256),
    )
    .where(
        events.c.origin == bindparam("origin_"),
        events.c.stream == bindparam("stream_"),
        events.c.seq > bindparam("after_"),
    )
    .order_by(events.c.seq)
    .limit(CHUNK)
)
_NEXT = Prepared(lambda _: _CHUNK)


def _chunks(connection: Connection, origin: str, stream: str) -> Iterator[Sequence[EventRow]]:
    after = -1
    while True:
        where = {"origin_": origin, "stream_": stream, "after_": after}
        chunk = _NEXT.rows(connection, where)
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return
        after = chunk[-1]["seq"]


def _place(row: EventRow) -> str:
    return place_of(row["origin"], row["stream"], row["seq"])
