"""`decide` for the conference: founding, keys, rules, calendar, the register of tasks (domain layer).

Rules, in the order of the tests in tests/domain/test_conference_decide.py:

- Founded once, by the convener; no unit twice, none under a reserved id.
- A key is registered for a unit of the conference. That it is new, in the role that goes with its
  id, signed for and held by who asks is checked before, by `lianxi.proof`; here hashes come in.
- A change of the roster names units of the conference; a key that took a lost one's place does not
  go without it. A lost key's successor acts 72 hours later at the earliest.
- A task is registered when its issue would be accepted (a dry run), for units of the roster;
  the same id with the same content is found again, with other content refused.
- A conference has at most 3,000 tasks.
- Where the rules leave issues to the convener, one filed by the office waits as a proposal.
- A calendar counts days of the conference's zone; a calendar, or rules, follow on an earlier
  version, and both hold for tasks registered from then on.
- A unit is succeeded once, by another unit of the conference; it gets no task from then on.
- A text is redacted once, never the directory or the reason of a redaction (`redacting`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lianxi.domain.calendar import FALLBACK_CALENDAR, Calendar, check_calendar
from lianxi.domain.calendar_refusals import CalendarZoneError
from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference import refusals as no
from lianxi.domain.conference.redacting import propose, redact, redact_proposed
from lianxi.domain.conference.state import (
    MAX_TASKS,
    ConferenceState,
    IssueProposal,
    Proposal,
    RedactionProposal,
)
from lianxi.domain.counting import count_days
from lianxi.domain.ladder_check import check_ladder
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import RosterKey
from lianxi.domain.rules import Spans
from lianxi.domain.task.commands import (
    ApproveProposal,
    IssueTask,
    RejectProposal,
    TaskCommand,
    ThawStream,
)
from lianxi.domain.task.deciding.case import Order, check_role, is_office
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.task.refusals import (
    AlreadySoError,
    ConvenerDecidesError,
    NotFrozenError,
    ProposalsFullError,
    UnknownSubjectError,
)
from lianxi.domain.values import RESERVED_UNITS, Sha256Hex, format_instant

REPLACEMENT_DELAY = timedelta(hours=72)
"""From the command until a lost key's successor acts: time for the unit to say that it lost none."""

MAX_PROPOSALS = 32
"""What may wait for the convener at the same time; it travels whole from run to run."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Hashes that the layer above computed of the command's parts, where the command has them."""

    args: Sha256Hex
    rules: Sha256Hex | None = None
    calendar: Sha256Hex | None = None
    prev_roster: Sha256Hex | None = None
    roster: Sha256Hex | None = None


def decide(
    state: ConferenceState | None, order: Order, digests: Digests, now: datetime
) -> tuple[ev.ConferenceEvent, ...]:
    """The events that follow from the order at `now`; a `Refusal` when a rule says no."""
    command = order.command
    check_role(order)
    if state is None:
        if not isinstance(command, cmd.FoundConference):
            raise TypeError("a conference begins with FoundConference")
        return (_found(command, digests),)
    reserved = is_office(order.actor) and state.rules.convener_decides(command.action)
    if reserved and not isinstance(command, IssueTask | cmd.RedactOpening):
        raise ConvenerDecidesError(act=command.action)  # nothing else can wait here
    match command:
        case cmd.FoundConference() | ThawStream():
            raise _out_of_place(state, command)
        case cmd.RegisterKey():
            return (_register_key(state, command, digests),)
        case cmd.ChangeRoster():
            return (_change_roster(state, command, digests, now),)
        case cmd.ReplaceKey():
            return (_replace_key(state, command, digests, now),)
        case IssueTask():
            return (_issue(state, order, command, digests, now),)
        case cmd.RedactOpening():
            return (_redact(state, order, command, now),)
        case ApproveProposal() | RejectProposal():
            return (_decide_proposal(state, order, command, now),)
        case cmd.AdoptConferenceCalendar():
            return (_adopt_calendar(state, command, digests),)
        case cmd.AdoptRules():
            return (_adopt_rules(state, command, digests),)
        case cmd.SucceedUnit():
            return (_succeed(state, command),)
        case _:
            raise TypeError(f"no rule for {type(command).__name__}")


def _out_of_place(state: ConferenceState, command: TaskCommand) -> Refusal:
    """Founding what is founded; thawing: what is frozen is known to the stream alone."""
    if isinstance(command, ThawStream):
        return NotFrozenError(task=state.conference)
    return no.AlreadyFoundedError(conference=state.conference)


def rungs_due(
    state: ConferenceState, now: datetime
) -> tuple[ev.IssueExpired | ev.RedactionExpired, ...]:
    """Proposals that nobody decided in time, in the order of their instants."""
    expired = [p for p in state.proposals.values() if p.expires <= now]
    return tuple(
        _EXPIRED[proposal.act](proposal=proposal.event, due_at=proposal.expires)
        for proposal in sorted(expired, key=lambda p: p.expires)
    )


