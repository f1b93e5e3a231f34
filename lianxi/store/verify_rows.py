"""Rows of events as a look reads them, and whether their columns repeat what the bytes say (store layer)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from lianxi.domain.refusal import Refusal
from lianxi.domain.task.events import TaskIssued
from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.envelopes import COMMAND_TYPE, decode
from lianxi.proof.events import EventEnvelope
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.verification import Finding, place_of
from lianxi.store.prepared import Prepared
from lianxi.store.projection import event_row
from lianxi.store.tables import commands, events
from lianxi.store.verify_tables import differences

CHUNK = 500
"""Events between two looks at the tables whose rows follow from single events."""

Stream = tuple[str, str]
"""Origin and name."""

EventRow = Mapping[str, Any]
"""A row of `events`, with the row of the command that caused it."""

_REPEATED = ("stream", "unit", "request_id", "action")
"""Columns of `commands` that repeat what the payload says."""

_ISSUED = TaskIssued.__name__


def streams_of(connection: Connection) -> Counter[Stream]:
    """All streams with the number of their events, of each origin the conference's first."""
    rows = connection.exec_driver_sql(
        "SELECT origin, stream, count(*) FROM events GROUP BY origin, stream"
    )
    found = [(origin, stream, count) for origin, stream, count in rows]
    found.sort(key=lambda each: (each[0], each[1] != CONFERENCE_STREAM, each[1]))
    return Counter({(origin, stream): count for origin, stream, count in found})


_CHUNK = (
    select(
        events,
        commands.c.envelope,
        *(commands.c[name].label(f"command_{name}") for name in _REPEATED),
    )
    .outerjoin(
        commands,
        (commands.c.origin == events.c.origin)
        & (commands.c.payload_sha256 == events.c.payload_sha256),
    )
    .where(
        events.c.origin == bindparam("origin_"),
        events.c.stream == bindparam("stream_"),
        events.c.seq > bindparam("after_"),
    )
    .order_by(events.c.seq)
    .limit(CHUNK)
)
_NEXT = Prepared(lambda _: _CHUNK)


def event_rows(connection: Connection, origin: str, stream: str) -> Iterator[Sequence[EventRow]]:
    """One stream in its order, a chunk at a time."""
    after = -1
    while True:
        where = {"origin_": origin, "stream_": stream, "after_": after}
        chunk = _NEXT.rows(connection, where)
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return
        after = chunk[-1]["seq"]


def column_findings(event: EventEnvelope, row: EventRow) -> Iterator[Finding]:
    """Codes COLUMN_DIFFERS, and COMMAND_DIFFERS of the command that caused it."""
    for column in differences(event_row(event, row["hash"]), row):
        yield Finding("COLUMN_DIFFERS", place_of(row["origin"], row["stream"], row["seq"]), column)
    # a task's first event shares its command with the conference's stream, where it is checked
    if event.cause.index == 0 and row["envelope"] is not None and event.kind != _ISSUED:
        yield from _command_findings(row)


def _command_findings(row: EventRow) -> Iterator[Finding]:
    """Whether a row of `commands` holds an envelope, and says what that says.

    The payload is not judged here, only held against its digest, which the event names.
    """
    place = place_of(row["origin"], "commands", row["payload_sha256"])
    try:
        payload = decode(row["envelope"].encode(), payload_type=COMMAND_TYPE).payload
        said = json.loads(payload)
        expected = {f"command_{name}": said[name] for name in _REPEATED}
    except Refusal as refusal:
        yield Finding("COMMAND_DIFFERS", place, refusal.code)
        return
    except (ValueError, LookupError, TypeError, RecursionError):
        yield Finding("COMMAND_DIFFERS", place, "payload")
        return
    if sha256_hex(payload) != row["payload_sha256"]:
        yield Finding("COMMAND_DIFFERS", place, "payload_sha256")
    for column in differences(expected, row):
        yield Finding("COMMAND_DIFFERS", place, column.removeprefix("command_"))
