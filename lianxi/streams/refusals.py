"""Why a command is turned away before any rule of the domain is asked (streams layer)."""

from typing import ClassVar

from lianxi.domain.refusal import Refusal


class UnknownActionError(Refusal):
    """The stream takes no such command (`action`)."""

    code: ClassVar[str] = "UNKNOWN_ACTION"


class InvalidArgsError(Refusal):
    """The arguments do not fit the command (`place`, `reason`)."""

    code: ClassVar[str] = "INVALID_ARGS"


class UpdateIdMismatchError(Refusal):
    """The command came in under another command's update id."""

    code: ClassVar[str] = "UPDATE_ID_MISMATCH"


class RequestConflictError(Refusal):
    """The request id was used for another command (`request_id`)."""

    code: ClassVar[str] = "REQUEST_CONFLICT"


class RequestIdAgeError(Refusal):
    """The request id was not made with its command: its time (UUIDv7) is too old or ahead."""

    code: ClassVar[str] = "REQUEST_ID_AGE"


class FrozenError(Refusal):
    """The trail holds another event at this stream's place; nothing is taken until a thaw."""

    code: ClassVar[str] = "FROZEN"


class StoredUnfitError(Refusal):
    """What was sent along with a thaw is not the stream up to the event it names (`reason`).

    `reason`: missing, encoding, size, events, head, roster, state.
    """

    code: ClassVar[str] = "STORED_UNFIT"


class BacklogFullError(Refusal):
    """Too much waits to be recorded or carried; the same command may be sent again later."""

    code: ClassVar[str] = "BACKLOG_FULL"


class WrongRegistrationError(Refusal):
    """A task's workflow was started with a registration that does not fit (`reason`)."""

    code: ClassVar[str] = "WRONG_REGISTRATION"
