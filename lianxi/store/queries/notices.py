"""Notices with what became of them, and a unit's mailbox (store layer)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from lianxi.store.queries.paging import Order, Paging, page, residual
from lianxi.store.tables import mailbox as m
from lianxi.store.tables import notices as n
from lianxi.store.tables import outbox

_LETTER = ("notice_id", "task", "kind", "subject", "body", "at")
_NOTICE = (
    "notice_id",
    "task",
    "kind",
    "addressee",
    "channel",
    "state",
    "detail",
    "created_at",
    "settled_at",
)
_LEADING = ("task", "addressee", "state", "channel")
"""The filters an index leads with, the narrowest first."""


@dataclass(frozen=True, slots=True)
class NoticeFilter:
    """Which notices."""

    task: str | None = None
    addressee: str | None = None
    state: str | None = None
    channel: str | None = None


def list_notices(
    connection: Connection, origin: str, wanted: NoticeFilter, paging: Paging
) -> dict[str, Any]:
    """One page of notices, newest first."""
    listing = page(
        connection,
        _statement(origin, wanted),
        Order((n.c.position, n.c.notice_id), descending=True),
        listing="notices",
        filters=tuple(getattr(wanted, name) for name in _LEADING),
        paging=paging,
    )
    items = [
        {**{name: row[name] for name in _NOTICE}, "attempts": row["attempts"]}
        for row in listing.rows
    ]
    return {"items": items, "next": listing.next}


def _statement(origin: str, wanted: NoticeFilter) -> Select[Any]:
    # while a notice is due, its attempts are counted in the outbox
    attempts = func.coalesce(outbox.c.attempts, n.c.attempts).label("attempts")
    statement = (
        select(*(n.c[name] for name in _NOTICE), n.c.position, attempts)
        .select_from(n.outerjoin(outbox, outbox.c.notice_id == n.c.notice_id))
        .where(n.c.origin == origin)
    )
    given = [name for name in _LEADING if getattr(wanted, name) is not None]
    for name in given:
        column = n.c[name] if name == given[0] else residual(n.c[name])
        statement = statement.where(column == getattr(wanted, name))
    return statement


def list_letters(
    connection: Connection, origin: str, unit: str, paging: Paging, *, unread: bool
) -> dict[str, Any]:
    """One page of a unit's mailbox, newest first."""
    statement = select(m.c.number, *(m.c[name] for name in _LETTER)).where(
        m.c.origin == origin, m.c.unit == unit
    )
    if unread:
        statement = statement.where(m.c.read_at.is_(None))
    listing = page(
        connection,
        statement,
        Order((m.c.number,), descending=True),
        listing="inbox",
        filters=(unit, unread),
        paging=paging,
    )
    items = [{name: row[name] for name in _LETTER} for row in listing.rows]
    return {"items": items, "next": listing.next}
