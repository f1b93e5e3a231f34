"""How filings on behalf, acts that were mistakes, and thaws are decided (domain layer)."""

from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import Case, Events, check_stated_time, is_office
from lianxi.domain.task.deciding.supervising import Decide, read_act
from lianxi.domain.task.state import TaskPhase
from lianxi.domain.values import Actor, Role, role_of

ON_BEHALF: frozenset[str] = frozenset(
    {"acknowledge", "progress", "submit", "object", "extend", "stop", "retract", "concur",
     "dissent", "answer", "heed"}
)  # fmt: skip
"""What a unit can say by phone or on paper."""


def on_behalf(case: Case, command: cmd.FileOnBehalf, decide: Decide) -> Events:
    """The unit's act by the unit's rules, with the office's basis before it."""
    assignment = case.on_task(command.unit)
    if command.act not in ON_BEHALF:
        raise no.NotOnBehalfError(act=command.act, allowed=", ".join(sorted(ON_BEHALF)))
    act = read_act(command.act, command.args, cmd.UNIT_ACTIONS)
    check_stated_time(case, command.happened_at)
    unit = Actor(unit=assignment.unit, role=role_of(assignment.unit))
    filed = ev.FiledOnBehalf(
        unit=assignment.unit,
        act=command.act,
        via=command.via,
        basis=command.basis,
        dispute_by=case.by_working_days(case.spans.dispute_days),
    )
    return (filed, *decide(Case(case.state, unit, assignment.head, case.now), act))


def by_mistake(case: Case, command: cmd.ReverseAct) -> Events:
    """The convener's side's last act, while the unit has not acted since; or the task's end."""
    state = case.state
    if command.unit is None:
        if state.phase not in (TaskPhase.CLOSED, TaskPhase.CANCELLED):
            raise no.ActedSinceError(task=state.task)
        if state.end_event != command.act:
            raise no.UnknownSubjectError(subject=command.act)
        _check_own_slip(case, state.ended_by)
        return (ev.EndReversed(act=command.act, reason=command.reason),)
    if state.phase is not TaskPhase.ACTIVE:
        raise no.TaskEndedError(task=state.task, state=state.phase)
    assignment = case.on_task(command.unit)
    if assignment.undo is None:
        raise no.ActedSinceError(task=state.task)
    if assignment.undo.act != command.act:
        raise no.UnknownSubjectError(subject=command.act)
    _check_own_slip(case, assignment.undo.by)
    reversed_ = ev.ActReversed(
        unit=command.unit,
        act=command.act,
        reason=command.reason,
        revision=assignment.revision + 1,
    )
    if assignment.led_until is None or state.lead is None:
        return (reversed_,)
    # a lead that was withdrawn leads again
    return (ev.LeadChanged(unit=command.unit, previous=state.lead.unit), reversed_)


def thaw(case: Case, _command: cmd.ThawStream) -> Events:
    """Refused: what is frozen is known to the stream alone (`lianxi.streams.thawing`), not by a state."""
    raise no.NotFrozenError(task=case.state.task)


def _check_own_slip(case: Case, by: Role | None) -> None:
    """ConvenerDecidesError where the office would take back what the convener did in person."""
    if is_office(case.actor) and by is Role.CONVENER:
        raise no.ConvenerDecidesError(act="by-mistake")
