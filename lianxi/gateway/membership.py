"""What a command on a task names that only the conference knows: units, rules, calendars (gateway layer).

Looked at where the command is handed in, and once more where a proposal of it is approved: in the
days between, a unit may have been succeeded.

A task's stream does not know the members of the conference, nor what it has adopted
(docs/adr/0019): this is looked at here, before a command is handed in.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from lianxi.domain.conference.refusals import UnitSucceededError, UnknownUnitError
from lianxi.domain.task.commands import (
    AddAssignment,
    AdoptCalendar,
    ApproveProposal,
    ReopenTask,
    TransferAssignment,
)
from lianxi.gateway.refusals import CalendarUnknownError, NotSucceededError, RulesUnknownError
from lianxi.ids import task_of_stream
from lianxi.proof.commands import CommandPayload, SignedCommand
from lianxi.store.projection import rulebook
from lianxi.store.queries.conference import is_member, successors
from lianxi.store.queries.rulebooks import adopts
from lianxi.store.queries.task_view import read_task
from lianxi.streams.admission import read_command


def needs_the_conference(payload: CommandPayload) -> bool:
    """Whether the command names something that has to be looked up."""
    looked_at = payload.action in _CHECKS or payload.action == ApproveProposal.action
    return looked_at and task_of_stream(payload.stream) is not None


def check_membership(connection: Connection, origin: str, signed: SignedCommand) -> None:
    """Raises if a command names what the conference does not have.

    UnknownUnitError, UnitSucceededError, NotSucceededError, CalendarUnknownError, RulesUnknownError.
    """
    if not needs_the_conference(signed.payload):
        return
    if signed.payload.action == ApproveProposal.action:
        approval = read_command(signed, {ApproveProposal.action: ApproveProposal})
        task = task_of_stream(signed.payload.stream) or ""
        _check_proposed(connection, origin, task, approval)
        return
    model, check = _CHECKS[signed.payload.action]
    check(connection, origin, read_command(signed, {model.action: model}))


def _check_proposed(connection: Connection, origin: str, task: str, approval: Any) -> None:
    """Look at what would be approved, as the recorded state has it; what is not there refuses itself."""
    found = read_task(connection, origin, task)
    proposal = None if found is None else found[2].proposals.get(approval.proposal)
    if proposal is None or proposal.act not in _CHECKS:
        return
    model, check = _CHECKS[proposal.act]
    check(connection, origin, model.model_validate(proposal.args or {}))


def _unit(connection: Connection, origin: str, unit: str) -> None:
    if not is_member(connection, origin, unit):
        raise UnknownUnitError(unit=unit)
    line = successors(connection, origin, unit)
    if line:
        raise UnitSucceededError(unit=unit, into=line[0])


def _succession(connection: Connection, origin: str, command: Any) -> None:
    """A unit's work goes to who is in its place: its successor, or the last of that one's line."""
    _unit(connection, origin, command.into)
    if command.into not in successors(connection, origin, command.unit):
        raise NotSucceededError(unit=command.unit, into=command.into)


def _adopted(connection: Connection, origin: str, command: Any) -> None:
    """Rules and calendar of a command, where it carries them."""
    calendar, rules = command.calendar, getattr(command, "rules", None)
    if calendar is not None and not adopts(connection, origin, rulebook(calendar).hash):
        raise CalendarUnknownError(version=calendar.version)
    if rules is not None and not adopts(connection, origin, rulebook(rules).hash):
        raise RulesUnknownError(version=rules.version)


Check = Callable[[Connection, str, Any], None]

_CHECKS: Mapping[str, tuple[Any, Check]] = {
    AddAssignment.action: (AddAssignment, lambda c, o, command: _unit(c, o, command.unit)),
    TransferAssignment.action: (TransferAssignment, _succession),
    AdoptCalendar.action: (AdoptCalendar, _adopted),
    ReopenTask.action: (ReopenTask, _adopted),
}
"""Per action on a task: its model, and what is looked at."""
