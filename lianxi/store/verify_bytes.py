"""Hashes and links of every event, by a scan that parses nothing (store layer).

Why that is safe. An event's bytes are one JSON object in canonical form, whose keys are sorted; the
last of them are `origin`, `prev`, `roster`, `seq`, `stream`, `v`, and all of these but `seq` have a
fixed length or are known. So they are compared at their places from the end: the last byte closes
the outermost object, hence what stands before it is that object's own, whatever the data hold. That
the rest is canonical, and means what it says, is what the deeper looks are for; here it is proven
that the bytes are those that were hashed, and that each stream is a chain without a gap.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import Connection

from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.verification import Finding, place_of
from lianxi.store.dialect import any_text

_EVENTS = "SELECT origin, stream, seq, hash, data FROM events ORDER BY position"
_FETCH = 64
"""Rows read at a time: what the processor's cache holds until it is hashed."""
_ROSTER = 64
"""Hex digits of a roster's hash, which stands between `prev` and `seq`."""


class Counting(Protocol):
    """Where the number of events looked at goes."""

    events: int


class _Chain:
    """One stream so far: its last event, and the bytes around what every next one has to say."""

    __slots__ = ("hash", "origin", "roster", "seq", "suffix")

    def __init__(self, origin: bytes, stream: bytes) -> None:
        self.origin = b',"origin":"%b","prev":"' % origin
        self.suffix = b',"stream":"%b","v":1}' % stream
        self.roster = b""
        self.seq, self.hash = 0, ZERO_HASH.encode()

    def follow_roster(self, seq: int, data: bytes) -> None:
        """Expect the roster of this event with the next ones: it changes a few times a year."""
        end = len(data) - len(b'","seq":%d%b' % (seq, self.suffix))
        self.roster = b'","roster":"%b","seq":' % data[max(end - _ROSTER, 0) : max(end, 0)]


def bytes_findings(connection: Connection, counting: Counting) -> Iterator[Finding]:
    """Codes HASH_MISMATCH, GAP, LINK_BROKEN, ADDRESS_MISMATCH."""
    conferences: dict[bytes, dict[bytes, _Chain]] = {}
    conference: bytes | None = None
    chains: dict[bytes, _Chain] = {}
    # the driver's own cursor: a row of a million costs as little as it can
    cursor = connection.connection.cursor()
    cursor.execute(_EVENTS)
    while rows := _fetch(connection, cursor):
        counting.events += len(rows)
        for origin, stream, seq, digest, data in rows:
            if origin != conference:
                conference, chains = origin, conferences.setdefault(origin, {})
            chain = chains.get(stream)
            if chain is None:
                chain = chains[stream] = _Chain(origin, stream)
            # put together with "+", which takes half as long as "%"
            expected = chain.origin + chain.hash + chain.roster + str(seq).encode() + chain.suffix
            if (
                seq != chain.seq + 1
                or not data.endswith(expected)
                or sha256(b"\x00" + data).hexdigest().encode() != digest
            ):
                yield from _named(origin, stream, seq, digest, data, chain)
                chain.follow_roster(seq, data)
            chain.seq, chain.hash = seq, digest


def _fetch(connection: Connection, cursor: Any) -> Sequence[Any]:
    """Rows with their texts as bytes: to make a text of them takes longer than to hash the event."""
    if connection.dialect.name != "sqlite":
        return [
            (origin.encode(), stream.encode(), seq, digest.encode(), bytes(data))
            for origin, stream, seq, digest, data in cursor.fetchmany(_FETCH)
        ]
    driver = cursor.connection
    usual = driver.text_factory
    driver.text_factory = bytes
    try:
        rows: Sequence[Any] = cursor.fetchmany(_FETCH)
    finally:
        driver.text_factory = usual
    return rows


def _named(
    origin: bytes, stream: bytes, seq: int, digest: bytes, data: bytes, chain: _Chain
) -> Iterator[Finding]:
    """What is wrong with an event that is not as expected; nothing, where its roster is another."""
    place = place_of(any_text(origin), any_text(stream), seq)
    if sha256(b"\x00" + data).hexdigest().encode() != digest:
        yield Finding("HASH_MISMATCH", place)
    if seq != chain.seq + 1:
        yield Finding("GAP", place, f"after {chain.seq}")
        return
    tail = b'","seq":%d%b' % (seq, chain.suffix)
    if not data.endswith(tail):
        yield Finding("ADDRESS_MISMATCH", place)
        return
    before = b'%b%b","roster":"' % (chain.origin, chain.hash)
    start = len(data) - len(tail) - _ROSTER - len(before)
    # of bytes too short for it the start is negative, and then nothing fits there
    if start < 0 or not data.startswith(before, start):
        yield Finding("LINK_BROKEN", place)
