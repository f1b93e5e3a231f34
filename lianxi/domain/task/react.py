"""`react`: whom an event concerns, as notices; and whether a notice still holds (domain layer).

A notice is addressed to a unit, the office or the convener, never to a person. Its text is made
when it is sent, in the language of the addressee.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task import events as ev
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.domain.values import Frozen, Instant, Sha256Hex, TaskId, UnitId

OFFICE: Final = "office"


class Notice(Frozen):
    """What somebody is to be told: `about` is the unit whose assignment it concerns."""

    task: TaskId
    addressee: UnitId
    kind: str
    about: UnitId | None = None
    cycle: int | None = None
    revision: int | None = None
    due: Instant | None = None
    submission: Sha256Hex | None = None


# Per kind of event: (the addressee's side, the notice's kind). `unit` is the event's own unit.
_ASSIGNMENT_NOTICES: dict[type[ev.AssignmentEvent], tuple[str, str]] = {
    ev.AssignmentAcknowledged: (OFFICE, "acknowledged"),
    ev.ProgressReported: (OFFICE, "progress"),
    ev.CompletionSubmitted: (OFFICE, "submitted"),
    ev.SubmissionRecalled: (OFFICE, "recalled"),
    ev.CompletionAccepted: ("unit", "accepted"),
    ev.CompletionReturned: ("unit", "returned"),
    ev.LeadChanged: ("unit", "lead"),
    ev.DueChanged: ("unit", "due-changed"),
}

_TASK_NOTICES: dict[type[ev.TaskEvent], str] = {
    ev.TaskIssued: "issued",
    ev.TaskClosed: "closed",
    ev.TaskCancelled: "cancelled",
}
"""Told to every unit that was on the task when the event came."""

READY = "ready-to-close"


def react(before: TaskState | None, event: ev.TaskEvent, after: TaskState) -> tuple[Notice, ...]:
    """The notices one event gives rise to, at most one per addressee and kind."""
    notices: list[Notice] = []
    if isinstance(event, ev.AssignmentEvent):
        for side, kind in _sides(event, after):
            notices.append(_about(after, event.unit, event.unit if side == "unit" else side, kind))
    elif kind_for_all := _TASK_NOTICES.get(type(event)):
        notices.extend(
            _about(after, assignment.unit, assignment.unit, kind_for_all)
            for assignment in after.assignments.values()
            if assignment.withdrawn_through != "withdraw"  # who left earlier is not told
        )
    # what closing and cancelling withdraw makes nothing ready: the end stands right behind it
    ending = isinstance(event, ev.AssignmentWithdrawn) and event.through != "withdraw"
    if after.ready and not ending and (before is None or not before.ready):
        notices.append(Notice(task=after.task, addressee=OFFICE, kind=READY))
    return tuple(notices)


def _sides(event: ev.AssignmentEvent, state: TaskState) -> list[tuple[str, str]]:
    match event:
        case ev.RungFired():
            rung = next(rung for rung in state.rules.ladder.rungs if rung.name == event.rung)
            return [(side, rung.name) for side in rung.to]
        case ev.AssignmentWithdrawn():
            # closing and cancelling tell everybody themselves
            return [("unit", "withdrawn")] if event.through == "withdraw" else []
        case ev.AssignmentAcknowledged() if event.implied_by is not None:
            return []  # the report or submission beside it is told
        case _:
            side = _ASSIGNMENT_NOTICES.get(type(event))
            return [side] if side is not None else []


def _about(state: TaskState, unit: str, addressee: str, kind: str) -> Notice:
    assignment = state.assignments[unit]
    return Notice(
        task=state.task,
        addressee=addressee,
        kind=kind,
        about=unit,
        cycle=assignment.cycle,
        revision=assignment.revision,
        due=assignment.acknowledge_by if kind.startswith("acknowledge-") else assignment.due,
        submission=assignment.submission.event
        if kind == "submitted" and assignment.submission is not None
        else None,
    )


def still_holds(notice: Notice, state: TaskState, now: datetime) -> bool:
    """Whether the notice would still be right if it were sent now; a stale one is superseded."""
    if notice.kind == READY:
        return state.ready
    holds = _HOLDS.get(notice.kind)
    rung = next((r for r in state.rules.ladder.rungs if r.name == notice.kind), None)
    if notice.about is None or (holds is None and rung is None):
        return True
    assignment = state.assignments[notice.about]
    if rung is not None:
        overtaken = rung.kind in ("reminder", "yellow") and notice.due is not None
        return (
            state.phase is TaskPhase.ACTIVE
            and assignment.revision == notice.revision
            and assignment.state in rung.states
            and not (overtaken and notice.due is not None and notice.due <= now)
        )
    return holds is not None and holds(notice, state)


def _same_revision(notice: Notice, state: TaskState) -> bool:
    assignment = state.assignments[notice.about or ""]
    return assignment.revision == notice.revision and not assignment.final


def _not_final(notice: Notice, state: TaskState) -> bool:
    return not state.assignments[notice.about or ""].final


def _same_submission(notice: Notice, state: TaskState) -> bool:
    assignment = state.assignments[notice.about or ""]
    return (
        assignment.state is AssignmentState.SUBMITTED
        and assignment.submission is not None
        and assignment.submission.event == notice.submission
    )


_HOLDS: dict[str, Callable[[Notice, TaskState], bool]] = {
    "issued": _not_final,
    "lead": _not_final,
    "returned": _same_revision,
    "due-changed": _same_revision,
    "submitted": _same_submission,
}
"""Notices that ask for something hold only while it is still to be done; the others always hold."""
