"""`decide`: what follows from a command, or the refusal (domain layer).

The door: role, own assignment, phase, state; then the rule of the command, which stands with its
subject in `deciding/`. Rules, in the order of the tests in tests/domain/test_task_decide.py:

- Only the roles of a command may give it; a unit acts on its own assignment only.
- What a unit states as the time of its act lies between the issue and now.
- A task that is closed, cancelled or archived takes no command but re-open, by mistake and a dispute.
- An act that the rules leave to the convener is only proposed when the office files it.
- From engine 2 on, an act that makes a proposal moot ends it by an event.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lianxi.domain.engine import FIRST_ENGINE, NEWEST_ENGINE
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding import (
    filing,
    moving,
    repairing,
    requesting,
    reviewing,
    supervising,
    units,
)
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    Order,
    check_active,
    check_role,
    check_state,
    check_stated_time,
    is_office,
)
from lianxi.domain.task.deciding.overtaking import overtaken
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import CONVENERS_SIDE

_UNIT_RULES: Mapping[type[cmd.TaskCommand], Callable[[Case, Assignment, Any], Events]] = {
    cmd.AcknowledgeTask: filing.acknowledge,
    cmd.ReportProgress: filing.progress,
    cmd.SubmitCompletion: filing.submit,
    cmd.RecallSubmission: filing.recall,
    cmd.ObjectToAssignment: requesting.object_,
    cmd.RequestExtension: requesting.extend,
    cmd.RequestStop: requesting.stop,
    cmd.RetractRequest: requesting.retract,
    cmd.Concur: filing.concur,
    cmd.Dissent: filing.dissent,
    cmd.AnswerWarning: filing.answer,
    cmd.HeedInstruction: filing.heed,
    cmd.DisputeFiling: filing.dispute,
    cmd.CorrectReport: filing.correct,
}

_OFFICE_RULES: Mapping[type[cmd.TaskCommand], Callable[[Case, Any], Events]] = {
    cmd.AcceptCompletion: reviewing.accept,
    cmd.ReturnCompletion: reviewing.return_,
    cmd.GrantRequest: requesting.grant,
    cmd.RefuseRequest: requesting.refuse,
    cmd.SuspendAssignment: moving.suspend,
    cmd.ResumeAssignment: moving.resume,
    cmd.AddAssignment: units.add,
    cmd.WithdrawAssignment: units.withdraw,
    cmd.TransferAssignment: units.transfer,
    cmd.ChangeDue: moving.change_due,
    cmd.UrgeUnits: supervising.urge,
    cmd.Instruct: supervising.instruct,
    cmd.NotePhoneCall: supervising.phoned,
    cmd.FileOnBehalf: lambda case, command: repairing.on_behalf(case, command, _ruled),
    cmd.ReverseAct: repairing.by_mistake,
    cmd.ExcludeGap: moving.exclude_gap,
    cmd.AdoptCalendar: moving.adopt_calendar,
    cmd.ApproveProposal: lambda case, command: supervising.approve(case, command, _ruled),
    cmd.RejectProposal: supervising.reject,
    cmd.ThawStream: repairing.thaw,
    cmd.CloseTask: reviewing.close,
    cmd.CancelTask: reviewing.cancel,
    cmd.ReopenTask: reviewing.reopen,
}

_AFTER_THE_END = (cmd.ReopenTask, cmd.ReverseAct, cmd.DisputeFiling, cmd.ThawStream)
"""What a closed or cancelled task still takes; their rules say when."""


def decide(state: TaskState, order: Order, now: datetime, engine: int = NEWEST_ENGINE) -> Events:
    """The events that follow from the order at `now`; a `Refusal` when a rule says no.

    `engine`: the version of the rules (`lianxi.domain.engine`) by which the stream decides.
    """
    check_role(order)
    command = order.command
    case = Case(state, order.actor, order.expect, now)
    own = order.actor.role not in CONVENERS_SIDE
    if own and order.actor.unit not in state.assignments:
        raise no.NotYourAssignmentError(task=state.task, unit=order.actor.unit)
    if not isinstance(command, _AFTER_THE_END):
        check_active(state, command)
    if is_office(order.actor) and state.rules.convener_decides(command.action):
        events = supervising.propose(case, command, _ruled)
    else:
        events = _ruled(case, command)
    if engine == FIRST_ENGINE:
        return events
    return (*events, *overtaken(case, events, _ruled))


def _ruled(case: Case, command: cmd.TaskCommand) -> Events:
    """By the rule of the command alone, whoever acts."""
    if isinstance(command, cmd.UnitCommand):
        own = case.on_task(case.actor.unit)
        check_stated_time(case, command.happened_at)
        check_state(own, command.action)
        return _UNIT_RULES[type(command)](case, own, command)
    rule = _OFFICE_RULES.get(type(command))
    if rule is None:
        raise no.WrongStateError(action=command.action, state="registered", needed="new")
    return rule(case, command)
