"""How a task begins: from the conference's registration and the command behind it (streams layer, pure)."""

from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.events import TaskRegistered
from lianxi.domain.roster import Roster
from lianxi.domain.rules import Rules
from lianxi.domain.task.commands import ApproveProposal, IssueTask
from lianxi.domain.task.deciding.case import Events
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.values import Role
from lianxi.ids import CONFERENCE_STREAM
from lianxi.messages import CommandMessage, TaskStart
from lianxi.proof.events import EventEnvelope, SealedEvent, open_event
from lianxi.proof.hashing import event_hash, sha256_hex
from lianxi.proof.rosters import shared_roster
from lianxi.proof.wire import wire_bytes
from lianxi.streams.admission import Admitted, admit
from lianxi.streams.refusals import WrongRegistrationError


@dataclass(frozen=True, slots=True)
class Begun:
    """A task that may begin: who issued it, when it was registered, and its first events."""

    issue: Admitted
    registered_at: datetime
    events: Events


def begin(origin: str, task: str, start: TaskStart) -> Begun:
    """What a registration leads to, checked against everything that comes with it.

    Raises WrongRegistrationError, the refusals of admission and those of the issue's rules.
    """
    registration = _registration(origin, task, start)
    proposed = None if start.proposal is None else _opened(start.proposal, "proposal")
    return begin_registered(
        registration,
        start.envelope,
        roster=shared_roster(start.roster),
        rules=start.rules,
        calendar=start.calendar,
        proposed=proposed,
        approval=start.approval,
    )


@dataclass(frozen=True, slots=True)
class Registration:
    """The event by which a task got its number."""

    event: EventEnvelope
    hash: str
    data: TaskRegistered


def begin_registered(  # noqa: PLR0913 - what the conference's stream holds of one task
    registration: Registration,
    envelope: str,
    *,
    roster: Roster,
    rules: Rules,
    calendar: Calendar | None,
    proposed: tuple[EventEnvelope, str] | None = None,
    approval: str | None = None,
) -> Begun:
    """`begin` where roster, rules and calendar are known to be those that the registration names.

    `proposed`: the event (and its hash) by which the office had proposed the issue; `approval`: the
    convener's command. Raises as `begin` does.
    """
    registered, data = registration.event, registration.data
    admitted = admit(
        CommandMessage(envelope=envelope),
        origin=registered.origin,
        stream=CONFERENCE_STREAM,
        roster=roster,
        actions={IssueTask.action: IssueTask},
        arrived_as=None,
    )
    _check_cause(registration, admitted, proposed, approval, roster)
    context = IssueContext(
        task=data.task,
        rules=rules,
        rules_hash=data.rules_hash,
        registration=registration.hash,
        opened_at=registered.at,
        calendar=calendar,
        calendar_hash=data.calendar_hash,
    )
    return Begun(admitted, registered.at, decide_issue(admitted.order, context))


def _opened(sealed: SealedEvent, reason: str) -> tuple[EventEnvelope, str]:
    """An event that came with its hash; WrongRegistrationError unless they fit."""
    data = sealed.text.encode()
    if event_hash(data) != sealed.hash:
        raise WrongRegistrationError(reason=reason)
    return open_event(data), sealed.hash


def _registration(origin: str, task: str, start: TaskStart) -> Registration:
    """The registration event, checked against everything else the start brings."""
    event, digest = _opened(start.registration, "hash")
    if (event.origin, event.stream, event.kind) != (
        origin,
        CONFERENCE_STREAM,
        TaskRegistered.__name__,
    ):
        raise WrongRegistrationError(reason="event")
    registered = TaskRegistered.model_validate(event.data)
    if registered.task != task:
        raise WrongRegistrationError(reason="task")
    if event.roster != sha256_hex(start.roster.encode()):
        raise WrongRegistrationError(reason="roster")
    if registered.rules_hash != sha256_hex(wire_bytes(start.rules)):
        raise WrongRegistrationError(reason="rules")
    calendar = None if start.calendar is None else sha256_hex(wire_bytes(start.calendar))
    if registered.calendar_hash != calendar:
        raise WrongRegistrationError(reason="calendar")
    return Registration(event, digest, registered)


def _check_cause(
    registration: Registration,
    issue: Admitted,
    proposed: tuple[EventEnvelope, str] | None,
    approved_by: str | None,
    roster: Roster,
) -> None:
    """That the issue caused the registration: by itself, or proposed by it and then approved."""
    cause, data = registration.event.cause, registration.data
    if data.proposal is None:
        if cause.payload_sha256 != issue.signed.digest:
            raise WrongRegistrationError(reason="envelope")
        return
    if proposed is None or approved_by is None:
        raise WrongRegistrationError(reason="approval")
    event, digest = proposed
    if digest != data.proposal:
        raise WrongRegistrationError(reason="proposal")
    if event.cause.payload_sha256 != issue.signed.digest:
        raise WrongRegistrationError(reason="envelope")
    approval = admit(
        CommandMessage(envelope=approved_by),
        origin=registration.event.origin,
        stream=CONFERENCE_STREAM,
        roster=roster,
        actions={ApproveProposal.action: ApproveProposal},
        arrived_as=None,
    )
    if (
        cause.payload_sha256 != approval.signed.digest
        or approval.actor.role is not Role.CONVENER
        or not isinstance(approval.command, ApproveProposal)
        or approval.command.proposal != data.proposal
    ):
        raise WrongRegistrationError(reason="approval")
