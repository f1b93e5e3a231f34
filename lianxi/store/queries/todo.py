"""What waits for somebody, and what lies with the other side (store layer)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task.lights import LIGHT_ORDER, light
from lianxi.domain.task.state import Assignment
from lianxi.domain.values import format_instant
from lianxi.store.projection import assignment_state
from lianxi.store.queries.assignments import clocks_of
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.queries.tasks import READY
from lianxi.store.queries.texts import texts
from lianxi.store.tables import assignments as a
from lianxi.store.tables import tasks as t

MAX_ITEMS = 200
"""Of each kind, the earliest due first; whoever has more waiting uses the listings."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a state asks of somebody, and since when."""

    what: str
    since: Callable[[Assignment], datetime | None]


_UNIT_ASKS = {
    AssignmentState.ISSUED: Ask("acknowledge", lambda assignment: assignment.acknowledge_opened_at),
    AssignmentState.RETURNED: Ask("revise", lambda assignment: assignment.acknowledge_opened_at),
    AssignmentState.IN_PROGRESS: Ask("report", lambda assignment: assignment.acknowledged_at),
}
_REVIEW = {
    AssignmentState.SUBMITTED: Ask(
        "review", lambda a: None if a.submission is None else a.submission.at
    )
}
_WAITING_FOR_UNITS = {
    state: Ask(f"wait-{ask.what}", ask.since) for state, ask in _UNIT_ASKS.items()
}
_WAITING_FOR_REVIEW = {state: Ask("wait-review", ask.since) for state, ask in _REVIEW.items()}


def unit_todo(connection: Connection, origin: str, unit: str, now: datetime) -> dict[str, Any]:
    """A unit's own assignments: what it has to do, and what the office has before it."""
    return {
        "items": _assignments(connection, origin, _UNIT_ASKS, now, unit=unit),
        "waiting": _assignments(connection, origin, _WAITING_FOR_REVIEW, now, unit=unit),
    }


def office_todo(connection: Connection, origin: str, now: datetime) -> dict[str, Any]:
    """The convener's side: submissions to review, tasks to close; what lies with the units."""
    items = [
        *_assignments(connection, origin, _REVIEW, now),
        *_to_close(connection, origin),
    ]
    return {
        "items": items,
        "waiting": _assignments(connection, origin, _WAITING_FOR_UNITS, now),
    }


def _assignments(
    connection: Connection,
    origin: str,
    asks: Mapping[AssignmentState, Ask],
    now: datetime,
    *,
    unit: str | None = None,
) -> list[Row]:
    rows = [row for state in asks for row in _in_state(connection, origin, state, unit)]
    titles = texts(connection, origin, {row["title"] for row in rows})
    items = [_item(row, asks[AssignmentState(row["state"])], titles, now) for row in rows]
    return sorted(items, key=_urgency)[:MAX_ITEMS]


def _urgency(item: Row) -> tuple[int, str, str, str]:
    return LIGHT_ORDER[item["light"]], item["due"], item["task"], item["unit"]


def _in_state(
    connection: Connection, origin: str, state: AssignmentState, unit: str | None
) -> list[Row]:
    statement = select(a).where(a.c.origin == origin, a.c.state == state.value)
    if unit is None:
        statement = statement.order_by(a.c.due, a.c.task, a.c.unit)
    else:
        statement = statement.where(a.c.unit == unit).order_by(a.c.due, a.c.task)
    return rows_of(connection, statement.limit(MAX_ITEMS))


def _item(row: Mapping[str, Any], ask: Ask, titles: Mapping[str, str], now: datetime) -> Row:
    since = ask.since(assignment_state(row))
    return {
        "task": row["task"],
        "unit": row["unit"],
        "title": titles.get(row["title"]),
        "what": ask.what,
        "state": row["state"],
        "due": row["due"],
        "acknowledge_by": row["acknowledge_by"],
        "since": None if since is None else format_instant(since),
        "light": light(clocks_of(row), now),
        "submission": row["submission"],
        "head": row["head"],
    }


def _to_close(connection: Connection, origin: str) -> list[Row]:
    statement = (
        select(t.c.task, t.c.title, t.c.at, t.c.head)
        .where(t.c.origin == origin, t.c.ready == 1)
        .order_by(t.c.task)
        .limit(MAX_ITEMS)
    )
    rows = connection.execute(statement).all()
    titles = texts(connection, origin, {row.title for row in rows})
    return [
        {
            "task": row.task,
            "unit": None,
            "title": titles.get(row.title),
            "what": "close",
            "state": READY,
            "due": None,
            "acknowledge_by": None,
            "since": row.at,
            "light": "green",
            "submission": None,
            "head": row.head,
        }
        for row in rows
    ]
