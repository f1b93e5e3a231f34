"""Lights and what is late: computed from limits and now, never stored (domain layer).

Green: on course, or the clock does not run (submitted). Yellow: from the instant of the ladder's
near-due rung on. Red: past due. Done: nothing more is expected of the unit. A limit is kept when
the act comes at its very instant; one microsecond later it is late.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lianxi.domain.ladder import FINAL_STATES, AssignmentState

Light = Literal["red", "yellow", "green", "done"]

LIGHT_ORDER: dict[Light, int] = {"red": 0, "yellow": 1, "green": 2, "done": 3}
"""In lists the most urgent comes first."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The limits of one assignment that run; None for one that does not run in its state."""

    state: AssignmentState
    overdue_at: datetime | None = None
    near_due_at: datetime | None = None
    acknowledge_overdue_at: datetime | None = None


def overdue(clocks: Clocks, now: datetime) -> bool:
    """Whether due has passed while the unit still has to act."""
    return clocks.overdue_at is not None and now > clocks.overdue_at


def acknowledge_overdue(clocks: Clocks, now: datetime) -> bool:
    """Whether the acknowledge limit has passed without an acknowledgement."""
    return clocks.acknowledge_overdue_at is not None and now > clocks.acknowledge_overdue_at


def light(clocks: Clocks, now: datetime) -> Light:
    """The light of one assignment at `now`."""
    if clocks.state in FINAL_STATES:
        return "done"
    if overdue(clocks, now):
        return "red"
    if clocks.near_due_at is not None and now >= clocks.near_due_at:
        return "yellow"
    return "green"
