"""`seal_events` in an activity environment: when it looks, what it outlives, how it ends, what it says."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities.options import SEAL_EVENTS_OPTIONS
from activities.sealing import SealActivities, SealBell, SealPace
from lianxi.messages import SEAL_EVENTS, RecordBatch, SealerInput, SealRound
from lianxi.ports import Misfit, SealTurn, StoreUnavailableError
from lianxi.proof.events import SealedEvent
from lianxi.settings import Settings

pytestmark = pytest.mark.timed

ORIGIN = "example.org/lianxi/demo/0123456789abcdef"
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class FakeSealer:
    """Answers `turns` one after another, then an empty turn each time; notes when it was asked.

    `takes`: how long a turn takes, in seconds.
    """

    def __init__(self) -> None:
        self.turns: deque[SealTurn | Exception] = deque()
        self.asked: list[float] = []
        self.instants: set[datetime] = set()
        self.takes = 0.0

    def seal(self, now: datetime) -> SealTurn:
        self.asked.append(time.monotonic())
        self.instants.add(now)
        time.sleep(self.takes)
        turn = self.turns.popleft() if self.turns else SealTurn()
        if isinstance(turn, Exception):
            raise turn
        return turn


class Room:
    """The activity on a fake sealer; `run` lets a round last so many seconds."""

    def __init__(self, events: int = 3) -> None:
        self.sealer = FakeSealer()
        self.bell = SealBell(events)
        self.environment = ActivityEnvironment()

    def run(self, seconds: float = 0.3, **pace: float) -> SealRound:
        fields = {"every": 60.0, "gather": 0.02, "look": 0.02, "beat": 0.01} | pace
        fields = {"longest_pause": 0.02, **fields}
        activities = SealActivities(
            self.sealer, lambda: NOW, self.bell, SealPace(round=seconds, **fields)
        )
        return self.environment.run(activities.seal_events, SealerInput())

    @property
    def looks(self) -> int:
        return len(self.sealer.asked)


@pytest.fixture
def room() -> Room:
    return Room()


@contextmanager
def later(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Do something while a round runs."""
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the activity logged, without the ids that the SDK adds."""
    return [record.getMessage().split(" ({")[0] for record in caplog.records]


def batch(*kinds: str) -> RecordBatch:
    """Recorded events of these kinds, as the bell sees them."""
    return RecordBatch.model_construct(
        events=tuple(
            SealedEvent.model_construct(text=f'{{"kind":"{kind}","seq":1}}') for kind in kinds
        )
    )


def test_its_registration_is_that_of_the_message() -> None:
    """By the name in `messages`; cancelled by a flag, not by an exception between two steps."""
    definition = activity._Definition.must_from_callable(SealActivities.seal_events)
    assert definition.name == SEAL_EVENTS
    assert definition.no_thread_cancel_exception


def test_every_minute_and_every_hundred_events_unless_set_otherwise() -> None:
    """As proof.md §4 says; a round ends well within what the workflow gives it."""
    assert (SealPace().every, Settings().seal_seconds, Settings().seal_events) == (60.0, 60.0, 100)
    limit = SEAL_EVENTS_OPTIONS["start_to_close_timeout"]
    heartbeat = SEAL_EVENTS_OPTIONS["heartbeat_timeout"]
    assert limit is not None
    assert heartbeat is not None
    assert SealPace().round < limit.total_seconds() / 1.5
    assert SealPace().beat < heartbeat.total_seconds() / 2
    assert SealPace().longest_pause < SealPace().silence


def test_what_waits_is_sealed_without_a_pause_and_counted(room: Room) -> None:
    """Turn after turn while there is more; what is left and unsigned is that of the last turn."""
    left = (Misfit(ORIGIN, "task/T-0001", 3, 7, "gap", "", events=4),)
    room.sealer.turns += [
        SealTurn(sealed=5, signed=1, more=True),
        SealTurn(sealed=5, signed=1, more=True, left=left),
        SealTurn(sealed=1, signed=1, left=left, unsigned={ORIGIN: "root"}),
    ]
    assert room.run() == SealRound(ended="time", sealed=11, signed=3, left=4, unsigned=1)
    assert room.looks == 3
    assert room.sealer.asked[2] - room.sealer.asked[0] < 0.1
    assert room.sealer.instants == {NOW}


def test_an_idle_round_looks_again_when_its_time_has_come(room: Room) -> None:
    """With nothing heard: every 60 seconds, here every 0.1."""
    room.run(0.5, every=0.1)
    assert 3 <= room.looks <= 6
    gaps = [b - a for a, b in zip(room.sealer.asked, room.sealer.asked[1:], strict=False)]
    assert min(gaps) >= 0.1


def test_enough_events_end_the_wait(room: Room) -> None:
    """Two of three ring nothing; the third does, whichever batch brings it."""
    two = partial(room.bell.recorded, batch("TaskIssued", "TaskIssued"))
    one = partial(room.bell.recorded, batch("TaskIssued"))
    with later(0.1, two):
        room.run(0.3)
    assert room.looks == 1
    with later(0.1, two), later(0.15, one):
        room.run(0.4)
    assert room.looks == 3


def test_what_was_looked_at_does_not_count_again(room: Room) -> None:
    """Each look begins to count anew."""
    room.bell.recorded(batch("TaskIssued", "TaskIssued"))
    room.run(0.1)
    room.bell.recorded(batch("TaskIssued"))
    heard = room.bell.looked()
    room.bell.recorded(batch("TaskIssued", "TaskIssued"))
    assert room.bell.wait(heard, 0.0) == heard


@pytest.mark.parametrize("kind", ["TaskClosed", "TaskCancelled", "TaskArchived"])
def test_the_end_of_a_task_ends_the_wait_at_once(room: Room, kind: str) -> None:
    """One event is enough, and it is sealed long before a minute is over."""
    with later(0.1, lambda: room.bell.recorded(batch(kind))):
        room.run(0.3)
    assert room.looks == 2
    assert room.sealer.asked[1] - room.sealer.asked[0] < 0.25


def test_other_events_do_not_end_it(room: Room) -> None:
    """Whatever a person calls something: only the kind counts."""
    with later(0.05, lambda: room.bell.recorded(batch('X","title":"TaskClosed'))):
        room.run(0.2)
    assert room.looks == 1


def test_a_store_that_is_away_is_waited_for_with_a_beating_heart(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """The round goes on and seals when the store is back; the log has one line for it."""
    beats: list[float] = []
    room.environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    room.sealer.turns += [StoreUnavailableError("locked")] * 4 + [SealTurn(sealed=2)]
    with caplog.at_level(logging.WARNING):
        assert room.run(0.5, longest_pause=0.05).sealed == 2
    assert len(beats) > 5
    assert room.looks == 5
    assert said(caplog) == ["The store is away: StoreUnavailableError"]


def test_a_round_that_waits_keeps_its_heart_beating(room: Room) -> None:
    """An idle hour is no hang."""
    beats: list[float] = []
    room.environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    room.run(0.6, silence=0.2)
    assert beats[-1] - beats[0] > 0.4


def test_work_that_hangs_stops_the_heart(room: Room) -> None:
    """So that Temporal gives the round to somebody else."""
    beats: list[float] = []
    room.environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    room.sealer.takes = 0.6
    began = time.monotonic()
    room.run(0.5, silence=0.2)
    assert max(beats) - began < 0.45


def test_a_defect_ends_the_round_with_an_error(room: Room) -> None:
    """Nothing but a defect does; the workflow says so and tries again."""
    room.sealer.turns.append(ValueError("no such thing"))
    with pytest.raises(ValueError, match="no such thing"):
        room.run()


@pytest.mark.parametrize("ending", ["shutdown", "cancelled"])
@pytest.mark.parametrize("away", [False, True])
def test_a_shutdown_or_cancellation_is_answered_within_a_second(
    room: Room, ending: str, *, away: bool
) -> None:
    """Also while the store is away; what was done is reported."""
    room.sealer.turns.append(SealTurn(sealed=7))
    if away:
        room.sealer.turns.append(StoreUnavailableError("gone"))
    stop = room.environment.worker_shutdown if ending == "shutdown" else room.environment.cancel
    with later(0.2, stop):
        began = time.monotonic()
        result = room.run(30.0, look=0.5, longest_pause=30.0, every=0.05 if away else 60.0)
        took = time.monotonic() - began
    assert (result.ended, result.sealed) == (ending, 7)
    assert took < 1.0


def test_what_waits_when_the_worker_stops_is_sealed_first(room: Room) -> None:
    """All of it, so that a backup taken then lacks no leaf; a store that is away is left at once."""
    turns = [SealTurn(sealed=1), SealTurn(sealed=4, more=True), SealTurn(sealed=2)]

    def wait_and_stop() -> None:
        room.sealer.turns.extend(turns[1:])
        room.environment.worker_shutdown()

    room.sealer.turns.append(turns[0])
    with later(0.2, wait_and_stop):
        result = room.run(30.0)
    assert (result.ended, result.sealed, room.looks) == ("shutdown", 7, 3)
    room.environment = ActivityEnvironment()
    room.sealer.turns.extend([SealTurn(), StoreUnavailableError("gone"), SealTurn(sealed=9)])
    with later(0.2, room.environment.worker_shutdown):
        assert room.run(30.0).sealed == 0
    assert room.looks == 5


def test_what_does_not_fit_is_said_once_and_again_after_it_was_gone(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """By conference, place and reason; not at every turn."""
    stuck = SealTurn(
        more=True,
        left=(Misfit(ORIGIN, "task/T-0001", 3, 7, "tree", ""),),
        unsigned={ORIGIN: "root"},
        unkept={ORIGIN: "unwritable"},
    )
    room.sealer.turns += [stuck, stuck, SealTurn(more=True), stuck]
    with caplog.at_level(logging.WARNING):
        room.run(0.1)
    once = [
        f"not kept: {ORIGIN}, anchor: unwritable",
        f"not sealed: {ORIGIN}, task/T-0001 from 3: tree",
        f"not signed: {ORIGIN}, checkpoint: root",
    ]
    assert said(caplog) == once * 2
