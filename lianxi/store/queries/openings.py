"""Where commitments stand, and what a registered task was issued with (store layer)."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from lianxi.store.tables import (
    assignments,
    commands,
    commitments,
    events,
    openings,
    registrations,
    tasks,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One event that names a commitment: of which task, about whose assignment (None: of all).

    `event` and `kind`: its hash and what happened.
    """

    task: str | None
    unit: str | None
    event: str = ""
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's part in a task, as far as it decides what the unit may see.

    `asked`: the submission (its event) about which the unit was asked for its concurrence.
    """

    role: str
    withdrawn: bool
    asked: str | None = None


def places(connection: Connection, origin: str, commit: str) -> list[Place]:
    """Every place at which a commitment stands in the record."""
    rows = connection.execute(
        select(commitments.c.task, commitments.c.unit, commitments.c.event, commitments.c.kind)
        .where(commitments.c.origin == origin, commitments.c.commit == commit)
        .distinct()
    )
    return [Place(*row) for row in rows]


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
        select(assignments.c.role, assignments.c.state_json, tasks.c.state_json.label("task_json"))
        .join(
            tasks,
            (tasks.c.origin == assignments.c.origin) & (tasks.c.task == assignments.c.task),
        )
        .where(
            assignments.c.origin == origin,
            assignments.c.task == task,
            assignments.c.unit == unit,
        )
    ).first()
    if row is None:
        return None
    gone = json.loads(row.state_json).get("withdrawn_through") in ("withdraw", "objection")
    concurrence = json.loads(row.task_json).get("concurrence") or {}
    asked = concurrence["submission"] if unit in concurrence.get("asked", ()) else None
    return Standing(row.role, gone, asked)


def registration_by_ref(connection: Connection, origin: str, ref: str) -> dict[str, Any] | None:
    """The task registered for a file's id: the issue's arguments and the salts of its openings."""
    issue = func.coalesce(events.c.payload_sha256, registrations.c.payload_sha256)
    row = connection.execute(
        select(registrations.c.task, commands.c.envelope)
        # of an issue that was proposed the event of the proposal names the command
        .outerjoin(
            events,
            (events.c.hash == registrations.c.proposal)
            & (events.c.origin == registrations.c.origin),
        )
        .join(
            commands,
            (commands.c.origin == registrations.c.origin) & (commands.c.payload_sha256 == issue),
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
