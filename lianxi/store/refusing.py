"""The trace of a batch that recording refused for good (store layer).

Its stream's workflow freezes; nobody would know why, were it not for this event on `audit`.
"""

import json
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Connection, select

from lianxi.domain.observations import BatchRefused, fit_detail
from lianxi.ids import AUDIT_STREAM
from lianxi.messages import RecordBatch
from lianxi.ports import GapDetectedError
from lianxi.store.observing import observe
from lianxi.store.tables import events
from lianxi.store.thaws import last_thaws


def note_refusal(connection: Connection, batch: RecordBatch, reason: str, now: datetime) -> None:
    """Write `BatchRefused` on the stream `audit`, once for each batch until a thaw, however often it comes.

    A batch of a conference or a stream that there is none of leaves no trace: there is no place.
    """
    first = batch.events[0]
    if _noted(connection, batch, first.hash):
        return
    word = fit_detail("".join(char if char.isalnum() else "-" for char in reason)) or "unknown"
    try:
        data = BatchRefused(
            stream=batch.stream, seq=_seq(first.text), offered=first.hash, reason=word[:64]
        )
        observe(connection, batch.origin, AUDIT_STREAM, data, now)
    except (ValidationError, GapDetectedError):
        return


def _noted(connection: Connection, batch: RecordBatch, offered: str) -> bool:
    refused = select(events.c.data).where(
        events.c.origin == batch.origin,
        events.c.stream == AUDIT_STREAM,
        events.c.kind == BatchRefused.__name__,
        events.c.position > last_thaws(connection, batch.origin).get(batch.stream, 0),
    )
    return any(
        json.loads(data)["data"]["offered"] == offered for data in connection.scalars(refused)
    )


def _seq(text: str) -> int:
    """What the first event says of itself; 0 where it says nothing."""
    try:
        seq = json.loads(text)["seq"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return seq if isinstance(seq, int) and seq > 0 else 0
