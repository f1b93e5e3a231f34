"""What waits for whom: every ask once, with its subject, its limit, and gone when it is done.

Sentence of the rules -> test:

- to do of a unit: acknowledge, revise, report, … -> a_unit_is_asked_…
- to do of the office: what it has to decide, by its own limits -> the_office_is_asked_…
- to do of the convener: proposals that were passed on -> a_proposal_waits_for_whom_it_lies_with
- what is answered, ended or off the task is asked no more -> the rest
"""

from pathlib import Path
from typing import get_args

import pytest

from lianxi.domain.reports import ReportCycle
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.asks import Ask, What, asks
from tests.domain.gwt import (
    REASON,
    Story,
    acknowledged,
    at,
    fixed,
    issued,
    modern,
    working,
)

SUBMIT = cmd.SubmitCompletion(report=REASON)
SUSPEND = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
DUE = at("11-23 17:00")


def at_work() -> Story:
    return Story().given(modern("U01"), acknowledged("U01"))


def asked(story: Story, who: str) -> list[tuple[str, object]]:
    """What, and by when."""
    return [(ask.what, ask.by) for ask in asks(story.task) if ask.who == who]


def one(story: Story, what: str) -> Ask:
    (ask,) = [ask for ask in asks(story.task) if ask.what == what]
    return ask


def test_a_unit_is_asked_to_acknowledge_then_to_report_then_nothing() -> None:
    """By the limit that runs; what it has handed in lies with the office."""
    story = Story().given(modern("U01"))
    assert asks(story.task) == (
        Ask(
            who="U01",
            what="acknowledge",
            unit="U01",
            since=story.now,
            by=at("11-04 17:00"),
        ),
    )
    story.does("U01", cmd.AcknowledgeTask())
    assert asked(story, "U01") == [("report", DUE)]
    story.does("U01", SUBMIT)
    assert asked(story, "U01") == []


def test_a_returned_unit_is_asked_to_revise_by_its_new_due() -> None:
    """Since the return."""
    story = at_work().does("U01", SUBMIT).lives("11-03 10:00")
    submission = story.last(ev.CompletionSubmitted)
    due = fixed("12-01 17:00")
    back = cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=due)
    story.does("office", back)
    revise = one(story, "revise")
    assert (revise.since, revise.by) == (at("11-03 10:00"), at("12-01 17:00"))


@pytest.mark.parametrize(
    ("what", "command", "by"),
    [
        ("review", SUBMIT, "11-05 17:00"),
        ("decide-stop", cmd.RequestStop(reason=REASON), "11-04 17:00"),
        (
            "decide-extension",
            cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON),
            "11-04 17:00",
        ),
        ("decide-objection", cmd.ObjectToAssignment(reason=REASON), "11-03 17:00"),
    ],
)
def test_the_office_is_asked_to_decide_by_its_own_limits(
    what: str, command: cmd.UnitCommand, by: str
) -> None:
    """Review 3, requests 2, objections 1 working days; the answer names the event."""
    story = Story().given(modern("U01"))
    if what != "decide-objection":
        story.given(acknowledged("U01"))
    story.does("U01", command)
    ask = one(story, what)
    assert (ask.who, ask.unit, ask.by) == ("office", "U01", at(by))
    assert ask.subject == story.part().head


def test_a_task_of_release_0_1_sets_the_office_no_limit() -> None:
    """It is asked all the same."""
    story = Story().given(issued("U01"), acknowledged("U01")).does("U01", SUBMIT)
    assert asked(story, "office") == [("review", None)]


def test_the_office_is_asked_to_look_again_and_to_close() -> None:
    """By the review it named; a ready task within 5 working days."""
    story = at_work().does("office", SUSPEND)
    assert asks(story.task) == (
        Ask(
            who="office",
            what="look-again",
            unit="U01",
            since=story.now,
            by=at("11-09 17:00"),
            subject=story.last(ev.AssignmentSuspended),
        ),
    )
    story = at_work().does("U01", SUBMIT)
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    assert asked(story, "office") == [("close", at("11-09 17:00"))]
    story.does("office", cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED))
    assert asks(story.task) == ()


