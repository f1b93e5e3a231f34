"""`decide`: what follows from a command, or the refusal; and what the rules do by themselves.

Rules, in the order of the tests in tests/domain/test_task_decide.py (words of docs/event-model.md):

- Only the roles of a command may give it; a unit acts on its own assignment only.
- What a unit states as the time of its act lies between the issue and now.
- A task that is closed, cancelled or archived takes no command.
- Acknowledge: from issued or returned; a report or a submission acknowledges tacitly.
- Progress: while in progress. Submit: while in progress; opens the convener's decision.
- Recall: while submitted, before the decision.
- Accept, return: the submission in force, by its hash; refused when somebody acted since.
- Return: a reason, a due ahead, a new cycle, a new acknowledge limit as long as the first.
- Withdraw: from every state that is not final; a lead only with a new lead.
- Change due: a due ahead, another than before; rungs are armed again.
- Close implemented: when ready; not implemented: from active, with a reason, and withdraws the rest.
- Cancel: a reason; withdraws every assignment that is not final.
- A rung fires once per assignment and limit revision; the archive ends the task.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

from lianxi.domain.ladder import AssignmentState, armed
from lianxi.domain.limits import DurationLimit, LimitOrderError, settle_ahead
from lianxi.domain.rules import Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import Actor, Sha256Hex, TaskId, format_instant

CLOCKS_APART = timedelta(minutes=5)
"""How far a unit's clock may be ahead when it states when something happened."""

S = AssignmentState

ALLOWED_FROM: dict[str, frozenset[AssignmentState]] = {
    "acknowledge": frozenset({S.ISSUED, S.RETURNED}),
    "progress": frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS}),
    "submit": frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS}),
    "recall": frozenset({S.SUBMITTED}),
    "accept": frozenset({S.SUBMITTED}),
    "return": frozenset({S.SUBMITTED}),
    "withdraw": frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS, S.SUBMITTED}),
    "due": frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS, S.SUBMITTED}),
}
"""From which states of an assignment each command is allowed."""

