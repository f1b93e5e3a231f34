"""What can have happened to the conference: one frozen model per kind, and their table."""

from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.conference.commands import Custody, Language, Member, OfficeHours, ZoneName
from lianxi.domain.roster import Roster, RosterKey, RosterSignature
from lianxi.domain.rules import Rules
from lianxi.domain.values import (
    Commitment,
    ConferenceId,
    Frozen,
    Sha256Hex,
    SignatureHex,
    SourceId,
    TaskId,
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


class KeyRegistered(ConferenceEvent):
    """A key has joined the roster; `roster` is the hash of the version it made."""

    version: int
    prev_roster: Sha256Hex
    roster: Sha256Hex
    entry: RosterKey
    possession: SignatureHex
    signatures: tuple[RosterSignature, ...]


class TaskRegistered(ConferenceEvent):
    """A task has its number; its workflow begins from this and the envelope that caused it."""

    task: TaskId
    ref: SourceId
    args_hash: Sha256Hex
    rules_hash: Sha256Hex


class CancellationRequested(ConferenceEvent):
    """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""


CONFERENCE_KINDS: dict[str, type[ConferenceEvent]] = {
    model.__name__: model
    for model in (ConferenceFounded, KeyRegistered, TaskRegistered, CancellationRequested)
}
"""Every kind that may stand on the conference's stream."""


@dataclass(frozen=True, slots=True)
class ConferenceFact:
    """A recorded event of the conference as the fold sees it."""

    seq: int
    hash: str
    at: datetime
    data: ConferenceEvent
