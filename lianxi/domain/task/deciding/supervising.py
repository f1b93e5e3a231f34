"""How urging, instructions, phone calls and proposals are decided (domain layer)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from lianxi.domain.counting import shift_days
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import ALLOWED_FROM, Case, Events, check_state, is_office
from lianxi.domain.task.state import Proposal
from lianxi.domain.values import Sha256Hex, format_instant

MAX_PROPOSALS = 32
"""Acts of one task that may wait for somebody at the same time; they travel from run to run."""

Decide = Callable[[Case, cmd.TaskCommand], Events]


def urge(case: Case, command: cmd.UrgeUnits) -> Events:
    """Units at work, each at most once in the least interval."""
    events: list[ev.TaskEvent] = []
    for unit in command.units:
        assignment = case.on_task(unit)
        check_state(assignment, command.action)
        if assignment.urged_at is not None:
            again = shift_days(
                case.calendar, assignment.urged_at, case.spans.urge_interval_days, "working"
            )
            if case.now < again:
                raise no.UrgedRecentlyError(unit=unit, again_from=format_instant(again))
        events.append(ev.UnitUrged(unit=unit, text=command.text))
    return tuple(events)


def instruct(case: Case, command: cmd.Instruct) -> Events:
    """Units named, or all that are not final."""
    for unit in command.units:
        check_state(case.on_task(unit), command.action)
    everybody = tuple(a.unit for a in case.state.assignments.values() if not a.final)
    if not everybody:
        needed = ", ".join(sorted(ALLOWED_FROM[command.action]))
        raise no.WrongStateError(action=command.action, state="ready", needed=needed)
    return (
        ev.InstructionGiven(
            units=command.units or everybody,
            text=command.text,
            acknowledge=command.acknowledge,
        ),
    )


def phoned(case: Case, command: cmd.NotePhoneCall) -> Events:
    """What the office said on the phone."""
    return (ev.PhoneCallNoted(unit=case.on_task(command.unit).unit, text=command.text),)


def propose(case: Case, command: cmd.TaskCommand, decide: Decide) -> Events:
    """An act of the office that is the convener's: it must stand by itself, then it waits, once."""
    decide(case, command)
    args = command.model_dump(mode="json", exclude_none=True)
    for waiting in case.state.proposals.values():
        if waiting.act == command.action and _bare(waiting.args) == _bare(args):
            raise no.AlreadySoError(task=case.state.task, state="proposed")
    if len(case.state.proposals) >= MAX_PROPOSALS:
        raise no.ProposalsFullError(task=case.state.task, limit=MAX_PROPOSALS)
    about = getattr(command, "unit", None)
    return (
        ev.ActProposed(
            act=command.action,
            args=args,
            unit=about if about in case.state.assignments else None,
            expect=case.expect,
            expires=_expires(case),
        ),
    )


def _bare(value: Any) -> Any:
    """Arguments without their texts, whose commitments are salted anew each time they are filed."""
    if isinstance(value, Mapping):
        if value.keys() == {"commit", "size"}:
            return None
        return {key: _bare(member) for key, member in value.items()}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def approve(case: Case, command: cmd.ApproveProposal, decide: Decide) -> Events:
    """The act takes effect as the convener's; the office passes on what is the convener's."""
    proposal = _waiting(case, command.proposal)
    rules = case.state.rules
    if is_office(case.actor):
        if proposal.stage == "convener":
            raise no.ConvenerDecidesError(act=proposal.act)
        if rules.convener_decides(proposal.act):
            return (ev.ProposalEndorsed(proposal=proposal.event, expires=_expires(case)),)
    approved = ev.ProposalApproved(proposal=proposal.event)
    if proposal.by_rung:
        return (approved, _sent(case, proposal))
    act = read_act(proposal.act, proposal.args or {}, cmd.OFFICE_ACTIONS)
    return (approved, *decide(as_proposed(case, proposal, act), act))


def as_proposed(case: Case, proposal: Proposal, act: cmd.TaskCommand) -> Case:
    """With what the office had seen: an act that is refused when stale still is when approved.

    About the task as a whole the proposal itself is the last act that the office had seen.
    """
    seen = proposal.expect if hasattr(act, "unit") else proposal.event
    return Case(case.state, case.actor, seen, case.now)


def reject(case: Case, command: cmd.RejectProposal) -> Events:
    """With a reason; by the office only what still lies with it."""
    proposal = _waiting(case, command.proposal)
    if is_office(case.actor) and proposal.stage == "convener":
        raise no.ConvenerDecidesError(act=proposal.act)
    return (ev.ProposalRejected(proposal=proposal.event, reason=command.reason),)


def _waiting(case: Case, event: Sha256Hex) -> Proposal:
    proposal = case.state.proposals.get(event)
    if proposal is None:
        raise no.UnknownSubjectError(subject=event)
    return proposal


def _sent(case: Case, proposal: Proposal) -> ev.TaskEvent:
    """What a rung proposed: a warning, which asks for an explanation, or a bulletin."""
    if proposal.unit is None or proposal.revision is None:
        raise TypeError("a rung proposes about an assignment")
    if proposal.act == "bulletin":
        return ev.BulletinIssued(
            unit=proposal.unit, proposal=proposal.event, revision=proposal.revision
        )
    explain_by = case.by_working_days(case.spans.explanation_days)
    return ev.WarningSent(
        unit=proposal.unit,
        proposal=proposal.event,
        revision=proposal.revision,
        explain_by=explain_by,
    )


def _expires(case: Case) -> datetime:
    return case.by_working_days(case.spans.proposal_days)


def read_act(
    act: str, args: Mapping[str, object], actions: Mapping[str, type[cmd.TaskCommand]]
) -> cmd.TaskCommand:
    """The command inside a command; ActInvalidError."""
    model = actions.get(act)
    if model is None:
        raise no.ActInvalidError(place=f"/{act}")
    try:
        return model.model_validate(args)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        raise no.ActInvalidError(place=f"/args/{place}") from None
