"""`react`: whom an event concerns, as notices; and whether a notice still holds (domain layer).

A notice is addressed to a unit, the office or the convener, never to a person. Its text is made
when it is sent, in the language of the addressee.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from lianxi.domain.ladder import PROPOSED_KINDS, AssignmentState, Rung
from lianxi.domain.task import events as ev
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import Frozen, Instant, Sha256Hex, TaskId, UnitId

OFFICE: Final = "office"
CONVENER: Final = "convener"
UNIT: Final = "unit"
"""The side `unit` is the event's own unit."""
UNITS: Final = "units"
"""All units of the task."""


class Notice(Frozen):
    """What somebody is to be told: `about` is the unit whose assignment it concerns.

    `task` is absent for what concerns the conference; `subject` is the event of what is asked.
    """

    task: TaskId | None = None
    addressee: UnitId
    kind: str
    about: UnitId | None = None
    cycle: int | None = None
    revision: int | None = None
    due: Instant | None = None
    submission: Sha256Hex | None = None
    subject: Sha256Hex | None = None


_ASSIGNMENT_NOTICES: dict[type[ev.AssignmentEvent], tuple[tuple[str, str], ...]] = {
    ev.ProgressReported: ((OFFICE, "progress"),),
    ev.CompletionSubmitted: ((OFFICE, "submitted"),),
    ev.SubmissionRecalled: ((OFFICE, "recalled"),),
    ev.CompletionAccepted: ((UNIT, "accepted"),),
    ev.CompletionReturned: ((UNIT, "returned"),),
    ev.LeadChanged: ((UNIT, "lead"),),
    ev.DueChanged: ((UNIT, "due-changed"),),
    ev.AssignmentAdded: ((UNIT, "added"),),
    ev.AssignmentReopened: ((UNIT, "reopened"),),
    ev.AssignmentObjected: ((OFFICE, "objected"),),
    ev.ObjectionChanged: ((UNIT, "objection-decided"),),
    ev.ObjectionRefused: ((UNIT, "objection-decided"),),
    ev.ExtensionRequested: ((OFFICE, "extension-requested"),),
    ev.ExtensionGranted: ((UNIT, "extension-decided"),),
    ev.StopRequested: ((OFFICE, "stop-requested"),),
    ev.AssignmentStopped: ((UNIT, "stop-decided"),),
    ev.RequestRetracted: ((OFFICE, "retracted"),),
    ev.AssignmentSuspended: ((UNIT, "suspended"),),
    ev.AssignmentResumed: ((UNIT, "resumed"),),
    ev.ConcurrenceGiven: ((OFFICE, "concurred"),),
    ev.DissentFiled: ((OFFICE, "dissented"),),
    ev.FiledOnBehalf: ((UNIT, "on-behalf"),),
    ev.FilingDisputed: ((OFFICE, "disputed"),),
    ev.ReportCorrected: ((OFFICE, "corrected"),),
    ev.ActReversed: ((UNIT, "reversed"),),
    ev.UnitUrged: ((UNIT, "urged"),),
    ev.InstructionHeeded: ((OFFICE, "instruction-heeded"),),
    ev.PhoneCallNoted: ((UNIT, "phoned"),),
    ev.WarningAnswered: ((OFFICE, "warning-answered"),),
    ev.ReportReminded: ((UNIT, "report-reminder"),),
}
"""Per kind of event: whose side is told, under which kind of notice."""

_TASK_NOTICES: dict[type[ev.TaskEvent], str] = {
    ev.TaskIssued: "issued",
    ev.TaskClosed: "closed",
    ev.TaskCancelled: "cancelled",
    ev.EndReversed: "reversed",
    ev.TaskThawed: "thawed",
}
"""Told to every unit that was on the task when the event came."""

READY = "ready-to-close"


