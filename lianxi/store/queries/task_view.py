"""One task whole, with the texts its viewer may read (store layer)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lianxi.domain.task.lights import overdue
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import Commitment, format_instant
from lianxi.ids import task_stream
from lianxi.store.projection import assignment_state, task_state
from lianxi.store.queries.assignments import assignment_row, assignments_of, clocks_of
from lianxi.store.queries.events import LISTED, event_row
from lianxi.store.queries.rows import Row, row_of, rows_of
from lianxi.store.queries.tasks import task_row
from lianxi.store.queries.texts import texts
from lianxi.store.tables import commitments
from lianxi.store.tables import events as e
from lianxi.store.tables import tasks as t

MAX_TIMELINE = 200
"""Newest events shown with a task; the whole history is a listing."""

MAX_TEXTS_BYTES = 1 << 20
"""All texts of one view together; what is beyond is fetched by itself."""

MayRead = Callable[[str | None], bool]
"""Whether the viewer may read texts about a unit's assignment (None: about the task itself)."""


def task_view(
    connection: Connection, origin: str, task: str, may_read: MayRead, now: datetime
) -> dict[str, Any] | None:
    """A TaskView; None where there is no such task."""
    row = row_of(connection, select(t).where(t.c.origin == origin, t.c.task == task))
    if row is None:
        return None
    rows = assignments_of(connection, origin, task)
    state = task_state(row, rows)
    known = texts(connection, origin, _readable(connection, origin, state, may_read))
    timeline, more = _timeline(connection, origin, task)
    late = sum(overdue(clocks_of(part), now) for part in rows)
    return {
        **task_row(row, known.get(row["title"]), late),
        "text": _text(known, state.text),
        "basis": (
            None
            if state.basis is None
            else {"kind": state.basis.kind, "text": _text(known, state.basis.text)}
        ),
        "head": row["head"],
        "assignments": [_assignment_view(part, known, may_read, now) for part in rows],
        "timeline": timeline,
        "timeline_more": more,
        "texts": known,
    }


def _readable(
    connection: Connection, origin: str, state: TaskState, may_read: MayRead
) -> Sequence[str]:
    """The commitments whose texts are shown: the task's own, then the newest, while they fit."""
    basis = None if state.basis is None else state.basis.text
    own = [c for c in (state.title, state.text, basis) if c is not None]
    statement = (
        select(commitments.c.commit, commitments.c.size, commitments.c.unit)
        .where(commitments.c.origin == origin, commitments.c.task == state.task)
        .order_by(commitments.c.position.desc())
    )
    named = [(c.commit, c.size) for c in own]
    named += [
        (commit, size) for commit, size, unit in connection.execute(statement) if may_read(unit)
    ]
    room = MAX_TEXTS_BYTES
    chosen: dict[str, None] = {}
    for commit, size in named:
        if size <= room and commit not in chosen:
            chosen[commit] = None
            room -= size
    return list(chosen)


def _timeline(connection: Connection, origin: str, task: str) -> tuple[list[dict[str, Any]], bool]:
    statement = (
        select(*LISTED)
        .where(e.c.origin == origin, e.c.stream == task_stream(task))
        .order_by(e.c.seq.desc())
        .limit(MAX_TIMELINE + 1)
    )
    rows = rows_of(connection, statement)
    shown = [event_row(row) for row in reversed(rows[:MAX_TIMELINE])]
    return shown, len(rows) > MAX_TIMELINE


def _assignment_view(
    row: Mapping[str, Any], known: Mapping[str, str], may_read: MayRead, now: datetime
) -> dict[str, Any]:
    assignment = assignment_state(row)
    return {
        **assignment_row(row, known, now),
        **(_said(assignment, known) if may_read(assignment.unit) else _UNSAID),
        "submitted_at": row["submitted_at"],
        "acknowledged_at": _instant(assignment.acknowledged_at),
        "completed_at": row["completed_at"],
        "in_time": None if row["in_time"] is None else bool(row["in_time"]),
    }


_UNSAID: Row = {
    "return_reason": None,
    "report": None,
    "report_media": None,
    "report_commit": None,
    "evidence": [],
}


def _said(assignment: Assignment, known: Mapping[str, str]) -> dict[str, Any]:
    """What was written about an assignment: the last return's reason, the last submission."""
    submission = assignment.submission
    reason = {"return_reason": _text(known, assignment.return_reason)}
    if submission is None:
        return {**_UNSAID, **reason}
    return {
        **reason,
        "report": _text(known, submission.report),
        "report_media": submission.report_media,
        "report_commit": submission.report.commit,
        "evidence": [
            {"commit": piece.file.commit, "size": piece.file.size, "media": piece.media}
            for piece in submission.evidence
        ],
    }


def _text(known: Mapping[str, str], commitment: Commitment | None) -> str | None:
    return None if commitment is None else known.get(commitment.commit)


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
