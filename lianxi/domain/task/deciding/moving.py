"""How limits are moved and clocks stopped: due, suspension, gaps of service, calendars (domain layer)."""

from datetime import datetime, timedelta

from lianxi.domain.calendar import (
    Calendar,
    check_calendar,
    local_day,
    local_time,
    shared_calendar,
    utc_of,
)
from lianxi.domain.counting import DaysKind, add_office_time, days_between, office_time, shift_days
from lianxi.domain.ladder import FINAL_STATES, RUNNING, AssignmentState, Pause
from lianxi.domain.limits import (
    AnyLimit,
    DaysLimit,
    InstantLimit,
    Settled,
    resumed,
    settle_counted,
)
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    check_fresh,
    check_state,
    limits,
    provisional,
)
from lianxi.domain.task.state import Assignment, Gap, TaskState
from lianxi.domain.values import format_instant

S = AssignmentState

_TO_ACKNOWLEDGE = frozenset({S.ISSUED, S.RETURNED, S.OBJECTED, S.SUSPENDED})
"""In these states an acknowledge limit runs, or will run again."""


def change_due(case: Case, command: cmd.ChangeDue) -> Events:
    """A due ahead, another than before; rungs are armed again."""
    due = case.settled(command.due, "due")
    assignments = [case.on_task(unit) for unit in command.units]
    for assignment in assignments:
        check_state(assignment, command.action)
    if all(assignment.due == due.instant for assignment in assignments):
        raise no.AlreadySoError(task=case.state.task, state=format_instant(due.instant))
    return tuple(
        ev.DueChanged(
            **limits(case, due, command.due, None, None, assignment), reason=command.reason
        )
        for assignment in assignments
        if assignment.due != due.instant
    )


def suspend(case: Case, command: cmd.SuspendAssignment) -> Events:
    """While the due runs; with a day on which the office looks again. Refused when stale."""
    assignment = case.on_task(command.unit)
    check_state(assignment, command.action)
    check_fresh(assignment, case.expect)
    review = case.settled(command.review_by, "review_by")
    return (
        ev.AssignmentSuspended(
            unit=command.unit,
            reason=command.reason,
            review_by=review.instant,
            review_rule=command.review_by,
        ),
    )


def resume(case: Case, command: cmd.ResumeAssignment) -> Events:
    """Due moves by the time suspended, in the limit's own kind; a fixed instant is named anew."""
    assignment = case.on_task(command.unit)
    check_state(assignment, command.action)
    check_fresh(assignment, case.expect)
    suspension = assignment.suspension
    if suspension is None:
        raise TypeError("a suspended assignment has a suspension")
    rule = assignment.due_rule
    if command.due is not None:
        due = case.settled(command.due, "due")
    elif rule is None or isinstance(rule, InstantLimit):
        raise no.DueRequiredError(unit=command.unit)
    else:
        # what was set anew while the clock stood counts from then
        since = max(suspension.since, assignment.due_opened_at)
        due = _moved(case, assignment.due, rule, since)
    acknowledge = None
    if suspension.back_to in RUNNING["acknowledge_by"]:
        counted_like = assignment.acknowledge_rule or rule
        since = max(suspension.since, assignment.acknowledge_opened_at)
        acknowledge = _moved(case, assignment.acknowledge_by, counted_like, since)
    return (
        ev.AssignmentResumed(
            **limits(case, due, command.due, acknowledge, None, assignment),
            suspended_at=suspension.since,
        ),
    )


def _moved(case: Case, limit: datetime, rule: AnyLimit | None, since: datetime) -> Settled:
    """A limit moved by the time since `since`; what no rule counts moves by that very time."""
    if rule is None or isinstance(rule, InstantLimit):
        return Settled(limit + (case.now - since))
    instant = resumed(rule, limit, case.calendar, since, case.now)
    return Settled(instant, provisional=_past_known(case.calendar, rule, instant))


def exclude_gap(case: Case, command: cmd.ExcludeGap) -> Events:
    """A gap of service that was noted, once: due limits that ran in it move by its office hours."""
    gap = next((gap for gap in case.state.gaps if gap.event == command.gap), None)
    if gap is None:
        raise no.UnknownSubjectError(subject=command.gap)
    if gap.excluded:
        raise no.AlreadySoError(task=case.state.task, state="excluded")
    moved: list[ev.TaskEvent] = [ev.GapExcluded(gap=command.gap, reason=command.reason)]
    for assignment in case.state.assignments.values():
        missed = _missed(case, assignment, gap)
        if not missed:
            continue
        due = add_office_time(case.calendar, assignment.due, missed)
        acknowledge_by = assignment.acknowledge_by
        if _at_work(assignment) in RUNNING["acknowledge_by"] and acknowledge_by >= gap.since:
            acknowledge_by = add_office_time(case.calendar, acknowledge_by, missed)
        moved.append(
            _limits_moved(assignment, due, acknowledge_by, why="gap").model_copy(
                update={"gap": command.gap}
            )
        )
    return tuple(moved)


