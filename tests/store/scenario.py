"""A conference that founds itself, registers keys, issues tasks and acts, by the real pure layers.

Everything is deterministic: keys, salts and request ids come from counters, time moves only by
`pass_time`. What it seals is taken out as the batches that a worker would record.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.commands import (
    ChangeRoster,
    FoundConference,
    Member,
    RegisterKey,
    ReplaceKey,
)
from lianxi.domain.engine import NEWEST_ENGINE
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.domain.rules import DEFAULT_RULES, FIRST_RULES, Rules
from lianxi.domain.values import SYSTEM, Commitment, format_instant, role_of
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.messages import (
    CommandAnswer,
    CommandMessage,
    ConferenceInput,
    RecordBatch,
    RecordResult,
    TaskInput,
    TaskStart,
)
from lianxi.ports import Opening
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.commitments import commit
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode, seal_envelope
from lianxi.proof.events import SealedEvent
from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.keys import Signer
from lianxi.proof.possession import proof_of_possession
from lianxi.proof.rosters import (
    RosterStep,
    next_roster,
    roster_bytes,
    roster_hash,
    sign_roster,
)
from lianxi.proof.signing import sign_command
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.task_stream import TaskStream
from lianxi.streams.thawing import pack
from lianxi.streams.writer import StreamWriter
from tests.parties import CALENDAR, request_id_at

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """An opening and who handed it in."""

    opening: Opening
    by_unit: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """An issue that waits for the convener: its event, and the office's command."""

    event: SealedEvent
    envelope: str


