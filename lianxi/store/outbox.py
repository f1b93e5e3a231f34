"""`SqlOutbox`: which notices wait, leased to one mailroom at a time (store layer, adapter).

A lease is a number that grows: an outcome that names an older one comes from an attempt that was
overtaken, and is ignored. "Due" is wall time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from itertools import chain, repeat

from sqlalchemy import Connection, Engine, bindparam, exists, select, update

from lianxi.domain.conference.events import IssueProposed
from lianxi.domain.conference.react import still_holds as conference_notice_holds
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.observations import (
    NoticeFailed,
    NoticeOutcome,
    NoticeSent,
    NoticeSuperseded,
)
from lianxi.domain.task.commands import IssueTask
from lianxi.domain.task.react import Notice, still_holds
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import format_instant
from lianxi.ids import mail_stream, task_stream
from lianxi.ports import DueNotice, Outcome
from lianxi.proof.events import open_event
from lianxi.store.anchors import Anchors
from lianxi.store.directory import Directories
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.observing import Observed, observe_all, stream_head
from lianxi.store.openings import read_opening
from lianxi.store.prepared import Prepared
from lianxi.store.projection import MAILBOX
from lianxi.store.states import States
from lianxi.store.tables import events, notices, outbox
from lianxi.store.writer import Writer

_OUTCOMES: dict[str, type[NoticeOutcome]] = {
    "sent": NoticeSent,
    "superseded": NoticeSuperseded,
    "failed": NoticeFailed,
}


class SqlOutbox:
    """Notices waiting to be sent, written in the same transaction as their event."""

    def __init__(
        self,
        writer: Writer,
        reading: Engine,
        states: States,
        evidence: EvidenceFolder,
        anchors: Anchors | None = None,
    ) -> None:
        """`anchors`: say of which conferences nothing is sent, since nothing can be recorded."""
        self._writer = writer
        self._reading = reading
        self._states = states
        self._evidence = evidence
        self._anchors = anchors
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
        refused = [] if self._anchors is None else self._anchors.refused()
        return self._writer.run(
            lambda connection: self._lease(connection, channel, now, limit, until, refused)
        )

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> int:
        """Record outcomes, row and event in one transaction; answers how many counted.

        An outcome counts while its lease is the last one given, lapsed or not: what it says is
        true, and nobody else has taken the notice. Raises StoreUnavailableError.
        """
        if not outcomes:
            return 0
        return self._writer.run(lambda connection: _settle(connection, outcomes, now))

    def _any_due(self, channel: str, now: datetime) -> bool:
        sought = {"channel_": channel, "now": format_instant(now)}
        with outages_translated(), self._reading.connect() as connection:
            return bool(_ANY_DUE.run(connection, sought).scalar())

    def _lease(
        self,
        connection: Connection,
        channel: str,
        now: datetime,
        limit: int,
        until: datetime,
        refused: Sequence[str],
    ) -> list[DueNotice]:
        sought = {"channel_": channel, "now": format_instant(now), "limit_": limit}
        rows = _due(refused).run(connection, sought).all()
        if not rows:
            return []
        end = format_instant(until)
        _TAKE.run_many(connection, [{"id": row.notice_id, "until": end} for row in rows])
        # read once each: most notices of a lease are about the same few tasks
        conference_of = cache(partial(self._conference, connection))
        task_of = cache(partial(self._task, connection))
        directory_of = cache(partial(self._directories.get, connection))
        due: list[DueNotice] = []
        for row in rows:
            notice = Notice.model_validate_json(row.notice_json)
            conference = conference_of(row.origin)
            if notice.task is None:
                holds = conference_notice_holds(notice, conference)
                title = self._proposed_title(connection, row.origin, notice)
            else:
                state, title = task_of(row.origin, notice.task)
                holds = still_holds(notice, state, now)
            address = None
            if row.channel != MAILBOX:
                directory = directory_of(row.origin, conference.directory.commit)
                address = directory.address(notice.addressee)
            due.append(
                DueNotice(
                    notice_id=row.notice_id,
                    origin=row.origin,
                    channel=row.channel,
                    notice=notice,
                    holds=holds,
                    language=_language(conference, notice.addressee),
                    address=address,
                    title=title,
                    lease=row.lease + 1,
                    attempts=row.attempts,
                )
            )
        return due

    def _conference(self, connection: Connection, origin: str) -> ConferenceState:
        conference = self._states.conference(connection, origin)
        if conference is None:
            raise LookupError(f"{origin} has a notice and no conference")
        return conference

    def _task(self, connection: Connection, origin: str, task: str) -> tuple[TaskState, str | None]:
        """The state of a task, and its title where that was handed in."""
        head = stream_head(connection, origin, task_stream(task))
        if head is None:
            raise LookupError(f"{task} has a notice and no event")
        state = self._states.task(connection, origin, task, head)
        return state, self._text(connection, origin, state.title.commit)

    def _proposed_title(self, connection: Connection, origin: str, notice: Notice) -> str | None:
        """The title of the issue that a notice of the conference is about, if it is about one."""
        row = _EVENT.run(connection, {"origin_": origin, "hash_": notice.subject}).one_or_none()
        if row is None or row.kind != IssueProposed.__name__:
            return None
        issue = IssueTask.model_validate(open_event(row.data).data["args"])
        return self._text(connection, origin, issue.title.commit)

    def _text(self, connection: Connection, origin: str, commit: str) -> str | None:
        opening = read_opening(connection, self._evidence, origin, commit)
        return None if opening is None else opening.data.decode("utf-8", "replace")


def _language(conference: ConferenceState, addressee: str) -> str:
    member = conference.members.get(addressee)
    return conference.language if member is None else member.language


@dataclass(slots=True)
class _Waiting:
    """A row of the outbox, with what its notice's outcome names."""

    notice_id: str
    lease: int
    attempts: int
    channel: str
    origin: str
    event: str
    task: str | None
    addressee: str


