"""What an event of the stream `conference` changes in the read tables (projection, pure)."""

import json
from collections.abc import Mapping
from typing import Any

from lianxi.domain.conference import events as cev
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.roster import Roster, RosterKey
from lianxi.domain.values import format_instant
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.rosters import RosterStep, roster_bytes
from lianxi.store.projection.rows import Change, Recorded, Row, commitment_changes, json_text
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
    key: Row = {"origin": event.origin}
    match fact.data:
        case cev.ConferenceFounded():
            changes = _founded(after, recorded, head)
        case cev.KeyRegistered() as data:
            step = RosterStep(entry=data.entry, signatures=data.signatures)
            roster = _roster(event.origin, after.roster, step)
            changes = [
                roster,
                _key(event.origin, data.entry, data.version),
                Change(
                    "conferences",
                    key,
                    {
                        **head,
                        "roster_version": data.version,
                        "roster_hash": roster.values["hash"],
                    },
                    "patch",
                ),
            ]
        case cev.TaskRegistered() as data:
            changes = [
                Change("conferences", key, head, "patch"),
                _registration(recorded, data),
            ]
        case _:
            changes = [Change("conferences", key, head, "patch")]
    return after, [*changes, *commitment_changes(recorded)]


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
            "state_json": json_text(state, exclude={"roster", "registrations"}),
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
            "seq": event.seq,
            "hash": recorded.hash,
            "roster": event.roster,
            "payload_sha256": event.cause.payload_sha256,
            "begun": 0,
        },
    )


def conference_state(row: Mapping[str, Any], roster_text: str) -> ConferenceState:
    """The state that a row of `conferences` and the text of its newest roster stand for.

    Without registrations: those are in their table.
    """
    document = json.loads(row["state_json"])
    return ConferenceState.model_validate({**document, "roster": json.loads(roster_text)})
