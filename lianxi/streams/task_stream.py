"""A task's stream: commands in, sealed events and receipts out (streams layer, pure).

What `TaskWorkflow` does besides waiting. Instants come in as arguments, so that the same calls
give the same bytes whenever they are repeated.
"""

from collections.abc import Sequence
from datetime import datetime

from lianxi.domain.refusal import Refusal
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import rungs_due, timer_name
from lianxi.domain.task.commands import (
    ACTIONS,
    FileOnBehalf,
    IssueTask,
    ThawStream,
    UnitCommand,
)
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Events
from lianxi.domain.task.evolve import evolve, fold
from lianxi.domain.task.refusals import TaskEndedError
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.ids import task_stream
from lianxi.messages import (
    ROSTERS_ID,
    CommandAnswer,
    CommandMessage,
    Receipt,
    RostersAnswer,
    RostersMessage,
    TaskCarry,
    TaskInput,
    TaskStart,
)
from lianxi.proof.rosters import RosterStep
from lianxi.streams.admission import (
    Admitted,
    Adoption,
    admit,
    adoptions_of,
    check_passing,
    check_standing_before_rules,
)
from lianxi.streams.facts import task_fact
from lianxi.streams.refusals import (
    StoredUnfitError,
    UpdateIdMismatchError,
    WrongRegistrationError,
)
from lianxi.streams.task_beginning import begin
from lianxi.streams.thawing import (
    StoredStream,
    check_roster,
    check_thaw,
    roster_in_force,
    unpack,
)
from lianxi.streams.writer import OBSERVED, Authority, Sealed, StreamWriter, by_command, by_rule

ON_TASK = {action: model for action, model in ACTIONS.items() if model is not IssueTask}
"""Every action that a running task takes."""


