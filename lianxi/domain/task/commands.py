"""What may be asked of a task: one frozen model per command, and the table action -> model."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lianxi.domain.limits import Limit
from lianxi.domain.values import (
    CONVENERS_SIDE,
    Frozen,
    GivenText,
    Instant,
    MediaType,
    Role,
    Sha256Hex,
    SourceId,
    UnitId,
    UnitIds,
)

MAX_UNITS = 256
"""Units of one task; keeps the issue event far below 65,535 bytes."""


class Mode(StrEnum):
    """`lead`: one lead and its supports; `each`: every unit for itself."""

    LEAD = "lead"
    EACH = "each"


class Verdict(StrEnum):
    """With what a task is closed."""

    IMPLEMENTED = "implemented"
    NOT_IMPLEMENTED = "not-implemented"


class Basis(Frozen):
    """What a task rests on."""

    kind: Literal["meeting", "decision", "document", "duty"]
    text: GivenText


class Evidence(Frozen):
    """One file handed in with a report: its commitment and what kind of file it is."""

    file: GivenText
    media: MediaType


class TaskCommand(Frozen):
    """What every command says of itself, as data: its action, who may give it, staleness."""

    action: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    refused_when_stale: ClassVar[bool] = False


class UnitCommand(TaskCommand):
    """A command of a unit about its own assignment; it may state when the thing happened."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.UNIT})
    happened_at: Instant | None = None


class ConvenerCommand(TaskCommand):
    """A command of the convener's side."""

    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE


class IssueTask(ConvenerCommand):
    """Assign a new task to units; `ref` is the identity the office gave it."""

    action: ClassVar[str] = "issue"
    ref: SourceId
    mode: Mode
    title: GivenText
    text: GivenText | None = None
    basis: Basis | None = None
    lead: UnitId | None = None
    units: UnitIds = Field(default=(), max_length=MAX_UNITS)
    acknowledge_by: Limit | None = None
    due: Limit

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
        return self


class AcknowledgeTask(UnitCommand):
    """The unit has received the task and takes it up."""

    action: ClassVar[str] = "acknowledge"


class ReportProgress(UnitCommand):
    """How far the unit is, in percent, in words, or both."""

    action: ClassVar[str] = "progress"
    percent: int | None = Field(default=None, ge=0, le=100)
    text: GivenText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "ReportProgress":
        if self.percent is None and self.text is None:
            raise ValueError("a progress report needs percent, text or both")
        return self


class SubmitCompletion(UnitCommand):
    """The unit reports the task done, with a report and evidence."""

    action: ClassVar[str] = "submit"
    report: GivenText
    report_media: MediaType = "text/plain"
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=16)


class RecallSubmission(UnitCommand):
    """The unit takes its submission back before a decision."""

    action: ClassVar[str] = "recall"
    reason: GivenText | None = None


class AcceptCompletion(ConvenerCommand):
    """The submission named is accepted; the assignment is complete."""

    action: ClassVar[str] = "accept"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    submission: Sha256Hex


class ReturnCompletion(ConvenerCommand):
    """The submission named goes back, with a reason and a new due."""

    action: ClassVar[str] = "return"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    submission: Sha256Hex
    reason: GivenText
    due: Limit


class WithdrawAssignment(ConvenerCommand):
    """One unit is taken off the task; a lead only with a new lead."""

    action: ClassVar[str] = "withdraw"
    refused_when_stale: ClassVar[bool] = True
    unit: UnitId
    reason: GivenText
    new_lead: UnitId | None = None


class ChangeDue(ConvenerCommand):
    """The units named get a new due."""

    action: ClassVar[str] = "due"
    units: UnitIds = Field(min_length=1, max_length=MAX_UNITS)
    due: Limit
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


ACTIONS: dict[str, type[TaskCommand]] = {
    model.action: model
    for model in (
        IssueTask,
        AcknowledgeTask,
        ReportProgress,
        SubmitCompletion,
        RecallSubmission,
        AcceptCompletion,
        ReturnCompletion,
        WithdrawAssignment,
        ChangeDue,
        CloseTask,
        CancelTask,
    )
}
"""Every action a command on a task (or, for `issue`, on the conference) may name."""
