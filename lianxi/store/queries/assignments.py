"""Assignments as rows of docs/gateway.md, and their listing (store layer)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from lianxi.domain.calendar import FALLBACK_CALENDAR, Calendar
from lianxi.domain.ladder import AssignmentState, Clocks
from lianxi.domain.task.lights import acknowledge_overdue, days_left, light, overdue
from lianxi.domain.values import format_instant, parse_instant
from lianxi.store.queries.paging import Order, Paging, page, residual
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.queries.rulebooks import calendars_of
from lianxi.store.queries.texts import texts
from lianxi.store.tables import assignments as a

_REPEATED = (
    "task",
    "unit",
    "role",
    "state",
    "cycle",
    "revision",
    "due",
    "first_due",
    "acknowledge_by",
    "percent",
    "phase",
    "ref",
    "submission",
    "head",
)
"""What an AssignmentRow repeats from the table as it stands."""

CLOCKS = ("overdue_at", "near_due_at", "acknowledge_overdue_at", "calendar_hash")
"""What a light and the days left are computed from, beside due, state and now."""

LISTED = tuple(a.c[name] for name in (*_REPEATED, *CLOCKS, "title", "provisional"))
"""The columns an AssignmentRow is made of."""


@dataclass(frozen=True, slots=True)
class AssignmentFilter:
    """Which assignments; what is None (or False) does not narrow."""

    unit: str | None = None
    state: str | None = None
    task: str | None = None
    overdue: bool = False
    due_before: str | None = None


def list_assignments(
    connection: Connection, origin: str, wanted: AssignmentFilter, paging: Paging, now: datetime
) -> Row:
    """One page of assignments: by due, those of one task by unit."""
    statement, order = _statement(origin, wanted, now)
    listing = page(
        connection,
        statement,
        order,
        listing="assignments",
        filters=(wanted.unit, wanted.state, wanted.task, wanted.overdue, wanted.due_before),
        paging=paging,
    )
    return {"items": assignment_rows(connection, origin, listing.rows, now), "next": listing.next}


def _statement(origin: str, wanted: AssignmentFilter, now: datetime) -> tuple[Select[Any], Order]:
    """The statement over the index that suits the filters best, and the order of that index.

    task: the primary key; overdue: few among many; else (unit, state, due) as far as given.
    """
    statement = select(*LISTED).where(a.c.origin == origin)
    by_index: dict[str, str] = {}
    order: tuple[Any, ...] = (a.c.due, a.c.task, a.c.unit)
    instant = format_instant(now)
    if wanted.task is not None:
        statement = statement.where(a.c.task == wanted.task)
        order = (a.c.task, a.c.unit)
    elif wanted.overdue:
        order = (a.c.overdue_at, a.c.task, a.c.unit)
    else:
        by_index = {name: v for name in ("unit", "state") if (v := getattr(wanted, name))}
    if wanted.overdue:
        leads = wanted.task is None
        statement = statement.where(
            (a.c.overdue_at if leads else residual(a.c.overdue_at)) < instant
        )
    for name in ("unit", "state"):
        value = getattr(wanted, name)
        if value is not None:
            column = a.c[name] if name in by_index else residual(a.c[name])
            statement = statement.where(column == value)
    if wanted.due_before is not None:
        serves = not wanted.overdue and wanted.task is None
        statement = statement.where((a.c.due if serves else residual(a.c.due)) < wanted.due_before)
    return statement, Order(order)


def assignment_rows(
    connection: Connection, origin: str, rows: Sequence[Mapping[str, Any]], now: datetime
) -> list[Row]:
    """AssignmentRows with their titles and lights."""
    titles = texts(connection, origin, {row["title"] for row in rows})
    calendars = calendars_of(connection, origin, rows)
    return [assignment_row(row, titles, calendars, now) for row in rows]


def assignment_row(
    row: Mapping[str, Any],
    titles: Mapping[str, str],
    calendars: Mapping[str, Calendar],
    now: datetime,
) -> Row:
    """One AssignmentRow; `titles` maps commitments to texts, `calendars` hashes to calendars."""
    clocks = clocks_of(row)
    return {
        **{name: row[name] for name in _REPEATED},
        "overdue": overdue(clocks, now),
        "acknowledge_overdue": acknowledge_overdue(clocks, now),
        "light": light(AssignmentState(row["state"]), clocks, now),
        "days_left": days_left_of(row, calendars, now),
        "provisional": bool(row["provisional"]),
        "title": titles.get(row["title"]),
    }


def days_left_of(
    row: Mapping[str, Any], calendars: Mapping[str, Calendar], now: datetime
) -> int | None:
    """Working days until due by the calendar of the row's task; see `lights.days_left`."""
    calendar = calendars.get(row["calendar_hash"] or "", FALLBACK_CALENDAR)
    return days_left(clocks_of(row), calendar, parse_instant(row["due"]), now)


def clocks_of(row: Mapping[str, Any]) -> Clocks:
    """The running limits as a row keeps them."""
    return Clocks(
        overdue_at=_instant(row["overdue_at"]),
        near_due_at=_instant(row["near_due_at"]),
        acknowledge_overdue_at=_instant(row["acknowledge_overdue_at"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def assignments_of(connection: Connection, origin: str, task: str) -> list[Row]:
    """All columns of all assignments of a task, in the order of issue."""
    statement = select(a).where(a.c.origin == origin, a.c.task == task)
    return sorted(rows_of(connection, statement), key=lambda row: row["ordinal"])
