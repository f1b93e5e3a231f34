"""Plays the script: line by line in the order of time, on whatever ground it is given (tools).

A ground is the real set (`tools.year.set`) or, in tests, the pure streams. What a line has to name
(a submission, a request, a proposal, what was seen last) is looked up in the record, as people do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from lianxi.domain.calendar import Calendar
from lianxi.domain.task import events as ev
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.domain.values import format_instant
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.messages import Receipt
from tools.year.conference import CONFERENCE, RULES
from tools.year.days import Days, calendar_of
from tools.year.habits import lines_of
from tools.year.naming import SUBJECTS, TO_LOOK_UP
from tools.year.people import Said, wire
from tools.year.plan import TASKS
from tools.year.script import InForce, Line, On, Planned, Text, When

AT_ONCE = 8
"""Tasks that are played at the same time."""

ABOUT_A_TASK = ("issue", "redact")
"""What is said about a task, but decided by the conference."""


class Ground(Protocol):
    """Where the script is played."""

    async def reach(self, streams: Iterable[str], instant: datetime) -> None:
        """Let the time of these streams come to an instant; what their rules did is recorded."""
        ...

    async def say(self, said: Said) -> Receipt:
        """Sign and hand in a command; it must be accepted, and is recorded when this returns."""
        ...

    async def facts(self, task: str) -> Sequence[ev.Fact]:
        """What is recorded of a task, in order."""
        ...

    async def preview(self, calendar: Calendar) -> set[tuple[str, str]]:
        """The tasks and units whose deadlines a calendar would move; nothing changes."""
        ...

    async def renew(self, unit: str, action: str) -> Said:
        """The unit has a new key; the command by which the convener takes it into the roster."""
        ...

    async def away(self, task: str, instant: datetime) -> None:
        """Nobody serves the task from this instant on, for more than a minute past its next rung."""
        ...


@dataclass(frozen=True, slots=True)
class Act:
    """A line with its instant and its place in the script."""

    instant: datetime
    order: int
    planned: Planned | None
    line: Line


def acts_of(days: Days, seed: int) -> list[Act]:
    """Every line of the year, in the order of time."""
    found: list[tuple[datetime, Planned | None, Line]] = [
        (days.instant(line.day, line.at), None, line) for line in CONFERENCE
    ]
    for planned in TASKS:
        issue = Line(0, planned.issued_at, planned.issued_by, "issue", {})
        found += [
            (days.instant(line.day, line.at, planned.start), planned, line)
            for line in (issue, *lines_of(planned, seed))
        ]
    ordered = sorted(enumerate(found), key=lambda entry: (entry[1][0], entry[0]))
    return [Act(instant, order, planned, line) for order, (instant, planned, line) in ordered]


@dataclass
class Story:
    """What is known of a task while it is played; `state` is the fold of what was read."""

    task: str
    state: TaskState | None = None
    over: bool = False


@dataclass
class Player:
    """Plays one year. `told` is called at the end of every month with its number."""

    days: Days
    seed: int
    ground: Ground
    told: Callable[[int, datetime], Awaitable[None]]
    stories: dict[str, Story] = field(default_factory=dict)
    proposed: dict[tuple[str, str | None], str] = field(default_factory=dict)
    """What waits on the conference's stream, by the task's ref and the unit: issues are of none."""

    async def play(self) -> None:
        """From the first line to the last moment of the year."""
        acts = acts_of(self.days, self.seed)
        moments = {act.instant for act in acts}
        ends = list(self.days.month_ends())
        by_instant = {key: list(group) for key, group in groupby(acts, lambda act: act.instant)}
        for instant in sorted({*moments, *ends}):
            await self._moment(instant, by_instant.get(instant, []))
            if instant in ends:
                await self._month(ends.index(instant) + 1, instant)

    async def _moment(self, instant: datetime, acts: list[Act]) -> None:
        """What the conference says first, then every task by itself, several at a time."""
        on_conference = [act for act in acts if self._stream_of(act) == CONFERENCE_STREAM]
        if on_conference:
            await self.ground.reach([CONFERENCE_STREAM], instant)
        for act in on_conference:
            await self._on_conference(act)
        by_task: dict[str, list[Act]] = {}
        for act in acts:
            if act not in on_conference and act.planned is not None:
                by_task.setdefault(act.planned.ref, []).append(act)
        await _some_at_once(self._on_task(acts, instant) for acts in by_task.values())

    async def _month(self, number: int, instant: datetime) -> None:
        await self.ground.reach([CONFERENCE_STREAM, *self._living()], instant)
        await _some_at_once(self._read(story) for story in self.stories.values())
        await self.told(number, instant)

    def _living(self) -> list[str]:
        return [task_stream(story.task) for story in self.stories.values() if not story.over]

    def _stream_of(self, act: Act) -> str | None:
        """The conference's stream, or None: a task's."""
        line, planned = act.line, act.planned
        if planned is None or {line.action, line.args.get("act")} & {*ABOUT_A_TASK}:
            return CONFERENCE_STREAM
        return None

    # --- on the conference ---

    async def _on_conference(self, act: Act) -> None:
        line, planned = act.line, act.planned
        if planned is not None:
            await self._about_a_task(act, planned)
        elif line.action in ("register-key", "change-roster", "replace-key"):
            unit = str(line.args["unit"])
            await self.ground.say(await self.ground.renew(unit, line.action))
        elif line.action == "adopt-calendar":
            await self._adopt_calendar(act)
        else:
            await self.ground.say(self._said(act, CONFERENCE_STREAM))
            if line.action == "succeed":
                await self._transfer(act)

    async def _about_a_task(self, act: Act, planned: Planned) -> None:
        """An issue, a redaction, or what the convener says of one that was proposed."""
        line, place = act.line, (planned.ref, act.line.args.get("unit"))
        match line.action:
            case "issue":
                args = _issue_args(planned, self._filled)
                said = Said(line.who, CONFERENCE_STREAM, "issue", args)
            case "redact":
                said = await self._with_subject(act, self.stories[planned.ref], CONFERENCE_STREAM)
            case _:
                said = self._said(act, CONFERENCE_STREAM, proposal=self.proposed[place])
        receipt = await self.ground.say(said)
        if receipt.task is not None:
            self.stories[planned.ref] = Story(receipt.task)
        elif receipt.events[-1].kind in ("IssueProposed", "RedactionProposed"):
            self.proposed[place] = receipt.events[-1].hash

    async def _adopt_calendar(self, act: Act) -> None:
        """What it would move, then the decision, then one command for each open task."""
        open_tasks = await self._open(act.instant)
        foreseen = await self.ground.preview(calendar_of(self.days.year, 2))
        units = sorted({unit for _, unit in foreseen})
        await self.ground.say(self._said(act, CONFERENCE_STREAM, units=units))
        await _some_at_once(
            self.ground.say(self._said(act, task_stream(state.task))) for state in open_tasks
        )
        moved = {
            (state.task, fact.data.unit)
            for state in open_tasks
            for fact in await self.ground.facts(state.task)
            if isinstance(fact.data, ev.LimitsMoved) and fact.data.why == "calendar"
        }
        if moved != foreseen:
            raise LookupError(f"foreseen {sorted(foreseen)}, moved {sorted(moved)}")

    async def _transfer(self, act: Act) -> None:
        """Every open assignment of the unit that was succeeded, one command for each task."""
        unit, into = act.line.args["unit"], act.line.args["into"]
        for state in await self._open(act.instant):
            if unit in state.assignments and not state.assignments[unit].final:
                args = {"unit": unit, "into": into}
                await self.ground.say(Said("office", task_stream(state.task), "transfer", args))

    async def _open(self, instant: datetime) -> list[TaskState]:
        await self.ground.reach(self._living(), instant)
        await _some_at_once(self._read(story) for story in self.stories.values())
        states = [story.state for story in self.stories.values()]
        return [s for s in states if s is not None and s.phase is TaskPhase.ACTIVE]

    # --- on a task ---

    async def _on_task(self, acts: list[Act], instant: datetime) -> None:
        planned = acts[0].planned
        assert planned is not None
        story = self.stories.get(planned.ref)
        if story is None:
            raise LookupError(f"{planned.ref} was never issued")
        stream = task_stream(story.task)
        for act in acts:
            if act.line.action == "away":
                await self.ground.away(story.task, instant)
                continue
            await self.ground.reach([stream], instant)
            await self.ground.say(await self._with_subject(act, story, stream))

    async def _with_subject(self, act: Act, story: Story, stream: str) -> Said:
        """The command of a line, with what it names looked up in the task's record."""
        line = act.line
        named: Mapping[str, Any] = {}
        expect = None
        look = SUBJECTS.get(line.action)
        if look is not None:
            state = await self._read(story)
            try:
                named, expect = look(state, line)
            except (KeyError, AttributeError, LookupError, StopIteration) as missing:
                raise LookupError(
                    f"{story.task} {line}: nothing to name ({missing!r})"
                ) from missing
        said = self._said(act, stream, **named)
        return Said(said.who, stream, said.action, said.args, expect)

    async def _read(self, story: Story) -> TaskState:
        """The fold of what is recorded, continued from where it was read last."""
        state = story.state
        for fact in await self.ground.facts(story.task):
            if state is None or fact.seq > state.seq:
                state = evolve(state, fact)
        if state is None:
            raise LookupError(f"nothing is recorded of {story.task}")
        story.state = state
        story.over = state.phase is TaskPhase.ARCHIVED
        return state

    # --- filling in ---

    def _said(self, act: Act, stream: str, /, **more: Any) -> Said:
        zero = act.planned.start if act.planned is not None else 0
        unsaid = TO_LOOK_UP.get(act.line.action, ())
        args = {
            name: self._filled(value, zero)
            for name, value in act.line.args.items()
            if name not in unsaid
        }
        return Said(act.line.who, stream, act.line.action, {**args, **more})

    def _filled(self, value: Any, zero: int) -> Any:
        match value:
            case On(day, at):
                instant = format_instant(self.days.instant(day, at, zero))
                return {"rule": "instant", "at": instant}
            case When(day, at):
                return format_instant(self.days.instant(day, at, zero))
            case InForce(what):
                kind, version = what.split(" ")
                if kind == "rules":
                    return wire(RULES[int(version)])
                return wire(calendar_of(self.days.year, int(version)))
            case dict():
                return {name: self._filled(each, zero) for name, each in value.items()}
            case _:
                return value


def _issue_args(planned: Planned, filled: Callable[[Any, int], Any]) -> dict[str, Any]:
    given = {
        "ref": f"{planned.ref}-year",
        "mode": "each" if planned.lead is None else "lead",
        "title": Text(planned.title),
        "basis": {"kind": planned.basis, "text": Text("年度工作要点 (yearly plan)")},
        "kind": planned.kind,
        "lead": planned.lead,
        "units": list(planned.units),
        "due": filled(planned.due, planned.start),
        "acknowledge_by": filled(planned.acknowledge_by, planned.start),
        "concurrence": planned.concurrence or None,
        "report": planned.report,
    }
    return {name: value for name, value in given.items() if value is not None}


async def _some_at_once(work: "Iterable[Awaitable[Any]]") -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: "Awaitable[Any]") -> None:
        async with room:
            await each

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(one(each))
