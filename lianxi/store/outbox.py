"""`SqlOutbox`: which notices wait, leased to one mailroom at a time (store layer, adapter).

A lease is a number that grows: an outcome that names an older one comes from an attempt that was
overtaken, and is ignored. "Due" is wall time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, RowMapping, exists, select, update

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.observations import (
    NoticeFailed,
    NoticeOutcome,
    NoticeSent,
    NoticeSuperseded,
)
from lianxi.domain.task.react import Notice, still_holds
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import format_instant
from lianxi.ids import mail_stream, task_stream
from lianxi.ports import DueNotice, Outcome
from lianxi.store.directory import Directories
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.observing import observe, stream_head
from lianxi.store.openings import read_opening
from lianxi.store.projection import MAILBOX
from lianxi.store.states import States
from lianxi.store.tables import notices, outbox
from lianxi.store.writer import Writer

_OUTCOMES: dict[str, type[NoticeOutcome]] = {
    "sent": NoticeSent,
    "superseded": NoticeSuperseded,
    "failed": NoticeFailed,
}


class SqlOutbox:
    """Notices waiting to be sent, written in the same transaction as their event."""

    def __init__(
        self, writer: Writer, reading: Engine, states: States, evidence: EvidenceFolder
    ) -> None:
        self._writer = writer
        self._reading = reading
        self._states = states
        self._evidence = evidence
        self._directories = Directories(evidence)

    def take(
        self, channel: str, now: datetime, limit: int, lease_seconds: float
    ) -> Sequence[DueNotice]:
        """Lease up to `limit` due rows of a channel, untried ones first, oldest first.

        A lease lapses by wall time. Raises StoreUnavailableError.
        """
        if not self._any_due(channel, now):
            return []  # the idle mailroom takes no write lock
        until = now + timedelta(seconds=lease_seconds)
        return self._writer.run(
            lambda connection: self._lease(connection, channel, now, limit, until)
        )

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> int:
        """Record outcomes, row and event in one transaction; answers how many counted.

        An outcome counts while its lease is the last one given, lapsed or not: what it says is
        true, and nobody else has taken the notice. Raises StoreUnavailableError.
        """
        if not outcomes:
            return 0
        return self._writer.run(
            lambda connection: sum(_settle(connection, outcome, now) for outcome in outcomes)
        )

    def _any_due(self, channel: str, now: datetime) -> bool:
        query = select(
            exists().where(outbox.c.channel == channel, outbox.c.due_at <= format_instant(now))
        )
        with outages_translated(), self._reading.connect() as connection:
            return bool(connection.scalar(query))

    def _lease(
        self, connection: Connection, channel: str, now: datetime, limit: int, until: datetime
    ) -> list[DueNotice]:
        rows = (
            connection.execute(
                select(
                    outbox.c.notice_id,
                    outbox.c.lease,
                    outbox.c.attempts,
                    notices.c.origin,
                    notices.c.channel,
                    notices.c.notice_json,
                )
                .join(notices, notices.c.notice_id == outbox.c.notice_id)
                .where(outbox.c.channel == channel, outbox.c.due_at <= format_instant(now))
                .order_by(outbox.c.due_at, outbox.c.position, outbox.c.notice_id)
                .limit(limit)
            )
            .mappings()
            .all()
        )
        if rows:
            connection.execute(
                update(outbox)
                .where(outbox.c.notice_id.in_([row["notice_id"] for row in rows]))
                .values(lease=outbox.c.lease + 1, due_at=format_instant(until))
            )
        return [self._due(connection, row, now) for row in rows]

    def _due(self, connection: Connection, row: RowMapping, now: datetime) -> DueNotice:
        notice = Notice.model_validate_json(row["notice_json"])
        conference = self._states.conference(connection, row["origin"])
        head = stream_head(connection, row["origin"], task_stream(notice.task))
        if conference is None or head is None:
            raise LookupError(f"{notice.task} has a notice and no event")
        state = self._states.task(connection, row["origin"], notice.task, head)
        return DueNotice(
            notice_id=row["notice_id"],
            origin=row["origin"],
            channel=row["channel"],
            notice=notice,
            holds=still_holds(notice, state, now),
            language=_language(conference, notice.addressee),
            address=self._address(connection, row, conference, notice.addressee),
            title=self._title(connection, row["origin"], state),
            lease=row["lease"] + 1,
            attempts=row["attempts"],
        )

    def _address(
        self,
        connection: Connection,
        row: RowMapping,
        conference: ConferenceState,
        addressee: str,
    ) -> str | None:
        if row["channel"] == MAILBOX:
            return None
        directory = self._directories.get(connection, row["origin"], conference.directory.commit)
        return directory.address(addressee)

    def _title(self, connection: Connection, origin: str, state: TaskState) -> str | None:
        opening = read_opening(connection, self._evidence, origin, state.title.commit)
        return None if opening is None else opening.data.decode("utf-8", "replace")


def _language(conference: ConferenceState, addressee: str) -> str:
    member = conference.members.get(addressee)
    return conference.language if member is None else member.language


def _settle(connection: Connection, outcome: Outcome, now: datetime) -> int:
    row = connection.execute(
        select(outbox, notices.c.origin, notices.c.event, notices.c.task, notices.c.addressee)
        .join(notices, notices.c.notice_id == outbox.c.notice_id)
        .where(outbox.c.notice_id == outcome.notice_id)
    ).one_or_none()
    if row is None or row.lease != outcome.lease:
        return 0
    if outcome.result == "retry":
        connection.execute(
            update(outbox)
            .where(outbox.c.notice_id == outcome.notice_id)
            .values(attempts=row.attempts + 1, due_at=format_instant(outcome.not_before or now))
        )
        return 1
    tried = 0 if outcome.result == "superseded" else 1
    data = _OUTCOMES[outcome.result](
        notice_id=outcome.notice_id,
        event=row.event,
        task=row.task,
        unit=row.addressee,
        attempts=row.attempts + tried,
        detail=outcome.detail or None,
    )
    # projecting the event settles the notice and takes it out of the outbox
    observe(connection, row.origin, mail_stream(row.channel), data, now)
    return 1
