"""Clocks: from a state, the instants at which limits pass and rules act (domain layer).

Derived only: what stands here can be computed again from the state at any time. `evolve` keeps the
result beside each assignment, so that finding the next deadline does not look at every rung anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lianxi.domain.counting import count_days, shift_days
from lianxi.domain.ladder import (
    FINAL_STATES,
    RUNNING,
    AssignmentState,
    Clocks,
    Matter,
    OfficeRung,
    Pause,
    Setting,
    armed,
    ladder_clocks,
)
from lianxi.domain.task.events import ServiceGapNoted
from lianxi.domain.task.state import Assignment, Reminded, TaskPhase, TaskState

NOT_RUNNING = Clocks()

S = AssignmentState


@dataclass(frozen=True, slots=True)
class Lying:
    """A matter that lies with the office: which, because of which event, since when.

    For what brings its own limit along (a review date, an explanation) `since` is that limit.
    """

    about: Matter
    subject: str
    since: datetime


def clocks_of(setting: Setting, assignment: Assignment) -> Clocks:
    """Everything that runs for one assignment of an active task."""
    if assignment.state in FINAL_STATES:
        return NOT_RUNNING
    ladder = ladder_clocks(setting, assignment)
    instants = [ladder.next_at, *_office_instants(setting, assignment)]
    near = ladder.near_due_at
    reporting = assignment.reporting
    if reporting is not None:
        instants.append(period_end(setting, assignment))
        if not (reporting.filed or reporting.reminded) and assignment.state in RUNNING["due"]:
            instants.append(reporting.remind_at)
        if reporting.late_since is not None and near is not None:
            near = min(near, reporting.late_since)  # behind with its reports
    soonest = min((instant for instant in instants if instant is not None), default=None)
    return ladder.model_copy(update={"near_due_at": near, "next_at": soonest})


def next_deadline(state: TaskState) -> datetime | None:
    """The next instant at which a rule, not a person, acts on this task."""
    if state.phase is not TaskPhase.ACTIVE:
        return state.archive_at
    instants = [running(state, assignment).next_at for assignment in state.assignments.values()]
    instants += task_instants(state)
    return min((instant for instant in instants if instant is not None), default=None)


def running(state: TaskState, assignment: Assignment) -> Clocks:
    """The clocks of an assignment: as kept, or computed where release 0.1 kept none."""
    if state.phase is not TaskPhase.ACTIVE:
        return NOT_RUNNING
    return assignment.clocks or clocks_of(state.setting, assignment)


def waits_after(state: TaskState, since: datetime, until: datetime) -> Pause:
    """For what lateness, and until when, rungs wait after a gap of service that began at `since`.

    Where the service was away again before the grace had ended, the first gap counts on.
    """
    before = state.waits
    again = before is not None and since <= before.until
    return Pause(since=before.since if before is not None and again else since, until=until)


def waiting_for_service(state: TaskState, gap: ServiceGapNoted) -> dict[str, Any]:
    """What a gap of service moves until the grace after it: lateness, and silence on what was asked."""
    waits = waits_after(state, gap.since, gap.waits_until)
    update: dict[str, Any] = {"waits": waits}
    asked = state.concurrence
    if asked is not None and asked.open and waits.since <= asked.answer_by < waits.until:
        update["concurrence"] = asked.model_copy(update={"answer_by": waits.until})
    return update


def period_end(setting: Setting, assignment: Assignment) -> datetime | None:
    """When a periodic report is noted as filed, not due, or late: late not before any grace ends."""
    reporting = assignment.reporting
    if reporting is None:
        return None
    if reporting.filed or assignment.state not in RUNNING["due"]:
        return reporting.due
    return setting.not_before(reporting.due)


def task_instants(state: TaskState) -> Iterator[datetime]:
    """When a rule acts on the task as a whole, while it is active."""
    if state.concurrence is not None and state.concurrence.open:
        yield state.concurrence.answer_by
    for proposal in state.proposals.values():
        yield proposal.expires
    for rung, lying in office_rungs(state.setting, task_matters(state)):
        instant = office_instant(rung, lying, _times(state.reminded, rung, lying), state.setting)
        if instant is not None:
            yield instant


def matters(setting: Setting, assignment: Assignment) -> Iterator[Lying]:
    """What of this assignment lies with the office."""
    a = assignment
    if a.state is S.SUBMITTED and a.submission is not None:
        yield Lying("review", a.submission.event, a.submission.at)
    if a.state is S.OBJECTED and a.objection is not None:
        yield Lying("objection", a.objection.event, a.objection.at)
    for request in (a.extension, a.stop):
        if request is not None:
            yield Lying("request", request.event, request.at)
    if a.suspension is not None:
        yield Lying("suspension", a.suspension.event, a.suspension.review_by)
    if a.warning is not None and not a.warning.answered:
        yield Lying("explanation", a.warning.event, a.warning.explain_by)
    climbed = a.climbed is not None and a.state in RUNNING["due"] and not a.held
    if a.climbed is not None and climbed and not any(armed(setting, a)):
        yield Lying("exhausted", a.climbed.event, a.climbed.due_at)


def task_matters(state: TaskState) -> Iterator[Lying]:
    """What of the task as a whole lies with the office."""
    if state.ready and state.ready_at is not None and state.ready_event is not None:
        yield Lying("close", state.ready_event, state.ready_at)


def office_rungs(setting: Setting, lying: Iterator[Lying]) -> Iterator[tuple[OfficeRung, Lying]]:
    """The reminders of the office that go with what lies there."""
    for matter in lying:
        for rung in setting.ladder.office or ():
            if rung.about == matter.about:
                yield rung, matter


def office_instant(rung: OfficeRung, lying: Lying, times: int, setting: Setting) -> datetime | None:
    """When the office is reminded for the (`times` + 1)th time; None when it no longer is."""
    first = lying.since
    if rung.after_days is not None:
        first = count_days(setting.calendar, first, rung.after_days, "working").instant
    if not times:
        return first
    if rung.repeat_days is None:
        return None
    return shift_days(setting.calendar, first, times * rung.repeat_days, "working")


def reminders_due(
    setting: Setting, lying: Iterator[Lying], reminded: tuple[Reminded, ...], now: datetime
) -> Iterator[tuple[OfficeRung, Lying, int, datetime]]:
    """Reminders whose instant has come: with how often by now, and the last instant that passed."""
    for rung, matter in office_rungs(setting, lying):
        times = before = _times(reminded, rung, matter)
        due_at = None
        while (instant := office_instant(rung, matter, times, setting)) and instant <= now:
            times, due_at = times + 1, instant
        if times > before and due_at is not None:
            yield rung, matter, times, due_at


def _office_instants(setting: Setting, assignment: Assignment) -> Iterator[datetime | None]:
    for rung, lying in office_rungs(setting, matters(setting, assignment)):
        times = _times(assignment.reminded, rung, lying)
        yield office_instant(rung, lying, times, setting)


def _times(reminded: tuple[Reminded, ...], rung: OfficeRung, lying: Lying) -> int:
    return next((r.times for r in reminded if (r.rung, r.subject) == (rung.name, lying.subject)), 0)
