"""A deadline explained from its events: every day, every pause, the last line is the deadline."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.domain.task import commands as cmd
from lianxi.domain.task.explain import explain
from tests.domain.gwt import CALENDAR, REASON, SHANGHAI, Story, at, entry, fixed, modern, working


def test_every_day_is_counted_or_skipped_with_its_reason() -> None:
    """Twenty-five working days from Monday: weekends and the holiday are named, none is left out."""
    story = Story().given(modern("U01", due=working(25)))
    (step,) = explain(story.facts, "U01", "due")
    assert step.instant == at("12-09 17:00") == story.part().due
    assert step.days[0].number == 0
    assert [day.number for day in step.days if day.counted] == list(range(1, 26))
    skipped = {day.day: (day.kind, day.name) for day in step.days[1:] if not day.counted}
    assert skipped[date(2026, 12, 3)] == ("holiday", "节")
    assert skipped[date(2026, 11, 7)] == ("weekend", None)
    assert step.days[-1].day == date(2026, 12, 9)


def test_a_pause_is_told_with_the_days_it_moved_the_deadline() -> None:
    """Suspended Tuesday to Friday: three working days, counted from the old deadline on."""
    story = Story().given(modern("U01", due=working(5))).does("U01", cmd.AcknowledgeTask())
    story.lives("11-03 10:00")
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(10))
    story.does("office", suspend).lives("11-06 10:00")
    story.does("office", cmd.ResumeAssignment(unit="U01"))
    steps = explain(story.facts, "U01", "due")
    assert [step.kind for step in steps] == [
        "TaskIssued",
        "AssignmentSuspended",
        "AssignmentResumed",
    ]
    assert steps[1].before is None
    assert (steps[2].before, steps[2].moved) == (at("11-09 17:00"), 3)
    assert [day.number for day in steps[2].days if day.counted] == [1, 2, 3]
    assert steps[2].instant == story.part().due == at("11-12 17:00")


def test_an_extension_granted_as_asked_is_counted_from_the_request() -> None:
    """The office decides a day later; the days are those that the unit had asked for."""
    story = Story().given(modern("U01", due=working(10))).does("U01", cmd.AcknowledgeTask())
    story.does("U01", cmd.RequestExtension(until=working(15), reason=REASON))
    story.lives("11-03 10:00")
    request = story.part().extension
    assert request is not None
    grant = cmd.GrantRequest(unit="U01", request="extension", subject=request.event)
    story.does("office", grant)
    asked, granted = explain(story.facts, "U01", "due")[-2:]
    assert (asked.kind, asked.before) == ("ExtensionRequested", None)
    assert granted.opened_at == at("11-02 09:00")
    assert granted.days[-1].number == 15
    assert granted.instant == story.part().due


def test_another_calendar_is_a_step_with_the_days_it_counts() -> None:
    """A new holiday in the way: one more day, counted by the calendar that is in force now."""
    story = Story().given(modern("U01", due=working(5)))
    holiday = entry(date(2026, 11, 5), date(2026, 11, 5), "holiday")
    later = CALENDAR.model_copy(update={"version": 2, "entries": (holiday, *CALENDAR.entries)})
    story.does("office", cmd.AdoptCalendar(calendar=later))
    steps = explain(story.facts, "U01", "due")
    assert [step.calendar for step in steps] == [1, 2]
    assert (steps[1].kind, steps[1].why) == ("LimitsMoved", "calendar")
    assert date(2026, 11, 5) in {day.day for day in steps[1].days if not day.counted}
    assert steps[1].instant == story.part().due == at("11-10 17:00")


def test_a_fixed_instant_has_no_days() -> None:
    """What was named is what holds."""
    story = Story().given(modern("U01", due=fixed("11-20 12:00")))
    (step,) = explain(story.facts, "U01", "due")
    assert (step.days, step.instant) == ((), at("11-20 12:00"))


def test_a_successor_sees_the_story_of_the_unit_before_it() -> None:
    """The limit was set for U01; U02 has taken its place."""
    story = Story().given(modern("U01", due=working(5)))
    story.does("office", cmd.TransferAssignment(unit="U01", into="U02"))
    assert [step.kind for step in explain(story.facts, "U02", "due")] == ["TaskIssued"]
    assert [step.kind for step in explain(story.facts, "U01", "due")] == ["TaskIssued"]
    assert explain(story.facts, "U03", "due") == ()


STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), st.integers(0, 100)), max_size=12)


@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_the_last_line_is_the_deadline(steps: list[tuple[int, int, int]]) -> None:
    """Whatever moved the limits: both explanations end where the state says."""
    story = Story().given(modern("U01", due=working(12)))
    for choice, days, hours in steps:
        story.lives_until(local(story, hours))
        try:
            story.does("office" if choice >= 4 else "U01", command(story, choice, days))
        except Refusal:
            continue
    part = story.part()
    for limit, instant in (("due", part.due), ("acknowledge_by", part.acknowledge_by)):
        explained = explain(story.facts, "U01", limit)  # type: ignore[arg-type]
        assert explained[-1].instant == instant
        for before, after in pairwise(explained):
            assert after.before in (None, before.instant), "no step is left out"


def local(story: Story, hours: int) -> str:
    """So many hours later, as the story tells time."""
    return (story.now + timedelta(hours=hours)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def command(story: Story, choice: int, days: int) -> cmd.TaskCommand:
    """The `choice`-th act that moves or stops a clock."""
    part = story.part()
    extension = part.extension.event if part.extension else part.head
    submission = part.submission.event if part.submission else part.head
    objection = part.objection.event if part.objection else part.head
    acts: list[cmd.TaskCommand] = [
        cmd.AcknowledgeTask(),
        cmd.RequestExtension(until=working(days), reason=REASON),
        cmd.SubmitCompletion(report=REASON),
        cmd.ObjectToAssignment(reason=REASON),
        cmd.GrantRequest(unit="U01", request="extension", subject=extension),
        cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=working(days)),
        cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(days)),
        cmd.ResumeAssignment(unit="U01"),
        cmd.ChangeDue(units=("U01",), due=working(days), reason=REASON),
        cmd.RefuseRequest(unit="U01", request="objection", subject=objection, reason=REASON),
    ]
    return acts[choice]
