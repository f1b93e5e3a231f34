"""Admission: from a message to an authenticated command of a known kind (streams layer, pure).

The order of checks is signature, request table, expiry, roster, decide (docs/event-model.md). What
fails here is malformed or unauthenticated and leaves no trace in any history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from lianxi.domain.roster import Roster
from lianxi.domain.task.commands import TaskCommand
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.values import Actor
from lianxi.messages import CommandMessage
from lianxi.proof.commands import (
    SignedCommand,
    authenticate,
    check_address,
    check_standing,
    check_times,
    open_command,
    update_id,
)
from lianxi.proof.rosters import RosterStep, adopt
from lianxi.proof.validity import MAX_CLOCK_AHEAD
from lianxi.proof.wire import schema_error
from lianxi.streams.refusals import (
    InvalidArgsError,
    RequestIdAgeError,
    UnknownActionError,
    UpdateIdMismatchError,
)
from lianxi.streams.writer import StreamWriter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

MAX_ID_AGE = timedelta(hours=24)
"""How long before its command a request id may have been made: an id forgotten is never new again."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A roster step that is new to the stream, and the roster it leads to."""

    step: RosterStep
    roster: Roster


@dataclass(frozen=True, slots=True)
class Admitted:
    """A command that is well-formed and signed by a key of the roster."""

    signed: SignedCommand
    actor: Actor
    command: TaskCommand
    adoptions: tuple[Adoption, ...]

    @property
    def order(self) -> Order:
        """What the domain decides on."""
        return Order(self.actor, self.command, self.signed.payload.expect)

    def check_begun(self, now: datetime) -> None:
        """IssuedInFutureError; and RequestIdAgeError for an id not made with its command."""
        payload = self.signed.payload
        if payload.issued_at - now > MAX_CLOCK_AHEAD:
            check_times(payload, now)
        # RFC 9562 §5.7: the first 48 bits are milliseconds since the epoch
        made = int(payload.request_id.replace("-", "")[:12], 16)
        age = (payload.issued_at - _EPOCH) // _MILLISECOND - made
        if not -(MAX_CLOCK_AHEAD // _MILLISECOND) <= age <= MAX_ID_AGE // _MILLISECOND:
            raise RequestIdAgeError(request_id=payload.request_id)

    def check_standing(self, roster: Roster, now: datetime, at: datetime | None = None) -> None:
        """Whether it is in time, by a key that may act; ExpiredError, KeyRetiredError and so on.

        `at`: the stream's present, by which its events judge the key; `now` where it has none yet.
        """
        payload = self.signed.payload
        check_times(payload, now)
        adopted = self.adoptions[-1].roster if self.adoptions else roster
        check_standing(payload, adopted, now if at is None else at)


def check_passing(admitted: Admitted, writer: StreamWriter, now: datetime) -> None:
    """Raises the refusals that pass: frozen, no room, issued in the future. Not for a known request.

    Changes nothing.
    """
    if not writer.requests.knows(admitted.signed, admitted.actor.unit):
        writer.check_open()
        admitted.check_begun(now)


def check_standing_before_rules(admitted: Admitted, writer: StreamWriter, now: datetime) -> None:
    """What stands between admission and the rules: expiry, the key's standing, room to write."""
    admitted.check_standing(writer.roster, now, writer.instant(now))
    admitted.check_begun(now)
    writer.check_open()


def admit(
    message: CommandMessage,
    *,
    origin: str,
    stream: str,
    roster: Roster,
    actions: Mapping[str, type[TaskCommand]],
    arrived_as: str | None,
) -> Admitted:
    """Check everything that needs no state but the roster.

    `arrived_as` is the update id the message came under; None where there is no update.
    Raises the refusals of `proof.commands` and `proof.rosters`, UpdateIdMismatchError,
    UnknownActionError, InvalidArgsError.
    """
    signed = open_command(message.envelope)
    payload = signed.payload
    check_address(payload, origin=origin, stream=stream)
    adoptions = adoptions_of(roster, message.roster_steps)
    actor = authenticate(signed, adoptions[-1].roster if adoptions else roster)
    if arrived_as is not None and arrived_as != update_id(payload.request_id, signed.digest):
        raise UpdateIdMismatchError
    return Admitted(signed, actor, read_command(signed, actions), adoptions)


def read_command(signed: SignedCommand, actions: Mapping[str, type[TaskCommand]]) -> TaskCommand:
    """The command a payload names, its arguments checked; UnknownActionError, InvalidArgsError."""
    model = actions.get(signed.payload.action)
    if model is None:
        raise UnknownActionError(action=signed.payload.action)
    try:
        return model.model_validate(signed.payload.args)
    except ValidationError as error:
        raise InvalidArgsError(**schema_error(error).params) from None


def adoptions_of(roster: Roster, steps: tuple[RosterStep, ...]) -> tuple[Adoption, ...]:
    """The steps that are new to the stream, each checked against the roster before it.

    Raises the refusals of `proof.rosters`.
    """
    adoptions: list[Adoption] = []
    for step in steps:
        if step.adopted_by(roster):
            continue  # adopted earlier: the sender did not know
        roster = adopt(roster, step)
        adoptions.append(Adoption(step, roster))
    return tuple(adoptions)
