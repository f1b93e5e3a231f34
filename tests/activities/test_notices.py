"""`deliver_notices` in an activity environment: every outcome, the store away, endings in time."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notices import NoticeActivities, NoticePorts, Pace
from lianxi.messages import DELIVER_NOTICES, MailroomInput
from lianxi.notices.bell import Bell
from lianxi.notices.outcomes import RoundResult
from lianxi.ports import Letter, PermanentRefusalError, StoreUnavailableError
from tests.notices.fakes import MemoryChannel, MemoryOutbox
from tests.notices.letters import a_due_notice, a_notice, notice_id

pytestmark = pytest.mark.timed

ORDER = MailroomInput(channel="memory")


class Room:
    """A mailroom on fakes; `run` lets a round last so many seconds and answers its result."""

    def __init__(self) -> None:
        self.outbox = MemoryOutbox()
        self.channel = MemoryChannel()
        self.bell = Bell()
        self.environment = ActivityEnvironment()
        self.zone_of: Callable[[str], str] = lambda _: "Asia/Shanghai"
        self.time = datetime.now(UTC)

    def add(self, number: int, unit: str = "U07", *, holds: bool = True) -> None:
        notice = a_notice(addressee=unit, about=unit)
        self.outbox.add(a_due_notice(number, notice, channel="memory", holds=holds))

    def run(self, seconds: float = 0.2, **pace: float) -> RoundResult:
        fields = {
            "idle": 0.02,
            "gather": 0.02,
            "look": 0.02,
            "beat": 0.01,
            "longest_pause": 0.02,
            **pace,
        }
        ports = NoticePorts(self.outbox, [self.channel], self.zone_of, lambda: self.time, self.bell)
        activities = NoticeActivities(ports, Pace(round=seconds, **fields))
        return self.environment.run(activities.deliver_notices, ORDER)

    @property
    def arrived(self) -> list[str]:
        return [letter.notice_id for letter in self.channel.letters]

    @property
    def settled(self) -> list[tuple[str, str, str]]:
        return [(o.notice_id, o.result, o.detail) for o in self.outbox.outcomes]


@pytest.fixture
def room() -> Room:
    return Room()


@contextmanager
def later(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Do something while a round runs."""
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_its_registration_is_that_of_the_message() -> None:
    """By the name in `messages`; cancelled by a flag, not by an exception between two steps."""
    definition = activity._Definition.must_from_callable(NoticeActivities.deliver_notices)
    assert definition.name == DELIVER_NOTICES
    assert definition.no_thread_cancel_exception


def test_what_is_due_is_sent_and_settled(room: Room) -> None:
    """More than one batch, each once, in order; the letter is the rendered one."""
    for number in range(10):
        room.add(number)
    assert room.run() == RoundResult(ended="time", sent=10)
    assert room.arrived == [notice_id(number) for number in range(10)]
    assert room.settled == [(notice_id(number), "sent", "") for number in range(10)]
    assert room.channel.letters[0].subject == "[T-0003] New task: Repair the gauges"
    assert "17:00 (Asia/Shanghai)" in room.channel.letters[0].body


def test_a_notice_that_no_longer_holds_is_not_sent(room: Room) -> None:
    """It becomes superseded; the one beside it is sent."""
    room.add(1, holds=False)
    room.add(2)
    assert room.run() == RoundResult(ended="time", sent=1, superseded=1)
    assert room.arrived == [notice_id(2)]
    assert (notice_id(1), "superseded", "") in room.settled


def test_a_permanent_refusal_fails_the_notice(room: Room) -> None:
    """With the channel's word, once; nothing tries it again."""
    room.channel.answers["U08"] = PermanentRefusalError("550")
    room.add(1, "U08")
    room.add(2)
    assert room.run() == RoundResult(ended="time", sent=1, failed=1)
    assert room.settled == [(notice_id(1), "failed", "550"), (notice_id(2), "sent", "")]


def test_a_transient_refusal_is_tried_again_later(room: Room) -> None:
    """Not before a minute of wall time has passed, later and later; then it arrives."""
    room.channel.away = True
    room.add(1)
    assert room.run() == RoundResult(ended="time", retry=1)
    assert room.settled == [(notice_id(1), "retry", "away")]
    room.time += timedelta(minutes=1.25)
    assert room.run().retry == 1
    first, second = (outcome.not_before for outcome in room.outbox.outcomes)
    assert first is not None
    assert second is not None
    assert second - room.time >= timedelta(minutes=2)
    room.channel.away = False
    room.time += timedelta(minutes=2.5)
    assert room.run().sent == 1


