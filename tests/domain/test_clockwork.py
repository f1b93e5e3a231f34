"""What the rules do by themselves; in the order of the rules in `clockwork`'s docstring.

Sentence of the rules -> test:

- a rung fires once, in the order of the instants -> test_ladder, rungs_of_several_units_fire_…
- a gap in service is an event; overdue rungs wait two office hours after it -> the tests of gaps
- the office: review 3 working days, extension or stop 2, objection 1, ready task 5 -> the_office_…
- suspended: review-by -> a_suspension_past_its_review_comes_back
- a warning's explanation -> an_explanation_that_is_missing_is_told_once
- exhausted: the office's list every 5 working days -> an_exhausted_ladder_…
- proposals expire -> a_proposal_expires; concurrence: silent -> test_filing
- periodic reports -> test_reports
- archive 180 days after closing -> test_task_decide, the_archive_ends_it
- no open assignment without a live timer or an exhausted ladder -> test_task_laws
"""

from typing import Any

import pytest

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import timer_name
from lianxi.domain.task.lights import light
from tests.domain.gwt import (
    DAY,
    REASON,
    START,
    TICK,
    Story,
    acknowledged,
    at,
    event_hash,
    fixed,
    issued,
    modern,
    rungs,
    working,
)

SUBMIT = cmd.SubmitCompletion(report=REASON)


def at_work() -> Story:
    """U01 in progress, due on Monday, 23 November, 17:00."""
    return Story().given(modern("U01"), acknowledged("U01"))


def colour(story: Story, unit: str = "U01") -> str:
    return light(story.part(unit).state, story.clocks(unit), story.now)


# --- rungs ---


def test_rungs_of_several_units_fire_in_the_order_of_their_instants() -> None:
    """Whoever is due first is told first, though all are told late."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"), acknowledged("U02"))
    story.does("office", cmd.ChangeDue(units=("U02",), due=fixed("11-10 17:00"), reason=REASON))
    told = story.away_until("11-26 20:00").taken()
    assert isinstance(told[0], ev.ServiceGapNoted)
    assert [(e.unit, e.rung) for e in told if isinstance(e, ev.RungFired)] == [
        ("U02", "near-due"),
        ("U01", "near-due"),
    ]


# --- gaps of service ---


def test_a_few_minutes_late_is_no_gap() -> None:
    """A timer that fires within a quarter of an hour of its instant was awake."""
    story = at_work().lives("11-18 18:00")
    story.away_until("11-23 17:15").then(
        ev.RungFired(unit="U01", rung="overdue", revision=1, due_at=at("11-23 17:00"))
    )


def test_after_a_gap_nobody_is_late_for_two_office_hours() -> None:
    """Due passed while the service was away: noted, green, red when the grace has passed."""
    story = at_work().lives("11-18 18:00")
    story.away_until("11-24 10:00").then(
        ev.ServiceGapNoted(
            since=at("11-23 17:00"), until=at("11-24 10:00"), waits_until=at("11-24 12:00")
        )
    )
    assert colour(story) == "yellow"
    assert story.away_until("11-24 11:59").taken() == ()
    assert next_deadline(story.task) == at("11-24 12:00")
    story.away_until("11-24 12:00").then(
        ev.RungFired(unit="U01", rung="overdue", revision=1, due_at=at("11-24 12:00"))
    )
    story.now += TICK
    assert colour(story) == "red"


def test_the_grace_is_counted_in_office_hours() -> None:
    """Back on Friday at 16:30: an hour and a half of it are left for Monday."""
    story = at_work().lives("11-18 18:00")
    (gap,) = story.away_until("11-27 16:30").taken()
    assert isinstance(gap, ev.ServiceGapNoted)
    assert gap.waits_until == at("11-30 10:30")


def test_reminders_do_not_wait_and_the_gap_is_noted_once() -> None:
    """What tells nobody that it is late comes at once."""
    story = at_work()
    story.away_until("11-19 10:00").then_kinds("ServiceGapNoted", "RungFired")
    assert story.away_until("11-19 10:00").taken() == ()
    fired = [event for _, event in story.lives_until("11-30 00:00")]
    assert not any(isinstance(event, ev.ServiceGapNoted) for event in fired)
    assert ("11-23 17:00", "overdue") in rungs(
        [(e.due_at, e) for e in fired if isinstance(e, ev.RungFired)]
    )


def test_who_was_late_before_the_gap_stays_late() -> None:
    """The grace is for what fell due in the gap."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"), acknowledged("U02"))
    story.does("office", cmd.ChangeDue(units=("U02",), due=fixed("11-24 17:00"), reason=REASON))
    story.lives("11-24 10:00")
    story.away_until("11-25 10:00").taken()
    assert (colour(story, "U01"), colour(story, "U02")) == ("red", "yellow")
    story.lives("11-25 12:01")
    assert (colour(story, "U01"), colour(story, "U02")) == ("red", "red")


