"""What of a task's events a unit on it sees: one table by kind, and one filter (gateway layer, pure).

The same filter stands before the timeline of a task, its listing of events and single events.
Whoever sees all of the conference needs none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Sight(Enum):
    """Whose eyes an event of a task is for, beside the convener's side and the auditor."""

    TASK = "every unit of the task"
    OWN = "its unit; the others see that it happened, and which limits it set"
    NAMED = "the units it names"
    JOINT = "its unit or those it names, and who leads the task"
    OFFICE = "no unit"


SIGHT: dict[str, Sight] = {
    **dict.fromkeys(
        (
            *("TaskIssued", "TaskClosed", "TaskCancelled", "TaskReopened", "TaskArchived"),
            *("EndReversed", "CancellationRequested", "RosterAdopted", "CalendarAdopted"),
            *("ServiceGapNoted", "GapExcluded", "LimitsMoved", "DueChanged", "RungFired"),
            *("AssignmentAcknowledged", "ProgressReported", "ReportCorrected"),
            *("CompletionSubmitted", "SubmissionRecalled", "CompletionAccepted"),
            *("CompletionReturned", "AssignmentReopened", "AssignmentAdded"),
            *("AssignmentWithdrawn", "AssignmentTransferred", "LeadChanged", "BulletinIssued"),
            "TaskThawed",
        ),
        Sight.TASK,
    ),
    **dict.fromkeys(
        (
            *("AssignmentObjected", "ObjectionUpheld", "ObjectionChanged", "ObjectionRefused"),
            *("ExtensionRequested", "ExtensionGranted", "StopRequested", "AssignmentStopped"),
            *("RequestRefused", "RequestRetracted", "RequestLapsed"),
            *("AssignmentSuspended", "AssignmentResumed", "ActReversed"),
            *("WarningSent", "WarningAnswered", "FiledOnBehalf", "FilingDisputed"),
            *("UnitUrged", "PhoneCallNoted", "InstructionHeeded"),
            *("ReportReminded", "PeriodEnded"),
        ),
        Sight.OWN,
    ),
    **dict.fromkeys(
        ("ConcurrenceAsked", "ConcurrenceGiven", "DissentFiled", "ConcurrenceSilent"), Sight.JOINT
    ),
    "InstructionGiven": Sight.NAMED,
    **dict.fromkeys(
        (
            *("ActProposed", "ProposalEndorsed", "ProposalApproved", "ProposalRejected"),
            *("ProposalExpired", "ProposalOvertaken", "OfficeReminded"),
        ),
        Sight.OFFICE,
    ),
}
"""Kind -> whose eyes it is for; a kind that does not stand here is for no unit's."""

HIDDEN: tuple[str, ...] = tuple(kind for kind, sight in SIGHT.items() if sight is Sight.OFFICE)
"""Kinds that are not there for any unit."""

_LIMITS = frozenset(
    {
        *("unit", "revision", "due", "acknowledge_by"),
        *("due_rule", "acknowledge_rule", "provisional"),
    }
)
"""What is public of another unit's inner matter: every unit's state and limits are."""


def led_alike(kind: str | None) -> bool:
    """Whether the lead reads another unit's texts of this kind (None: its submission)."""
    return kind is None or SIGHT.get(kind) in (Sight.TASK, Sight.JOINT)


@dataclass(frozen=True, slots=True)
class EventEyes:
    """How a unit looks at one task's events.

    `units`: itself, and those whose place on the task it has taken. `proposing`: the names of the
    rungs that only propose: that such a one fired is a proposal.
    """

    units: frozenset[str]
    leads: bool
    proposing: frozenset[str]

    def whole(self, kind: str, data: Mapping[str, Any] | None) -> bool:
        """Whether the event is for these eyes, every byte of it. `data` None: not readable at all."""
        given = data or {}
        match SIGHT.get(kind, Sight.OFFICE):
            case Sight.TASK:
                return kind != "RungFired" or given.get("rung") not in self.proposing
            case Sight.OWN | Sight.NAMED:
                return self._concerned(given)
            case Sight.JOINT:
                return self.leads or self._concerned(given)
            case Sight.OFFICE:
                return False

    def shown(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """An EventRow as these eyes see it; None where it is not there for them."""
        kind, data = row["kind"], row["data"]
        if self.whole(kind, data):
            return row
        if SIGHT.get(kind) is not Sight.OWN:
            return None
        public = {name: value for name, value in (data or {}).items() if name in _LIMITS}
        return {**row, "data": public}

    def _concerned(self, data: Mapping[str, Any]) -> bool:
        units = data.get("units")
        named = units if isinstance(units, list) else [data.get("unit")]
        return any(isinstance(unit, str) and unit in self.units for unit in named)
