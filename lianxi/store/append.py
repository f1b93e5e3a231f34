"""Appending a checked batch inside one transaction: link, refuse or insert, project (store layer).

The store trusts nobody's bookkeeping: a batch stands only where it continues the stored head.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from lianxi.domain.conference.events import ConferenceFounded, OpeningRedacted
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.observations import ForkDetected
from lianxi.domain.refusal import Refusal
from lianxi.domain.task.events import RosterAdopted, TaskIssued
from lianxi.domain.task.state import TaskState
from lianxi.ids import AUDIT_STREAM, CONFERENCE_STREAM, task_of_stream
from lianxi.messages import RecordResult
from lianxi.ports import BatchInvalidError, GapDetectedError
from lianxi.proof import canonical
from lianxi.proof.events import Head, check_link
from lianxi.proof.hashing import sha256_hex
from lianxi.store.batch import OfferedBatch, OfferedCommand, OfferedEvent
from lianxi.store.dialect import insert_if_absent
from lianxi.store.observing import observe, stream_head
from lianxi.store.prepared import Prepared
from lianxi.store.projection import (
    Change,
    Recorded,
    event_row,
    project_conference,
    project_task,
    task_rows,
)
from lianxi.store.redaction import destroy_openings
from lianxi.store.rows import apply_changes, insert_event
from lianxi.store.states import States
from lianxi.store.tables import alarms, commands, events, registrations, rosters, rulebooks
from lianxi.store.thaws import last_thaws


@dataclass(frozen=True, slots=True)
class Fork:
    """Where another event stands than was offered."""

    stream: str
    seq: int
    stored: str
    offered: str


def append_batch(
    connection: Connection, offered: OfferedBatch, states: States, now: datetime
) -> RecordResult | Fork:
    """Record what is new of a batch; a fork is answered, not raised, so that its alarm commits.

    Raises GapDetectedError (events before the first one, the conference, the registration or the
    roster are not recorded yet), BatchInvalidError.
    """
    head = stream_head(connection, offered.origin, offered.stream)
    fork = _find_fork(connection, offered, head)
    if fork is not None:
        _raise_alarm(connection, offered.origin, fork, now)
        return fork
    fresh = [o for o in offered.events if head is None or o.event.seq > head.seq]
    if fresh:
        _check_continues(head, fresh[0], offered.stream)
        _check_rosters(connection, offered.origin, fresh)
        _insert_commands(connection, offered, fresh)
        if offered.stream == CONFERENCE_STREAM:
            _append_to_conference(connection, offered.origin, fresh, states)
        else:
            _append_to_task(connection, offered, fresh, head, states)
    last = offered.events[-1]
    return RecordResult(seq=last.event.seq, hash=last.hash)


# --- does it fit? ---


def _find_fork(connection: Connection, offered: OfferedBatch, head: Head | None) -> Fork | None:
    if head is None:
        return None
    first = offered.events[0].event
    if first.seq == head.seq + 1:
        # the writer believes in another event before its first one
        if first.prev != head.hash:
            return Fork(offered.stream, head.seq, head.hash, first.prev)
        return None
    if first.seq > head.seq:
        return None
    rows = _HASHES.run(
        connection,
        {
            "origin_": offered.origin,
            "stream_": offered.stream,
            "first": first.seq,
            "last": offered.events[-1].event.seq,
        },
    )
    stored = {row.seq: row.hash for row in rows}
    for one in offered.events:
        standing = stored.get(one.event.seq)
        if standing is not None and standing != one.hash:
            return Fork(offered.stream, one.event.seq, standing, one.hash)
    return None


def _raise_alarm(connection: Connection, origin: str, fork: Fork, now: datetime) -> None:
    """Once for each event offered, however often it is offered until a thaw."""
    known = connection.scalar(
        select(func.max(alarms.c.position)).where(
            alarms.c.origin == origin,
            alarms.c.stream == fork.stream,
            alarms.c.seq == fork.seq,
            alarms.c.offered == fork.offered,
        )
    )
    if known is None or known < last_thaws(connection, origin).get(fork.stream, 0):
        data = ForkDetected(
            stream=fork.stream, seq=fork.seq, stored=fork.stored, offered=fork.offered
        )
        observe(connection, origin, AUDIT_STREAM, data, now)


def _check_continues(head: Head | None, first: OfferedEvent, stream: str) -> None:
    if first.event.seq > (1 if head is None else head.seq + 1):
        raise GapDetectedError(f"{stream} misses events before seq {first.event.seq}")
    try:
        check_link(head, first.event)
    except Refusal as refusal:
        raise BatchInvalidError(stream, refusal.code) from refusal


def _check_rosters(connection: Connection, origin: str, fresh: Sequence[OfferedEvent]) -> None:
    """Recording refuses rosters that the conference's stream does not hold: named or adopted."""
    if fresh[0].event.kind == ConferenceFounded.__name__:
        return  # it brings the first one
    adopted = {str(one.event.data.get("roster")) for one in fresh if one.event.kind == _ADOPTION}
    for roster in adopted | {one.event.roster for one in fresh}:
        if fresh[0].event.stream == CONFERENCE_STREAM and roster != fresh[0].event.roster:
            continue  # made by an event of this very batch
        if _ROSTER.run(connection, {"origin_": origin, "hash_": roster}).scalar() is None:
            raise GapDetectedError(f"roster {roster} is not recorded yet")


