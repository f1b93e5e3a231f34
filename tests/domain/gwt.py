"""Given-when-then over the pure core: events in, an order, events or a refusal out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import DEFAULT_RULES, Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.decide import Order, decide, rungs_due
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import Actor, Commitment, role_of

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""

DAY = timedelta(days=1)


def commitment(text: str) -> Commitment:
    """A stand-in for the commitment to a text."""
    return Commitment(commit=sha256(text.encode()).hexdigest(), size=len(text.encode()))


def event_hash(seq: int) -> str:
    """The made-up hash of the event at `seq`."""
    return sha256(str(seq).encode()).hexdigest()


def issued(
    *units: str,
    lead: str | None = None,
    acknowledge_by: timedelta = 2 * DAY,
    due: timedelta = 12 * DAY,
    rules: Rules = DEFAULT_RULES,
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
    """A task with a history; `when` gives it an order."""

    def __init__(self) -> None:
        self.seq = 0
        self.now = START
        self.state: TaskState | None = None

    def given(self, *events: ev.TaskEvent, after: timedelta | None = None) -> "Story":
        """These events stand, `after` the start."""
        if after is not None:
            self.now = START + after
        for event in events:
            self.record(event)
        return self

    def record(self, event: ev.TaskEvent) -> None:
        """One more event, at the present instant, on the basis that goes with its kind."""
        self.seq += 1
        rule = isinstance(event, ev.RungFired | ev.TaskArchived | ev.RosterAdopted)
        fact = ev.Fact(
            self.seq, event_hash(self.seq), self.now, "rule" if rule else "command", event
        )
        self.state = evolve(self.state, fact)

    @property
    def task(self) -> TaskState:
        """The state; the story has begun."""
        assert self.state is not None
        return self.state

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
            assignment = self.task.assignments.get(about) if about else None
            expect = assignment.head if assignment else self.task.head
        order = Order(Actor(unit=unit, role=role_of(unit)), command, expect)
        return Then(self, lambda: decide(self.task, order, self.now))

    def when_time_passes(self, after: timedelta) -> "Then":
        """Nobody acts; the rules do."""
        self.now = START + after
        return Then(self, lambda: rungs_due(self.task, self.now))


class Then:
    """What came of it."""

    def __init__(self, story: Story, act: Callable[[], tuple[ev.TaskEvent, ...]]) -> None:
        self.story = story
        self._act = act

    def then(self, *expected: ev.TaskEvent) -> Story:
        """Exactly these events."""
        events = self._act()
        assert events == expected, f"{events} is not {expected}"
        for event in events:
            self.story.record(event)
        return self.story

    def then_kinds(self, *kinds: str) -> Story:
        """Events of exactly these kinds."""
        events = self._act()
        assert [type(event).__name__ for event in events] == list(kinds)
        for event in events:
            self.story.record(event)
        return self.story

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
