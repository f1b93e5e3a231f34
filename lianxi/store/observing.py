"""Events that the store writes itself, on `mail/<channel>` and `audit` (store layer, shell).

Their sequence and `prev` are given inside the transaction, so each stream has one writer: the store.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from lianxi.domain.observations import Observation
from lianxi.domain.values import SYSTEM, parse_instant
from lianxi.ports import GapDetectedError
from lianxi.proof.events import Cause, EventEnvelope, Head, seal
from lianxi.proof.hashing import ZERO_HASH
from lianxi.store.prepared import Prepared
from lianxi.store.projection import Recorded, event_row, project_observation
from lianxi.store.rows import apply_changes, insert_event
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


def stream_head(connection: Connection, origin: str, stream: str) -> Head | None:
    """The last stored event of a stream."""
    row = _HEAD.run(connection, {"origin_": origin, "stream_": stream}).one_or_none()
    if row is None:
        return None
    return Head(origin=origin, stream=stream, seq=row.seq, hash=row.hash, at=parse_instant(row.at))


def observe(
    connection: Connection, origin: str, stream: str, data: Observation, now: datetime
) -> Recorded:
    """Append an observation and update the read tables, in the caller's transaction.

    `at` is `now`, or the time of the event before where the clock has stepped back. Raises
    GapDetectedError when the conference is not recorded yet.
    """
    head = stream_head(connection, origin, stream)
    roster: str | None = connection.scalar(
        select(conferences.c.roster_hash).where(conferences.c.origin == origin)
    )
    if roster is None:
        raise GapDetectedError(f"{origin} has no conference yet")
    event = EventEnvelope(
        engine=ENGINE,
        origin=origin,
        stream=stream,
        seq=1 if head is None else head.seq + 1,
        kind=type(data).__name__,
        at=now if head is None else max(now, head.at),
        actor=SYSTEM,
        basis="observation",
        cause=Cause(index=0, count=1),
        roster=roster,
        data=data.model_dump(mode="json", exclude_none=True),
        prev=ZERO_HASH if head is None else head.hash,
    )
    sealed = seal(event)
    row: dict[str, Any] = dict(event_row(event, sealed.hash))
    position = insert_event(connection, {**row, "data": sealed.text.encode()})
    recorded = Recorded(position, event, sealed.hash)
    apply_changes(connection, project_observation(recorded))
    return recorded
