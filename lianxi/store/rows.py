"""Writing rows: events, and changes of the read tables with the outbox beside them (store layer)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, update

from lianxi.store.dialect import upsert
from lianxi.store.prepared import Prepared
from lianxi.store.projection import Change, Value
from lianxi.store.tables import events, metadata, notices, outbox

AT_ONCE = "0001-01-01T00:00:00.000000Z"
"""`due_at` of a notice that nobody has tried yet: due whatever the clock says."""

_EVENT_COLUMNS = [column.name for column in events.columns if column.name != "position"]


def insert_event(connection: Connection, row: Mapping[str, Any]) -> int:
    """Insert one event; answers its position."""
    position: int = _INSERT_EVENT.run(connection, row).scalar_one()
    return position


def insert_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events in order."""
    _INSERT_EVENTS.run_many(connection, rows)


def apply_changes(connection: Connection, changes: Iterable[Change]) -> None:
    """Write changes in order; of several `put` of one row only the last.

    A notice that comes is put into the outbox too, one that is settled is taken out of it.
    """
    puts: dict[str, dict[tuple[Value, ...], dict[str, Value]]] = {}
    patches: list[Change] = []
    for change in changes:
        if change.op == "put":
            rows = puts.setdefault(change.table, {})
            rows[tuple(change.key.values())] = {**change.key, **change.values}
        else:
            patches.append(change)
    for name, rows in puts.items():
        _upsert(name).run_many(connection, list(rows.values()))
    if notices.name in puts:
        _INSERT_OUTBOX.run_many(connection, [_waiting(row) for row in puts[notices.name].values()])
    for shape, alike in groupby(patches, _shape):
        _apply_patches(connection, shape, list(alike))


_Shape = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Table, key and columns of a patch: those of one shape are one statement."""


def _shape(change: Change) -> _Shape:
    return change.table, tuple(change.key), tuple(change.values)


def _apply_patches(connection: Connection, shape: _Shape, changes: Sequence[Change]) -> None:
    rows = [
        {**{f"key_{name}": value for name, value in change.key.items()}, **change.values}
        for change in changes
    ]
    _patch(*shape).run_many(connection, rows)
    if shape[0] == notices.name:
        # the only patch of a notice is its outcome
        _DELETE_OUTBOX.run_many(connection, [change.key for change in changes])


def _waiting(notice: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "notice_id": notice["notice_id"],
        "channel": notice["channel"],
        "position": notice["position"],
        "due_at": AT_ONCE,
        "lease": 0,
        "attempts": 0,
    }


@cache
def _upsert(table: str) -> Prepared:
    return Prepared(lambda dialect: upsert(dialect, metadata.tables[table]))


@cache
def _patch(name: str, key: tuple[str, ...], columns: tuple[str, ...]) -> Prepared:
    table = metadata.tables[name]
    where = and_(*(table.c[column] == bindparam(f"key_{column}") for column in key))
    values: dict[str, Any] = {column: bindparam(column) for column in columns}
    return Prepared(lambda _: update(table).where(where).values(values))


_EVENT = insert(events).values({name: bindparam(name) for name in _EVENT_COLUMNS})
_INSERT_EVENT = Prepared(lambda _: _EVENT.returning(events.c.position))
_INSERT_EVENTS = Prepared(lambda _: _EVENT)
_INSERT_OUTBOX = Prepared(lambda _: insert(outbox))
_DELETE_OUTBOX = Prepared(
    lambda _: delete(outbox).where(outbox.c.notice_id == bindparam("notice_id"))
)
