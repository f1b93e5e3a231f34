"""Urging, instructions, proposals, warnings, bulletins, and what puts things right (domain layer)."""

from typing import Any, Literal

from lianxi.domain.roster import RosterChanges, RosterKey, RosterSignature
from lianxi.domain.rules import ActionName
from lianxi.domain.task.events.form import AssignmentEvent, TaskEvent
from lianxi.domain.values import Commitment, Instant, Sha256Hex, UnitId


class UnitUrged(AssignmentEvent):
    """The convener's side urged the unit by hand."""

    text: Commitment | None = None


class InstructionGiven(TaskEvent):
    """The convener's side instructed the units named."""

    units: tuple[UnitId, ...]
    text: Commitment
    acknowledge: bool


class InstructionHeeded(AssignmentEvent):
    """The unit acknowledged the instruction."""

    instruction: Sha256Hex


class PhoneCallNoted(AssignmentEvent):
    """The office told the unit by phone."""

    text: Commitment


class ActProposed(TaskEvent):
    """The office filed an act that is the convener's to decide; it waits until `expires`."""

    act: ActionName
    args: dict[str, Any]
    unit: UnitId | None = None
    expect: Sha256Hex | None = None
    """What the office had seen of the assignment when it filed the act."""
    expires: Instant


class ProposalEndorsed(TaskEvent):
    """The office passed on to the convener what a rung had proposed."""

    proposal: Sha256Hex
    expires: Instant


class ProposalApproved(TaskEvent):
    """What was proposed takes effect by the events that follow."""

    proposal: Sha256Hex


class ProposalRejected(TaskEvent):
    """What was proposed does not take effect."""

    proposal: Sha256Hex
    reason: Commitment


class ProposalExpired(TaskEvent):
    """Nobody decided in time."""

    proposal: Sha256Hex
    due_at: Instant


class ProposalOvertaken(TaskEvent):
    """What was proposed is moot: the act before it left nothing to decide. From engine 2 on."""

    proposal: Sha256Hex


class WarningSent(AssignmentEvent):
    """The unit is warned and asked to explain itself by `explain_by`."""

    proposal: Sha256Hex
    revision: int
    explain_by: Instant


class WarningAnswered(AssignmentEvent):
    """The unit's explanation."""

    warning: Sha256Hex
    text: Commitment


class BulletinIssued(AssignmentEvent):
    """All units of the task are told that this one is late."""

    proposal: Sha256Hex
    revision: int


class FiledOnBehalf(AssignmentEvent):
    """The office filed what the unit said; the unit's act is the event that follows."""

    act: ActionName
    via: Literal["phone", "paper"]
    basis: Commitment
    dispute_by: Instant


class FilingDisputed(AssignmentEvent):
    """The unit says that it did not say so."""

    filing: Sha256Hex
    reason: Commitment


class ReportCorrected(AssignmentEvent):
    """A figure or a text of an earlier report is put right; both are shown, this one counts."""

    corrects: Sha256Hex
    percent: int | None = None
    text: Commitment | None = None


class ActReversed(AssignmentEvent):
    """The office's last act on the assignment was a mistake; what stood before it is back."""

    act: Sha256Hex
    reason: Commitment
    revision: int


class EndReversed(TaskEvent):
    """Closing or cancelling the task was a mistake; it is active again, as it was."""

    act: Sha256Hex
    reason: Commitment


class TaskThawed(TaskEvent):
    """The stream was frozen and goes on from the event before this one, by a signed word.

    `discarded` events that its workflow had sealed do not stand; `first_discarded` is the hash of
    the first of them. Both are the workflow's word: what does not stand cannot be checked.
    """

    reason: Commitment
    discarded: int
    first_discarded: Sha256Hex | None = None


class RosterAdopted(TaskEvent):
    """From here on commands on this stream are judged under this roster.

    The step that led there: the `entry` it added, or the `changes` it made.
    """

    version: int
    roster: Sha256Hex
    entry: RosterKey | None = None
    changes: RosterChanges | None = None
    signatures: tuple[RosterSignature, ...]


class CancellationRequested(TaskEvent):
    """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""
