"""`explain`: how a limit of an assignment came to be what it is, day by day (domain layer).

From the events alone, by the same functions that found the limit: the last step ends at the limit
in force (docs/event-model.md, Deadlines).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from lianxi.domain.calendar import Calendar, Day, KindOfDay
from lianxi.domain.counting import CountedDay, count_days, days_between
from lianxi.domain.limits import AnyLimit, DaysLimit, Limit, settle_counted
from lianxi.domain.task import events as ev
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import Frozen, Instant, Sha256Hex

LimitName = Literal["due", "acknowledge_by"]


class ExplainedDay(Frozen):
    """One day that a count passed; `number` where it was counted, `name` of a holiday."""

    day: Day
    kind: KindOfDay
    counted: bool
    number: int | None = None
    name: str | None = None
    rolled: bool = False


class Step(Frozen):
    """One event that set, moved, stopped or asked about the limit.

    `instant` is the limit after it, `before` the one before, where it moved. `days` explain a count
    of days from `opened_at`; `moved` says by how many days a pause or a calendar moved it.
    """

    at: Instant
    event: Sha256Hex
    kind: str
    why: str | None = None
    rule: Limit | None = None
    opened_at: Instant | None = None
    days: tuple[ExplainedDay, ...] = ()
    moved: int | None = None
    before: Instant | None = None
    instant: Instant
    provisional: bool = False
    calendar: int


PAUSES: tuple[type[ev.TaskEvent], ...] = (
    ev.AssignmentSuspended,
    ev.AssignmentObjected,
    ev.ExtensionRequested,
    ev.RequestRefused,
    ev.RequestRetracted,
    ev.RequestLapsed,
)
"""Events that leave the limit where it is but belong to its story."""


def explain(facts: Sequence[ev.Fact], unit: str, limit: LimitName) -> tuple[Step, ...]:
    """Every step of one limit of one unit's assignment, oldest first.

    Empty where the unit never was on the task. Follows a succession: the steps of the unit before
    it come first.
    """
    steps: list[Step] = []
    state: TaskState | None = None
    before: Assignment | None = None
    for fact, name in zip(facts, _names(facts, unit), strict=True):
        state = evolve(state, fact)
        after = state.assignments.get(name)
        if after is None:
            continue
        if before is None:
            steps = [_opened(fact, after, limit, state.calendar)]
        elif _concerns(fact, name) and (
            _limit(before, limit) != _limit(after, limit)
            or before.provisional != after.provisional
            or isinstance(fact.data, (*PAUSES, ev.AssignmentResumed))
        ):
            steps.append(_step(fact, before, after, limit, state.calendar))
        before = after
    return tuple(steps)


def _names(facts: Sequence[ev.Fact], unit: str) -> list[str]:
    """Under which unit's name the assignment stood after each event."""
    names: list[str] = []
    for fact in reversed(facts):
        names.append(unit)
        data = fact.data
        if isinstance(data, ev.AssignmentTransferred) and (data.into, data.kept) == (
            unit,
            data.unit,
        ):
            unit = data.unit
    return names[::-1]


def _concerns(fact: ev.Fact, name: str) -> bool:
    data = fact.data
    if isinstance(data, ev.AssignmentEvent):
        return data.unit == name
    return isinstance(data, ev.EndReversed | ev.CalendarAdopted)


def _limit(assignment: Assignment, limit: LimitName) -> datetime:
    return assignment.due if limit == "due" else assignment.acknowledge_by


def _rule(assignment: Assignment, limit: LimitName) -> tuple[AnyLimit | None, datetime]:
    if limit == "due":
        return assignment.due_rule, assignment.due_opened_at
    return assignment.acknowledge_rule, assignment.acknowledge_opened_at


def _opened(fact: ev.Fact, after: Assignment, limit: LimitName, calendar: Calendar) -> Step:
    rule, opened_at = _rule(after, limit)
    instant = _limit(after, limit)
    return Step(
        at=fact.at,
        event=fact.hash,
        kind=type(fact.data).__name__,
        rule=rule,
        opened_at=opened_at,
        days=_counted(rule, opened_at, calendar, instant),
        instant=instant,
        provisional=after.provisional,
        calendar=calendar.version,
    )


def _step(
    fact: ev.Fact, before: Assignment, after: Assignment, limit: LimitName, calendar: Calendar
) -> Step:
    was, instant = _limit(before, limit), _limit(after, limit)
    opened = _opened(fact, after, limit, calendar)
    moved: int | None = None
    if was != instant and not opened.days:
        kind = opened.rule.kind if isinstance(opened.rule, DaysLimit) else "working"
        moved = _days_moved(calendar, was, instant, kind)
        if moved > 0 and isinstance(opened.rule, DaysLimit):
            days = count_days(calendar, was, moved, kind).days
            opened = opened.model_copy(update={"days": _days(days), "opened_at": was})
    data = fact.data
    return opened.model_copy(
        update={
            "why": getattr(data, "why", None) or getattr(data, "request", None),
            "moved": moved,
            "before": was if was != instant else None,
        }
    )


def _days_moved(
    calendar: Calendar, was: datetime, now: datetime, kind: Literal["working", "calendar"]
) -> int:
    if now >= was:
        return days_between(calendar, was, now, kind)
    return -days_between(calendar, now, was, kind)


def _counted(
    rule: AnyLimit | None, opened_at: datetime, calendar: Calendar, instant: datetime
) -> tuple[ExplainedDay, ...]:
    """The days behind a limit; none where it is no count of days, or was moved since."""
    if not isinstance(rule, DaysLimit):
        return ()
    settled = settle_counted(rule, opened_at, calendar)
    if settled.instant != instant or settled.counted is None:
        return ()
    return _days(settled.counted.days)


def _days(days: Sequence[CountedDay]) -> tuple[ExplainedDay, ...]:
    return tuple(
        ExplainedDay(
            day=day.day,
            kind=day.kind_of_day,
            counted=day.counted,
            number=day.number,
            name=day.name,
            rolled=day.rolled,
        )
        for day in days
    )
