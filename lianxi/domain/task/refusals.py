"""Why a command on a task is refused: one class per rule, each with a stable code."""

from typing import ClassVar

from lianxi.domain.refusal import Refusal


class RoleNotAllowedError(Refusal):
    """The actor's role may not give this command."""

    code: ClassVar[str] = "ROLE_NOT_ALLOWED"


class NotYourAssignmentError(Refusal):
    """The unit has no assignment on this task."""

    code: ClassVar[str] = "NOT_YOUR_ASSIGNMENT"


class UnitNotOnTaskError(Refusal):
    """The unit named has no assignment on this task."""

    code: ClassVar[str] = "UNIT_NOT_ON_TASK"


class WrongStateError(Refusal):
    """The assignment is in another state than the command needs."""

    code: ClassVar[str] = "WRONG_STATE"


class AlreadySoError(Refusal):
    """What is asked for is so already; nothing to do."""

    code: ClassVar[str] = "ALREADY_SO"


class TaskEndedError(Refusal):
    """The task is closed, cancelled or archived."""

    code: ClassVar[str] = "TASK_ENDED"


class StaleError(Refusal):
    """Somebody acted since the actor looked."""

    code: ClassVar[str] = "STALE"


class NotReadyToCloseError(Refusal):
    """Closing as implemented needs every assignment final and the lead completed."""

    code: ClassVar[str] = "NOT_READY_TO_CLOSE"


class ReasonRequiredError(Refusal):
    """An act that takes something back needs a reason."""

    code: ClassVar[str] = "REASON_REQUIRED"


class HappenedOutOfRangeError(Refusal):
    """The instant stated is before the issue, or has not come yet (`happened_at`)."""

    code: ClassVar[str] = "HAPPENED_OUT_OF_RANGE"


class LeadNeedsSuccessorError(Refusal):
    """The lead can be withdrawn only with a new lead."""

    code: ClassVar[str] = "LEAD_NEEDS_SUCCESSOR"


class SuccessorUnfitError(Refusal):
    """The new lead must be another unit of the task that is not withdrawn."""

    code: ClassVar[str] = "SUCCESSOR_UNFIT"