def react(before: TaskState | None, event: ev.TaskEvent, after: TaskState) -> tuple[Notice, ...]:
    """The notices one event gives rise to, at most one per addressee and kind."""
    notices = list(_told(event, after))
    # what closing and cancelling withdraw makes nothing ready: the end stands right behind it;
    # as does, behind a re-opening, what is looked at again
    passing = isinstance(event, ev.TaskReopened) or (
        isinstance(event, ev.AssignmentWithdrawn) and event.through in ("close", "cancel")
    )
    if after.ready and not passing and (before is None or not before.ready):
        notices.append(Notice(task=after.task, addressee=OFFICE, kind=READY))
    return tuple(notices)


def _told(event: ev.TaskEvent, after: TaskState) -> Iterator[Notice]:
    tell = _TELL.get(type(event))
    if tell is not None:
        yield from tell(event, after)
    elif isinstance(event, ev.AssignmentEvent):
        for side, kind in _ASSIGNMENT_NOTICES.get(type(event), ()):
            yield _about(after, event.unit, event.unit if side == UNIT else side, kind)
    else:
        yield from _all_units(event, after)


def _acknowledged(event: ev.AssignmentAcknowledged, after: TaskState) -> Iterator[Notice]:
    if event.implied_by is None:  # else the report or submission beside it is told
        yield _about(after, event.unit, OFFICE, "acknowledged")


def _withdrawn(event: ev.AssignmentWithdrawn, after: TaskState) -> Iterator[Notice]:
    if event.through in ("withdraw", "objection"):  # closing and cancelling tell everybody
        yield _about(after, event.unit, event.unit, "withdrawn")


def _transferred(event: ev.AssignmentTransferred, after: TaskState) -> Iterator[Notice]:
    yield _about(after, event.into, event.into, "transferred")


def _request_refused(event: ev.RequestRefused, after: TaskState) -> Iterator[Notice]:
    yield _about(after, event.unit, event.unit, f"{event.request}-decided")


def _period_ended(event: ev.PeriodEnded, after: TaskState) -> Iterator[Notice]:
    if event.outcome == "late":
        yield _about(after, event.unit, event.unit, "report-late")
        yield _about(after, event.unit, OFFICE, "report-late")


def _limits_moved(event: ev.LimitsMoved, after: TaskState) -> Iterator[Notice]:
    if event.why == "gap":  # what a calendar moves is told once per unit, by the conference
        yield _about(after, event.unit, event.unit, "limits-moved")


def _warning(event: ev.WarningSent, after: TaskState) -> Iterator[Notice]:
    """The unit that is warned, and whom the rung names beside it."""
    rung = _approved(after, "warning")
    sides = (UNIT, *(rung.to if rung is not None else ()))
    for addressee in _addressees(after, event.unit, sides):
        yield _about(after, event.unit, addressee, "warning-sent")


def _bulletin(event: ev.BulletinIssued, after: TaskState) -> Iterator[Notice]:
    """Whom the rung names; all units and the convener where that is not known."""
    rung = _approved(after, "bulletin")
    sides = (UNITS, CONVENER) if rung is None else rung.to
    for addressee in _addressees(after, event.unit, sides):
        yield _about(after, event.unit, addressee, "bulletin-issued")


def _approved(after: TaskState, kind: str) -> Rung | None:
    """The rung that had proposed what takes effect now."""
    rung = None if after.approved_rung is None else after.rules.ladder.rung(after.approved_rung)
    return rung if rung is not None and rung.kind == kind else None


def _addressees(after: TaskState, unit: str, sides: Iterable[str]) -> tuple[str, ...]:
    """Whom the sides of a rung are, each once."""
    everybody = tuple(a.unit for a in after.assignments.values() if _still_on(a))
    are = {UNIT: (unit,), UNITS: everybody}
    return tuple(dict.fromkeys(one for side in sides for one in are.get(side, (side,))))


def _concurrence_asked(event: ev.ConcurrenceAsked, after: TaskState) -> Iterator[Notice]:
    submission = None if after.concurrence is None else after.concurrence.submission
    for unit in event.units:
        yield _about(after, unit, unit, "concurrence-asked").model_copy(
            update={"submission": submission, "due": event.answer_by}
        )


