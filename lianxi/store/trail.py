"""`SqlTrail`: the port `Trail` on SQLAlchemy Core (store layer, adapter)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, bindparam, func, select

from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.task.events import RosterAdopted
from lianxi.domain.values import parse_instant
from lianxi.ids import task_of_stream
from lianxi.messages import Receipt, ReceiptEvent, RecordBatch, RecordResult
from lianxi.ports import (
    BatchInvalidError,
    ForkDetectedError,
    PendingTask,
    StoredEvent,
    StoredLines,
)
from lianxi.proof.events import SealedEvent, open_event
from lianxi.proof.rosters import RosterStep, shared_roster
from lianxi.store.anchors import Anchors
from lianxi.store.append import Fork, append_batch, redacted_by
from lianxi.store.batch import read_batch
from lianxi.store.faults import outages_translated
from lianxi.store.prepared import Prepared
from lianxi.store.redaction import Eraser
from lianxi.store.refusing import note_refusal
from lianxi.store.registering import begin, pending_tasks, registration
from lianxi.store.states import States
from lianxi.store.tables import commands, conferences, events, registrations, rosters, tasks
from lianxi.store.writer import Writer
from lianxi.streams.facts import UnknownKindError
from lianxi.streams.thawing import roster_in_force


def wall_clock() -> datetime:
    """Now; only alarms take their time from here, everything else brings its own."""
    return datetime.now(UTC)


class SqlTrail:
    """The append-only record of all streams. Appends by the writer's thread, reads by its own engine."""

    def __init__(
        self,
        writer: Writer | None,
        reading: Engine,
        states: States,
        clock: Callable[[], datetime] = wall_clock,
        eraser: Eraser | None = None,
        anchors: Anchors | None = None,
    ) -> None:
        """`writer` None: a trail that can only be read. `eraser`: follows redactions.

        `anchors`: say of which conferences nothing may be recorded.
        """
        self._writer = writer
        self._reading = reading
        self._states = states
        self._clock = clock
        self._eraser = eraser
        self._anchors = anchors

    def append(self, batch: RecordBatch) -> RecordResult:
        """See `ports.Trail.append`; BatchInvalidError for what no stream's writer may offer."""
        if self._writer is None:
            raise TypeError("this trail was opened for reading")
        if self._anchors is not None:
            self._anchors.check(batch.origin)
        try:
            return self._append(self._writer, batch)
        except BatchInvalidError as invalid:
            reason = invalid.reason
            # in a transaction of its own: nothing of the batch stands
            self._writer.run(lambda c: note_refusal(c, batch, reason, self._clock()))
            raise

    def _append(self, writer: Writer, batch: RecordBatch) -> RecordResult:
        offered = read_batch(batch)

        def work(connection: Connection) -> RecordResult | Fork:
            try:
                return append_batch(connection, offered, self._states, self._clock())
            except (ValidationError, UnknownKindError, ValueError, LookupError) as error:
                raise BatchInvalidError(batch.stream, "data") from error

        result = writer.run(work)
        if isinstance(result, Fork):
            raise ForkDetectedError(result.stream, result.seq, result.stored, result.offered)
        if self._eraser is not None and redacted_by(offered.events):
            self._eraser.sweep()
        return result

    def find_receipt(self, origin: str, unit: str, request_id: str) -> Receipt | None:
        """The receipt of a recorded command; None as long as some of its events are missing."""
        with outages_translated(), self._reading.connect() as connection:
            rows = connection.execute(
                select(events, commands.c.action, commands.c.stream.label("addressed"))
                .join(
                    commands,
                    (commands.c.origin == events.c.origin)
                    & (commands.c.payload_sha256 == events.c.payload_sha256),
                )
                .where(
                    events.c.origin == origin,
                    events.c.request_id == request_id,
                    events.c.actor == unit,
                    # an issue also begins the task's own stream; the answer was the conference's
                    events.c.stream == commands.c.stream,
                )
                .order_by(events.c.seq)
            ).all()
        return _receipt(rows) if rows else None

    def event_at(self, origin: str, stream: str, seq: int) -> StoredEvent | None:
        """One event by its place in its stream."""
        with outages_translated(), self._reading.connect() as connection:
            row = connection.execute(
                select(events).where(
                    events.c.origin == origin, events.c.stream == stream, events.c.seq == seq
                )
            ).one_or_none()
        if row is None:
            return None
        return StoredEvent(row.position, row.origin, row.stream, row.seq, row.data, row.hash)

    def registration(self, origin: str, task: str) -> PendingTask | None:
        """The registration of a task with all that it names, whether begun or not."""
        with outages_translated(), self._reading.connect() as connection:
            return registration(connection, origin, task)

    def begin(self, origin: str, registration: SealedEvent, envelope: str) -> PendingTask | None:
        """A registration just answered, not recorded yet, with what is; see `ports.Trail.begin`."""
        with outages_translated(), self._reading.connect() as connection:
            return begin(connection, origin, registration, envelope)

    def pending_tasks(self) -> Sequence[PendingTask]:
        """Registrations without a single event on the task's own stream, all conferences."""
        with outages_translated(), self._reading.connect() as connection:
            return pending_tasks(connection)

    def task_phase(self, origin: str, task: str) -> str | None:
        """The recorded phase of a task; None before its first event is recorded."""
        with outages_translated(), self._reading.connect() as connection:
            return connection.scalar(
                select(tasks.c.phase).where(tasks.c.origin == origin, tasks.c.task == task)
            )

    def roster_version(self, origin: str) -> int | None:
        """The newest recorded version of a conference's roster; asked for with every command."""
        with outages_translated(), self._reading.connect() as connection:
            version: int | None = _ROSTER_VERSION.run(connection, {"origin_": origin}).scalar()
        return version

    def latest_roster(self, origin: str) -> Roster | None:
        """See `ports.Trail`."""
        newest = (
            select(rosters.c.text)
            .where(rosters.c.origin == origin)
            .order_by(rosters.c.version.desc())
            .limit(1)
        )
        with outages_translated(), self._reading.connect() as connection:
            text = connection.scalar(newest)
        return None if text is None else shared_roster(text)

    def stored_stream(self, origin: str, stream: str) -> StoredLines:
        """See `ports.Trail`."""
        with outages_translated(), self._reading.connect() as connection:
            lines = connection.scalars(
                select(events.c.data)
                .where(events.c.origin == origin, events.c.stream == stream)
                .order_by(events.c.seq)
            ).all()
            return StoredLines(tuple(lines), roster_behind(connection, origin, lines))

    def roster_steps(self, origin: str, stream: str) -> Sequence[RosterStep]:
        """The steps from the roster that a stream's last event names to the newest one recorded.

        A task without an event stands where its registration stood.
        """
        last_named = (
            select(events.c.roster)
            .where(events.c.origin == origin, events.c.stream == stream)
            .order_by(events.c.seq.desc())
            .limit(1)
            .scalar_subquery()
        )
        registered_under = (
            select(registrations.c.roster)
            .where(registrations.c.origin == origin, registrations.c.task == task_of_stream(stream))
            .scalar_subquery()
        )
        known = (
            select(rosters.c.version)
            .where(
                rosters.c.origin == origin,
                rosters.c.hash == func.coalesce(last_named, registered_under),
            )
            .scalar_subquery()
        )
        with outages_translated(), self._reading.connect() as connection:
            steps = connection.scalars(
                select(rosters.c.step_json)
                .where(
                    rosters.c.origin == origin,
                    rosters.c.version > known,
                    rosters.c.step_json.is_not(None),
                )
                .order_by(rosters.c.version)
            ).all()
        return [RosterStep.model_validate_json(step) for step in steps]


