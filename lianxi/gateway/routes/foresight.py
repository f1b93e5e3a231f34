"""What is computed and not kept: how a deadline came to be, what will fire, what would move.

Gateway layer. Nothing here is decided or recorded; the domain's functions say what follows.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from lianxi.domain.calendar import Calendar, check_calendar
from lianxi.domain.conference.preview import preview
from lianxi.domain.ladder_check import check_ladder
from lianxi.domain.rules import Rules
from lianxi.domain.task.explain import explain
from lianxi.domain.task.foresight import simulate, what_if
from lianxi.domain.task.refusals import UnitNotOnTaskError
from lianxi.domain.values import Frozen, Instant, TaskId, format_instant
from lianxi.gateway.access import Access, may_look_into, sees_all
from lianxi.gateway.answers import json_answer
from lianxi.gateway.bodies import read_body
from lianxi.gateway.entry import Endpoint, Reading, reads, with_session
from lianxi.gateway.refusals import NotAllowedError, UnknownTaskError
from lianxi.gateway.routes.queries import DeadlineQuery, NoQuery, SimulateQuery
from lianxi.gateway.routes.work import seen_task
from lianxi.gateway.services import Services
from lianxi.gateway.sight import HIDDEN
from lianxi.proof import canonical
from lianxi.proof.wire import schema_error
from lianxi.store.queries.foreseeing import active_states, facts_of, tasks_since
from lianxi.store.queries.paging import Paging
from lianxi.store.queries.task_view import read_task
from lianxi.streams.refusals import InvalidArgsError

DEFAULT_REPLAYED = 100
MAX_REPLAYED = 500
"""Tasks replayed for one answer; there is a cursor to the next ones."""

QuestionT = TypeVar("QuestionT", bound=BaseModel)


class PreviewQuestion(Frozen):
    """The body of `POST calendar/preview`."""

    calendar: Calendar


class ReplayQuestion(Frozen):
    """The body of `POST ladder/replay`; what is absent stays as it was.

    `task`: only these; `limit`: so many tasks in one answer, each of which is read whole and played
    twice.
    """

    rules: Rules | None = None
    calendar: Calendar | None = None
    since: Instant
    task: tuple[TaskId, ...] | None = Field(default=None, min_length=1, max_length=MAX_REPLAYED)
    limit: int = Field(default=DEFAULT_REPLAYED, ge=1, le=MAX_REPLAYED)
    cursor: str | None = None


def deadline(reading: Reading) -> Response:
    """How one limit of one unit came to be; a unit asks about its own."""
    query = reading.query(DeadlineQuery)
    name = _task(reading)
    unit = query.unit
    if unit is None:
        if sees_all(reading.viewer):
            raise InvalidArgsError(place="/unit", reason="missing")
        unit = reading.viewer.unit
    if not may_look_into(reading.viewer, unit):
        raise NotAllowedError
    facts = facts_of(reading.connection, reading.origin, name)
    if not facts:
        raise UnknownTaskError(task=name)
    steps = explain(facts, unit, query.limit)
    if not steps:
        raise UnitNotOnTaskError(task=name, unit=unit)
    last = steps[-1]
    return json_answer(
        {
            "task": name,
            "unit": unit,
            "limit": query.limit,
            "instant": format_instant(last.instant),
            "provisional": last.provisional,
            "steps": [step.model_dump(mode="json") for step in steps],
        }
    )


def foresee(reading: Reading) -> Response:
    """What fires when, if nobody acts; a unit sees what concerns itself."""
    query = reading.query(SimulateQuery)
    name = _task(reading)
    found = read_task(reading.connection, reading.origin, name)
    if found is None:
        raise UnknownTaskError(task=name)
    _, _, state = found
    foreseen = simulate(state, reading.now, reading.now + timedelta(days=query.days))
    items = [one.model_dump(mode="json") for one in foreseen]
    if not sees_all(reading.viewer):
        unit = reading.viewer.unit
        items = [item for item in items if item["unit"] == unit and item["kind"] not in HIDDEN]
    return json_answer({"task": name, "items": items})


def preview_calendar(reading: Reading, asked: PreviewQuestion) -> Response:
    """Every open deadline that the calendar would move."""
    check_calendar(asked.calendar)
    states = active_states(reading.connection, reading.origin)
    moves = list(preview(states, asked.calendar, reading.now))
    units = Counter(unit for _, unit in dict.fromkeys((move.task, move.unit) for move in moves))
    return json_answer(
        {
            "calendar_version": asked.calendar.version,
            "now": format_instant(reading.now),
            "moves": [move.model_dump(mode="json") for move in moves],
            "units": dict(sorted(units.items())),
            "tasks": list(dict.fromkeys(move.task for move in moves)),
        }
    )


def replay(reading: Reading, asked: ReplayQuestion) -> Response:
    """Who would have been yellow or red under other rules or another calendar, some tasks at a time."""
    if asked.rules is not None:
        check_ladder(asked.rules.ladder)
    if asked.calendar is not None:
        check_calendar(asked.calendar)
    connection, origin = reading.connection, reading.origin
    tasks, following = tasks_since(
        connection,
        origin,
        format_instant(asked.since),
        Paging(asked.limit, asked.cursor),
        only=asked.task,
    )
    items = [
        would.model_dump(mode="json")
        for task in tasks
        for would in what_if(
            facts_of(connection, origin, task),
            asked.rules,
            asked.calendar,
            asked.since,
            reading.now,
        )
    ]
    return json_answer({"items": items, "next": following})


def asks(model: type[QuestionT], work: Callable[[Reading, QuestionT], Response]) -> Endpoint:
    """An endpoint whose question is too long for a query string. Who asks is known before it is read."""

    async def endpoint(request: Request, services: Services, access: Access) -> Response:
        await with_session(request, services, access, lambda reading: reading.query(NoQuery))
        limits = services.limits
        body = await read_body(request, limit=limits.question_bytes, seconds=limits.command_seconds)
        question = _question(model, body)
        return await with_session(
            request, services, access, lambda reading: work(reading, question)
        )

    return endpoint


def _question(model: type[QuestionT], body: bytes) -> QuestionT:
    document = canonical.parse(body, max_bytes=len(body))
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidArgsError(**schema_error(error).params) from None


def _task(reading: Reading) -> str:
    """The task that the path names, where the caller may see it."""
    name: str = reading.request.path_params["task"]
    seen_task(reading, name)
    return name


ROUTES: dict[str, Endpoint] = {
    "GET /v1/{conference}/tasks/{task}/deadline": reads(deadline),
    "GET /v1/{conference}/tasks/{task}/simulate": reads(foresee),
    "POST /v1/{conference}/calendar/preview": asks(PreviewQuestion, preview_calendar),
    "POST /v1/{conference}/ladder/replay": asks(ReplayQuestion, replay),
}
