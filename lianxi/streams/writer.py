"""The single writer of one stream: head, roster, request table, and what waits to be recorded.

Streams layer: mutable, but without clock or I/O. A workflow owns exactly one writer; instants come
in as arguments.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.engine import FIRST_ENGINE, NEWEST_ENGINE
from lianxi.domain.roster import Roster
from lianxi.domain.values import SYSTEM, Actor, Frozen
from lianxi.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_TAIL_BYTES,
    CausingEnvelope,
    Receipt,
    ReceiptEvent,
    RecordBatch,
    RecordResult,
    StreamCarry,
)
from lianxi.proof.commands import SignedCommand
from lianxi.proof.events import (
    Basis,
    Cause,
    EventEnvelope,
    Head,
    SealedEvent,
    head_after,
    open_event,
    seal,
)
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.rosters import roster_bytes, shared_roster
from lianxi.streams.refusals import BacklogFullError, FrozenError
from lianxi.streams.requests import RequestTable, StoredRequest

ENGINE = NEWEST_ENGINE
"""What observations carry: nothing was decided, so nothing depends on a version of the rules."""


class RecordMismatchError(RuntimeError):
    """The store recorded other bytes than this run sealed: code or history was changed.

    Raised as a plain exception on purpose: the workflow task fails and is retried, so that a
    replay, live or in CI, stops instead of forking the stream.
    """


@dataclass(frozen=True, slots=True)
class Authority:
    """In whose name and on what ground events are sealed."""

    actor: Actor
    basis: Basis
    signed: SignedCommand | None = None
    timer: str | None = None


def by_command(actor: Actor, signed: SignedCommand) -> Authority:
    """Events that a signed command caused."""
    return Authority(actor, "command", signed=signed)


def by_rule(timer: str) -> Authority:
    """Events that a rule caused by itself."""
    return Authority(SYSTEM, "rule", timer=timer)


OBSERVED = Authority(SYSTEM, "observation")
"""Events that rest on the operator's word alone."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event just sealed, with what the fold needs of it."""

    seq: int
    at: datetime
    hash: str
    data: Frozen


