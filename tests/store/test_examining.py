"""Looks through the trail: which findings stand, what is waited for, what is given up."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lianxi.ports import StoreUnavailableError
from lianxi.proof.verification import Finding
from lianxi.store.examining import SHARE, Examiner, Looked, Place, TrailLook
from lianxi.store.store import Store
from lianxi.store.verify_streams import Depth

ORIGIN = "lianxi.example/lianxi/demo/0123456789abcdef"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ROW = Finding("ROW_DIFFERS", "demo/task/T-0001#3")
BYTES = Finding("HASH_MISMATCH", "demo/task/T-0001#3")


class Looks:
    """A look that takes ten seconds of its own clock and finds what a test puts there."""

    def __init__(self) -> None:
        self.now = 0.0
        self.deep: list[Finding] = []
        self.shallow: list[Finding] = []
        self.depths: list[Depth] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.bytes_may_end = threading.Event()
        self.bytes_may_end.set()
        self.at_once = 0
        self.most_at_once = 0
        self.fails = False

    def __call__(self, depth: Depth, now: datetime) -> Looked:
        del now
        self.depths.append(depth)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert (self.may_end if depth == "deep" else self.bytes_may_end).wait(10)
        self.now += 10
        self.at_once -= 1
        if self.fails and depth == "deep":
            raise StoreUnavailableError("given up")
        found = self.deep + self.shallow if depth == "deep" else self.shallow
        return Looked(list(found), {ORIGIN: 1}, {ORIGIN: 1}, complete=True)

    def give_up(self) -> None:
        """Nothing to end."""


@pytest.fixture
def looks() -> Looks:
    return Looks()


def examiner(looks: Looks, wait: float = 10.0) -> Examiner:
    return Examiner(looks, lambda: looks.now, wait)


def test_what_the_last_thorough_look_found_stands_until_the_next(looks: Looks) -> None:
    """A look at bytes alone does not see it."""
    examine = examiner(looks)
    looks.deep = [ROW]
    assert examine(NOON).findings[ORIGIN] == [ROW]
    later = examine(NOON + timedelta(minutes=5))
    assert (looks.depths, later.findings[ORIGIN]) == (["deep", "bytes"], [ROW])
    assert (later.begun, later.deep_begun) == (NOON + timedelta(minutes=5), NOON)
    looks.now += SHARE * 10
    looks.deep = []
    assert examine(NOON + timedelta(minutes=10)).findings[ORIGIN] == []


def test_what_bytes_show_is_said_anew_by_each_look(looks: Looks) -> None:
    """A thorough look's word on them is overtaken by the next look at bytes."""
    examine = examiner(looks)
    looks.shallow = [BYTES]
    assert examine(NOON).findings[ORIGIN] == [BYTES]
    looks.shallow = []
    assert examine(NOON).findings[ORIGIN] == []


@pytest.mark.timed
def test_a_comparison_does_not_wait_for_a_long_thorough_look(looks: Looks) -> None:
    """It looks at bytes meanwhile; what the thorough one finds comes with a later comparison."""
    examine = examiner(looks, wait=0.01)
    looks.deep = [ROW]
    looks.may_end.clear()
    first = examine(NOON)
    assert (first.findings[ORIGIN], first.deep_begun, first.deep) == ([], None, {})
    assert examine(NOON + timedelta(minutes=5)).findings[ORIGIN] == []
    looks.may_end.set()
    time.sleep(0.1)
    third = examine(NOON + timedelta(minutes=10))
    assert (third.findings[ORIGIN], third.deep_begun) == ([ROW], NOON)
    assert looks.depths == ["deep", "bytes", "bytes", "bytes"]


@pytest.mark.timed
def test_collecting_a_rested_look_begins_the_next(looks: Looks) -> None:
    """Otherwise every second interval would pass without one."""
    examine = examiner(looks, wait=0.01)
    looks.may_end.clear()
    examine(NOON)
    looks.may_end.set()
    time.sleep(0.1)
    looks.now += 100  # both looks moved the clock on
    looks.deep = [ROW]
    examine(NOON + timedelta(minutes=5))
    time.sleep(0.1)
    third = examine(NOON + timedelta(minutes=10))
    assert (third.findings[ORIGIN], third.deep_begun) == ([ROW], NOON + timedelta(minutes=5))


@pytest.mark.timed
def test_a_look_given_up_does_not_fail_the_next_comparison(looks: Looks) -> None:
    """The attempt that gave it up has failed already."""
    examine = examiner(looks, wait=0.01)
    looks.may_end.clear()
    looks.fails = True
    examine(NOON)
    examine.give_up()
    looks.may_end.set()
    time.sleep(0.1)
    looks.fails = False
    assert examine(NOON).complete


async def test_one_comparison_looks_at_a_time(looks: Looks) -> None:
    """A second one, of the next attempt, waits for the first."""
    examine = examiner(looks)
    examine(NOON)
    looks.bytes_may_end.clear()
    both = [asyncio.create_task(asyncio.to_thread(examine, NOON)) for _ in range(2)]
    await asyncio.sleep(0.05)
    looks.bytes_may_end.set()
    await asyncio.gather(*both)
    assert looks.most_at_once == 1


async def test_a_look_that_is_given_up_ends_its_process(
    store: Store, url: str, evidence: Path
) -> None:
    """Who waits for it is told that nothing was looked through."""
    look = TrailLook(store.engine, Place(url, evidence))
    waiting = asyncio.create_task(asyncio.to_thread(look.beside, "deep", NOON))
    await until(lambda: bool(look._processes))
    (process,) = look._processes
    look.give_up()
    with pytest.raises(StoreUnavailableError):
        await waiting
    assert process.returncode is not None


def test_a_look_ends_with_the_process_that_asked_for_it() -> None:
    """However that one dies, the system closes its end of the pipe."""
    theirs, ours = os.pipe()
    look = subprocess.Popen(
        [sys.executable, "-P", "-m", "lianxi.store.examining", str(theirs)],
        stdin=subprocess.PIPE,  # it never says what to look at
        pass_fds=[theirs],
    )
    os.close(theirs)
    with pytest.raises(subprocess.TimeoutExpired):
        look.wait(3)
    os.close(ours)
    assert look.wait(10) == 1
    assert look.stdin is not None
    look.stdin.close()


async def until(seen: Callable[[], bool]) -> None:
    """Wait a moment."""
    for _ in range(500):
        if seen():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")