class TaskStream:
    """One task: its state and the writer of its stream.

    Invariant: `state` is the fold of everything sealed so far.
    """

    def __init__(self, writer: StreamWriter, state: TaskState) -> None:
        self.writer = writer
        self.state = state
        # the deadline of a state never changes, and finding it looks at every rung of every unit
        self._deadline: tuple[TaskState, datetime | None] = (state, next_deadline(state))

    # --- how it begins ---

    @classmethod
    def open(cls, given: TaskInput, now: datetime) -> "TaskStream":
        """From a workflow's input: a fresh task, or one carried over from the run before.

        Raises WrongRegistrationError and the refusals of admission for a start that no conference
        registered.
        """
        if given.carry is not None:
            stream = task_stream(given.task)
            writer = StreamWriter.resume(given.origin, stream, given.carry.stream, given.engine)
            return cls(writer, given.carry.state)
        if given.start is None:
            raise WrongRegistrationError(reason="empty")
        return cls._begin(given, given.start, now)

    @classmethod
    def _begin(cls, given: TaskInput, start: TaskStart, now: datetime) -> "TaskStream":
        begun = begin(given.origin, given.task, start)
        writer = StreamWriter(given.origin, task_stream(given.task), start.roster, given.engine)
        authority = by_command(begun.issue.actor, begun.issue.signed)
        first, *more = writer.seal(begun.events, authority, max(now, begun.registered_at))
        stream = cls(writer, evolve(None, _fact(first, authority)))
        stream._follow(more, authority)
        return stream

    # --- what it answers ---

    def rehearse(self, message: CommandMessage, update_id: str, now: datetime) -> Refusal | None:
        """Admit the command and try the rules on it, changing nothing.

        Raises what admission refuses and what may be otherwise in a minute: turned away here it
        leaves no history, and the same bytes can be sent again. Returns the refusal by rule that
        `answer` would raise. Any other exception is a bug that must not reach the handler, where it
        would stall the task.
        """
        admitted = self._admit(message, update_id)
        if isinstance(admitted.command, ThawStream) and self.writer.frozen:
            if not self.writer.requests.knows(admitted.signed, admitted.actor.unit):
                self._thawed(message, admitted, now)
            return None
        check_passing(admitted, self.writer, now)
        try:
            check_standing_before_rules(admitted, self.writer, now)
            led_to(self._after_rungs(now), admitted, self.writer.instant(now), self.writer.engine)
        except Refusal as refusal:
            return refusal
        return None

    def answer(self, message: CommandMessage, update_id: str, now: datetime) -> CommandAnswer:
        """Take a command: first every rung due by now, then what the command leads to.

        Raises a Refusal; then nothing has changed but the rungs that were due anyway.
        """
        admitted = self._admit(message, update_id)
        known = self.writer.requests.find(admitted.signed, admitted.actor.unit)
        if known is not None:
            return CommandAnswer(receipt=known)
        if isinstance(admitted.command, ThawStream) and self.writer.frozen:
            return self._thaw(message, admitted, now)
        check_standing_before_rules(admitted, self.writer, now)
        self.fire_rungs(now)
        events, happened_at = led_to(
            self.state, admitted, self.writer.instant(now), self.writer.engine
        )
        self._adopt_rosters(admitted.adoptions, now)
        return CommandAnswer(receipt=self._seal_command(events, admitted, now, happened_at))

    def rehearse_rosters(self, message: RostersMessage, update_id: str, now: datetime) -> None:
        """Raise what `adopt_rosters` would, changing nothing."""
        self._check_rosters(message, update_id, self._after_rungs(now))

    def adopt_rosters(
        self, message: RostersMessage, update_id: str, now: datetime
    ) -> RostersAnswer:
        """Hear of rosters before a command comes that needs them: first the rungs due by now.

        Those adopted before are passed over, so the same may come again under another id: after a
        thaw it has to, since Temporal goes on giving the first one's answer to its repeats. Raises
        UpdateIdMismatchError, the refusals of `proof.rosters`, FrozenError, BacklogFullError,
        TaskEndedError; then nothing has changed.
        """
        adoptions = self._check_rosters(message, update_id, self._after_rungs(now))
        self.fire_rungs(now)
        self._adopt_rosters(adoptions, now)
        return RostersAnswer(version=self.writer.roster.version)

    # --- what it does by itself ---

    @property
    def next_deadline(self) -> datetime | None:
        """When a rule acts next; None when none will, or none may (frozen)."""
        if self._deadline[0] is not self.state:
            self._deadline = (self.state, next_deadline(self.state))
        return None if self.writer.frozen else self._deadline[1]

    @property
    def ended(self) -> bool:
        """Archived: nothing more will happen."""
        return self.state.phase is TaskPhase.ARCHIVED

    def fire_rungs(self, now: datetime) -> None:
        """Seal what the rules do by themselves up to `now`."""
        while (deadline := self.next_deadline) is not None and deadline <= now:
            events = rungs_due(self.state, now)
            for event in events:
                authority = by_rule(timer_name(event))
                self._follow(self.writer.seal((event,), authority, now), authority)
            if not events:
                return

    def note_cancellation(self, now: datetime) -> None:
        """Somebody asked Temporal to cancel the workflow; it lives on, and this is the trace."""
        if not self.writer.frozen:
            self._follow(self.writer.seal((ev.CancellationRequested(),), OBSERVED, now), OBSERVED)

    def carry(self, now: datetime) -> TaskCarry:
        """What the next run needs."""
        return TaskCarry(stream=self.writer.carry(now), state=self.state)

    def details(self) -> str:
        """Where it stands, for the Temporal UI: machine words and numbers only."""
        counts: dict[str, int] = {}
        for assignment in self.state.assignments.values():
            counts[assignment.state] = counts.get(assignment.state, 0) + 1
        units = ", ".join(f"{count} {state}" for state, count in counts.items())
        deadline = self.next_deadline
        frozen = " · **FROZEN**" if self.writer.frozen else ""
        return (
            f"{self.state.task} · {self.state.phase}{frozen} · {units}"
            f" · seq {self.state.seq} · {self.writer.tail_length} unrecorded"
            f" · next deadline {deadline.isoformat() if deadline else 'none'}"
        )

    # --- inside ---

    def _admit(self, message: CommandMessage, update_id: str | None) -> Admitted:
        return admit(
            message,
            origin=self.writer.origin,
            stream=self.writer.stream,
            roster=self.writer.roster,
            actions=ON_TASK,
            arrived_as=update_id,
        )

    def _thaw(self, message: CommandMessage, admitted: Admitted, now: datetime) -> CommandAnswer:
        """Go on from what the trail holds; nothing has changed where a Refusal is raised."""
        thawed, again, event = self._thawed(message, admitted, now)
        receipt = thawed.seal_thaw(again, event, now)
        self.writer, self.state = thawed.writer, thawed.state
        return CommandAnswer(receipt=receipt)

    def seal_thaw(self, admitted: Admitted, event: ev.TaskThawed, now: datetime) -> Receipt:
        """What a thaw seals on the stored stream: rungs due on it, rosters it lacks, the event."""
        self.fire_rungs(now)
        self._adopt_rosters(admitted.adoptions, now)
        return self._seal_command((event,), admitted, now)

    def _thawed(
        self, message: CommandMessage, admitted: Admitted, now: datetime
    ) -> tuple["TaskStream", Admitted, ev.TaskThawed]:
        """This stream as the trail holds it, the command admitted there, and the event it leads to.

        The command is judged twice: under the roster that this stream had adopted, since whoever
        sends stored events could send a roster too, and under the one that is stored.
        """
        command = check_thaw(admitted, self.state.rules)
        admitted.check_standing(self.writer.roster, now, self.writer.instant(now))
        admitted.check_begun(now)
        expect = admitted.order.expect
        stored = unpack(message, expect, self.writer.origin, self.writer.stream)
        wanted = roster_in_force(stored.events, ev.RosterAdopted.__name__)
        roster = check_roster(message.stored_roster, wanted)
        state = self._folded(stored)
        writer = self.writer.continued_from(stored.head, roster, stored.requests)
        thawed = TaskStream(writer, state)
        again = thawed._admit(message, update_id=None)
        again.check_standing(writer.roster, now, writer.instant(now))
        discarded = self.writer.sealed_beyond(stored.hashes)
        event = ev.TaskThawed(
            reason=command.reason,
            discarded=len(discarded),
            first_discarded=discarded[0] if discarded else None,
        )
        return thawed, again, event

    def _folded(self, stored: StoredStream) -> TaskState:
        try:
            state = fold([task_fact(event, known) for event, known in stored.events])
        except (ValueError, LookupError):
            state = None
        if state is None or state.task != self.state.task:
            raise StoredUnfitError(reason="state")
        return state

    def _seal_command(
        self,
        events: Events,
        admitted: Admitted,
        now: datetime,
        happened_at: datetime | None = None,
    ) -> Receipt:
        authority = by_command(admitted.actor, admitted.signed)
        sealed = self.writer.seal(events, authority, now, happened_at=happened_at)
        self._follow(sealed, authority)
        return self.writer.remember(
            admitted.signed, admitted.actor.unit, sealed, task=self.state.task
        )

    def _check_rosters(
        self, message: RostersMessage, update_id: str, state: TaskState
    ) -> tuple[Adoption, ...]:
        if not update_id.startswith(ROSTERS_ID):
            raise UpdateIdMismatchError
        adoptions = adoptions_of(self.writer.roster, message.roster_steps)
        self.writer.check_open()
        if state.phase is TaskPhase.ARCHIVED:
            raise TaskEndedError(task=state.task, state=state.phase)
        return adoptions

    def _adopt_rosters(self, adoptions: Sequence[Adoption], now: datetime) -> None:
        authority = by_rule("roster")
        for adoption in adoptions:
            event = adopted(
                adoption.step, adoption.roster.version, self.writer.adopt(adoption.roster)
            )
            self._follow(self.writer.seal((event,), authority, now), authority)

    def _after_rungs(self, now: datetime) -> TaskState:
        """The state as `fire_rungs` would leave it; nothing is sealed."""
        state = self.state
        deadline = self.next_deadline
        while deadline is not None and deadline <= now and (events := rungs_due(state, now)):
            for event in events:
                # a hash of its own for each: what a rung proposes is known by its event
                seq = state.seq + 1
                state = evolve(state, ev.Fact(seq, f"{seq:064x}", now, "rule", event))
            deadline = next_deadline(state)
        return state

    def _follow(self, sealed: Sequence[Sealed], authority: Authority) -> None:
        for event in sealed:
            self.state = evolve(self.state, _fact(event, authority))


def adopted(step: RosterStep, version: int, roster: str) -> ev.RosterAdopted:
    """That the stream goes on under the roster (its version and hash) to which `step` leads."""
    return ev.RosterAdopted(
        version=version,
        roster=roster,
        entry=step.entry,
        changes=step.changes,
        signatures=step.signatures,
    )


def led_to(
    state: TaskState, admitted: Admitted, at: datetime, engine: int
) -> tuple[Events, datetime | None]:
    """The events of an admitted command at `at`, and when its unit says that it happened.

    The one way from a command to events, live and for whoever derives them again (`rederive`).
    """
    command = admitted.command
    events = decide(state, admitted.order, at, engine)
    if isinstance(command, UnitCommand | FileOnBehalf):
        return events, command.happened_at
    return events, None


def _fact(sealed: Sealed, authority: Authority) -> ev.Fact:
    if not isinstance(sealed.data, ev.TaskEvent):
        raise TypeError(f"{type(sealed.data).__name__} does not belong on a task's stream")
    actor = authority.actor
    return ev.Fact(sealed.seq, sealed.hash, sealed.at, authority.basis, sealed.data, actor.role)
