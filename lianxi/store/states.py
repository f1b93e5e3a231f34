"""The folded states behind the writer: from the read tables, or kept from last time (store layer).

Used by the writer's thread only. What is kept is never trusted by itself: it must be the state at
the stream's stored head, else it is read again.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, RowMapping, bindparam, select

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.conference.state import evolve as evolve_conference
from lianxi.domain.task.evolve import fold
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.proof.events import Head, open_event
from lianxi.store.prepared import Prepared
from lianxi.store.projection import conference_state, task_state
from lianxi.store.state_rows import conference_rows_with_rulebooks, task_rows_with_rulebooks
from lianxi.store.tables import assignments, conferences, events, proposals, tasks
from lianxi.streams.facts import conference_fact, task_fact

KEPT = 256
"""Tasks kept folded; each takes some tens of kilobytes."""

State = TypeVar("State")

_CONFERENCE_HEAD = Prepared(
    lambda _: select(conferences.c.hash).where(conferences.c.origin == bindparam("origin_"))
)
_TASK = Prepared(
    lambda _: task_rows_with_rulebooks().where(
        tasks.c.origin == bindparam("origin_"), tasks.c.task == bindparam("task_")
    )
)
_ASSIGNMENTS = Prepared(
    lambda _: select(assignments.c.unit, assignments.c.ordinal, assignments.c.state_json).where(
        assignments.c.origin == bindparam("origin_"), assignments.c.task == bindparam("task_")
    )
)
_EVENTS = Prepared(
    lambda _: (
        select(events.c.data, events.c.hash)
        .where(events.c.origin == bindparam("origin_"), events.c.stream == bindparam("stream_"))
        .order_by(events.c.seq)
    )
)


class States:
    """Conference and task states at their stored heads."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._tasks: OrderedDict[tuple[str, str], TaskState] = OrderedDict()
        self._conferences: OrderedDict[tuple[str, str], ConferenceState] = OrderedDict()

    def task(self, connection: Connection, origin: str, task: str, head: Head) -> TaskState:
        """The state of a task whose stream ends at `head`."""
        kept = self._tasks.get((origin, task))
        if kept is not None and (kept.seq, kept.last_hash) == (head.seq, head.hash):
            self._tasks.move_to_end((origin, task))
            return kept
        state = _read_task(connection, origin, task)
        if state is None or (state.seq, state.last_hash) != (head.seq, head.hash):
            state = _fold_task(connection, origin, task)
        self.keep_task(origin, state)
        return state

    def keep_task(self, origin: str, state: TaskState) -> None:
        """Keep a state that was just folded; good only if its events get committed."""
        _keep(self._tasks, (origin, state.task), state, self._kept)

    def conference(self, connection: Connection, origin: str) -> ConferenceState | None:
        """The newest recorded state of a conference, without registrations."""
        head: str | None = _CONFERENCE_HEAD.run(connection, {"origin_": origin}).scalar()
        if head is None:
            return _fold_without_row(connection, origin)
        return self._at(origin, head, lambda: _read_conference(connection, origin))

    def keep_conference(self, origin: str, head: str, state: ConferenceState) -> None:
        """Keep a conference's state at the event `head`."""
        _keep(self._conferences, (origin, head), state, self._kept)

    def _at(self, origin: str, head: str, read: Callable[[], ConferenceState]) -> ConferenceState:
        kept = self._conferences.get((origin, head))
        if kept is None:
            kept = read()
            self.keep_conference(origin, head, kept)
        return kept


def _keep(
    states: "OrderedDict[tuple[str, str], State]", key: tuple[str, str], state: State, limit: int
) -> None:
    states[key] = state
    states.move_to_end(key)
    while len(states) > limit:
        states.popitem(last=False)


def _read_task(connection: Connection, origin: str, task: str) -> TaskState | None:
    key = {"origin_": origin, "task_": task}
    row = _TASK.run(connection, key).mappings().one_or_none()
    if row is None or _lacks_rulebook(row):
        return None
    parts = _ASSIGNMENTS.run(connection, key).mappings()
    return task_state(dict(row), [dict(part) for part in parts])


def _fold_task(connection: Connection, origin: str, task: str) -> TaskState:
    rows = _EVENTS.run(connection, {"origin_": origin, "stream_": task_stream(task)})
    state = fold([task_fact(open_event(row.data), row.hash) for row in rows])
    if state is None:
        raise LookupError(f"{task} has no event")
    return state


def _read_conference(connection: Connection, origin: str) -> ConferenceState:
    rows = conference_rows_with_rulebooks().where(conferences.c.origin == origin)
    row = connection.execute(rows).mappings().one_or_none()
    if row is None or _lacks_rulebook(row):
        return _fold_conference(connection, origin)
    waiting = select(proposals).where(proposals.c.origin == origin).order_by(proposals.c.seq)
    return conference_state(dict(row), [dict(p) for p in connection.execute(waiting).mappings()])


def _fold_conference(connection: Connection, origin: str) -> ConferenceState:
    state: ConferenceState | None = None
    for row in _EVENTS.run(connection, {"origin_": origin, "stream_": CONFERENCE_STREAM}):
        state = evolve_conference(state, conference_fact(open_event(row.data), row.hash))
    if state is None:
        raise LookupError(f"{origin} has no event")
    return state.model_copy(update={"registrations": {}})


def _fold_without_row(connection: Connection, origin: str) -> ConferenceState | None:
    """None before the founding; where somebody took the row away, the state as its events say."""
    try:
        return _fold_conference(connection, origin)
    except LookupError:
        return None


def _lacks_rulebook(row: RowMapping) -> bool:
    """Whether somebody has taken away what `audit verify` will miss."""
    no_calendar = row["calendar_hash"] is not None and row["calendar_text"] is None
    return row["rules_text"] is None or no_calendar
