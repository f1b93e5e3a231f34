"""Every state x command x role: allowed, or the exact refusal, against a table that people wrote.

`TABLE` is the rule as a reader wants to see it; it is held against `ALLOWED_FROM` and `ALREADY`, and
against what `decide` answers about the example that docs/event-model.md prints (tools.example_task).
"""

import pytest

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.refusal import Refusal
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import ALLOWED_FROM, ALREADY
from lianxi.domain.task.state import TaskPhase
from lianxi.domain.values import Role
from tools.example_task import (
    LEAD,
    NOW,
    ON_TASK,
    answer,
    event_hash,
    example,
    order_for,
    prepared,
    text,
    told,
)

S = AssignmentState

TABLE = """
                issued objected in-progress submitted returned suspended completed stopped withdrawn
acknowledge     +      .        =           .         +        .         .         .       .
progress        +      .        +           .         +        .         .         .       .
submit          +      .        +           =         +        .         .         .       .
recall          .      .        .           +         .        .         .         .       .
object          +      =        .           .         .        .         .         .       .
extend          +      .        +           .         +        .         .         .       .
stop            .      .        +           .         .        +         .         .       .
retract         +      +        +           o         +        +         .         .       .
concur          .      .        +           +         +        .         +         .       .
dissent         .      .        +           +         +        .         +         .       .
answer          +      +        +           +         +        +         +         +       +
heed            +      +        +           +         +        +         +         +       +
dispute         +      +        +           +         +        +         +         +       +
correct         +      +        +           +         +        +         +         .       .
accept          .      .        .           +         .        .         =         .       .
return          .      .        .           +         =        .         .         .       .
grant           +      +        +           o         +        +         .         .       .
refuse          +      +        +           o         +        +         .         .       .
suspend         +      .        +           .         +        =         .         .       .
resume          .      .        .           .         .        +         .         .       .
withdraw        +      +        +           +         +        +         .         .       =
transfer        +      +        +           +         +        +         .         .       .
due             +      .        +           +         +        .         .         .       .
urge            +      .        +           .         +        .         .         .       .
instruct        +      +        +           +         +        +         .         .       .
phoned          +      +        +           +         +        +         +         +       +
on-behalf       u      u        u           u         u        u         u         u       u
by-mistake      +      +        +           +         +        +         +         +       +
reopen          .      .        .           .         .        .         +         .       .
"""
"""`+` allowed · `.` WRONG_STATE · `=` ALREADY_SO · `o` allowed, but nothing is asked for there:
NO_REQUEST · `u` by the unit's own rule (the example files `acknowledge`)."""

OF_THE_TASK = (
    "add", "exclude-gap", "adopt-calendar", "approve", "reject", "thaw", "close", "cancel",
)  # fmt: skip
"""Commands that do not ask in which state an assignment is."""

LEADS_TO = {
    "acknowledge": "AssignmentAcknowledged",
    "progress": "ProgressReported",
    "submit": "CompletionSubmitted",
    "recall": "SubmissionRecalled",
    "object": "AssignmentObjected",
    "extend": "ExtensionRequested",
    "stop": "StopRequested",
    "retract": "RequestRetracted",
    "concur": "ConcurrenceGiven",
    "dissent": "DissentFiled",
    "answer": "WarningAnswered",
    "heed": "InstructionHeeded",
    "dispute": "FilingDisputed",
    "correct": "ReportCorrected",
    "accept": "CompletionAccepted",
    "return": "CompletionReturned",
    "grant": "ExtensionGranted ObjectionChanged AssignmentStopped",
    "refuse": "RequestRefused ObjectionRefused",
    "suspend": "AssignmentSuspended",
    "resume": "AssignmentResumed",
    "add": "AssignmentAdded",
    "withdraw": "AssignmentWithdrawn",
    "transfer": "AssignmentTransferred",
    "due": "DueChanged",
    "urge": "UnitUrged",
    "instruct": "InstructionGiven",
    "phoned": "PhoneCallNoted",
    "on-behalf": "FiledOnBehalf",
    "by-mistake": "ActReversed",
    "exclude-gap": "GapExcluded",
    "adopt-calendar": "CalendarAdopted",
    "approve": "ProposalApproved",
    "reject": "ProposalRejected",
    "thaw": "TaskThawed",
    "close": "TaskClosed",
    "cancel": "TaskCancelled",
    "reopen": "AssignmentReopened",
}
"""The event that says what the command was, wherever it is allowed."""

CONVENERS = {Role.CONVENER, Role.OFFICE}
WHO = {action: {Role.UNIT} if action in cmd.UNIT_ACTIONS else CONVENERS for action in ON_TASK}

ROWS = {
    line.split()[0]: dict(zip(AssignmentState, line.split()[1:], strict=True))
    for line in TABLE.strip().splitlines()[1:]
}
CODES = {".": "WRONG_STATE", "=": "ALREADY_SO", "o": "NO_REQUEST"}


