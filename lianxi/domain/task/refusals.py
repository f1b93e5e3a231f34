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


class PastLimitError(Refusal):
    """The limit for this act has passed (`limit`)."""

    code: ClassVar[str] = "PAST_LIMIT"


class ExtensionNotLaterError(Refusal):
    """The due asked for, or granted, is not later than the one in force."""

    code: ClassVar[str] = "EXTENSION_NOT_LATER"


class RequestOpenError(Refusal):
    """The unit has asked for this already; the office has not decided yet."""

    code: ClassVar[str] = "REQUEST_OPEN"


class NoRequestError(Refusal):
    """There is no such undecided request."""

    code: ClassVar[str] = "NO_REQUEST"


class DueRequiredError(Refusal):
    """The due in force is a fixed instant, which no rule can move: a new one must be named."""

    code: ClassVar[str] = "DUE_REQUIRED"


class AlreadyOnTaskError(Refusal):
    """The unit has an assignment on this task."""

    code: ClassVar[str] = "ALREADY_ON_TASK"


class UrgedRecentlyError(Refusal):
    """The unit was urged a short while ago (`again_from`)."""

    code: ClassVar[str] = "URGED_RECENTLY"


class UnknownSubjectError(Refusal):
    """The event named is not one that this command can be about, or not any more."""

    code: ClassVar[str] = "UNKNOWN_SUBJECT"


class ActedSinceError(Refusal):
    """The unit has acted since, or there is nothing of the convener's side to take back."""

    code: ClassVar[str] = "ACTED_SINCE"


class ConvenerDecidesError(Refusal):
    """This waits for the convener in person."""

    code: ClassVar[str] = "CONVENER_DECIDES"


class PeriodClosedError(Refusal):
    """The period's report can no longer be filed, or not yet (`open` names those that can)."""

    code: ClassVar[str] = "PERIOD_CLOSED"


class NotOnBehalfError(Refusal):
    """This act cannot be filed on a unit's behalf."""

    code: ClassVar[str] = "NOT_ON_BEHALF"


class DueNeededError(Refusal):
    """The issue names no due, and its kind of task has no default."""

    code: ClassVar[str] = "DUE_NEEDED"


class ActInvalidError(Refusal):
    """The act inside the command does not fit (`place`)."""

    code: ClassVar[str] = "ACT_INVALID"


class AnsweredOtherwiseError(Refusal):
    """The unit has answered already, and otherwise; an answer is not changed."""

    code: ClassVar[str] = "ANSWERED_OTHERWISE"


class NotFrozenError(Refusal):
    """The stream is not frozen (`task`: whose it is): there is nothing to thaw."""

    code: ClassVar[str] = "NOT_FROZEN"


class ProposalsFullError(Refusal):
    """So many acts wait for the convener on this task that no more can (`limit`)."""

    code: ClassVar[str] = "PROPOSALS_FULL"


class UnknownKindError(Refusal):
    """The rules know no such kind of task (`kinds` names those they know)."""

    code: ClassVar[str] = "UNKNOWN_KIND"