ALREADY: dict[str, frozenset[AssignmentState]] = {
    "acknowledge": frozenset({S.IN_PROGRESS}),
    "submit": frozenset({S.SUBMITTED}),
    "accept": frozenset({S.COMPLETED}),
    "return": frozenset({S.RETURNED}),
    "withdraw": frozenset({S.WITHDRAWN}),
}
"""In which states the command has nothing left to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """An authenticated command: who gives it, and what they had seen (`expect`, an event's hash)."""

    actor: Actor
    command: cmd.TaskCommand
    expect: Sha256Hex | None = None


@dataclass(frozen=True, slots=True)
class IssueContext:
    """What the conference adds when it registers a task: number, rules, the instant of opening."""

    task: TaskId
    rules: Rules
    rules_hash: Sha256Hex
    registration: Sha256Hex
    opened_at: datetime


def decide_issue(order: Order, context: IssueContext) -> tuple[ev.TaskEvent, ...]:
    """The first event of a task. The same order and context always decide alike, whenever asked."""
    command = order.command
    if not isinstance(command, cmd.IssueTask):
        raise TypeError("decide_issue takes IssueTask")
    _check_role(order)
    due = settle_ahead(command.due, context.opened_at, "due")
    within = command.acknowledge_by or DurationLimit(seconds=context.rules.acknowledge_within)
    acknowledge_by = settle_ahead(within, context.opened_at, "acknowledge_by")
    if acknowledge_by > due:
        if command.acknowledge_by is not None:
            raise LimitOrderError(
                acknowledge_by=format_instant(acknowledge_by), due=format_instant(due)
            )
        acknowledge_by = due  # the default limit never outlasts a short due
    others: ev.AssignmentRole = "member" if command.mode is cmd.Mode.EACH else "support"
    parts: list[tuple[str, ev.AssignmentRole]] = [(unit, others) for unit in command.units]
    if command.lead is not None:
        parts.insert(0, (command.lead, "lead"))
    return (
        ev.TaskIssued(
            task=context.task,
            ref=command.ref,
            registration=context.registration,
            opened_at=context.opened_at,
            mode=command.mode,
            title=command.title,
            text=command.text,
            basis=command.basis,
            rules=context.rules,
            rules_hash=context.rules_hash,
            assignments=tuple(
                ev.AssignmentTerms(unit=unit, role=role, acknowledge_by=acknowledge_by, due=due)
                for unit, role in parts
            ),
        ),
    )


def decide(state: TaskState, order: Order, now: datetime) -> tuple[ev.TaskEvent, ...]:
    """The events that follow from the order at `now`; a `Refusal` when a rule says no."""
    _check_role(order)
    command = order.command
    if isinstance(command, cmd.UnitCommand):
        assignment = state.assignments.get(order.actor.unit)
        if assignment is None:
            raise no.NotYourAssignmentError(task=state.task, unit=order.actor.unit)
        _check_active(state, command)
        stated = command.happened_at
        if stated is not None and not state.issued_at <= stated <= now + CLOCKS_APART:
            raise no.HappenedOutOfRangeError(happened_at=format_instant(stated))
        return _unit_acts(assignment, command)
    _check_active(state, command)
    match command:
        case cmd.AcceptCompletion():
            assignment = _on_task(state, command.unit)
            _check_submission(assignment, command.action, command.submission, order.expect)
            return (ev.CompletionAccepted(unit=command.unit, submission=command.submission),)
        case cmd.ReturnCompletion():
            return _return(_on_task(state, command.unit), command, order.expect, now)
        case cmd.WithdrawAssignment():
            return _withdraw(state, command, order.expect)
        case cmd.ChangeDue():
            return _change_due(state, command, now)
        case cmd.CloseTask():
            return _close(state, command, order.expect)
        case cmd.CancelTask():
            return (
                *_withdraw_open(state, "cancel"),
                ev.TaskCancelled(reason=command.reason),
            )
        case cmd.IssueTask():
            raise no.WrongStateError(action="issue", state="registered", needed="new")
        case _:
            raise TypeError(f"no rule for {type(command).__name__}")


def rungs_due(state: TaskState, now: datetime) -> tuple[ev.TaskEvent, ...]:
    """What the rules do by themselves up to `now`, in the order of their instants."""
    if state.phase is not TaskPhase.ACTIVE:
        archive_at = state.archive_at
        if archive_at is not None and archive_at <= now:
            return (ev.TaskArchived(due_at=archive_at),)
        return ()
    due = [
        (instant, assignment, rung)
        for assignment in state.assignments.values()
        for instant, rung in armed(state.rules.ladder, assignment)
        if instant <= now
    ]
    return tuple(
        ev.RungFired(
            unit=assignment.unit, rung=rung.name, revision=assignment.revision, due_at=instant
        )
        for instant, assignment, rung in sorted(due, key=lambda entry: entry[0])
    )


def _check_role(order: Order) -> None:
    if order.actor.role not in order.command.roles:
        raise no.RoleNotAllowedError(
            action=order.command.action,
            role=order.actor.role,
            needed=", ".join(sorted(order.command.roles)),
        )


def _check_active(state: TaskState, command: cmd.TaskCommand) -> None:
    if state.phase is TaskPhase.ACTIVE:
        return
    same = {"close": TaskPhase.CLOSED, "cancel": TaskPhase.CANCELLED}.get(command.action)
    if same is state.phase:
        verdict = getattr(command, "verdict", None)
        if verdict is None or verdict is state.verdict:
            raise no.AlreadySoError(task=state.task, state=state.phase)
    raise no.TaskEndedError(task=state.task, state=state.phase)


def _on_task(state: TaskState, unit: str) -> Assignment:
    assignment = state.assignments.get(unit)
    if assignment is None:
        raise no.UnitNotOnTaskError(task=state.task, unit=unit)
    return assignment


def _check_state(assignment: Assignment, action: str) -> None:
    if assignment.state in ALREADY.get(action, frozenset()):
        raise no.AlreadySoError(unit=assignment.unit, state=assignment.state)
    if assignment.state not in ALLOWED_FROM[action]:
        raise no.WrongStateError(
            action=action,
            unit=assignment.unit,
            state=assignment.state,
            needed=", ".join(sorted(ALLOWED_FROM[action])),
        )


def _check_fresh(subject: Assignment | TaskState, expect: Sha256Hex | None) -> None:
    """Stale only by later acts of people: what rules added since the head is no reason."""
    if expect is None or (expect != subject.head and expect not in subject.since_head):
        raise no.StaleError(seen=expect or "nothing", now=subject.head)


def _check_submission(
    assignment: Assignment, action: str, submission: Sha256Hex, expect: Sha256Hex | None
) -> None:
    _check_state(assignment, action)
    _check_fresh(assignment, expect)
    if assignment.submission is None or assignment.submission.event != submission:
        raise no.StaleError(seen=submission, now=assignment.head)


def _unit_acts(assignment: Assignment, command: cmd.UnitCommand) -> tuple[ev.TaskEvent, ...]:
    unit = assignment.unit
    _check_state(assignment, command.action)
    tacit = assignment.state in (S.ISSUED, S.RETURNED)
    match command:
        case cmd.AcknowledgeTask():
            return (ev.AssignmentAcknowledged(unit=unit),)
        case cmd.ReportProgress():
            report = ev.ProgressReported(unit=unit, percent=command.percent, text=command.text)
            if tacit:
                return (ev.AssignmentAcknowledged(unit=unit, implied_by="progress"), report)
            return (report,)
        case cmd.SubmitCompletion():
            submitted = ev.CompletionSubmitted(
                unit=unit,
                cycle=assignment.cycle,
                report=command.report,
                report_media=command.report_media,
                evidence=command.evidence,
            )
            if tacit:
                return (ev.AssignmentAcknowledged(unit=unit, implied_by="submit"), submitted)
            return (submitted,)
        case cmd.RecallSubmission():
            if assignment.submission is None:
                raise TypeError("a submitted assignment has a submission")
            return (
                ev.SubmissionRecalled(
                    unit=unit, submission=assignment.submission.event, reason=command.reason
                ),
            )
        case _:
            raise TypeError(f"no rule for {type(command).__name__}")


def _return(
    assignment: Assignment, command: cmd.ReturnCompletion, expect: Sha256Hex | None, now: datetime
) -> tuple[ev.TaskEvent, ...]:
    _check_submission(assignment, command.action, command.submission, expect)
    due = settle_ahead(command.due, now, "due")
    acknowledge_within = assignment.acknowledge_by - assignment.acknowledge_opened_at
    return (
        ev.CompletionReturned(
            unit=assignment.unit,
            submission=command.submission,
            reason=command.reason,
            cycle=assignment.cycle + 1,
            revision=assignment.revision + 1,
            acknowledge_by=min(now + acknowledge_within, due),
            due=due,
        ),
    )


def _withdraw(
    state: TaskState, command: cmd.WithdrawAssignment, expect: Sha256Hex | None
) -> tuple[ev.TaskEvent, ...]:
    assignment = _on_task(state, command.unit)
    _check_state(assignment, command.action)
    _check_fresh(assignment, expect)
    withdrawn = ev.AssignmentWithdrawn(unit=command.unit, through="withdraw", reason=command.reason)
    if assignment.role != "lead":
        if command.new_lead is not None:
            raise no.SuccessorUnfitError(unit=command.new_lead, lead=_lead_unit(state))
        return (withdrawn,)
    if command.new_lead is None:
        raise no.LeadNeedsSuccessorError(task=state.task, unit=command.unit)
    successor = state.assignments.get(command.new_lead)
    if successor is None or successor.unit == command.unit or successor.state is S.WITHDRAWN:
        raise no.SuccessorUnfitError(unit=command.new_lead, lead=command.unit)
    return (ev.LeadChanged(unit=successor.unit, previous=command.unit), withdrawn)


def _lead_unit(state: TaskState) -> str:
    return state.lead.unit if state.lead is not None else "none"


def _change_due(
    state: TaskState, command: cmd.ChangeDue, now: datetime
) -> tuple[ev.TaskEvent, ...]:
    due = settle_ahead(command.due, now, "due")
    assignments = [_on_task(state, unit) for unit in command.units]
    for assignment in assignments:
        _check_state(assignment, command.action)
    if all(assignment.due == due for assignment in assignments):
        raise no.AlreadySoError(task=state.task, state=format_instant(due))
    return tuple(
        ev.DueChanged(
            unit=assignment.unit,
            revision=assignment.revision + 1,
            due=due,
            acknowledge_by=min(assignment.acknowledge_by, due),
            reason=command.reason,
        )
        for assignment in assignments
        if assignment.due != due
    )


def _close(
    state: TaskState, command: cmd.CloseTask, expect: Sha256Hex | None
) -> tuple[ev.TaskEvent, ...]:
    _check_fresh(state, expect)
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
        *_withdraw_open(state, "close"),
        ev.TaskClosed(verdict=command.verdict, reason=command.reason),
    )


def _withdraw_open(
    state: TaskState, through: Literal["close", "cancel"]
) -> tuple[ev.TaskEvent, ...]:
    return tuple(
        ev.AssignmentWithdrawn(unit=assignment.unit, through=through)
        for assignment in state.assignments.values()
        if not assignment.final
    )
