"""What becomes of a sending attempt: pure rules."""

from datetime import timedelta

import pytest

from lianxi.notices.outcomes import RoundResult, outcome_of, retry_delay, superseded, tally
from lianxi.ports import Outcome, PermanentRefusalError, TransientRefusalError
from tests.notices.letters import NOW, a_due_notice, notice_id


@pytest.mark.parametrize(
    ("answer", "result", "detail"),
    [
        (None, "sent", ""),
        (PermanentRefusalError("550"), "failed", "550"),
        (TransientRefusalError("451"), "retry", "451"),
        (ValueError("a bug"), "retry", "internal"),
    ],
)
def test_outcome_follows_the_channels_answer(
    answer: Exception | None, result: str, detail: str
) -> None:
    """And names notice and lease, so that the outbox can tell an overtaken attempt."""
    outcome = outcome_of(a_due_notice(3, lease=7), answer, NOW)
    assert (outcome.notice_id, outcome.lease) == (notice_id(3), 7)
    assert (outcome.result, outcome.detail) == (result, detail)
    assert (outcome.not_before is not None) == (result == "retry")


def test_a_notice_that_no_longer_holds_is_superseded() -> None:
    """With no detail and no second try."""
    assert superseded(a_due_notice(3, lease=7)) == Outcome(notice_id(3), 7, "superseded")


def test_waits_double_from_a_minute_to_an_hour() -> None:
    """Each wait lies between its base and a quarter more; the hour is never exceeded."""
    one = notice_id(1)
    waits = [retry_delay(one, attempts) for attempts in range(12)]
    assert timedelta(minutes=1) <= waits[0] <= timedelta(minutes=1.25)
    assert waits[1] == waits[0] * 2
    assert waits == sorted(waits)
    assert timedelta(minutes=48) <= waits[-1] <= timedelta(hours=1)
    assert retry_delay(one, 10**9) == waits[-1]


def test_letters_that_failed_together_come_back_apart() -> None:
    """So that one that upsets the server cannot hold the others up again and again."""
    assert len({retry_delay(notice_id(number), 0) for number in range(16)}) > 8


def test_a_tally_adds_up() -> None:
    """Counts per result, on top of what was counted before."""
    outcomes = [
        outcome_of(a_due_notice(1), None, NOW),
        outcome_of(a_due_notice(2), None, NOW),
        superseded(a_due_notice(3)),
    ]
    before = RoundResult(ended="time", sent=1, failed=1)
    assert tally(outcomes, before) == RoundResult(ended="time", sent=3, superseded=1, failed=1)
