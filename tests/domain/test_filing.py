"""What a unit says about its own assignment: one test per rule and refusal.

(Acknowledge, progress, submit and recall by the rules of release 0.1: test_task_decide.) Sentence of
the rules -> test:

- a support is asked when the lead submits; issued, objected, suspended are not -> the_lead_asks_…
- bound to the submission: a resubmission voids it -> a_new_submission_voids_what_was_said_of_the_old
- 3 working days, then silent -> who_does_not_answer_is_silent_after_3_working_days
- a recalled submission waits for nobody -> a_recalled_submission_asks_nobody
- correct refers to an event, the last counts -> a_correction_…
- a unit answers a warning -> a_warning_is_answered_once_and_late_too
- an instruction is acknowledged where asked -> an_instruction_is_heeded_once
- dispute within 2 working days -> a_filing_is_disputed_within_2_working_days
- requests lapse when the assignment is submitted -> a_submission_makes_requests_lapse
"""

import pytest

from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import (
    REASON,
    Story,
    acknowledged,
    at,
    commitment,
    event_hash,
    fixed,
    modern,
    submitted,
    working,
)

SUBMIT = cmd.SubmitCompletion(report=REASON)


def lead_and_supports() -> Story:
    """U01 leads; U02 and U03 are at work, U04 has only been issued the task, U05 is suspended."""
    story = Story().given(modern("U02", "U03", "U04", "U05", lead="U01", concurrence=True))
    story.given(*(acknowledged(unit) for unit in ("U01", "U02", "U03", "U05")))
    suspend = cmd.SuspendAssignment(unit="U05", reason=REASON, review_by=working(9))
    return story.does("office", suspend)


def concur(story: Story) -> cmd.Concur:
    return cmd.Concur(submission=story.last(ev.CompletionSubmitted))


def dissent(story: Story) -> cmd.Dissent:
    return cmd.Dissent(submission=story.last(ev.CompletionSubmitted), reason=REASON)


# --- concurrence ---


def test_the_lead_asks_the_supports_at_work() -> None:
    """Not who has not taken the task up, nor who is suspended; answers within 3 working days."""
    story = lead_and_supports()
    story.when("U01", SUBMIT).then(
        submitted("U01").model_copy(update={"report": REASON}),
        ev.ConcurrenceAsked(units=("U02", "U03"), answer_by=at("11-05 17:00")),
    )


def test_a_support_asks_nobody_and_nobody_is_asked_unless_the_task_wants_it() -> None:
    """Concurrence is opt-in per task, and about the lead's submission only."""
    lead_and_supports().when("U02", SUBMIT).then_kinds("CompletionSubmitted")
    story = Story().given(modern("U02", lead="U01"), acknowledged("U01"), acknowledged("U02"))
    story.when("U01", SUBMIT).then_kinds("CompletionSubmitted")


def test_supports_agree_or_disagree_once() -> None:
    """What each said is attached to the submission; the same again is nothing to do."""
    story = lead_and_supports().does("U01", SUBMIT)
    submission = story.last(ev.CompletionSubmitted)
    story.when("U02", concur(story)).then(ev.ConcurrenceGiven(unit="U02", submission=submission))
    story.when("U02", concur(story)).refused("ALREADY_SO", state="answered")
    story.when("U02", dissent(story)).refused("ANSWERED_OTHERWISE")
    story.when("U03", dissent(story)).then(
        ev.DissentFiled(unit="U03", submission=submission, reason=REASON)
    )
    assert story.task.concurrence is not None
    assert story.task.concurrence.given == ("U02",)
    assert story.task.concurrence.dissented == {"U03": REASON}
    assert story.task.concurrence.open == ()


def test_only_who_was_asked_answers_about_what_was_asked() -> None:
    """The lead itself was not asked; another submission is not the one in force."""
    story = lead_and_supports().does("U01", SUBMIT)
    story.when("U01", concur(story)).refused("UNKNOWN_SUBJECT")
    story.when("U02", cmd.Concur(submission=event_hash(1))).refused("UNKNOWN_SUBJECT")
    story.when("U04", concur(story)).refused("WRONG_STATE", state="issued")
    story.when("U05", dissent(story)).refused("WRONG_STATE", state="suspended")


