"""The ladder: when rungs fire, once per revision, and in which states."""

from datetime import timedelta

from lianxi.domain.ladder import next_instant, rung_instant
from lianxi.domain.limits import DurationLimit
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import (
    DAY,
    START,
    Story,
    acknowledged,
    commitment,
    event_hash,
    issued,
    submitted,
)

REASON = commitment("reason")


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
    assert story.task.next_deadline is None


def test_near_due_is_a_third_of_a_short_limit() -> None:
    """min(3 days, a third of the limit)."""
    story = Story().given(issued("U01", due=6 * DAY))
    near = next(r for r in story.task.rules.ladder.rungs if r.name == "near-due")
    assert rung_instant(near, story.task.assignments["U01"]) == START + 4 * DAY


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
    assert next_instant(story.task.rules.ladder, story.task.assignments["U01"]) == START + 9 * DAY
