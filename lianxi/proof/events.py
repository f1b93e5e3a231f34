"""Events as bytes: sealed, opened, linked into streams (proof layer).

An event is stored and hashed as its exact canonical bytes (docs/event-model.md). What its `data`
means is the domain's; here it is a plain JSON object.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lianxi.domain.values import (
    Actor,
    Frozen,
    Instant,
    Origin,
    RequestId,
    Sha256Hex,
    StreamName,
)
from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.refusals import (
    EventPrevError,
    EventSequenceError,
    EventStreamError,
    EventTimeError,
    EventTooLargeError,
)
from lianxi.proof.wire import JsonObject, read_model, wire_bytes

MAX_EVENT_BYTES = 65_535

Basis = Literal["command", "rule", "observation"]


class Cause(Frozen):
    """What brought the event about, and which of the cause's `count` events it is (from 0).

    A command: its request id and payload digest. A rule: its timer's name.
    """

    request_id: RequestId | None = None
    payload_sha256: Sha256Hex | None = None
    timer: Annotated[str, Field(pattern=r"\A[A-Za-z0-9][A-Za-z0-9:/._-]{0,127}\z")] | None = None
    index: int = Field(ge=0)
    count: int = Field(ge=1)

    @model_validator(mode="after")
    def _index_within_count(self) -> Self:
        if self.index >= self.count:
            raise ValueError("index counts from 0 to count - 1")
        return self


class EventEnvelope(Frozen):
    """One event with all that its hash covers. `engine`: the version of decide that made it."""

    v: Literal[1] = 1
    engine: int = Field(ge=1)
    origin: Origin
    stream: StreamName
    seq: int = Field(ge=1)
    kind: Annotated[str, Field(pattern=r"\A[A-Z][A-Za-z0-9]{0,63}\z")]
    at: Instant
    happened_at: Instant | None = None
    actor: Actor
    basis: Basis
    cause: Cause
    roster: Sha256Hex
    data: JsonObject
    prev: Sha256Hex

    @model_validator(mode="after")
    def _cause_fits_basis(self) -> Self:
        cause = self.cause
        by_command = cause.request_id is not None and cause.payload_sha256 is not None
        by_timer = cause.timer is not None
        if self.basis == "command" and (not by_command or by_timer or self.actor.key_id is None):
            raise ValueError("a command's event names key, request id and payload, and no timer")
        if self.basis == "rule" and (by_command or not by_timer):
            raise ValueError("a rule's event names its timer and no command")
        return self


class SealedEvent(Frozen):
    """An event as it is stored: its bytes as text, and their hash."""

    text: str
    hash: Sha256Hex


class Head(Frozen):
    """The last event of a stream, as much of it as the next one must fit."""

    origin: Origin
    stream: StreamName
    seq: int = Field(ge=1)
    hash: Sha256Hex
    at: Instant


def seal(event: EventEnvelope) -> SealedEvent:
    """The exact bytes of an event and their hash.

    Raises EventTooLargeError beyond 65,535 bytes, and the refusals of `canonical.dumps`.
    """
    data = wire_bytes(event)
    if len(data) > MAX_EVENT_BYTES:
        raise EventTooLargeError(size=len(data), limit=MAX_EVENT_BYTES)
    return SealedEvent(text=data.decode("utf-8"), hash=event_hash(data))


def open_event(data: bytes) -> EventEnvelope:
    """The event that has exactly these bytes; raises the refusals of `wire.read_model`."""
    return read_model(EventEnvelope, data, max_bytes=MAX_EVENT_BYTES)


def head_after(event: EventEnvelope, sealed_hash: str) -> Head:
    """The stream's head once `event` stands."""
    return Head(
        origin=event.origin, stream=event.stream, seq=event.seq, hash=sealed_hash, at=event.at
    )


def check_link(previous: Head | None, event: EventEnvelope) -> None:
    """Whether `event` may follow `previous` (None: it begins its stream).

    Raises EventSequenceError (from 1, no gaps), EventPrevError, EventTimeError (`at` never
    decreases), EventStreamError (another origin or stream).
    """
    seq, prev, at = _expected(previous)
    if event.seq != seq:
        raise EventSequenceError(expected=seq, found=event.seq)
    if event.prev != prev:
        raise EventPrevError(seq=event.seq)
    if at is not None and event.at < at:
        raise EventTimeError(seq=event.seq)
    if previous is not None and (event.origin, event.stream) != (previous.origin, previous.stream):
        raise EventStreamError(seq=event.seq)


def _expected(previous: Head | None) -> tuple[int, str, datetime | None]:
    if previous is None:
        return 1, ZERO_HASH, None
    return previous.seq + 1, previous.hash, previous.at
