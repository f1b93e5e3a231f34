"""The conference's stream: founding, keys, task numbers (streams layer, pure)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.decide import Digests, decide, rungs_due
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.refusal import Refusal
from lianxi.ids import CONFERENCE_STREAM
from lianxi.messages import (
    CommandAnswer,
    CommandMessage,
    ConferenceCarry,
    ConferenceInput,
    Receipt,
)
from lianxi.proof import canonical
from lianxi.proof.commands import open_command
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, Envelope, encode
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.possession import verify_possession
from lianxi.proof.rosters import RosterStep, adopt, check_genesis, roster_bytes, roster_hash
from lianxi.proof.wire import wire_bytes
from lianxi.streams.admission import (
    Admitted,
    admit,
    check_passing,
    check_standing_before_rules,
    read_command,
)
from lianxi.streams.refusals import WrongRegistrationError
from lianxi.streams.writer import OBSERVED, Authority, Sealed, StreamWriter, by_command, by_rule


class ConferenceStream:
    """One conference: its state and the writer of its stream."""

    def __init__(self, writer: StreamWriter, state: ConferenceState) -> None:
        self.writer = writer
        self.state = state

    # --- how it begins ---

    @classmethod
    def open(cls, given: ConferenceInput, now: datetime) -> "ConferenceStream":
        """From a workflow's input: a founding, or a conference carried over from the run before."""
        if given.carry is not None:
            writer = StreamWriter.resume(given.origin, CONFERENCE_STREAM, given.carry.stream)
            return cls(writer, given.carry.state)
        if given.envelope is None:
            raise WrongRegistrationError(reason="empty")
        return cls._found(given, given.envelope, now)

    @classmethod
    def _found(cls, given: ConferenceInput, envelope: str, now: datetime) -> "ConferenceStream":
        signed = open_command(envelope)
        command = read_command(signed, {cmd.FoundConference.action: cmd.FoundConference})
        if not isinstance(command, cmd.FoundConference):
            raise TypeError("read_command answers the model of the table")
        # the genesis roster vouches for itself; its hash reaches units outside the system
        check_genesis(command.roster, command.roster_signatures)
        admitted = admit(
            CommandMessage(envelope=envelope),
            origin=given.origin,
            stream=CONFERENCE_STREAM,
            roster=command.roster,
            actions=cmd.CONFERENCE_ACTIONS,
            arrived_as=None,
        )
        admitted.check_standing(command.roster, now)
        if command.conference != given.conference:
            raise WrongRegistrationError(reason="conference")
        events = decide(None, admitted.order, _digests(None, admitted, given.origin), now)
        writer = StreamWriter(
            given.origin, CONFERENCE_STREAM, roster_bytes(command.roster).decode()
        )
        authority = by_command(admitted.actor, signed)
        sealed = writer.seal(events, authority, now)
        stream = cls(writer, evolve(None, _fact(sealed[0])))
        # whoever founds asks for the receipt by the same command a moment later
        writer.remember(signed, admitted.actor.unit, sealed, told=False)
        return stream

    # --- what it answers ---

    def rehearse(self, message: CommandMessage, update_id: str, now: datetime) -> Refusal | None:
        """Admit the command and try the rules on it, changing nothing; as in TaskStream."""
        admitted = self._admit(message, update_id)
        check_passing(admitted, self.writer, now)
        try:
            check_standing_before_rules(admitted, self.writer, now)
            at = self.writer.instant(now)
            decide(self._after_rungs(now), admitted.order, self._digests(admitted), at)
        except Refusal as refusal:
            return refusal
        return None

    def answer(self, message: CommandMessage, update_id: str, now: datetime) -> CommandAnswer:
        """Take a command. Raises a Refusal; then nothing has changed."""
        admitted = self._admit(message, update_id)
        known = self.writer.requests.find(admitted.signed, admitted.actor.unit)
        if known is not None:
            return self._with_registration(known)
        check_standing_before_rules(admitted, self.writer, now)
        self.fire_rungs(now)
        at = self.writer.instant(now)
        events = decide(self.state, admitted.order, self._digests(admitted), at)
        sealed = self._seal(events, by_command(admitted.actor, admitted.signed), now)
        tasks = [e.data.task for e in sealed if isinstance(e.data, ev.TaskRegistered)]
        receipt = self.writer.remember(
            admitted.signed, admitted.actor.unit, sealed, task=tasks[0] if tasks else None
        )
        return self._with_registration(receipt)

    # --- what it does by itself ---

    @property
    def next_deadline(self) -> datetime | None:
        """When a proposal of an issue expires; None when none waits, or none may act (frozen)."""
        return None if self.writer.frozen else self.state.next_deadline

    ended = False

    def fire_rungs(self, now: datetime) -> None:
        """Seal the expiry of proposals that nobody decided up to `now`."""
        if not self.writer.frozen:
            self._seal(rungs_due(self.state, now), by_rule("proposal"), now)

    def note_cancellation(self, now: datetime) -> None:
        """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""
        if not self.writer.frozen:
            self._seal((ev.CancellationRequested(),), OBSERVED, now)

    def carry(self, now: datetime) -> ConferenceCarry:
        """What the next run needs."""
        return ConferenceCarry(stream=self.writer.carry(now), state=self.state)

    def details(self) -> str:
        """Where it stands, for the Temporal UI: machine words and numbers only."""
        state = self.state
        frozen = " · **FROZEN**" if self.writer.frozen else ""
        return (
            f"{state.conference}{frozen} · {len(state.members)} units · {len(state.roster.keys)} keys"
            f" · roster version {state.roster.version} · {len(state.registrations)} tasks registered"
            f" · {self.writer.tail_length} unrecorded"
        )

    # --- inside ---

    def _after_rungs(self, now: datetime) -> ConferenceState:
        state = self.state
        for event in rungs_due(state, now):
            state = evolve(state, ev.ConferenceFact(0, ZERO_HASH, now, event))
        return state

    def _admit(self, message: CommandMessage, update_id: str) -> Admitted:
        return admit(
            # the conference's own roster is the newest: what it has not registered does not count
            message.model_copy(update={"roster_steps": ()}),
            origin=self.writer.origin,
            stream=CONFERENCE_STREAM,
            roster=self.state.roster,
            actions=cmd.CONFERENCE_ACTIONS,
            arrived_as=update_id,
        )

    def _digests(self, admitted: Admitted) -> Digests:
        return _digests(self.state, admitted, self.writer.origin)

    def _seal(
        self, events: Sequence[ev.ConferenceEvent], authority: Authority, now: datetime
    ) -> list[Sealed]:
        sealed = self.writer.seal(tuple(events), authority, now)
        for event in sealed:
            self.state = evolve(self.state, _fact(event))
            if isinstance(event.data, ev.KeyRegistered):
                self.writer.adopt(self.state.roster)
        return sealed

    def _with_registration(self, receipt: Receipt) -> CommandAnswer:
        """With the registration event while it waits to be recorded; later the trail has it."""
        registration = self.writer.unrecorded(receipt.events[-1].hash) if receipt.task else None
        return CommandAnswer(receipt=receipt, registration=registration)


def _fact(sealed: Sealed) -> ev.ConferenceFact:
    if not isinstance(sealed.data, ev.ConferenceEvent):
        raise TypeError(f"{type(sealed.data).__name__} does not belong on the conference's stream")
    return ev.ConferenceFact(sealed.seq, sealed.hash, sealed.at, sealed.data)


def _digests(state: ConferenceState | None, admitted: Admitted, origin: str) -> Digests:
    """The hashes that the rules need, after the checks that only signatures can make."""
    args = sha256_hex(canonical.dumps(admitted.signed.payload.args))
    command = admitted.command
    match command:
        case cmd.FoundConference():
            calendar = None if command.calendar is None else _digest(command.calendar)
            return Digests(args=args, rules=_digest(command.rules), calendar=calendar)
        case cmd.AdoptConferenceCalendar():
            return Digests(args=args, calendar=_digest(command.calendar))
        case cmd.AdoptRules():
            return Digests(args=args, rules=_digest(command.rules))
    if isinstance(command, cmd.RegisterKey) and state is not None:
        _check_possession(command, origin)
        step = RosterStep(entry=command.entry, signatures=command.roster_signatures)
        derived = adopt(state.roster, step)
        return Digests(args=args, prev_roster=derived.prev_roster, roster=roster_hash(derived))
    return Digests(args=args)


def _digest(model: BaseModel) -> str:
    return sha256_hex(wire_bytes(model))


def _check_possession(command: cmd.RegisterKey, origin: str) -> None:
    """Rebuild the request that the unit signed: it holds nothing but the entry and the origin."""
    entry = command.entry
    request = {
        "v": 1,
        "alg": entry.alg,
        "origin": origin,
        "unit": entry.unit,
        "key_id": entry.key_id,
        "public_key": entry.public_key,
    }
    envelope = Envelope(
        payload_type=KEY_REQUEST_TYPE,
        payload=canonical.dumps(request),
        keyid=entry.key_id,
        signature=bytes.fromhex(command.possession),
    )
    verify_possession(encode(envelope), origin=origin, unit=entry.unit)
