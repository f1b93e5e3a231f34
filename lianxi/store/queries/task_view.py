"""One task whole, with what its viewer may see of it (store layer)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from lianxi.domain.task.lights import overdue
from lianxi.domain.task.state import Concurrence, TaskState
from lianxi.ids import task_stream
from lianxi.store.projection import task_state
from lianxi.store.queries.assignment_view import Shown, assignment_view, instant, text
from lianxi.store.queries.assignments import assignments_of, clocks_of
from lianxi.store.queries.events import LISTED, Seen, event_rows
from lianxi.store.queries.paging import residual
from lianxi.store.queries.redactions import redacted_places
from lianxi.store.queries.rows import Row, row_of, rows_of
from lianxi.store.queries.rulebooks import calendars_of
from lianxi.store.queries.tasks import task_row
from lianxi.store.queries.texts import MAX_TEXT_BYTES, texts
from lianxi.store.state_rows import task_rows_with_rulebooks
from lianxi.store.tables import commitments
from lianxi.store.tables import events as e
from lianxi.store.tables import tasks as t

MAX_TIMELINE = 200
"""Newest events shown with a task; the whole history is a listing."""

MAX_TEXTS_BYTES = 1 << 20
"""All texts of one view together; what is beyond is fetched by itself."""


CHUNK = 100
"""Places of texts read at once: as soon as there is no room, no more are."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who looks: decided by the gateway, asked here.

    `may_read`: texts about a unit's assignment (None: about the task itself), written in an event
    of a kind (None: a submission). `sees`: what is between a unit and the office. `office`: what is
    the convener's side's alone. `seen`, `without`: what of the events is there (None: all).
    """

    may_read: Callable[[str | None, str, str | None], bool]
    sees: Callable[[str], bool]
    office: bool
    seen: Seen | None = None
    without: tuple[str, ...] = ()


def read_task(
    connection: Connection, origin: str, task: str
) -> tuple[Row, list[Row], TaskState] | None:
    """A task's row, its rows of assignments in the order of issue, and the state they stand for."""
    named = t.c.origin == origin, t.c.task == task
    row = row_of(connection, task_rows_with_rulebooks().where(*named))
    if row is None:
        return None
    rows = assignments_of(connection, origin, task)
    return row, rows, task_state(row, rows)


def task_view(
    connection: Connection, origin: str, task: str, eyes: Eyes, now: datetime
) -> dict[str, Any] | None:
    """A TaskView; None where there is no such task."""
    found = read_task(connection, origin, task)
    if found is None:
        return None
    row, rows, state = found
    known = texts(connection, origin, _readable(connection, origin, state, eyes))
    calendars = calendars_of(connection, origin, rows)
    timeline, more = _timeline(connection, origin, task, eyes)
    late = sum(overdue(clocks_of(part), now) for part in rows)
    return {
        **task_row(row, known.get(row["title"]), late),
        **_said_of_task(state, known),
        **_under_way(state, known, eyes),
        "head": row["head"],
        "assignments": [
            assignment_view(part, known, calendars, _shown(part, eyes), now) for part in rows
        ],
        "timeline": timeline,
        "timeline_more": more,
        "texts": known,
        "redacted": [
            place
            for place in redacted_places(connection, origin, task)
            if eyes.may_read(place["unit"], place["event"], place["kind"])
        ],
    }


def _shown(part: Mapping[str, Any], eyes: Eyes) -> Shown:
    unit = part["unit"]
    return Shown(
        words=eyes.may_read(unit, part["submission"] or "", None),
        inner=eyes.sees(unit),
        undo=eyes.office,
    )


def _said_of_task(state: TaskState, known: Mapping[str, str]) -> Row:
    basis = state.basis
    return {
        "text": text(known, state.text),
        "basis": None if basis is None else {"kind": basis.kind, "text": text(known, basis.text)},
        "kind": state.kind,
        "report": None if state.report is None else state.report.model_dump(mode="json"),
        "end_event": state.end_event,
        "ready_at": instant(state.ready_at),
        "rules_version": state.rules.version,
        "calendar_version": None if state.counts_by is None else state.counts_by.version,
    }


