"""A task's stream: commands in, sealed events and receipts out (streams layer, pure).

What `TaskWorkflow` does besides waiting. Instants come in as arguments, so that the same calls
give the same bytes whenever they are repeated.
"""

from collections.abc import Sequence
from datetime import datetime

from lianxi.domain.conference.events import TaskRegistered
from lianxi.domain.refusal import Refusal
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import rungs_due, timer_name
from lianxi.domain.task.commands import (
    ACTIONS,
    ApproveProposal,
    FileOnBehalf,
    IssueTask,
    UnitCommand,
)
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.domain.values import Role
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.messages import CommandAnswer, CommandMessage, TaskCarry, TaskInput, TaskStart
from lianxi.proof.events import EventEnvelope, open_event
from lianxi.proof.hashing import event_hash, sha256_hex
from lianxi.proof.rosters import shared_roster
from lianxi.proof.wire import wire_bytes
from lianxi.streams.admission import (
    Admitted,
    admit,
    check_passing,
    check_standing_before_rules,
)
from lianxi.streams.refusals import WrongRegistrationError
from lianxi.streams.writer import OBSERVED, Authority, Sealed, StreamWriter, by_command, by_rule

_ON_TASK = {action: model for action, model in ACTIONS.items() if model is not IssueTask}


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
            writer = StreamWriter.resume(given.origin, stream, given.carry.stream)
            return cls(writer, given.carry.state)
        if given.start is None:
            raise WrongRegistrationError(reason="empty")
        return cls._begin(given, given.start, now)

    @classmethod
    def _begin(cls, given: TaskInput, start: TaskStart, now: datetime) -> "TaskStream":
        registered, data = _registration(given, start)
        admitted = admit(
            CommandMessage(envelope=start.envelope),
            origin=given.origin,
            stream=CONFERENCE_STREAM,
            roster=shared_roster(start.roster),
            actions={IssueTask.action: IssueTask},
            arrived_as=None,
        )
        _check_cause(given, start, registered, data, admitted)
        context = IssueContext(
            task=data.task,
            rules=start.rules,
            rules_hash=data.rules_hash,
            registration=start.registration.hash,
            opened_at=registered.at,
            calendar=start.calendar,
            calendar_hash=data.calendar_hash,
        )
        issued = decide_issue(admitted.order, context)
        writer = StreamWriter(given.origin, task_stream(given.task), start.roster)
        authority = by_command(admitted.actor, admitted.signed)
        first, *more = writer.seal(issued, authority, max(now, registered.at))
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
        check_passing(admitted, self.writer, now)
        try:
            check_standing_before_rules(admitted, self.writer, now)
            decide(self._after_rungs(now), admitted.order, self.writer.instant(now))
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
        check_standing_before_rules(admitted, self.writer, now)
        self.fire_rungs(now)
        events = decide(self.state, admitted.order, self.writer.instant(now))
        self._adopt_rosters(admitted, now)
        authority = by_command(admitted.actor, admitted.signed)
        command = admitted.command
        happened_at = None
        if isinstance(command, UnitCommand | FileOnBehalf):
            happened_at = command.happened_at
        sealed = self.writer.seal(events, authority, now, happened_at=happened_at)
        self._follow(sealed, authority)
        receipt = self.writer.remember(
            admitted.signed, admitted.actor.unit, sealed, task=self.state.task
        )
        return CommandAnswer(receipt=receipt)

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

    def _admit(self, message: CommandMessage, update_id: str) -> Admitted:
        return admit(
            message,
            origin=self.writer.origin,
            stream=self.writer.stream,
            roster=self.writer.roster,
            actions=_ON_TASK,
            arrived_as=update_id,
        )

    def _adopt_rosters(self, admitted: Admitted, now: datetime) -> None:
        authority = by_rule("roster")
        for adoption in admitted.adoptions:
            event = ev.RosterAdopted(
                version=adoption.roster.version,
                roster=self.writer.adopt(adoption.roster),
                entry=adoption.step.entry,
                signatures=adoption.step.signatures,
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


def _fact(sealed: Sealed, authority: Authority) -> ev.Fact:
    if not isinstance(sealed.data, ev.TaskEvent):
        raise TypeError(f"{type(sealed.data).__name__} does not belong on a task's stream")
    actor = authority.actor
    return ev.Fact(sealed.seq, sealed.hash, sealed.at, authority.basis, sealed.data, actor.role)


def _registration(given: TaskInput, start: TaskStart) -> tuple[EventEnvelope, TaskRegistered]:
    """The registration event, checked against everything else the start brings."""
    data = start.registration.text.encode()
    if event_hash(data) != start.registration.hash:
        raise WrongRegistrationError(reason="hash")
    event = open_event(data)
    if (event.origin, event.stream, event.kind) != (
        given.origin,
        CONFERENCE_STREAM,
        TaskRegistered.__name__,
    ):
        raise WrongRegistrationError(reason="event")
    registered = TaskRegistered.model_validate(event.data)
    if registered.task != given.task:
        raise WrongRegistrationError(reason="task")
    if event.roster != sha256_hex(start.roster.encode()):
        raise WrongRegistrationError(reason="roster")
    if registered.rules_hash != sha256_hex(wire_bytes(start.rules)):
        raise WrongRegistrationError(reason="rules")
    calendar = None if start.calendar is None else sha256_hex(wire_bytes(start.calendar))
    if registered.calendar_hash != calendar:
        raise WrongRegistrationError(reason="calendar")
    return event, registered


def _check_cause(
    given: TaskInput,
    start: TaskStart,
    registered: EventEnvelope,
    data: TaskRegistered,
    issue: Admitted,
) -> None:
    """That the issue caused the registration: by itself, or proposed by it and then approved."""
    if data.proposal is None:
        if registered.cause.payload_sha256 != issue.signed.digest:
            raise WrongRegistrationError(reason="envelope")
        return
    if start.proposal is None or start.approval is None:
        raise WrongRegistrationError(reason="approval")
    text = start.proposal.text.encode()
    if not event_hash(text) == start.proposal.hash == data.proposal:
        raise WrongRegistrationError(reason="proposal")
    if open_event(text).cause.payload_sha256 != issue.signed.digest:
        raise WrongRegistrationError(reason="envelope")
    approval = admit(
        CommandMessage(envelope=start.approval),
        origin=given.origin,
        stream=CONFERENCE_STREAM,
        roster=shared_roster(start.roster),
        actions={ApproveProposal.action: ApproveProposal},
        arrived_as=None,
    )
    if (
        registered.cause.payload_sha256 != approval.signed.digest
        or approval.actor.role is not Role.CONVENER
        or not isinstance(approval.command, ApproveProposal)
        or approval.command.proposal != data.proposal
    ):
        raise WrongRegistrationError(reason="approval")
