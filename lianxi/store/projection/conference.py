"""What an event of the stream `conference` changes in the read tables (projection, pure)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lianxi.domain.conference import events as cev
from lianxi.domain.conference.react import react
from lianxi.domain.conference.state import ConferenceState, IssueProposal, Proposal, evolve
from lianxi.domain.roster import Roster, RosterKey
from lianxi.domain.values import format_instant
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.rosters import RosterStep, roster_bytes
from lianxi.proof.standing import step_of
from lianxi.store.projection.asks import proposal_ask
from lianxi.store.projection.notices import notice_changes
from lianxi.store.projection.rows import (
    Change,
    Recorded,
    Row,
    commitment_changes,
    instant_text,
    json_text,
)
from lianxi.store.projection.rulebooks import calendar_in, rulebook, rulebook_change, rules_in
from lianxi.streams.facts import conference_fact


def project_conference(
    before: ConferenceState | None, recorded: Recorded
) -> tuple[ConferenceState, list[Change]]:
    """The state after one event of the stream `conference`, and the rows it changes.

    Raises UnknownKindError, pydantic's ValidationError or ValueError where the event is none that
    the domain could have decided.
    """
    event = recorded.event
    fact = conference_fact(event, recorded.hash)
    # registrations live in their table; carrying them along would copy all at each event
    after = evolve(before, fact).model_copy(update={"registrations": {}})
    head: Row = {"seq": event.seq, "hash": recorded.hash, "at": format_instant(event.at)}
    match fact.data:
        case cev.ConferenceFounded():
            changes = _founded(after, recorded, head)
        case cev.KeyRegistered() | cev.RosterChanged() | cev.KeyReplaced() as data:
            roster = _roster(event.origin, after.roster, step_of(data))
            head |= {"roster_version": data.version, "roster_hash": roster.values["hash"]}
            changes = [roster, *_keys(event.origin, data)]
        case cev.TaskRegistered() as data:
            changes = [_registration(recorded, data)]
        case cev.CalendarAdopted() | cev.RulesAdopted() | cev.UnitSucceeded():
            head |= _state_columns(after)
            changes = []
        case cev.OpeningRedacted() as data:
            head |= _state_columns(after)
            changes = [_redaction(recorded, data)]
        case _:
            changes = []
    if not isinstance(fact.data, cev.ConferenceFounded):
        changes.append(Change("conferences", {"origin": event.origin}, head, "patch"))
    changes += _rulebooks(before, after, recorded)
    changes += _proposals(before, after, recorded)
    changes += notice_changes(after, recorded, react(fact, after))
    return after, [*changes, *commitment_changes(recorded)]


def _state_columns(state: ConferenceState) -> Row:
    return {
        "rules_hash": rulebook(state.rules).hash,
        "calendar_hash": None if state.calendar is None else rulebook(state.calendar).hash,
        "state_json": json_text(state, exclude=_ELSEWHERE),
    }


_ELSEWHERE = {"roster", "rules", "calendar", "proposals", "registrations"}
"""Fields of the state that have tables of their own."""


def _rulebooks(
    before: ConferenceState | None, after: ConferenceState, recorded: Recorded
) -> Iterator[Change]:
    origin, at = recorded.event.origin, recorded.event.at
    if before is None or before.rules is not after.rules:
        yield rulebook_change(origin, after.rules, at)
    if after.calendar is not None and (before is None or before.calendar is not after.calendar):
        yield rulebook_change(origin, after.calendar, at)


def _proposals(
    before: ConferenceState | None, after: ConferenceState, recorded: Recorded
) -> Iterator[Change]:
    """Rows of issues and redactions that wait come and go, with what they ask of the convener."""
    origin = recorded.event.origin
    waited = {} if before is None else before.proposals
    for event, proposal in after.proposals.items():
        if event not in waited:
            yield _proposal(recorded, proposal)
            yield proposal_ask(origin, proposal)
    for event, proposal in waited.items():
        if event not in after.proposals:
            yield Change("proposals", {"origin": origin, "event": event}, {}, "delete")
            yield Change("asks", proposal_ask(origin, proposal).key, {}, "delete")


def _proposal(recorded: Recorded, proposal: Proposal) -> Change:
    return Change(
        "proposals",
        {"origin": recorded.event.origin, "event": proposal.event},
        {
            "seq": recorded.event.seq,
            "ref": proposal.ref if isinstance(proposal, IssueProposal) else proposal.commit,
            "at": format_instant(proposal.at),
            "expires": format_instant(proposal.expires),
            "state_json": json_text(proposal),
            "act": proposal.act,
        },
    )


def _founded(state: ConferenceState, recorded: Recorded, head: Row) -> list[Change]:
    origin = recorded.event.origin
    roster = _roster(origin, state.roster, None)
    conference = Change(
        "conferences",
        {"origin": origin},
        {
            "conference": state.conference,
            "founded_at": format_instant(recorded.event.at),
            "zone": state.zone,
            "custody": state.custody,
            "language": state.language,
            "directory": state.directory.commit,
            "roster_version": state.roster.version,
            "roster_hash": roster.values["hash"],
            **head,
            **_state_columns(state),
        },
    )
    members = [
        Change(
            "units",
            {"origin": origin, "unit": member.unit},
            {
                "ordinal": ordinal,
                "language": member.language,
                "channels_json": json.dumps(list(member.channels)),
            },
        )
        for ordinal, member in enumerate(state.members.values())
    ]
    keys = [_key(origin, entry, state.roster.version) for entry in state.roster.keys]
    return [conference, roster, *members, *keys]


def _roster(origin: str, roster: Roster, step: RosterStep | None) -> Change:
    data = roster_bytes(roster)
    return Change(
        "rosters",
        {"origin": origin, "version": roster.version},
        {
            "hash": sha256_hex(data),
            "text": data.decode("utf-8"),
            "step_json": None if step is None else json_text(step),
        },
    )


def _keys(origin: str, data: cev.RosterMade) -> Iterator[Change]:
    """The rows of keys that come, or whose state changes."""
    if not isinstance(data, cev.RosterChanged):
        yield _key(origin, data.entry, data.version)
        return
    for entry in data.changes.add or ():
        yield _key(origin, entry, data.version)
    for key_id in data.changes.retire or ():
        yield Change("keys", {"origin": origin, "key_id": key_id}, {"state": "retired"}, "patch")


def _key(origin: str, entry: RosterKey, version: int) -> Change:
    return Change(
        "keys",
        {"origin": origin, "key_id": entry.key_id},
        {
            "unit": entry.unit,
            "role": entry.role.value,
            "alg": entry.alg,
            "public_key": entry.public_key,
            "state": entry.state,
            "since_version": version,
            "use": entry.use,
            "effective": instant_text(entry.effective),
            "replaces": entry.replaces,
        },
    )


def _redaction(recorded: Recorded, data: cev.OpeningRedacted) -> Change:
    event = recorded.event
    return Change(
        "redactions",
        {"origin": event.origin, "commit": data.commit},
        {
            "event": recorded.hash,
            "position": recorded.position,
            "at": format_instant(event.at),
            "by": event.actor.unit,
            "reason": data.reason.commit,
            "task": data.task,
        },
    )


def _registration(recorded: Recorded, data: cev.TaskRegistered) -> Change:
    event = recorded.event
    return Change(
        "registrations",
        {"origin": event.origin, "task": data.task},
        {
            "ref": data.ref,
            "args_hash": data.args_hash,
            "rules_hash": data.rules_hash,
            "calendar_hash": data.calendar_hash,
            "proposal": data.proposal,
            "seq": event.seq,
            "hash": recorded.hash,
            "roster": event.roster,
            "payload_sha256": event.cause.payload_sha256,
            "begun": 0,
        },
    )


def conference_state(
    row: Mapping[str, Any], proposals: Sequence[Mapping[str, Any]]
) -> ConferenceState:
    """The state that a row of `conferences` and its rows of `proposals`, by seq, stand for.

    `row` also holds the texts of its newest roster, its rules and its calendar (`roster_text`,
    `rules_text`, `calendar_text`). Without registrations: those are in their table.
    """
    calendar = row["calendar_text"]
    document = {
        **json.loads(row["state_json"]),
        "roster": json.loads(row["roster_text"]),
        "rules": rules_in(row["rules_text"]),
        "calendar": None if calendar is None else calendar_in(calendar),
        "proposals": {each["event"]: json.loads(each["state_json"]) for each in proposals},
    }
    return ConferenceState.model_validate(document)