def _insert_commands(
    connection: Connection, offered: OfferedBatch, fresh: Sequence[OfferedEvent]
) -> None:
    wanted = {o.event.cause.payload_sha256 for o in fresh if o.event.basis == "command"}
    for digest in wanted - offered.commands.keys():
        found = _COMMAND.run(connection, {"origin_": offered.origin, "digest": digest}).scalar()
        if found is None:
            raise BatchInvalidError(offered.stream, "envelope")
    rows = [
        _command_row(offered.origin, command)
        for digest, command in offered.commands.items()
        if digest in wanted
    ]
    if rows:
        _INSERT_COMMAND.run_many(connection, rows)


def _command_row(origin: str, command: OfferedCommand) -> dict[str, Any]:
    return {
        "origin": origin,
        "payload_sha256": command.payload_sha256,
        "stream": command.payload.stream,
        "unit": command.payload.unit,
        "request_id": command.payload.request_id,
        "action": command.payload.action,
        "envelope": command.text,
    }


# --- inserting and projecting ---


def _append_to_conference(
    connection: Connection, origin: str, fresh: Sequence[OfferedEvent], states: States
) -> None:
    state = states.conference(connection, origin)
    changes: list[Change] = []
    for offered in fresh:
        recorded = _insert(connection, offered)
        state, more = project_conference(state, recorded)
        changes += more
    if state is not None:
        states.keep_conference(origin, fresh[-1].hash, state)
    apply_changes(connection, changes)
    destroy_openings(connection, origin, redacted_by(fresh))


def redacted_by(offered: Iterable[OfferedEvent]) -> list[str]:
    """The commitments that these events redact."""
    kind = OpeningRedacted.__name__
    return [one.event.data["commit"] for one in offered if one.event.kind == kind]


def _append_to_task(
    connection: Connection,
    offered: OfferedBatch,
    fresh: Sequence[OfferedEvent],
    head: Head | None,
    states: States,
) -> None:
    origin, task = offered.origin, task_of_stream(offered.stream) or ""
    conference = _conference(connection, origin, states)
    if head is None:
        _check_registration(connection, origin, task, fresh[0])
    _check_rulebooks(connection, origin, fresh)
    before = None if head is None else states.task(connection, origin, task, head)
    state: TaskState | None = before
    changes: list[Change] = []
    for one in fresh:
        recorded = _insert(connection, one)
        state, more = project_task(conference, state, recorded)
        changes += more
    if state is not None:
        changes += task_rows(origin, before, state)
        states.keep_task(origin, state)
    apply_changes(connection, changes)


def _conference(connection: Connection, origin: str, states: States) -> ConferenceState:
    conference = states.conference(connection, origin)
    if conference is None:
        raise GapDetectedError(f"{origin} has no conference yet")
    return conference


def _check_registration(
    connection: Connection, origin: str, task: str, first: OfferedEvent
) -> None:
    """A task begins with the registration that the conference's stream holds, recorded before."""
    registered = connection.scalar(
        select(registrations.c.hash).where(
            registrations.c.origin == origin, registrations.c.task == task
        )
    )
    if registered is None:
        raise GapDetectedError(f"{task} is not registered yet")
    if (first.event.kind, first.event.data.get("task")) != (TaskIssued.__name__, task):
        raise BatchInvalidError(first.event.stream, "first")
    if first.event.data.get("registration") != registered:
        raise BatchInvalidError(first.event.stream, "registration")


def _check_rulebooks(connection: Connection, origin: str, fresh: Sequence[OfferedEvent]) -> None:
    """Recording refuses rules and calendars that the conference's stream does not hold.

    An event that brings them may name their hashes beside them; those must be theirs.
    """
    for one in fresh:
        data = one.event.data
        for what in ("rules", "calendar"):
            if not isinstance(data.get(what), dict):
                continue
            book = sha256_hex(canonical.dumps(data[what]))
            if data.get(f"{what}_hash", book) != book:
                raise BatchInvalidError(one.event.stream, f"{what}_hash")
            if _ADOPTED.run(connection, {"origin_": origin, "hash_": book}).scalar() is None:
                raise GapDetectedError(f"the conference holds no {what} {book} yet")


def _insert(connection: Connection, offered: OfferedEvent) -> Recorded:
    row: dict[str, Any] = dict(event_row(offered.event, offered.hash))
    position = insert_event(connection, {**row, "data": offered.data})
    return Recorded(position, offered.event, offered.hash)


_ADOPTION = RosterAdopted.__name__
_ADOPTED = Prepared(
    lambda _: select(rulebooks.c.adopted_at).where(
        rulebooks.c.origin == bindparam("origin_"), rulebooks.c.hash == bindparam("hash_")
    )
)
_INSERT_COMMAND = Prepared(lambda dialect: insert_if_absent(dialect, commands))
_HASHES = Prepared(
    lambda _: select(events.c.seq, events.c.hash).where(
        events.c.origin == bindparam("origin_"),
        events.c.stream == bindparam("stream_"),
        events.c.seq.between(bindparam("first"), bindparam("last")),
    )
)
_ROSTER = Prepared(
    lambda _: select(rosters.c.version).where(
        rosters.c.origin == bindparam("origin_"), rosters.c.hash == bindparam("hash_")
    )
)
_COMMAND = Prepared(
    lambda _: select(commands.c.action).where(
        commands.c.origin == bindparam("origin_"), commands.c.payload_sha256 == bindparam("digest")
    )
)
