"""How it is decided who is on a task: added, withdrawn, succeeded, who leads (domain layer)."""

from typing import Literal

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    check_fresh,
    check_state,
    lapses,
)
from lianxi.domain.task.deciding.issuing import settle_terms
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import RESERVED_UNITS

S = AssignmentState


def add(case: Case, command: cmd.AddAssignment) -> Events:
    """A unit that is not on the task; limits as named, or as the kind of task gives them."""
    state = case.state
    if command.unit in state.assignments:
        raise no.AlreadyOnTaskError(task=state.task, unit=command.unit)
    if command.unit.lower() in RESERVED_UNITS or len(state.assignments) >= cmd.MAX_UNITS:
        raise no.UnitNotOnTaskError(task=state.task, unit=command.unit)
    terms = settle_terms(
        command.due,
        command.acknowledge_by,
        kind=state.kind,
        rules=state.rules,
        calendar=state.counts_by,
        opened_at=case.now,
    )
    return (
        ev.AssignmentAdded(
            unit=command.unit,
            role="member" if state.mode is cmd.Mode.EACH else "support",
            acknowledge_by=terms.acknowledge.instant,
            due=terms.due.instant,
            acknowledge_rule=case.rule(terms.acknowledge_rule),
            due_rule=case.rule(terms.due_rule),
            provisional=terms.provisional,
            reason=command.reason,
        ),
    )


def withdraw(case: Case, command: cmd.WithdrawAssignment) -> Events:
    """From every state that is not final; a lead only with a new lead; refused when stale."""
    assignment = case.on_task(command.unit)
    check_state(assignment, command.action)
    check_fresh(assignment, case.expect)
    return (
        *new_lead(case.state, assignment, command.new_lead),
        ev.AssignmentWithdrawn(unit=command.unit, through="withdraw", reason=command.reason),
        *lapses(assignment),
    )


def new_lead(state: TaskState, leaving: Assignment, named: str | None) -> Events:
    """Who leads when a lead leaves; SuccessorUnfitError, LeadNeedsSuccessorError."""
    if leaving.role != "lead":
        if named is not None:
            lead = state.lead
            raise no.SuccessorUnfitError(unit=named, lead=lead.unit if lead else "none")
        return ()
    if named is None:
        raise no.LeadNeedsSuccessorError(task=state.task, unit=leaving.unit)
    successor = state.assignments.get(named)
    gone = (S.WITHDRAWN, S.STOPPED)
    if successor is None or successor.unit == leaving.unit or successor.state in gone:
        raise no.SuccessorUnfitError(unit=named, lead=leaving.unit)
    return (ev.LeadChanged(unit=successor.unit, previous=leaving.unit),)


def transfer(case: Case, command: cmd.TransferAssignment) -> Events:
    """An open assignment goes to the successor; where it has one too, one remains: the lead's.

    Neither leads: the one that is still open, the successor's own before the other.
    """
    assignment = case.on_task(command.unit)
    check_state(assignment, command.action)
    if command.into.lower() in RESERVED_UNITS:
        raise no.UnitNotOnTaskError(task=case.state.task, unit=command.into)
    own = case.state.assignments.get(command.into)
    keeps_own = (
        own is not None and assignment.role != "lead" and (own.role == "lead" or not own.final)
    )
    kept = command.into if keeps_own else command.unit
    return (ev.AssignmentTransferred(unit=command.unit, into=command.into, kept=kept),)


def withdraw_open(state: TaskState, through: Literal["close", "cancel"]) -> Events:
    """Every assignment that is not final is withdrawn by the task's end."""
    events: list[ev.TaskEvent] = []
    for assignment in state.assignments.values():
        if not assignment.final:
            events.append(ev.AssignmentWithdrawn(unit=assignment.unit, through=through))
            events.extend(lapses(assignment))
    return tuple(events)
