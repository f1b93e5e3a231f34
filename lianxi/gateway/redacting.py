"""What a redaction names that only the record knows: the commitment, its task, whose it is.

Gateway layer. The conference's stream does not know what stands on its tasks (docs/adr/0019): it is
looked at here, before the command is handed in; `audit verify` names a redaction of nothing.
"""

from sqlalchemy import Connection

from lianxi.domain.conference.commands import RedactOpening
from lianxi.gateway.refusals import OpeningGoneError, UnknownCommitmentError
from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.commands import SignedCommand
from lianxi.store.queries.redactions import concerned, redaction
from lianxi.streams.admission import read_command
from lianxi.streams.refusals import InvalidArgsError


def check_redaction(connection: Connection, origin: str, signed: SignedCommand) -> None:
    """Raises if a redaction names another commitment, task or unit than the record has.

    UnknownCommitmentError, InvalidArgsError. Every other command passes.
    """
    payload = signed.payload
    if (payload.stream, payload.action) != (CONFERENCE_STREAM, RedactOpening.action):
        return
    command = read_command(signed, {RedactOpening.action: RedactOpening})
    if not isinstance(command, RedactOpening):
        raise TypeError("read_command answers the model of the table")
    whose = concerned(connection, origin, command.commit)
    if whose is None:
        raise UnknownCommitmentError(commit=command.commit)
    if command.task != whose.task:
        raise InvalidArgsError(place="/task", reason="record")
    if set(command.units or ()) != set(whose.units):
        raise InvalidArgsError(place="/units", reason="record")


def check_not_redacted(connection: Connection, origin: str, commit: str) -> None:
    """OpeningGoneError with by whom, when, by which event, if the commitment's opening is destroyed."""
    found = redaction(connection, origin, commit)
    if found is not None:
        raise OpeningGoneError(
            **{name: str(found[name]) for name in ("by", "at", "event", "reason")}
        )
