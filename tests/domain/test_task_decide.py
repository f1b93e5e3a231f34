"""The rules of a task, one test each, in the order of decide's docstring."""

from datetime import timedelta

import pytest

from lianxi.calendars.build import build_calendar
from lianxi.domain.limits import DurationLimit, InstantLimit
from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import FIRST_RULES, Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.deciding.issuing import IssueContext, decide_issue
from lianxi.domain.values import Actor, Role, role_of
from lianxi.proof.events import MAX_EVENT_BYTES
from lianxi.proof.wire import wire_bytes
from tests.domain.gwt import (
    DAY,
    START,
    Story,
    accepted,
    acknowledged,
    commitment,
    event_hash,
    issued,
    modern,
    submitted,
    working,
)

REASON = commitment("reason")
IN_5_DAYS = DurationLimit(seconds=5 * 86_400)

COMMANDS: list[cmd.TaskCommand] = [
    cmd.AcknowledgeTask(),
    cmd.ReportProgress(percent=10),
    cmd.SubmitCompletion(report=REASON),
    cmd.RecallSubmission(),
    cmd.AcceptCompletion(unit="U01", submission=event_hash(1)),
    cmd.ReturnCompletion(unit="U01", submission=event_hash(1), reason=REASON, due=IN_5_DAYS),
    cmd.WithdrawAssignment(unit="U01", reason=REASON),
    cmd.ChangeDue(units=("U01",), due=IN_5_DAYS, reason=REASON),
    cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON),
    cmd.CancelTask(reason=REASON),
]


def accept(unit: str, seq: int) -> cmd.AcceptCompletion:
    return cmd.AcceptCompletion(unit=unit, submission=event_hash(seq))


def send_back(unit: str, seq: int, **changes: object) -> cmd.ReturnCompletion:
    fields = {"unit": unit, "submission": event_hash(seq), "reason": REASON, "due": IN_5_DAYS}
    return cmd.ReturnCompletion.model_validate({**fields, **changes})


# --- who may ---


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.action)
@pytest.mark.parametrize("unit", ["convener", "office", "auditor", "U01"])
def test_only_the_roles_of_a_command_may_give_it(unit: str, command: cmd.TaskCommand) -> None:
    """Every command by every role: allowed by its own table, or ROLE_NOT_ALLOWED."""
    code = Story().given(issued("U01")).when(unit, command).refusal_code()
    assert (code == "ROLE_NOT_ALLOWED") is (role_of(unit) not in command.roles)


def test_a_unit_acts_on_its_own_assignment_only() -> None:
    """A unit that is not on the task is refused."""
    Story().given(issued("U01")).when("U02", cmd.AcknowledgeTask()).refused("NOT_YOUR_ASSIGNMENT")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.action)
def test_an_ended_task_takes_no_command(command: cmd.TaskCommand) -> None:
    """Closed or cancelled: refused; the very same end again is nothing to do."""
    by = "U01" if Role.UNIT in command.roles else "office"
    closed = ev.TaskClosed(verdict=cmd.Verdict.IMPLEMENTED)
    Story().given(issued("U01"), closed).when(by, command).refused("TASK_ENDED", state="closed")


def test_closing_or_cancelling_again_is_nothing_to_do() -> None:
    """The same verdict, or cancel after cancel, is ALREADY_SO."""
    closed = ev.TaskClosed(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON)
    close = cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON)
    Story().given(issued("U01"), closed).when("office", close).refused("ALREADY_SO")
    cancelled = ev.TaskCancelled(reason=REASON)
    cancel = cmd.CancelTask(reason=REASON)
    Story().given(issued("U01"), cancelled).when("office", cancel).refused("ALREADY_SO")


# --- units ---


def test_acknowledge_from_issued_and_returned() -> None:
    """A unit takes up what is new or came back."""
    story = Story().given(issued("U01"))
    story.when("U01", cmd.AcknowledgeTask()).then(acknowledged("U01"))
    story.given(submitted("U01"))
    story.when("office", send_back("U01", 3)).then_kinds("CompletionReturned")
    story.when("U01", cmd.AcknowledgeTask()).then(acknowledged("U01"))


