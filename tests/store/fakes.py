"""A store in memory: the ports in their simplest form, for tests of what stands above them.

It passes the same contract suite as the SQLite adapter (tests/store/contract.py). Faults are
injected by `faults`: each entry is used up by one append.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.events import OpeningRedacted, RosterMade, TaskRegistered
from lianxi.domain.conference.react import still_holds as conference_notice_holds
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.observations import (
    ForkDetected,
    NoticeFailed,
    NoticeOutcome,
    NoticeSent,
    NoticeSuperseded,
    Observation,
)
from lianxi.domain.roster import Roster
from lianxi.domain.rules import Rules
from lianxi.domain.task.evolve import fold
from lianxi.domain.task.react import Notice, still_holds
from lianxi.domain.values import SYSTEM
from lianxi.ids import AUDIT_STREAM, CONFERENCE_STREAM, mail_stream, task_of_stream, task_stream
from lianxi.messages import Receipt, ReceiptEvent, RecordBatch, RecordResult
from lianxi.ports import (
    BatchInvalidError,
    DueNotice,
    ForkDetectedError,
    GapDetectedError,
    Opening,
    Outcome,
    PendingTask,
    RedactedError,
    StoredEvent,
    StoredLines,
    StoreUnavailableError,
)
from lianxi.proof.commands import open_command
from lianxi.proof.events import Cause, EventEnvelope, SealedEvent, open_event, seal
from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.rosters import RosterStep, read_roster
from lianxi.proof.standing import step_of
from lianxi.store.directory import read_directory
from lianxi.store.projection import (
    MAILBOX,
    channels_of,
    notice_id,
    project_conference,
    project_task,
)
from lianxi.store.projection import Recorded as ProjectedEvent
from lianxi.streams.facts import conference_fact, task_fact
from lianxi.streams.thawing import roster_in_force

Fault = Literal["before", "after"]
"""`before`: nothing is recorded; `after`: all is recorded, and the answer lost."""


AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass
class Waiting:
    """A notice in the fake's outbox."""

    origin: str
    channel: str
    notice: Notice
    event: str
    due_at: datetime = AT_ONCE
    lease: int = 0
    attempts: int = 0


