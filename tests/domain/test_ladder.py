"""The ladder: when rungs fire, once per revision, and in which states.

First the ladder of release 0.1 (plain time); then today's. Sentence of the rules -> test:

- the table of rungs, when and to whom -> todays_rungs_fire_at_their_instants, test_react
- acknowledge rungs run in issued and returned -> acknowledged_units_are_not_reminded
- due rungs in issued, in-progress, returned -> nothing_fires_while_the_clock_stands
- near-due: min(3 working days, a third of the limit), at opening -> near_due_of_a_short_limit_…
- once per assignment and limit revision -> test_task_laws
- re-armed on return, resume, extension, re-open -> every_new_revision_arms_the_rungs_again
- instants already past are skipped, except overdue -> of_what_has_passed_only_overdue_fires_…
- a fraction is of the limit at opening -> a_pause_is_no_part_of_the_limit
- after the last rung the office is told every 5 working days -> test_clockwork
"""

from datetime import timedelta

import pytest

from lianxi.domain.ladder import armed, rung_instant
from lianxi.domain.limits import DaysLimit, DurationLimit, InstantLimit
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from tests.domain.gwt import (
    CALENDAR,
    DAY,
    REASON,
    START,
    Story,
    acknowledged,
    at,
    event_hash,
    fixed,
    issued,
    modern,
    rungs,
    submitted,
    working,
)


def fired(unit: str, rung: str, after: timedelta, revision: int = 1) -> ev.RungFired:
    return ev.RungFired(unit=unit, rung=rung, revision=revision, due_at=START + after)


def test_rungs_fire_at_their_instants() -> None:
    """Half of the acknowledge limit; the limit; three days before due; due."""
    story = Story().given(issued("U01"))
    story.when_time_passes(DAY - timedelta(microseconds=1)).then()
    story.when_time_passes(DAY).then(fired("U01", "acknowledge-reminder", DAY))
    story.when_time_passes(2 * DAY).then(fired("U01", "acknowledge-overdue", 2 * DAY))
    story.when_time_passes(9 * DAY).then(fired("U01", "near-due", 9 * DAY))
    story.when_time_passes(12 * DAY).then(fired("U01", "overdue", 12 * DAY))
    story.when_time_passes(300 * DAY).then()
    assert next_deadline(story.task) is None


def test_near_due_is_a_third_of_a_short_limit() -> None:
    """min(3 days, a third of the limit)."""
    story = Story().given(issued("U01", due=6 * DAY))
    near = next(r for r in story.task.rules.ladder.rungs if r.name == "near-due")
    assert rung_instant(near, story.part(), CALENDAR) == START + 4 * DAY


def test_what_was_missed_fires_at_once_in_order() -> None:
    """After a long absence every rung due fires, the oldest first, each with its own instant."""
    story = Story().given(issued("U01", "U02"))
    story.when_time_passes(10 * DAY).then(
        fired("U01", "acknowledge-reminder", DAY),
        fired("U02", "acknowledge-reminder", DAY),
        fired("U01", "acknowledge-overdue", 2 * DAY),
        fired("U02", "acknowledge-overdue", 2 * DAY),
        fired("U01", "near-due", 9 * DAY),
        fired("U02", "near-due", 9 * DAY),
    )


def test_acknowledged_units_are_not_reminded() -> None:
    """Acknowledge rungs run in issued and returned only."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    story.when_time_passes(8 * DAY).then()


def test_nothing_fires_while_the_office_decides() -> None:
    """Submitted: not late; recalled after due: red at once on the original instant, no yellow."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.when_time_passes(20 * DAY).then()
    story.when("U01", cmd.RecallSubmission()).then_kinds("SubmissionRecalled")
    story.when_time_passes(20 * DAY).then(fired("U01", "overdue", 12 * DAY))


def test_a_changed_due_arms_every_rung_again() -> None:
    """Once per limit revision; instants already past are skipped."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    story.when_time_passes(12 * DAY).then_kinds("RungFired", "RungFired")
    change = cmd.ChangeDue(units=("U01",), due=DurationLimit(seconds=6 * 86_400), reason=REASON)
    story.when("office", change).then_kinds("DueChanged")
    story.when_time_passes(12 * DAY).then()
    story.when_time_passes(16 * DAY).then(fired("U01", "near-due", 16 * DAY, revision=2))
    story.when_time_passes(18 * DAY).then(fired("U01", "overdue", 18 * DAY, revision=2))


def test_a_passed_acknowledge_limit_is_skipped_after_a_changed_due() -> None:
    """The unit was told in the revision before; a new due does not tell it again."""
    story = Story().given(issued("U01"))
    story.when_time_passes(3 * DAY).then_kinds("RungFired", "RungFired")
    change = cmd.ChangeDue(units=("U01",), due=DurationLimit(seconds=30 * 86_400), reason=REASON)
    story.when("office", change).then_kinds("DueChanged")
    story.when_time_passes(20 * DAY).then()


def test_a_return_arms_the_acknowledge_rungs() -> None:
    """The unit has to take up what came back."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    story.when(
        "office",
        cmd.ReturnCompletion(
            unit="U01",
            submission=event_hash(3),
            reason=REASON,
            due=DurationLimit(seconds=12 * 86_400),
        ),
    ).then_kinds("CompletionReturned")
    story.when_time_passes(DAY).then(fired("U01", "acknowledge-reminder", DAY, revision=2))