def test_acknowledging_again_is_nothing_to_do() -> None:
    """In progress already: ALREADY_SO, which the command line treats as done."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    story.when("U01", cmd.AcknowledgeTask()).refused("ALREADY_SO", state="in-progress")


def test_a_report_acknowledges_tacitly() -> None:
    """From issued, progress brings an acknowledgement before it."""
    Story().given(issued("U01")).when("U01", cmd.ReportProgress(percent=40)).then(
        ev.AssignmentAcknowledged(unit="U01", implied_by="progress"),
        ev.ProgressReported(unit="U01", percent=40),
    )


def test_progress_while_submitted_is_refused() -> None:
    """Recall first."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.when("U01", cmd.ReportProgress(percent=40)).refused("WRONG_STATE", state="submitted")


def test_a_submission_acknowledges_tacitly() -> None:
    """From issued, submit brings an acknowledgement before it."""
    Story().given(issued("U01")).when("U01", cmd.SubmitCompletion(report=REASON)).then(
        ev.AssignmentAcknowledged(unit="U01", implied_by="submit"),
        ev.CompletionSubmitted(unit="U01", cycle=1, report=REASON, report_media="text/plain"),
    )


def test_recall_before_the_decision() -> None:
    """The unit takes its submission back; after the decision it cannot."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.when("U01", cmd.RecallSubmission()).then(
        ev.SubmissionRecalled(unit="U01", submission=event_hash(3))
    )
    assert story.task.assignments["U01"].state == "in-progress"
    story.given(submitted("U01"), accepted("U01", 5))
    story.when("U01", cmd.RecallSubmission()).refused("WRONG_STATE", state="completed")


# --- decisions ---


def test_accept_the_submission_in_force() -> None:
    """By its hash; the assignment is complete."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.when("office", accept("U01", 3)).then(accepted("U01", 3))
    assert story.task.assignments["U01"].in_time is True
    story.when("office", accept("U01", 3)).refused("ALREADY_SO")


def test_accept_what_is_not_submitted_is_refused() -> None:
    """There is nothing to decide."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    story.when("office", accept("U01", 1)).refused("WRONG_STATE", needed="submitted")


def test_a_decision_on_an_older_submission_is_stale() -> None:
    """The unit recalled and submitted again since the office looked."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.given(ev.SubmissionRecalled(unit="U01", submission=event_hash(3)), submitted("U01"))
    story.when("office", accept("U01", 3)).refused("STALE")
    story.when("office", accept("U01", 5), expect=event_hash(3)).refused("STALE")
    story.when("office", accept("U01", 5), expect=None).refused("STALE")


def test_a_reminder_makes_nothing_stale() -> None:
    """Only acts of people do: what was seen before a rung, or the rung itself, is still fresh."""
    story = Story().given(issued("U01"))
    story.given(
        ev.RungFired(unit="U01", rung="acknowledge-reminder", revision=1, due_at=START + DAY),
        after=DAY,
    )
    withdraw = cmd.WithdrawAssignment(unit="U01", reason=REASON)
    story.when("office", withdraw, expect=event_hash(2))
    story.when("office", withdraw, expect=event_hash(1)).then_kinds("AssignmentWithdrawn")


