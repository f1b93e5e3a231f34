"""Given-when-then over the pure core: events in, an order, events or a refusal out.

`issued` makes a task of release 0.1 (plain durations, no calendar); `modern` one of today: default
rules, limits counted in working days on `CALENDAR`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Literal

import pytest

from lianxi.domain.calendar import Calendar, CalendarEntry, OffsetSince
from lianxi.domain.engine import NEWEST_ENGINE
from lianxi.domain.ladder import Clocks
from lianxi.domain.limits import AnyLimit, DaysLimit, InstantLimit
from lianxi.domain.refusal import Refusal
from lianxi.domain.reports import ReportCycle
from lianxi.domain.rules import DEFAULT_RULES, FIRST_RULES, Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import Timed, rungs_due
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import Actor, Commitment, Role, role_of

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
SHANGHAI = timezone(timedelta(hours=8))


def entry(first: date, last: date, kind: Literal["holiday", "workday"]) -> CalendarEntry:
    return CalendarEntry(first=first, last=last, kind=kind, name="节")


CALENDAR = Calendar(
    version=1,
    zone="Asia/Shanghai",
    offsets=(OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=8 * 3600),),
    entries=(
        entry(date(2026, 12, 3), date(2026, 12, 4), "holiday"),
        entry(date(2026, 12, 12), date(2026, 12, 12), "workday"),
    ),
    known_until=date(2026, 12, 31),
)
"""Like China's: a holiday on Thursday and Friday, made up for on Saturday a week later."""


def at(text: str) -> datetime:
    """`11-05 10:00` of 2026 in Shanghai; a year may stand before it."""
    if len(text) == len("11-05 10:00"):
        text = f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def working(days: int) -> DaysLimit:
    return DaysLimit(days=days, kind="working")


def fixed(text: str) -> InstantLimit:
    return InstantLimit(at=at(text))


def commitment(text: str) -> Commitment:
    """A stand-in for the commitment to a text."""
    return Commitment(commit=sha256(text.encode()).hexdigest(), size=len(text.encode()))


REASON = commitment("reason")


def event_hash(seq: int) -> str:
    """The made-up hash of the event at `seq`."""
    return sha256(str(seq).encode()).hexdigest()


def issued(
    *units: str,
    lead: str | None = None,
    acknowledge_by: timedelta = 2 * DAY,
    due: timedelta = 12 * DAY,
    rules: Rules = FIRST_RULES,
) -> ev.TaskIssued:
    """A task issued at START: mode `each`, or `lead` with `units` as supports."""
    parts: list[tuple[str, Literal["lead", "support", "member"]]] = [
        (unit, "support" if lead else "member") for unit in units
    ]
    if lead:
        parts.insert(0, (lead, "lead"))
    return ev.TaskIssued(
        task="T-0001",
        ref="task-1",
        registration=event_hash(0),
        opened_at=START,
        mode=cmd.Mode.LEAD if lead else cmd.Mode.EACH,
        title=commitment("title"),
        rules=rules,
        rules_hash=event_hash(0),
        assignments=tuple(
            ev.AssignmentTerms(
                unit=unit,
                role=role,
                acknowledge_by=START + acknowledge_by,
                due=START + due,
            )
            for unit, role in parts
        ),
    )


def modern(
    *units: str,
    lead: str | None = None,
    acknowledge_by: AnyLimit | None = None,
    due: AnyLimit | None = None,
    rules: Rules = DEFAULT_RULES,
    calendar: Calendar | None = CALENDAR,
    kind: str | None = None,
    concurrence: Literal[True] | None = None,
    report: ReportCycle | None = None,
) -> ev.TaskIssued:
    """A task issued at START as it is today: by `decide_issue`, with rules and calendar."""
    command = cmd.IssueTask(
        ref="task-1",
        mode=cmd.Mode.LEAD if lead else cmd.Mode.EACH,
        title=commitment("title"),
        kind=kind,
        lead=lead,
        units=units,
        acknowledge_by=acknowledge_by,
        due=due,
        concurrence=concurrence,
        report=report,
    )
    context = IssueContext(
        "T-0001", rules, event_hash(0), event_hash(0), START, calendar, event_hash(0)
    )
    order = Order(Actor(unit="office", role=Role.OFFICE), command)
    (event,) = decide_issue(order, context)
    assert isinstance(event, ev.TaskIssued)
    return event


def acknowledged(unit: str) -> ev.AssignmentAcknowledged:
    return ev.AssignmentAcknowledged(unit=unit)


def submitted(unit: str, cycle: int = 1) -> ev.CompletionSubmitted:
    return ev.CompletionSubmitted(
        unit=unit, cycle=cycle, report=commitment("done"), report_media="text/plain"
    )


def accepted(unit: str, seq: int) -> ev.CompletionAccepted:
    """Acceptance of the submission that stands at `seq`."""
    return ev.CompletionAccepted(unit=unit, submission=event_hash(seq))


