"""The read tables of a whole database made again, after a schema upgrade (store layer, shell).

Content and work (`openings`, `mailbox`, `outbox`) stay as they are.
"""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, RowMapping, delete, select

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.events import open_event
from lianxi.store.projection import (
    Change,
    Recorded,
    project_conference,
    project_observation,
    project_task,
    task_rows,
)
from lianxi.store.rebuild import PER_EVENT
from lianxi.store.rows import write_rows
from lianxi.store.tables import events, metadata
from lianxi.store.verify_tables import STATE_TABLES

CHUNK = 500
"""Events folded between two writes."""


def rebuild_read_tables(connection: Connection) -> None:
    """Write every read table anew from the events, in the caller's transaction.

    A stream that somebody has tampered with is followed as far as it folds: the upgrade goes on,
    and `audit verify` names the place as before.
    """
    for name in (*STATE_TABLES, *PER_EVENT):
        connection.execute(delete(metadata.tables[name]))
    conferences: dict[str, ConferenceState] = {}
    for origin, stream in _streams(connection):
        if stream == CONFERENCE_STREAM:
            _rebuild_conference(connection, origin, conferences)
        elif task_of_stream(stream) is None:
            _follow(connection, origin, stream, project_observation)
        elif origin in conferences:
            _rebuild_task(connection, origin, stream, conferences[origin])


def _rebuild_conference(
    connection: Connection, origin: str, conferences: dict[str, ConferenceState]
) -> None:
    def project(recorded: Recorded) -> list[Change]:
        before = conferences.get(origin)
        conferences[origin], changes = project_conference(before, recorded)
        return changes

    _follow(connection, origin, CONFERENCE_STREAM, project)


def _rebuild_task(
    connection: Connection, origin: str, stream: str, conference: ConferenceState
) -> None:
    state: TaskState | None = None

    def project(recorded: Recorded) -> list[Change]:
        nonlocal state
        state, changes = project_task(conference, state, recorded)
        return changes

    _follow(connection, origin, stream, project)
    if state is not None:
        write_rows(connection, task_rows(origin, None, state))


def _follow(
    connection: Connection,
    origin: str,
    stream: str,
    project: Callable[[Recorded], Sequence[Change]],
) -> None:
    """Write what follows from the events of a stream, up to the first that does not fold."""
    for chunk in _chunks(connection, origin, stream):
        changes: list[Change] = []
        try:
            for row in chunk:
                event = open_event(row["data"])
                changes += project(Recorded(row["position"], event, row["hash"]))
        except Exception:  # noqa: BLE001 - an event nobody decided breaks the fold anyhow
            write_rows(connection, changes)
            return
        write_rows(connection, changes)


def _streams(connection: Connection) -> list[tuple[str, str]]:
    """The conference's before its tasks', outcomes of notices after the notices."""
    rows = connection.execute(select(events.c.origin, events.c.stream).distinct())

    def order(place: tuple[str, str]) -> tuple[str, bool, bool, str]:
        origin, stream = place
        return origin, stream != CONFERENCE_STREAM, task_of_stream(stream) is None, stream

    return sorted(((row.origin, row.stream) for row in rows), key=order)


def _chunks(connection: Connection, origin: str, stream: str) -> Iterator[Sequence[RowMapping]]:
    after = -1
    while True:
        statement = (
            select(events.c.position, events.c.seq, events.c.data, events.c.hash)
            .where(events.c.origin == origin, events.c.stream == stream, events.c.seq > after)
            .order_by(events.c.seq)
            .limit(CHUNK)
        )
        chunk = connection.execute(statement).mappings().all()
        if not chunk:
            return
        yield chunk
        after = chunk[-1]["seq"]
