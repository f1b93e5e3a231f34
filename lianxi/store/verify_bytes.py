"""Hashes and links of every event, by a scan that parses nothing (store layer).

Why that is safe. An event's bytes are one JSON object in canonical form, whose keys are sorted; the
last of them are `origin`, `prev`, `roster`, `seq`, `stream`, `v`, and all of these but `seq` have a
fixed length or are known. So they are compared at their places from the end: the last byte closes
the outermost object, hence what stands before it is that object's own, whatever the data hold. That
the rest is canonical, and means what it says, is what the deeper looks are for; here it is proven
that the bytes are those that were hashed, and that each stream is a chain without a gap.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Protocol

from sqlalchemy import Connection

from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.verification import Finding, place_of

_EVENTS = "SELECT origin, stream, seq, hash, data FROM events ORDER BY position"
_FETCH = 4_096
_ROSTER = 64
"""Hex digits of a roster's hash, which stands between `prev` and `seq`."""


class Counting(Protocol):
    """Where the number of events looked at goes."""

    events: int


class _Chain:
    """One stream so far: its last event, and the bytes around what every next one has to say."""

    __slots__ = ("before", "hash", "prefix", "seq", "suffix")

    def __init__(self, origin: str, stream: str) -> None:
        self.prefix = f',"origin":"{origin}","prev":"'.encode()
        self.suffix = f',"stream":"{stream}","v":1}}'.encode()
        self.follow(0, ZERO_HASH)

    def follow(self, seq: int, digest: str) -> None:
        """Go on behind this event."""
        self.seq, self.hash = seq, digest
        self.before = b'%b%b","roster":"' % (self.prefix, digest.encode())


def bytes_findings(connection: Connection, counting: Counting) -> Iterator[Finding]:
    """Codes HASH_MISMATCH, GAP, LINK_BROKEN, ADDRESS_MISMATCH."""
    chains: dict[tuple[str, str], _Chain] = {}
    # the driver's own cursor: a row of a million costs as little as it can
    cursor = connection.connection.cursor()
    cursor.execute(_EVENTS)
    while rows := cursor.fetchmany(_FETCH):
        counting.events += len(rows)
        for origin, stream, seq, digest, data in rows:
            chain = chains.get((origin, stream))
            if chain is None:
                chain = chains[origin, stream] = _Chain(origin, stream)
            tail = b'","seq":%d%b' % (seq, chain.suffix)
            before = chain.before
            if (
                sha256(b"\x00" + data).hexdigest() != digest
                or seq != chain.seq + 1
                or not data.endswith(tail)
                # of bytes too short for it the start is negative, and then nothing fits there
                or not data.startswith(before, len(data) - len(tail) - _ROSTER - len(before))
            ):
                yield from _named(origin, stream, seq, digest, data, chain)
            chain.follow(seq, digest)


def _named(
    origin: str, stream: str, seq: int, digest: str, data: bytes, chain: _Chain
) -> Iterator[Finding]:
    place = place_of(origin, stream, seq)
    if sha256(b"\x00" + data).hexdigest() != digest:
        yield Finding("HASH_MISMATCH", place)
    if seq != chain.seq + 1:
        yield Finding("GAP", place, f"after {chain.seq}")
        return
    tail = b'","seq":%d%b' % (seq, chain.suffix)
    if not data.endswith(tail):
        yield Finding("ADDRESS_MISMATCH", place)
        return
    start = len(data) - len(tail) - _ROSTER - len(chain.before)
    if start < 0 or not data.startswith(chain.before, start):
        yield Finding("LINK_BROKEN", place)
