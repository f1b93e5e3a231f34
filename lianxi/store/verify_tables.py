"""Read tables against their rebuild, row by row, in both directions (store layer)."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, exists, func, select

from lianxi.domain.observations import MAIL_KINDS
from lianxi.ids import AUDIT_STREAM, CONFERENCE_STREAM, task_stream
from lianxi.proof.verification import Finding
from lianxi.store.prepared import Prepared
from lianxi.store.projection import Change, Row, Value
from lianxi.store.rebuild import PER_EVENT, Key
from lianxi.store.tables import events, metadata, notices

TASK_TABLES = ("tasks", "assignments", "asks")
"""Tables of which each task's stream has its own rows."""

STATE_TABLES = (
    "conferences",
    "units",
    "keys",
    "rosters",
    "rulebooks",
    "proposals",
    "registrations",
    *TASK_TABLES,
    "findings",
    "reconciliations",
    "alarms",
    "redactions",
)
"""Tables whose rows show the last state of a stream."""

_OUTCOME_COLUMNS = frozenset({"state", "attempts", "detail", "settled_at", "outcome"})


Columns = Mapping[str, Any] | RowMapping
Stream = tuple[str, str]


def differences(expected: Mapping[str, Any], found: Columns) -> list[str]:
    """The columns in which a row is not as expected."""
    if expected.items() <= found.items():  # nearly always, and without a step for each column
        return []
    return [name for name, value in expected.items() if found[name] != value]


@dataclass
class SeenRows:
    """How many rows of each table were compared, and outcomes of notices."""

    rows: Counter[str] = field(default_factory=Counter)
    settled: int = 0

    def add(self, other: "SeenRows") -> None:
        """Count on."""
        self.rows.update(other.rows)
        self.settled += other.settled


def state_findings(
    connection: Connection,
    rebuilt: Mapping[str, Mapping[Key, Row]],
    unfolded: frozenset[Stream],
    seen: SeenRows,
) -> Iterator[Finding]:
    """Rows of the conferences' own tables that differ from the rebuild, lack, or should not be.

    `unfolded`: streams that broke off, so that nothing is known of their rows.
    """
    for name in STATE_TABLES:
        table = metadata.tables[name]
        expected = rebuilt.get(name, {})
        if name not in TASK_TABLES:
            rows: Iterable[RowMapping] = connection.execute(select(table)).mappings()
        elif name == "asks":  # those of the conferences: an issue that waits for the convener
            own = select(table).where(table.c.stream == CONFERENCE_STREAM)
            rows = connection.execute(own).mappings().all()
            seen.rows[name] += len(rows)
        else:
            continue
        yield from _row_findings(table, expected, rows, unfolded)


def _row_findings(
    table: Table,
    expected: Mapping[Key, Row],
    rows: Iterable[Columns],
    unfolded: frozenset[Stream] = frozenset(),
) -> Iterator[Finding]:
    missing = dict(expected)
    for row in rows:
        key = _key(table, row)
        wanted = missing.pop(key, None)
        if unfolded and _stream_of(table.name, row) in unfolded:
            continue
        if wanted is None:
            yield Finding("ROW_UNEXPECTED", _place(table.name, key))
            continue
        for column in differences(wanted, row):
            yield Finding("ROW_DIFFERS", _place(table.name, key), column)
    for key, lacking in missing.items():
        if not unfolded or _stream_of(table.name, lacking) not in unfolded:
            yield Finding("ROW_MISSING", _place(table.name, key))


def _stream_of(table: str, row: Columns) -> Stream:
    """The stream whose fold a row of a state table shows."""
    if table in ("findings", "reconciliations", "alarms"):
        return row["origin"], AUDIT_STREAM
    return row["origin"], CONFERENCE_STREAM


class TaskTables:
    """The rows that show single tasks, compared task by task."""

    def __init__(self, connection: Connection, seen: SeenRows) -> None:
        """`seen` counts the rows that belong to a task."""
        self._connection = connection
        self._seen = seen

    def check(
        self, origin: str, task: str, expected: Mapping[str, Mapping[Key, Row]]
    ) -> Iterator[Finding]:
        """The rows of one task against those that its last state shows."""
        for name in TASK_TABLES:
            of = task_stream(task) if name == "asks" else task
            found = _OF_TASK[name].rows(self._connection, {"origin_": origin, "of": of})
            self._seen.rows[name] += len(found)
            yield from _row_findings(metadata.tables[name], expected.get(name, {}), found)


def stray_task_rows(
    connection: Connection, streams: Collection[Stream], seen: SeenRows
) -> Iterator[Finding]:
    """Rows of tasks that have no event at all; looked for only where the counts differ."""
    for name in TASK_TABLES:
        table = metadata.tables[name]
        total: int = connection.scalar(select(func.count()).select_from(table)) or 0
        if total == seen.rows[name]:
            continue
        for row in connection.execute(select(table)).mappings():
            stream = row["stream"] if name == "asks" else task_stream(row["task"])
            if (row["origin"], stream) not in streams:
                yield Finding("ROW_UNEXPECTED", _place(name, _key(table, row)))


def _of_task(table: Table) -> Prepared:
    column = table.c.stream if table.name == "asks" else table.c.task
    statement = select(table).where(
        table.c.origin == bindparam("origin_"), column == bindparam("of")
    )
    return Prepared(lambda _: statement)