def _found(command: cmd.FoundConference, digests: Digests) -> ev.ConferenceFounded:
    seen: set[str] = set()
    for member in command.members:
        if member.unit.lower() in RESERVED_UNITS or member.unit in seen:
            raise no.DuplicateUnitError(unit=member.unit)
        seen.add(member.unit)
    if digests.rules is None:
        raise TypeError("founding needs the hash of the rules")
    check_ladder(command.rules.ladder)
    if command.calendar is not None:
        _check_calendar(command.calendar, command.zone)
    return ev.ConferenceFounded(
        conference=command.conference,
        zone=command.zone,
        office_hours=command.office_hours,
        custody=command.custody,
        language=command.language,
        directory=command.directory,
        members=command.members,
        roster=command.roster,
        roster_signatures=command.roster_signatures,
        rules=command.rules,
        rules_hash=digests.rules,
        calendar=command.calendar,
        calendar_hash=digests.calendar,
        recovers=command.recovers,
    )


def _register_key(
    state: ConferenceState, command: cmd.RegisterKey, digests: Digests
) -> ev.KeyRegistered:
    entry = command.entry
    _check_units(state, (entry,))
    prev, roster = _both_rosters(digests)
    return ev.KeyRegistered(
        version=state.roster.version + 1,
        prev_roster=prev,
        roster=roster,
        entry=entry,
        possession=command.possession,
        signatures=command.roster_signatures,
    )


def _change_roster(
    state: ConferenceState, command: cmd.ChangeRoster, digests: Digests, now: datetime
) -> ev.RosterChanged:
    changes = command.changes
    _check_units(state, changes.add or ())
    going = set(changes.retire or ())
    for key_id in changes.retire or ():
        key = state.roster.by_key_id.get(key_id)
        if key is None or key.replaces is None or key.effective is None or key.effective > now:
            continue
        before = state.roster.by_key_id.get(key.replaces)
        if before is not None and before.state == "active" and before.key_id not in going:
            raise no.PredecessorActiveError(key_id=before.key_id)
    prev, roster = _both_rosters(digests)
    return ev.RosterChanged(
        version=state.roster.version + 1,
        prev_roster=prev,
        roster=roster,
        changes=changes,
        possessions=command.possessions,
        signatures=command.roster_signatures,
        reason=command.reason,
    )


def _replace_key(
    state: ConferenceState, command: cmd.ReplaceKey, digests: Digests, now: datetime
) -> ev.KeyReplaced:
    entry, earliest = command.entry, now + REPLACEMENT_DELAY
    _check_units(state, (entry,))
    if entry.effective is None or entry.effective < earliest:
        effective = "" if entry.effective is None else format_instant(entry.effective)
        raise no.ReplacementTooSoonError(effective=effective, earliest=format_instant(earliest))
    prev, roster = _both_rosters(digests)
    return ev.KeyReplaced(
        version=state.roster.version + 1,
        prev_roster=prev,
        roster=roster,
        entry=entry,
        possession=command.possession,
        signatures=command.roster_signatures,
        reason=command.reason,
    )


def _check_units(state: ConferenceState, entries: Sequence[RosterKey]) -> None:
    for entry in entries:
        if not state.knows(entry.unit):
            raise no.UnknownUnitError(unit=entry.unit)


def _both_rosters(digests: Digests) -> tuple[Sha256Hex, Sha256Hex]:
    if digests.prev_roster is None or digests.roster is None:
        raise TypeError("a change of the roster needs the hashes of both rosters")
    return digests.prev_roster, digests.roster


# --- the register of tasks ---


def _issue(
    state: ConferenceState, order: Order, command: IssueTask, digests: Digests, now: datetime
) -> ev.TaskRegistered | ev.IssueProposed:
    registered = _register(state, order, command, digests.args, now)
    if not (is_office(order.actor) and state.rules.convener_decides(command.action)):
        return registered
    expires = _may_wait(state, now)
    waiting = [p for p in state.proposals.values() if isinstance(p, IssueProposal)]
    if any(proposal.ref == command.ref for proposal in waiting):
        raise AlreadySoError(task=command.ref, state="proposed")
    return ev.IssueProposed(
        ref=command.ref,
        args=command.model_dump(mode="json", exclude_none=True),
        args_hash=digests.args,
        expires=expires,
    )


def _may_wait(state: ConferenceState, now: datetime) -> datetime:
    """Until when a proposal of now would wait; ProposalsFullError where no more may."""
    if len(state.proposals) >= MAX_PROPOSALS:
        raise ProposalsFullError(task=state.conference, limit=MAX_PROPOSALS)
    days = (state.rules.spans or Spans()).proposal_days
    return count_days(state.calendar or FALLBACK_CALENDAR, now, days, "working").instant


def _redact(
    state: ConferenceState, order: Order, command: cmd.RedactOpening, now: datetime
) -> ev.OpeningRedacted | ev.RedactionProposed:
    if not is_office(order.actor):
        return redact(state, command)
    return propose(state, command, _may_wait(state, now))


def _decide_proposal(
    state: ConferenceState, order: Order, command: ApproveProposal | RejectProposal, now: datetime
) -> ev.ConferenceEvent:
    proposal = _waiting(state, order, command.proposal)
    if isinstance(command, RejectProposal):
        return _REJECTED[proposal.act](proposal=proposal.event, reason=command.reason)
    return _approve(state, order, proposal, now)


