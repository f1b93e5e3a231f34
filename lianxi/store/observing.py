"""Events that the store writes itself, on `mail/<channel>` and `audit` (store layer, shell).

Their sequence and `prev` are given inside the transaction, so each stream has one writer: the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, bindparam, select

from lianxi.domain.observations import Observation
from lianxi.domain.values import SYSTEM, parse_instant
from lianxi.ids import CONFERENCE_STREAM
from lianxi.ports import GapDetectedError
from lianxi.proof.events import Cause, EventEnvelope, Head, SealedEvent, head_after, seal
from lianxi.proof.hashing import ZERO_HASH
from lianxi.store.prepared import Prepared
from lianxi.store.projection import Recorded, event_row, project_observation
from lianxi.store.rows import apply_changes, insert_events
from lianxi.store.tables import conferences, events
from lianxi.streams.writer import ENGINE

_HEAD = Prepared(
    lambda _: (
        select(events.c.seq, events.c.hash, events.c.at)
        .where(events.c.origin == bindparam("origin_"), events.c.stream == bindparam("stream_"))
        .order_by(events.c.seq.desc())
        .limit(1)
    )
)
_ROSTER = Prepared(
    lambda _: select(conferences.c.roster_hash).where(conferences.c.origin == bindparam("origin_"))
)
_LAST_ROSTER = Prepared(
    lambda _: (
        select(events.c.roster)
        .where(events.c.origin == bindparam("origin_"), events.c.stream == CONFERENCE_STREAM)
        .order_by(events.c.seq.desc())
        .limit(1)
    )
)
_POSITIONS = Prepared(
    lambda _: select(events.c.seq, events.c.position).where(
        events.c.origin == bindparam("origin_"),
        events.c.stream == bindparam("stream_"),
        events.c.seq >= bindparam("first"),
    )
)
_CAUSE = Cause(index=0, count=1)


@dataclass(frozen=True, slots=True)
class Observed:
    """An observation and the stream it goes to."""

    origin: str
    stream: str
    data: Observation


def stream_head(connection: Connection, origin: str, stream: str) -> Head | None:
    """The last stored event of a stream."""
    row = _HEAD.run(connection, {"origin_": origin, "stream_": stream}).one_or_none()
    if row is None:
        return None
    return Head(origin=origin, stream=stream, seq=row.seq, hash=row.hash, at=parse_instant(row.at))


def observe(
    connection: Connection, origin: str, stream: str, data: Observation, now: datetime
) -> Recorded:
    """`observe_all` for one observation."""
    (recorded,) = observe_all(connection, [Observed(origin, stream, data)], now)
    return recorded


def observe_all(
    connection: Connection, observed: Sequence[Observed], now: datetime
) -> list[Recorded]:
    """Append observations in order and update the read tables, in the caller's transaction.

    `at` is `now`, or the time of the event before where the clock has stepped back. Raises
    GapDetectedError when a conference is not recorded yet.
    """
    heads: dict[tuple[str, str], Head | None] = {}
    rosters: dict[str, str] = {}
    made: list[tuple[EventEnvelope, SealedEvent]] = []
    for one in observed:
        place = one.origin, one.stream
        if place not in heads:
            heads[place] = stream_head(connection, *place)
        if one.origin not in rosters:
            rosters[one.origin] = _roster(connection, one.origin)
        event = _event(one, heads[place], rosters[one.origin], now)
        sealed = seal(event)
        heads[place] = head_after(event, sealed.hash)
        made.append((event, sealed))
    insert_events(
        connection,
        [{**event_row(event, sealed.hash), "data": sealed.text.encode()} for event, sealed in made],
    )
    positions = _positions(connection, [event for event, _ in made])
    recorded = [
        Recorded(positions[event.origin, event.stream, event.seq], event, sealed.hash)
        for event, sealed in made
    ]
    apply_changes(connection, chain.from_iterable(map(project_observation, recorded)))
    return recorded


def _roster(connection: Connection, origin: str) -> str:
    roster: str | None = _ROSTER.run(connection, {"origin_": origin}).scalar()
    if roster is None:  # somebody took the row away: that must be told of all the same
        roster = _LAST_ROSTER.run(connection, {"origin_": origin}).scalar()
    if roster is None:
        raise GapDetectedError(f"{origin} has no conference yet")
    return roster


def _event(one: Observed, head: Head | None, roster: str, now: datetime) -> EventEnvelope:
    return EventEnvelope(
        engine=ENGINE,
        origin=one.origin,
        stream=one.stream,
        seq=1 if head is None else head.seq + 1,
        kind=type(one.data).__name__,
        at=now if head is None else max(now, head.at),
        actor=SYSTEM,
        basis="observation",
        cause=_CAUSE,
        roster=roster,
        data=one.data.model_dump(mode="json", exclude_none=True),
        prev=ZERO_HASH if head is None else head.hash,
    )


def _positions(
    connection: Connection, inserted: Sequence[EventEnvelope]
) -> dict[tuple[str, str, int], int]:
    """Where events stand; asked for afterwards, since many rows at once do not tell."""
    first: dict[tuple[str, str], int] = {}
    for event in inserted:
        first.setdefault((event.origin, event.stream), event.seq)
    return {
        (origin, stream, row.seq): row.position
        for (origin, stream), seq in first.items()
        for row in _POSITIONS.run(connection, {"origin_": origin, "stream_": stream, "first": seq})
    }
