"""The conference's stream: founding, keys, task numbers (streams layer, pure)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.decide import Digests, decide, rungs_due
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.task.commands import TaskCommand, ThawStream
from lianxi.ids import CONFERENCE_STREAM
from lianxi.messages import (
    CommandAnswer,
    CommandMessage,
    ConferenceCarry,
    ConferenceInput,
    Receipt,
)
from lianxi.proof import canonical
from lianxi.proof.commands import authenticate, open_command
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.refusals import RosterProposalError
from lianxi.proof.roster_proofs import check_possession, check_possessions
from lianxi.proof.rosters import RosterStep, adopt, check_genesis, roster_bytes, roster_hash
from lianxi.proof.wire import wire_bytes
from lianxi.streams.admission import (
    Admitted,
    admit,
    check_passing,
    check_standing_before_rules,
    read_command,
)
from lianxi.streams.facts import conference_fact
from lianxi.streams.refusals import StoredUnfitError, WrongRegistrationError
from lianxi.streams.thawing import StoredStream, check_thaw, unpack
from lianxi.streams.writer import OBSERVED, Authority, Sealed, StreamWriter, by_command, by_rule

TIMER = "proposal"
"""The name of the one timer: when a proposal expires."""


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
            writer = StreamWriter.resume(
                given.origin, CONFERENCE_STREAM, given.carry.stream, given.engine
            )
            return cls(writer, given.carry.state)
        if given.envelope is None:
            raise WrongRegistrationError(reason="empty")
        return cls._found(given, given.envelope, now)

    @classmethod
    def _found(cls, given: ConferenceInput, envelope: str, now: datetime) -> "ConferenceStream":
        admitted, roster, events = founding(envelope, given.origin, given.conference, now)
        writer = StreamWriter(
            given.origin, CONFERENCE_STREAM, roster_bytes(roster).decode(), given.engine
        )
        authority = by_command(admitted.actor, admitted.signed)
        sealed = writer.seal(events, authority, now)
        stream = cls(writer, evolve(None, _fact(sealed[0])))
        # whoever founds asks for the receipt by the same command a moment later
        writer.remember(admitted.signed, admitted.actor.unit, sealed, told=False)
        return stream

    # --- what it answers ---

    def rehearse(self, message: CommandMessage, update_id: str, now: datetime) -> Refusal | None:
        """Admit the command and try the rules on it, changing nothing; as in TaskStream."""
        admitted = self._admit(message, update_id)
        if isinstance(admitted.command, ThawStream) and self.writer.frozen:
            if not self.writer.requests.knows(admitted.signed, admitted.actor.unit):
                self._thawed(message, admitted, now)
            return None
        check_passing(admitted, self.writer, now)
        try:
            check_standing_before_rules(admitted, self.writer, now)
            at = self.writer.instant(now)
            led_to(self._after_rungs(now), admitted, self.writer.origin, at)
        except Refusal as refusal:
            return refusal
        return None

    def answer(self, message: CommandMessage, update_id: str, now: datetime) -> CommandAnswer:
        """Take a command. Raises a Refusal; then nothing has changed."""
        admitted = self._admit(message, update_id)
        known = self.writer.requests.find(admitted.signed, admitted.actor.unit)
        if known is not None:
            return self._with_registration(known)
        if isinstance(admitted.command, ThawStream) and self.writer.frozen:
            return self._thaw(message, admitted, now)
        check_standing_before_rules(admitted, self.writer, now)
        self.fire_rungs(now)
        at = self.writer.instant(now)
        events = led_to(self.state, admitted, self.writer.origin, at)
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
            self._seal(rungs_due(self.state, now), by_rule(TIMER), now)

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

    # --- thawing (lianxi.streams.thawing) ---

    def _thaw(self, message: CommandMessage, admitted: Admitted, now: datetime) -> CommandAnswer:
        """Go on from what the trail holds; nothing has changed where a Refusal is raised."""
        thawed, command, discarded = self._thawed(message, admitted, now)
        event = ev.ConferenceThawed(
            reason=command.reason,
            discarded=len(discarded),
            first_discarded=discarded[0] if discarded else None,
        )
        receipt = thawed.seal_thaw(admitted, event, now)
        self.writer, self.state = thawed.writer, thawed.state
        return CommandAnswer(receipt=receipt)

    def seal_thaw(self, admitted: Admitted, event: ev.ConferenceThawed, now: datetime) -> Receipt:
        """What a thaw seals on the stored stream: what expired meanwhile, then the event."""
        self.fire_rungs(now)
        sealed = self._seal((event,), by_command(admitted.actor, admitted.signed), now)
        return self.writer.remember(admitted.signed, admitted.actor.unit, sealed)

    def _thawed(
        self, message: CommandMessage, admitted: Admitted, now: datetime
    ) -> tuple["ConferenceStream", ThawStream, list[str]]:
        """This stream as the trail holds it, the command, and what would be discarded; as a task's."""
        command = check_thaw(admitted, self.state.rules)
        admitted.check_standing(self.writer.roster, now, self.writer.instant(now))
        admitted.check_begun(now)
        expect = admitted.order.expect
        stored = unpack(message, expect, self.writer.origin, self.writer.stream)
        state = self._folded(stored)
        roster = roster_bytes(state.roster).decode()
        writer = self.writer.continued_from(stored.head, roster, stored.requests)
        authenticate(admitted.signed, state.roster)
        admitted.check_standing(state.roster, now, writer.instant(now))
        return ConferenceStream(writer, state), command, self.writer.sealed_beyond(stored.hashes)

    def _folded(self, stored: StoredStream) -> ConferenceState:
        state: ConferenceState | None = None
        try:
            for event, known in stored.events:
                state = evolve(state, conference_fact(event, known))
        except (ValueError, LookupError):
            state = None
        if state is None or state.conference != self.state.conference:
            raise StoredUnfitError(reason="state")
        return state

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

    def _seal(
        self, events: Sequence[ev.ConferenceEvent], authority: Authority, now: datetime
    ) -> list[Sealed]:
        sealed = self.writer.seal(tuple(events), authority, now)
        for event in sealed:
            self.state = evolve(self.state, _fact(event))
            if isinstance(event.data, ev.RosterMade):
                self.writer.adopt(self.state.roster)
        return sealed

    def _with_registration(self, receipt: Receipt) -> CommandAnswer:
        """With the registration event while it waits to be recorded; later the trail has it."""
        registration = self.writer.unrecorded(receipt.events[-1].hash) if receipt.task else None
        return CommandAnswer(receipt=receipt, registration=registration)


