"""Laws that hold for every history: hypothesis plays random commands of all roles at random times.

Under the rules of release 0.1 and today's, in both modes, with the service awake or away. The law of
the ladder: no open assignment without a live timer or an exhausted ladder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianxi.domain.calendar import Calendar, is_working, local_day
from lianxi.domain.counting import days_between
from lianxi.domain.ladder import RUNNING, AssignmentState
from lianxi.domain.limits import AnyLimit, DaysLimit, DurationLimit, InstantLimit
from lianxi.domain.refusal import Refusal
from lianxi.domain.reports import ReportCycle
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.asks import CONVENER, OFFICE, asks
from lianxi.domain.task.clocks import clocks_of, next_deadline, running
from lianxi.domain.task.clockwork import rungs_due
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.evolve import evolve_without_clocks, with_clocks
from lianxi.domain.task.explain import explain
from lianxi.domain.task.foresight import simulate
from lianxi.domain.task.lights import light
from lianxi.domain.task.react import Notice, react, still_holds
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import Actor, role_of
from tests.domain.gwt import CALENDAR, REASON, Story, entry, event_hash, issued, modern

S = AssignmentState
UNITS = ("U01", "U02", "U03", "U09")
"""The last is not on the task at first."""

WHOSE = ("office",) * 6 + ("convener",) * 3 + ("unit",) * 10 + ("auditor",)
WITH_THE_CONVENER = DEFAULT_RULES.model_copy(
    update={"needs_convener": ("warning", "bulletin", "withdraw", "close", "accept")}
)


@dataclass(frozen=True)
class Step:
    """One random step: who orders what about whom, how long after the last, awake or away."""

    choice: int
    unit: str
    other: str
    days: int
    hours: int
    whose: str
    awake: bool


def random_steps(seed: int) -> list[Step]:
    """A history of 30 steps, evenly spread over all there is to choose."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    return [
        Step(
            choice=chance.randrange(1000),
            unit=chance.choice(UNITS[:3] * 4 + UNITS[3:]),
            other=chance.choice(UNITS),
            days=chance.randint(1, 40),
            hours=chance.choice((0, 0, 1, 7, 24, 24, 49, 120, 400)),
            whose=chance.choice(WHOSE),
            awake=chance.random() < 0.7,
        )
        for _ in range(30)
    ]


def limit(step: Step, story: Story) -> AnyLimit:
    """A limit of each kind."""
    match step.days % 4:
        case 0:
            return DaysLimit(days=step.days, kind="working")
        case 1:
            return DaysLimit(days=step.days, kind="calendar", roll="forward")
        case 2:
            return DurationLimit(seconds=step.days * 86_400)
        case _:
            return InstantLimit(at=story.now + timedelta(days=step.days, hours=5))


def unit_commands(step: Step, story: Story, part: Assignment | None) -> list[cmd.UnitCommand]:
    """What the unit may say, about whatever is there to speak of."""
    state = story.task
    concurrence = state.concurrence.submission if state.concurrence else event_hash(0)
    said = part.said[-1] if part and part.said else event_hash(0)
    warning = part.warning.event if part and part.warning else event_hash(0)
    told = part.instructions[0] if part and part.instructions else event_hash(0)
    filing = part.filing.event if part and part.filing else event_hash(0)
    request: cmd.RequestKind = ("extension", "stop", "objection")[step.days % 3]
    return [
        cmd.AcknowledgeTask(),
        cmd.AcknowledgeTask(),
        cmd.ReportProgress(percent=step.days),
        cmd.SubmitCompletion(report=REASON),
        cmd.SubmitCompletion(report=REASON),
        cmd.RecallSubmission(),
        cmd.ObjectToAssignment(reason=REASON),
        cmd.RequestExtension(until=limit(step, story), reason=REASON),
        cmd.RequestStop(reason=REASON),
        cmd.RetractRequest(request=request),
        cmd.Concur(submission=concurrence),
        cmd.Dissent(submission=concurrence, reason=REASON),
        cmd.AnswerWarning(warning=warning, text=REASON),
        cmd.HeedInstruction(instruction=told),
        cmd.DisputeFiling(filing=filing, reason=REASON),
        cmd.CorrectReport(event=said, percent=step.days),
    ]


