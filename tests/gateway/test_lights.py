"""Lights: at the instant and one microsecond beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task.lights import Clocks, acknowledge_overdue, light, overdue

DUE = datetime(2026, 11, 30, 9, tzinfo=UTC)
NEAR = DUE - timedelta(days=3)
ACKNOWLEDGE = DUE - timedelta(days=8)
TICK = timedelta(microseconds=1)

RUNNING = Clocks(AssignmentState.ISSUED, DUE, NEAR, ACKNOWLEDGE)


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
    assert light(RUNNING, now) == expected
    assert overdue(RUNNING, now) is (expected == "red")


def test_the_acknowledgement_is_late_after_its_limit() -> None:
    assert not acknowledge_overdue(RUNNING, ACKNOWLEDGE)
    assert acknowledge_overdue(RUNNING, ACKNOWLEDGE + TICK)


def test_while_the_office_sits_on_a_submission_the_unit_is_not_late() -> None:
    submitted = Clocks(AssignmentState.SUBMITTED)
    assert light(submitted, DUE + timedelta(days=9)) == "green"
    assert not overdue(submitted, DUE + timedelta(days=9))


@pytest.mark.parametrize("state", [AssignmentState.COMPLETED, AssignmentState.WITHDRAWN])
def test_what_is_final_is_done(state: AssignmentState) -> None:
    assert light(Clocks(state), DUE + timedelta(days=9)) == "done"