def _instruction(event: ev.InstructionGiven, after: TaskState) -> Iterator[Notice]:
    for unit in event.units:
        yield _about(after, unit, unit, "instruction").model_copy(
            update={"subject": after.last_hash}
        )


def _proposed(event: ev.ActProposed, after: TaskState) -> Iterator[Notice]:
    yield _proposal(after, CONVENER, after.last_hash, event.expires, event.unit)


def _endorsed(event: ev.ProposalEndorsed, after: TaskState) -> Iterator[Notice]:
    unit = after.proposals[event.proposal].unit
    yield _proposal(after, CONVENER, event.proposal, event.expires, unit)


def _gap(event: ev.ServiceGapNoted, after: TaskState) -> Iterator[Notice]:
    yield _of_task(after, OFFICE, "service-gap").model_copy(update={"subject": after.last_hash})


def _to_office(kind: str) -> "Tell":
    return lambda event, after: iter((_of_task(after, OFFICE, kind),))


def _all_units(event: ev.TaskEvent, after: TaskState) -> Iterator[Notice]:
    kind = _TASK_NOTICES.get(type(event))
    if kind is not None:
        for assignment in after.assignments.values():
            if _still_on(assignment):
                yield _about(after, assignment.unit, assignment.unit, kind)


def _still_on(assignment: Assignment) -> bool:
    """Whoever left the task earlier is not told."""
    return assignment.withdrawn_through not in ("withdraw", "objection")


def _rung(event: ev.RungFired, after: TaskState) -> Iterator[Notice]:
    rung = after.rules.ladder.rung(event.rung)
    if rung is None:
        return
    if rung.kind in PROPOSED_KINDS:
        # nobody is warned before somebody of the convener's side approves
        proposal = after.proposals.get(after.last_hash)
        expires = None if proposal is None else proposal.expires
        yield _proposal(after, OFFICE, after.last_hash, expires, event.unit)
        return
    for addressee in _addressees(after, event.unit, rung.to):
        yield _about(after, event.unit, addressee, rung.name)


def _reminded(event: ev.OfficeReminded, after: TaskState) -> Iterator[Notice]:
    rung = after.rules.ladder.office_rung(event.rung)
    for side in () if rung is None else rung.to:
        addressee = event.unit if side == UNIT and event.unit is not None else side
        if event.unit is None:
            notice = _of_task(after, addressee, event.rung)
        else:
            notice = _about(after, event.unit, addressee, event.rung)
        yield notice.model_copy(update={"subject": event.subject})


def _of_task(state: TaskState, addressee: str, kind: str) -> Notice:
    return Notice(task=state.task, addressee=addressee, kind=kind)


def _proposal(
    state: TaskState, addressee: str, proposal: str, expires: datetime | None, about: str | None
) -> Notice:
    return Notice(
        task=state.task,
        addressee=addressee,
        kind="proposed",
        about=about,
        due=expires,
        subject=proposal,
    )


def _about(state: TaskState, unit: str, addressee: str, kind: str) -> Notice:
    assignment = state.assignments[unit]
    limit = assignment.due
    if kind.startswith("acknowledge-"):
        limit = assignment.acknowledge_by
    elif kind == "suspended" and assignment.suspension is not None:
        limit = assignment.suspension.review_by
    elif kind == "warning-sent" and assignment.warning is not None:
        limit = assignment.warning.explain_by
    elif kind == "on-behalf" and assignment.filing is not None:
        limit = assignment.filing.dispute_by
    elif kind == "report-reminder" and assignment.reporting is not None:
        limit = assignment.reporting.due
    return Notice(
        task=state.task,
        addressee=addressee,
        kind=kind,
        about=unit,
        cycle=assignment.cycle,
        revision=assignment.revision,
        due=limit,
        submission=assignment.submission.event
        if kind == "submitted" and assignment.submission is not None
        else None,
    )


Tell = Callable[[Any, TaskState], Iterator[Notice]]

