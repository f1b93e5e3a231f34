"""What the gateway itself refuses (gateway layer)."""

from typing import ClassVar

from lianxi.domain.refusal import Refusal


class TooLargeError(Refusal):
    """More bytes than are taken (`size` as far as known, `limit`)."""

    code: ClassVar[str] = "TOO_LARGE"


class MalformedError(Refusal):
    """The request is not as docs/gateway.md says (`place`, `reason`)."""

    code: ClassVar[str] = "MALFORMED"


class SessionInvalidError(Refusal):
    """No session token, or one that does not hold (`reason`: the proof layer's code)."""

    code: ClassVar[str] = "SESSION_INVALID"


class NotAllowedError(Refusal):
    """Known, but not for this role or unit."""

    code: ClassVar[str] = "NOT_ALLOWED"


class NotFoundError(Refusal):
    """There is no such thing, or none that the caller may see (`what`)."""

    code: ClassVar[str] = "NOT_FOUND"


class UnknownConferenceError(Refusal):
    """The gateway serves no such conference (`conference`)."""

    code: ClassVar[str] = "UNKNOWN_CONFERENCE"


class UnknownTaskError(Refusal):
    """There is no such task, or none that the caller may see (`task`)."""

    code: ClassVar[str] = "UNKNOWN_TASK"


class NoResultError(Refusal):
    """Trail and Temporal were not compared in time; the comparison may still be under way."""

    code: ClassVar[str] = "NO_RESULT"


class WrongStreamError(Refusal):
    """No commands go to this stream (`stream`)."""

    code: ClassVar[str] = "WRONG_STREAM"


class OpeningMissingError(Refusal):
    """A command names a commitment whose opening was not handed in (`commit`)."""

    code: ClassVar[str] = "OPENING_MISSING"


class OpeningGoneError(Refusal):
    """What a commitment stood for is redacted (`by`, `at`, `event`; `reason`: its commitment)."""

    code: ClassVar[str] = "REDACTED"


class UnknownCommitmentError(Refusal):
    """No event names this commitment (`commit`)."""

    code: ClassVar[str] = "UNKNOWN_COMMITMENT"


class OpeningMismatchError(Refusal):
    """The bytes and the salt do not open the commitment."""

    code: ClassVar[str] = "OPENING_MISMATCH"


class CalendarUnknownError(Refusal):
    """A task's command carries a calendar that the conference never adopted (`version`)."""

    code: ClassVar[str] = "CALENDAR_UNKNOWN"


class NotSucceededError(Refusal):
    """A unit's work goes to its successor alone, and `into` is not that of `unit`."""

    code: ClassVar[str] = "NOT_SUCCEEDED"


class WitnessNameError(Refusal):
    """A witness is called by the caller's origin and unit, and its key is of the kind for it (`expected`)."""

    code: ClassVar[str] = "WITNESS_NAME"


class WitnessKnownError(Refusal):
    """A witness of this name has another key; the first one stays (`name`)."""

    code: ClassVar[str] = "WITNESS_KNOWN"


class WitnessesFullError(Refusal):
    """The unit has as many witnesses as are taken (`limit`)."""

    code: ClassVar[str] = "WITNESSES_FULL"


class CosignatureInvalidError(Refusal):
    """The line is not that key's over the checkpoint stored at that size."""

    code: ClassVar[str] = "COSIGNATURE_INVALID"


class CosignatureTimeError(Refusal):
    """The line's time lies ahead of this clock by more than is taken (`minutes`)."""

    code: ClassVar[str] = "COSIGNATURE_TIME"


class RulesUnknownError(Refusal):
    """A task's command carries rules that the conference never adopted (`version`)."""

    code: ClassVar[str] = "RULES_UNKNOWN"