def test_return_begins_a_new_cycle_with_new_limits() -> None:
    """Reason, new due; the acknowledge limit is as long as the first, but never after due."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"), after=4 * DAY)
    story.when("office", send_back("U01", 3)).then(
        ev.CompletionReturned(
            unit="U01",
            submission=event_hash(3),
            reason=REASON,
            cycle=2,
            revision=2,
            acknowledge_by=START + 6 * DAY,
            due=START + 9 * DAY,
        )
    )
    assert story.task.assignments["U01"].fired == ()
    story.given(acknowledged("U01"), submitted("U01", cycle=2))
    short = send_back("U01", 6, due=DurationLimit(seconds=3_600))
    story.when("office", short).then_kinds("CompletionReturned")
    assert story.task.assignments["U01"].acknowledge_by == story.now + timedelta(hours=1)


def test_withdraw_from_every_state_that_is_not_final() -> None:
    """Withdrawn twice is nothing to do; what is complete stays."""
    withdraw = cmd.WithdrawAssignment(unit="U01", reason=REASON)
    for events in ((), (acknowledged("U01"),), (acknowledged("U01"), submitted("U01"))):
        story = Story().given(issued("U01"), *events)
        story.when("office", withdraw).then_kinds("AssignmentWithdrawn")
        story.when("office", withdraw).refused("ALREADY_SO")
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"), accepted("U01", 3))
    story.when("office", withdraw).refused("WRONG_STATE", state="completed")
    story.when("office", cmd.WithdrawAssignment(unit="U09", reason=REASON)).refused(
        "UNIT_NOT_ON_TASK"
    )


def test_the_lead_leaves_only_with_a_new_lead() -> None:
    """Another unit of the task takes over."""
    story = Story().given(issued("U02", "U03", lead="U01"))
    leave = cmd.WithdrawAssignment(unit="U01", reason=REASON)
    story.when("office", leave).refused("LEAD_NEEDS_SUCCESSOR")
    for unfit in ("U01", "U09"):
        story.when("office", leave.model_copy(update={"new_lead": unfit})).refused(
            "SUCCESSOR_UNFIT"
        )
    support = cmd.WithdrawAssignment(unit="U02", reason=REASON, new_lead="U03")
    story.when("office", support).refused("SUCCESSOR_UNFIT")
    story.when("office", leave.model_copy(update={"new_lead": "U02"})).then_kinds(
        "LeadChanged", "AssignmentWithdrawn"
    )
    assert story.task.lead is not None
    assert story.task.lead.unit == "U02"
    assert story.task.assignments["U01"].role == "support"


def test_change_due_is_a_new_revision() -> None:
    """Rungs are armed again; the acknowledge limit never outlasts due."""
    story = Story().given(issued("U01", "U02"))
    story.when("office", cmd.ChangeDue(units=("U01",), due=IN_5_DAYS, reason=REASON)).then(
        ev.DueChanged(
            unit="U01",
            revision=2,
            due=START + 5 * DAY,
            acknowledge_by=START + 2 * DAY,
            reason=REASON,
        )
    )
    again = cmd.ChangeDue(units=("U01",), due=IN_5_DAYS, reason=REASON)
    story.when("office", again).refused("ALREADY_SO")
    both = cmd.ChangeDue(units=("U01", "U02"), due=IN_5_DAYS, reason=REASON)
    story.when("office", both).then_kinds("DueChanged")


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        (InstantLimit(at=START - DAY), "LIMIT_PAST"),
        (InstantLimit(at=START), "LIMIT_PAST"),
        (InstantLimit(at=START + 6 * 366 * DAY), "LIMIT_TOO_FAR"),
    ],
)
def test_a_due_lies_ahead_within_five_years(limit: InstantLimit, code: str) -> None:
    """In change, return and issue alike."""
    story = Story().given(issued("U01"))
    story.when("office", cmd.ChangeDue(units=("U01",), due=limit, reason=REASON)).refused(code)
    story.given(acknowledged("U01"), submitted("U01"))
    story.when("office", send_back("U01", 3, due=limit)).refused(code)
    with pytest.raises(Refusal) as refusal:
        issue(due=limit)
    assert refusal.value.code == code


# --- the end ---


def test_close_as_implemented_when_ready() -> None:
    """Every assignment final; in mode lead the lead completed."""
    close = cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED)
    story = Story().given(issued("U02", lead="U01"))
    story.when("office", close).refused("NOT_READY_TO_CLOSE", waiting="U01, U02")
    story.given(acknowledged("U01"), submitted("U01"), accepted("U01", 3))
    story.when("office", close).refused("NOT_READY_TO_CLOSE", waiting="U02")
    story.given(ev.AssignmentWithdrawn(unit="U02", through="withdraw", reason=REASON))
    assert story.task.ready
    story.when("office", close).then(ev.TaskClosed(verdict=cmd.Verdict.IMPLEMENTED))


def test_close_as_not_implemented_withdraws_the_rest() -> None:
    """Allowed from active, with a reason."""
    story = Story().given(issued("U01", "U02"), acknowledged("U01"), submitted("U01"))
    story.given(accepted("U01", 3))
    bare = cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED)
    story.when("office", bare).refused("REASON_REQUIRED")
    story.when("office", bare.model_copy(update={"reason": REASON})).then(
        ev.AssignmentWithdrawn(unit="U02", through="close"),
        ev.TaskClosed(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON),
    )


def test_close_is_refused_when_somebody_acted_since() -> None:
    """The office has not seen the last act on the task."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    close = cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON)
    story.when("office", close, expect=event_hash(1)).refused("STALE")


