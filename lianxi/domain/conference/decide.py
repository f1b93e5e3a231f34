"""`decide` for the conference: founding, keys, and the register of task numbers (domain layer).

Rules, in the order of the tests in tests/domain/test_conference_decide.py:

- Founded once, by the convener; no unit twice, none under a reserved id.
- A key is registered for a unit of the conference. That it is new, in the role that goes with its
  id, signed for and held by who asks is checked before, by `lianxi.proof`; here hashes come in.
- A task is registered when its issue would be accepted (a dry run), for units of the roster;
  the same id with the same content is found again, with other content refused.
- A conference has at most 3,000 tasks.
"""

from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference import refusals as no
from lianxi.domain.conference.state import MAX_TASKS, ConferenceState
from lianxi.domain.task.commands import IssueTask
from lianxi.domain.task.decide import IssueContext, Order, decide_issue
from lianxi.domain.task.refusals import RoleNotAllowedError
from lianxi.domain.values import RESERVED_UNITS, Sha256Hex


@dataclass(frozen=True, slots=True)
class Digests:
    """Hashes that the layer above computed of the command's parts, where the command has them."""

    args: Sha256Hex
    rules: Sha256Hex | None = None
    prev_roster: Sha256Hex | None = None
    roster: Sha256Hex | None = None


def decide(
    state: ConferenceState | None, order: Order, digests: Digests, now: datetime
) -> tuple[ev.ConferenceEvent, ...]:
    """The events that follow from the order at `now`; a `Refusal` when a rule says no."""
    command = order.command
    if order.actor.role not in command.roles:
        raise RoleNotAllowedError(
            action=command.action,
            role=order.actor.role,
            needed=", ".join(sorted(command.roles)),
        )
    if state is None:
        if not isinstance(command, cmd.FoundConference):
            raise TypeError("a conference begins with FoundConference")
        return (_found(command, digests),)
    match command:
        case cmd.FoundConference():
            raise no.AlreadyFoundedError(conference=state.conference)
        case cmd.RegisterKey():
            return (_register_key(state, command, digests),)
        case IssueTask():
            return (_register_task(state, order, command, digests, now),)
        case _:
            raise TypeError(f"no rule for {type(command).__name__}")


def _found(command: cmd.FoundConference, digests: Digests) -> ev.ConferenceFounded:
    seen: set[str] = set()
    for member in command.members:
        if member.unit.lower() in RESERVED_UNITS or member.unit in seen:
            raise no.DuplicateUnitError(unit=member.unit)
        seen.add(member.unit)
    if digests.rules is None:
        raise TypeError("founding needs the hash of the rules")
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
    )


def _register_key(
    state: ConferenceState, command: cmd.RegisterKey, digests: Digests
) -> ev.KeyRegistered:
    entry = command.entry
    if not state.knows(entry.unit):
        raise no.UnknownUnitError(unit=entry.unit)
    if digests.prev_roster is None or digests.roster is None:
        raise TypeError("registering a key needs the hashes of both rosters")
    return ev.KeyRegistered(
        version=state.roster.version + 1,
        prev_roster=digests.prev_roster,
        roster=digests.roster,
        entry=entry,
        possession=command.possession,
        signatures=command.roster_signatures,
    )


def _register_task(
    state: ConferenceState, order: Order, command: IssueTask, digests: Digests, now: datetime
) -> ev.TaskRegistered:
    known = state.registrations.get(command.ref)
    if known is not None:
        if known.args_hash == digests.args:
            raise no.AlreadyRegisteredError(ref=command.ref, task=known.task)
        raise no.IssueDiffersError(ref=command.ref, task=known.task)
    if len(state.registrations) >= MAX_TASKS:
        raise no.RegisterFullError(limit=MAX_TASKS)
    for unit in (*command.units, *([command.lead] if command.lead else [])):
        if unit not in state.members:
            raise no.UnknownUnitError(unit=unit)
    task = f"T-{len(state.registrations) + 1:04d}"
    context = IssueContext(
        task=task,
        rules=state.rules,
        rules_hash=state.rules_hash,
        registration=digests.args,  # stands in: the event's own hash is not known yet
        opened_at=now,
    )
    decide_issue(order, context)  # refused here, not in a workflow nobody waits for
    return ev.TaskRegistered(
        task=task, ref=command.ref, args_hash=digests.args, rules_hash=state.rules_hash
    )