@dataclass
class Scenario:
    """One founded conference; `now` is its only clock.

    By default with the rules of release 0.1; `today` founds as `lianxi conference init` does now.
    """

    units: tuple[str, ...] = ("U01", "U02", "U03")
    smtp: frozenset[str] = frozenset()
    name: str = "demo"
    now: datetime = START
    rules: Rules = FIRST_RULES
    calendar: Calendar | None = None
    engine: int = NEWEST_ENGINE
    log_keys: tuple[Signer, ...] = ()
    """Listed for the log from the first roster on."""
    openings: list[HandedIn] = field(default_factory=list)
    steps: list[RosterStep] = field(default_factory=list)
    tasks: dict[str, TaskStream] = field(default_factory=dict)
    envelopes: dict[str, str] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    proposals: dict[str | None, Proposed] = field(default_factory=dict)
    kept: list[RecordBatch] = field(default_factory=list)
    _count: int = 0

    @classmethod
    def today(cls, **changes: Any) -> "Scenario":
        """With the rules of a conference founded today, and a calendar."""
        return cls(**{"rules": DEFAULT_RULES, "calendar": CALENDAR} | changes)

    def __post_init__(self) -> None:
        self.origin = (
            f"example.org/lianxi/{self.name}/{sha256(self.name.encode()).hexdigest()[:16]}"
        )
        self.conference = self._found()
        self.genesis = self.conference.state.roster

    # --- the parties ---

    def signer(self, unit: str) -> Signer:
        """The key of a unit, office, convener or auditor; the next one after each rotation."""
        generation = self.generations.get(unit, 0)
        name = f"{self.name}/{unit}" + (f"/{generation}" if generation else "")
        return Signer(sha256(name.encode()).digest())

    def text(self, words: str, by: str = "office", media: str = "text/plain") -> Commitment:
        """Hand in a text; answers what stands for it in commands."""
        return self.file(words.encode(), by, media)

    def file(self, data: bytes, by: str, media: str) -> Commitment:
        """Hand in bytes."""
        salt = sha256(f"salt/{self.name}/{self._next()}".encode()).digest()
        commitment = Commitment(commit=commit(salt, data), size=len(data))
        self.openings.append(HandedIn(Opening(commitment, salt, data, media), by))
        return commitment

    def pass_time(self, **span: float) -> None:
        """Let time pass and every rung that is due fire."""
        self.now += timedelta(**span)
        for task in self.tasks.values():
            task.fire_rungs(self.now)

    def wait(self, **span: float) -> None:
        """Let time pass from one deadline to the next, as where the service is never away."""
        until = self.now + timedelta(**span)
        while (soonest := self._soonest()) is not None and soonest <= until:
            self.now = max(self.now, soonest)
            for stream in self.streams:
                stream.fire_rungs(self.now)
        self.now = until

    # --- the conference ---

    def register_key(self, unit: str) -> CommandAnswer:
        """Take a unit's key into the roster."""
        signer = self.signer(unit)
        entry = _entry(unit, signer)
        request = proof_of_possession(signer, origin=self.origin, unit=unit)
        roster = next_roster(self.conference.state.roster, entry)
        step = RosterStep(entry=entry, signatures=(sign_roster(roster, self.signer("convener")),))
        command = RegisterKey(
            entry=entry,
            possession=decode(request, payload_type=KEY_REQUEST_TYPE).signature.hex(),
            roster_signatures=step.signatures,
        )
        self.steps.append(step)
        return self.ask("convener", "register-key", **_args(command))

    def change_roster(
        self, *, by: tuple[str, ...] = ("convener",), rotate: str | None = None, **changes: Any
    ) -> CommandAnswer:
        """Another roster, signed by `by`; `rotate`: that unit's key gives way to its next one.

        `changes` as in `RosterChanges`; keys to be added are named by their unit.
        """
        possessions: list[Possession] = []
        entries = [_entry(unit, self.signer(unit)) for unit in changes.pop("add", ())]
        possessions += [self.possession(unit) for unit in (entry.unit for entry in entries)]
        retire = list(changes.pop("retire", ()))
        if rotate is not None:
            old = self.signer(rotate)
            self.generations[rotate] = self.generations.get(rotate, 0) + 1
            entries.append(_entry(rotate, self.signer(rotate)))
            possessions.append(self.possession(rotate, old))
            retire.append(old.key_id)
        made = RosterChanges(add=tuple(entries) or None, retire=tuple(retire) or None, **changes)
        before = self.conference.state.roster
        roster = next_roster(before, made)
        signatures = tuple(sign_roster(roster, self.signer(signer)) for signer in by)
        command = ChangeRoster(
            changes=made,
            possessions=tuple(possessions) or None,
            roster_signatures=signatures,
            prev_roster=roster_hash(before),
        )
        answer = self.ask("convener", "change-roster", **_args(command))
        self.steps.append(RosterStep(changes=made, version=roster.version, signatures=signatures))
        return answer

    def replace_key(self, unit: str, effective: datetime) -> CommandAnswer:
        """The unit's key is lost: its next one acts from `effective` on."""
        lost = self.signer(unit).key_id
        self.generations[unit] = self.generations.get(unit, 0) + 1
        signer = self.signer(unit)
        entry = _entry(unit, signer).model_copy(update={"effective": effective, "replaces": lost})
        roster = next_roster(self.conference.state.roster, entry)
        step = RosterStep(entry=entry, signatures=(sign_roster(roster, self.signer("convener")),))
        command = ReplaceKey(
            entry=entry,
            possession=self.possession(unit).signature,
            roster_signatures=step.signatures,
            reason=self.text("The card was lost."),
        )
        answer = self.ask("convener", "replace-key", **_args(command))
        self.steps.append(step)
        return answer

    def possession(self, unit: str, old: Signer | None = None) -> Possession:
        """That a unit holds its key; `old`: the key that it takes the place of signs too."""
        signer = self.signer(unit)
        request = proof_of_possession(signer, origin=self.origin, unit=unit)
        envelope = decode(request, payload_type=KEY_REQUEST_TYPE)
        rotated = None
        if old is not None:
            signature = seal_envelope(KEY_REQUEST_TYPE, envelope.payload, old).signature.hex()
            rotated = RosterSignature(key_id=old.key_id, signature=signature)
        return Possession(key_id=signer.key_id, signature=envelope.signature.hex(), rotated=rotated)

    def register_all(self) -> "Scenario":
        """Keys for office, auditor and every unit."""
        for unit in ("office", "auditor", *self.units):
            self.register_key(unit)
        return self

    def register_task(self, ref: str, by: str = "convener", **terms: Any) -> CommandAnswer:
        """Give a task its number; its own stream has not begun. A term that is None is left out."""
        args: dict[str, Any] = {
            "ref": ref,
            "mode": "each",
            "title": _args(self.text(f"Task {ref}")),
            "units": list(self.units),
            "due": {"rule": "duration", "seconds": 10 * 86_400},
            **terms,
        }
        return self.ask(by, "issue", **{n: value for n, value in args.items() if value is not None})

    def issue(self, ref: str, **terms: Any) -> str:
        """Register a task and begin its stream; answers its number."""
        answer = self.register_task(ref, **terms)
        return self.begin(answer)

    def begin(self, answer: CommandAnswer, *, key_count: int | None = None) -> str:
        """Begin the stream of a registered task; `key_count`: keys when it was registered."""
        task = answer.receipt.task
        assert task is not None
        assert answer.registration is not None
        causing = self.envelopes[answer.receipt.payload_sha256]
        registered = json.loads(answer.registration.text)["data"]
        proposal = self.proposals.get(registered.get("proposal"))
        start = TaskStart(
            conference=self.name,
            registration=answer.registration,
            envelope=causing if proposal is None else proposal.envelope,
            roster=roster_bytes(self._roster_with(key_count)).decode(),
            rules=self.conference.state.rules,
            calendar=self.conference.state.calendar,
            proposal=None if proposal is None else proposal.event,
            approval=None if proposal is None else causing,
        )
        given = TaskInput(task=task, origin=self.origin, engine=self.engine, start=start)
        self.tasks[task] = TaskStream.open(given, self.now)
        return task

    def propose(self, ref: str, **terms: Any) -> str:
        """The office files an issue that is the convener's; answers the event that waits."""
        answer = self.register_task(ref, by="office", **terms)
        (event,) = answer.receipt.events
        sealed = self.conference.writer.unrecorded(event.hash)
        assert sealed is not None
        causing = self.envelopes[answer.receipt.payload_sha256]
        self.proposals[event.hash] = Proposed(sealed, causing)
        return event.hash

    def ask(self, actor: str, action: str, /, **args: Any) -> CommandAnswer:
        """A command on the conference; raises its refusal."""
        message, arrived = self._sign(actor, CONFERENCE_STREAM, action, args)
        return self.conference.answer(message, arrived, self.now)

    # --- tasks ---

    def act(self, actor: str, task: str, action: str, /, **args: Any) -> CommandAnswer:
        """A command of a unit (or the office) on a task; raises its refusal."""
        stream = self.tasks[task]
        own = args.get("unit") or (actor if action == "correct" else None)
        subject = stream.state.assignments.get(own or "", stream.state)
        message, arrived = self._sign(actor, task_stream(task), action, args, expect=subject.head)
        steps = {"roster_steps": tuple(self.steps)}
        return stream.answer(message.model_copy(update=steps), arrived, self.now)

    def submit(self, unit: str, task: str) -> CommandAnswer:
        """A submission with a report and one file."""
        report = self.text(f"Report of {unit}", unit)
        photo = self.file(b"\x89PNG" + unit.encode(), unit, "image/png")
        return self.act(
            unit,
            task,
            "submit",
            report=_args(report),
            report_media="text/plain",
            evidence=[{"file": _args(photo), "media": "image/png"}],
        )

    def decide(self, task: str, unit: str, action: str, **args: Any) -> CommandAnswer:
        """The office accepts or returns a unit's submission."""
        submission = self.tasks[task].state.assignments[unit].submission
        assert submission is not None
        return self.act("office", task, action, unit=unit, submission=submission.event, **args)

    def accept(self, unit: str, task: str) -> CommandAnswer:
        """The office accepts."""
        return self.decide(task, unit, "accept")

    def send_back(self, unit: str, task: str) -> CommandAnswer:
        """The office returns, with ten more days."""
        due = {"rule": "duration", "seconds": 10 * 86_400}
        return self.decide(task, unit, "return", reason=_args(self.text("again")), due=due)

    # --- freezing ---

    def stored(self, stream: ConferenceStream | TaskStream) -> list[bytes]:
        """What the trail holds of a stream from here on: all that was sealed by now."""
        self.kept = self.drain()
        return [
            event.text.encode()
            for batch in self.kept
            if batch.stream == stream.writer.stream
            for event in batch.events
        ]

    def thaw(self, stream: ConferenceStream | TaskStream, stored: list[bytes]) -> CommandAnswer:
        """The stream froze; by the office's word it goes on behind the last of what is stored."""
        stream.writer.frozen = True
        reason = _args(self.text("The trail stands."))
        message, arrived = self._sign(
            "office",
            stream.writer.stream,
            "thaw",
            {"reason": reason},
            expect=event_hash(stored[-1]),
        )
        roster = roster_bytes(stream.writer.roster).decode()
        more = {
            "stored": pack(stored),
            "stored_roster": roster,
            "roster_steps": tuple(self.steps) if isinstance(stream, TaskStream) else (),
        }
        return stream.answer(message.model_copy(update=more), arrived, self.now)

    # --- recording ---

    @property
    def streams(self) -> list[ConferenceStream | TaskStream]:
        """The conference's, then the tasks' in the order of their numbers."""
        return [self.conference, *self.tasks.values()]

    @property
    def writers(self) -> list[StreamWriter]:
        """Of all streams, in their order."""
        return [stream.writer for stream in self.streams]

    def drain(self) -> list[RecordBatch]:
        """All that waits to be recorded, as if it were recorded now."""
        batches, self.kept = self.kept, []
        for writer in self.writers:
            while writer.waiting:
                batch = writer.next_batch()
                batches.append(batch)
                event = json.loads(batch.events[-1].text)
                result = RecordResult(seq=event["seq"], hash=batch.events[-1].hash)
                writer.confirm(batch, result)
        return batches

    # --- inside ---

    def _found(self) -> ConferenceStream:
        convener = self.signer("convener")
        roster = Roster(
            version=1,
            prev_roster=ZERO_HASH,
            threshold=Threshold(k=1, keys=(convener.key_id,)),
            keys=(_entry("convener", convener), *map(_log_entry, self.log_keys)),
        )
        directory = {
            "v": 1,
            "names": {"en": "Sample conference", "zh": "示例联席会议"},
            "units": {
                unit: {
                    "names": {"en": f"Unit {unit}", "zh": f"{unit} 单位"},
                    "email": f"{unit.lower()}@example.org",
                }
                for unit in self.units
            },
        }
        words = json.dumps(directory, ensure_ascii=False)
        command = FoundConference(
            conference=self.name,
            zone="Asia/Shanghai",
            custody="demo",
            directory=self.text(words, "convener", "application/json"),
            members=tuple(
                Member(
                    unit=unit,
                    channels=("mailbox", "smtp") if unit in self.smtp else ("mailbox",),
                )
                for unit in self.units
            ),
            roster=roster,
            roster_signatures=(sign_roster(roster, convener),),
            rules=self.rules,
            calendar=self.calendar,
        )
        message, _ = self._sign("convener", CONFERENCE_STREAM, "found", _args(command))
        given = ConferenceInput(
            conference=self.name,
            origin=self.origin,
            engine=self.engine,
            envelope=message.envelope,
        )
        return ConferenceStream.open(given, self.now)

    def _soonest(self) -> datetime | None:
        deadlines = [stream.next_deadline for stream in self.streams]
        return min((instant for instant in deadlines if instant is not None), default=None)

    def _roster_with(self, key_count: int | None) -> Roster:
        """The roster as it was with so many keys."""
        roster = self.genesis
        for step in self.steps:
            if key_count is not None and len(roster.keys) >= key_count:
                break
            roster = next_roster(roster, step.change)
        return roster

    def _sign(
        self,
        unit: str,
        stream: str,
        action: str,
        args: dict[str, Any],
        expect: str | None = None,
    ) -> tuple[CommandMessage, str]:
        request_id = request_id_at(self.now, self._next())
        envelope = sign_command(
            self.signer(unit),
            origin=self.origin,
            stream=stream,
            unit=unit,
            action=action,
            args=args,
            request_id=request_id,
            issued_at=format_instant(self.now),
            not_after=format_instant(self.now + timedelta(hours=1)),
            expect=expect,
        ).decode()
        digest = open_command(envelope).digest
        self.envelopes[digest] = envelope
        return CommandMessage(envelope=envelope), update_id(request_id, digest)

    def _next(self) -> int:
        self._count += 1
        return self._count


