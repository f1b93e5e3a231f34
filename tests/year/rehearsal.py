"""The script on the pure streams: the same commands, no server, no store, a year in seconds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lianxi.cli.conference.roster_file import RosterRow
from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.events import RosterMade
from lianxi.domain.engine import NEWEST_ENGINE
from lianxi.domain.task import events as ev
from lianxi.domain.task.deciding.moving import moves_by_calendar
from lianxi.ids import CONFERENCE_STREAM, task_of_stream, task_stream
from lianxi.messages import (
    CommandMessage,
    ConferenceInput,
    Receipt,
    RecordResult,
    TaskInput,
    TaskStart,
)
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.events import EventEnvelope, SealedEvent, open_event
from lianxi.proof.rosters import RosterStep
from lianxi.proof.standing import step_of
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.facts import conference_fact
from lianxi.streams.task_stream import TaskStream
from tools.year.conference import FOUNDING_RULES
from tools.year.days import calendar_of
from tools.year.people import CONFERENCE, People, Said


class Rehearsal:
    """A `Ground` in memory. Every stream has its own clock, which stands still by itself."""

    def __init__(self, folder: Path, rows: Sequence[RosterRow], year: int) -> None:
        self.people = People(folder, rows)
        self.recorded: dict[str, list[tuple[EventEnvelope, str]]] = {}
        self.acts: Counter[str] = Counter()
        self._sealed: dict[str, SealedEvent] = {}
        self._clocks: dict[str, datetime] = {}
        self._steps: list[RosterStep] = []
        founding = self.people.founding(FOUNDING_RULES, calendar_of(year, 1))
        now = datetime(year - 1, 12, 30, tzinfo=UTC)
        envelope = self.people.seal(founding, now).envelope
        given = ConferenceInput(
            conference=CONFERENCE,
            origin=self.people.origin,
            engine=NEWEST_ENGINE,
            envelope=envelope,
        )
        self._conference = ConferenceStream.open(given, now)
        self._clocks[CONFERENCE_STREAM] = now
        self._tasks: dict[str, TaskStream] = {}
        self._issues: dict[str, tuple[str, SealedEvent]] = {}
        self._record(CONFERENCE_STREAM)
        self.acts["found"] += 1

    async def register_everybody(self) -> None:
        """The keys of all units and of the auditor."""
        for unit in (*self.people.units, "auditor"):
            await self.say(self.people.registering(unit))

    # --- Ground ---

    async def reach(self, streams: Iterable[str], instant: datetime) -> None:
        for stream in streams:
            live = self._live(stream)
            while (deadline := live.next_deadline) is not None and deadline <= instant:
                # a timer rings a moment after its instant
                self._clocks[stream] = max(self._clocks[stream], deadline)
                live.fire_rungs(self._clocks[stream] + timedelta(milliseconds=20))
            self._clocks[stream] = max(self._clocks[stream], instant)
            self._record(stream)

    async def say(self, said: Said) -> Receipt:
        stream, now = said.stream, self._clocks[said.stream]
        envelope = self.people.seal(said, now).envelope
        signed = open_command(envelope)
        live = self._live(stream)
        steps = () if stream == CONFERENCE_STREAM else tuple(self._steps)
        message = CommandMessage(envelope=envelope, roster_steps=steps)
        arrived_as = update_id(signed.payload.request_id, signed.digest)
        refusal = live.rehearse(message, arrived_as, now)
        assert refusal is None, f"{said}: {refusal!r} {getattr(refusal, 'params', '')}"
        answer = live.answer(message, arrived_as, now)
        receipt = answer.receipt
        self.acts[said.action] += 1
        sealed = self._record(stream)
        if stream == CONFERENCE_STREAM:
            data = conference_fact(*sealed[-1]).data
            if isinstance(data, RosterMade):
                self._steps.append(step_of(data))
        if receipt.events[-1].kind == "IssueProposed":
            self._issues[receipt.events[-1].hash] = (
                envelope,
                self._sealed[receipt.events[-1].hash],
            )
        if receipt.task is not None and stream == CONFERENCE_STREAM:
            self._begin(receipt, envelope, now)
        return receipt

    async def facts(self, task: str) -> Sequence[ev.Fact]:
        return [
            ev.Fact(e.seq, digest, e.at, e.basis, ev.KINDS[e.kind].model_validate(e.data))
            for e, digest in self.recorded[task_stream(task)]
        ]

    async def preview(self, calendar: Calendar) -> set[tuple[str, str]]:
        return {
            (task, move.unit)
            for task, stream in self._tasks.items()
            for move in moves_by_calendar(stream.state, calendar, self._clocks[task_stream(task)])
        }

    async def renew(self, unit: str, action: str) -> Said:
        return self.people.renewed(unit, action, self._clocks[CONFERENCE_STREAM])

    async def away(self, task: str, instant: datetime) -> None:
        stream = task_stream(task)
        await self.reach([stream], instant)
        deadline = self._tasks[task].next_deadline
        assert deadline is not None
        assert deadline - instant < timedelta(minutes=5), deadline - instant
        self._clocks[stream] = deadline + timedelta(seconds=70)
        self._tasks[task].fire_rungs(self._clocks[stream])
        self._record(stream)

    # --- inside ---

    def _live(self, stream: str) -> ConferenceStream | TaskStream:
        task = task_of_stream(stream)
        return self._conference if task is None else self._tasks[task]

    def _begin(self, receipt: Receipt, envelope: str, now: datetime) -> None:
        assert receipt.task is not None
        state = self._conference.state
        registration = self._sealed[receipt.events[-1].hash]
        proposal = open_event(registration.text.encode()).data.get("proposal")
        issue, proposed, approval = envelope, None, None
        if proposal is not None:
            (issue, proposed), approval = self._issues[proposal], envelope
        start = TaskStart(
            conference=CONFERENCE,
            registration=registration,
            envelope=issue,
            roster=self._conference.writer.carry(now).roster,
            rules=state.rules,
            calendar=state.calendar,
            proposal=proposed,
            approval=approval,
        )
        given = TaskInput(
            task=receipt.task, origin=self.people.origin, engine=NEWEST_ENGINE, start=start
        )
        stream = task_stream(receipt.task)
        self._tasks[receipt.task] = TaskStream.open(given, now)
        self._clocks[stream] = now
        self._record(stream)

    def _record(self, stream: str) -> list[tuple[EventEnvelope, str]]:
        writer = self._live(stream).writer
        new: list[tuple[EventEnvelope, str]] = []
        while writer.waiting:
            batch = writer.next_batch()
            new += [(open_event(sealed.text.encode()), sealed.hash) for sealed in batch.events]
            self._sealed |= {sealed.hash: sealed for sealed in batch.events}
            last = batch.events[-1]
            writer.confirm(batch, RecordResult(seq=new[-1][0].seq, hash=last.hash))
        self.recorded.setdefault(stream, []).extend(new)
        return new

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of event occurred."""
        return Counter(e.kind for events in self.recorded.values() for e, _ in events)