def test_no_open_assignment_without_a_live_rung_or_an_exhausted_ladder() -> None:
    """Until due has passed there is always a next instant for whoever has to act."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    assert min(armed(story.task.setting, story.part()))[0] == START + 9 * DAY
    assert story.clocks().next_at == START + 9 * DAY


# --- today's ladder ---


def test_todays_rungs_fire_at_their_instants() -> None:
    """Half of the acknowledge limit in office time, the limit, 3 working days before due, then due."""
    story = Story().given(modern("U01"))
    assert rungs(story.lives_until("2027-01-01 00:00")) == [
        ("11-03 13:00", "acknowledge-reminder"),  # of 24 office hours from Monday 09:00 half
        ("11-04 17:00", "acknowledge-overdue"),
        ("11-18 17:00", "near-due"),
        ("11-23 17:00", "overdue"),
        ("11-26 17:00", "overdue-3"),
        ("12-09 17:00", "overdue-10"),  # two days of holiday between
        ("12-12 17:00", "ProposalExpired"),
        ("12-15 17:00", "exhausted"),  # the Saturday is worked
        ("12-22 17:00", "exhausted"),
        ("12-22 17:00", "ProposalExpired"),
        ("12-29 17:00", "exhausted"),
    ]


def test_near_due_of_a_short_limit_is_a_third_of_its_office_time() -> None:
    """Of 5 working days and one day of work on the first, a third is 16 office hours."""
    story = Story().given(modern("U01", kind="urgent"), acknowledged("U01"))
    fired = rungs(story.lives_until("11-10 00:00"))
    assert fired == [("11-05 17:00", "near-due"), ("11-09 17:00", "overdue")]


@pytest.mark.parametrize("stands", ["submitted", "objected", "suspended"])
def test_nothing_fires_while_the_clock_stands(stands: str) -> None:
    """What is told then is told to the office: see test_clockwork."""
    story = Story().given(modern("U01"))
    if stands == "objected":
        story.does("U01", cmd.ObjectToAssignment(reason=REASON))
    elif stands == "submitted":
        story.does("U01", cmd.SubmitCompletion(report=REASON))
    else:
        suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(40))
        story.does("office", suspend)
    fired = story.lives_until("2027-01-10 00:00")
    assert [event for _, event in fired if isinstance(event, ev.RungFired)] == []
    assert fired, "the office has limits of its own"


def late(story: Story) -> Story:
    """In progress, red since Monday the 23rd."""
    return story.given(modern("U01"), acknowledged("U01")).lives("11-25 10:00")


def returned(story: Story, due: InstantLimit | DaysLimit) -> None:
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does(
        "office", cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=due)
    )


def extended(story: Story, due: InstantLimit | DaysLimit) -> None:
    story.does("U01", cmd.RequestExtension(until=due, reason=REASON))
    subject = story.last(ev.ExtensionRequested)
    story.does("office", cmd.GrantRequest(unit="U01", request="extension", subject=subject))


def resumed(story: Story, due: InstantLimit | DaysLimit) -> None:
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
    story.does("office", suspend, cmd.ResumeAssignment(unit="U01", due=due))


def reopened(story: Story, due: InstantLimit | DaysLimit) -> None:
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    story.does("office", cmd.ReopenTask(units=("U01",), due=due, reason=REASON))


@pytest.mark.parametrize("again", [returned, extended, resumed, reopened])
def test_every_new_revision_arms_the_rungs_again(again: object) -> None:
    """Return, extension, resumption, re-opening: near-due and overdue come again."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-19 10:00")
    assert story.part().fired == ("near-due",)
    assert callable(again)
    again(story, fixed("12-18 17:00"))
    assert story.part().fired == ()
    fired = {rung: when for when, rung in rungs(story.lives_until("12-19 00:00"))}
    assert fired["near-due"] == "12-15 17:00"
    assert fired["overdue"] == "12-18 17:00"


def test_of_what_has_passed_only_overdue_fires_in_a_new_revision() -> None:
    """A unit that was 4 days late when it was suspended is 4 days late again, and is told so once."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-27 10:00")
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
    story.does("office", suspend).lives("11-30 10:00")
    story.does("office", cmd.ResumeAssignment(unit="U01"))
    assert story.part().due == at("11-24 17:00")
    assert rungs(story.lives_until("12-01 00:00")) == [("11-30 10:00", "overdue")]
    assert rungs(story.lives_until("12-10 18:00")) == [("12-10 17:00", "overdue-10")]


def test_a_pause_is_no_part_of_the_limit() -> None:
    """Half of the acknowledge limit stays half of it, however long the assignment was suspended."""
    story = Story().given(modern("U01"))
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(20))
    story.does("office", suspend).lives("11-16 09:00")
    story.does("office", cmd.ResumeAssignment(unit="U01"))
    assert story.part().acknowledge_by == at("11-18 17:00")
    assert rungs(story.lives_until("11-19 00:00")) == [
        ("11-17 13:00", "acknowledge-reminder"),
        ("11-18 17:00", "acknowledge-overdue"),
    ]


def test_a_rung_may_run_without_a_word_on_days() -> None:
    """A ladder without rungs leaves the due itself: late is late, told or not."""
    bare = DEFAULT_RULES.ladder.model_copy(update={"rungs": ()})
    rules = DEFAULT_RULES.model_copy(update={"ladder": bare})
    story = Story().given(modern("U01", rules=rules))
    assert story.clocks().overdue_at == at("11-23 17:00")
    assert story.lives_until("12-30 00:00") == []
