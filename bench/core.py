"""The pure core by itself: one command on a large task, beside the bare hashing of the same bytes.

`python -m bench.core`: decide, evolve and seal one command on a task with 28 assignments and 400
events behind it, as time and as ratio to RFC 8785 and SHA-256 of the same bytes; and what finding the
next deadline costs as events grow. No server, no signature, no store.
"""

import hashlib
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

import rfc8785

from lianxi.domain.calendar import Calendar, CalendarEntry, OffsetSince
from lianxi.domain.limits import DaysLimit, InstantLimit
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import Actor, Commitment, Role, role_of
from lianxi.streams.writer import StreamWriter, by_rule

UNITS = 28
EVENTS = 400
GROWTH = (40, 400, 4_000)
"""After so many events the next deadline is looked for."""

AIM_SECONDS = 0.001
"""What one command may take."""

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
TEXT = Commitment(commit="5a" * 32, size=120)
NOBODY = by_rule("bench")


@dataclass(frozen=True, slots=True)
class Side:
    """One command: medians in seconds, and how many bytes its events have."""

    action: str
    ours: float
    bare: float
    size: int

    @property
    def ratio(self) -> float:
        """How many times the bare hashing."""
        return self.ours / self.bare


@dataclass(frozen=True, slots=True)
class CoreFigures:
    """What was measured: each command, and seconds for the next deadline by number of events."""

    commands: tuple[Side, ...]
    next_deadline: dict[int, float]


def calendar() -> Calendar:
    """As large as China's: some ten entries a year for three years."""
    days = [date(year, month, 3) for year in (2025, 2026, 2027) for month in range(1, 13)]
    return Calendar(
        version=1,
        zone="Asia/Shanghai",
        offsets=(OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=28_800),),
        entries=tuple(CalendarEntry(first=d, last=d, kind="holiday", name="节") for d in days),
        known_until=date(2027, 12, 31),
    )


class Played:
    """A task with a history, sealed as a workflow seals it."""

    def __init__(self) -> None:
        self.writer = StreamWriter("bench.invalid/lianxi/bench/" + "0" * 16, "task/T-0001", "{}")
        self.now = START
        units = tuple(f"U{number:02d}" for number in range(1, UNITS + 1))
        command = cmd.IssueTask(
            ref="bench",
            mode=cmd.Mode.LEAD,
            title=TEXT,
            text=TEXT,
            lead=units[0],
            units=units[1:],
            due=DaysLimit(days=200, kind="working"),
            concurrence=True,
        )
        context = IssueContext("T-0001", DEFAULT_RULES, "0" * 64, "0" * 64, START, calendar())
        order = Order(Actor(unit="office", role=Role.OFFICE), command)
        self.units = units
        self.state = self._followed(None, decide_issue(order, context))

    def _followed(self, state: TaskState | None, events: Sequence[ev.TaskEvent]) -> TaskState:
        for sealed in self.writer.seal(tuple(events), NOBODY, self.now):
            if not isinstance(sealed.data, ev.TaskEvent):
                raise TypeError("a task's events")
            fact = ev.Fact(sealed.seq, sealed.hash, sealed.at, "command", sealed.data)
            state = evolve(state, fact)
        if state is None:
            raise TypeError("nothing was sealed")
        return state

    def one(self, order: Order) -> TaskState:
        """Decide, seal and evolve one command; the state it leads to."""
        return self._followed(self.state, decide(self.state, order, self.now))

    def grow(self, events: int) -> None:
        """Units report, ask and take back, until so many events stand."""
        while self.state.seq < events:
            self.now += timedelta(minutes=3)
            unit = self.units[self.state.seq % UNITS]
            part = self.state.assignments[unit]
            says: cmd.UnitCommand = cmd.ReportProgress(percent=self.state.seq % 100, text=TEXT)
            if part.stop is not None:
                says = cmd.RetractRequest(request="stop")
            elif self.state.seq % 5 == 0 and part.state == "in-progress":
                says = cmd.RequestStop(reason=TEXT)
            self.state = self.one(self.order(unit, says))

    def order(self, unit: str, command: cmd.TaskCommand) -> Order:
        """By somebody who has seen everything."""
        about = getattr(command, "unit", unit)
        part = self.state.assignments.get(about)
        head = self.state.head if part is None else part.head
        return Order(Actor(unit=unit, role=role_of(unit)), command, head)


def orders(played: Played) -> list[Order]:
    """Commands that cost differently: a report, a submission with questions, new limits for all."""
    lead, support = played.units[:2]
    later = InstantLimit(at=START + timedelta(days=400))
    suspend = cmd.SuspendAssignment(
        unit=support, reason=TEXT, review_by=DaysLimit(days=10, kind="working")
    )
    return [
        played.order(support, cmd.ReportProgress(percent=50, text=TEXT)),
        played.order(lead, cmd.SubmitCompletion(report=TEXT)),
        played.order(support, cmd.RequestExtension(until=later, reason=TEXT)),
        played.order("office", suspend),
        played.order("office", cmd.UrgeUnits(units=(support,), text=TEXT)),
        played.order("office", due_in(played, 100)),
    ]


def due_in(played: Played, days: int) -> cmd.ChangeDue:
    """New limits, which no memory of old ones helps to find."""
    limit = DaysLimit(days=days, kind="working")
    return cmd.ChangeDue(units=(played.units[1],), due=limit, reason=TEXT)


def median_seconds(act: Callable[[], object], times: int) -> float:
    """The middle one of so many."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _varied(played: Played, order: Order) -> Callable[[], object]:
    """The command again and again; a new due is another one every time."""
    if not isinstance(order.command, cmd.ChangeDue):
        return lambda: played.one(order)
    days = itertools.cycle(range(20, 180))
    return lambda: played.one(played.order("office", due_in(played, next(days))))


def measure(times: int = 300) -> CoreFigures:
    """All figures; about five seconds."""
    played = Played()
    played.grow(EVENTS)
    sides: list[Side] = []
    for order in orders(played):
        before = played.writer.tail_length
        played.one(order)
        batch = [event.text for event in played.writer._unrecorded[before:]]  # noqa: SLF001 - its bytes
        values = [json.loads(event) for event in batch]
        ours = median_seconds(_varied(played, order), times)
        bare = median_seconds(partial(_hash_all, values), times)
        size = sum(len(event.encode()) for event in batch)
        sides.append(Side(order.command.action, ours, bare, size))
    growth: dict[int, float] = {}
    grown = Played()
    for events in GROWTH:
        grown.grow(events)
        growth[events] = median_seconds(lambda: next_deadline(grown.state), times)
    return CoreFigures(tuple(sides), growth)


def _hash_all(values: list[object]) -> None:
    for value in values:
        hashlib.sha256(b"\x00" + rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]


def as_text(figures: CoreFigures) -> str:
    """A table for people."""
    lines = [f"one command on {UNITS} assignments behind {EVENTS} events (decide + evolve + seal):"]
    lines += [
        f"  {side.action:10} {side.ours * 1e6:7.0f} µs   bare {side.bare * 1e6:5.0f} µs"
        f"   ratio {side.ratio:4.1f}   {side.size} bytes"
        for side in figures.commands
    ]
    lines.append("next deadline:")
    lines += [
        f"  {events:6,} events {seconds * 1e6:6.1f} µs"
        for events, seconds in figures.next_deadline.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Print; 1 where a command takes longer than it may."""
    figures = measure()
    print(as_text(figures))
    return 1 if max(side.ours for side in figures.commands) > AIM_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
