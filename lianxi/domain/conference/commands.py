"""What may be asked of the conference itself: found it, register a key, issue a task."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lianxi.domain.calendar import Calendar
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
)
from lianxi.domain.rules import FIRST_RULES, Rules
from lianxi.domain.task.commands import (
    ApproveProposal,
    IssueTask,
    RejectProposal,
    TaskCommand,
    ThawStream,
)
from lianxi.domain.values import (
    CONVENERS_SIDE,
    Commitment,
    ConferenceId,
    Frozen,
    GivenText,
    Origin,
    Role,
    Sha256Hex,
    SignatureHex,
    TaskId,
    UnitId,
    UnitIds,
)

# exported on: events and state of the conference take them from here
from lianxi.domain.values import OfficeHours as OfficeHours  # noqa: PLC0414
from lianxi.domain.values import ZoneName as ZoneName  # noqa: PLC0414

Channel = Literal["mailbox", "smtp"]
Language = Literal["en", "zh"]
Custody = Literal["own", "demo"]


class Member(Frozen):
    """A member unit: how it is told and in which language. Its names stand in the directory."""

    unit: UnitId
    channels: tuple[Channel, ...] = Field(default=("mailbox",), min_length=1)
    language: Language = "zh"


class Recovery(Frozen):
    """The log that this conference carries on after its data were lost: its last known checkpoint."""

    origin: Origin
    size: int = Field(ge=1, le=2**53 - 1)
    root: Sha256Hex
    note_sha256: Sha256Hex


class FoundConference(TaskCommand):
    """The first command of all. `directory` commits to the names of conference and units."""

    action: ClassVar[str] = "found"
    roles: ClassVar[frozenset[Role]] = frozenset({Role.CONVENER})
    conference: ConferenceId
    zone: ZoneName
    office_hours: OfficeHours = OfficeHours()
    custody: Custody = "own"
    language: Language = "zh"
    directory: Commitment
    members: tuple[Member, ...] = Field(min_length=1, max_length=256)
    roster: Roster
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=16)
    rules: Rules = FIRST_RULES
    calendar: Calendar | None = None
    recovers: Recovery | None = None


class RosterCommand(TaskCommand):
    """What makes the next roster.

    `prev_roster`: the hash of the one it was made for. Where that is another by now, nothing is wrong
    with the signatures, which are over the next version of that one; without it they just do not hold.
    """

    prev_roster: Sha256Hex | None = None


class RegisterKey(RosterCommand):
    """Take a key into the roster: its entry, proof of possession, roster signatures."""

    action: ClassVar[str] = "register-key"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    entry: RosterKey
    possession: SignatureHex
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=16)

    @model_validator(mode="after")
    def _at_once(self) -> "RegisterKey":
        if self.entry.replaces is not None or self.entry.effective is not None:
            raise ValueError("a key that replaces another comes with replace-key")
        return self


class ChangeRoster(RosterCommand):
    """The next roster: keys that come and go, another threshold; signed by k of the one before.

    `possessions`: one for each command key that is added.
    """

    action: ClassVar[str] = "change-roster"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    changes: RosterChanges
    possessions: tuple[Possession, ...] | None = Field(default=None, min_length=1, max_length=64)
    # two thresholds may have to sign
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=32)
    reason: GivenText | None = None


class ReplaceKey(RosterCommand):
    """A unit has lost its key: another takes its place, not sooner than 72 hours from now."""

    action: ClassVar[str] = "replace-key"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    entry: RosterKey
    possession: SignatureHex
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=16)
    reason: GivenText

    @model_validator(mode="after")
    def _for_a_lost_one(self) -> "ReplaceKey":
        if self.entry.replaces is None or self.entry.effective is None:
            raise ValueError("a replacement names the lost key, and when it takes its place")
        return self


class AdoptConferenceCalendar(TaskCommand):
    """From here on new tasks count by this calendar; `units` are those whose deadlines it moves.

    What it moves on open tasks is moved by each task's own command `adopt-calendar`.
    """

    action: ClassVar[str] = "adopt-calendar"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    calendar: Calendar
    units: UnitIds = Field(default=(), max_length=256)


class AdoptRules(TaskCommand):
    """From here on new tasks follow these rules (ladder, default limits, what the convener decides)."""

    action: ClassVar[str] = "adopt-rules"
    # they say what waits for the convener: the office cannot relieve itself of it
    roles: ClassVar[frozenset[Role]] = frozenset({Role.CONVENER})
    rules: Rules


class SucceedUnit(TaskCommand):
    """A unit is succeeded by another; its open assignments follow by each task's `transfer`."""

    action: ClassVar[str] = "succeed"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    unit: UnitId
    into: UnitId
    reason: GivenText

    @model_validator(mode="after")
    def _by_another(self) -> "SucceedUnit":
        if self.unit == self.into:
            raise ValueError("a unit cannot succeed itself")
        return self


class RedactOpening(TaskCommand):
    """Destroy the text or file behind a commitment, for a reason that stays readable.

    `units`: whose text it is, or who could read it as theirs; they are told. None: it is between
    office and convener. `task`: where it stands. That commitment, task and units are those of the
    record is looked at where the command is handed in (docs/adr/0019).
    """

    action: ClassVar[str] = "redact"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    commit: Sha256Hex
    reason: GivenText
    task: TaskId | None = None
    units: Annotated[UnitIds, Field(min_length=1, max_length=256)] | None = None


CONFERENCE_ACTIONS: dict[str, type[TaskCommand]] = {
    model.action: model
    for model in (
        FoundConference,
        RegisterKey,
        ChangeRoster,
        ReplaceKey,
        IssueTask,
        AdoptConferenceCalendar,
        AdoptRules,
        SucceedUnit,
        RedactOpening,
        ApproveProposal,
        RejectProposal,
        ThawStream,
    )
}
"""Every action a command on the stream `conference` may name."""
