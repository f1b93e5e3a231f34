"""What can have happened to a task: one frozen model per kind, the table kind -> model, and `Fact`.

Fields are added with defaults and never renamed; a new meaning is a new kind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from lianxi.domain.ladder import RungName
from lianxi.domain.roster import RosterKey, RosterSignature
from lianxi.domain.rules import Rules
from lianxi.domain.task.commands import Basis, Evidence, Mode, Verdict
from lianxi.domain.values import (
    Commitment,
    Frozen,
    Instant,
    MediaType,
    Sha256Hex,
    SourceId,
    TaskId,
    UnitId,
)

AssignmentRole = Literal["lead", "support", "member"]


class TaskEvent(Frozen):
    """The `data` of an event on a task's stream; the class name is its kind."""


class AssignmentEvent(TaskEvent):
    """An event about one unit's assignment."""

    unit: UnitId


class AssignmentTerms(Frozen):
    """A unit's part in a task as issued."""

    unit: UnitId
    role: AssignmentRole
    acknowledge_by: Instant
    due: Instant


class TaskIssued(TaskEvent):
    """The task begins; carries what later decisions rest on (rules in full, with their hash)."""

    task: TaskId
    ref: SourceId
    registration: Sha256Hex
    opened_at: Instant
    mode: Mode
    title: Commitment
    text: Commitment | None = None
    basis: Basis | None = None
    rules: Rules
    rules_hash: Sha256Hex
    assignments: tuple[AssignmentTerms, ...] = Field(min_length=1)


class AssignmentAcknowledged(AssignmentEvent):
    """The unit has taken the task up; `implied_by` names the act that said so tacitly."""

    implied_by: Literal["progress", "submit"] | None = None


class ProgressReported(AssignmentEvent):
    """The unit said how far it is."""

    percent: int | None = None
    text: Commitment | None = None


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
    """The convener's side accepted the submission."""

    submission: Sha256Hex


class CompletionReturned(AssignmentEvent):
    """The convener's side returned the submission: a new cycle with new limits."""

    submission: Sha256Hex
    reason: Commitment
    cycle: int
    revision: int
    acknowledge_by: Instant
    due: Instant


class AssignmentWithdrawn(AssignmentEvent):
    """The unit is off the task, by a command about it or because the task was closed or cancelled."""

    through: Literal["withdraw", "close", "cancel"]
    reason: Commitment | None = None


class LeadChanged(AssignmentEvent):
    """`unit` leads from now on."""

    previous: UnitId


class DueChanged(AssignmentEvent):
    """The unit has a new due: a new limit revision."""

    revision: int
    due: Instant
    acknowledge_by: Instant
    reason: Commitment


class TaskClosed(TaskEvent):
    """The convener's side closed the task."""

    verdict: Verdict
    reason: Commitment | None = None


class TaskCancelled(TaskEvent):
    """The convener's side cancelled the task."""

    reason: Commitment


class RungFired(AssignmentEvent):
    """A rung of the ladder was due at `due_at` in this limit revision."""

    rung: RungName
    revision: int
    due_at: Instant


class TaskArchived(TaskEvent):
    """The time for re-opening is over; the workflow ends."""

    due_at: Instant


class RosterAdopted(TaskEvent):
    """From here on commands on this stream are judged under this roster."""

    version: int
    roster: Sha256Hex
    entry: RosterKey
    signatures: tuple[RosterSignature, ...]


class CancellationRequested(TaskEvent):
    """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""


KINDS: dict[str, type[TaskEvent]] = {
    model.__name__: model
    for model in (
        TaskIssued,
        AssignmentAcknowledged,
        ProgressReported,
        CompletionSubmitted,
        SubmissionRecalled,
        CompletionAccepted,
        CompletionReturned,
        AssignmentWithdrawn,
        LeadChanged,
        DueChanged,
        TaskClosed,
        TaskCancelled,
        RungFired,
        TaskArchived,
        RosterAdopted,
        CancellationRequested,
    )
}
"""Every kind that may stand on a task's stream."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A recorded event as the fold sees it: its place in the stream, when, on what basis, what."""

    seq: int
    hash: str
    at: datetime
    basis: Literal["command", "rule", "observation"]
    data: TaskEvent