def whole_life() -> Scenario:
    """Three units, one by mail too; a task that is returned once, then closed; a second one running."""
    scenario = Scenario(smtp=frozenset({"U02"}))
    for unit in ("office", "U01", "U02"):
        scenario.register_key(unit)
    first = scenario.issue("plan-1", text=_args(scenario.text("What is to be done")))
    scenario.act("U01", first, "acknowledge")
    scenario.pass_time(days=1, hours=6)  # acknowledge-reminder for those who have not
    scenario.submit("U01", first)
    scenario.send_back("U01", first)
    scenario.submit("U01", first)
    scenario.accept("U01", first)
    scenario.act("U02", first, "progress", percent=40, text=_args(scenario.text("part", "U02")))
    scenario.register_key("U03")
    scenario.act("U03", first, "acknowledge")  # its stream adopts the new roster
    second = scenario.issue("plan-2", mode="lead", lead="U03", units=["U01"])
    scenario.act("U03", second, "acknowledge")
    scenario.pass_time(days=9)  # overdue for U02 and U03 on the first task
    reason = _args(scenario.text("enough"))
    scenario.act("office", first, "close", verdict="not-implemented", reason=reason)
    return scenario


def _entry(unit: str, signer: Signer) -> RosterKey:
    return RosterKey(
        unit=unit,
        role=role_of(unit),
        key_id=signer.key_id,
        public_key=signer.public_key.hex(),
    )


def _log_entry(signer: Signer) -> RosterKey:
    return RosterKey(
        unit=SYSTEM.unit,
        role=SYSTEM.role,
        use="log",
        key_id=signer.key_id,
        public_key=signer.public_key.hex(),
    )


def _args(model: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    return dumped
