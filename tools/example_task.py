"""The example task that the tables of docs/event-model.md are asked about, in every state.

Mode `lead`: `LEAD` with `SUPPORT`, on a calendar of weekdays. Each command meets what it is about: a
request to decide, a warning to answer, a gap to exclude. tests/domain/test_states_and_commands.py
holds the same answers against a table that people wrote.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from lianxi.domain.calendar import Calendar, OffsetSince
from lianxi.domain.ladder import AssignmentState
from lianxi.domain.limits import DaysLimit, InstantLimit
from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clockwork import Timed
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import Actor, Commitment, Role, role_of

LEAD, SUPPORT, ANOTHER = "U01", "U02", "U03"
START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
NOW = START + timedelta(hours=1)

S = AssignmentState

CALENDAR = Calendar(
    version=1,
    zone="Asia/Shanghai",
    offsets=(OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=8 * 3600),),
    known_until=date(2027, 12, 31),
)

ON_TASK = tuple(action for action in cmd.ACTIONS if action != cmd.IssueTask.action)
"""Every command that a task's stream takes."""


def event_hash(seq: int) -> str:
    """The made-up hash of the event at `seq`."""
    return f"{seq:064x}"


def text() -> Commitment:
    """A stand-in for the commitment to a text."""
    return Commitment(commit="0" * 64, size=1)


def days(count: int) -> DaysLimit:
    """So many working days."""
    return DaysLimit(days=count, kind="working")


def told(state: TaskState | None, *events: ev.TaskEvent, at: datetime = START) -> TaskState:
    """The state after these events, all at one instant."""
    for event in events:
        seq = 1 if state is None else state.seq + 1
        basis: Literal["command", "rule"] = "rule" if isinstance(event, Timed) else "command"
        state = evolve(state, ev.Fact(seq, event_hash(seq), at, basis, event))
    if state is None:
        raise TypeError("a story of nothing")
    return state


def issued(mode: cmd.Mode = cmd.Mode.LEAD) -> ev.TaskIssued:
    """The example as issued, with concurrence of the support."""
    roles: tuple[ev.AssignmentRole, ev.AssignmentRole] = (
        ("lead", "support") if mode is cmd.Mode.LEAD else ("member", "member")
    )
    return ev.TaskIssued(
        task="T-0001",
        ref="example",
        registration="0" * 64,
        opened_at=START,
        mode=mode,
        title=text(),
        concurrence=True if mode is cmd.Mode.LEAD else None,
        rules=DEFAULT_RULES,
        rules_hash="0" * 64,
        calendar=CALENDAR,
        calendar_hash="0" * 64,
        acknowledge_rule=days(2),
        due_rule=days(15),
        assignments=tuple(
            ev.AssignmentTerms(
                unit=unit,
                role=role,
                acknowledge_by=START + timedelta(days=2),
                due=START + timedelta(days=21),
            )
            for unit, role in zip((LEAD, SUPPORT), roles, strict=True)
        ),
    )


