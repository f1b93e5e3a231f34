"""The state of a conference and its fold (domain layer)."""

from typing import Any

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


class Registration(Frozen):
    """A task number given out, and to which content."""

    task: TaskId
    args_hash: Sha256Hex


class IssueProposal(Frozen):
    """An issue of the office that waits for the convener."""

    event: Sha256Hex
    at: Instant
    expires: Instant
    ref: SourceId
    args: dict[str, Any]
    args_hash: Sha256Hex


class ConferenceState(Frozen):
    """The conference as the fold of its events; `registrations` by the id of the task file."""

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
    proposals: dict[Sha256Hex, IssueProposal] = Field(default_factory=dict)
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
        case ev.KeyRegistered():
            roster = Roster(
                version=data.version,
                prev_roster=data.prev_roster,
                threshold=state.roster.threshold,
                keys=(*state.roster.keys, data.entry),
            )
            return state.model_copy(update={"roster": roster})
        case ev.TaskRegistered():
            registration = Registration(task=data.task, args_hash=data.args_hash)
            left = {event: p for event, p in state.proposals.items() if event != data.proposal}
            return state.model_copy(
                update={
                    "registrations": {**state.registrations, data.ref: registration},
                    "proposals": left,
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
        case ev.IssueRejected() | ev.IssueExpired():
            left = {event: p for event, p in state.proposals.items() if event != data.proposal}
            return state.model_copy(update={"proposals": left})
        case ev.CancellationRequested():
            return state
        case _:
            raise ValueError(f"unknown event {type(data).__name__}")


def _hours(calendar: Calendar) -> OfficeHours:
    """The office hours in force are the calendar's, since limits end by them."""
    return OfficeHours(opens=calendar.opens, closes=calendar.closes)
