"""Lights: at the instant and one microsecond beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from lianxi.domain.ladder import AssignmentState, Clocks
from lianxi.domain.task.lights import acknowledge_overdue, days_left, light, overdue
from tests.parties import CALENDAR

DUE = datetime(2026, 11, 30, 9, tzinfo=UTC)
NEAR = DUE - timedelta(days=3)
ACKNOWLEDGE = DUE - timedelta(days=8)
TICK = timedelta(microseconds=1)

RUNNING = Clocks(overdue_at=DUE, near_due_at=NEAR, acknowledge_overdue_at=ACKNOWLEDGE)
STOPPED = Clocks()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NEAR - TICK, "green"),
        (NEAR, "yellow"),
        (DUE, "yellow"),
        (DUE + TICK, "red"),
    ],
)
def test_green_yellow_red(now: datetime, expected: str) -> None:
    assert light(AssignmentState.ISSUED, RUNNING, now) == expected
    assert overdue(RUNNING, now) is (expected == "red")


def test_the_acknowledgement_is_late_after_its_limit() -> None:
    assert not acknowledge_overdue(RUNNING, ACKNOWLEDGE)
    assert acknowledge_overdue(RUNNING, ACKNOWLEDGE + TICK)


def test_while_the_office_sits_on_a_submission_the_unit_is_not_late() -> None:
    long_after = DUE + timedelta(days=9)
    assert light(AssignmentState.SUBMITTED, STOPPED, long_after) == "green"
    assert not overdue(STOPPED, long_after)
    assert days_left(STOPPED, CALENDAR, DUE, long_after) is None


@pytest.mark.parametrize("state", [AssignmentState.COMPLETED, AssignmentState.WITHDRAWN])
def test_what_is_final_is_done(state: AssignmentState) -> None:
    assert light(state, STOPPED, DUE + timedelta(days=9)) == "done"


@pytest.mark.parametrize(
    ("days_before", "expected"), [(0, 0), (1, 1), (3, 1), (7, 5), (-1, -1), (-7, -5)]
)
def test_days_left_are_working_days_and_below_zero_once_it_is_late(
    days_before: int, expected: int
) -> None:
    """Due is a Monday: from the Friday before it is one, from the Monday before five."""
    now = DUE - timedelta(days=days_before)
    assert days_left(RUNNING, CALENDAR, DUE, now) == expected
