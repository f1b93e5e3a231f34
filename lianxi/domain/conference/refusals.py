"""Why a command on the conference is refused: one class per rule, each with a stable code."""

from typing import ClassVar

from lianxi.domain.refusal import Refusal


class AlreadyFoundedError(Refusal):
    """A conference is founded once."""

    code: ClassVar[str] = "ALREADY_FOUNDED"


class UnknownUnitError(Refusal):
    """The conference has no such unit."""

    code: ClassVar[str] = "UNKNOWN_UNIT"


class DuplicateUnitError(Refusal):
    """A unit is listed twice, or under a reserved id."""

    code: ClassVar[str] = "DUPLICATE_UNIT"


class AlreadyRegisteredError(Refusal):
    """The same task (same id, same content) is registered already: nothing new."""

    code: ClassVar[str] = "ALREADY_REGISTERED"


class RegisterFullError(Refusal):
    """The conference has given out as many numbers as it can (`limit`)."""

    code: ClassVar[str] = "REGISTER_FULL"


class IssueDiffersError(Refusal):
    """The id is taken by a task with other content."""

    code: ClassVar[str] = "ISSUE_DIFFERS"


class UnitSucceededError(Refusal):
    """The unit has been succeeded by another (`into`)."""

    code: ClassVar[str] = "UNIT_SUCCEEDED"


class VersionNotNextError(Refusal):
    """A calendar or rules must have a later version than those in force (`now`)."""

    code: ClassVar[str] = "VERSION_NOT_NEXT"


class ZoneUnknownError(Refusal):
    """There is no such time zone (`zone`)."""

    code: ClassVar[str] = "ZONE_UNKNOWN"


class AlreadyRedactedError(Refusal):
    """What stood behind this commitment (`commit`) is destroyed already: nothing new."""

    code: ClassVar[str] = "ALREADY_REDACTED"


class NotRedactableError(Refusal):
    """This text (`commit`) has to stay (`what`): the directory, or the reason of a redaction."""

    code: ClassVar[str] = "NOT_REDACTABLE"


class RedactionsFullError(Refusal):
    """The conference has redacted as much as it can keep count of (`limit`)."""

    code: ClassVar[str] = "REDACTIONS_FULL"


class ReplacementTooSoonError(Refusal):
    """A lost key's successor acts 72 hours later at the earliest (`effective`, `earliest`)."""

    code: ClassVar[str] = "REPLACEMENT_TOO_SOON"


class PredecessorActiveError(Refusal):
    """The key that this one replaced would act again (`key_id`): both have to go together."""

    code: ClassVar[str] = "PREDECESSOR_ACTIVE"
