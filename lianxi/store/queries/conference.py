"""Conferences, their roster and units, who somebody is in one of them (store layer)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lianxi.domain.task.commands import IssueTask
from lianxi.domain.values import RESERVED_UNITS, parse_instant, role_of
from lianxi.store.directory import Directory
from lianxi.store.queries.rows import Row, row_of, rows_of
from lianxi.store.queries.texts import texts
from lianxi.store.state_rows import conference_rows_with_rulebooks
from lianxi.store.succession import line_of
from lianxi.store.tables import conferences, keys, proposals, rosters, units


@dataclass(frozen=True, slots=True)
class ConferenceFacts:
    """What every request needs to know of the conference it names."""

    conference: str
    origin: str
    directory: str
    roster_hash: str


def conference_facts(connection: Connection, conference: str) -> ConferenceFacts | None:
    """A conference by its id; of several foundings the newest."""
    row = connection.execute(
        select(
            conferences.c.conference,
            conferences.c.origin,
            conferences.c.directory,
            conferences.c.roster_hash,
        )
        .where(conferences.c.conference == conference)
        .order_by(conferences.c.founded_at.desc())
        .limit(1)
    ).first()
    return None if row is None else ConferenceFacts(*row)


def roster_text(connection: Connection, origin: str, roster_hash: str) -> str:
    """The canonical text of a roster; NoResultFound where it is not recorded."""
    statement = select(rosters.c.text).where(
        rosters.c.origin == origin, rosters.c.hash == roster_hash
    )
    text: str = connection.execute(statement).scalar_one()
    return text


def list_conferences(connection: Connection) -> list[Row]:
    """Every conference served, each in its newest founding; a deployment has few."""
    columns = ("conference", "origin", "zone", "custody", "roster_version", "roster_hash")
    rows = connection.execute(
        select(*(conferences.c[name] for name in columns)).order_by(conferences.c.founded_at)
    ).mappings()
    newest = {row["conference"]: dict(row) for row in rows}
    return [newest[conference] for conference in sorted(newest)]


def newest_roster(connection: Connection, origin: str) -> Row:
    """The roster in force: version, hash, canonical text."""
    row = connection.execute(
        select(rosters.c.version, rosters.c.hash, rosters.c.text.label("roster"))
        .where(rosters.c.origin == origin)
        .order_by(rosters.c.version.desc())
        .limit(1)
    ).mappings()
    return dict(row.one())


def list_units(
    connection: Connection, origin: str, directory: Directory, now: datetime
) -> list[Row]:
    """The convener's side and the member units in the order of the roster file, with their keys.

    Their keys are those that may act at `now`.
    """
    held = _active_keys(connection, origin, now)
    members = connection.execute(
        select(units).where(units.c.origin == origin).order_by(units.c.ordinal)
    ).mappings()
    language = _language(connection, origin)
    sides = [
        {"unit": unit, "channels": ["mailbox"], "language": language}
        for unit in RESERVED_UNITS
        if unit != "system"
    ]
    everybody = [
        *sides,
        *(
            {
                "unit": row["unit"],
                "channels": json.loads(row["channels_json"]),
                "language": row["language"],
            }
            for row in members
        ),
    ]
    return [
        {
            **unit,
            "role": role_of(unit["unit"]).value,
            "names": names_of(directory, unit["unit"]),
            "keys": held.get(unit["unit"], []),
        }
        for unit in everybody
    ]


def who(connection: Connection, origin: str, unit: str, directory: Directory, now: datetime) -> Row:
    """Somebody's own entry, and the conference it belongs to."""
    conference = row_of(connection, select(conferences).where(conferences.c.origin == origin))
    if conference is None:
        raise LookupError(origin)
    language = connection.execute(
        select(units.c.language).where(units.c.origin == origin, units.c.unit == unit)
    ).scalar()
    return {
        "unit": unit,
        "role": role_of(unit).value,
        "names": names_of(directory, unit),
        "language": language or conference["language"],
        "key_ids": _active_keys(connection, origin, now).get(unit, []),
        "conference": _described(conference, directory),
    }