def founding(
    envelope: str, origin: str, conference: str, at: datetime
) -> tuple[Admitted, Roster, tuple[ev.ConferenceEvent, ...]]:
    """Who founds a conference, under which first roster, and the events of it.

    Raises the refusals of admission and of the rules, those of a first roster that does not stand
    by itself, WrongRegistrationError for a command that founds another conference.
    """
    signed = open_command(envelope)
    command = read_command(signed, {cmd.FoundConference.action: cmd.FoundConference})
    if not isinstance(command, cmd.FoundConference):
        raise TypeError("read_command answers the model of the table")
    # the genesis roster vouches for itself; its hash reaches units outside the system
    check_genesis(command.roster, command.roster_signatures)
    admitted = admit(
        CommandMessage(envelope=envelope),
        origin=origin,
        stream=CONFERENCE_STREAM,
        roster=command.roster,
        actions=cmd.CONFERENCE_ACTIONS,
        arrived_as=None,
    )
    admitted.check_standing(command.roster, at)
    if command.conference != conference:
        raise WrongRegistrationError(reason="conference")
    events = decide(None, admitted.order, _digests(None, admitted, origin, at), at)
    return admitted, command.roster, events


def led_to(
    state: ConferenceState, admitted: Admitted, origin: str, at: datetime
) -> tuple[ev.ConferenceEvent, ...]:
    """The events of an admitted command at `at`; the one way from a command to events, as a task's.

    No rule of the conference differs between the versions of the rules so far.
    """
    return decide(state, admitted.order, _digests(state, admitted, origin, at), at)


def _fact(sealed: Sealed) -> ev.ConferenceFact:
    if not isinstance(sealed.data, ev.ConferenceEvent):
        raise TypeError(f"{type(sealed.data).__name__} does not belong on the conference's stream")
    return ev.ConferenceFact(sealed.seq, sealed.hash, sealed.at, sealed.data)


def _digests(
    state: ConferenceState | None, admitted: Admitted, origin: str, at: datetime
) -> Digests:
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
    if state is not None:
        step = _roster_step(state, command, origin, at)
        if step is not None:
            derived = adopt(state.roster, step, at=at)
            return Digests(args=args, prev_roster=derived.prev_roster, roster=roster_hash(derived))
    return Digests(args=args)


def _roster_step(
    state: ConferenceState, command: TaskCommand, origin: str, at: datetime
) -> RosterStep | None:
    """The step a command takes, once its new keys are shown to be held by their units; None: none."""
    made_for = command.prev_roster if isinstance(command, cmd.RosterCommand) else None
    if made_for is not None and made_for != roster_hash(state.roster):
        raise RosterProposalError(reason="stale", version=state.roster.version)
    match command:
        case cmd.RegisterKey() | cmd.ReplaceKey():
            check_possession(command.entry, command.possession, origin)
            return RosterStep(entry=command.entry, signatures=command.roster_signatures)
        case cmd.ChangeRoster():
            given = command.possessions or ()
            check_possessions(state.roster, command.changes, given, origin, at=at)
            return RosterStep(
                changes=command.changes,
                version=state.roster.version + 1,
                signatures=command.roster_signatures,
            )
        case _:
            return None


def _digest(model: BaseModel) -> str:
    return sha256_hex(wire_bytes(model))
