"""Foresight and hindsight: what will fire if nobody acts, and what other rules would have shown.

Domain layer, pure: nothing here is decided or recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from lianxi.domain.calendar import Calendar
from lianxi.domain.ladder import Rung
from lianxi.domain.limits import AnyLimit, DaysLimit, resumed, settle
from lianxi.domain.rules import Rules
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline, running
from lianxi.domain.task.clockwork import Timed, rungs_due
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import Frozen, Instant, TaskId, UnitId

MOST_FORESEEN = 500
"""A simulation stops after so many events: repeating reminders never end by themselves."""


FARTHEST_DAYS = 366
"""A simulation looks at most so many days ahead; gateway and client ask for no more."""


PROPOSED = ("warning", "bulletin")
"""Kinds of rungs that propose instead of doing (lianxi.domain.ladder)."""


class Foreseen(Frozen):
    """What a rule would do at `at` if nobody acted before."""

    at: Instant
    unit: UnitId | None = None
    kind: str
    rung: str | None = None
    to: tuple[str, ...] = ()
    act: str | None = None
    """What a rung proposes, or what was proposed and expires."""


def simulate(state: TaskState, now: datetime, until: datetime) -> tuple[Foreseen, ...]:
    """What fires when, from now to `until`, in the order of the instants; at most 500 events."""
    foreseen: list[Foreseen] = []
    while (deadline := next_deadline(state)) is not None and len(foreseen) < MOST_FORESEEN:
        at = now = max(deadline, now)  # after a grace what follows may have been due before its end
        if at > until:
            break
        # as if the clock had just come there: what is overdue now is no gap of service
        state = state.model_copy(update={"last_at": at})
        events = rungs_due(state, at)
        if not events:
            break
        for event in events:
            foreseen.append(_foreseen(state, event, at))
            fact = ev.Fact(state.seq + 1, f"{state.seq + 1:064x}", at, "rule", event)
            state = evolve(state, fact)
    return tuple(foreseen)


def _foreseen(state: TaskState, event: Timed, at: datetime) -> Foreseen:
    rung = getattr(event, "rung", None)
    to: tuple[str, ...] = ()
    unit: str | None = getattr(event, "unit", None)
    act: str | None = None
    if rung is not None:
        step = state.rules.ladder.rung(rung) or state.rules.ladder.office_rung(rung)
        to = () if step is None else tuple(step.to)
        act = step.kind if isinstance(step, Rung) and step.kind in PROPOSED else None
    elif isinstance(event, ev.ProposalExpired):
        proposal = state.proposals.get(event.proposal)
        if proposal is not None:
            unit, act = proposal.unit, proposal.act
    return Foreseen(at=at, unit=unit, kind=type(event).__name__, rung=rung, to=to, act=act)


# --- what if ---

Colour = Literal["yellow", "red"]


class Would(Frozen):
    """A time in which a unit's light would have been yellow or red; `until` absent: it still is.

    `was`: by the rules in force it was of this colour at some time of it, too.
    """

    task: TaskId
    unit: UnitId
    light: Colour
    since: Instant
    until: Instant | None = None
    was: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    unit: str
    light: Colour
    since: datetime
    until: datetime


def what_if(
    facts: Sequence[ev.Fact],
    rules: Rules | None,
    calendar: Calendar | None,
    since: datetime,
    now: datetime,
) -> tuple[Would, ...]:
    """Who would have been yellow or red between `since` and `now` under other rules or calendar.

    What people did is taken as it happened; limits counted in days are counted again.
    """
    if not facts:
        return ()
    first = facts[0].data
    if not isinstance(first, ev.TaskIssued):
        raise TypeError("a task's stream begins with TaskIssued")
    would = _spans(_played(facts, rules, calendar), now)
    was = _spans(((_stands_since(fact), state) for fact, state in _folded(facts)), now)
    return tuple(
        Would(
            task=first.task,
            unit=span.unit,
            light=span.light,
            since=max(span.since, since),
            until=None if span.until >= now else span.until,
            was=any(_overlap(span, other) for other in was),
        )
        for span in would
        if span.until > since
    )


def _overlap(one: _Span, other: _Span) -> bool:
    same = (one.unit, one.light) == (other.unit, other.light)
    return same and one.since < other.until and other.since < one.until


_FOLLOWS_A_RUNG = (
    ev.ProposalEndorsed,
    ev.ProposalApproved,
    ev.ProposalRejected,
    ev.ProposalExpired,
    ev.ProposalOvertaken,
    ev.WarningSent,
    ev.WarningAnswered,
    ev.BulletinIssued,
    ev.GapExcluded,
)
"""What was done because of a rung or a gap that another ladder might not have brought."""


def _folded(facts: Sequence[ev.Fact]) -> Iterator[tuple[ev.Fact, TaskState]]:
    """What happened, each event with the state after it."""
    state: TaskState | None = None
    for fact in facts:
        state = evolve(state, fact)
        yield fact, state


def _stands_since(fact: ev.Fact) -> datetime:
    """From when the state after an event is true: a gap of service, when noted, had begun before."""
    return fact.data.since if isinstance(fact.data, ev.ServiceGapNoted) else fact.at


def _played(
    facts: Sequence[ev.Fact], rules: Rules | None, calendar: Calendar | None
) -> Iterator[tuple[datetime, TaskState]]:
    """The states that the acts of people lead to, with the instant each begins."""
    state: TaskState | None = None
    real: TaskState | None = None
    for fact, after in _folded(facts):
        before, real = real, after
        data = fact.data
        follows = isinstance(data, _FOLLOWS_A_RUNG)
        rule = fact.basis == "rule" and not isinstance(data, ev.TaskArchived)
        moved = isinstance(data, ev.LimitsMoved | ev.CalendarAdopted) and calendar is not None
        if rule or follows or moved:
            continue
        opening = _opening(before, data, fact.at)
        changed = _otherwise(state, data, (fact.at, opening), rules, calendar)
        state = evolve(state, ev.Fact(fact.seq, fact.hash, fact.at, fact.basis, changed, fact.role))
        yield fact.at, state


def _opening(before: TaskState | None, data: ev.TaskEvent, at: datetime) -> datetime:
    """From when the limits of an event count: an extension granted as asked from the request."""
    if before is None or not isinstance(data, ev.ExtensionGranted):
        return at
    asked = before.assignments[data.unit].extension
    return asked.at if asked is not None and asked.until == data.due else at


def _otherwise(
    state: TaskState | None,
    data: ev.TaskEvent,
    times: tuple[datetime, datetime],
    rules: Rules | None,
    calendar: Calendar | None,
) -> ev.TaskEvent:
    """The event as the other rules and calendar would have made it; `times`: at, and counted from."""
    at, opening = times
    changes: dict[str, object] = {}
    if isinstance(data, ev.TaskIssued | ev.TaskReopened):
        changes = {} if rules is None else {"rules": rules}
        if calendar is not None:
            changes["calendar"] = calendar
            if isinstance(data, ev.TaskIssued):
                changes["assignments"] = _terms_recounted(data, calendar)
        return data.model_copy(update=changes)
    if calendar is None or state is None:
        return data
    if isinstance(data, ev.AssignmentAdded):
        return _recounted(data, at, calendar)
    if isinstance(data, ev.NewLimits):
        moved = _moved(state.assignments[data.unit], data, at, calendar)
        return _recounted(moved, opening, calendar)
    if isinstance(data, ev.ExtensionRequested):
        until = _again(data.until_rule, at, calendar, data.until)
        return data.model_copy(update={"until": until})
    return data


def _terms_recounted(data: ev.TaskIssued, calendar: Calendar) -> tuple[ev.AssignmentTerms, ...]:
    """Every unit's limits by the rules of the issue."""
    opening = data.opened_at
    recounted: list[ev.AssignmentTerms] = []
    for terms in data.assignments:
        due = _again(data.due_rule, opening, calendar, terms.due)
        by = _again(data.acknowledge_rule, opening, calendar, terms.acknowledge_by)
        limits = {"due": due, "acknowledge_by": min(by, due)}
        recounted.append(terms.model_copy(update=limits))
    return tuple(recounted)


