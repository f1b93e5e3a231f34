"""The request table: which commands were answered, so that a repeat gets its first receipt.

Streams layer. Temporal deduplicates within one run only; this table goes along from run to run. It
is bounded: beyond its size the oldest recorded entries go, and every command issued before them is
from then on answered `EXPIRED`. Whoever asks looks in the trail before believing that, so nothing
is done twice and nothing recorded is denied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.values import format_instant
from lianxi.messages import Receipt, RequestEntry
from lianxi.proof.commands import MAX_COMMAND_VALIDITY, SignedCommand
from lianxi.proof.refusals import ExpiredError
from lianxi.proof.validity import MAX_CLOCK_AHEAD
from lianxi.streams.refusals import BacklogFullError, RequestConflictError

MAX_BYTES = 320 << 10
"""What the table may take in a payload that is carried into the next run (2 MiB in all)."""

_ENTRY_BYTES = 330
"""Key, digest, instants and field names of an entry, beside its receipt."""


IN_TRAIL = ""
"""In place of a receipt: the command is recorded, and its receipt is made from the trail."""


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A recorded event that a command caused."""

    unit: str
    request_id: str
    payload_sha256: str
    seq: int
    at: datetime
    hash: str


class RequestTable:
    """Answered commands by (unit, request id).

    Invariant: an entry stays until its command has expired and its events are recorded, or until
    `floor` covers it.
    """

    def __init__(self, entries: dict[str, RequestEntry], floor: datetime | None) -> None:
        self.entries = dict(entries)
        self.floor = floor
        self._bytes = sum(map(_carried_bytes, self.entries.values()))

    def find(self, signed: SignedCommand, unit: str) -> Receipt | None:
        """The first receipt of this very command; None if it is new.

        Raises RequestConflictError if its id was another command's, ExpiredError if it is so old
        that the table may have forgotten it.
        """
        payload = signed.payload
        key = _key(unit, payload.request_id)
        entry = self.entries.get(key)
        if entry is None:
            if self.floor is not None and payload.issued_at <= self.floor:
                floor = format_instant(self.floor)
                raise ExpiredError(not_after=floor, now=floor)
            return None
        if entry.payload_sha256 != signed.digest:
            raise RequestConflictError(request_id=payload.request_id)
        if entry.receipt == IN_TRAIL:
            limit = format_instant(entry.not_after)
            raise ExpiredError(not_after=limit, now=limit)
        if not entry.told:
            self.entries[key] = entry.model_copy(update={"told": True})
        receipt = Receipt.model_validate_json(entry.receipt)
        return receipt.model_copy(update={"already": entry.told})

    @classmethod
    def of_stored(cls, before: "RequestTable", stored: Sequence[StoredRequest]) -> "RequestTable":
        """The table of a stream that goes on from stored events, and only from them.

        Receipts of what does not stand are forgotten; a stored command without one here is kept as
        an entry that sends whoever repeats it to the trail.
        """
        by_key: dict[str, list[StoredRequest]] = {}
        for one in stored:
            by_key.setdefault(_key(one.unit, one.request_id), []).append(one)
        hashes = {one.hash for one in stored}
        entries = {
            key: entry
            for key, entry in before.entries.items()
            if entry.receipt == IN_TRAIL
            or all(e.hash in hashes for e in Receipt.model_validate_json(entry.receipt).events)
        }
        for key, events in by_key.items():
            last = events[-1]
            if key not in entries:
                entries[key] = RequestEntry(
                    payload_sha256=last.payload_sha256,
                    issued_at=last.at,
                    not_after=last.at + MAX_COMMAND_VALIDITY + MAX_CLOCK_AHEAD,
                    last_seq=last.seq,
                    receipt=IN_TRAIL,
                )
        return cls(entries, before.floor)

    def knows(self, signed: SignedCommand, unit: str) -> bool:
        """Whether the id was used before; changes nothing."""
        return _key(unit, signed.payload.request_id) in self.entries

    def keep(self, signed: SignedCommand, unit: str, receipt: Receipt, *, told: bool) -> None:
        """Remember a command's receipt. `told`: whoever asked has it in hand."""
        entry = RequestEntry(
            payload_sha256=signed.digest,
            issued_at=signed.payload.issued_at,
            not_after=signed.payload.not_after,
            last_seq=receipt.events[-1].seq,
            receipt=receipt.model_dump_json(exclude_none=True),
            told=told,
        )
        self.entries[_key(unit, receipt.request_id)] = entry
        self._bytes += _carried_bytes(entry)

    def check_room(self, recorded_seq: int) -> None:
        """BacklogFullError when what may not be forgotten yet fills the table; changes nothing."""
        if self._bytes < MAX_BYTES:
            return
        held = [entry for entry in self.entries.values() if entry.last_seq > recorded_seq]
        if sum(map(_carried_bytes, held)) >= MAX_BYTES // 2:
            raise BacklogFullError

    def make_room(self, recorded_seq: int, now: datetime) -> None:
        """Forget what has expired and, beyond the size, the oldest of what is recorded."""
        if self._bytes < MAX_BYTES:
            return
        self.forget_expired(recorded_seq, now)
        recorded = sorted(
            (entry.issued_at, key)
            for key, entry in self.entries.items()
            if entry.last_seq <= recorded_seq
        )
        for issued_at, key in recorded:
            # down to the half, so that not every command has to make room
            if self._bytes <= MAX_BYTES // 2:
                break
            self._bytes -= _carried_bytes(self.entries.pop(key))
            self.floor = issued_at if self.floor is None else max(self.floor, issued_at)

    def forget_expired(self, recorded_seq: int, now: datetime) -> None:
        """Drop what can neither be repeated nor is waiting to be recorded."""
        self.entries = {
            key: entry
            for key, entry in self.entries.items()
            if entry.not_after >= now or entry.last_seq > recorded_seq
        }
        self._bytes = sum(map(_carried_bytes, self.entries.values()))


def _carried_bytes(entry: RequestEntry) -> int:
    """What an entry takes in a payload, where the quotes of its receipt are escaped."""
    return len(entry.receipt) + entry.receipt.count('"') + _ENTRY_BYTES


def _key(unit: str, request_id: str) -> str:
    return f"{unit}/{request_id}"
