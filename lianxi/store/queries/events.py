"""Events as rows, one event whole, and the trail's exact bytes (store layer)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from lianxi.store.queries.paging import Order, Paging, page, residual
from lianxi.store.queries.rows import row_of, rows_of
from lianxi.store.tables import commands as c
from lianxi.store.tables import events as e
from lianxi.store.tables import leaves

_REPEATED = (
    "position",
    "stream",
    "seq",
    "kind",
    "at",
    "happened_at",
    "actor",
    "role",
    "basis",
    "unit",
    "task",
    "hash",
    "request_id",
)

LISTED = (*(e.c[name] for name in _REPEATED), e.c.data)
"""The columns an EventRow is made of."""

_LEADING = ("stream", "task", "unit", "actor", "kind")
"""The filters an index leads with, the narrowest first; the others are looked at row by row."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; `since` is included, `until` is not."""

    actor: str | None = None
    unit: str | None = None
    task: str | None = None
    kind: str | None = None
    stream: str | None = None
    since: str | None = None
    until: str | None = None
    without: tuple[str, ...] = ()
    """Kinds that are not there for who asks."""


Seen = Callable[[dict[str, Any]], dict[str, Any] | None]
"""An EventRow as somebody sees it; None where it is not there for them."""


def list_events(
    connection: Connection,
    origin: str,
    wanted: EventFilter,
    paging: Paging,
    *,
    newest: bool,
    seen: Seen | None = None,
) -> dict[str, Any]:
    """One page of events in the store's order (or against it); a stretch of time by `at`.

    Through `seen` a page may hold less than was asked for, though another one follows.
    """
    statement, columns = _statement(origin, wanted)
    listing = page(
        connection,
        statement,
        Order(columns, descending=newest),
        listing="events",
        filters=(
            *(getattr(wanted, name) for name in _LEADING),
            wanted.since,
            wanted.until,
        ),
        paging=paging,
    )
    return {"items": event_rows(listing.rows, seen), "next": listing.next}


def _statement(origin: str, wanted: EventFilter) -> tuple[Select[Any], tuple[Any, ...]]:
    statement = select(*LISTED).where(e.c.origin == origin)
    given = [name for name in _LEADING if getattr(wanted, name) is not None]
    for name in given:
        column = e.c[name] if name == given[0] else residual(e.c[name])
        statement = statement.where(column == getattr(wanted, name))
    timed = wanted.since is not None or wanted.until is not None
    by_time = timed and not given
    at = e.c.at if by_time else residual(e.c.at)
    if wanted.without:
        statement = statement.where(residual(e.c.kind).not_in(wanted.without))
    if wanted.since is not None:
        statement = statement.where(at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(at < wanted.until)
    if by_time:
        return statement, (e.c.at, e.c.position)
    if given[:1] == ["stream"]:
        return statement, (e.c.seq,)
    return statement, (e.c.position,)


def event_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One EventRow."""
    document = _document(row["data"])
    return {
        **{name: row[name] for name in _REPEATED},
        "data": None if document is None else document.get("data"),
    }


def event_rows(rows: Sequence[Mapping[str, Any]], seen: Seen | None) -> list[dict[str, Any]]:
    """EventRows, as far as they are there for who asks."""
    shown = [event_row(row) for row in rows]
    if seen is None:
        return shown
    return [row for row in map(seen, shown) if row is not None]


def event_by_hash(connection: Connection, origin: str, event_hash: str) -> dict[str, Any] | None:
    """One event whole, with the envelope of the command that caused it."""
    statement = _with_envelope().where(e.c.hash == event_hash, residual(e.c.origin) == origin)
    row = row_of(connection, statement)
    if row is None:
        return None
    envelope = row["envelope"]
    return {
        "event": _document(row["data"]),
        "hash": row["hash"],
        "position": row["position"],
        "stream": row["stream"],
        "envelope": None if envelope is None else _document(envelope),
    }


def event_text(connection: Connection, origin: str, event_hash: str) -> str | None:
    """The exact text of an event; None where it is not there, or somebody has made it no text."""
    data = connection.scalar(
        select(e.c.data).where(e.c.hash == event_hash, residual(e.c.origin) == origin)
    )
    try:
        return None if data is None else bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return None


def of_same_command(connection: Connection, origin: str, event_hash: str) -> list[dict[str, Any]]:
    """The EventRows of all that one command caused in the stream in which the event stands.

    Empty for an event that no command caused.
    """
    cause = e.alias("cause")
    statement = (
        select(*LISTED)
        .join(
            cause,
            (cause.c.origin == e.c.origin)
            & (cause.c.request_id == e.c.request_id)
            & (cause.c.payload_sha256 == e.c.payload_sha256)
            & (cause.c.stream == e.c.stream),
        )
        .where(cause.c.hash == event_hash, e.c.origin == origin)
        .order_by(e.c.seq)
    )
    return [event_row(row) for row in rows_of(connection, statement)]


def _document(data: bytes | str) -> dict[str, Any] | None:
    """A JSON object; None where somebody has edited the bytes: `audit verify` names the place."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def trail_page(
    connection: Connection, origin: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """The exact bytes of the events behind a position, and where to go on (None at the end)."""
    statement = (
        _with_envelope()
        .where(e.c.origin == origin, e.c.position > after)
        .order_by(e.c.position)
        .limit(limit + 1)
    )
    rows = rows_of(connection, statement)
    lines = [
        {
            **{name: row[name] for name in ("position", "stream", "seq", "hash", "leaf")},
            # bytes that somebody edited are shown, not hidden behind an error: the hash tells
            "event": row["data"].decode("utf-8", "replace"),
            "envelope": row["envelope"],
        }
        for row in rows[:limit]
    ]
    return lines, lines[-1]["position"] if len(rows) > limit else None


def stands(
    connection: Connection, origin: str, stream: str, seq: int, event_hash: str | None = None
) -> bool:
    """Whether this very event is recorded; without a hash, whether any is at that place."""
    statement = select(e.c.hash).where(e.c.origin == origin, e.c.stream == stream, e.c.seq == seq)
    found: str | None = connection.execute(statement).scalar()
    return found is not None and event_hash in (None, found)


def _with_envelope() -> Select[Any]:
    shown = (e.c.position, e.c.stream, e.c.seq, e.c.hash, e.c.data, c.c.envelope, leaves.c.leaf)
    return select(*shown).select_from(
        e.outerjoin(
            c, and_(c.c.origin == e.c.origin, c.c.payload_sha256 == e.c.payload_sha256)
        ).outerjoin(leaves, leaves.c.position == e.c.position)
    )