CountedT = TypeVar("CountedT", ev.AssignmentAdded, ev.NewLimits)


def _recounted(data: CountedT, opening: datetime, calendar: Calendar) -> CountedT:
    due = _again(data.due_rule, opening, calendar, data.due)
    acknowledge_by = _again(data.acknowledge_rule, opening, calendar, data.acknowledge_by)
    return data.model_copy(update={"due": due, "acknowledge_by": min(acknowledge_by, due)})


def _again(
    rule: AnyLimit | None, opening: datetime, calendar: Calendar, otherwise: datetime
) -> datetime:
    return settle(rule, opening, calendar) if isinstance(rule, DaysLimit) else otherwise


def _moved(
    before: Assignment, data: ev.NewLimits, at: datetime, calendar: Calendar
) -> ev.NewLimits:
    """A resumption moves the due as it would have been."""
    rule = before.due_rule
    if not isinstance(data, ev.AssignmentResumed) or data.due_rule is not None:
        return data
    if not isinstance(rule, DaysLimit):
        return data
    since = max(data.suspended_at, before.due_opened_at)
    due = resumed(rule, before.due, calendar, since, at)
    return data.model_copy(update={"due": due})


def _spans(states: Iterator[tuple[datetime, TaskState]], now: datetime) -> list[_Span]:
    """The coloured times of every unit, joined where one follows on the other."""
    played = list(states)
    spans: list[_Span] = []
    for index, (begins, state) in enumerate(played):
        ends = played[index + 1][0] if index + 1 < len(played) else now
        if state.phase is TaskPhase.ACTIVE:
            for assignment in state.assignments.values():
                spans += _coloured(state, assignment, begins, ends)
    return _joined(spans)


def _coloured(
    state: TaskState, assignment: Assignment, begins: datetime, ends: datetime
) -> Iterator[_Span]:
    clocks = running(state, assignment)
    red = clocks.overdue_at
    if clocks.near_due_at is not None:
        since = max(begins, clocks.near_due_at)
        until = ends if red is None else min(ends, red)
        if since < until:
            yield _Span(assignment.unit, "yellow", since, until)
    if red is not None and max(begins, red) < ends:
        yield _Span(assignment.unit, "red", max(begins, red), ends)


def _joined(spans: list[_Span]) -> list[_Span]:
    joined: dict[tuple[str, Colour], list[_Span]] = {}
    for span in spans:
        run = joined.setdefault((span.unit, span.light), [])
        if run and run[-1].until >= span.since:
            run[-1] = _Span(span.unit, span.light, run[-1].since, span.until)
        else:
            run.append(span)
    return sorted((span for run in joined.values() for span in run), key=lambda s: s.since)
