"""Threads: a bell that everybody hears, and a heart that stops when the work hangs."""

import threading
import time

import pytest

from lianxi.notices.bell import Bell
from lianxi.notices.heart import Heart

pytestmark = pytest.mark.timed


def test_every_waiting_mailroom_hears_one_ring() -> None:
    """Two wait, one ring wakes both."""
    bell = Bell()
    heard: list[int] = []
    waiting = [threading.Thread(target=lambda: heard.append(bell.wait(0, 5.0))) for _ in range(2)]
    began = time.monotonic()
    for thread in waiting:
        thread.start()
    time.sleep(0.1)
    bell.ring()
    for thread in waiting:
        thread.join()
    assert heard == [1, 1]
    assert time.monotonic() - began < 2.0


def test_a_ring_before_the_wait_is_not_lost() -> None:
    """Whoever knows an older count does not wait."""
    bell = Bell()
    seen = bell.rings
    bell.ring()
    began = time.monotonic()
    assert bell.wait(seen, 5.0) == seen + 1
    assert time.monotonic() - began < 1.0


def test_a_silent_bell_lets_go_in_time() -> None:
    """The count stays the same."""
    assert Bell().wait(0, 0.01) == 0


def test_a_heart_beats_beside_blocking_work_and_stops_with_it() -> None:
    """Beats come while the work sleeps, none after it is over."""
    beats: list[float] = []
    with Heart(lambda: beats.append(time.monotonic()), every=0.02, limit=10.0):
        time.sleep(0.2)
    count = len(beats)
    assert count >= 3
    time.sleep(0.1)
    assert len(beats) == count


def test_a_heart_stops_when_the_work_hangs() -> None:
    """Without a sign of life for longer than the limit there are no more beats; with one again."""
    beats: list[float] = []
    with Heart(lambda: beats.append(time.monotonic()), every=0.02, limit=0.1) as heart:
        time.sleep(0.3)
        count = len(beats)
        time.sleep(0.1)
        assert len(beats) == count
        heart.sign_of_life()
        time.sleep(0.06)
        assert len(beats) > count


def test_a_beat_that_fails_does_not_stop_the_heart() -> None:
    """The event loop may be busy for a moment."""
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        raise TimeoutError

    with Heart(beat, every=0.01, limit=10.0):
        time.sleep(0.2)
    assert len(beats) > 2
