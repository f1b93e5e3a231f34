"""What can have happened to the conference: one frozen model per kind, and their table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.commands import (
    Custody,
    Language,
    Member,
    OfficeHours,
    Recovery,
    ZoneName,
)
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
)
from lianxi.domain.rules import Rules
from lianxi.domain.values import (
    Commitment,
    ConferenceId,
    Frozen,
    Instant,
    Sha256Hex,
    SignatureHex,
    SourceId,
    TaskId,
    UnitId,
)


class ConferenceEvent(Frozen):
    """The `data` of an event on the stream `conference`; the class name is its kind."""


class ConferenceFounded(ConferenceEvent):
    """Genesis: members, rules and the first roster (1 of 1: the convener's key)."""

    conference: ConferenceId
    zone: ZoneName
    office_hours: OfficeHours
    custody: Custody
    language: Language
    directory: Commitment
    members: tuple[Member, ...]
    roster: Roster
    roster_signatures: tuple[RosterSignature, ...]
    rules: Rules
    rules_hash: Sha256Hex
    calendar: Calendar | None = None
    calendar_hash: Sha256Hex | None = None
    recovers: Recovery | None = None


class KeyRegistered(ConferenceEvent):
    """A key has joined the roster; `roster` is the hash of the version it made."""

    version: int
    prev_roster: Sha256Hex
    roster: Sha256Hex
    entry: RosterKey
    possession: SignatureHex
    signatures: tuple[RosterSignature, ...]


class RosterChanged(ConferenceEvent):
    """Keys have come or gone, or the threshold is another; `roster` is the hash of what it made."""

    version: int
    prev_roster: Sha256Hex
    roster: Sha256Hex
    changes: RosterChanges
    possessions: tuple[Possession, ...] | None = None
    signatures: tuple[RosterSignature, ...]
    reason: Commitment | None = None


class KeyReplaced(ConferenceEvent):
    """A key takes a lost one's place from `entry.effective` on; until then it can be revoked."""

    version: int
    prev_roster: Sha256Hex
    roster: Sha256Hex
    entry: RosterKey
    possession: SignatureHex
    signatures: tuple[RosterSignature, ...]
    reason: Commitment


RosterMade = KeyRegistered | RosterChanged | KeyReplaced
"""The events after which the stream stands under another roster."""


class TaskRegistered(ConferenceEvent):
    """A task has its number; its workflow begins from this and the envelope that caused it.

    `proposal`: the event by which the office had proposed the issue that the convener approved.
    """

    task: TaskId
    ref: SourceId
    args_hash: Sha256Hex
    rules_hash: Sha256Hex
    calendar_hash: Sha256Hex | None = None
    proposal: Sha256Hex | None = None


class CalendarAdopted(ConferenceEvent):
    """New tasks count by this calendar; `units` are told that it moves deadlines of theirs."""

    calendar: Calendar
    calendar_hash: Sha256Hex
    units: tuple[UnitId, ...] = ()


class RulesAdopted(ConferenceEvent):
    """New tasks follow these rules."""

    rules: Rules
    rules_hash: Sha256Hex


class UnitSucceeded(ConferenceEvent):
    """`into` has taken the place of the unit, which gets no new tasks."""

    unit: UnitId
    into: UnitId
    reason: Commitment


class IssueProposed(ConferenceEvent):
    """The office filed an issue that is the convener's to decide; it waits until `expires`."""

    ref: SourceId
    args: dict[str, Any]
    args_hash: Sha256Hex
    expires: Instant


class IssueRejected(ConferenceEvent):
    """The convener did not approve."""

    proposal: Sha256Hex
    reason: Commitment


class IssueExpired(ConferenceEvent):
    """Nobody decided in time."""

    proposal: Sha256Hex
    due_at: Instant


class RedactionProposed(ConferenceEvent):
    """The office filed a redaction, which is the convener's to decide; it waits until `expires`."""

    commit: Sha256Hex
    reason: Commitment
    task: TaskId | None = None
    units: tuple[UnitId, ...] | None = None
    expires: Instant


class RedactionRejected(ConferenceEvent):
    """The convener did not approve."""

    proposal: Sha256Hex
    reason: Commitment


class RedactionExpired(ConferenceEvent):
    """Nobody decided in time."""

    proposal: Sha256Hex
    due_at: Instant


class OpeningRedacted(ConferenceEvent):
    """The text or file behind a commitment is destroyed, its salt with it; the commitment stands.

    `proposal`: the event by which the office had proposed it. `units`: whose text it was.
    """

    commit: Sha256Hex
    reason: Commitment
    task: TaskId | None = None
    units: tuple[UnitId, ...] | None = None
    proposal: Sha256Hex | None = None


class ConferenceThawed(ConferenceEvent):
    """The stream was frozen and goes on from the event before this one; as a task's `TaskThawed`."""

    reason: Commitment
    discarded: int
    first_discarded: Sha256Hex | None = None


class CancellationRequested(ConferenceEvent):
    """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""


CONFERENCE_KINDS: dict[str, type[ConferenceEvent]] = {
    model.__name__: model
    for model in (
        ConferenceFounded,
        KeyRegistered,
        RosterChanged,
        KeyReplaced,
        TaskRegistered,
        CalendarAdopted,
        RulesAdopted,
        UnitSucceeded,
        IssueProposed,
        IssueRejected,
        IssueExpired,
        RedactionProposed,
        RedactionRejected,
        RedactionExpired,
        OpeningRedacted,
        ConferenceThawed,
        CancellationRequested,
    )
}
"""Every kind that may stand on the conference's stream."""


@dataclass(frozen=True, slots=True)
class ConferenceFact:
    """A recorded event of the conference as the fold sees it."""

    seq: int
    hash: str
    at: datetime
    data: ConferenceEvent