_TELL: dict[type[ev.TaskEvent], Tell] = {
    ev.RungFired: _rung,
    ev.OfficeReminded: _reminded,
    ev.AssignmentAcknowledged: _acknowledged,
    ev.AssignmentWithdrawn: _withdrawn,
    ev.AssignmentTransferred: _transferred,
    ev.RequestRefused: _request_refused,
    ev.PeriodEnded: _period_ended,
    ev.LimitsMoved: _limits_moved,
    ev.WarningSent: _warning,
    ev.BulletinIssued: _bulletin,
    ev.ConcurrenceAsked: _concurrence_asked,
    ev.ConcurrenceSilent: _to_office("concurrence-silent"),
    ev.InstructionGiven: _instruction,
    ev.ActProposed: _proposed,
    ev.ProposalEndorsed: _endorsed,
    ev.ProposalApproved: _to_office("approved"),
    ev.ProposalRejected: _to_office("rejected"),
    ev.ProposalExpired: _to_office("expired"),
    ev.ProposalOvertaken: _to_office("overtaken"),
    ev.ServiceGapNoted: _gap,
}
"""Events whose notices depend on more than their kind."""


# --- whether a notice still holds ---


def still_holds(notice: Notice, state: TaskState, now: datetime) -> bool:
    """Whether the notice would still be right if it were sent now; a stale one is superseded."""
    if notice.kind == READY:
        return state.ready
    if notice.kind == "proposed":
        return notice.subject in state.proposals
    if notice.about is None:
        return _reminder_holds(notice, state)
    assignment = state.assignments.get(notice.about)
    if assignment is None:
        return False  # a successor has taken its place, and was told
    rung = state.rules.ladder.rung(notice.kind)
    if rung is not None:
        return state.phase is TaskPhase.ACTIVE and _rung_holds(notice, rung, assignment, now)
    if state.rules.ladder.office_rung(notice.kind) is not None:
        return any(
            reminded.rung == notice.kind and reminded.subject == notice.subject
            for reminded in assignment.reminded
        )
    holds = _HOLDS.get(notice.kind)
    return holds is None or holds(notice, assignment)


def _reminder_holds(notice: Notice, state: TaskState) -> bool:
    if state.rules.ladder.office_rung(notice.kind) is None:
        return True
    return any(r.rung == notice.kind and r.subject == notice.subject for r in state.reminded)


def _rung_holds(notice: Notice, rung: Rung, assignment: Assignment, now: datetime) -> bool:
    overtaken = rung.kind in ("reminder", "yellow") and notice.due is not None
    return (
        assignment.revision == notice.revision
        and assignment.state in rung.states
        and not (overtaken and notice.due is not None and notice.due <= now)
    )


def _same_revision(notice: Notice, assignment: Assignment) -> bool:
    return assignment.revision == notice.revision and not assignment.final


def _not_final(notice: Notice, assignment: Assignment) -> bool:
    return not assignment.final


def _same_submission(notice: Notice, assignment: Assignment) -> bool:
    return (
        assignment.state is AssignmentState.SUBMITTED
        and assignment.submission is not None
        and assignment.submission.event == notice.submission
    )


def _in_state(*states: AssignmentState) -> "Callable[[Any, Assignment], bool]":
    return lambda notice, assignment: assignment.state in states


_HOLDS: dict[str, Callable[[Notice, Assignment], bool]] = {
    "issued": _not_final,
    "added": _not_final,
    "transferred": _not_final,
    "lead": _not_final,
    "urged": _not_final,
    "returned": _same_revision,
    "due-changed": _same_revision,
    "extension-decided": _same_revision,
    "objection-decided": _same_revision,
    "resumed": _same_revision,
    "reopened": _same_revision,
    "limits-moved": _same_revision,
    "submitted": _same_submission,
    "objected": _in_state(AssignmentState.OBJECTED),
    "suspended": _in_state(AssignmentState.SUSPENDED),
    "extension-requested": lambda notice, a: a.extension is not None,
    "stop-requested": lambda notice, a: a.stop is not None,
    "warning-sent": lambda notice, a: a.warning is not None and not a.warning.answered,
}
"""Notices that ask for something hold only while it is still to be done; the others always hold."""