class Story:
    """A task with a history; `when` gives it an order. The hash of an event follows from its seq."""

    def __init__(self, engine: int = NEWEST_ENGINE) -> None:
        self.seq = 0
        self.engine = engine
        self.now = START
        self.state: TaskState | None = None
        self.facts: list[ev.Fact] = []

    def given(self, *events: ev.TaskEvent, after: timedelta | None = None) -> "Story":
        """These events stand, `after` the start."""
        if after is not None:
            self.now = START + after
        for event in events:
            self.record(event)
        return self

    def record(self, event: ev.TaskEvent, role: Role | None = None) -> None:
        """One more event, at the present instant, on the basis that goes with its kind."""
        self.seq += 1
        rule = isinstance(event, Timed | ev.RosterAdopted)
        basis: Literal["command", "rule"] = "rule" if rule else "command"
        fact = ev.Fact(self.seq, event_hash(self.seq), self.now, basis, event, role)
        self.facts.append(fact)
        self.state = evolve(self.state, fact)

    @property
    def task(self) -> TaskState:
        """The state; the story has begun."""
        assert self.state is not None
        return self.state

    def part(self, unit: str = "U01") -> Assignment:
        """The unit's assignment."""
        return self.task.assignments[unit]

    def clocks(self, unit: str = "U01") -> Clocks:
        """What runs for the unit."""
        clocks = self.part(unit).clocks
        assert clocks is not None
        return clocks

    def last(self, kind: type[ev.TaskEvent]) -> str:
        """The hash of the last event of a kind."""
        return next(fact.hash for fact in reversed(self.facts) if isinstance(fact.data, kind))

    def when(
        self,
        unit: str,
        command: cmd.TaskCommand,
        *,
        after: timedelta | None = None,
        expect: str | None = "head",
    ) -> "Then":
        """`unit` gives a command; `expect` is by default what an attentive actor has seen."""
        if after is not None:
            self.now = START + after
        if expect == "head":
            about = getattr(command, "unit", None)
            if isinstance(command, cmd.UnitCommand):
                about = unit
            assignment = self.task.assignments.get(about) if about else None
            expect = assignment.head if assignment else self.task.head
        order = Order(Actor(unit=unit, role=role_of(unit)), command, expect)
        return Then(self, lambda: decide(self.task, order, self.now, self.engine), role_of(unit))

    def does(self, unit: str, *commands: cmd.TaskCommand) -> "Story":
        """`unit` gives commands that are taken."""
        for command in commands:
            self.when(unit, command).taken()
        return self

    def when_time_passes(self, after: timedelta) -> "Then":
        """Nobody acts; the rules do, all at once, as after an absence."""
        self.now = START + after
        return Then(self, lambda: rungs_due(self.task, self.now))

    def away_until(self, text: str) -> "Then":
        """The service comes back at this time."""
        return self.when_time_passes(at(text) - START)

    def lives_until(self, text: str) -> list[tuple[datetime, ev.TaskEvent]]:
        """Time passes with the service awake: every rule acts at its very instant."""
        until = at(text)
        fired: list[tuple[datetime, ev.TaskEvent]] = []
        while (deadline := next_deadline(self.task)) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            events = rungs_due(self.task, self.now)
            assert events, "what the clocks promise the clockwork does"
            for event in events:
                self.record(event)
                fired.append((self.now, event))
        self.now = max(self.now, until)
        return fired

    def lives(self, text: str) -> "Story":
        """As `lives_until`, to go on telling."""
        self.lives_until(text)
        return self


def rungs(fired: list[tuple[datetime, ev.TaskEvent]]) -> list[tuple[str, str]]:
    """What fired, as (local time, name of the rung or kind of the event)."""
    return [
        (
            when.astimezone(SHANGHAI).strftime("%m-%d %H:%M"),
            str(getattr(event, "rung", None) or type(event).__name__),
        )
        for when, event in fired
    ]


class Then:
    """What came of it."""

    def __init__(
        self,
        story: Story,
        act: Callable[[], tuple[ev.TaskEvent, ...]],
        role: Role | None = None,
    ) -> None:
        self.story = story
        self._act = act
        self._role = role

    def then(self, *expected: ev.TaskEvent) -> Story:
        """Exactly these events."""
        events = self._act()
        assert events == expected, f"{events} is not {expected}"
        for event in events:
            self.story.record(event, self._role)
        return self.story

    def then_kinds(self, *kinds: str) -> Story:
        """Events of exactly these kinds."""
        events = self._act()
        assert [type(event).__name__ for event in events] == list(kinds)
        for event in events:
            self.story.record(event, self._role)
        return self.story

    def taken(self) -> tuple[ev.TaskEvent, ...]:
        """Whatever events; they stand now."""
        events = self._act()
        for event in events:
            self.story.record(event, self._role)
        return events

    def refusal_code(self) -> str | None:
        """The code of the refusal, if it is one."""
        try:
            self._act()
        except Refusal as refusal:
            return refusal.code
        return None

    def refused(self, code: str, **params: Any) -> Story:
        """A refusal with this code and at least these params; nothing has changed."""
        before = self.story.state
        with pytest.raises(Refusal) as caught:
            self._act()
        refusal = caught.value
        assert refusal.code == code, f"{refusal.code} {refusal.params}"
        assert params.items() <= refusal.params.items()
        assert self.story.state == before
        return self.story
