"""What units ask and the office decides: objections, extensions, stops, concurrence (domain layer)."""

from lianxi.domain.limits import Limit
from lianxi.domain.task.commands.form import RequestKind
from lianxi.domain.task.events.form import AssignmentEvent, NewLimits, TaskEvent
from lianxi.domain.values import Commitment, Instant, Sha256Hex, UnitId


class AssignmentObjected(AssignmentEvent):
    """The unit objected inside the acknowledge limit; acknowledge rungs rest."""

    reason: Commitment


class ObjectionUpheld(AssignmentEvent):
    """The office agreed: the unit is withdrawn."""

    objection: Sha256Hex
    reason: Commitment | None = None


class ObjectionChanged(NewLimits):
    """The office agreed in part: issued again with new limits."""

    objection: Sha256Hex
    reason: Commitment | None = None


class ObjectionRefused(NewLimits):
    """The office did not agree: issued again with a new acknowledge limit and the same due."""

    objection: Sha256Hex
    reason: Commitment


class ExtensionRequested(AssignmentEvent):
    """The unit asked for a later due; `holds`: early enough that nobody is late before it is decided."""

    until: Instant
    until_rule: Limit
    reason: Commitment
    progress: Commitment | None = None
    holds: bool


class ExtensionGranted(NewLimits):
    """The office granted a later due."""

    request: Sha256Hex
    reason: Commitment | None = None


class StopRequested(AssignmentEvent):
    """The unit asked that its part be stopped."""

    reason: Commitment


class AssignmentStopped(AssignmentEvent):
    """The office granted the stop: nothing more is expected of the unit."""

    request: Sha256Hex
    reason: Commitment | None = None


class RequestRefused(AssignmentEvent):
    """The office refused an extension or a stop."""

    request: RequestKind
    subject: Sha256Hex
    reason: Commitment


class RequestRetracted(AssignmentEvent):
    """The unit took back what it had asked for."""

    request: RequestKind
    subject: Sha256Hex


class RequestLapsed(AssignmentEvent):
    """What the unit had asked for is moot: it submitted, or is off the task."""

    request: RequestKind
    subject: Sha256Hex


class ConcurrenceAsked(TaskEvent):
    """The supporting units named are asked about the lead's submission, which is the event before."""

    units: tuple[UnitId, ...]
    answer_by: Instant


class ConcurrenceGiven(AssignmentEvent):
    """The supporting unit agrees."""

    submission: Sha256Hex


class DissentFiled(AssignmentEvent):
    """The supporting unit disagrees; shown with the submission, never a bar."""

    submission: Sha256Hex
    reason: Commitment


class ConcurrenceSilent(TaskEvent):
    """The units named have not answered in time; their silence is noted."""

    submission: Sha256Hex
    units: tuple[UnitId, ...]
    due_at: Instant
