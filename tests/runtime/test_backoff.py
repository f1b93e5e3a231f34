"""Waits before a restart."""

from lianxi.runtime.backoff import HEALTHY_AFTER, LONGEST_WAIT, Backoff


def _waits(lives: list[float]) -> list[float]:
    backoff, waits = Backoff(), []
    for lived in lives:
        backoff = backoff.after_death(lived)
        waits.append(backoff.wait)
    return waits


def test_waits_double_up_to_a_bound() -> None:
    """A crash loop slows down, but never stops trying."""
    assert _waits([0.1] * 8) == [0.5, 1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT]
    assert _waits([0.1] * 5000)[-1] == LONGEST_WAIT


def test_a_healthy_life_starts_anew() -> None:
    """After a long life the next death waits the shortest again."""
    assert _waits([0.1, 0.1, 0.1, HEALTHY_AFTER, 0.1]) == [0.5, 1, 2, 0.5, 1]
