"""What is redacted, and whose matter a commitment is that is to be (store layer)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from lianxi.domain.values import RESERVED_UNITS
from lianxi.store.queries.rows import Row, row_of, rows_of
from lianxi.store.queries.texts import texts
from lianxi.store.tables import assignments, commitments, openings, redactions, units

MAX_PLACES = 200
"""Places of one commitment that are shown: a text is written once, seldom cited."""

_SHOWN = ("commit", "event", "at", "by", "reason")


@dataclass(frozen=True, slots=True)
class Concerned:
    """The task in whose record a commitment stands, and the units whose text it is.

    No unit: it is between office and convener. Of a text for everybody on a task those are its
    units; of one for everybody in the conference all members.
    """

    task: str | None
    units: tuple[str, ...]


def redaction(connection: Connection, origin: str, commit: str) -> Row | None:
    """By whom, when, by which event and for which reason (its commitment); None: not redacted."""
    statement = select(*(redactions.c[name] for name in _SHOWN)).where(
        redactions.c.origin == origin, redactions.c.commit == commit
    )
    return row_of(connection, statement)


def redacted_among(connection: Connection, origin: str, commits: Collection[str]) -> dict[str, Row]:
    """Those of the commitments that are redacted, each with the text of its reason."""
    # a conference has redacted 1,000 at most: read all rather than ask for many
    statement = select(*(redactions.c[name] for name in _SHOWN)).where(
        redactions.c.origin == origin
    )
    wanted = set(commits)
    rows = [row for row in rows_of(connection, statement) if row["commit"] in wanted]
    reasons = texts(connection, origin, [row["reason"] for row in rows])
    return {
        row["commit"]: {
            **{name: row[name] for name in ("by", "at", "event")},
            "reason": reasons.get(row["reason"]),
        }
        for row in rows
    }


def redacted_places(connection: Connection, origin: str, task: str) -> list[Row]:
    """Every place on a task whose text or file is redacted, in the order of the events."""
    c, r = commitments.c, redactions.c
    statement = (
        select(c.commit, c.field, c.unit, c.event, c.kind)
        .join(redactions, (r.origin == c.origin) & (r.commit == c.commit))
        .where(c.origin == origin, c.task == task)
        .order_by(c.position, c.field, c.ordinal)
    )
    rows = rows_of(connection, statement)
    said = redacted_among(connection, origin, [row["commit"] for row in rows])
    return [{**row, "redacted": said[row["commit"]]} for row in rows]


def commitment_view(connection: Connection, origin: str, commit: str) -> dict[str, Any] | None:
    """A CommitmentView: where it stands, whose it is, what became of its opening; None: nowhere."""
    c = commitments.c
    places = rows_of(
        connection,
        select(c.stream, c.task, c.unit, c.kind, c.event, c.field, c.size, c.media)
        .where(c.origin == origin, c.commit == commit)
        .order_by(c.position, c.field, c.ordinal)
        .limit(MAX_PLACES),
    )
    whose = concerned(connection, origin, commit)
    if whose is None:
        return None
    kept = row_of(
        connection,
        select(openings.c.media).where(openings.c.origin == origin, openings.c.commit == commit),
    )
    return {
        "commit": commit,
        "size": places[0]["size"],
        "media": places[0]["media"] if kept is None else kept["media"],
        "handed_in": kept is not None,
        "task": whose.task,
        "units": list(whose.units),
        "redacted": redacted_among(connection, origin, [commit]).get(commit),
        "places": places,
    }


def concerned(connection: Connection, origin: str, commit: str) -> Concerned | None:
    """Whose matter a commitment is, by all places where it stands; None where it stands nowhere."""
    c = commitments.c
    statement = (
        select(c.task, c.unit, c.position)
        .where(c.origin == origin, c.commit == commit)
        .order_by(c.position)
    )
    rows = rows_of(connection, statement)
    if not rows:
        return None
    found: set[str] = set()
    for task, unit in dict.fromkeys((row["task"], row["unit"]) for row in rows):
        if unit is None:
            found.update(_everybody(connection, origin, task))
        elif unit not in RESERVED_UNITS:
            found.add(unit)
    task = next((row["task"] for row in rows if row["task"] is not None), None)
    return Concerned(task, tuple(sorted(found)))


def _everybody(connection: Connection, origin: str, task: str | None) -> list[str]:
    """The units of a task, also those that are off it by now; without a task all members."""
    if task is None:
        statement = select(units.c.unit).where(units.c.origin == origin)
    else:
        statement = select(assignments.c.unit).where(
            assignments.c.origin == origin, assignments.c.task == task
        )
    return list(connection.scalars(statement))
