"""What is to be done: to-do, inbox, assignments, tasks, notices (gateway layer)."""

from functools import partial

from starlette.responses import Response

from lianxi.domain.values import Role, format_instant
from lianxi.gateway.access import leads, may_look_into, may_read_in, may_see_task, sees_all
from lianxi.gateway.answers import json_answer
from lianxi.gateway.entry import Endpoint, Reading, plain_word, reads
from lianxi.gateway.refusals import NotAllowedError, UnknownTaskError
from lianxi.gateway.routes.queries import (
    AssignmentsQuery,
    InboxQuery,
    Listing,
    NoQuery,
    NoticesQuery,
    TasksQuery,
)
from lianxi.gateway.sight import HIDDEN, EventEyes
from lianxi.ids import task_stream
from lianxi.store.queries.assignments import AssignmentFilter, list_assignments
from lianxi.store.queries.conference import succeeded_by
from lianxi.store.queries.events import EventFilter, list_events
from lianxi.store.queries.gaps import list_gaps
from lianxi.store.queries.handover import handover as list_open
from lianxi.store.queries.notices import NoticeFilter, list_letters, list_notices
from lianxi.store.queries.openings import Standing, standing
from lianxi.store.queries.rulebooks import proposing_rungs
from lianxi.store.queries.task_view import Eyes, task_view
from lianxi.store.queries.tasks import TaskFilter, list_tasks
from lianxi.store.queries.todo import convener_todo, office_todo, unit_todo


def todo(reading: Reading) -> Response:
    """What waits for the caller, and what lies with the other side."""
    reading.query(NoQuery)
    connection, origin, viewer, now = (
        reading.connection,
        reading.origin,
        reading.viewer,
        reading.now,
    )
    match viewer.role:
        case Role.UNIT:
            lists = unit_todo(connection, origin, viewer.unit, now)
        case Role.OFFICE:
            lists = office_todo(connection, origin, now)
        case Role.CONVENER:
            lists = convener_todo(connection, origin, now)
        case _:
            lists = {"items": [], "waiting": []}
    return json_answer({"now": format_instant(now), **lists})


def inbox(reading: Reading) -> Response:
    """The caller's own mailbox."""
    query = reading.query(InboxQuery)
    return json_answer(
        list_letters(
            reading.connection,
            reading.origin,
            reading.viewer.unit,
            query.paging,
            unread=query.unread,
        )
    )


def handover(reading: Reading) -> Response:
    """What a unit has in hand, for a successor in it."""
    reading.query(NoQuery)
    unit = reading.viewer.unit
    items = list_open(reading.connection, reading.origin, unit, reading.now)
    return json_answer({"unit": unit, "items": items})


def gaps(reading: Reading) -> Response:
    """Gaps of service, newest first."""
    query = reading.query(Listing)
    return json_answer(list_gaps(reading.connection, reading.origin, query.paging))


def assignments(reading: Reading) -> Response:
    """Assignments: all, or the caller's own, or all of a task the caller is on."""
    query = reading.query(AssignmentsQuery)
    unit = query.unit
    if query.task is not None:
        seen_task(reading, query.task)
    else:
        unit = _own(reading, unit)
    wanted = AssignmentFilter(
        unit=unit,
        state=None if query.state is None else query.state.value,
        task=query.task,
        overdue=query.overdue,
        due_before=None if query.due_before is None else format_instant(query.due_before),
    )
    return json_answer(
        list_assignments(reading.connection, reading.origin, wanted, query.paging, reading.now)
    )


def tasks(reading: Reading) -> Response:
    """Tasks: all, or those the caller is on."""
    query = reading.query(TasksQuery)
    wanted = TaskFilter(phase=query.phase, unit=_own(reading, query.unit))
    return json_answer(
        list_tasks(reading.connection, reading.origin, wanted, query.paging, reading.now)
    )


def task(reading: Reading) -> Response:
    """One task whole."""
    reading.query(NoQuery)
    name = reading.request.path_params["task"]
    part = seen_task(reading, name)
    looks = event_eyes(reading, name, part)
    eyes = Eyes(
        may_read=partial(may_read_in, reading.viewer, part),
        sees=partial(may_look_into, reading.viewer),
        office=sees_all(reading.viewer),
        seen=None if looks is None else looks.shown,
        without=() if looks is None else HIDDEN,
    )
    view = task_view(reading.connection, reading.origin, name, eyes, reading.now)
    if view is None:
        raise UnknownTaskError(task=name)
    return json_answer({"task": view})


def task_events(reading: Reading) -> Response:
    """A task's history, oldest first."""
    query = reading.query(Listing)
    name = reading.request.path_params["task"]
    looks = event_eyes(reading, name, seen_task(reading, name))
    wanted = EventFilter(stream=task_stream(name), without=() if looks is None else HIDDEN)
    page = list_events(
        reading.connection,
        reading.origin,
        wanted,
        query.paging,
        newest=False,
        seen=None if looks is None else looks.shown,
    )
    if not page["items"] and page["next"] is None and query.cursor is None:
        raise UnknownTaskError(task=name)
    return json_answer(page)


def notices(reading: Reading) -> Response:
    """Notices and what became of them."""
    query = reading.query(NoticesQuery)
    wanted = NoticeFilter(
        task=query.task,
        addressee=_own(reading, query.unit),
        state=query.state,
        channel=query.channel,
    )
    return json_answer(list_notices(reading.connection, reading.origin, wanted, query.paging))


def seen_task(reading: Reading, name: str) -> Standing | None:
    """The caller's part in a task; UnknownTaskError where the task is not for the caller's eyes."""
    if not plain_word(name):
        raise UnknownTaskError(task="*")
    part = standing(reading.connection, reading.origin, name, reading.viewer.unit)
    if not may_see_task(reading.viewer, part):
        raise UnknownTaskError(task=name)
    return part


def event_eyes(reading: Reading, task: str, part: Standing | None) -> EventEyes | None:
    """How the caller looks at a task's events; None for who sees all."""
    if sees_all(reading.viewer):
        return None
    connection, origin, unit = reading.connection, reading.origin, reading.viewer.unit
    # a successor has the place of the one before it, where that one has none any more
    before = [
        other
        for other in succeeded_by(connection, origin, unit)
        if standing(connection, origin, task, other) is None
    ]
    return EventEyes(
        units=frozenset({unit, *before}),
        leads=leads(part),
        proposing=proposing_rungs(connection, origin),
    )


def _own(reading: Reading, unit: str | None) -> str | None:
    """The unit to narrow a listing to: a unit's is its own, whatever it asked for."""
    if sees_all(reading.viewer):
        return unit
    if unit not in (None, reading.viewer.unit):
        raise NotAllowedError
    return reading.viewer.unit


ROUTES: dict[str, Endpoint] = {
    "GET /v1/{conference}/todo": reads(todo),
    "GET /v1/{conference}/handover": reads(handover),
    "GET /v1/{conference}/gaps": reads(gaps),
    "GET /v1/{conference}/inbox": reads(inbox),
    "GET /v1/{conference}/assignments": reads(assignments),
    "GET /v1/{conference}/tasks": reads(tasks),
    "GET /v1/{conference}/tasks/{task}": reads(task),
    "GET /v1/{conference}/tasks/{task}/events": reads(task_events),
    "GET /v1/{conference}/notices": reads(notices),
}
