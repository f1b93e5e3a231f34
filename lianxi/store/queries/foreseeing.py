"""Tasks as states and as facts, for what is computed and not kept: explanations, previews, replays.

Store layer: reading only; what follows from the states and facts is the domain's to say.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, or_, select

from lianxi.domain.task.events import Fact
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.ids import task_stream
from lianxi.proof.events import open_event
from lianxi.store.projection import task_state
from lianxi.store.queries.paging import Order, Paging, page, residual
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.queries.rulebooks import rulebook_texts
from lianxi.store.tables import assignments as a
from lianxi.store.tables import events as e
from lianxi.store.tables import tasks as t
from lianxi.streams.facts import task_fact

CHUNK = 250
"""Tasks read at once: 28 units each make some megabytes."""


def facts_of(connection: Connection, origin: str, task: str) -> list[Fact]:
    """Every event of a task's stream, oldest first."""
    statement = (
        select(e.c.data, e.c.hash)
        .where(e.c.origin == origin, e.c.stream == task_stream(task))
        .order_by(e.c.seq)
    )
    return [task_fact(open_event(row.data), row.hash) for row in connection.execute(statement)]


def active_states(connection: Connection, origin: str) -> Iterator[TaskState]:
    """The states of all active tasks by number, read a few hundred at a time."""
    books: dict[str, str] = {}
    after = ""
    while True:
        statement = (
            select(t)
            .where(t.c.origin == origin, t.c.phase == TaskPhase.ACTIVE.value, t.c.task > after)
            .order_by(t.c.task)
            .limit(CHUNK)
        )
        rows = rows_of(connection, statement)
        if not rows:
            return
        _learn(connection, origin, rows, books)
        parts = _parts(connection, origin, rows[0]["task"], rows[-1]["task"])
        for row in rows:
            texts = {
                "rules_text": books[row["rules_hash"]],
                "calendar_text": books.get(row["calendar_hash"] or ""),
            }
            yield task_state({**row, **texts}, parts.get(row["task"], []))
        after = rows[-1]["task"]


def tasks_since(
    connection: Connection,
    origin: str,
    since: str,
    paging: Paging,
    *,
    only: tuple[str, ...] | None = None,
) -> tuple[list[str], str | None]:
    """Tasks, by number, that are active or to which something has happened since an instant.

    A page of them (`only`: of these), and the cursor to the next. Raises CursorInvalidError.
    """
    touched = or_(residual(t.c.phase) == TaskPhase.ACTIVE.value, residual(t.c.at) >= since)
    statement = select(t.c.task).where(t.c.origin == origin, touched)
    if only is not None:
        statement = statement.where(t.c.task.in_(only))
    filters = (since, *sorted(set(only or ())))
    found = page(
        connection,
        statement,
        Order((t.c.task,)),
        listing="replay",
        filters=filters,
        paging=paging,
    )
    return [row["task"] for row in found.rows], found.next


def _learn(connection: Connection, origin: str, rows: list[Row], books: dict[str, str]) -> None:
    named = {row[column] for row in rows for column in ("rules_hash", "calendar_hash")}
    books |= rulebook_texts(connection, origin, named - books.keys() - {None})


def _parts(connection: Connection, origin: str, first: str, last: str) -> dict[str, list[Any]]:
    columns = (a.c.task, a.c.unit, a.c.ordinal, a.c.state_json)
    statement = (
        select(*columns)
        .where(a.c.origin == origin, a.c.task >= first, a.c.task <= last)
        .order_by(a.c.task)
    )
    by_task = groupby(rows_of(connection, statement), key=lambda row: row["task"])
    return {task: list(rows) for task, rows in by_task}
