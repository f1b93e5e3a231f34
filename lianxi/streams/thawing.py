"""How a frozen stream goes on: from the events that the trail holds (streams layer, pure).

A stream freezes when recording refuses its batch for good: another event stands in its place, or no
writer may offer the batch. A signed `thaw` names the last stored event in `expect`; the engine sends
the stored events along (they are not signed for one by one: whoever thaws vouches for their head,
and the chain for the rest). The stream checks the chain, folds the state from it, forgets what it
had sealed beyond, seals the rungs that are due on that state, the rosters it lacks, then
`TaskThawed` or `ConferenceThawed`.

For whoever derives events again (`rederive`): the event follows from its command like any other, its
`reason` is the command's; `discarded` and `first_discarded` tell of events that do not stand, so
they can be checked by nothing and are taken as they are. The envelope's `expect` must be the hash
of the last event before the rule events that stand directly before the thaw.
"""

import zlib
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import Rules
from lianxi.domain.task.commands import ThawStream
from lianxi.domain.task.deciding.case import check_role, is_office
from lianxi.domain.task.refusals import ConvenerDecidesError
from lianxi.messages import MAX_STORED_BYTES, MAX_STORED_TEXT, CommandMessage
from lianxi.proof.events import EventEnvelope, Head, check_link, head_after, open_event
from lianxi.proof.hashing import event_hash, sha256_hex
from lianxi.streams.admission import Admitted
from lianxi.streams.refusals import StoredUnfitError
from lianxi.streams.requests import StoredRequest


@dataclass(frozen=True, slots=True)
class StoredStream:
    """The events of a stream as the trail holds them, a gapless chain up to `head`."""

    head: Head
    events: tuple[tuple[EventEnvelope, str], ...]
    """Each with its hash."""

    @property
    def hashes(self) -> frozenset[str]:
        """Of all events."""
        return frozenset(each for _, each in self.events)

    @property
    def requests(self) -> list[StoredRequest]:
        """What commands caused."""
        return [
            StoredRequest(
                unit=event.actor.unit,
                request_id=event.cause.request_id,
                payload_sha256=event.cause.payload_sha256,
                seq=event.seq,
                at=event.at,
                hash=known,
            )
            for event, known in self.events
            if event.cause.request_id is not None and event.cause.payload_sha256 is not None
        ]


def pack(lines: Iterable[bytes]) -> str | None:
    """Stored events for `CommandMessage.stored`; None where they are too many to be sent."""
    plain = b"\n".join(lines)
    text = b64encode(zlib.compress(plain, 9)).decode("ascii")
    return text if len(plain) <= MAX_STORED_BYTES and len(text) <= MAX_STORED_TEXT else None


def unpack(message: CommandMessage, expect: str | None, origin: str, stream: str) -> StoredStream:
    """The stored events of a message, checked: bytes, addresses, links, and that they end in `expect`.

    Raises StoredUnfitError.
    """
    if message.stored is None or expect is None:
        raise StoredUnfitError(reason="missing")
    head: Head | None = None
    events: list[tuple[EventEnvelope, str]] = []
    for data in _lines(message.stored):
        try:
            event = open_event(data)
            check_link(head, event)
        except Refusal as refusal:
            raise StoredUnfitError(reason="events") from refusal
        if (event.origin, event.stream) != (origin, stream):
            raise StoredUnfitError(reason="events")
        head = head_after(event, event_hash(data))
        events.append((event, head.hash))
    if head is None or head.hash != expect:
        raise StoredUnfitError(reason="head")
    return StoredStream(head, tuple(events))


def check_roster(text: str | None, wanted: str) -> str:
    """The roster sent along, if it is the one in force at the end of the stored events."""
    if text is None or sha256_hex(text.encode()) != wanted:
        raise StoredUnfitError(reason="roster")
    return text


def roster_in_force(events: Sequence[tuple[EventEnvelope, str]], adopting: str) -> str:
    """The hash of the roster behind the last event of a task's stream.

    `adopting`: the kind of event that adopts another one, which holds from the next event on.
    """
    last = events[-1][0]
    return str(last.data["roster"]) if last.kind == adopting else last.roster


def _lines(stored: str) -> list[bytes]:
    try:
        packed = b64decode(stored, validate=True)
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(packed, MAX_STORED_BYTES + 1)
    except (BinasciiError, ValueError, zlib.error):
        raise StoredUnfitError(reason="encoding") from None
    if len(plain) > MAX_STORED_BYTES:
        raise StoredUnfitError(reason="size")
    if not unpacking.eof or unpacking.unused_data:
        raise StoredUnfitError(reason="encoding")
    return plain.split(b"\n")


def check_thaw(admitted: Admitted, rules: Rules) -> ThawStream:
    """The command, given in a role that may; RoleNotAllowedError, ConvenerDecidesError."""
    command = admitted.command
    if not isinstance(command, ThawStream):
        raise TypeError("only a thaw is judged here")
    check_role(admitted.order)
    if is_office(admitted.actor) and rules.convener_decides(command.action):
        raise ConvenerDecidesError(act=command.action)  # nothing can wait on a frozen stream
    return command
