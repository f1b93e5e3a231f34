"""Lights and what is late: computed from limits and now, never stored (domain layer).

Green: on course, or the clock does not run (submitted). Yellow: from the instant of the ladder's
near-due rung on. Red: past due. Done: nothing more is expected of the unit. A limit is kept when
the act comes at its very instant; one microsecond later it is late.
"""

from datetime import datetime
from typing import Literal

from lianxi.domain.calendar import Calendar
from lianxi.domain.counting import days_between
from lianxi.domain.ladder import FINAL_STATES, AssignmentState, Clocks

Light = Literal["red", "yellow", "green", "done"]

LIGHT_ORDER: dict[Light, int] = {"red": 0, "yellow": 1, "green": 2, "done": 3}
"""In lists the most urgent comes first."""


def overdue(clocks: Clocks, now: datetime) -> bool:
    """Whether due has passed while the unit still has to act."""
    return clocks.overdue_at is not None and now > clocks.overdue_at


def acknowledge_overdue(clocks: Clocks, now: datetime) -> bool:
    """Whether the acknowledge limit has passed without an acknowledgement."""
    return clocks.acknowledge_overdue_at is not None and now > clocks.acknowledge_overdue_at


def days_left(clocks: Clocks, calendar: Calendar, due: datetime, now: datetime) -> int | None:
    """Working days until due, negative once it has passed; None while the clock does not run."""
    if clocks.overdue_at is None and clocks.near_due_at is None:
        return None
    if due >= now:
        return days_between(calendar, now, due, "working")
    return -days_between(calendar, due, now, "working")


def light(state: AssignmentState, clocks: Clocks, now: datetime) -> Light:
    """The light of one assignment at `now`."""
    if state in FINAL_STATES:
        return "done"
    if overdue(clocks, now):
        return "red"
    if clocks.near_due_at is not None and now >= clocks.near_due_at:
        return "yellow"
    return "green"
