"""The main line of a task's life: issued, acknowledged, submitted, decided, ended (domain layer)."""

from typing import Literal

from pydantic import Field

from lianxi.domain.calendar import Calendar
from lianxi.domain.limits import Limit
from lianxi.domain.reports import PeriodName, ReportCycle
from lianxi.domain.rules import KindName, Rules
from lianxi.domain.task.commands.form import Basis, Evidence, Mode, Verdict
from lianxi.domain.task.events.form import (
    AssignmentEvent,
    AssignmentRole,
    AssignmentTerms,
    NewLimits,
    TaskEvent,
)
from lianxi.domain.values import (
    Commitment,
    Instant,
    MediaType,
    Sha256Hex,
    SourceId,
    TaskId,
    UnitId,
)

WithdrawnThrough = Literal["withdraw", "close", "cancel", "objection"]


class TaskIssued(TaskEvent):
    """The task begins; carries what later decisions rest on (rules, calendar, with their hashes).

    `due_rule` and `acknowledge_rule` gave every unit's limits, counted from `opened_at`; they stand
    here once, so that 256 units fit an event. `provisional`: past what the calendar knows.
    """

    task: TaskId
    ref: SourceId
    registration: Sha256Hex
    opened_at: Instant
    mode: Mode
    title: Commitment
    text: Commitment | None = None
    basis: Basis | None = None
    kind: KindName | None = None
    concurrence: Literal[True] | None = None
    report: ReportCycle | None = None
    rules: Rules
    rules_hash: Sha256Hex
    calendar: Calendar | None = None
    calendar_hash: Sha256Hex | None = None
    due_rule: Limit | None = None
    acknowledge_rule: Limit | None = None
    provisional: Literal[True] | None = None
    assignments: tuple[AssignmentTerms, ...] = Field(min_length=1)


class AssignmentAcknowledged(AssignmentEvent):
    """The unit has taken the task up; `implied_by` names the act that said so tacitly."""

    implied_by: Literal["progress", "submit"] | None = None


class ProgressReported(AssignmentEvent):
    """The unit said how far it is; `period` of the periodic report that this is."""

    percent: int | None = None
    text: Commitment | None = None
    period: PeriodName | None = None


class CompletionSubmitted(AssignmentEvent):
    """The unit reported completion; this event's hash is what a decision names."""

    cycle: int
    report: Commitment
    report_media: MediaType
    evidence: tuple[Evidence, ...] = ()


class SubmissionRecalled(AssignmentEvent):
    """The unit took its submission back."""

    submission: Sha256Hex
    reason: Commitment | None = None


class CompletionAccepted(AssignmentEvent):
    """The convener's side accepted the submission; `reason` where it did so over a dissent."""

    submission: Sha256Hex
    reason: Commitment | None = None


class CompletionReturned(NewLimits):
    """The convener's side returned the submission: a new cycle with new limits."""

    submission: Sha256Hex
    reason: Commitment
    cycle: int


class AssignmentAdded(AssignmentEvent):
    """One more unit is on the task."""

    role: AssignmentRole
    acknowledge_by: Instant
    due: Instant
    acknowledge_rule: Limit | None = None
    due_rule: Limit | None = None
    provisional: Literal[True] | None = None
    reason: Commitment | None = None


class AssignmentWithdrawn(AssignmentEvent):
    """The unit is off the task; `through` says by what: a command about it, or the task's end."""

    through: WithdrawnThrough
    reason: Commitment | None = None


class AssignmentTransferred(AssignmentEvent):
    """`into` has succeeded the unit here; `kept` is whose assignment remains where both had one."""

    into: UnitId
    kept: UnitId


class LeadChanged(AssignmentEvent):
    """`unit` leads from now on."""

    previous: UnitId


class TaskClosed(TaskEvent):
    """The convener's side closed the task."""

    verdict: Verdict
    reason: Commitment | None = None


class TaskCancelled(TaskEvent):
    """The convener's side cancelled the task."""

    reason: Commitment


class TaskReopened(TaskEvent):
    """A re-check: a closed task is active again, under the rules and the calendar named."""

    reason: Commitment
    rules: Rules | None = None
    calendar: Calendar | None = None


class AssignmentReopened(NewLimits):
    """A completed unit looks again: a new cycle with a new due."""

    cycle: int
    reason: Commitment


class TaskArchived(TaskEvent):
    """The time for re-opening is over; the workflow ends."""

    due_at: Instant
