"""What the convener's side may rule about a task and its assignments (domain layer)."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lianxi.domain.calendar import Calendar
from lianxi.domain.limits import Limit
from lianxi.domain.reports import ReportCycle
from lianxi.domain.rules import KindName, Rules
from lianxi.domain.task.commands.form import (
    MAX_UNITS,
    Basis,
    ConvenerCommand,
    Mode,
    RequestKind,
    Verdict,
)
from lianxi.domain.values import GivenText, Instant, Sha256Hex, SourceId, UnitId, UnitIds

SomeUnits = Annotated[UnitIds, Field(min_length=1, max_length=MAX_UNITS)]


class IssueTask(ConvenerCommand):
    """Assign a new task to units; `ref` is the identity the office gave it.

    Without `due` the default of its `kind` holds. `concurrence`: supporting units are asked when
    the lead submits. `report`: how often every unit reports.
    """

    action: ClassVar[str] = "issue"
    ref: SourceId
    mode: Mode
    title: GivenText
    text: GivenText | None = None
    basis: Basis | None = None
    kind: KindName | None = None
    lead: UnitId | None = None
    units: UnitIds = Field(default=(), max_length=MAX_UNITS)
    acknowledge_by: Limit | None = None
    due: Limit | None = None
    concurrence: Literal[True] | None = None
    report: ReportCycle | None = None

    @model_validator(mode="after")
    def _units_fit_mode(self) -> "IssueTask":
        if self.mode is Mode.LEAD:
            if self.lead is None:
                raise ValueError("mode lead needs a lead unit")
            if self.lead in self.units:
                raise ValueError("the lead unit is named among the supporting units too")
        elif self.lead is not None:
            raise ValueError("mode each has no lead unit")
        elif not self.units:
            raise ValueError("mode each needs at least one unit")
        elif self.concurrence:
            raise ValueError("concurrence is asked in mode lead only")
        return self


class AcceptCompletion(ConvenerCommand):
    """The submission named is accepted; over a dissent, or before all answered, with a reason."""

    action: ClassVar[str] = "accept"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    submission: Sha256Hex
    reason: GivenText | None = None


class ReturnCompletion(ConvenerCommand):
    """The submission named goes back, with a reason and a new due."""

    action: ClassVar[str] = "return"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    submission: Sha256Hex
    reason: GivenText
    due: Limit


class GrantRequest(ConvenerCommand):
    """What the unit asked for is granted: an extension (another due if named), a stop, an objection.

    A lead that stops needs `new_lead`.
    An objection is upheld (the unit is withdrawn; a lead needs `new_lead`), or, with `due` or
    `acknowledge_by`, the assignment is changed and issued again.
    """

    action: ClassVar[str] = "grant"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    request: RequestKind
    subject: Sha256Hex
    due: Limit | None = None
    acknowledge_by: Limit | None = None
    new_lead: UnitId | None = None
    reason: GivenText | None = None


class RefuseRequest(ConvenerCommand):
    """What the unit asked for is refused, with a reason; an objection gives a new acknowledge limit."""

    action: ClassVar[str] = "refuse"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    request: RequestKind
    subject: Sha256Hex
    reason: GivenText
    acknowledge_by: Limit | None = None


class SuspendAssignment(ConvenerCommand):
    """The clock of one assignment stops; the office looks again by `review_by`."""

    action: ClassVar[str] = "suspend"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    reason: GivenText
    review_by: Limit


class ResumeAssignment(ConvenerCommand):
    """The clock runs on, moved by the time suspended; a due that is a fixed instant is named anew."""

    action: ClassVar[str] = "resume"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    due: Limit | None = None


class AddAssignment(ConvenerCommand):
    """One more unit joins the task: as a support (mode lead) or a member (mode each)."""

    action: ClassVar[str] = "add"
    unit: UnitId
    acknowledge_by: Limit | None = None
    due: Limit | None = None
    reason: GivenText | None = None


class WithdrawAssignment(ConvenerCommand):
    """One unit is taken off the task; a lead only with a new lead."""

    action: ClassVar[str] = "withdraw"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    reason: GivenText
    new_lead: UnitId | None = None


class TransferAssignment(ConvenerCommand):
    """A unit's open assignment goes to its successor; limits and history stay."""

    action: ClassVar[str] = "transfer"
    unit: UnitId
    into: UnitId

    @model_validator(mode="after")
    def _to_another(self) -> "TransferAssignment":
        if self.unit == self.into:
            raise ValueError("a unit cannot succeed itself")
        return self