def test_away_again_within_the_grace_the_grace_begins_again() -> None:
    """The service has to be up for two office hours before anybody is late for what it missed."""
    story = at_work().lives("11-18 18:00")
    story.away_until("11-24 10:00").taken()
    story.away_until("11-24 15:00").then(
        ev.ServiceGapNoted(
            since=at("11-24 12:00"), until=at("11-24 15:00"), waits_until=at("11-24 17:00")
        )
    )
    assert colour(story) == "yellow"
    story.lives("11-24 17:01")
    assert colour(story) == "red"


def test_what_a_command_makes_late_is_no_gap() -> None:
    """An extension refused long after due: the rung is due at once, the service was there."""
    story = at_work().lives("11-19 10:00")
    story.does("U01", cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON))
    story.lives("11-25 10:00").does("U01", cmd.RetractRequest(request="extension"))
    story.away_until("11-25 10:00").then_kinds("RungFired")


def test_a_task_of_release_0_1_notes_no_gap() -> None:
    """Its rules know none: everything due fires at once."""
    story = Story().given(issued("U01"))
    story.when_time_passes(300 * DAY).then_kinds(*["RungFired"] * 4)


# --- the office's own limits ---


def submitted() -> Story:
    return at_work().does("U01", SUBMIT)


def objected() -> Story:
    return Story().given(modern("U01")).does("U01", cmd.ObjectToAssignment(reason=REASON))


def asked(command: cmd.UnitCommand) -> Story:
    return at_work().does("U01", command)


def ready() -> Story:
    story = submitted()
    submission = story.last(ev.CompletionSubmitted)
    return story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))


@pytest.mark.parametrize(
    ("story", "rung", "first", "second"),
    [
        (submitted(), "review-late", "11-05 17:00", "11-12 17:00"),
        (objected(), "objection-late", "11-03 17:00", "11-10 17:00"),
        (asked(cmd.RequestStop(reason=REASON)), "request-late", "11-04 17:00", "11-11 17:00"),
        (
            asked(cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON)),
            "request-late",
            "11-04 17:00",
            "11-11 17:00",
        ),
        (ready(), "close-late", "11-09 17:00", "11-16 17:00"),
    ],
    ids=["review", "objection", "stop", "extension", "close"],
)
def test_the_office_has_limits_too(story: Story, rung: str, first: str, second: str) -> None:
    """Review 3, requests 2, objections 1, closing 5 working days; then every 5, as long as it lies."""
    fired = [one for one in rungs(story.lives_until("11-17 00:00")) if one[1] == rung]
    assert fired == [(first, rung), (second, rung)]


def test_a_reminder_says_what_it_is_about_and_how_often_it_came() -> None:
    """After an absence what passed is counted and not made up for."""
    story = submitted()
    (gap, reminded) = story.away_until("11-20 10:00").taken()
    assert isinstance(gap, ev.ServiceGapNoted)
    assert reminded == ev.OfficeReminded(
        rung="review-late",
        unit="U01",
        subject=story.last(ev.CompletionSubmitted),
        times=3,
        due_at=at("11-19 17:00"),
    )


def test_what_the_office_has_done_it_is_not_reminded_of() -> None:
    """A new submission is a new matter, counted from the first reminder."""
    story = submitted().lives("11-06 10:00")
    assert len(story.part().reminded) == 1
    story.does("U01", cmd.RecallSubmission())
    assert story.part().reminded == ()
    story.does("U01", SUBMIT)
    fired = [one for one in rungs(story.lives_until("11-12 00:00")) if one[1] == "review-late"]
    assert fired == [("11-11 17:00", "review-late")]


def test_a_suspension_past_its_review_comes_back() -> None:
    """At the day the office named itself, then every 5 working days."""
    story = at_work()
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=fixed("11-10 17:00"))
    story.does("office", suspend)
    assert rungs(story.lives_until("11-18 00:00")) == [
        ("11-10 17:00", "suspension-review"),
        ("11-17 17:00", "suspension-review"),
    ]


