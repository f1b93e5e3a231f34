"""What another calendar would move: every open deadline of a conference, before it is adopted.

Domain layer, pure: nothing here is decided or recorded. By the same function that moves the
deadlines when a task adopts the calendar.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from lianxi.domain.calendar import Calendar
from lianxi.domain.task import events as ev
from lianxi.domain.task.deciding.moving import moves_by_calendar
from lianxi.domain.task.explain import LimitName
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import Frozen, Instant, TaskId, UnitId


class Move(Frozen):
    """One limit of one unit before and after: the same where only `provisional` changes."""

    task: TaskId
    unit: UnitId
    limit: LimitName
    before: Instant
    after: Instant
    provisional: bool


def preview(states: Iterable[TaskState], calendar: Calendar, now: datetime) -> Iterator[Move]:
    """Every limit that `calendar` moves on these tasks at `now`, in their order."""
    for state in states:
        for moved in moves_by_calendar(state, calendar, now):
            yield from _moves(state, state.assignments[moved.unit], moved)


def _moves(state: TaskState, before: Assignment, moved: ev.LimitsMoved) -> Iterator[Move]:
    limits: tuple[tuple[LimitName, datetime, datetime], ...] = (
        ("acknowledge_by", before.acknowledge_by, moved.acknowledge_by),
        ("due", before.due, moved.due),
    )
    settles = before.provisional != bool(moved.provisional)
    for limit, was, will in limits:
        if was != will or (settles and limit == "due"):
            yield Move(
                task=state.task,
                unit=before.unit,
                limit=limit,
                before=was,
                after=will,
                provisional=bool(moved.provisional),
            )