def _missed(case: Case, assignment: Assignment, gap: Gap) -> timedelta:
    """The office time of the gap in which the assignment's due ran."""
    late_before = assignment.due < gap.since
    if _at_work(assignment) not in RUNNING["due"] or late_before:
        return timedelta(0)
    if assignment.due_opened_at >= gap.until:
        return timedelta(0)
    missed = office_time(case.calendar, gap.since, gap.until)
    pauses = assignment.pauses
    if assignment.suspension is not None:
        pauses = (*pauses, Pause(since=assignment.suspension.since, until=case.now))
    for pause in pauses:
        begin, end = max(pause.since, gap.since), min(pause.until, gap.until)
        missed -= office_time(case.calendar, begin, end)  # nothing where they do not meet
    return missed


def _at_work(assignment: Assignment) -> AssignmentState:
    """Where the assignment stands, or will stand again when it is resumed."""
    suspension = assignment.suspension
    return assignment.state if suspension is None else suspension.back_to


def adopt_calendar(case: Case, command: cmd.AdoptCalendar) -> Events:
    """A later version; deadlines that its days move are moved, one event each."""
    check_calendar(command.calendar)
    known = case.state.counts_by
    if known is not None and command.calendar.version <= known.version:
        if command.calendar == known:
            raise no.AlreadySoError(task=case.state.task, state=f"calendar {known.version}")
        raise no.StaleError(seen=str(command.calendar.version), now=str(known.version))
    calendar = shared_calendar(command.calendar)
    return (
        ev.CalendarAdopted(calendar=command.calendar),
        *moves_by_calendar(case.state, calendar, case.now),
    )


def moves_by_calendar(
    state: TaskState, calendar: Calendar, now: datetime
) -> tuple[ev.LimitsMoved, ...]:
    """What another calendar would move at `now`: running limits counted in days, still ahead."""
    return tuple(
        moved
        for assignment in state.assignments.values()
        if assignment.state not in FINAL_STATES
        and (moved := _recounted(state.calendar, calendar, assignment, now)) is not None
    )


def _recounted(
    old: Calendar, new: Calendar, assignment: Assignment, now: datetime
) -> ev.LimitsMoved | None:
    if assignment.suspension is not None:
        now = assignment.suspension.since  # the clock has stood since
    if assignment.due <= now:
        return None  # what has passed is not undone
    due, open_ = _recount(old, new, assignment.due_rule, assignment.due_opened_at, assignment.due)
    acknowledge_by = assignment.acknowledge_by
    if assignment.state in _TO_ACKNOWLEDGE and acknowledge_by > now:
        acknowledge_by, unknown = _recount(
            old,
            new,
            assignment.acknowledge_rule,
            assignment.acknowledge_opened_at,
            acknowledge_by,
        )
        open_ = open_ or unknown
    acknowledge_by = min(acknowledge_by, due)
    same = (due, acknowledge_by) == (assignment.due, assignment.acknowledge_by)
    if same and open_ == assignment.provisional:
        return None
    return _limits_moved(assignment, due, acknowledge_by, why="calendar", open_=open_)


def _recount(
    old: Calendar, new: Calendar, rule: AnyLimit | None, opened_at: datetime, limit: datetime
) -> tuple[datetime, bool]:
    """The limit by the new calendar, and whether it is provisional there.

    What moved a limit since it was opened (a suspension, a gap) is kept: as many days of its kind
    before or after where the rule alone ends, at the same local time.
    """
    if not isinstance(rule, DaysLimit):
        return limit, False
    was = settle_counted(rule, opened_at, old).instant
    will = settle_counted(rule, opened_at, new).instant
    if was == limit:
        return will, _past_known(new, rule, will)
    shift = _day_shift(old, was, limit, rule.kind)
    moved = _at_time_of(new, shift_days(new, will, shift, rule.kind), limit)
    return moved, _past_known(new, rule, moved)


def _day_shift(calendar: Calendar, was: datetime, limit: datetime, kind: DaysKind) -> int:
    if limit >= was:
        return days_between(calendar, was, limit, kind)
    return -days_between(calendar, limit, was, kind)


def _at_time_of(calendar: Calendar, day: datetime, limit: datetime) -> datetime:
    """On the local day of one instant, at the local time of the other."""
    time = local_time(calendar, limit).time()
    return utc_of(calendar, datetime.combine(local_day(calendar, day), time))


def _past_known(calendar: Calendar, rule: AnyLimit, instant: datetime) -> bool:
    return isinstance(rule, DaysLimit) and local_day(calendar, instant) > calendar.known_until


def _limits_moved(
    assignment: Assignment,
    due: datetime,
    acknowledge_by: datetime,
    *,
    why: str,
    open_: bool | None = None,
) -> ev.LimitsMoved:
    still = assignment.provisional if open_ is None else open_
    return ev.LimitsMoved.model_validate(
        {
            "unit": assignment.unit,
            "revision": assignment.revision + 1,
            "due": due,
            "acknowledge_by": min(acknowledge_by, due),
            "provisional": provisional(Settled(due, None, still)),
            "why": why,
        }
    )