_ROSTER_VERSION = Prepared(
    lambda _: select(conferences.c.roster_version).where(
        conferences.c.origin == bindparam("origin_")
    )
)


def roster_behind(connection: Connection, origin: str, lines: Sequence[bytes]) -> str | None:
    """The text of the roster in force behind the last of some events; None where it is not held."""
    if not lines:
        return None
    try:
        wanted = roster_in_force([(open_event(lines[-1]), "")], RosterAdopted.__name__)
    except (Refusal, KeyError):
        return None
    return connection.scalar(
        select(rosters.c.text).where(rosters.c.origin == origin, rosters.c.hash == wanted)
    )


def _receipt(rows: Sequence[Row[Any]]) -> Receipt | None:
    # should an id have been used for a second command all the same, the first one's receipt stands
    rows = [row for row in rows if row.payload_sha256 == rows[0].payload_sha256]
    first, last = rows[0], rows[-1]
    if len(rows) != open_event(first.data).cause.count:
        return None  # the rest is on its way
    return Receipt(
        request_id=first.request_id,
        payload_sha256=first.payload_sha256,
        origin=first.origin,
        stream=first.stream,
        action=first.action,
        at=parse_instant(last.at),
        events=tuple(ReceiptEvent(seq=row.seq, kind=row.kind, hash=row.hash) for row in rows),
        task=task_of_stream(first.stream) or first.task,
    )
