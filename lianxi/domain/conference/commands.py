"""What may be asked of the conference itself: found it, register a key, issue a task."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lianxi.domain.calendar import Calendar
from lianxi.domain.roster import Roster, RosterKey, RosterSignature
from lianxi.domain.rules import FIRST_RULES, Rules
from lianxi.domain.task.commands import (
    ApproveProposal,
    IssueTask,
    RejectProposal,
    TaskCommand,
)
from lianxi.domain.values import (
    CONVENERS_SIDE,
    Commitment,
    ConferenceId,
    Frozen,
    GivenText,
    Role,
    SignatureHex,
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


class RegisterKey(TaskCommand):
    """Take a key into the roster: its entry, proof of possession, roster signatures."""

    action: ClassVar[str] = "register-key"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    entry: RosterKey
    possession: SignatureHex
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=16)


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


CONFERENCE_ACTIONS: dict[str, type[TaskCommand]] = {
    model.action: model
    for model in (
        FoundConference,
        RegisterKey,
        IssueTask,
        AdoptConferenceCalendar,
        AdoptRules,
        SucceedUnit,
        ApproveProposal,
        RejectProposal,
    )
}
"""Every action a command on the stream `conference` may name."""
