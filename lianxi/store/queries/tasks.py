"""Tasks as rows of docs/gateway.md, and their listing (store layer)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from lianxi.domain.values import format_instant
from lianxi.store.queries.paging import Order, Paging, page, residual
from lianxi.store.queries.texts import texts
from lianxi.store.tables import assignments as a
from lianxi.store.tables import tasks as t

READY = "ready-to-close"
"""Asked for like a phase; it is derived (`TaskState.ready`)."""

_REPEATED = ("task", "ref", "phase", "mode", "issued_at", "units", "open", "next_due", "verdict")

LISTED = (*(t.c[name] for name in _REPEATED), t.c.ready, t.c.title)
"""The columns a TaskRow is made of."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks; `phase` may be `ready-to-close` too."""

    phase: str | None = None
    unit: str | None = None


def list_tasks(
    connection: Connection, origin: str, wanted: TaskFilter, paging: Paging, now: datetime
) -> dict[str, Any]:
    """One page of tasks by number."""
    statement, order = _statement(origin, wanted)
    listing = page(
        connection,
        statement,
        order,
        listing="tasks",
        filters=(wanted.phase, wanted.unit),
        paging=paging,
    )
    return {"items": task_rows(connection, origin, listing.rows, now), "next": listing.next}


def _statement(origin: str, wanted: TaskFilter) -> tuple[Select[Any], Order]:
    if wanted.unit is not None:
        # the unit's assignments lead; each finds its task by key
        statement = (
            select(*LISTED, a.c.task.label("on_task"))
            .select_from(a)
            .join(t, (t.c.origin == a.c.origin) & (t.c.task == a.c.task))
            .where(a.c.origin == origin, a.c.unit == wanted.unit)
        )
        order = Order((a.c.task,))
    else:
        statement = select(*LISTED).where(t.c.origin == origin)
        order = Order((t.c.task,))
    if wanted.phase is None:
        return statement, order
    column, value = (t.c.ready, 1) if wanted.phase == READY else (t.c.phase, wanted.phase)
    return statement.where((column if wanted.unit is None else residual(column)) == value), order


def task_rows(
    connection: Connection, origin: str, rows: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """TaskRows with their titles and how many of their assignments are late."""
    titles = texts(connection, origin, {row["title"] for row in rows})
    late = _late(connection, origin, rows, now)
    return [task_row(row, titles.get(row["title"]), late.get(row["task"], 0)) for row in rows]


def task_row(row: Mapping[str, Any], title: str | None, late: int) -> dict[str, Any]:
    """One TaskRow."""
    return {
        **{name: row[name] for name in _REPEATED},
        "ready": bool(row["ready"]),
        "title": title,
        "overdue": late,
    }


def _late(
    connection: Connection, origin: str, rows: Sequence[Mapping[str, Any]], now: datetime
) -> dict[str, int]:
    """Per task of one page the number of late assignments; a task due later has none."""
    instant = format_instant(now)
    due = [row["task"] for row in rows if row["next_due"] is not None and row["next_due"] < instant]
    if not due:
        return {}
    statement = (
        select(a.c.task, func.count().label("late"))
        .where(a.c.origin == origin, a.c.task.in_(due), residual(a.c.overdue_at) < instant)
        .group_by(a.c.task)
    )
    return {row.task: row.late for row in connection.execute(statement)}
