"""What may be asked of the conference itself: found it, register a key, issue a task."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lianxi.domain.roster import Roster, RosterKey, RosterSignature
from lianxi.domain.rules import DEFAULT_RULES, Rules
from lianxi.domain.task.commands import IssueTask, TaskCommand
from lianxi.domain.values import (
    CONVENERS_SIDE,
    Commitment,
    ConferenceId,
    Frozen,
    Role,
    SignatureHex,
    UnitId,
)

Channel = Literal["mailbox", "smtp"]
Language = Literal["en", "zh"]
Custody = Literal["own", "demo"]
ClockTime = Annotated[str, Field(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\z")]
ZoneName = Annotated[
    str, Field(pattern=r"\A[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}\z", max_length=64)
]


class Member(Frozen):
    """A member unit: how it is told and in which language. Its names stand in the directory."""

    unit: UnitId
    channels: tuple[Channel, ...] = Field(default=("mailbox",), min_length=1)
    language: Language = "zh"


class OfficeHours(Frozen):
    """Local times; the last day of a limit ends at `closes`."""

    opens: ClockTime = "09:00"
    closes: ClockTime = "17:00"


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
    rules: Rules = DEFAULT_RULES


class RegisterKey(TaskCommand):
    """Take a key into the roster: its entry, proof of possession, roster signatures."""

    action: ClassVar[str] = "register-key"
    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
    entry: RosterKey
    possession: SignatureHex
    roster_signatures: tuple[RosterSignature, ...] = Field(min_length=1, max_length=16)


CONFERENCE_ACTIONS: dict[str, type[TaskCommand]] = {
    model.action: model for model in (FoundConference, RegisterKey, IssueTask)
}
"""Every action a command on the stream `conference` may name."""
