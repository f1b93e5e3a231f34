"""What reconciliation has found and when it last ran (store layer)."""

from sqlalchemy import Connection, func, select

from lianxi.store.queries.paging import Order, Paging, page
from lianxi.store.queries.rows import Row
from lianxi.store.tables import findings as f
from lianxi.store.tables import reconciliations as r


def last_reconciled(connection: Connection, origin: str) -> str | None:
    """When trail, read tables and Temporal were last compared; None: never."""
    return connection.scalar(select(r.c.at).where(r.c.origin == origin))


def reconciliation(connection: Connection, origin: str) -> Row | None:
    """The last comparison of a conference with what it counted; None: never."""
    row = connection.execute(select(r).where(r.c.origin == origin)).mappings().one_or_none()
    return None if row is None else {name: row[name] for name in row if name != "position"}


def open_findings(connection: Connection, origin: str) -> int:
    """How many findings stand."""
    standing = select(func.count()).where(f.c.origin == origin, f.c.cleared.is_(None))
    return connection.scalar(standing) or 0


def list_findings(connection: Connection, origin: str, paging: Paging, *, every: bool) -> Row:
    """One page of findings, the newest first; `every`: also those that are cleared."""
    wanted = select(
        f.c.position, f.c.code, f.c.place, f.c.detail, f.c.since, f.c.event, f.c.cleared
    ).where(f.c.origin == origin)
    if not every:
        wanted = wanted.where(f.c.cleared.is_(None))
    listing = page(
        connection,
        wanted,
        Order((f.c.position,), descending=True),
        listing="findings",
        filters=("every",) if every else (),
        paging=paging,
    )
    items = [{name: row[name] for name in row if name != "position"} for row in listing.rows]
    return {"items": items, "next": listing.next}
