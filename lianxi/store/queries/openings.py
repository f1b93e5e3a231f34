"""Where commitments stand, and what a registered task was issued with (store layer)."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from lianxi.store.tables import assignments, commands, commitments, openings, registrations


@dataclass(frozen=True, slots=True)
class Place:
    """One event that names a commitment: of which task, about whose assignment (None: of all)."""

    task: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's part in a task, as far as it decides what the unit may see."""

    role: str
    withdrawn: bool


def places(connection: Connection, origin: str, commit: str) -> list[Place]:
    """Every place at which a commitment stands in the record."""
    rows = connection.execute(
        select(commitments.c.task, commitments.c.unit)
        .where(commitments.c.origin == origin, commitments.c.commit == commit)
        .distinct()
    )
    return [Place(task, unit) for task, unit in rows]


def uploader(connection: Connection, origin: str, commit: str) -> str | None:
    """Who handed an opening in; None if there is none."""
    statement = select(openings.c.by_unit).where(
        openings.c.origin == origin, openings.c.commit == commit
    )
    unit: str | None = connection.execute(statement).scalar()
    return unit


def standing(connection: Connection, origin: str, task: str, unit: str) -> Standing | None:
    """The part a unit has, or had, in a task; None if it never was on it."""
    row = connection.execute(
        select(assignments.c.role, assignments.c.state_json).where(
            assignments.c.origin == origin,
            assignments.c.task == task,
            assignments.c.unit == unit,
        )
    ).first()
    if row is None:
        return None
    withdrawn = json.loads(row.state_json).get("withdrawn_through") == "withdraw"
    return Standing(row.role, withdrawn)


def registration_by_ref(connection: Connection, origin: str, ref: str) -> dict[str, Any] | None:
    """The task registered for a file's id: the issue's arguments and the salts of its openings."""
    row = connection.execute(
        select(registrations.c.task, commands.c.envelope)
        .join(
            commands,
            (commands.c.origin == registrations.c.origin)
            & (commands.c.payload_sha256 == registrations.c.payload_sha256),
        )
        .where(registrations.c.origin == origin, registrations.c.ref == ref)
    ).first()
    if row is None:
        return None
    args = json.loads(b64decode(json.loads(row.envelope)["payload"]))["args"]
    return {
        "task": row.task,
        "args": args,
        "openings": _salts(connection, origin, [commit for commit, _ in commitments_in(args)]),
    }


def commitments_in(value: object) -> Iterator[tuple[str, int]]:
    """Every commitment inside a command's arguments, with its size."""
    if isinstance(value, dict):
        if value.keys() == {"commit", "size"}:
            commit, size = value["commit"], value["size"]
            if isinstance(commit, str) and isinstance(size, int):
                yield commit, size
            return
        for member in value.values():
            yield from commitments_in(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from commitments_in(item)


def _salts(connection: Connection, origin: str, commits: list[str]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        select(openings.c.commit, openings.c.salt, openings.c.media, openings.c.size).where(
            openings.c.origin == origin, openings.c.commit.in_(commits)
        )
    )
    return {
        commit: {"salt": salt.hex(), "media": media, "size": size}
        for commit, salt, media, size in rows
    }