class ChangeDue(ConvenerCommand):
    """The units named get a new due."""

    action: ClassVar[str] = "due"
    units: SomeUnits
    due: Limit
    reason: GivenText


class UrgeUnits(ConvenerCommand):
    """The units named are urged by hand."""

    action: ClassVar[str] = "urge"
    units: SomeUnits
    text: GivenText | None = None


class Instruct(ConvenerCommand):
    """An instruction to some units, or to all that are not final; to be acknowledged where asked."""

    action: ClassVar[str] = "instruct"
    units: UnitIds = Field(default=(), max_length=MAX_UNITS)
    text: GivenText
    acknowledge: bool = False


class NotePhoneCall(ConvenerCommand):
    """The office told the unit by phone; what was said."""

    action: ClassVar[str] = "phoned"
    unit: UnitId
    text: GivenText


class FileOnBehalf(ConvenerCommand):
    """The office files what a unit said by phone or on paper; the unit may dispute it.

    `act` and `args` are the unit's command; `basis` says what the office has in hand.
    """

    action: ClassVar[str] = "on-behalf"
    unit: UnitId
    act: Annotated[str, Field(pattern=r"\A[a-z-]{1,32}\z")]
    args: dict[str, Any] = Field(default_factory=dict)
    via: Literal["phone", "paper"]
    basis: GivenText
    happened_at: Instant | None = None


class ReverseAct(ConvenerCommand):
    """The last act of the convener's side was a mistake: what stood before it comes back.

    `unit`: about this assignment; absent: the closing or cancelling of the task.
    """

    action: ClassVar[str] = "by-mistake"
    unit: UnitId | None = None
    act: Sha256Hex
    reason: GivenText


class ExcludeGap(ConvenerCommand):
    """A gap of service is not counted: the limits that ran in it move by its length."""

    action: ClassVar[str] = "exclude-gap"
    gap: Sha256Hex
    reason: GivenText


class AdoptCalendar(ConvenerCommand):
    """From here on the task counts by this calendar; the deadlines that it moves are moved."""

    action: ClassVar[str] = "adopt-calendar"
    calendar: Calendar


class ApproveProposal(ConvenerCommand):
    """What was proposed takes effect; the office passes on to the convener what is the convener's."""

    action: ClassVar[str] = "approve"
    proposal: Sha256Hex


class RejectProposal(ConvenerCommand):
    """What was proposed does not take effect."""

    action: ClassVar[str] = "reject"
    proposal: Sha256Hex
    reason: GivenText


class ThawStream(ConvenerCommand):
    """A frozen stream goes on from what the trail holds; `expect` names the last event there.

    What the workflow had answered and the trail does not hold is discarded. Also for the
    conference's own stream.
    """

    action: ClassVar[str] = "thaw"
    reason: GivenText


class CloseTask(ConvenerCommand):
    """The task is closed with a verdict."""

    action: ClassVar[str] = "close"
    refused_when_stale: ClassVar[bool] = True
    verdict: Verdict
    reason: GivenText | None = None


class CancelTask(ConvenerCommand):
    """The task is cancelled for all."""

    action: ClassVar[str] = "cancel"
    reason: GivenText


class ReopenTask(ConvenerCommand):
    """Completed units look again, of an active or a closed task, by a new due.

    A closed task takes `rules` and `calendar` as they are in the conference today. Where the lead
    has left the task, `new_lead` says which of the units leads the re-check.
    """

    action: ClassVar[str] = "reopen"
    units: SomeUnits
    due: Limit
    reason: GivenText
    new_lead: UnitId | None = None
    rules: Rules | None = None
    calendar: Calendar | None = None