def _settle(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> int:
    waiting = _waiting(connection, outcomes)
    retries: dict[str, dict[str, str | int]] = {}
    observed: list[Observed] = []
    counted = 0
    for outcome in outcomes:
        row = waiting.get(outcome.notice_id)
        if row is None or row.lease != outcome.lease:
            continue
        counted += 1
        if outcome.result != "superseded":
            row.attempts += 1
        if outcome.result == "retry":
            retries[row.notice_id] = {
                "id": row.notice_id,
                "tried": row.attempts,
                "not_before": format_instant(outcome.not_before or now),
            }
        else:
            observed.append(_observed(row, outcome))
            del waiting[row.notice_id]  # whatever else is said of it comes too late
    if retries:
        _RETRY.run_many(connection, list(retries.values()))
    if observed:
        # projecting the events settles the notices and takes them out of the outbox
        observe_all(connection, observed, now)
    return counted


def _waiting(connection: Connection, outcomes: Sequence[Outcome]) -> dict[str, _Waiting]:
    wanted = list(dict.fromkeys(outcome.notice_id for outcome in outcomes))
    found: dict[str, _Waiting] = {}
    for start in range(0, len(wanted), len(_IDS)):
        page = wanted[start : start + len(_IDS)]
        filled = dict(zip(_IDS, chain(page, repeat(page[0])), strict=False))
        for row in _WAITING.run(connection, filled).mappings():
            found[row["notice_id"]] = _Waiting(**row)
    return found


def _observed(row: _Waiting, outcome: Outcome) -> Observed:
    data = _OUTCOMES[outcome.result](
        notice_id=row.notice_id,
        event=row.event,
        task=row.task,
        unit=row.addressee,
        attempts=row.attempts,
        detail=outcome.detail or None,
    )
    return Observed(row.origin, mail_stream(row.channel), data)


_IDS = [f"id_{number}" for number in range(16)]
"""So many notices are looked up at once; where there are fewer, one of them fills the rest."""

_IS_DUE = (outbox.c.channel == bindparam("channel_")) & (outbox.c.due_at <= bindparam("now"))
_ANY_DUE = Prepared(lambda _: select(exists().where(_IS_DUE)))


def _due(refused: Sequence[str]) -> Prepared:
    """What is due, without conferences of which nothing can be recorded: hardly ever are there any."""
    return _due_but(tuple(sorted(refused)))


@lru_cache(maxsize=4)
def _due_but(refused: tuple[str, ...]) -> Prepared:
    # written out: a prepared statement has a fixed number of parameters
    but = [notices.c.origin != origin for origin in refused]
    return Prepared(
        lambda _: (
            select(
                outbox.c.notice_id,
                outbox.c.lease,
                outbox.c.attempts,
                notices.c.origin,
                notices.c.channel,
                notices.c.notice_json,
            )
            .join(notices, notices.c.notice_id == outbox.c.notice_id)
            .where(_IS_DUE, *but)
            .order_by(outbox.c.due_at, outbox.c.position, outbox.c.notice_id)
            .limit(bindparam("limit_"))
        )
    )


_TAKE = Prepared(
    lambda _: (
        update(outbox)
        .where(outbox.c.notice_id == bindparam("id"))
        .values(lease=outbox.c.lease + 1, due_at=bindparam("until"))
    )
)
_EVENT = Prepared(
    lambda _: select(events.c.kind, events.c.data).where(
        events.c.hash == bindparam("hash_"), events.c.origin == bindparam("origin_")
    )
)
_WAITING = Prepared(
    lambda _: (
        select(
            outbox.c.notice_id,
            outbox.c.lease,
            outbox.c.attempts,
            outbox.c.channel,
            notices.c.origin,
            notices.c.event,
            notices.c.task,
            notices.c.addressee,
        )
        .join(notices, notices.c.notice_id == outbox.c.notice_id)
        .where(outbox.c.notice_id.in_([bindparam(name) for name in _IDS]))
    )
)
_RETRY = Prepared(
    lambda _: (
        update(outbox)
        .where(outbox.c.notice_id == bindparam("id"))
        .values(attempts=bindparam("tried"), due_at=bindparam("not_before"))
    )
)
