"""Read tables against their rebuild, row by row, in both directions (store layer)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, exists, func, select

from lianxi.domain.observations import MAIL_KINDS
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.proof.verification import Finding
from lianxi.store.projection import Change, Row, Value
from lianxi.store.rebuild import PER_EVENT, Key
from lianxi.store.tables import events, metadata, notices

STATE_TABLES = (
    "conferences",
    "units",
    "keys",
    "rosters",
    "rulebooks",
    "proposals",
    "registrations",
    "tasks",
    "assignments",
    "asks",
)
"""Tables whose rows show the last state of a stream."""

_OUTCOME_COLUMNS = frozenset({"state", "attempts", "detail", "settled_at", "outcome"})


Columns = Mapping[str, Any] | RowMapping


def differences(expected: Mapping[str, Any], found: Columns) -> list[str]:
    """The columns in which a row is not as expected."""
    return [name for name, value in expected.items() if found[name] != value]


def state_findings(
    connection: Connection,
    rebuilt: Mapping[str, Mapping[Key, Row]],
    unfolded: frozenset[tuple[str, str]],
) -> Iterator[Finding]:
    """Rows of the state tables that differ from the rebuild, lack, or should not be there.

    `unfolded`: (origin, stream) of streams that broke off, so that nothing is known of their rows.
    """
    for name in STATE_TABLES:
        table = metadata.tables[name]
        missing = dict(rebuilt.get(name, {}))
        for row in connection.execute(select(table)).mappings():
            key = _key(table, row)
            expected = missing.pop(key, None)
            if _stream_of(name, row) in unfolded:
                continue
            if expected is None:
                yield Finding("ROW_UNEXPECTED", _place(name, key))
                continue
            for column in differences(expected, row):
                yield Finding("ROW_DIFFERS", _place(name, key), column)
        for key, lacking in missing.items():
            if _stream_of(name, lacking) not in unfolded:
                yield Finding("ROW_MISSING", _place(name, key))


def _stream_of(table: str, row: Columns) -> tuple[str, str]:
    """The stream whose fold a row of a state table shows."""
    if table == "asks":
        return row["origin"], row["stream"]
    if table in ("tasks", "assignments"):
        return row["origin"], task_stream(row["task"])
    return row["origin"], CONFERENCE_STREAM


class TableCheck:
    """Rows that follow from single events, checked as the events pass by."""

    def __init__(self, connection: Connection) -> None:
        """Nothing has been seen yet."""
        self._connection = connection
        self._seen: Counter[str] = Counter()
        self._settled = 0

    def check(
        self, chunk: Sequence[RowMapping], changes: Iterable[Change], *, complete: bool
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
        positions = [row["position"] for row in chunk]
        for name, expected in puts.items():
            yield from self._check_table(name, expected, positions, complete=complete)
        for patch in patches:
            yield from self._check_outcome(patch)

    def leftovers(self) -> Iterator[Finding]:
        """Rows that belong to no event; asked row by row only where the counts differ."""
        for name in sorted(PER_EVENT):
            table = metadata.tables[name]
            total: int = self._connection.scalar(select(func.count()).select_from(table)) or 0
            if total == self._seen[name]:
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
        if settled != self._settled:
            yield from self._unfounded_outcomes()

    def _check_table(
        self, name: str, expected: dict[Key, Row], positions: list[int], *, complete: bool
    ) -> Iterator[Finding]:
        table = metadata.tables[name]
        for row in self._connection.execute(
            select(table).where(table.c.position.in_(positions))
        ).mappings():
            self._seen[name] += 1
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
        self._settled += 1
        key: tuple[Value, ...] = tuple(patch.key.values())
        row = (
            self._connection.execute(
                select(notices).where(notices.c.notice_id == patch.key["notice_id"])
            )
            .mappings()
            .one_or_none()
        )
        if row is None:
            yield Finding("ROW_MISSING", _place(notices.name, key))
            return
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


def _key(table: Table, row: Columns) -> Key:
    return tuple(row[column.name] for column in table.primary_key)


def _place(table: str, key: Key) -> str:
    return f"{table}:{'|'.join(str(part) for part in key)}"