def test_who_does_not_answer_is_silent_after_3_working_days() -> None:
    """Noted by a timer; an answer after that is past the limit."""
    story = (
        lead_and_supports().does("U01", SUBMIT).does("U02", cmd.Concur(submission=event_hash(7)))
    )
    fired = [event for _, event in story.lives_until("11-05 17:00")]
    silent = ev.ConcurrenceSilent(
        submission=event_hash(7), units=("U03",), due_at=at("11-05 17:00")
    )
    assert silent in fired
    story.when("U03", concur(story)).refused("PAST_LIMIT", limit="2026-11-05T09:00:00.000000Z")
    assert story.task.concurrence is not None
    assert story.task.concurrence.silent == ("U03",)


def test_a_new_submission_voids_what_was_said_of_the_old() -> None:
    """Recalled and submitted again: everybody is asked anew, the old answers are gone."""
    story = lead_and_supports().does("U01", SUBMIT)
    story.does("U02", dissent(story))
    story.does("U01", cmd.RecallSubmission()).does("U01", SUBMIT)
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U02", "U03")
    assert story.task.concurrence.dissented == {}
    story.when("U02", cmd.Concur(submission=event_hash(7))).refused("UNKNOWN_SUBJECT")


def test_a_recalled_submission_asks_nobody() -> None:
    """Neither a unit nor a timer waits for answers about what is not in force."""
    story = lead_and_supports().does("U01", SUBMIT)
    asked = concur(story)
    story.does("U01", cmd.RecallSubmission())
    story.when("U02", asked).refused("UNKNOWN_SUBJECT")
    fired = [event for _, event in story.lives_until("11-10 00:00")]
    assert not any(isinstance(event, ev.ConcurrenceSilent) for event in fired)


def test_an_accepted_submission_asks_nobody_any_more() -> None:
    """With a reason the office need not wait; then nobody need answer."""
    story = lead_and_supports().does("U01", SUBMIT)
    asked = concur(story)
    accept = cmd.AcceptCompletion(unit="U01", submission=asked.submission, reason=REASON)
    story.does("office", accept)
    story.when("U02", asked).refused("UNKNOWN_SUBJECT")
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ()


def test_who_is_withdrawn_need_not_answer() -> None:
    """The office waits for nobody who is off the task."""
    story = lead_and_supports().does("U01", SUBMIT)
    story.does("office", cmd.WithdrawAssignment(unit="U02", reason=REASON))
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U03",)


# --- corrections ---


def reports() -> Story:
    """U01 has said 40 % at 3 and 60 % at 4."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    return story.does("U01", cmd.ReportProgress(percent=40), cmd.ReportProgress(percent=60))


def test_a_correction_of_the_last_figure_counts() -> None:
    """Both stand in the trail; a correction can be corrected too."""
    story = reports()
    story.when("U01", cmd.CorrectReport(event=event_hash(4), percent=6)).then(
        ev.ReportCorrected(unit="U01", corrects=event_hash(4), percent=6)
    )
    assert story.part().percent == 6
    story.does("U01", cmd.CorrectReport(event=event_hash(5), percent=16))
    assert story.part().percent == 16


def test_a_correction_of_an_older_report_leaves_the_newer_figure() -> None:
    """How far the unit is stays as its later report has it."""
    story = reports().does("U01", cmd.CorrectReport(event=event_hash(3), percent=45))
    assert story.part().percent == 60


def test_a_correction_names_a_report_of_the_unit() -> None:
    """Not the acknowledgement, not another unit's report."""
    story = reports()
    story.when("U01", cmd.CorrectReport(event=event_hash(2), percent=6)).refused("UNKNOWN_SUBJECT")
    other = Story().given(modern("U01", "U02"), acknowledged("U01"), acknowledged("U02"))
    other.does("U02", cmd.ReportProgress(percent=10))
    other.when("U01", cmd.CorrectReport(event=event_hash(4), text=REASON)).refused(
        "UNKNOWN_SUBJECT"
    )


def test_a_correction_is_refused_when_stale() -> None:
    """Somebody acted on the assignment since the unit looked."""
    story = reports()
    correct = cmd.CorrectReport(event=event_hash(4), percent=6)
    story.when("U01", correct, expect=event_hash(3)).refused("STALE")
    story.when("U01", correct, expect=None).refused("STALE")