def office_commands(step: Step, story: Story, part: Assignment | None) -> list[cmd.TaskCommand]:
    """What the convener's side may rule, about whatever is there to rule on."""
    state, unit = story.task, step.unit
    named = part.submission.event if part and part.submission else event_hash(0)
    open_ones: list[tuple[cmd.RequestKind, Any]] = [
        (kind, getattr(part, kind))
        for kind in ("extension", "stop", "objection")
        if getattr(part, kind, None) is not None
    ]
    nothing: tuple[cmd.RequestKind, Any] = ("extension", None)
    kind, request = open_ones[0] if open_ones else nothing
    subject = request.event if request is not None else event_hash(0)
    undo = part.undo.act if part and part.undo else event_hash(0)
    proposal = next(iter(state.proposals), event_hash(0))
    gap = state.gaps[-1].event if state.gaps else event_hash(0)
    due = limit(step, story)
    new_lead = step.other if part is not None and part.role == "lead" else None
    some_due = {"due": due} if step.days % 2 and kind != "stop" else {}
    grant = {"unit": unit, "request": kind, "subject": subject, "reason": REASON, **some_due}
    if kind == "objection" and not some_due:
        grant["new_lead"] = new_lead
    transfer = (
        cmd.TransferAssignment(unit=unit, into=step.other)
        if unit != step.other
        else cmd.NotePhoneCall(unit=unit, text=REASON)
    )
    ends: list[cmd.TaskCommand] = [
        cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON),
        cmd.CancelTask(reason=REASON),
        cmd.WithdrawAssignment(unit=unit, reason=REASON, new_lead=new_lead),
    ]
    return [
        cmd.AcceptCompletion(unit=unit, submission=named, reason=REASON),
        cmd.AcceptCompletion(unit=unit, submission=named),
        cmd.ReturnCompletion(unit=unit, submission=named, reason=REASON, due=due),
        cmd.GrantRequest.model_validate(grant),
        cmd.GrantRequest.model_validate(grant),
        cmd.RefuseRequest(unit=unit, request=kind, subject=subject, reason=REASON),
        cmd.SuspendAssignment(unit=unit, reason=REASON, review_by=due),
        cmd.SuspendAssignment(unit=unit, reason=REASON, review_by=due),
        cmd.ResumeAssignment(unit=unit),
        cmd.ResumeAssignment(unit=unit, due=due),
        cmd.AddAssignment(unit=unit, due=due),
        transfer,
        cmd.ChangeDue(units=(unit,), due=due, reason=REASON),
        cmd.UrgeUnits(units=(unit,)),
        cmd.Instruct(text=REASON, acknowledge=True),
        cmd.NotePhoneCall(unit=unit, text=REASON),
        cmd.FileOnBehalf(unit=unit, act="progress", args={"percent": 5}, via="phone", basis=REASON),
        cmd.FileOnBehalf(unit=unit, act="acknowledge", via="paper", basis=REASON),
        cmd.ReverseAct(unit=unit, act=undo, reason=REASON),
        cmd.ReverseAct(unit=unit, act=undo, reason=REASON),
        cmd.ReverseAct(act=state.end_event or event_hash(0), reason=REASON),
        cmd.ExcludeGap(gap=gap, reason=REASON),
        cmd.AdoptCalendar(calendar=another_calendar(step, state)),
        cmd.ApproveProposal(proposal=proposal),
        cmd.ApproveProposal(proposal=proposal),
        cmd.RejectProposal(proposal=proposal, reason=REASON),
        cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED),
        *ends[: step.days // 12],  # seldom: nothing much happens after them
        cmd.ReopenTask(
            units=(unit,),
            due=due,
            reason=REASON,
            rules=DEFAULT_RULES,
            calendar=another_calendar(step, state),
        ),
    ]


