"""What is back after `by mistake`, and what is not made up for."""

import pytest

from lianxi.domain.reports import ReportCycle
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import REASON, Story, acknowledged, at, modern, rungs, working

OFFICE_APPROVES = DEFAULT_RULES.model_copy(update={"needs_convener": None})
WEEKLY = ReportCycle(every="week", day=5)


def reverse(story: Story, kind: type[ev.TaskEvent]) -> None:
    act = story.last(kind)
    end = kind in (ev.TaskCancelled, ev.TaskClosed)
    unit = None if end else "U01"
    story.does("office", cmd.ReverseAct(unit=unit, act=act, reason=REASON))


@pytest.mark.parametrize("act", ["concur", "dissent"])
def test_an_answer_filed_by_mistake_is_no_answer(act: str) -> None:
    """The unit is asked again and may say the contrary."""
    story = Story().given(modern("U01", lead="U02", concurrence=True), acknowledged("U01"))
    story.does("U02", cmd.AcknowledgeTask(), cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    args: dict[str, object] = {"submission": submission}
    if act == "dissent":
        args["reason"] = REASON.model_dump()
    story.does(
        "office", cmd.FileOnBehalf(unit="U01", act=act, args=args, via="phone", basis=REASON)
    )
    reverse(story, ev.FiledOnBehalf)
    asked = story.task.concurrence
    assert asked is not None
    assert (asked.given, asked.dissented, asked.open) == ((), {}, ("U01",))
    story.does("U01", cmd.Concur(submission=submission))


def test_rungs_that_passed_meanwhile_are_not_climbed_again() -> None:
    """Only the one that fires late does; the warning sent under the mistaken due still stands."""
    story = Story().given(modern("U01", due=working(5), rules=OFFICE_APPROVES))
    change = cmd.ChangeDue(units=("U01",), due=working(6), reason=REASON)
    story.does("office", change).lives("11-20 10:00")
    story.does("office", cmd.ApproveProposal(proposal=next(iter(story.task.proposals))))
    warning = story.part().warning
    reverse(story, ev.DueChanged)
    assert story.part().warning == warning is not None
    assert rungs(story.lives_until("11-23 16:00")) == [("11-20 10:00", "overdue")]


def test_an_end_reversed_climbs_only_from_there() -> None:
    """Two weeks cancelled by mistake: what would have fired then does not fire now, but red does."""
    story = Story().given(modern("U01", due=working(5))).lives("11-05 10:00")
    story.does("office", cmd.CancelTask(reason=REASON)).lives("11-20 10:00")
    reverse(story, ev.TaskCancelled)
    assert rungs(story.lives_until("11-20 10:00")) == [("11-20 10:00", "overdue")]


def test_what_was_proposed_before_the_end_waits_again() -> None:
    """A rung's proposal and the office's; each can still be approved."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ("due", "withdraw")})
    story = Story().given(modern("U01", "U02", rules=rules)).lives("11-26 18:00")
    withdraw = cmd.WithdrawAssignment(unit="U02", reason=REASON)
    story.does("office", withdraw)
    assert [(p.act, p.unit) for p in story.task.proposals.values()] == [
        ("warning", "U01"),
        ("warning", "U02"),
        ("withdraw", "U02"),
    ]
    waiting = list(story.task.proposals)
    story.does("office", cmd.CancelTask(reason=REASON))
    assert list(story.task.proposals) == waiting
    reverse(story, ev.TaskCancelled)
    assert list(story.task.proposals) == waiting
    for proposal in (waiting[0], waiting[2]):
        story.does("convener", cmd.ApproveProposal(proposal=proposal))
    assert story.part().warning is not None
    assert story.part("U02").state == "withdrawn"


def test_a_reopened_task_begins_without_the_proposals_of_before_its_end() -> None:
    """They were about another life of it."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01")).lives("11-26 18:00")
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    story.does("office", cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON))
    assert story.task.proposals
    story.does("office", cmd.ReopenTask(units=("U01",), due=working(5), reason=REASON))
    assert story.task.proposals == {}


@pytest.mark.parametrize("off", [ev.AssignmentWithdrawn, ev.TaskCancelled])
def test_reports_that_fell_due_while_off_the_task_are_not_late(off: type[ev.TaskEvent]) -> None:
    """Reporting goes on with the next period after the reversal."""
    story = Story().given(modern("U01", "U02", due=working(40), report=WEEKLY), acknowledged("U01"))
    withdraw = cmd.WithdrawAssignment(unit="U01", reason=REASON)
    cancel = cmd.CancelTask(reason=REASON)
    story.does("office", withdraw if off is ev.AssignmentWithdrawn else cancel).lives("11-18 10:00")
    reverse(story, off)
    reporting = story.part().reporting
    assert reporting is not None
    assert (reporting.due, reporting.late) == (at("11-20 17:00"), None)
    assert not [e for _, e in story.lives_until("11-18 10:01") if isinstance(e, ev.PeriodEnded)]
