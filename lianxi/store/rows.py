"""Writing rows: events, and changes of the read tables with the outbox beside them (store layer)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, update

from lianxi.store.dialect import insert_if_absent, upsert
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
    """Write changes of the read tables in order; of several of one row only the last.

    A notice that comes is put into the outbox too, one that is settled is taken out of it.
    """
    writing = _Writing.of(changes)
    writing.run(connection)
    new = writing.puts.get(notices.name, {})
    if new:
        _INSERT_OUTBOX.run_many(connection, [_waiting(row) for row in new.values()])
    # the only patch of a notice is its outcome
    settled = [change.key for change in writing.patches if change.table == notices.name]
    if settled:
        _DELETE_OUTBOX.run_many(connection, settled)


def write_rows(connection: Connection, changes: Iterable[Change]) -> None:
    """`apply_changes` that leaves the outbox as it is: for read tables made again."""
    _Writing.of(changes).run(connection)


_Rows = dict[tuple[Value, ...], dict[str, Value]]


@dataclass(slots=True)
class _Writing:
    """Changes by what is to be done; rows by table and key."""

    puts: dict[str, _Rows] = field(default_factory=dict)
    adds: dict[str, _Rows] = field(default_factory=dict)
    deletes: dict[str, _Rows] = field(default_factory=dict)
    patches: list[Change] = field(default_factory=list)

    @classmethod
    def of(cls, changes: Iterable[Change]) -> "_Writing":
        writing = cls()
        for change in changes:
            writing._take(change)
        return writing

    def _take(self, change: Change) -> None:
        key = tuple(change.key.values())
        match change.op:
            case "put":
                row = {**change.key, **change.values}
                self.puts.setdefault(change.table, {})[key] = row
                self.deletes.get(change.table, {}).pop(key, None)
            case "add":
                self.adds.setdefault(change.table, {})[key] = {**change.key, **change.values}
            case "delete":
                self.puts.get(change.table, {}).pop(key, None)
                self.deletes.setdefault(change.table, {})[key] = dict(change.key)
            case "patch":
                self.patches.append(change)

    def run(self, connection: Connection) -> None:
        """Write everything; patches last, since they may be of rows that just came."""
        for table, rows in self.deletes.items():
            if rows:
                keys = [{f"{name}_": value for name, value in key.items()} for key in rows.values()]
                _delete(table).run_many(connection, keys)
        for name, rows in self.puts.items():
            if rows:
                _upsert(name).run_many(connection, list(rows.values()))
        for name, rows in self.adds.items():
            _add(name).run_many(connection, list(rows.values()))
        for shape, alike in groupby(self.patches, _shape):
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
def _add(table: str) -> Prepared:
    return Prepared(lambda dialect: insert_if_absent(dialect, metadata.tables[table]))


@cache
def _delete(name: str) -> Prepared:
    table = metadata.tables[name]
    where = and_(*(column == bindparam(f"{column.name}_") for column in table.primary_key))
    return Prepared(lambda _: delete(table).where(where))


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
