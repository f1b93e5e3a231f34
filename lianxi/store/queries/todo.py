"""What waits for somebody, and what lies with the other side (store layer).

Both lists are rows of `asks`: what the rules ask of whom is said in one place
(`lianxi.domain.task.asks`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task.asks import CONVENER, OFFICE
from lianxi.domain.task.lights import LIGHT_ORDER, Light, light
from lianxi.domain.values import format_instant
from lianxi.store.queries.assignments import CLOCKS, clocks_of, days_left_of
from lianxi.store.queries.paging import residual
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.queries.rulebooks import calendars_of
from lianxi.store.queries.tasks import READY
from lianxi.store.queries.texts import texts
from lianxi.store.tables import asks as q
from lianxi.store.tables import assignments as a
from lianxi.store.tables import tasks as t

MAX_ITEMS = 200
"""Of each list, those that end first; whoever has more waiting uses the listings."""

UNIT = "unit"

PROPOSED = "proposed"
"""The state of an issue that waits for the convener."""

_ASKED = ("task", "unit", "what", "who", "since", "by", "subject", "act")


def unit_todo(connection: Connection, origin: str, unit: str, now: datetime) -> dict[str, Any]:
    """What a unit has to do, and what the office has before it of the unit's own matters."""
    return {
        "items": _items(connection, origin, now, q.c.who == unit),
        "waiting": _items(
            connection,
            origin,
            now,
            # what is proposed about a unit is not the unit's to know before it is decided
            and_(q.c.unit == unit, q.c.side == OFFICE, residual(q.c.what) != "approve"),
        ),
    }


def office_todo(connection: Connection, origin: str, now: datetime) -> dict[str, Any]:
    """What lies with the office; with the units; with the convener."""
    return {
        "items": _items(connection, origin, now, q.c.who == OFFICE),
        "waiting": [
            *_items(connection, origin, now, q.c.side == CONVENER),
            *_items(connection, origin, now, q.c.side == UNIT),
        ],
    }


def convener_todo(connection: Connection, origin: str, now: datetime) -> dict[str, Any]:
    """What the convener decides in person, then what the office could do; what lies with units."""
    return {
        "items": [
            *_items(connection, origin, now, q.c.who == CONVENER),
            *_items(connection, origin, now, q.c.who == OFFICE),
        ],
        "waiting": _items(connection, origin, now, q.c.side == UNIT),
    }


def _items(
    connection: Connection, origin: str, now: datetime, whose: ColumnElement[bool]
) -> list[Row]:
    """One list, the most urgent first: by light, then by what ends first."""
    rows = rows_of(connection, _statement(origin, now).where(whose))
    titles = texts(connection, origin, {row["title"] for row in rows})
    calendars = calendars_of(connection, origin, rows)
    items = [
        (_urgency(row, now), _item(row, titles.get(row["title"]), calendars, now)) for row in rows
    ]
    return [item for _, item in sorted(items, key=lambda pair: pair[0])]


def _statement(origin: str, now: datetime) -> Select[Any]:
    of_assignment = and_(a.c.origin == q.c.origin, a.c.task == q.c.task, a.c.unit == q.c.unit)
    of_task = and_(t.c.origin == q.c.origin, t.c.task == q.c.task)
    columns = (
        *(q.c[name] for name in (*_ASKED, "at", "ask", "optional", "title")),
        *(a.c[name] for name in (*CLOCKS, "state", "due", "acknowledge_by", "submission")),
        a.c.head.label("assignment_head"),
        t.c.head.label("task_head"),
        t.c.phase,
    )
    still = or_(residual(q.c.optional) == 0, residual(q.c.at) >= format_instant(now))
    return (
        select(*columns)
        .select_from(q.outerjoin(a, of_assignment).outerjoin(t, of_task))
        # what may be done, need not, and no longer can: a dispute past its limit
        .where(q.c.origin == origin, still)
        .order_by(q.c.at, q.c.stream, q.c.ask)
        .limit(MAX_ITEMS)
    )


def _light(row: Mapping[str, Any], now: datetime) -> Light:
    """The light of the assignment; what concerns no single one is green."""
    if row["state"] is None:
        return "green"
    return light(AssignmentState(row["state"]), clocks_of(row), now)


def _urgency(row: Mapping[str, Any], now: datetime) -> tuple[int, str, str, str]:
    return LIGHT_ORDER[_light(row, now)], row["at"], row["task"] or "", row["ask"]


def _item(
    row: Mapping[str, Any], title: str | None, calendars: Mapping[str, Any], now: datetime
) -> Row:
    by = row["by"]
    of_assignment = row["state"] is not None
    return {
        **{name: row[name] for name in _ASKED},
        "title": title,
        "due": row["due"],
        "acknowledge_by": row["acknowledge_by"],
        "state": row["state"] if of_assignment else _state_of_task(row),
        "light": _light(row, now),
        "days_left": days_left_of(row, calendars, now) if of_assignment else None,
        "optional": bool(row["optional"]),
        "submission": row["submission"],
        "head": row["assignment_head"] if of_assignment else row["task_head"],
        "late": by is not None and by < format_instant(now),
    }


def _state_of_task(row: Mapping[str, Any]) -> str:
    if row["task"] is None:
        return PROPOSED
    state: str = READY if row["what"] == "close" else row["phase"]
    return state