def conference_view(
    connection: Connection, origin: str, directory: Directory, *, with_proposals: bool
) -> Row:
    """A conference whole: what its tasks follow, who succeeded whom, which issues wait."""
    row = row_of(connection, conference_rows_with_rulebooks().where(conferences.c.origin == origin))
    if row is None:
        raise LookupError(origin)
    rules = json.loads(row["rules_text"])
    calendar = None if row["calendar_text"] is None else json.loads(row["calendar_text"])
    return {
        **_described(row, directory),
        **{
            name: row[name]
            for name in (
                *("founded_at", "language", "roster_version", "roster_hash"),
                *("calendar_hash", "rules_hash"),
            )
        },
        "calendar": calendar,
        "calendar_version": None if calendar is None else calendar["version"],
        "rules": rules,
        "rules_version": rules["version"],
        "successors": json.loads(row["state_json"]).get("successors", {}),
        "proposals": _waiting(connection, origin) if with_proposals else [],
    }


def is_member(connection: Connection, origin: str, unit: str) -> bool:
    """Whether the conference has this member unit, succeeded or not."""
    statement = select(units.c.ordinal).where(units.c.origin == origin, units.c.unit == unit)
    return connection.scalar(statement) is not None


def successors(connection: Connection, origin: str, unit: str) -> list[str]:
    """Who has succeeded the unit, who has succeeded that one, and so on; the last is in its place."""
    statement = select(conferences.c.state_json).where(conferences.c.origin == origin)
    return line_of(json.loads(connection.execute(statement).scalar_one()), unit)


def succeeded_by(connection: Connection, origin: str, unit: str) -> list[str]:
    """The units in whose place the unit is, by one succession or several."""
    statement = select(conferences.c.state_json).where(conferences.c.origin == origin)
    state = json.loads(connection.execute(statement).scalar_one())
    return [before for before in state.get("successors", {}) if unit in line_of(state, before)]


def _waiting(connection: Connection, origin: str) -> list[Row]:
    """Issues and redactions that wait for the convener, in the order in which they were filed.

    The title of a redaction is its reason.
    """
    statement = select(proposals).where(proposals.c.origin == origin).order_by(proposals.c.seq)
    found = rows_of(connection, statement)
    args = {row["event"]: _args_of(row) for row in found}
    commits = {event: (a.get("title") or a["reason"])["commit"] for event, a in args.items()}
    titles = texts(connection, origin, list(commits.values()))
    return [
        {
            **{name: row[name] for name in ("event", "at", "expires", "ref", "act")},
            "title": titles.get(commits[row["event"]]),
            "args": args[row["event"]],
        }
        for row in found
    ]


def _args_of(proposal: Mapping[str, Any]) -> dict[str, Any]:
    """What would be done, as the command's arguments."""
    state = json.loads(proposal["state_json"])
    if proposal["act"] == IssueTask.action:
        args: dict[str, Any] = state["args"]
        return args
    return {name: state[name] for name in _OF_REDACTION if name in state}


_OF_REDACTION = ("commit", "reason", "task", "units")


def names_of(directory: Directory, unit: str) -> dict[str, str]:
    """A unit's names by language; empty where the directory has none."""
    entry = directory.units.get(unit)
    return {} if entry is None else entry.names


def _described(row: Mapping[str, Any], directory: Directory) -> Row:
    return {
        **{name: row[name] for name in ("conference", "origin", "zone", "custody")},
        "names": directory.names,
        "office_hours": json.loads(row["state_json"])["office_hours"],
    }


def _language(connection: Connection, origin: str) -> str:
    statement = select(conferences.c.language).where(conferences.c.origin == origin)
    language: str = connection.execute(statement).scalar_one()
    return language


def _active_keys(connection: Connection, origin: str, now: datetime) -> dict[str, list[str]]:
    """The command keys that may act, by unit; as `Roster.standing` has it."""
    rows = connection.execute(
        select(keys.c.unit, keys.c.key_id, keys.c.effective, keys.c.replaces)
        .where(keys.c.origin == origin, keys.c.state == "active", keys.c.use == "command")
        .order_by(keys.c.since_version)
    ).all()
    effective = [
        row for row in rows if row.effective is None or parse_instant(row.effective) <= now
    ]
    replaced = {row.replaces for row in effective}
    held: dict[str, list[str]] = {}
    for row in effective:
        if row.key_id not in replaced:
            held.setdefault(row.unit, []).append(row.key_id)
    return held