def _approve(
    state: ConferenceState, order: Order, proposal: Proposal, now: datetime
) -> ev.TaskRegistered | ev.OpeningRedacted:
    if isinstance(proposal, RedactionProposal):
        return redact_proposed(state, proposal)
    issue = IssueTask.model_validate(proposal.args)
    registered = _register(state, Order(order.actor, issue), issue, proposal.args_hash, now)
    return registered.model_copy(update={"proposal": proposal.event})


def _waiting(state: ConferenceState, order: Order, event: Sha256Hex) -> Proposal:
    proposal = state.proposals.get(event)
    if is_office(order.actor):
        raise ConvenerDecidesError(act=IssueTask.action if proposal is None else proposal.act)
    if proposal is None:
        raise UnknownSubjectError(subject=event)
    return proposal


_REJECTED: Mapping[str, type[ev.IssueRejected] | type[ev.RedactionRejected]] = {
    IssueProposal.act: ev.IssueRejected,
    RedactionProposal.act: ev.RedactionRejected,
}
_EXPIRED: Mapping[str, type[ev.IssueExpired] | type[ev.RedactionExpired]] = {
    IssueProposal.act: ev.IssueExpired,
    RedactionProposal.act: ev.RedactionExpired,
}
"""How a proposal ends that does not take effect, by what was proposed."""


def _register(
    state: ConferenceState, order: Order, command: IssueTask, args: Sha256Hex, now: datetime
) -> ev.TaskRegistered:
    known = state.registrations.get(command.ref)
    if known is not None:
        if known.args_hash == args:
            raise no.AlreadyRegisteredError(ref=command.ref, task=known.task)
        raise no.IssueDiffersError(ref=command.ref, task=known.task)
    if len(state.registrations) >= MAX_TASKS:
        raise no.RegisterFullError(limit=MAX_TASKS)
    for unit in (*command.units, *([command.lead] if command.lead else [])):
        if unit not in state.members:
            raise no.UnknownUnitError(unit=unit)
        if unit in state.successors:
            raise no.UnitSucceededError(unit=unit, into=state.successors[unit])
    task = f"T-{len(state.registrations) + 1:04d}"
    context = IssueContext(
        task=task,
        rules=state.rules,
        rules_hash=state.rules_hash,
        registration=args,  # stands in: the event's own hash is not known yet
        opened_at=now,
        calendar=state.calendar,
        calendar_hash=state.calendar_hash,
    )
    decide_issue(order, context)  # refused here, not in a workflow nobody waits for
    return ev.TaskRegistered(
        task=task,
        ref=command.ref,
        args_hash=args,
        rules_hash=state.rules_hash,
        calendar_hash=state.calendar_hash,
    )


# --- calendar, rules, members ---


def _adopt_calendar(
    state: ConferenceState, command: cmd.AdoptConferenceCalendar, digests: Digests
) -> ev.CalendarAdopted:
    if digests.calendar is None:
        raise TypeError("adopting a calendar needs its hash")
    _check_calendar(command.calendar, state.zone)
    if state.calendar_hash == digests.calendar:
        raise AlreadySoError(task=state.conference, state=f"calendar {command.calendar.version}")
    if state.calendar is not None and command.calendar.version <= state.calendar.version:
        raise no.VersionNotNextError(given=command.calendar.version, now=state.calendar.version)
    for unit in command.units:
        if unit not in state.members:
            raise no.UnknownUnitError(unit=unit)
    return ev.CalendarAdopted(
        calendar=command.calendar, calendar_hash=digests.calendar, units=command.units
    )


def _check_calendar(calendar: Calendar, zone: str) -> None:
    """Refuses what cannot be counted by, and the days of another zone."""
    check_calendar(calendar)
    if calendar.zone != zone:
        raise CalendarZoneError(zone=zone, calendar=calendar.zone)


def _adopt_rules(
    state: ConferenceState, command: cmd.AdoptRules, digests: Digests
) -> ev.RulesAdopted:
    if digests.rules is None:
        raise TypeError("adopting rules needs their hash")
    check_ladder(command.rules.ladder)
    if state.rules_hash == digests.rules:
        raise AlreadySoError(task=state.conference, state=f"rules {command.rules.version}")
    if command.rules.version <= state.rules.version:
        raise no.VersionNotNextError(given=command.rules.version, now=state.rules.version)
    return ev.RulesAdopted(rules=command.rules, rules_hash=digests.rules)


def _succeed(state: ConferenceState, command: cmd.SucceedUnit) -> ev.UnitSucceeded:
    for unit in (command.unit, command.into):
        if unit not in state.members:
            raise no.UnknownUnitError(unit=unit)
    if state.successors.get(command.unit) == command.into:
        raise AlreadySoError(task=command.unit, state="succeeded")
    for unit in (command.unit, command.into):
        if unit in state.successors:
            raise no.UnitSucceededError(unit=unit, into=state.successors[unit])
    return ev.UnitSucceeded(unit=command.unit, into=command.into, reason=command.reason)
