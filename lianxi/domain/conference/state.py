"""The state of a conference and its fold (domain layer)."""

from typing import Any, ClassVar

from pydantic import Field

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.commands import Custody, Language, Member, OfficeHours
from lianxi.domain.roster import Roster
from lianxi.domain.rules import Rules
from lianxi.domain.values import (
    RESERVED_UNITS,
    Commitment,
    ConferenceId,
    Frozen,
    Instant,
    Sha256Hex,
    SourceId,
    TaskId,
    UnitId,
)

MAX_TASKS = 3_000
"""Tasks of one conference: at up to 210 bytes each the register stays well below what a workflow
can carry into its next run (2 MiB in all)."""


MAX_REDACTIONS = 1_000
"""At 140 bytes each; they travel from run to run, so that none is decided twice."""


class Registration(Frozen):
    """A task number given out, and to which content."""

    task: TaskId
    args_hash: Sha256Hex


class IssueProposal(Frozen):
    """An issue of the office that waits for the convener."""

    act: ClassVar[str] = "issue"
    event: Sha256Hex
    at: Instant
    expires: Instant
    ref: SourceId
    args: dict[str, Any]
    args_hash: Sha256Hex


class RedactionProposal(Frozen):
    """A redaction of the office that waits for the convener."""

    act: ClassVar[str] = "redact"
    event: Sha256Hex
    at: Instant
    expires: Instant
    commit: Sha256Hex
    reason: Commitment
    task: TaskId | None = None
    units: tuple[UnitId, ...] | None = None


Proposal = IssueProposal | RedactionProposal
"""What waits for the convener; which of them a carried one is, its fields say."""


class ConferenceState(Frozen):
    """The conference as the fold of its events; `registrations` by the id of the task file.

    `redacted`: destroyed commitments, each with the commitment of its reason; None before the first.
    """

    conference: ConferenceId
    zone: str
    office_hours: OfficeHours
    custody: Custody
    language: Language
    directory: Commitment
    members: dict[UnitId, Member]
    rules: Rules
    rules_hash: Sha256Hex
    calendar: Calendar | None = None
    calendar_hash: Sha256Hex | None = None
    successors: dict[UnitId, UnitId] = Field(default_factory=dict)
    proposals: dict[Sha256Hex, Proposal] = Field(default_factory=dict)
    redacted: dict[Sha256Hex, Sha256Hex] | None = None
    roster: Roster
    registrations: dict[SourceId, Registration] = Field(default_factory=dict)

    @property
    def next_deadline(self) -> Instant | None:
        """When a rule acts next: the first proposal that expires."""
        return min((proposal.expires for proposal in self.proposals.values()), default=None)

    def knows(self, unit: str) -> bool:
        """Whether tasks can be addressed to, or keys held by, this unit."""
        return unit in self.members or unit in RESERVED_UNITS


def evolve(state: ConferenceState | None, fact: ev.ConferenceFact) -> ConferenceState:
    """Apply one recorded event. The first event of the stream is `ConferenceFounded`."""
    data = fact.data
    if isinstance(data, ev.ConferenceFounded):
        return ConferenceState(
            conference=data.conference,
            zone=data.zone,
            office_hours=data.office_hours if data.calendar is None else _hours(data.calendar),
            custody=data.custody,
            language=data.language,
            directory=data.directory,
            members={member.unit: member for member in data.members},
            rules=data.rules,
            rules_hash=data.rules_hash,
            calendar=data.calendar,
            calendar_hash=data.calendar_hash,
            roster=data.roster,
        )
    if state is None:
        raise ValueError("the conference's stream begins with ConferenceFounded")
    match data:
        case ev.KeyRegistered() | ev.KeyReplaced():
            roster = state.roster.after(data.prev_roster, data.version, data.entry)
            return state.model_copy(update={"roster": roster})
        case ev.RosterChanged():
            roster = state.roster.after(data.prev_roster, data.version, data.changes)
            return state.model_copy(update={"roster": roster})
        case ev.TaskRegistered():
            registration = Registration(task=data.task, args_hash=data.args_hash)
            return state.model_copy(
                update={
                    "registrations": {**state.registrations, data.ref: registration},
                    "proposals": _without(state, data.proposal),
                }
            )
        case ev.CalendarAdopted():
            return state.model_copy(
                update={
                    "calendar": data.calendar,
                    "calendar_hash": data.calendar_hash,
                    "office_hours": _hours(data.calendar),
                }
            )
        case ev.RulesAdopted():
            return state.model_copy(update={"rules": data.rules, "rules_hash": data.rules_hash})
        case ev.UnitSucceeded():
            return state.model_copy(
                update={"successors": {**state.successors, data.unit: data.into}}
            )
        case ev.IssueProposed():
            proposal = IssueProposal(
                event=fact.hash,
                at=fact.at,
                expires=data.expires,
                ref=data.ref,
                args=data.args,
                args_hash=data.args_hash,
            )
            return state.model_copy(update={"proposals": {**state.proposals, fact.hash: proposal}})
        case ev.RedactionProposed():
            waiting = RedactionProposal(
                event=fact.hash,
                at=fact.at,
                expires=data.expires,
                commit=data.commit,
                reason=data.reason,
                task=data.task,
                units=data.units,
            )
            return state.model_copy(update={"proposals": {**state.proposals, fact.hash: waiting}})
        case (
            ev.IssueRejected() | ev.IssueExpired() | ev.RedactionRejected() | ev.RedactionExpired()
        ):
            return state.model_copy(update={"proposals": _without(state, data.proposal)})
        case ev.OpeningRedacted():
            return _redacted(state, data)
        case ev.CancellationRequested() | ev.ConferenceThawed():
            return state
        case _:
            raise ValueError(f"unknown event {type(data).__name__}")


def _without(state: ConferenceState, proposal: str | None) -> dict[str, Proposal]:
    """The proposals that still wait once this one is decided."""
    return {event: each for event, each in state.proposals.items() if event != proposal}


def _redacted(state: ConferenceState, data: ev.OpeningRedacted) -> ConferenceState:
    """Whatever else was proposed for the same commitment has nothing to wait for any more."""
    left = {
        event: each
        for event, each in _without(state, data.proposal).items()
        if not (isinstance(each, RedactionProposal) and each.commit == data.commit)
    }
    redacted = {**(state.redacted or {}), data.commit: data.reason.commit}
    return state.model_copy(update={"proposals": left, "redacted": redacted})


def _hours(calendar: Calendar) -> OfficeHours:
    """The office hours in force are the calendar's, since limits end by them."""
    return OfficeHours(opens=calendar.opens, closes=calendar.closes)