def another_calendar(step: Step, state: TaskState) -> Calendar:
    """The next version, with some days off in November."""
    first = date(2026, 11, 3) + timedelta(days=step.days % 20)
    known = state.counts_by.version if state.counts_by is not None else 0
    return CALENDAR.model_copy(
        update={
            "version": known + 1,
            "entries": (entry(first, first + timedelta(days=2), "holiday"), *CALENDAR.entries),
        }
    )


def orders(step: Step, story: Story) -> list[Order]:
    """Every command of the one who acts, as an attentive actor gives it, in the step's order."""
    part = story.task.assignments.get(step.unit)
    commands: list[cmd.TaskCommand] = []
    if step.whose in ("unit", "auditor"):
        commands += unit_commands(step, story, part)
    if step.whose != "unit":
        commands += office_commands(step, story, part)
    who = step.unit if step.whose == "unit" else step.whose
    actor = Actor(unit=who, role=role_of(who))
    Random(step.choice).shuffle(commands)  # noqa: S311 - a test's dice
    return [
        Order(
            actor, command, story.task.head if part is None or of_the_task(command) else part.head
        )
        for command in commands
    ]


def of_the_task(command: cmd.TaskCommand) -> bool:
    """Whether the freshness of the whole task counts."""
    return command.action == "close"


def first_taken(step: Step, story: Story) -> tuple[ev.TaskEvent, ...]:
    """The events of the first command that is taken; those refused before it change nothing."""
    before = story.task
    for order in orders(step, story):
        try:
            return decide(before, order, story.now)
        except Refusal:
            assert story.task is before
    return ()


BEGINNINGS: dict[str, Callable[[], ev.TaskIssued]] = {
    "0.1, each": lambda: issued(*UNITS[:3]),
    "0.1, lead": lambda: issued("U02", "U03", lead="U01"),
    "each": lambda: modern(*UNITS[:3], report=ReportCycle(every="week", day=5)),
    "lead": lambda: modern("U02", "U03", lead="U01", concurrence=True, rules=WITH_THE_CONVENER),
    "urgent": lambda: modern("U02", lead="U01", kind="urgent", concurrence=True),
    "fixed": lambda: modern(
        "U01", "U02", due=DurationLimit(seconds=9 * 86_400), rules=WITH_THE_CONVENER
    ),
}


class Play:
    """A story with what the laws have to remember of it."""

    def __init__(self, beginning: str) -> None:
        self.story = Story().given(BEGINNINGS[beginning]())
        self.fired: set[tuple[str, str, int]] = set()
        self.paused: dict[str, tuple[int, datetime]] = {}
        self.notices: list[Notice] = []

    def record(self, event: ev.TaskEvent) -> None:
        before = self.story.task
        self.story.record(event)
        after = self.story.task
        self.notices += react(before, event, after)
        match event:
            case ev.RungFired():
                key = (event.unit, event.rung, event.revision)
                assert key not in self.fired, "a rung fired twice in one revision"
                assert event.due_at <= self.story.now
                self.fired.add(key)
            case ev.AssignmentTransferred():
                self.fired = {key for key in self.fired if key[0] not in (event.unit, event.into)}
                self.paused.pop(event.unit, None)
                self.paused.pop(event.into, None)
            case ev.AssignmentSuspended():
                part = after.assignments[event.unit]
                self.paused[event.unit] = (part.revision, self.story.now)
            case ev.AssignmentResumed() if event.due_rule is None:
                self._check_pause(before, after, event.unit)
            case _:
                pass

    def _check_pause(self, before: TaskState, after: TaskState, unit: str) -> None:
        """What was left when the clock stopped is left when it runs on, by the calendar of today."""
        was, part = before.assignments[unit], after.assignments[unit]
        revision, since = self.paused.pop(unit, (0, self.story.now))
        on_a_day_off = not is_working(after.calendar, local_day(after.calendar, was.due))
        if revision != was.revision or not isinstance(was.due_rule, DaysLimit) or on_a_day_off:
            return
        if was.due_rule.kind == "working":
            had = left(after, was.due, since)
            assert left(after, part.due, self.story.now) == had, "suspended time has counted"

    def fire(self, *, awake: bool, until_hours: int) -> None:
        """Time passes; the rules act, each at its instant, or all at once after an absence."""
        story = self.story
        until = story.now + timedelta(hours=until_hours)
        if awake:
            while (deadline := next_deadline(story.task)) is not None and deadline <= until:
                story.now = max(story.now, deadline)
                events = rungs_due(story.task, story.now)
                assert events, "what the clocks promise the clockwork does"
                for event in events:
                    self.record(event)
        story.now = until
        for _ in range(100):
            events = rungs_due(story.task, story.now)
            for event in events:
                self.record(event)
            if not events:
                return
        raise AssertionError("the rules never rest")