def _under_way(state: TaskState, known: Mapping[str, str], eyes: Eyes) -> Row:
    """What is beside the assignments: concurrence, proposals, instructions, gaps of service."""
    return {
        "concurrence": _concurrence(state, known, eyes),
        "proposals": [
            proposal.model_dump(
                mode="json",
                include={"event", "act", "stage", "at", "expires", "by_rung", "unit", "args"},
            )
            for proposal in state.proposals.values()
            if eyes.office
        ],
        "instructions": [
            {
                **given.model_dump(mode="json", include={"event", "at", "acknowledge"}),
                "units": [unit for unit in given.units if eyes.sees(unit)],
                "text": text(known, given.text),
                "open": [
                    a.unit
                    for a in state.assignments.values()
                    if given.event in a.instructions and eyes.sees(a.unit)
                ],
            }
            for given in state.instructions
            if any(eyes.sees(unit) for unit in given.units)
        ],
        "gaps": [gap.model_dump(mode="json") for gap in state.gaps],
    }


def _concurrence(state: TaskState, known: Mapping[str, str], eyes: Eyes) -> Row | None:
    """For the office, the lead, and whoever was asked; of what the others said a unit reads no word."""
    asked = state.concurrence
    if asked is None or not _concerned(state, asked, eyes):
        return None
    return {
        **asked.model_dump(
            mode="json", include={"submission", "at", "answer_by", "asked", "given", "silent"}
        ),
        "dissented": {unit: text(known, said) for unit, said in asked.dissented.items()},
        "open": list(asked.open),
    }


def _concerned(state: TaskState, asked: Concurrence, eyes: Eyes) -> bool:
    lead = state.lead
    concerned = (*asked.asked, *(() if lead is None else (lead.unit,)))
    return any(eyes.sees(unit) for unit in concerned)


def _readable(connection: Connection, origin: str, state: TaskState, eyes: Eyes) -> Sequence[str]:
    """The commitments whose texts are shown: the task's own, then the newest, while they fit.

    Files are no texts and take no room. At the first text that does not fit it is over: a task of
    years is not read through for what is not shown.
    """
    basis = None if state.basis is None else state.basis.text
    own = [c for c in (state.title, state.text, basis) if c is not None]
    c = commitments.c
    written = or_(c.media.is_(None), c.media.startswith("text/"))
    statement = (
        select(c.commit, c.size, c.unit, c.event, c.kind)
        .where(c.origin == origin, c.task == state.task, c.size <= MAX_TEXT_BYTES, written)
        .order_by(c.position.desc())
        .execution_options(yield_per=CHUNK)
    )
    chosen = {own_one.commit: own_one.size for own_one in own}
    room = MAX_TEXTS_BYTES - sum(chosen.values())
    with connection.execute(statement) as rows:
        for row in rows:
            if row.commit in chosen or not eyes.may_read(row.unit, row.event, row.kind):
                continue
            if row.size > room:
                break
            chosen[row.commit] = row.size
            room -= row.size
    return list(chosen)


def _timeline(
    connection: Connection, origin: str, task: str, eyes: Eyes
) -> tuple[list[dict[str, Any]], bool]:
    statement = (
        select(*LISTED)
        .where(e.c.origin == origin, e.c.stream == task_stream(task))
        .order_by(e.c.seq.desc())
        .limit(MAX_TIMELINE + 1)
    )
    if eyes.without:
        statement = statement.where(residual(e.c.kind).not_in(eyes.without))
    rows = rows_of(connection, statement)
    shown = event_rows(rows[:MAX_TIMELINE][::-1], eyes.seen)
    return shown, len(rows) > MAX_TIMELINE