def test_the_table_has_every_state_and_every_command() -> None:
    """In their order; a new command is to be written down here."""
    assert TABLE.split("\n")[1].split() == [state.value for state in AssignmentState]
    assert {*ROWS, *OF_THE_TASK} == {*ON_TASK}
    assert LEADS_TO.keys() == {*ON_TASK}


def test_the_codes_tables_say_the_same() -> None:
    """`ALLOWED_FROM` and `ALREADY`, by which `decide` goes."""
    for action, row in ROWS.items():
        allowed = frozenset(state for state, sign in row.items() if sign in "+ou")
        already = frozenset(state for state, sign in row.items() if sign == "=")
        assert (action, ALLOWED_FROM[action]) == (action, allowed)
        assert (action, ALREADY.get(action, frozenset())) == (action, already)
    assert ALLOWED_FROM.keys() == ROWS.keys()


@pytest.mark.parametrize("state", AssignmentState)
@pytest.mark.parametrize("action", ON_TASK)
def test_every_command_in_every_state_by_every_role(action: str, state: AssignmentState) -> None:
    """By who may not: ROLE_NOT_ALLOWED, whatever the state. By who may: as the table says."""
    sign = ROWS[action][state] if action in ROWS else "+"
    if sign == "u":
        sign = ROWS["acknowledge"][state]
    for role in Role:
        said = answer(action, state, role)
        if role not in WHO[action]:
            assert said == "ROLE_NOT_ALLOWED", role
        elif action in ("approve", "reject") and role is Role.OFFICE:
            assert said == "CONVENER_DECIDES"
        elif action == "thaw":  # no state is frozen: that is the stream's matter
            assert said == "NOT_FROZEN"
        elif sign in CODES:
            assert said == CODES[sign], role
        else:
            assert set(said.split(" + ")) & set(LEADS_TO[action].split()), (role, said)


@pytest.mark.parametrize("action", [action for action in ROWS if "." in ROWS[action].values()])
def test_the_refusal_says_which_state_is_needed(action: str) -> None:
    """With the state it is in, and the action: enough for a sentence."""
    state = next(state for state, sign in ROWS[action].items() if sign == ".")
    task = prepared(action, state)
    with pytest.raises(Refusal) as refusal:
        decide(task, order_for(action, task), NOW)
    params = refusal.value.params
    assert (params["action"], params["state"]) == (action, state.value)
    needed = {s.value for s, sign in ROWS[action].items() if sign in "+o"}
    assert set(str(params["needed"]).split(", ")) == needed


ENDS: dict[TaskPhase, tuple[ev.TaskEvent, ...]] = {
    TaskPhase.CLOSED: (ev.TaskClosed(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=text()),),
    TaskPhase.CANCELLED: (ev.TaskCancelled(reason=text()),),
    TaskPhase.ARCHIVED: (ev.TaskCancelled(reason=text()), ev.TaskArchived(due_at=NOW)),
}


@pytest.mark.parametrize("phase", ENDS)
@pytest.mark.parametrize("action", ON_TASK)
def test_a_task_that_has_ended_takes_almost_nothing(action: str, phase: TaskPhase) -> None:
    """Re-open after closing, a dispute, by mistake of the end itself; the same end again is nothing to do."""
    task = told(example(S.COMPLETED), *ENDS[phase])
    try:
        events = decide(task, order_for(action, task), NOW)
        said = type(events[-1]).__name__
    except Refusal as refusal:
        said = refusal.code
    expected = "TASK_ENDED"
    if action == "reopen" and phase is TaskPhase.CLOSED:
        expected = "AssignmentReopened"
    if action == "dispute" and phase is not TaskPhase.ARCHIVED:
        expected = "UNKNOWN_SUBJECT"  # nothing was filed: its own rule is asked
    if action == "thaw":
        expected = "NOT_FROZEN"
    if (action, phase) in {("close", TaskPhase.CLOSED), ("cancel", TaskPhase.CANCELLED)}:
        expected = "ALREADY_SO"
    assert said == expected


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (TaskPhase.CLOSED, "EndReversed"),
        (TaskPhase.CANCELLED, "EndReversed"),
        (TaskPhase.ARCHIVED, "ACTED_SINCE"),
    ],
)
def test_the_end_itself_can_be_taken_back_until_it_is_archived(phase: TaskPhase, said: str) -> None:
    """By the event that ended the task."""
    task = told(example(S.COMPLETED), *ENDS[phase])
    end = event_hash(example(S.COMPLETED).seq + 1)
    order = order_for("cancel", task)
    reverse = cmd.ReverseAct(act=end, reason=text())
    try:
        (event,) = decide(task, type(order)(order.actor, reverse, None), NOW)
        answered = type(event).__name__
    except Refusal as refusal:
        answered = refusal.code
    assert answered == said


def test_the_example_is_in_the_state_it_is_said_to_be() -> None:
    """Else the tables would be about something else."""
    for state in AssignmentState:
        assert example(state).assignments[LEAD].state is state
