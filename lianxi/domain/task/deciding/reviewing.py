"""How submissions are decided, and how a task ends or begins again (domain layer)."""

from typing import assert_never

from lianxi.domain.calendar import check_calendar
from lianxi.domain.ladder import AssignmentState
from lianxi.domain.ladder_check import check_ladder
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    acknowledge_again,
    check_fresh,
    check_state,
    limits,
)
from lianxi.domain.task.deciding.units import withdraw_open
from lianxi.domain.task.state import Assignment, TaskPhase
from lianxi.domain.values import Sha256Hex


def accept(case: Case, command: cmd.AcceptCompletion) -> Events:
    """The submission in force, by its hash; refused when somebody acted since.

    Over a dissent, or before all that were asked have answered, with a reason.
    """
    assignment = case.on_task(command.unit)
    _check_submission(case, assignment, command.action, command.submission)
    concurrence = case.state.concurrence
    if (
        concurrence is not None
        and concurrence.submission == command.submission
        and (concurrence.dissented or concurrence.open)
        and command.reason is None
    ):
        raise no.ReasonRequiredError(action=command.action, verdict="dissent")
    return (
        ev.CompletionAccepted(
            unit=command.unit, submission=command.submission, reason=command.reason
        ),
    )


def return_(case: Case, command: cmd.ReturnCompletion) -> Events:
    """A reason, a due ahead, a new cycle, a new acknowledge limit like the first."""
    assignment = case.on_task(command.unit)
    _check_submission(case, assignment, command.action, command.submission)
    due = case.settled(command.due, "due")
    acknowledge, rule = acknowledge_again(case, assignment)
    return (
        ev.CompletionReturned(
            **limits(case, due, command.due, acknowledge, rule, assignment),
            submission=command.submission,
            reason=command.reason,
            cycle=assignment.cycle + 1,
        ),
    )


def _check_submission(
    case: Case, assignment: Assignment, action: str, submission: Sha256Hex
) -> None:
    check_state(assignment, action)
    check_fresh(assignment, case.expect)
    if assignment.submission is None or assignment.submission.event != submission:
        raise no.StaleError(seen=submission, now=assignment.head)


def close(case: Case, command: cmd.CloseTask) -> Events:
    """Implemented: when ready. Not implemented: from active, with a reason; withdraws the rest."""
    state = case.state
    check_fresh(state, case.expect)
    match command.verdict:
        case cmd.Verdict.IMPLEMENTED:
            if not state.ready:
                waiting = [a.unit for a in state.assignments.values() if not a.final]
                raise no.NotReadyToCloseError(task=state.task, waiting=", ".join(waiting))
        case cmd.Verdict.NOT_IMPLEMENTED:
            if command.reason is None:
                raise no.ReasonRequiredError(action="close", verdict=command.verdict)
        case _:
            assert_never(command.verdict)
    return (
        *withdraw_open(state, "close"),
        ev.TaskClosed(verdict=command.verdict, reason=command.reason),
    )


def cancel(case: Case, command: cmd.CancelTask) -> Events:
    """A reason; withdraws every assignment that is not final."""
    return (*withdraw_open(case.state, "cancel"), ev.TaskCancelled(reason=command.reason))


def reopen(case: Case, command: cmd.ReopenTask) -> Events:
    """Completed units of an active or closed task; a closed one takes today's rules and calendar."""
    state = case.state
    closed = state.phase is TaskPhase.CLOSED
    if not closed and state.phase is not TaskPhase.ACTIVE:
        raise no.TaskEndedError(task=state.task, state=state.phase)
    assignments = [case.on_task(unit) for unit in command.units]
    for assignment in assignments:
        check_state(assignment, command.action)
    events: list[ev.TaskEvent] = []
    leads = _lead_again(case, command)
    if closed:
        if command.calendar is not None:
            check_calendar(command.calendar)
        if command.rules is not None:
            check_ladder(command.rules.ladder)
        reopened = ev.TaskReopened(
            reason=command.reason, rules=command.rules, calendar=command.calendar
        )
        events.append(reopened)
        update = {"rules": command.rules, "counts_by": command.calendar}
        state = state.model_copy(update={k: v for k, v in update.items() if v is not None})
        case = Case(state, case.actor, case.expect, case.now)
    events += leads
    due = case.settled(command.due, "due")
    events += [
        ev.AssignmentReopened(
            **limits(case, due, command.due, None, None, assignment),
            cycle=assignment.cycle + 1,
            reason=command.reason,
        )
        for assignment in assignments
    ]
    return tuple(events)


def _lead_again(case: Case, command: cmd.ReopenTask) -> Events:
    """A re-check needs somebody who leads: one of its units where the lead has left the task."""
    lead = case.state.lead
    if lead is None or lead.state not in (AssignmentState.WITHDRAWN, AssignmentState.STOPPED):
        if command.new_lead is not None:
            raise no.SuccessorUnfitError(unit=command.new_lead, lead=lead.unit if lead else "none")
        return ()
    if command.new_lead is None:
        raise no.LeadNeedsSuccessorError(task=case.state.task, unit=lead.unit)
    if command.new_lead not in command.units:
        raise no.SuccessorUnfitError(unit=command.new_lead, lead=lead.unit)
    return (ev.LeadChanged(unit=command.new_lead, previous=lead.unit),)