@dataclass
class FakeStore:
    """Trail, openings and outbox over plain lists."""

    faults: list[Fault] = field(default_factory=list)
    events: list[StoredEvent] = field(default_factory=list)
    envelopes: dict[str, str] = field(default_factory=dict)
    openings_by_commit: dict[tuple[str, str], Opening] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)

    @property
    def trail(self) -> "FakeStore":
        """This object."""
        return self

    @property
    def openings(self) -> "FakeStore":
        """This object."""
        return self

    @property
    def outbox(self) -> "FakeStore":
        """This object."""
        return self

    # --- Trail ---

    def append(self, batch: RecordBatch) -> RecordResult:
        """As `ports.Trail.append`."""
        fault = self.faults.pop(0) if self.faults else None
        if fault == "before":
            raise StoreUnavailableError("injected")
        stored = {event.seq: event.hash for event in self._stream(batch.origin, batch.stream)}
        head = max(stored, default=0)
        offered = [open_event(sealed.text.encode()) for sealed in batch.events]
        for event, sealed in zip(offered, batch.events, strict=True):
            if event_hash(sealed.text.encode()) != sealed.hash:
                raise BatchInvalidError(batch.stream, "hash")
            if event.seq > head + 1:
                raise GapDetectedError("gap")
            before = stored.get(event.seq - 1, ZERO_HASH)
            if stored.get(event.seq, sealed.hash) != sealed.hash:
                self._fork(batch, event.seq, stored[event.seq], sealed.hash)
            if event.prev != before:
                if event.seq > 1 and event is offered[0]:
                    self._fork(batch, event.seq - 1, before, event.prev)
                raise BatchInvalidError(batch.stream, "link")
            stored[event.seq] = sealed.hash
            head = max(head, event.seq)
        self._check_ground(batch, offered)
        known = {event.hash for event in self.events}
        wanted = {event.cause.payload_sha256 for event in offered}
        self.envelopes |= {
            given.payload_sha256: given.text
            for given in batch.envelopes
            if given.payload_sha256 in wanted
        }
        for event, sealed in zip(offered, batch.events, strict=True):
            if sealed.hash not in known:
                self._store(event, sealed)
        if fault == "after":
            raise StoreUnavailableError("injected")
        return RecordResult(seq=offered[-1].seq, hash=batch.events[-1].hash)

    def find_receipt(self, origin: str, unit: str, request_id: str) -> Receipt | None:
        """As `ports.Trail.find_receipt`."""
        caused = []
        for stored in self.events:
            event = open_event(stored.data)
            if (event.origin, event.cause.request_id) != (origin, request_id):
                continue
            payload = open_command(self.envelopes[event.cause.payload_sha256 or ""]).payload
            if event.actor.unit == unit and payload.stream == event.stream:
                caused.append((event, stored.hash, payload.action))
        if not caused or len(caused) != caused[0][0].cause.count:
            return None
        last, _, action = caused[-1]
        return Receipt(
            request_id=request_id,
            payload_sha256=last.cause.payload_sha256 or "",
            origin=origin,
            stream=last.stream,
            action=action,
            at=last.at,
            events=tuple(ReceiptEvent(seq=e.seq, kind=e.kind, hash=h) for e, h, _ in caused),
            task=task_of_stream(last.stream) or last.data.get("task"),
        )

    def event_at(self, origin: str, stream: str, seq: int) -> StoredEvent | None:
        """As `ports.Trail.event_at`."""
        return next((e for e in self._stream(origin, stream) if e.seq == seq), None)

    def registration(self, origin: str, task: str) -> PendingTask | None:
        """As `ports.Trail.registration`."""
        return next(
            (p for p, named in self._registrations() if (p.origin, named) == (origin, task)), None
        )

    def pending_tasks(self) -> Sequence[PendingTask]:
        """As `ports.Trail.pending_tasks`."""
        return [
            pending
            for pending, task in self._registrations()
            if not self._stream(pending.origin, task_stream(task))
        ]

    def stored_stream(self, origin: str, stream: str) -> StoredLines:
        """As `ports.Trail.stored_stream`."""
        lines = [e.data for e in self._stream(origin, stream)]
        if not lines:
            return StoredLines((), None)
        wanted = roster_in_force([(open_event(lines[-1]), "")], "RosterAdopted")
        return StoredLines(tuple(lines), self._texts(origin, "rosters").get(wanted))

    def roster_steps(self, origin: str, stream: str) -> Sequence[RosterStep]:
        """As `ports.Trail.roster_steps`."""
        after_version = self._version_of(origin, stream)
        if after_version is None:
            return []
        return [
            step_of(made) for made in self._roster_events(origin) if made.version > after_version
        ]

    def roster_version(self, origin: str) -> int | None:
        """As `ports.Trail.roster_version`."""
        if not self._stream(origin, CONFERENCE_STREAM):
            return None
        return max((made.version for made in self._roster_events(origin)), default=1)

    def latest_roster(self, origin: str) -> Roster | None:
        """As `ports.Trail.latest_roster`."""
        known = [read_roster(text.encode()) for text in self._rosters(origin).values()]
        return max(known, key=lambda roster: roster.version, default=None)

    def _roster_events(self, origin: str) -> list[RosterMade]:
        facts = [
            conference_fact(open_event(e.data), e.hash)
            for e in self._stream(origin, CONFERENCE_STREAM)
        ]
        return [fact.data for fact in facts if isinstance(fact.data, RosterMade)]

    def begin(self, origin: str, registration: SealedEvent, envelope: str) -> PendingTask | None:
        """As `ports.Trail.begin`."""
        event = open_event(registration.text.encode())
        roster = self._rosters(origin).get(event.roster)
        books = self._rulebooks(origin)
        data = TaskRegistered.model_validate(event.data)
        wanted = [h for h in (data.rules_hash, data.calendar_hash) if h is not None]
        if roster is None or any(book not in books for book in wanted):
            return None
        proposed = None
        if data.proposal is not None:
            stream = self._stream(origin, CONFERENCE_STREAM)
            proposed = next((e for e in stream if e.hash == data.proposal), None)
            if proposed is None:
                return None
        calendar = None if data.calendar_hash is None else books[data.calendar_hash]
        return PendingTask(
            origin=origin,
            registration=registration,
            envelope=envelope if proposed is None else self._cause(proposed),
            roster=roster,
            rules=Rules.model_validate_json(books[data.rules_hash]),
            calendar=None if calendar is None else Calendar.model_validate_json(calendar),
            proposal=None
            if proposed is None
            else SealedEvent(text=proposed.data.decode(), hash=proposed.hash),
            approval=None if proposed is None else envelope,
        )

    def task_phase(self, origin: str, task: str) -> str | None:
        """As `ports.Trail.task_phase`."""
        stream = self._stream(origin, task_stream(task))
        state = fold([task_fact(open_event(e.data), e.hash) for e in stream])
        return None if state is None else state.phase

    # --- Openings ---

    def put(self, origin: str, opening: Opening, by_unit: str, now: datetime) -> None:
        """As `ports.Openings.put`."""
        del by_unit, now
        commit = opening.commitment.commit
        if (origin, commit) in self._redacted():
            raise RedactedError(commit)
        self.openings_by_commit.setdefault((origin, commit), opening)

    def get(self, origin: str, commit: str) -> Opening | None:
        """As `ports.Openings.get`."""
        gone = (origin, commit) in self._redacted()
        return None if gone else self.openings_by_commit.get((origin, commit))

    def _redacted(self) -> set[tuple[str, str]]:
        """What a recorded event has destroyed."""
        found = [open_event(e.data) for e in self.events if e.stream == CONFERENCE_STREAM]
        kind = OpeningRedacted.__name__
        return {(event.origin, event.data["commit"]) for event in found if event.kind == kind}

    # --- Outbox ---

    def take(
        self, channel: str, now: datetime, limit: int, lease_seconds: float
    ) -> Sequence[DueNotice]:
        """As `ports.Outbox.take`."""
        due = [(w.due_at, i, w) for i, w in self.waiting.items() if w.channel == channel]
        taken = []
        for _, identity, one in sorted(
            (entry for entry in due if entry[0] <= now), key=lambda entry: entry[0]
        )[:limit]:
            one.lease += 1
            one.due_at = now + timedelta(seconds=lease_seconds)
            taken.append(self._due(identity, one, now))
        return taken

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> int:
        """As `ports.Outbox.settle`."""
        return sum(self._settle(outcome, now) for outcome in outcomes)

    # --- inside ---

    def _version_of(self, origin: str, stream: str) -> int | None:
        named = [open_event(e.data).roster for e in self._stream(origin, stream)]
        pending = self.registration(origin, task_of_stream(stream) or "")
        if not named and pending is not None:
            named = [open_event(pending.registration.text.encode()).roster]
        text = self._rosters(origin).get(named[-1]) if named else None
        return None if text is None else read_roster(text.encode()).version

    def _stream(self, origin: str, stream: str) -> list[StoredEvent]:
        return [e for e in self.events if (e.origin, e.stream) == (origin, stream)]

    def _store(self, event: EventEnvelope, sealed: SealedEvent) -> None:
        position = len(self.events) + 1
        before = self._stream(event.origin, event.stream)
        self.events.append(
            StoredEvent(
                position, event.origin, event.stream, event.seq, sealed.text.encode(), sealed.hash
            )
        )
        recorded = ProjectedEvent(position, event, sealed.hash)
        if event.stream == CONFERENCE_STREAM:
            state = self._state(before)
            conference, changes = project_conference(state, recorded)
        elif task_of_stream(event.stream) is not None:
            conference = self._conference(event.origin)
            task = fold([task_fact(open_event(e.data), e.hash) for e in before])
            _, changes = project_task(conference, task, recorded)
        else:
            return
        for change in changes:
            if change.table == "notices":
                notice = Notice.model_validate_json(str(change.values["notice_json"]))
                channel = str(change.values["channel"])
                assert channel in channels_of(conference, notice.addressee)
                identity = notice_id(sealed.hash, notice.addressee, channel, notice.kind)
                self.waiting[identity] = Waiting(event.origin, channel, notice, sealed.hash)

    def _conference(self, origin: str) -> ConferenceState:
        state = self._state(self._stream(origin, CONFERENCE_STREAM))
        if state is None:
            raise GapDetectedError("no conference yet")
        return state

    def _state(self, events: list[StoredEvent]) -> ConferenceState | None:
        state = None
        for e in events:
            recorded = ProjectedEvent(e.position, open_event(e.data), e.hash)
            state, _ = project_conference(state, recorded)
        return state

    def _cause(self, stored: StoredEvent) -> str:
        return self.envelopes[open_event(stored.data).cause.payload_sha256 or ""]

    def _check_ground(self, batch: RecordBatch, offered: list[EventEnvelope]) -> None:
        commands = {open_command(e.text).digest for e in batch.envelopes} | self.envelopes.keys()
        for event in offered:
            if event.basis == "command" and event.cause.payload_sha256 not in commands:
                raise BatchInvalidError(batch.stream, "envelope")
        task = task_of_stream(batch.stream)
        if task is not None and self.registration(batch.origin, task) is None:
            raise GapDetectedError("not registered yet")

    def _registrations(self) -> list[tuple[PendingTask, str]]:
        found = []
        for stored in self.events:
            event = open_event(stored.data)
            if event.kind == "TaskRegistered":
                registration = SealedEvent(text=stored.data.decode(), hash=stored.hash)
                pending = self.begin(event.origin, registration, self._cause(stored))
                assert pending is not None
                found.append((pending, event.data["task"]))
        return found

    def _rosters(self, origin: str) -> dict[str, str]:
        return self._texts(origin, "rosters")

    def _rulebooks(self, origin: str) -> dict[str, str]:
        return self._texts(origin, "rulebooks")

    def _texts(self, origin: str, table: str) -> dict[str, str]:
        """The texts in rows of a table, by their hash."""
        texts = {}
        state = None
        for e in self._stream(origin, CONFERENCE_STREAM):
            recorded = ProjectedEvent(e.position, open_event(e.data), e.hash)
            state, changes = project_conference(state, recorded)
            for change in changes:
                if change.table == table:
                    row = change.key | change.values
                    texts[str(row["hash"])] = str(row["text"])
        return texts

    def _fork(self, batch: RecordBatch, seq: int, stored: str, offered: str) -> None:
        alarm = ForkDetected(stream=batch.stream, seq=seq, stored=stored, offered=offered)
        known = [open_event(e.data).data for e in self._stream(batch.origin, AUDIT_STREAM)]
        if alarm.model_dump() not in known:
            self._observe(batch.origin, AUDIT_STREAM, alarm, datetime.now(UTC))
        raise ForkDetectedError(batch.stream, seq, stored, offered)

    def _observe(self, origin: str, stream: str, data: Observation, now: datetime) -> None:
        before = self._stream(origin, stream)
        event = EventEnvelope(
            engine=1,
            origin=origin,
            stream=stream,
            seq=len(before) + 1,
            kind=type(data).__name__,
            at=now,
            actor=SYSTEM,
            basis="observation",
            cause=Cause(index=0, count=1),
            roster=open_event(self._stream(origin, CONFERENCE_STREAM)[-1].data).roster,
            data=data.model_dump(mode="json", exclude_none=True),
            prev=before[-1].hash if before else ZERO_HASH,
        )
        self._store(event, seal(event))

    def _due(self, identity: str, one: Waiting, now: datetime) -> DueNotice:
        conference = self._conference(one.origin)
        member = conference.members.get(one.notice.addressee)
        directory = self.get(one.origin, conference.directory.commit)
        if one.notice.task is None:
            holds = conference_notice_holds(one.notice, conference)
            title = self._proposed_title(one)
        else:
            stream = self._stream(one.origin, task_stream(one.notice.task))
            state = fold([task_fact(open_event(e.data), e.hash) for e in stream])
            assert state is not None
            holds = still_holds(one.notice, state, now)
            title = self.get(one.origin, state.title.commit)
        address = None
        if one.channel != MAILBOX and directory is not None:
            address = read_directory(directory.data).address(one.notice.addressee)
        return DueNotice(
            notice_id=identity,
            origin=one.origin,
            channel=one.channel,
            notice=one.notice,
            holds=holds,
            language=conference.language if member is None else member.language,
            address=address,
            title=None if title is None else title.data.decode(),
            lease=one.lease,
            attempts=one.attempts,
        )

    def _proposed_title(self, one: Waiting) -> Opening | None:
        stream = self._stream(one.origin, CONFERENCE_STREAM)
        stored = next((e for e in stream if e.hash == one.notice.subject), None)
        event = None if stored is None else open_event(stored.data)
        if event is None or event.kind != "IssueProposed":
            return None
        return self.get(one.origin, event.data["args"]["title"]["commit"])

    def _settle(self, outcome: Outcome, now: datetime) -> int:
        one = self.waiting.get(outcome.notice_id)
        if one is None or one.lease != outcome.lease:
            return 0
        if outcome.result == "retry":
            one.attempts += 1
            one.due_at = outcome.not_before or now
            return 1
        models: dict[str, type[NoticeOutcome]] = {
            "sent": NoticeSent,
            "superseded": NoticeSuperseded,
            "failed": NoticeFailed,
        }
        data = models[outcome.result](
            notice_id=outcome.notice_id,
            event=one.event,
            task=one.notice.task,
            unit=one.notice.addressee,
            attempts=one.attempts + (outcome.result != "superseded"),
            detail=outcome.detail or None,
        )
        del self.waiting[outcome.notice_id]
        self._observe(one.origin, mail_stream(one.channel), data, now)
        return 1