def test_a_proposal_waits_for_whom_it_lies_with() -> None:
    """First the office, then the convener; with its act and its expiry."""
    story = at_work().lives("11-26 18:00")
    proposal = one(story, "approve")
    assert (proposal.who, proposal.act, proposal.unit) == ("office", "warning", "U01")
    assert proposal.by == at("12-12 17:00")
    approve = cmd.ApproveProposal(proposal=proposal.subject or "")
    story.does("office", approve)
    assert one(story, "approve").who == "convener"
    story.does("convener", approve)
    assert asked(story, "convener") == []
    assert ("explain", at("11-30 17:00")) in asked(story, "U01")
    answer = cmd.AnswerWarning(warning=one(story, "explain").subject or "", text=REASON)
    story.does("U01", answer)
    assert "explain" not in {what for what, _ in asked(story, "U01")}


def test_supports_are_asked_for_concurrence_while_they_can_give_it() -> None:
    """Not once they have, not while suspended, not about a recalled submission."""
    story = Story().given(modern("U02", "U03", lead="U01", concurrence=True))
    story.given(*(acknowledged(unit) for unit in ("U01", "U02", "U03"))).does("U01", SUBMIT)
    assert ("concur", at("11-05 17:00")) in asked(story, "U02")
    story.does("U02", cmd.Concur(submission=story.last(ev.CompletionSubmitted)))
    assert "concur" not in {what for what, _ in asked(story, "U02")}
    story.does("office", SUSPEND.model_copy(update={"unit": "U03"}))
    assert asked(story, "U03") == []
    story.does("office", cmd.ResumeAssignment(unit="U03"))
    assert one(story, "concur").who == "U03"
    story.does("U01", cmd.RecallSubmission())
    assert "concur" not in {ask.what for ask in asks(story.task)}


def test_instructions_are_asked_to_be_heeded() -> None:
    """By those they were given to, as long as they are on the task."""
    story = Story().given(modern("U01", "U02"))
    story.does("office", cmd.Instruct(text=REASON, acknowledge=True))
    assert {ask.who for ask in asks(story.task) if ask.what == "heed"} == {"U01", "U02"}
    story.does("office", cmd.WithdrawAssignment(unit="U02", reason=REASON))
    heed = one(story, "heed")
    assert (heed.who, heed.subject) == ("U01", story.last(ev.InstructionGiven))
    story.does("U01", cmd.HeedInstruction(instruction=heed.subject or ""))
    assert "heed" not in {ask.what for ask in asks(story.task)}


def test_a_filing_on_behalf_may_be_disputed() -> None:
    """Optional; from when it was filed until the time for it ends."""
    story = Story().given(modern("U01")).lives("11-03 10:00")
    filed = cmd.FileOnBehalf(unit="U01", act="acknowledge", via="paper", basis=REASON)
    story.does("office", filed)
    dispute = one(story, "dispute")
    assert (dispute.since, dispute.by, dispute.optional) == (
        at("11-03 10:00"),
        at("11-05 17:00"),
        True,
    )
    assert (dispute.act, dispute.subject) == ("acknowledge", story.last(ev.FiledOnBehalf))
    story.does("U01", cmd.DisputeFiling(filing=dispute.subject or "", reason=REASON))
    assert "dispute" not in {ask.what for ask in asks(story.task)}


def test_a_periodic_report_is_asked_for_when_it_is_near_and_when_it_is_late() -> None:
    """With the period as its act; the late one by a day that has passed."""
    cycle = ReportCycle(every="week", day=5)
    story = Story().given(modern("U01", report=cycle), acknowledged("U01"))
    assert "report-period" not in {what for what, _ in asked(story, "U01")}
    story.lives("11-05 18:00")
    near = one(story, "report-period")
    assert (near.act, near.by) == ("2026-W45", at("11-06 17:00"))
    story.lives("11-07 10:00")
    late = one(story, "report-period")
    assert (late.act, late.by) == ("2026-W45", at("11-06 17:00"))
    story.does("U01", cmd.ReportProgress(percent=1))
    assert "report-period" not in {what for what, _ in asked(story, "U01")}


def test_whoever_is_off_the_task_is_asked_nothing() -> None:
    """A warning, an instruction, a report: moot with the assignment."""
    story = at_work().does("office", cmd.Instruct(text=REASON, acknowledge=True))
    story.lives("11-26 18:00")
    story.does("convener", cmd.ApproveProposal(proposal=one(story, "approve").subject or ""))
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    assert asked(story, "U01") == []


def test_this_module_meets_every_kind_of_ask() -> None:
    """A new one is to be tested here."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [what for what in get_args(What) if f'"{what}"' not in text] == []
