"""What outlasts a change: warnings, proposals, counts, corrections; and what is bounded."""

from datetime import date

import pytest

from lianxi.domain.ladder import DEFAULT_LADDER
from lianxi.domain.reports import ReportCycle
from lianxi.domain.rules import DEFAULT_RULES, Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.foresight import what_if
from lianxi.domain.task.react import react
from tests.domain.gwt import (
    CALENDAR,
    REASON,
    START,
    Story,
    acknowledged,
    at,
    entry,
    modern,
    working,
)

OFFICE_APPROVES = DEFAULT_RULES.model_copy(update={"needs_convener": None})


def told_by(story: Story, event: ev.TaskEvent) -> list[tuple[str, str]]:
    before = story.state
    story.record(event)
    return [(notice.addressee, notice.kind) for notice in react(before, event, story.task)]


def notices_until(story: Story, until: str) -> list[tuple[str, str]]:
    """Everything told while nobody acts."""
    story.lives(until)
    shadow, told = Story(), []
    for fact in story.facts:
        shadow.now = fact.at
        told += told_by(shadow, fact.data)
    return told


# --- bounded ---


def test_of_what_rules_added_the_last_64_may_have_been_seen() -> None:
    """A year of reminders does not grow the state; who saw something older looks again."""
    story = Story().given(modern("U01", due=working(2), report=ReportCycle(every="week", day=5)))
    story.lives("2027-12-31 10:00")
    fired = [fact.hash for fact in story.facts[1:]]
    assert len(fired) > 100
    assert story.task.since_head == story.part().since_head == tuple(fired[-64:])
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
    story.when("office", suspend, expect=fired[-65]).refused("STALE")
    story.when("office", suspend, expect=fired[-64]).taken()


# --- warnings and proposals ---


def test_a_warning_sent_waits_for_its_explanation_under_a_new_due_too() -> None:
    """And the office is reminded of it."""
    story = Story().given(modern("U01", due=working(5), rules=OFFICE_APPROVES)).lives("11-13 10:00")
    story.does("office", cmd.ApproveProposal(proposal=next(iter(story.task.proposals))))
    warning = story.last(ev.WarningSent)
    story.does("office", cmd.ChangeDue(units=("U01",), due=working(20), reason=REASON))
    told = [e for _, e in story.lives_until("11-20 10:00") if isinstance(e, ev.OfficeReminded)]
    assert [(e.rung, e.subject) for e in told] == [("explanation-late", warning)]
    story.does("U01", cmd.AnswerWarning(warning=warning, text=REASON))


def test_rules_without_spans_propose_too() -> None:
    """By the default spans: a rung that fired has a proposal behind it."""
    rules = DEFAULT_RULES.model_copy(update={"spans": None})
    story = Story().given(modern("U01", due=working(5), rules=rules)).lives("11-13 10:00")
    (proposal,) = story.task.proposals.values()
    assert (proposal.act, proposal.expires) == ("warning", at("11-26 17:00"))


@pytest.mark.parametrize("act", ["warning", "withdraw"])
def test_a_proposal_follows_its_assignment_to_the_successor(act: str) -> None:
    """A rung's, and one of the office with what it names and had seen; each can be approved there."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ("withdraw", "warning")})
    story = Story().given(modern("U01", "U02", due=working(5), rules=rules)).lives("11-13 10:00")
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    about = {p.act: event for event, p in story.task.proposals.items() if p.unit == "U01"}
    story.does("office", cmd.TransferAssignment(unit="U01", into="U09"))
    assert {p.unit for p in story.task.proposals.values()} == {"U09", "U02"}
    story.does("convener", cmd.ApproveProposal(proposal=about[act]))
    assert (story.part("U09").warning is not None) == (act == "warning")
    assert (story.part("U09").state == "withdrawn") == (act == "withdraw")


def test_a_proposal_about_an_assignment_that_is_dropped_falls() -> None:
    """Where the successor was on the task, only those about the assignment kept remain."""
    story = Story().given(modern("U02", lead="U01", due=working(5))).lives("11-13 10:00")
    about = {p.unit: event for event, p in story.task.proposals.items()}
    story.does("office", cmd.TransferAssignment(unit="U01", into="U02"))
    transferred = next(f.data for f in story.facts if isinstance(f.data, ev.AssignmentTransferred))
    (left,) = story.task.proposals.items()
    assert left[0] == about[transferred.kept]
    assert left[1].unit == "U02"


# --- the count of time ---


def test_a_due_set_while_suspended_is_not_moved_by_the_time_before() -> None:
    """An extension granted in a suspension, resumed the same minute: the due as granted."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    story.does("U01", cmd.RequestExtension(until=working(30), reason=REASON))
    story.now = at("11-03 10:00")
    story.does("office", cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(40)))
    story.lives("11-24 10:00")
    subject = story.last(ev.ExtensionRequested)
    story.does(
        "office",
        cmd.GrantRequest(unit="U01", request="extension", subject=subject, due=working(30)),
    )
    granted = story.part().due
    story.does("office", cmd.ResumeAssignment(unit="U01"))
    assert story.part().due == granted


