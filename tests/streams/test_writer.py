"""The stream's writer: bounds of batches and tails, the request table, what is carried along."""

from datetime import UTC, datetime, timedelta

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.domain.task import events as ev
from lianxi.domain.values import Actor, Frozen, Role
from lianxi.messages import MAX_BATCH_BYTES, MAX_TAIL_BYTES, RecordResult, StreamCarry
from lianxi.proof.commands import SignedCommand, open_command
from lianxi.proof.events import open_event
from lianxi.proof.rosters import roster_bytes
from lianxi.streams.requests import MAX_BYTES
from lianxi.streams.writer import RecordMismatchError, StreamWriter, by_command, by_rule
from tests.parties import Parties, text_commitment

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
PARTIES = Parties(units=("U01",))
EVENT = ev.AssignmentAcknowledged(unit="U01")


def writer() -> StreamWriter:
    return StreamWriter(PARTIES.origin, "task/T-0001", roster_bytes(PARTIES.roster).decode())


def signed(number: int, *, padding: int = 0) -> SignedCommand:
    """The `number`-th command, a second after the one before."""
    args = {"padding": "x" * padding} if padding else {}
    request_id = f"{number:08x}-0000-7000-8000-000000000000"
    issued = NOW + timedelta(seconds=number)
    return open_command(
        PARTIES.sign("U01", "task/T-0001", "acknowledge", args, now=issued, request_id=request_id)
    )


def take(
    stream: StreamWriter, number: int, *, padding: int = 0, checked: bool = True
) -> SignedCommand:
    """One accepted command with one event."""
    command = signed(number, padding=padding)
    if checked:
        stream.check_open()
    actor = Actor(unit="U01", role=Role.UNIT, key_id=command.payload.key_id)
    sealed = stream.seal((EVENT,), by_command(actor, command), NOW)
    stream.remember(command, "U01", sealed)
    return command


def record_all(stream: StreamWriter) -> int:
    """The store confirms everything; in how many batches."""
    batches = 0
    while stream.waiting:
        batch = stream.next_batch()
        last = open_event(batch.events[-1].text.encode())
        stream.confirm(batch, RecordResult(seq=last.seq, hash=batch.events[-1].hash))
        batches += 1
    return batches


def payload_bytes(model: Frozen) -> int:
    """What Temporal's payload of a model takes."""
    return len(model.model_dump_json().encode())


def test_a_batch_stays_within_its_bounds_with_its_envelopes() -> None:
    """128 events, and 1 MiB as encoded, however long the envelopes are."""
    stream = writer()
    for number in range(100):
        take(stream, number, padding=9_000, checked=False)
    batch = stream.next_batch()
    assert payload_bytes(batch) <= MAX_BATCH_BYTES * 1.01
    assert 1 < len(batch.events) < 100
    assert len(batch.envelopes) == len(batch.events)
    assert record_all(stream) > 1
    for number in range(100, 300):
        take(stream, number)
    assert len(stream.next_batch().events) == 128


def batches_of(stream: StreamWriter, whole: bool = True) -> list[list[int]]:
    """Until all is recorded: the index of each event within its cause, batch by batch."""
    batches = []
    while stream.waiting:
        batch = stream.next_batch(lambda: whole)
        events = [open_event(event.text.encode()) for event in batch.events]
        assert {e.cause.payload_sha256 for e in events} - {None} == {
            envelope.payload_sha256 for envelope in batch.envelopes
        }
        stream.confirm(batch, RecordResult(seq=events[-1].seq, hash=batch.events[-1].hash))
        batches.append([event.cause.index for event in events])
    return batches


def commands_of(*counts: int) -> StreamWriter:
    """A stream of commands with so many events each."""
    stream = writer()
    for number, count in enumerate(counts):
        command = signed(number)
        actor = Actor(unit="U01", role=Role.UNIT, key_id=command.payload.key_id)
        stream.seal((EVENT,) * count, by_command(actor, command), NOW)
    return stream


def test_a_batch_ends_with_a_whole_command() -> None:
    """Whoever reads between two batches sees no half of one; each batch brings its envelopes."""
    assert list(map(len, batches_of(commands_of(*[3] * 50)))) == [126, 24]
    assert list(map(len, batches_of(commands_of(128, 1)))) == [128, 1]


def test_a_command_beyond_a_batch_is_torn_alone() -> None:
    """What stood before it goes first; the bounds hold."""
    batches = batches_of(commands_of(5, 200, 3))
    assert list(map(len, batches)) == [5, 128, 75]
    assert batches[1] == list(range(128))


