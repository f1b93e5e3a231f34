"""Registrations with all that a task's workflow needs to begin (store layer).

An issue that the convener approved was caused by the approval; the issue itself is the cause of the
event that had proposed it.
"""

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.events import TaskRegistered
from lianxi.ids import CONFERENCE_STREAM
from lianxi.ports import PendingTask
from lianxi.proof.events import SealedEvent, open_event
from lianxi.store.projection import calendar_in, rules_in
from lianxi.store.tables import commands, events, registrations, rosters, rulebooks

_PROPOSED, _ISSUE = events.alias("proposed"), commands.alias("issue")
_RULES, _CALENDAR = rulebooks.alias("rules"), rulebooks.alias("calendar")


def registration(connection: Connection, origin: str, task: str) -> PendingTask | None:
    """One registration, whether its task has begun or not."""
    where = registrations.c.origin == origin, registrations.c.task == task
    row = connection.execute(_REGISTERED.where(*where)).one_or_none()
    return None if row is None else _pending(row)


def pending_tasks(connection: Connection) -> list[PendingTask]:
    """Those whose task has no event yet, all conferences."""
    return [
        _pending(row)
        for row in connection.execute(
            _REGISTERED.where(registrations.c.begun == 0).order_by(
                registrations.c.origin, registrations.c.seq
            )
        )
    ]


def begin(
    connection: Connection, origin: str, sealed: SealedEvent, envelope: str
) -> PendingTask | None:
    """A registration that is not recorded yet; None where something it names is not either."""
    event = open_event(sealed.text.encode())
    data = TaskRegistered.model_validate(event.data)
    roster = connection.scalar(
        select(rosters.c.text).where(rosters.c.origin == origin, rosters.c.hash == event.roster)
    )
    rules = _text(connection, origin, data.rules_hash)
    calendar = None
    if data.calendar_hash is not None:
        calendar = _text(connection, origin, data.calendar_hash)
        if calendar is None:
            return None
    if roster is None or rules is None:
        return None
    begun = PendingTask(
        origin=origin,
        registration=sealed,
        envelope=envelope,
        roster=roster,
        rules=rules_in(rules),
        calendar=_calendar(calendar),
    )
    if data.proposal is None:
        return begun
    row = connection.execute(
        select(events.c.data, events.c.hash, commands.c.envelope)
        .join(commands, _caused(commands, events))
        .where(events.c.hash == data.proposal, events.c.origin == origin)
    ).one_or_none()
    if row is None:
        return None
    return PendingTask(
        origin=origin,
        registration=sealed,
        envelope=row.envelope,
        roster=roster,
        rules=begun.rules,
        calendar=begun.calendar,
        proposal=_sealed(row.data, row.hash),
        approval=envelope,
    )


def _text(connection: Connection, origin: str, book: str) -> str | None:
    return connection.scalar(
        select(rulebooks.c.text).where(rulebooks.c.origin == origin, rulebooks.c.hash == book)
    )


def _calendar(text: str | None) -> Calendar | None:
    return None if text is None else calendar_in(text)


def _sealed(data: bytes, event_hash: str) -> SealedEvent:
    return SealedEvent(text=data.decode("utf-8"), hash=event_hash)


def _pending(row: Row[Any]) -> PendingTask:
    proposed = row.proposal is not None
    return PendingTask(
        origin=row.origin,
        registration=_sealed(row.data, row.hash),
        envelope=row.issue if proposed else row.envelope,
        roster=row.roster_text,
        rules=rules_in(row.rules_text),
        calendar=_calendar(row.calendar_text),
        proposal=_sealed(row.proposal_data, row.proposal) if proposed else None,
        approval=row.envelope if proposed else None,
    )


def _caused(command: Any, event: Any) -> Any:
    return and_(
        command.c.origin == event.c.origin, command.c.payload_sha256 == event.c.payload_sha256
    )


def _registered() -> Select[Any]:
    r = registrations
    rows = (
        r.join(
            events,
            and_(
                events.c.origin == r.c.origin,
                events.c.stream == CONFERENCE_STREAM,
                events.c.seq == r.c.seq,
            ),
        )
        .join(commands, _caused(commands, r))
        .join(rosters, and_(rosters.c.origin == r.c.origin, rosters.c.hash == r.c.roster))
        .join(_RULES, and_(_RULES.c.origin == r.c.origin, _RULES.c.hash == r.c.rules_hash))
        .outerjoin(
            _CALENDAR,
            and_(_CALENDAR.c.origin == r.c.origin, _CALENDAR.c.hash == r.c.calendar_hash),
        )
        .outerjoin(
            _PROPOSED, and_(_PROPOSED.c.hash == r.c.proposal, _PROPOSED.c.origin == r.c.origin)
        )
        .outerjoin(_ISSUE, _caused(_ISSUE, _PROPOSED))
    )
    return select(
        r.c.origin,
        r.c.hash,
        r.c.proposal,
        events.c.data,
        commands.c.envelope,
        rosters.c.text.label("roster_text"),
        _RULES.c.text.label("rules_text"),
        _CALENDAR.c.text.label("calendar_text"),
        _PROPOSED.c.data.label("proposal_data"),
        _ISSUE.c.envelope.label("issue"),
    ).select_from(rows)


_REGISTERED = _registered()
