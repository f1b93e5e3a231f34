"""What a unit may say about its own assignment (domain layer)."""

from typing import ClassVar

from pydantic import Field, model_validator

from lianxi.domain.limits import Limit
from lianxi.domain.reports import PeriodName
from lianxi.domain.task.commands.form import Evidence, RequestKind, UnitCommand
from lianxi.domain.values import GivenText, MediaType, Sha256Hex


class AcknowledgeTask(UnitCommand):
    """The unit has received the task and takes it up."""

    action: ClassVar[str] = "acknowledge"


class ReportProgress(UnitCommand):
    """How far the unit is, in percent, in words, or both; `period` of a periodic report."""

    action: ClassVar[str] = "progress"
    percent: int | None = Field(default=None, ge=0, le=100)
    text: GivenText | None = None
    period: PeriodName | None = None

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


class ObjectToAssignment(UnitCommand):
    """The unit says the task is not its own, or not as it stands; inside the acknowledge limit."""

    action: ClassVar[str] = "object"
    reason: GivenText


class RequestExtension(UnitCommand):
    """The unit asks for a later due, before due; `progress` says how far it is."""

    action: ClassVar[str] = "extend"
    until: Limit
    reason: GivenText
    progress: GivenText | None = None


class RequestStop(UnitCommand):
    """The unit asks that its part be stopped."""

    action: ClassVar[str] = "stop"
    reason: GivenText


class RetractRequest(UnitCommand):
    """The unit takes back what it asked for, while it is undecided."""

    action: ClassVar[str] = "retract"
    request: RequestKind


class Concur(UnitCommand):
    """A supporting unit agrees with the lead's submission named."""

    action: ClassVar[str] = "concur"
    submission: Sha256Hex


class Dissent(UnitCommand):
    """A supporting unit disagrees with the lead's submission named, and says why."""

    action: ClassVar[str] = "dissent"
    submission: Sha256Hex
    reason: GivenText


class AnswerWarning(UnitCommand):
    """The explanation that a warning asked for."""

    action: ClassVar[str] = "answer"
    warning: Sha256Hex
    text: GivenText


class HeedInstruction(UnitCommand):
    """The unit acknowledges an instruction."""

    action: ClassVar[str] = "heed"
    instruction: Sha256Hex


class DisputeFiling(UnitCommand):
    """The unit says that what the office filed on its behalf is not what it said."""

    action: ClassVar[str] = "dispute"
    filing: Sha256Hex
    reason: GivenText


class CorrectReport(UnitCommand):
    """A figure or a text of an earlier report of the unit, named by its event, is put right."""

    action: ClassVar[str] = "correct"
    refused_when_stale: ClassVar[bool] = True
    event: Sha256Hex
    percent: int | None = Field(default=None, ge=0, le=100)
    text: GivenText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "CorrectReport":
        if self.percent is None and self.text is None:
            raise ValueError("a correction needs percent, text or both")
        return self