def left(state: TaskState, due: datetime, now: datetime) -> int:
    """Working days until due, negative when it has passed."""
    if due >= now:
        return days_between(state.calendar, now, due, "working")
    return -days_between(state.calendar, due, now, "working")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), beginning=st.sampled_from(sorted(BEGINNINGS)))
def test_laws(seed: int, beginning: str) -> None:
    """Fold never fails, a refusal changes nothing, rungs fire once, nobody is forgotten."""
    play = Play(beginning)
    story = play.story
    for step in random_steps(seed):
        play.fire(awake=step.awake, until_hours=step.hours)
        for event in first_taken(step, story):
            play.record(event)
        check_state(story)
        check_asks(story.task)
    for notice in play.notices:
        still_holds(notice, story.task, story.now)
    check_explained(story)
    assert (
        TaskState.model_validate_json(story.task.model_dump_json(exclude_none=True)) == story.task
    )
    timeless: TaskState | None = None
    for fact in story.facts:
        timeless = evolve_without_clocks(timeless, fact)
    assert timeless is not None
    assert with_clocks(timeless) == story.task, "clocks are made from the rest of the state"
    foreseen = simulate(story.task, story.now, story.now + timedelta(days=40))
    assert list(foreseen) == sorted(foreseen, key=lambda one: one.at)


def check_state(story: Story) -> None:
    state = story.task
    leads = [a for a in state.assignments.values() if a.role == "lead"]
    assert len(leads) == (state.mode is cmd.Mode.LEAD), "one lead, or none in mode each"
    for unit, part in state.assignments.items():
        assert part.unit == unit
        assert part.acknowledge_by <= part.due
        if state.phase is not TaskPhase.ACTIVE:
            assert part.final, "an ended task leaves nothing open"
            continue
        assert part.clocks == clocks_of(state.setting, part), "kept clocks are computed clocks"
        if part.final:
            assert running(state, part).next_at is None
            continue
        check_timer(state, part, story)
        if part.state not in RUNNING["due"] or part.held:
            assert light(part.state, running(state, part), story.now) != "red", "the office decides"


def check_timer(state: TaskState, part: Assignment, story: Story) -> None:
    """No open assignment without a live timer or an exhausted ladder."""
    if running(state, part).next_at is not None:
        return
    assert state.rules.spans is None, "today's ladder reminds the office for ever"
    waits_for_the_office = part.state not in RUNNING["due"]
    assert waits_for_the_office or part.due <= story.now


def check_asks(state: TaskState) -> None:
    for ask in asks(state):
        assert ask.who in {OFFICE, CONVENER, *state.assignments}
        assert ask.unit is None or ask.unit in state.assignments
        assert ask.since <= state.last_at or ask.what == "report-period"
        by_itself = ask.who in state.assignments
        assert not by_itself or ask.unit == ask.who


def check_explained(story: Story) -> None:
    """The last line of an explanation is the limit in force."""
    for unit, part in story.task.assignments.items():
        for limit_, instant in (("due", part.due), ("acknowledge_by", part.acknowledge_by)):
            steps = explain(story.facts, unit, limit_)  # type: ignore[arg-type]  # a loop over both names
            assert steps[-1].instant == instant
