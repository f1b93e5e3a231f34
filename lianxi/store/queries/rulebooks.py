"""Rules and calendars by hash, and what a conference holds of them (store layer)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from lianxi.domain.calendar import Calendar
from lianxi.domain.ladder import PROPOSED_KINDS
from lianxi.store.projection import calendar_in
from lianxi.store.projection.rulebooks import rules_in
from lianxi.store.tables import rulebooks as b


def calendars_of(
    connection: Connection, origin: str, rows: Iterable[Mapping[str, Any]]
) -> dict[str, Calendar]:
    """The calendars that rows name by `calendar_hash`; a deployment has few."""
    wanted = {row["calendar_hash"] for row in rows if row["calendar_hash"] is not None}
    found = rulebook_texts(connection, origin, wanted)
    return {name: calendar_in(text) for name, text in found.items()}


def rulebook_texts(connection: Connection, origin: str, hashes: Collection[str]) -> dict[str, str]:
    """The canonical texts of rules and calendars by hash."""
    if not hashes:
        return {}
    wanted = b.c.hash.in_(sorted(hashes))
    statement = select(b.c.hash, b.c.text).where(b.c.origin == origin, wanted)
    return {row.hash: row.text for row in connection.execute(statement)}


def proposing_rungs(connection: Connection, origin: str) -> frozenset[str]:
    """The names of the rungs that only propose, in any rules that a task here ever followed."""
    statement = select(b.c.text).where(b.c.origin == origin, b.c.kind == "rules")
    return frozenset(
        rung.name
        for text in connection.scalars(statement)
        for rung in rules_in(text).ladder.rungs
        if rung.kind in PROPOSED_KINDS
    )


def adopts(connection: Connection, origin: str, rulebook: str) -> bool:
    """Whether the conference itself has adopted rules or a calendar, now or earlier."""
    statement = select(b.c.adopted_at).where(b.c.origin == origin, b.c.hash == rulebook)
    return connection.scalar(statement) is not None