def example(state: AssignmentState, unit: str = LEAD) -> TaskState:
    """The example task with this unit in this state; the other stays issued."""
    acknowledged = ev.AssignmentAcknowledged(unit=unit)
    # the hash of the submission is that of the third event, of a request that of the second or third
    submitted = ev.CompletionSubmitted(unit=unit, cycle=1, report=text(), report_media="text/plain")
    third = event_hash(3)
    withdrawn = ev.AssignmentWithdrawn(unit=unit, through="withdraw", reason=text())
    ceded = ev.LeadChanged(unit=SUPPORT, previous=LEAD)
    ways: dict[AssignmentState, tuple[ev.TaskEvent, ...]] = {
        S.ISSUED: (),
        S.OBJECTED: (ev.AssignmentObjected(unit=unit, reason=text()),),
        S.IN_PROGRESS: (acknowledged,),
        S.SUBMITTED: (acknowledged, submitted),
        S.RETURNED: (
            acknowledged,
            submitted,
            ev.CompletionReturned(
                unit=unit,
                submission=third,
                reason=text(),
                cycle=2,
                revision=2,
                acknowledge_by=START + timedelta(days=2),
                due=START + timedelta(days=21),
            ),
        ),
        S.SUSPENDED: (
            acknowledged,
            ev.AssignmentSuspended(
                unit=unit, reason=text(), review_by=START + timedelta(days=7), review_rule=days(5)
            ),
        ),
        S.COMPLETED: (acknowledged, submitted, ev.CompletionAccepted(unit=unit, submission=third)),
        S.STOPPED: (
            acknowledged,
            ev.StopRequested(unit=unit, reason=text()),
            *((ceded,) if unit == LEAD else ()),
            ev.AssignmentStopped(unit=unit, request=third),
        ),
        S.WITHDRAWN: (ceded, withdrawn) if unit == LEAD else (withdrawn,),
    }
    return told(None, issued(), *ways[state])


def prepared(action: str, state: AssignmentState) -> TaskState:
    """The example in this state, with what the command is about where it can be there."""
    if action in ("concur", "dissent"):
        task = example(state, SUPPORT)
        submit = cmd.SubmitCompletion(report=text())
        return told(task, *decide(task, Order(_actor(LEAD), submit, None), NOW))
    return told(example(state), *about(action, state))


def about(action: str, state: AssignmentState) -> Iterable[ev.TaskEvent]:
    """What a command needs to be there before it."""
    later = START + timedelta(days=30)
    extension = ev.ExtensionRequested(
        unit=LEAD,
        until=later,
        until_rule=InstantLimit(at=later),
        reason=text(),
        holds=True,
    )
    if action in ("grant", "refuse", "retract"):
        if state in (S.ISSUED, S.IN_PROGRESS, S.RETURNED):
            return (extension,)
        return (ev.StopRequested(unit=LEAD, reason=text()),) if state is S.SUSPENDED else ()
    needed: dict[str, ev.TaskEvent] = {
        "answer": ev.WarningSent(unit=LEAD, proposal="0" * 64, revision=1, explain_by=later),
        "heed": ev.InstructionGiven(units=(LEAD,), text=text(), acknowledge=True),
        "dispute": ev.FiledOnBehalf(
            unit=LEAD, act="acknowledge", via="phone", basis=text(), dispute_by=later
        ),
        "correct": ev.ProgressReported(unit=LEAD, percent=10),
        "by-mistake": ev.DueChanged(
            unit=LEAD, revision=3, due=later, acknowledge_by=later, reason=text()
        ),
        "exclude-gap": ev.ServiceGapNoted(since=START, until=NOW, waits_until=NOW),
        "approve": ev.ActProposed(
            act="cancel", args={"reason": text().model_dump(mode="json")}, expires=later
        ),
    }
    needed["reject"] = needed["approve"]
    return (needed[action],) if action in needed else ()