def test_a_report_of_completion_can_be_corrected_after_it_was_accepted() -> None:
    """Its text; that the unit is done stays."""
    story = reports().does("U01", SUBMIT)
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    story.does("U01", cmd.CorrectReport(event=submission, text=REASON, percent=90))
    assert story.part().percent == 100


# --- warnings, instructions, filings ---


def test_a_warning_is_answered_once_and_late_too() -> None:
    """The explanation names the warning in force."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-26 18:00")
    for unit in ("office", "convener"):
        story.does(unit, cmd.ApproveProposal(proposal=next(iter(story.task.proposals))))
    warning = story.last(ev.WarningSent)
    sent = story.part().warning
    assert sent is not None
    assert sent.explain_by == at("11-30 17:00")
    wrong = cmd.AnswerWarning(warning=event_hash(1), text=REASON)
    story.when("U01", wrong).refused("UNKNOWN_SUBJECT")
    story.lives("12-02 10:00")
    answer = cmd.AnswerWarning(warning=warning, text=REASON)
    story.when("U01", answer).then(ev.WarningAnswered(unit="U01", warning=warning, text=REASON))
    story.when("U01", answer).refused("ALREADY_SO", state="answered")


def test_an_instruction_is_heeded_once() -> None:
    """By the units it was given to, where it asks for it."""
    story = Story().given(modern("U01", "U02"))
    story.does("office", cmd.Instruct(units=("U01",), text=REASON, acknowledge=True))
    heed = cmd.HeedInstruction(instruction=event_hash(2))
    story.when("U02", heed).refused("UNKNOWN_SUBJECT")
    story.when("U01", heed).then(ev.InstructionHeeded(unit="U01", instruction=event_hash(2)))
    story.when("U01", heed).refused("ALREADY_SO", state="acknowledged")


def test_a_filing_is_disputed_within_2_working_days() -> None:
    """Until the close of the second; once; the unit's word stands beside the filing."""
    on_behalf = cmd.FileOnBehalf(unit="U01", act="acknowledge", via="phone", basis=REASON)
    story = Story().given(modern("U01")).does("office", on_behalf)
    filing = story.last(ev.FiledOnBehalf)
    dispute = cmd.DisputeFiling(filing=filing, reason=REASON)
    story.when("U01", cmd.DisputeFiling(filing=event_hash(1), reason=REASON)).refused(
        "UNKNOWN_SUBJECT"
    )
    story.lives("11-04 17:01").when("U01", dispute).refused("PAST_LIMIT")
    story.now = at("11-04 17:00")
    story.when("U01", dispute).then(ev.FilingDisputed(unit="U01", filing=filing, reason=REASON))
    story.when("U01", dispute).refused("ALREADY_SO", state="disputed")


# --- what a submission ends ---


def test_a_submission_makes_requests_lapse() -> None:
    """Extension and stop are moot once the unit has handed in."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    extend = cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON)
    story.does("U01", extend, cmd.RequestStop(reason=REASON))
    story.when("U01", SUBMIT).then(
        ev.CompletionSubmitted(unit="U01", cycle=1, report=REASON, report_media="text/plain"),
        ev.RequestLapsed(unit="U01", request="extension", subject=event_hash(3)),
        ev.RequestLapsed(unit="U01", request="stop", subject=event_hash(4)),
    )
    assert (story.part().extension, story.part().stop) == (None, None)


def test_while_the_office_reviews_the_unit_is_not_late() -> None:
    """In time is the submission against the due then in force, whenever it is accepted."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-23 17:00")
    story.does("U01", SUBMIT).lives("11-30 10:00")
    assert story.clocks().overdue_at is None
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    assert story.part().in_time is True


@pytest.mark.parametrize("state", ["issued", "returned"])
def test_a_report_or_submission_from_issued_or_returned_acknowledges_too(state: str) -> None:
    """Tacitly, with the act named that said so."""
    story = Story().given(modern("U01"))
    if state == "returned":
        story.does("U01", SUBMIT)
        submission = story.last(ev.CompletionSubmitted)
        due = fixed("12-18 17:00")
        back = cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=due)
        story.does("office", back)
    story.when("U01", cmd.ReportProgress(text=commitment("x"))).then_kinds(
        "AssignmentAcknowledged", "ProgressReported"
    )
