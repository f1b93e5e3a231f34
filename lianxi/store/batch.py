"""A batch read and checked by itself, before any transaction (store layer, pure)."""

from dataclasses import dataclass

from lianxi.domain.refusal import Refusal
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.messages import RecordBatch
from lianxi.ports import BatchInvalidError
from lianxi.proof.commands import CommandPayload, open_command
from lianxi.proof.events import EventEnvelope, Head, check_link, head_after, open_event
from lianxi.proof.hashing import event_hash


@dataclass(frozen=True, slots=True)
class OfferedEvent:
    """An event with the bytes it was offered in."""

    event: EventEnvelope
    hash: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OfferedCommand:
    """The envelope of a causing command, opened."""

    payload_sha256: str
    payload: CommandPayload
    text: str


@dataclass(frozen=True, slots=True)
class OfferedBatch:
    """A batch whose hashes fit its bytes and whose events follow one another."""

    origin: str
    stream: str
    events: tuple[OfferedEvent, ...]
    commands: dict[str, OfferedCommand]


def read_batch(batch: RecordBatch) -> OfferedBatch:
    """Check all of a batch that needs no store.

    Raises BatchInvalidError: a hash that does not fit, an event of another stream, a broken link
    inside the batch, an envelope under a wrong digest, a stream that only the store writes.
    """
    if batch.stream != CONFERENCE_STREAM and task_of_stream(batch.stream) is None:
        raise BatchInvalidError(batch.stream, "stream")
    try:
        events = tuple(_read_event(batch, sealed.text, sealed.hash) for sealed in batch.events)
        _check_links(events)
        commands = {given.payload_sha256: _read_command(given.text) for given in batch.envelopes}
    except Refusal as refusal:
        raise BatchInvalidError(batch.stream, refusal.code) from refusal
    for digest, command in commands.items():
        if command.payload_sha256 != digest or command.payload.origin != batch.origin:
            raise BatchInvalidError(batch.stream, "envelope")
    return OfferedBatch(batch.origin, batch.stream, events, commands)


def _read_event(batch: RecordBatch, text: str, claimed: str) -> OfferedEvent:
    data = text.encode("utf-8", "surrogatepass")
    if event_hash(data) != claimed:
        raise BatchInvalidError(batch.stream, "hash")
    event = open_event(data)
    if (event.origin, event.stream) != (batch.origin, batch.stream):
        raise BatchInvalidError(batch.stream, "address")
    return OfferedEvent(event, claimed, data)


def _check_links(events: tuple[OfferedEvent, ...]) -> None:
    previous: Head | None = None
    for offered in events:
        if previous is not None:
            check_link(previous, offered.event)
        previous = head_after(offered.event, offered.hash)


def _read_command(text: str) -> OfferedCommand:
    signed = open_command(text)
    return OfferedCommand(signed.digest, signed.payload, signed.text)
