"""What a command on a task names that only the conference knows: units, rules, calendars (gateway layer).

A task's stream does not know the members of the conference, nor what it has adopted
(docs/adr/0019): this is looked at here, before a command is handed in.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from lianxi.domain.conference.refusals import UnitSucceededError, UnknownUnitError
from lianxi.domain.task.commands import AddAssignment, AdoptCalendar, ReopenTask, TransferAssignment
from lianxi.gateway.refusals import CalendarUnknownError, RulesUnknownError
from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.commands import CommandPayload, SignedCommand
from lianxi.store.projection import rulebook
from lianxi.store.queries.conference import is_member, successor
from lianxi.store.queries.rulebooks import adopts
from lianxi.streams.admission import read_command


def needs_the_conference(payload: CommandPayload) -> bool:
    """Whether the command names something that has to be looked up."""
    return payload.stream != CONFERENCE_STREAM and payload.action in _CHECKS


def check_membership(connection: Connection, origin: str, signed: SignedCommand) -> None:
    """UnknownUnitError, UnitSucceededError, CalendarUnknownError, RulesUnknownError."""
    if not needs_the_conference(signed.payload):
        return
    model, check = _CHECKS[signed.payload.action]
    check(connection, origin, read_command(signed, {model.action: model}))


def _unit(connection: Connection, origin: str, unit: str) -> None:
    if not is_member(connection, origin, unit):
        raise UnknownUnitError(unit=unit)
    into = successor(connection, origin, unit)
    if into is not None:
        raise UnitSucceededError(unit=unit, into=into)


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
    TransferAssignment.action: (
        TransferAssignment,
        lambda c, o, command: _unit(c, o, command.into),
    ),
    AdoptCalendar.action: (AdoptCalendar, _adopted),
    ReopenTask.action: (ReopenTask, _adopted),
}
"""Per action on a task: its model, and what is looked at."""
