"""Gaps of service as the trail has them, and which of them do not count (store layer)."""

import json

from sqlalchemy import Connection, select

from lianxi.domain.task.events import GapExcluded, ServiceGapNoted
from lianxi.store.queries.paging import Order, Paging, page
from lianxi.store.queries.rows import Row
from lianxi.store.tables import events as e


def list_gaps(connection: Connection, origin: str, paging: Paging) -> Row:
    """One page of gaps, newest first."""
    noted = select(e.c.position, e.c.task, e.c.hash, e.c.data).where(
        e.c.origin == origin, e.c.kind == ServiceGapNoted.__name__
    )
    listing = page(
        connection,
        noted,
        Order((e.c.position,), descending=True),
        listing="gaps",
        filters=(),
        paging=paging,
    )
    excluded = _excluded(connection, origin) if listing.rows else frozenset()
    items = [
        {
            "task": row["task"],
            "event": row["hash"],
            **_span(row["data"]),
            "excluded": row["hash"] in excluded,
        }
        for row in listing.rows
    ]
    return {"items": items, "next": listing.next}


def _span(data: bytes) -> Row:
    gap = ServiceGapNoted.model_validate(json.loads(data)["data"])
    dumped = gap.model_dump(mode="json")
    return {"since": dumped["since"], "until": dumped["until"]}


def _excluded(connection: Connection, origin: str) -> frozenset[str]:
    """The office excludes few."""
    statement = select(e.c.data).where(e.c.origin == origin, e.c.kind == GapExcluded.__name__)
    return frozenset(json.loads(data)["data"]["gap"] for data in connection.scalars(statement))