def _of_events(table: Table) -> Prepared:
    """The rows of a table that have the positions of some events of one stream."""
    statement = (
        select(table)
        .join(events, events.c.position == table.c.position)
        .where(
            events.c.origin == bindparam("origin_"),
            events.c.stream == bindparam("stream_"),
            events.c.seq.between(bindparam("first"), bindparam("last")),
        )
    )
    return Prepared(lambda _: statement)


_OF_EVENTS = {name: _of_events(metadata.tables[name]) for name in PER_EVENT}
_OF_TASK = {name: _of_task(metadata.tables[name]) for name in TASK_TABLES}
_OF_NOTICE = Prepared(
    lambda _: select(notices).where(notices.c.notice_id == bindparam("notice_id_"))
)


class TableCheck:
    """Rows that follow from single events, checked as the events pass by."""

    def __init__(self, connection: Connection, seen: SeenRows) -> None:
        """`seen` counts what is compared."""
        self._connection = connection
        self._seen = seen

    def check(
        self, chunk: Sequence[Columns], changes: Iterable[Change], *, complete: bool
    ) -> Iterator[Finding]:
        """The rows that have the positions of these events. Not `complete`: some did not fold."""
        puts: dict[str, dict[Key, Row]] = {name: {} for name in PER_EVENT}
        patches: list[Change] = []
        for change in changes:
            if change.op == "patch":  # rows of single events only come and are patched
                patches.append(change)
            else:
                row = {**change.key, **change.values}
                puts[change.table][_key(metadata.tables[change.table], row)] = row
        where = {
            "origin_": chunk[0]["origin"],
            "stream_": chunk[0]["stream"],
            "first": chunk[0]["seq"],
            "last": chunk[-1]["seq"],
        }
        for name, expected in puts.items():
            yield from self._check_table(name, expected, where, complete=complete)
        for patch in patches:
            yield from self._check_outcome(patch)

    def leftovers(self) -> Iterator[Finding]:
        """Rows that belong to no event; asked row by row only where the counts differ."""
        for name in sorted(PER_EVENT):
            table = metadata.tables[name]
            total: int = self._connection.scalar(select(func.count()).select_from(table)) or 0
            if total == self._seen.rows[name]:
                continue
            of_event = exists().where(events.c.position == table.c.position)
            for row in self._connection.execute(select(table).where(~of_event)).mappings():
                yield Finding("ROW_UNEXPECTED", _place(name, _key(table, row)))
        settled: int = (
            self._connection.scalar(
                select(func.count()).select_from(notices).where(notices.c.state != "due")
            )
            or 0
        )
        if settled != self._seen.settled:
            yield from self._unfounded_outcomes()

    def _check_table(
        self, name: str, expected: dict[Key, Row], where: Mapping[str, Any], *, complete: bool
    ) -> Iterator[Finding]:
        table = metadata.tables[name]
        for row in _OF_EVENTS[name].rows(self._connection, where):
            self._seen.rows[name] += 1
            key = _key(table, row)
            wanted = expected.pop(key, None)
            if wanted is None:
                if complete:
                    yield Finding("ROW_UNEXPECTED", _place(name, key))
                continue
            for column in differences(wanted, row):
                # what became of a notice is another event's word
                if not (name == notices.name and column in _OUTCOME_COLUMNS):
                    yield Finding("ROW_DIFFERS", _place(name, key), column)
            if name == notices.name and row["state"] == "due":
                for column in differences({c: wanted[c] for c in _OUTCOME_COLUMNS}, row):
                    yield Finding("ROW_DIFFERS", _place(name, key), column)
        for key in expected:
            yield Finding("ROW_MISSING", _place(name, key))

    def _check_outcome(self, patch: Change) -> Iterator[Finding]:
        self._seen.settled += 1
        key: tuple[Value, ...] = tuple(patch.key.values())
        where = {"notice_id_": patch.key["notice_id"]}
        rows = _OF_NOTICE.rows(self._connection, where)
        if not rows:
            yield Finding("ROW_MISSING", _place(notices.name, key))
        for row in rows:
            for column in differences(patch.values, row):
                yield Finding("ROW_DIFFERS", _place(notices.name, key), column)

    def _unfounded_outcomes(self) -> Iterator[Finding]:
        """Settled rows that name no outcome's event, or the same one as another row."""
        other = notices.alias()
        of_event = exists().where(
            events.c.hash == notices.c.outcome, events.c.kind.in_(list(MAIL_KINDS))
        )
        shared = exists().where(
            other.c.outcome == notices.c.outcome, other.c.notice_id != notices.c.notice_id
        )
        query = select(notices.c.notice_id).where(notices.c.state != "due", ~of_event | shared)
        for identity in self._connection.scalars(query):
            yield Finding("ROW_DIFFERS", _place(notices.name, (identity,)), "outcome")


_KEYS = {
    name: tuple(column.name for column in table.primary_key)
    for name, table in metadata.tables.items()
}


def _key(table: Table, row: Columns) -> Key:
    return tuple([row[name] for name in _KEYS[table.name]])


def _place(table: str, key: Key) -> str:
    return f"{table}:{'|'.join(str(part) for part in key)}"