class StreamWriter:
    """Seals events one after another and keeps them until the store has them.

    Invariants: `head` is the last sealed event; the unrecorded tail is gapless and ends at `head`;
    an answered command stays in the request table until it has expired and is recorded.
    """

    def __init__(
        self, origin: str, stream: str, roster_text: str, engine: int | None = None
    ) -> None:
        """`engine`: by which version of the rules the stream decides; None is the first one."""
        self.origin = origin
        self.stream = stream
        self.engine = FIRST_ENGINE if engine is None else engine
        self.head: Head | None = None
        self.frozen = False
        self._adopt(roster_text)
        self._recorded_seq = 0
        self._unrecorded: list[SealedEvent] = []
        self._tail_bytes = 0
        self._envelopes: dict[str, CausingEnvelope] = {}
        self.requests = RequestTable({}, None)

    @classmethod
    def resume(
        cls, origin: str, stream: str, carry: StreamCarry, engine: int | None = None
    ) -> "StreamWriter":
        """The writer as the run before left it; the version of the rules may be a newer one."""
        writer = cls(origin, stream, carry.roster, engine)
        writer.head = carry.head
        writer.frozen = carry.frozen
        writer._recorded_seq = carry.recorded_seq
        writer._unrecorded = list(carry.unrecorded)
        writer._envelopes = {envelope.payload_sha256: envelope for envelope in carry.envelopes}
        writer._tail_bytes = sum(map(_carried_bytes, carry.unrecorded))
        writer._tail_bytes += sum(map(_carried_bytes, carry.envelopes))
        writer.requests = RequestTable(carry.requests, carry.requests_floor)
        return writer

    def continued_from(
        self, head: Head, roster_text: str, stored: Sequence[StoredRequest]
    ) -> "StreamWriter":
        """A writer that goes on behind `head`, which is stored; this one stays as it is.

        Nothing waits to be recorded there. `stored`: what commands caused up to `head`.
        """
        writer = StreamWriter(self.origin, self.stream, roster_text, self.engine)
        writer.head = head
        writer._recorded_seq = head.seq
        writer.requests = RequestTable.of_stored(self.requests, stored)
        return writer

    def sealed_beyond(self, stored: Collection[str]) -> list[str]:
        """Hashes of the events that wait to be recorded and are not among the stored ones."""
        return [event.hash for event in self._unrecorded if event.hash not in stored]

    def carry(self, now: datetime) -> StreamCarry:
        """What the next run needs; expired and recorded requests stay behind."""
        self.requests.forget_expired(self._recorded_seq, now)
        return StreamCarry(
            head=self.head,
            recorded_seq=self._recorded_seq,
            roster=self._roster_text,
            requests=self.requests.entries,
            requests_floor=self.requests.floor,
            unrecorded=tuple(self._unrecorded),
            envelopes=tuple(self._envelopes.values()),
            frozen=self.frozen,
        )

    # --- roster ---

    @property
    def roster(self) -> Roster:
        """The roster this stream has adopted."""
        return shared_roster(self._roster_text)

    def adopt(self, roster: Roster) -> str:
        """Judge what follows under this roster; answers its hash."""
        self._adopt(roster_bytes(roster).decode())
        return self.roster_hash

    def _adopt(self, roster_text: str) -> None:
        self._roster_text = roster_text
        self.roster_hash = sha256_hex(roster_text.encode())

    # --- the request table ---

    def remember(
        self,
        signed: SignedCommand,
        unit: str,
        sealed: Sequence[Sealed],
        *,
        task: str | None = None,
        told: bool = True,
    ) -> Receipt:
        """The receipt of the command that caused `sealed`, kept for repeats.

        `told`: the caller has this receipt in hand; otherwise the first look-up is the first answer.
        """
        receipt = Receipt(
            request_id=signed.payload.request_id,
            payload_sha256=signed.digest,
            origin=self.origin,
            stream=self.stream,
            action=signed.payload.action,
            at=sealed[-1].at,
            events=tuple(
                ReceiptEvent(seq=event.seq, kind=type(event.data).__name__, hash=event.hash)
                for event in sealed
            ),
            task=task,
        )
        self.requests.make_room(self._recorded_seq, sealed[-1].at)
        self.requests.keep(signed, unit, receipt, told=told)
        return receipt

    # --- sealing ---

    def instant(self, now: datetime) -> datetime:
        """The stream's present: a worker's clock may step back, a stream's time does not."""
        return now if self.head is None else max(now, self.head.at)

    def check_open(self) -> None:
        """FrozenError after a fork; BacklogFullError beyond what may wait or be carried along.

        Changes nothing: validators ask too, and they do not run again on replay.
        """
        if self.frozen:
            raise FrozenError(stream=self.stream)
        if self._tail_bytes > MAX_TAIL_BYTES:
            raise BacklogFullError(stream=self.stream)
        self.requests.check_room(self._recorded_seq)

    def seal(
        self,
        events: tuple[Frozen, ...],
        authority: Authority,
        now: datetime,
        *,
        happened_at: datetime | None = None,
    ) -> list[Sealed]:
        """Seal `events` in order: they are decided, and stand from here on."""
        signed = authority.signed
        if signed is not None and signed.digest not in self._envelopes:
            causing = CausingEnvelope(payload_sha256=signed.digest, text=signed.text)
            self._envelopes[signed.digest] = causing
            self._tail_bytes += _carried_bytes(causing)
        return [
            self._seal_one(data, authority, now, (index, len(events)), happened_at)
            for index, data in enumerate(events)
        ]

    def _seal_one(
        self,
        data: Frozen,
        authority: Authority,
        now: datetime,
        place: tuple[int, int],
        happened_at: datetime | None,
    ) -> Sealed:
        head = self.head
        signed = authority.signed
        envelope = EventEnvelope(
            engine=self.engine,
            origin=self.origin,
            stream=self.stream,
            seq=1 if head is None else head.seq + 1,
            kind=type(data).__name__,
            at=self.instant(now),
            happened_at=happened_at,
            actor=authority.actor,
            basis=authority.basis,
            cause=Cause(
                request_id=signed.payload.request_id if signed else None,
                payload_sha256=signed.digest if signed else None,
                timer=authority.timer,
                index=place[0],
                count=place[1],
            ),
            roster=self.roster_hash,
            data=data.model_dump(mode="json", exclude_none=True),
            prev=ZERO_HASH if head is None else head.hash,
        )
        sealed = seal(envelope)
        self.head = head_after(envelope, sealed.hash)
        self._unrecorded.append(sealed)
        self._tail_bytes += _carried_bytes(sealed)
        return Sealed(envelope.seq, envelope.at, sealed.hash, data)

    # --- recording ---

    @property
    def waiting(self) -> bool:
        """Whether something waits to be recorded and may be."""
        return bool(self._unrecorded) and not self.frozen

    @property
    def tail_length(self) -> int:
        """How many sealed events the store has not confirmed."""
        return len(self._unrecorded)

    def unrecorded(self, event_hash: str) -> SealedEvent | None:
        """A sealed event by its hash while it still waits."""
        return next((event for event in self._unrecorded if event.hash == event_hash), None)

    def next_batch(self, whole: Callable[[], bool] = lambda: True) -> RecordBatch:
        """The oldest unrecorded events: at most 128 and 1 MiB, with the envelopes behind them.

        Cut behind the last event of a cause, so that nobody who reads between two batches sees half
        a command; only a cause beyond these bounds is torn. `whole` is asked where that makes a
        difference: a run whose store was told otherwise has to cut as it did.
        """
        events: list[SealedEvent] = []
        behind: list[dict[str, CausingEnvelope]] = []
        wanted: set[str] = set()
        size = 0
        for event in self._unrecorded[:MAX_BATCH_EVENTS]:
            new = {
                digest: envelope
                for digest, envelope in self._envelopes.items()
                if digest not in wanted and digest in event.text
            }
            size += _carried_bytes(event) + sum(map(_carried_bytes, new.values()))
            if events and size > MAX_BATCH_BYTES:
                break
            events.append(event)
            behind.append(new)
            wanted |= new.keys()
        cut = _whole_causes(events)
        if not 0 < cut < len(events) or not whole():
            cut = len(events)
        return RecordBatch(
            origin=self.origin,
            stream=self.stream,
            events=tuple(events[:cut]),
            envelopes=tuple(envelope for new in behind[:cut] for envelope in new.values()),
        )

    def confirm(self, batch: RecordBatch, result: RecordResult) -> None:
        """The store has the batch. RecordMismatchError unless it ends in the very same event."""
        expected = self._recorded_seq + len(batch.events)
        if (result.seq, result.hash) != (expected, batch.events[-1].hash):
            raise RecordMismatchError(
                f"{self.stream}: store has {result.seq} {result.hash},"
                f" this run sealed {expected} {batch.events[-1].hash}"
            )
        self._recorded_seq = result.seq
        done, self._unrecorded = (
            self._unrecorded[: len(batch.events)],
            self._unrecorded[len(batch.events) :],
        )
        self._tail_bytes -= sum(map(_carried_bytes, done))
        for envelope in batch.envelopes:
            # an envelope may have caused events beyond this batch
            if not any(envelope.payload_sha256 in event.text for event in self._unrecorded):
                del self._envelopes[envelope.payload_sha256]
                self._tail_bytes -= _carried_bytes(envelope)


def _whole_causes(events: Sequence[SealedEvent]) -> int:
    """How many of them, from the first on, end with the last event of their cause."""
    for length in range(len(events), 0, -1):
        cause = open_event(events[length - 1].text.encode()).cause
        if cause.index + 1 == cause.count:
            return length
    return 0


def _carried_bytes(item: SealedEvent | CausingEnvelope) -> int:
    """What an event or envelope takes inside a payload, where its quotes are escaped."""
    text = item.text
    return len(text.encode()) + text.count('"') + text.count("\\") + _FIELD_BYTES


_FIELD_BYTES = 100
"""Digest, field names and punctuation around a text."""