def test_a_run_that_tore_commands_goes_on_so() -> None:
    """It is asked only where the two ways differ: its store has recorded what its history says."""
    assert list(map(len, batches_of(commands_of(*[3] * 50), whole=False))) == [128, 22]
    asked: list[bool] = []
    commands_of(*[4] * 40).next_batch(lambda: asked.append(True) is None)
    assert asked == []


def test_the_tail_is_bounded_as_encoded() -> None:
    """Beyond a mebibyte of unrecorded events and envelopes commands are refused as retryable."""
    stream = writer()
    with pytest.raises(Refusal) as refusal:
        for number in range(400):
            take(stream, number, padding=9_000)
    assert refusal.value.code == "BACKLOG_FULL"
    assert payload_bytes(stream.carry(NOW)) < MAX_TAIL_BYTES + (200 << 10)
    record_all(stream)
    take(stream, 500)


def test_a_carried_writer_goes_on_where_it_was() -> None:
    """Head, tail, requests and the recorded place survive the change of runs, through JSON."""
    stream = writer()
    command = take(stream, 1)
    batch = stream.next_batch()
    take(stream, 2)
    carry = StreamCarry.model_validate_json(stream.carry(NOW).model_dump_json())
    resumed = StreamWriter.resume(PARTIES.origin, "task/T-0001", carry)
    assert resumed.head == stream.head
    assert resumed.next_batch() == stream.next_batch()
    assert resumed.requests.find(command, "U01") is not None
    resumed.confirm(batch, RecordResult(seq=1, hash=batch.events[-1].hash))
    assert resumed.tail_length == 1
    assert resumed._tail_bytes == take_tail_bytes(stream, batch)


def take_tail_bytes(stream: StreamWriter, batch: object) -> int:
    """The tail's size of a writer that never was carried, after the same confirmation."""
    stream.confirm(batch, RecordResult(seq=1, hash=batch.events[-1].hash))  # type: ignore[attr-defined, arg-type]
    return stream._tail_bytes


def test_a_store_that_recorded_something_else_stops_the_run() -> None:
    """Another hash or another place is a plain exception: the workflow task fails."""
    stream = writer()
    take(stream, 1)
    batch = stream.next_batch()
    for wrong in (
        RecordResult(seq=2, hash=batch.events[-1].hash),
        RecordResult(seq=1, hash="0" * 64),
    ):
        with pytest.raises(RecordMismatchError):
            stream.confirm(batch, wrong)


def table_bytes(stream: StreamWriter) -> int:
    """What the request table takes in a carried payload."""
    carry = stream.carry(NOW)
    return payload_bytes(carry) - payload_bytes(carry.model_copy(update={"requests": {}}))


def test_the_request_table_forgets_what_is_recorded_and_says_so() -> None:
    """More commands in a day than it holds: none is refused, an old repeat is EXPIRED."""
    stream = writer()
    commands = []
    for number in range(1_000):
        commands.append(take(stream, number))
        record_all(stream)
    assert table_bytes(stream) <= MAX_BYTES * 1.05
    receipt = stream.requests.find(commands[-1], "U01")
    assert receipt is not None
    assert receipt.already
    with pytest.raises(Refusal) as refusal:
        stream.requests.find(commands[0], "U01")
    assert refusal.value.code == "EXPIRED"


def test_requests_that_are_not_recorded_are_never_forgotten() -> None:
    """Too many of them refuse new ones as retryable, and all fits what a run can carry."""
    stream = writer()
    with pytest.raises(Refusal) as refusal:
        for number in range(5_000):
            take(stream, number)
    assert refusal.value.code == "BACKLOG_FULL"
    assert stream.requests.find(signed(0), "U01") is not None
    assert payload_bytes(stream.carry(NOW)) < (1 << 20)


def test_a_streams_time_never_steps_back() -> None:
    """Another worker's clock may."""
    stream = writer()
    (first,) = stream.seal((EVENT,), by_rule("overdue"), NOW)
    (second,) = stream.seal((EVENT,), by_rule("overdue"), NOW - timedelta(hours=1))
    assert second.at == first.at


def test_one_id_for_two_commands_is_a_conflict() -> None:
    """The same request id under another payload."""
    stream = writer()
    take(stream, 1)
    other = open_command(
        PARTIES.sign(
            "U01",
            "task/T-0001",
            "progress",
            {"text": text_commitment("x")},
            now=NOW,
            request_id="00000001-0000-7000-8000-000000000000",
        )
    )
    with pytest.raises(Refusal) as refusal:
        stream.requests.find(other, "U01")
    assert refusal.value.code == "REQUEST_CONFLICT"