def test_cancel_withdraws_what_is_not_final() -> None:
    """A cancelled task tells everybody; see react."""
    story = Story().given(issued("U01", "U02"), acknowledged("U01"), submitted("U01"))
    story.given(accepted("U01", 3))
    story.when("office", cmd.CancelTask(reason=REASON)).then(
        ev.AssignmentWithdrawn(unit="U02", through="cancel"), ev.TaskCancelled(reason=REASON)
    )


def test_archive_ends_the_task() -> None:
    """By rule, 180 days after the end unless set."""
    rules = Rules(archive_after=86_400)
    story = Story().given(issued("U01", rules=rules), ev.TaskCancelled(reason=REASON))
    story.when_time_passes(DAY - timedelta(microseconds=1)).then()
    story.when_time_passes(DAY).then(ev.TaskArchived(due_at=START + DAY))
    assert next_deadline(story.task) is None


# --- issue ---


def issue(**changes: object) -> tuple[ev.TaskEvent, ...]:
    fields = {
        "ref": "task-1",
        "mode": "lead",
        "title": commitment("title"),
        "lead": "U01",
        "units": ("U02",),
        "due": DurationLimit(seconds=12 * 86_400),
    }
    command = cmd.IssueTask.model_validate({**fields, **changes})
    order = Order(Actor(unit="office", role=Role.OFFICE), command)
    context = IssueContext("T-0001", FIRST_RULES, event_hash(0), event_hash(0), START)
    return decide_issue(order, context)


def test_issue_gives_every_unit_its_part() -> None:
    """The lead first; acknowledge within the rules' default."""
    (event,) = issue()
    assert isinstance(event, ev.TaskIssued)
    assert [(part.unit, part.role) for part in event.assignments] == [
        ("U01", "lead"),
        ("U02", "support"),
    ]
    assert event.assignments[0].acknowledge_by == START + 2 * DAY
    assert event.assignments[0].due == START + 12 * DAY


def test_the_acknowledge_limit_never_lies_after_due() -> None:
    """Stated so: refused; by default: cut to due."""
    with pytest.raises(Refusal) as refusal:
        issue(acknowledge_by=DurationLimit(seconds=13 * 86_400))
    assert refusal.value.code == "LIMIT_ORDER"
    (event,) = issue(due=DurationLimit(seconds=3_600))
    assert isinstance(event, ev.TaskIssued)
    assert event.assignments[0].acknowledge_by == START + timedelta(hours=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"lead": None},
        {"mode": "each"},
        {"mode": "each", "lead": None, "units": ()},
        {"units": ("U01",)},
        {"units": ("U02", "U02")},
        {"ref": "../x"},
        {"due": {"rule": "duration", "seconds": 0}},
    ],
)
def test_an_issue_that_contradicts_itself_is_no_command(changes: dict[str, object]) -> None:
    """Refused by the model before any rule is asked."""
    with pytest.raises(ValueError, match="validation error"):
        issue(**changes)


def test_a_task_for_256_units_fits_an_event() -> None:
    """Rules, a calendar of six years and every unit's limits, with the longest ids."""
    units = tuple(f"UNIT-{number:027d}" for number in range(256))
    calendar = build_calendar("CN", range(2021, 2027), zone="Asia/Shanghai")
    issued = modern(*units, due=working(15), calendar=calendar)
    assert len(wire_bytes(issued)) < MAX_EVENT_BYTES - 2_000, "with room for the envelope"