@pytest.mark.parametrize("suspended", [False, True])
def test_a_gap_before_a_suspension_is_excluded_too(suspended: bool) -> None:
    """Whoever was suspended after the gap loses as little by it as the others."""
    story = Story().given(modern("U01", due=working(20)), acknowledged("U01"))
    story.lives("11-25 10:00").away_until("11-27 09:00").taken()
    assert story.part().due == at("11-30 17:00")
    if suspended:
        suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(9))
        story.does("office", suspend)
    story.does("office", cmd.ExcludeGap(gap=story.last(ev.ServiceGapNoted), reason=REASON))
    if suspended:
        story.does("office", cmd.ResumeAssignment(unit="U01"))
    assert story.part().due == at("12-01 17:00")


def test_after_a_gap_reports_and_answers_have_the_grace_too() -> None:
    """Nobody is late with a report, or silent, before two office hours have passed."""
    story = Story().given(
        modern(
            "U02",
            lead="U01",
            concurrence=True,
            due=working(30),
            report=ReportCycle(every="week", day=5),
        ),
        acknowledged("U01"),
        acknowledged("U02"),
    )
    story.now = at("11-03 10:00")
    story.does("U01", cmd.SubmitCompletion(report=REASON)).lives("11-05 16:59")
    kinds = {type(e).__name__ for e in story.away_until("11-09 08:30").taken()}
    assert "ConcurrenceSilent" not in kinds
    outcomes = {f.data.outcome for f in story.facts if isinstance(f.data, ev.PeriodEnded)}
    assert outcomes <= {"not-due"}  # the lead's, which has submitted
    submission = story.last(ev.CompletionSubmitted)
    assert story.when("U02", cmd.Concur(submission=submission)).refusal_code() is None
    fired = [(when, type(e).__name__) for when, e in story.lives_until("11-09 11:00")]
    assert sorted(fired) == [
        (at("11-09 11:00"), "ConcurrenceSilent"),
        (at("11-09 11:00"), "PeriodEnded"),
    ]


# --- corrections ---


