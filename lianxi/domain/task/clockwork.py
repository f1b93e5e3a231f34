"""What the rules do by themselves, and under which timer's name (domain layer).

Rules, in the order of the tests in tests/domain/test_clockwork.py:

- A rung fires once per assignment and limit revision, in the order of the instants.
- A rung far behind its instant means that the service was away: the gap is noted first, and nobody
  is late before the grace after it has passed.
- The office is reminded of what lies with it, again and again where its rung repeats.
- A periodic report is reminded of, and late when its day passes; not due while suspended or submitted.
- Whoever was asked for concurrence and has not answered is noted as silent; a proposal expires.
- A closed or cancelled task is archived.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, assert_never

from lianxi.domain.counting import add_office_time
from lianxi.domain.ladder import RUNNING, Setting, armed
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import (
    matters,
    next_deadline,
    period_end,
    reminders_due,
    running,
    task_matters,
    waiting_for_service,
)
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState

Timed = (
    ev.RungFired
    | ev.OfficeReminded
    | ev.ReportReminded
    | ev.PeriodEnded
    | ev.ConcurrenceSilent
    | ev.ProposalExpired
    | ev.ServiceGapNoted
    | ev.TaskArchived
)
"""The events that a rule causes."""


def rungs_due(state: TaskState, now: datetime) -> tuple[Timed, ...]:
    """What the rules do by themselves up to `now`, in the order of their instants."""
    if state.phase is not TaskPhase.ACTIVE:
        archive_at = state.archive_at
        if archive_at is not None and archive_at <= now:
            return (ev.TaskArchived(due_at=archive_at),)
        return ()
    first: tuple[Timed, ...] = ()
    gap = _gap(state, now)
    if gap is not None:
        first = (gap,)
        state = state.model_copy(update=waiting_for_service(state, gap))
    due = [entry for a in state.assignments.values() for entry in _of_assignment(state, a, now)]
    due += _of_task(state, now)
    return (*first, *(event for _, event in sorted(due, key=lambda entry: entry[0])))


def timer_name(event: Timed) -> str:
    """The name of the timer behind an event, as its cause says it."""
    match event:
        case ev.RungFired() | ev.OfficeReminded():
            return event.rung
        case ev.ReportReminded() | ev.PeriodEnded():
            return "report"
        case ev.ConcurrenceSilent():
            return "concurrence"
        case ev.ProposalExpired():
            return "proposal"
        case ev.ServiceGapNoted():
            return "gap"
        case ev.TaskArchived():
            return "archive"
        case _:
            assert_never(event)


def _gap(state: TaskState, now: datetime) -> ev.ServiceGapNoted | None:
    """A gap of service, if the next deadline has long passed and nothing has happened since."""
    spans = state.rules.spans
    deadline = next_deadline(state)
    if spans is None or deadline is None:
        return None
    since = max(deadline, state.last_at)
    if now - since <= timedelta(minutes=spans.gap_after_minutes):
        return None
    grace = timedelta(minutes=spans.gap_grace_office_minutes)
    waits_until = add_office_time(state.calendar, now, grace)
    return ev.ServiceGapNoted(since=since, until=now, waits_until=waits_until)


def _of_assignment(
    state: TaskState, assignment: Assignment, now: datetime
) -> Iterator[tuple[datetime, Timed]]:
    next_at = running(state, assignment).next_at
    if next_at is None or next_at > now:
        return
    unit = assignment.unit
    setting = state.setting
    for instant, rung in armed(setting, assignment):
        if instant <= now:
            revision = assignment.revision
            yield (
                instant,
                ev.RungFired(unit=unit, rung=rung.name, revision=revision, due_at=instant),
            )
    lying = matters(setting, assignment)
    for office, matter, times, instant in reminders_due(setting, lying, assignment.reminded, now):
        yield (
            instant,
            ev.OfficeReminded(
                rung=office.name, unit=unit, subject=matter.subject, times=times, due_at=instant
            ),
        )
    yield from _reports(setting, assignment, now)


def _reports(
    setting: Setting, assignment: Assignment, now: datetime
) -> Iterator[tuple[datetime, Timed]]:
    """One period at a time; where several have passed, the next activation brings the next."""
    reporting, ends = assignment.reporting, period_end(setting, assignment)
    if reporting is None or ends is None or assignment.final:
        return
    expected = assignment.state in RUNNING["due"]
    if ends <= now:
        outcome: Literal["filed", "late", "not-due"] = "late" if expected else "not-due"
        if reporting.filed:
            outcome = "filed"
        yield (
            ends,
            ev.PeriodEnded(
                unit=assignment.unit,
                period=reporting.period,
                outcome=outcome,
                missed=reporting.late,
                due_at=reporting.due,
            ),
        )
    elif reporting.remind_at <= now and expected and not (reporting.filed or reporting.reminded):
        yield (
            reporting.remind_at,
            ev.ReportReminded(
                unit=assignment.unit, period=reporting.period, due_at=reporting.remind_at
            ),
        )


def _of_task(state: TaskState, now: datetime) -> Iterator[tuple[datetime, Timed]]:
    asked = state.concurrence
    if asked is not None and asked.open and asked.answer_by <= now:
        silent = ev.ConcurrenceSilent(
            submission=asked.submission, units=asked.open, due_at=asked.answer_by
        )
        yield asked.answer_by, silent
    for proposal in state.proposals.values():
        if proposal.expires <= now:
            yield (
                proposal.expires,
                ev.ProposalExpired(proposal=proposal.event, due_at=proposal.expires),
            )
    lying = task_matters(state)
    for office, matter, times, instant in reminders_due(state.setting, lying, state.reminded, now):
        yield (
            instant,
            ev.OfficeReminded(
                rung=office.name, subject=matter.subject, times=times, due_at=instant
            ),
        )
