"""How objections, extensions and stops are asked for and decided (domain layer)."""

from lianxi.domain.counting import shift_days
from lianxi.domain.limits import AnyLimit, Settled
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    acknowledge_again,
    check_fresh,
    check_order,
    check_state,
    lapses,
    limits,
)
from lianxi.domain.task.deciding.units import new_lead
from lianxi.domain.task.state import Assignment, Request
from lianxi.domain.values import format_instant


def object_(case: Case, own: Assignment, command: cmd.ObjectToAssignment) -> Events:
    """Inside the acknowledge limit, while issued."""
    if case.now > own.acknowledge_by:
        raise no.PastLimitError(limit=format_instant(own.acknowledge_by))
    return (ev.AssignmentObjected(unit=own.unit, reason=command.reason),)


def extend(case: Case, own: Assignment, command: cmd.RequestExtension) -> Events:
    """Before due, to a later due. Filed early enough it holds the red rung until it is decided."""
    if own.extension is not None:
        raise no.RequestOpenError(request="extension")
    if case.now > own.due:
        raise no.PastLimitError(limit=format_instant(own.due))
    until = case.settled(command.until, "until")
    _check_later(until, own)
    hold = case.state.rules.ladder.hold_days
    holds = hold is not None and case.now <= shift_days(case.calendar, own.due, -hold, "working")
    return (
        ev.ExtensionRequested(
            unit=own.unit,
            until=until.instant,
            until_rule=command.until,
            reason=command.reason,
            progress=command.progress,
            holds=holds,
        ),
    )


def stop(case: Case, own: Assignment, command: cmd.RequestStop) -> Events:
    """While in progress or suspended."""
    if own.stop is not None:
        raise no.RequestOpenError(request="stop")
    return (ev.StopRequested(unit=own.unit, reason=command.reason),)


def retract(case: Case, own: Assignment, command: cmd.RetractRequest) -> Events:
    """The unit's own undecided request."""
    request = _open_request(own, command.request)
    return (ev.RequestRetracted(unit=own.unit, request=command.request, subject=request.event),)


def grant(case: Case, command: cmd.GrantRequest) -> Events:
    """The request named, undecided; refused when somebody acted since."""
    assignment, request = _decided(case, command)
    match command.request:
        case "extension":
            return _extended(case, assignment, request, command)
        case "stop":
            stopped = ev.AssignmentStopped(
                unit=command.unit, request=request.event, reason=command.reason
            )
            return (
                *new_lead(case.state, assignment, command.new_lead),
                stopped,
                *_without(lapses(assignment), request),
            )
        case "objection":
            return _objection_granted(case, assignment, request, command)


def _extended(
    case: Case, assignment: Assignment, request: Request, command: cmd.GrantRequest
) -> Events:
    rule = command.due or request.until_rule
    if command.due is not None:
        due = case.settled(command.due, "due")
    elif request.until is not None and request.until > case.now:
        due = Settled(request.until)
    else:
        raise no.DueRequiredError(unit=command.unit)
    _check_later(due, assignment)
    return (
        ev.ExtensionGranted(
            **limits(case, due, rule, None, None, assignment),
            request=request.event,
            reason=command.reason,
        ),
    )


def _objection_granted(
    case: Case, assignment: Assignment, request: Request, command: cmd.GrantRequest
) -> Events:
    """Changed (new limits named): issued again. Upheld: withdrawn, a lead with a new lead."""
    if command.due is None and command.acknowledge_by is None:
        upheld = ev.ObjectionUpheld(
            unit=command.unit, objection=request.event, reason=command.reason
        )
        return (
            upheld,
            *new_lead(case.state, assignment, command.new_lead),
            ev.AssignmentWithdrawn(unit=command.unit, through="objection", reason=command.reason),
            *_without(lapses(assignment), request),
        )
    due = _same_due(assignment) if command.due is None else case.settled(command.due, "due")
    acknowledge, rule = _acknowledge_anew(case, assignment, command.acknowledge_by, due)
    return (
        ev.ObjectionChanged(
            **limits(case, due, command.due, acknowledge, rule, assignment),
            objection=request.event,
            reason=command.reason,
        ),
    )


def refuse(case: Case, command: cmd.RefuseRequest) -> Events:
    """The request named, undecided; an objection gives a new acknowledge limit and the same due."""
    assignment, request = _decided(case, command)
    if command.request != "objection":
        return (
            ev.RequestRefused(
                unit=command.unit,
                request=command.request,
                subject=request.event,
                reason=command.reason,
            ),
        )
    due = _same_due(assignment)
    acknowledge, rule = _acknowledge_anew(case, assignment, command.acknowledge_by, due)
    return (
        ev.ObjectionRefused(
            **limits(case, due, None, acknowledge, rule, assignment),
            objection=request.event,
            reason=command.reason,
        ),
    )


def _acknowledge_anew(
    case: Case, assignment: Assignment, named: AnyLimit | None, due: Settled
) -> tuple[Settled, AnyLimit | None]:
    """The acknowledge limit named, not after due; else one like the one before."""
    if named is None:
        return acknowledge_again(case, assignment)
    acknowledge = case.settled(named, "acknowledge_by")
    check_order(acknowledge, due)
    return acknowledge, named


def _same_due(assignment: Assignment) -> Settled:
    return Settled(assignment.due, provisional=assignment.provisional)


def _decided(
    case: Case, command: cmd.GrantRequest | cmd.RefuseRequest
) -> tuple[Assignment, Request]:
    assignment = case.on_task(command.unit)
    check_state(assignment, command.action)
    request = _open_request(assignment, command.request)
    check_fresh(assignment, case.expect)
    if request.event != command.subject:
        raise no.StaleError(seen=command.subject, now=assignment.head)
    return assignment, request


def _open_request(assignment: Assignment, kind: cmd.RequestKind) -> Request:
    request: Request | None = getattr(assignment, kind)
    if request is None:
        raise no.NoRequestError(unit=assignment.unit, request=kind)
    return request


def _check_later(due: Settled, assignment: Assignment) -> None:
    if due.instant <= assignment.due:
        raise no.ExtensionNotLaterError(
            due=format_instant(assignment.due), asked=format_instant(due.instant)
        )


def _without(events: Events, request: Request) -> Events:
    """The lapses of the others: the one decided does not lapse."""
    return tuple(
        event
        for event in events
        if not (isinstance(event, ev.RequestLapsed) and event.subject == request.event)
    )
