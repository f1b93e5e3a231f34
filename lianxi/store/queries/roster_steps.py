"""The steps from one roster to the next, as they were signed (store layer)."""

import json
from typing import Any

from sqlalchemy import Connection, select

from lianxi.store.tables import rosters as r


def steps_after(
    connection: Connection, origin: str, version: int, limit: int
) -> list[dict[str, Any]]:
    """The steps that lead on from a version, in order, at most `limit`."""
    rows = connection.scalars(
        select(r.c.step_json)
        .where(r.c.origin == origin, r.c.version > version, r.c.step_json.is_not(None))
        .order_by(r.c.version)
        .limit(limit)
    )
    return [json.loads(step) for step in rows if step is not None]


def first_roster(connection: Connection, origin: str) -> str | None:
    """The text of the conference's first roster."""
    text: str | None = connection.scalar(
        select(r.c.text).where(r.c.origin == origin).order_by(r.c.version).limit(1)
    )
    return text