def test_a_correction_of_an_older_report_never_counts_before_a_newer_one() -> None:
    """However often it is corrected itself; of one report the last correction counts."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    story.does("U01", cmd.ReportProgress(percent=30))
    older = story.last(ev.ProgressReported)
    story.does("U01", cmd.ReportProgress(percent=60))
    newer = story.last(ev.ProgressReported)
    story.does("U01", cmd.CorrectReport(event=older, percent=20))
    correction = story.last(ev.ReportCorrected)
    story.does("U01", cmd.CorrectReport(event=correction, percent=25))
    assert story.part().percent == 60
    story.does("U01", cmd.CorrectReport(event=newer, percent=65))
    story.does("U01", cmd.CorrectReport(event=newer, percent=70))
    assert story.part().percent == 70
    story.does("U01", cmd.CorrectReport(event=correction, percent=26))
    assert story.part().percent == 70


# --- whom it tells ---


def with_rungs(**to: tuple[str, ...]) -> Rules:
    rungs = tuple(
        rung.model_copy(update={"to": to.get(rung.name.replace("-", "_"), rung.to)})
        for rung in DEFAULT_LADDER.rungs
    )
    ladder = DEFAULT_LADDER.model_copy(update={"rungs": rungs, "version": 3})
    return OFFICE_APPROVES.model_copy(update={"ladder": ladder})


def test_a_rung_to_all_units_tells_each_of_them_once() -> None:
    """Never somebody of the name `units`."""
    rules = with_rungs(overdue=("unit", "units"))
    story = Story().given(modern("U01", "U02", due=working(5), rules=rules))
    story.does("U02", cmd.SubmitCompletion(report=REASON))
    told = notices_until(story, "11-09 18:00")
    assert [who for who, kind in told if kind == "overdue"] == ["U01", "U02"]


def test_a_warning_and_a_bulletin_tell_whom_their_rungs_name() -> None:
    """The unit that is warned in any case."""
    rules = with_rungs(overdue_3=("convener",), overdue_10=("office",))
    story = Story().given(modern("U01", "U02", due=working(5), rules=rules)).lives("11-24 10:00")
    approved = [p for p in story.task.proposals.values() if p.unit == "U01"]
    for proposal in approved:
        story.does("office", cmd.ApproveProposal(proposal=proposal.event))
    told = notices_until(story, "11-24 10:00")
    assert [who for who, kind in told if kind == "warning-sent"] == ["U01", "convener"]
    assert [who for who, kind in told if kind == "bulletin-issued"] == ["office"]


def test_reopening_does_not_say_that_the_task_can_be_closed() -> None:
    """Between the two events of a re-opening everything is final, but only there."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    story.does("office", cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED))
    story.does("office", cmd.ReopenTask(units=("U01",), due=working(5), reason=REASON))
    told = notices_until(story, "11-02 10:00")
    assert [kind for _, kind in told].count("ready-to-close") == 1


def test_a_unit_that_left_while_the_submission_was_decided_is_not_asked_again() -> None:
    """Nor whoever takes its place, when the acceptance was a mistake."""
    story = Story().given(modern("U02", "U03", lead="U01", concurrence=True))
    for unit in ("U01", "U02", "U03"):
        story.does(unit, cmd.AcknowledgeTask())
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission, reason=REASON))
    accepted = story.last(ev.CompletionAccepted)
    story.does("office", cmd.WithdrawAssignment(unit="U02", reason=REASON))
    story.does("office", cmd.ReverseAct(unit="U01", act=accepted, reason=REASON))
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U03",)


# --- what if ---


def test_what_was_is_what_happened() -> None:
    """In the grace after a gap nobody was red, whatever a plain count says."""
    story = Story().given(modern("U01", due=working(5)), acknowledged("U01")).lives("11-09 16:00")
    story.away_until("11-10 09:00").taken()
    story.now = at("11-10 10:00")
    would = what_if(story.facts, DEFAULT_RULES, None, START, story.now)
    assert [(w.light, w.was) for w in would] == [("yellow", True), ("red", False)]


def test_an_extension_granted_as_asked_counts_from_the_request_under_another_calendar() -> None:
    """With the calendar that was in force the due is the very same."""
    story = Story().given(modern("U01", due=working(5)), acknowledged("U01"))
    story.does("U01", cmd.RequestExtension(until=working(8), reason=REASON)).lives("11-06 10:00")
    subject = story.last(ev.ExtensionRequested)
    grant = cmd.GrantRequest(unit="U01", request="extension", subject=subject)
    story.does("office", grant).lives("11-20 10:00")
    would = what_if(story.facts, None, CALENDAR, START, story.now)
    assert [w.since for w in would if w.light == "red"] == [story.part().due]
    holiday = entry(date(2026, 11, 5), date(2026, 11, 5), "holiday")
    other = CALENDAR.model_copy(update={"entries": (holiday, *CALENDAR.entries)})
    would = what_if(story.facts, None, other, START, story.now)
    assert [w.since for w in would if w.light == "red"] == [at("11-13 17:00")]