def warned() -> Story:
    story = at_work().lives("11-26 18:00")
    return story.does("convener", cmd.ApproveProposal(proposal=next(iter(story.task.proposals))))


def test_an_explanation_that_is_missing_is_told_once() -> None:
    """When its 2 working days have passed; an answer in time spares it."""
    story = warned()
    fired = [one for one in rungs(story.lives_until("12-08 00:00")) if one[1] == "explanation-late"]
    assert fired == [("11-30 17:00", "explanation-late")]
    story = warned()
    answer = cmd.AnswerWarning(warning=story.last(ev.WarningSent), text=REASON)
    story.does("U01", answer)
    assert "explanation-late" not in {rung for _, rung in rungs(story.lives_until("12-08 00:00"))}


def test_an_exhausted_ladder_names_the_assignment_every_5_working_days() -> None:
    """After the last rung, for as long as nothing has changed."""
    story = at_work().lives("12-09 18:00")
    fired = [one for one in rungs(story.lives_until("12-25 00:00")) if one[1] == "exhausted"]
    assert fired == [("12-15 17:00", "exhausted"), ("12-22 17:00", "exhausted")]
    story.does(
        "office", cmd.ChangeDue(units=("U01",), due=fixed("2027-01-20 17:00"), reason=REASON)
    )
    later = rungs(story.lives_until("2027-01-10 00:00"))
    assert "exhausted" not in {rung for _, rung in later}


def test_a_held_extension_does_not_exhaust_the_ladder() -> None:
    """The late rungs wait; they have not been climbed."""
    story = at_work().lives("11-19 10:00")
    story.does("U01", cmd.RequestExtension(until=fixed("2027-03-01 17:00"), reason=REASON))
    assert "exhausted" not in {rung for _, rung in rungs(story.lives_until("12-25 00:00"))}


# --- the task ---


def test_a_proposal_expires() -> None:
    """Ten working days after it was filed nobody can approve it any more."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ("cancel",)})
    story = Story().given(modern("U01", rules=rules), acknowledged("U01"))
    story.does("office", cmd.CancelTask(reason=REASON))
    proposal = story.last(ev.ActProposed)
    fired = [event for _, event in story.lives_until("11-16 17:00")]
    assert fired == [ev.ProposalExpired(proposal=proposal, due_at=at("11-16 17:00"))]
    story.when("convener", cmd.ApproveProposal(proposal=proposal)).refused("UNKNOWN_SUBJECT")


def test_the_archive_ends_it() -> None:
    """Nothing of the ladder runs in a closed task; 180 days later it is archived."""
    story = at_work().does("office", cmd.CancelTask(reason=REASON))
    fired = story.lives_until("2027-12-31 00:00")
    assert fired == [(START + 180 * DAY, ev.TaskArchived(due_at=START + 180 * DAY))]
    assert next_deadline(story.task) is None


def test_every_timer_has_a_name() -> None:
    """As the cause of an event says it."""
    due: dict[str, Any] = {"due_at": START}
    names = {
        timer_name(event)
        for event in (
            ev.RungFired(unit="U01", rung="overdue", revision=1, **due),
            ev.OfficeReminded(rung="review-late", subject=event_hash(1), times=1, **due),
            ev.ReportReminded(unit="U01", period="2026-11", **due),
            ev.PeriodEnded(unit="U01", period="2026-11", outcome="late", **due),
            ev.ConcurrenceSilent(submission=event_hash(1), units=(), **due),
            ev.ProposalExpired(proposal=event_hash(1), **due),
            ev.ServiceGapNoted(since=START, until=START, waits_until=START),
            ev.TaskArchived(due_at=START),
        )
    }
    assert names == {
        "overdue",
        "review-late",
        "report",
        "concurrence",
        "proposal",
        "gap",
        "archive",
    }


def test_while_the_office_decides_nobody_is_red() -> None:
    """Submitted, objected, suspended, a held extension: past due in no light but green or yellow."""
    for story in (submitted(), objected()):
        story.lives("12-30 10:00")
        assert colour(story) == "green"
    suspended = at_work()
    review = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
    suspended.does("office", review).lives("12-30 10:00")
    assert colour(suspended) == "green"
    held = at_work().does(
        "U01", cmd.RequestExtension(until=fixed("2027-01-20 17:00"), reason=REASON)
    )
    held.lives("12-30 10:00")
    assert colour(held) == "yellow"