def test_a_store_that_is_away_is_waited_for_with_a_beating_heart(room: Room) -> None:
    """The round does not fail, and sends when the store is back."""
    beats: list[float] = []
    room.environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    room.outbox.outages = 4
    room.add(1)
    assert room.run(0.5, longest_pause=0.05).sent == 1
    assert len(beats) > 5


def test_a_round_that_works_keeps_its_heart_beating(room: Room) -> None:
    """Every turn is a sign of life, an idle one too."""
    beats: list[float] = []
    room.environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    room.run(0.6, silence=0.2)
    assert beats[-1] - beats[0] > 0.4


def test_zones_are_read_before_anything_is_sent(room: Room) -> None:
    """The store may go away between two reads: then nothing was sent that is not settled."""

    def away(_: str) -> str:
        raise StoreUnavailableError

    room.zone_of = away
    room.add(1)
    assert room.run().sent == 0
    assert room.arrived == []


def test_outcomes_that_could_not_be_recorded_are_offered_again(room: Room) -> None:
    """A letter is not sent twice because the store was away for a moment after sending."""
    room.add(1)
    send = room.channel.send

    def send_and_lose_the_store(letters: Sequence[Letter]) -> Sequence[Exception | None]:
        room.outbox.outages = 2
        return send(letters)

    room.channel.send = send_and_lose_the_store  # type: ignore[method-assign]
    assert room.run(0.5) == RoundResult(ended="time", sent=1)
    assert room.arrived == [notice_id(1)]
    assert room.settled == [(notice_id(1), "sent", "")]


def test_an_error_after_the_commit_sends_nothing_twice(room: Room) -> None:
    """The outcome offered again names a lease that is over, and is ignored."""
    room.outbox.forgetful = True
    room.add(1)
    room.run(0.3)
    assert room.arrived == [notice_id(1)]
    assert room.settled == [(notice_id(1), "sent", "")]


def test_one_odd_row_does_not_stop_the_others(room: Room) -> None:
    """A row that cannot be rendered is kept for a release that can."""
    room.zone_of = lambda origin: "No/Where" if origin.startswith("odd") else "UTC"
    odd = a_due_notice(1, channel="memory", origin="odd.example/lianxi/demo/0123456789abcdef")
    room.outbox.add(odd)
    room.add(2)
    assert room.run() == RoundResult(ended="time", sent=1, retry=1)
    assert (notice_id(1), "retry", "internal") in room.settled


def test_the_bell_shortens_idling(room: Room) -> None:
    """A notice written in this process is sent at once, though the next look is far away."""
    sent_at: list[float] = []
    send = room.channel.send

    def timed(letters: Sequence[Letter]) -> Sequence[Exception | None]:
        sent_at.append(time.monotonic())
        return send(letters)

    room.channel.send = timed  # type: ignore[method-assign]
    rung_at: list[float] = []

    def write_and_ring() -> None:
        room.add(1)
        rung_at.append(time.monotonic())
        room.bell.ring()

    with later(0.2, write_and_ring):
        room.run(0.6, idle=60.0, look=0.5)
    assert sent_at[0] - rung_at[0] < 0.1


def test_an_idle_round_looks_rarely(room: Room) -> None:
    """Idling costs the store a look per `idle`, not a busy loop."""
    room.run(0.3, idle=0.1)
    assert room.outbox.takes <= 5


@pytest.mark.parametrize("ending", ["shutdown", "cancelled"])
@pytest.mark.parametrize("outages", [0, 10**6])
def test_a_shutdown_or_cancellation_is_answered_within_a_second(
    room: Room, ending: str, outages: int
) -> None:
    """Also while the store is away; what is done is reported."""
    room.outbox.outages = outages
    stop = room.environment.worker_shutdown if ending == "shutdown" else room.environment.cancel
    with later(0.2, stop):
        began = time.monotonic()
        result = room.run(30.0, idle=10.0, look=0.5, longest_pause=30.0)
        took = time.monotonic() - began
    assert result.ended == ending
    assert took < 1.0


def test_a_channel_this_worker_does_not_know_may_be_known_by_another() -> None:
    """A retryable error: a worker with other settings takes it."""
    activities = NoticeActivities(
        NoticePorts(MemoryOutbox(), [], lambda _: "UTC", lambda: datetime.now(UTC), Bell())
    )
    with pytest.raises(ApplicationError) as raised:
        ActivityEnvironment().run(activities.deliver_notices, ORDER)
    assert not raised.value.non_retryable
    assert raised.value.type == "ChannelNotConfigured"


def test_a_pace_keeps_its_own_order() -> None:
    """Shutdown within a second, beats within the heartbeat timeout, pauses no sign of hanging."""
    pace = Pace()
    assert pace.look < 1.0
    assert pace.beat < 5.0
    assert pace.silence > pace.longest_pause
    assert pace.round < timedelta(hours=2).total_seconds()