def command_for(action: str, task: TaskState) -> cmd.TaskCommand:
    """An example of each command, as fits what is there."""
    part = task.assignments[LEAD]
    last = task.last_hash
    submission = part.submission.event if part.submission is not None else event_hash(99)
    request: cmd.RequestKind = "objection" if part.state is S.OBJECTED else "extension"
    request = "stop" if part.stop is not None else request
    asked = getattr(part, request)
    subject = asked.event if asked is not None else event_hash(99)
    due = InstantLimit(at=START + timedelta(days=40))
    new_lead = SUPPORT if part.role == "lead" else None
    concurrence = task.concurrence.submission if task.concurrence else event_hash(99)
    granted: dict[str, object] = {"due": due} if request == "objection" else {}
    if request == "stop":
        granted = {"new_lead": SUPPORT}
    commands: dict[str, cmd.TaskCommand] = {
        "acknowledge": cmd.AcknowledgeTask(),
        "progress": cmd.ReportProgress(percent=50),
        "submit": cmd.SubmitCompletion(report=text()),
        "recall": cmd.RecallSubmission(),
        "object": cmd.ObjectToAssignment(reason=text()),
        "extend": cmd.RequestExtension(until=due, reason=text()),
        "stop": cmd.RequestStop(reason=text()),
        "retract": cmd.RetractRequest(request=request),
        "concur": cmd.Concur(submission=concurrence),
        "dissent": cmd.Dissent(submission=concurrence, reason=text()),
        "answer": cmd.AnswerWarning(warning=last, text=text()),
        "heed": cmd.HeedInstruction(instruction=last),
        "dispute": cmd.DisputeFiling(filing=last, reason=text()),
        "correct": cmd.CorrectReport(event=last, percent=20),
        "accept": cmd.AcceptCompletion(unit=LEAD, submission=submission),
        "return": cmd.ReturnCompletion(unit=LEAD, submission=submission, reason=text(), due=due),
        "grant": cmd.GrantRequest.model_validate(
            {"unit": LEAD, "request": request, "subject": subject, **granted}
        ),
        "refuse": cmd.RefuseRequest(unit=LEAD, request=request, subject=subject, reason=text()),
        "suspend": cmd.SuspendAssignment(unit=LEAD, reason=text(), review_by=days(5)),
        "resume": cmd.ResumeAssignment(unit=LEAD, due=due),
        "add": cmd.AddAssignment(unit=ANOTHER),
        "withdraw": cmd.WithdrawAssignment(unit=LEAD, reason=text(), new_lead=new_lead),
        "transfer": cmd.TransferAssignment(unit=LEAD, into=ANOTHER),
        "due": cmd.ChangeDue(units=(LEAD,), due=due, reason=text()),
        "urge": cmd.UrgeUnits(units=(LEAD,)),
        "instruct": cmd.Instruct(units=(LEAD,), text=text()),
        "phoned": cmd.NotePhoneCall(unit=LEAD, text=text()),
        "on-behalf": cmd.FileOnBehalf(unit=LEAD, act="acknowledge", via="phone", basis=text()),
        "by-mistake": cmd.ReverseAct(unit=LEAD, act=last, reason=text()),
        "exclude-gap": cmd.ExcludeGap(gap=last, reason=text()),
        "adopt-calendar": cmd.AdoptCalendar(calendar=CALENDAR.model_copy(update={"version": 2})),
        "approve": cmd.ApproveProposal(proposal=last),
        "reject": cmd.RejectProposal(proposal=last, reason=text()),
        "thaw": cmd.ThawStream(reason=text()),
        "close": cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=text()),
        "cancel": cmd.CancelTask(reason=text()),
        "reopen": cmd.ReopenTask(units=(LEAD,), due=due, reason=text()),
    }
    return commands[action]


def order_for(action: str, task: TaskState, role: Role | None = None) -> Order:
    """The command by somebody who may (or in the role given), who has seen everything."""
    command = command_for(action, task)
    unit = SUPPORT if action in ("concur", "dissent") else LEAD
    if role is None:
        role = Role.UNIT if Role.UNIT in command.roles else Role.CONVENER
    actor = _actor(unit if role is Role.UNIT else role.value)
    head = task.head if action == "close" else task.assignments[unit].head
    return Order(actor, command, head)


def _actor(unit: str) -> Actor:
    return Actor(unit=unit, role=role_of(unit), key_id="0" * 64)


def answer(action: str, state: AssignmentState, role: Role | None = None) -> str:
    """What `decide` says: the kinds of the events, or the code of the refusal."""
    task = prepared(action, state)
    try:
        events = decide(task, order_for(action, task, role), NOW)
    except Refusal as refusal:
        return refusal.code
    return " + ".join(dict.fromkeys(type(event).__name__ for event in events))
