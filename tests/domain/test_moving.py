"""How limits move and clocks stop: due, suspension, gaps of service, calendars; per rule and refusal.

Sentence of the rules -> test:

- suspended by the convener's side with review-by; the clock stops -> a_suspension_…
- resume moves due by the time suspended, in the limit's own kind -> the_due_moves_…
- a fixed instant needs a new due -> a_fixed_due_is_named_anew
- suspended time never counts -> test_task_laws
- a unit suspended over a rung is not told -> test_ladder
- a gap of service: overdue rungs wait, the office may exclude it -> test_clockwork, an_excluded_gap_…
- a changed calendar: one event per moved deadline -> a_calendar_moves_…
- provisional, settled again when the next calendar is adopted -> a_provisional_due_is_settled_…
"""

from datetime import UTC, date, datetime

import pytest

from lianxi.domain.calendar import Calendar, CalendarEntry
from lianxi.domain.limits import AnyLimit, DaysLimit, DurationLimit
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import (
    CALENDAR,
    REASON,
    Story,
    acknowledged,
    at,
    entry,
    event_hash,
    fixed,
    issued,
    modern,
    working,
)

SUSPEND = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
RESUME = cmd.ResumeAssignment(unit="U01")
WEEK_OFF = entry(date(2026, 11, 16), date(2026, 11, 18), "holiday")


def calendar(
    *entries: CalendarEntry, version: int = 2, known_until: date = date(2026, 12, 31)
) -> Calendar:
    """The test calendar with these entries instead, as its next version."""
    return CALENDAR.model_copy(
        update={"version": version, "entries": entries, "known_until": known_until}
    )


def at_work(due: AnyLimit | None = None) -> Story:
    return Story().given(modern("U01", due=due), acknowledged("U01"))


# --- due ---


def test_a_changed_due_keeps_its_rule_and_who_has_it_already_is_left_out() -> None:
    """A new revision for those whose due changes; nothing to do where none does."""
    story = Story().given(modern("U01", "U02")).lives("11-03 10:00")
    story.does("office", cmd.ChangeDue(units=("U01",), due=working(20), reason=REASON))
    both = cmd.ChangeDue(units=("U01", "U02"), due=working(20), reason=REASON)
    story.when("office", both).then(
        ev.DueChanged(
            unit="U02",
            reason=REASON,
            revision=2,
            due=at("12-01 17:00"),
            due_rule=working(20),
            acknowledge_by=at("11-04 17:00"),
        )
    )
    story.when("office", both).refused("ALREADY_SO")


def test_a_due_past_what_the_calendar_knows_is_provisional() -> None:
    """Until the next calendar says whether its days are worked."""
    story = at_work()
    story.does("office", cmd.ChangeDue(units=("U01",), due=working(60), reason=REASON))
    assert story.part().provisional
    story.does(
        "office", cmd.ChangeDue(units=("U01",), due=fixed("2027-02-01 17:00"), reason=REASON)
    )
    assert not story.part().provisional


# --- suspend, resume ---


def test_a_suspension_stops_the_clock_and_names_its_review() -> None:
    """Nothing is late or near; the office looks again by the day it named."""
    story = at_work()
    story.when("office", SUSPEND).then(
        ev.AssignmentSuspended(
            unit="U01", reason=REASON, review_by=at("11-09 17:00"), review_rule=working(5)
        )
    )
    clocks = story.clocks()
    assert (clocks.overdue_at, clocks.near_due_at) == (None, None)
    assert clocks.next_at == at("11-09 17:00")
    story.when("office", SUSPEND).refused("ALREADY_SO", state="suspended")


def test_what_can_be_suspended() -> None:
    """Not while the office has a submission, nor what has ended; seen as it is; reviewed ahead."""
    story = at_work().does("U01", cmd.SubmitCompletion(report=REASON))
    story.when("office", SUSPEND).refused("WRONG_STATE", state="submitted")
    stale = at_work()
    stale.when("office", SUSPEND, expect=event_hash(1)).refused("STALE")
    past = SUSPEND.model_copy(update={"review_by": fixed("11-01 17:00")})
    stale.when("office", past).refused("LIMIT_PAST", field="review_by")
    stale.when("office", RESUME).refused("WRONG_STATE", needed="suspended")


@pytest.mark.parametrize(
    ("due", "before", "after"),
    [
        # suspended Wednesday 15:00 to Friday 10:00 of the week after: 7 working, 9 calendar days
        (working(15), "11-23 17:00", "12-02 17:00"),
        (DaysLimit(days=21, kind="calendar"), "11-23 17:00", "12-02 17:00"),
        (DaysLimit(days=18, kind="calendar", roll="forward"), "11-20 17:00", "11-30 17:00"),
        (DurationLimit(seconds=21 * 86_400), "11-23 09:00", "12-02 04:00"),
    ],
)
def test_the_due_moves_by_the_time_suspended_in_its_own_kind(
    due: AnyLimit, before: str, after: str
) -> None:
    """Working days by working days, calendar days by calendar days that roll, time by time."""
    story = at_work(due).lives("11-04 15:00")
    assert story.part().due == at(before)
    story.does("office", SUSPEND).lives("11-13 10:00").does("office", RESUME)
    assert story.part().due == at(after)
    assert (story.part().state, story.part().suspension) == ("in-progress", None)


def test_an_hour_of_suspension_moves_no_limit_of_days() -> None:
    """A day is a day."""
    story = at_work().lives("11-04 10:00").does("office", SUSPEND)
    story.lives("11-04 11:00").does("office", RESUME)
    assert story.part().due == at("11-23 17:00")


def test_a_fixed_due_is_named_anew() -> None:
    """No rule moves an instant; and any due may be named on resumption, ahead."""
    story = at_work(fixed("11-23 17:00")).does("office", SUSPEND).lives("11-10 10:00")
    story.when("office", RESUME).refused("DUE_REQUIRED", unit="U01")
    past = cmd.ResumeAssignment(unit="U01", due=fixed("11-09 17:00"))
    story.when("office", past).refused("LIMIT_PAST")
    story.when("office", cmd.ResumeAssignment(unit="U01", due=fixed("11-30 17:00"))).then(
        ev.AssignmentResumed(
            unit="U01",
            suspended_at=at("11-02 09:00"),
            revision=2,
            due=at("11-30 17:00"),
            due_rule=fixed("11-30 17:00"),
            acknowledge_by=at("11-04 17:00"),
        )
    )


def test_who_had_not_acknowledged_gets_its_acknowledge_limit_moved_too() -> None:
    """Back where it was, with as much time left as it had."""
    story = Story().given(modern("U01")).lives("11-03 10:00").does("office", SUSPEND)
    story.lives("11-10 10:00").does("office", RESUME)
    part = story.part()
    assert (part.state, part.acknowledge_by, part.due) == (
        "issued",
        at("11-11 17:00"),
        at("11-30 17:00"),
    )


def test_a_resumption_is_refused_when_stale() -> None:
    """The unit asked for a stop meanwhile."""
    story = at_work().does("office", SUSPEND)
    seen = story.part().head
    story.does("U01", cmd.RequestStop(reason=REASON))
    story.when("office", RESUME, expect=seen).refused("STALE")


def test_a_task_of_release_0_1_can_be_suspended_and_resumed_with_a_due() -> None:
    """It has no rule that could move."""
    story = Story().given(issued("U01"), acknowledged("U01")).does("office", SUSPEND)
    story.when("office", RESUME).refused("DUE_REQUIRED")
    story.does("office", cmd.ResumeAssignment(unit="U01", due=fixed("12-01 17:00")))
    assert story.part().due == at("12-01 17:00")


# --- gaps of service ---


def away() -> Story:
    """U01 in progress; near due on the 18th at 17:00, the service away until the 20th at 10:00."""
    story = at_work().lives("11-18 10:00")
    story.away_until("11-20 10:00").taken()
    return story


def test_an_excluded_gap_moves_the_due_by_its_office_hours() -> None:
    """From Wednesday 17:00 to Friday 10:00 it was 9 office hours."""
    story = away()
    gap = story.last(ev.ServiceGapNoted)
    story.when("office", cmd.ExcludeGap(gap=gap, reason=REASON)).then(
        ev.GapExcluded(gap=gap, reason=REASON),
        ev.LimitsMoved(
            unit="U01",
            revision=2,
            due=at("11-25 10:00"),
            acknowledge_by=at("11-04 17:00"),
            why="gap",
            gap=gap,
        ),
    )
    story.when("office", cmd.ExcludeGap(gap=gap, reason=REASON)).refused("ALREADY_SO")
    unknown = cmd.ExcludeGap(gap=event_hash(1), reason=REASON)
    story.when("office", unknown).refused("UNKNOWN_SUBJECT")


def test_a_gap_moves_only_what_ran_in_it() -> None:
    """Neither what was late before, nor what was opened after, nor what has ended."""
    story = Story().given(modern("U01", "U02", "U03"))
    story.given(*(acknowledged(unit) for unit in ("U01", "U02", "U03")))
    short = cmd.ChangeDue(units=("U02",), due=fixed("11-10 17:00"), reason=REASON)
    story.does("office", short).does("U03", cmd.SubmitCompletion(report=REASON))
    story.lives("11-18 10:00").away_until("11-20 10:00").taken()
    gap = story.last(ev.ServiceGapNoted)
    story.does("office", cmd.AddAssignment(unit="U04"))
    events = story.when("office", cmd.ExcludeGap(gap=gap, reason=REASON)).taken()
    assert [e.unit for e in events if isinstance(e, ev.LimitsMoved)] == ["U01"]


def test_a_gap_inside_a_suspension_is_not_counted_twice() -> None:
    """The suspension has moved the due by those days already."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"), acknowledged("U02"))
    story.lives("11-17 10:00").does("office", SUSPEND)
    story.away_until("11-20 10:00").taken()
    gap = story.last(ev.ServiceGapNoted)
    story.does("office", RESUME)
    events = story.when("office", cmd.ExcludeGap(gap=gap, reason=REASON)).taken()
    assert [e.unit for e in events if isinstance(e, ev.LimitsMoved)] == ["U02"]


# --- calendars ---


def test_a_calendar_moves_the_limits_that_count_its_days() -> None:
    """Running limits in days, still ahead: one event each; fixed ones and passed ones stay."""
    story = Story().given(modern("U01", "U02", "U03"), acknowledged("U02"))
    fixed_due = cmd.ChangeDue(units=("U03",), due=fixed("11-30 17:00"), reason=REASON)
    story.does("office", fixed_due).lives("11-03 10:00")
    off = calendar(entry(date(2026, 11, 4), date(2026, 11, 4), "holiday"))
    events = story.when("office", cmd.AdoptCalendar(calendar=off)).taken()
    assert isinstance(events[0], ev.CalendarAdopted)
    moved = [e for e in events if isinstance(e, ev.LimitsMoved)]
    assert [(e.unit, e.acknowledge_by, e.due, e.why) for e in moved] == [
        ("U01", at("11-05 17:00"), at("11-24 17:00"), "calendar"),
        ("U02", at("11-04 17:00"), at("11-24 17:00"), "calendar"),
        ("U03", at("11-05 17:00"), at("11-30 17:00"), "calendar"),
    ]


def test_what_has_passed_is_not_undone_by_a_calendar() -> None:
    """Who is late stays late; no rung fires again."""
    story = at_work().lives("11-24 10:00")
    off = calendar(WEEK_OFF)
    story.when("office", cmd.AdoptCalendar(calendar=off)).then_kinds("CalendarAdopted")
    assert story.part().fired == ("near-due", "overdue")


def test_a_calendar_keeps_what_a_suspension_had_added() -> None:
    """As many working days more as before; a holiday among them moves the due on."""
    story = at_work().lives("11-04 15:00").does("office", SUSPEND)
    story.lives("11-13 10:00").does("office", RESUME)
    assert story.part().due == at("12-02 17:00")
    off = calendar(entry(date(2026, 12, 1), date(2026, 12, 1), "holiday"), *CALENDAR.entries)
    story.does("office", cmd.AdoptCalendar(calendar=off))
    assert story.part().due == at("12-07 17:00")


def test_a_calendar_without_news_moves_nothing() -> None:
    """Not what was suspended, not what a gap of service moved to the middle of a day."""
    story = away()
    gap = story.last(ev.ServiceGapNoted)
    story.does("office", cmd.ExcludeGap(gap=gap, reason=REASON))
    same = calendar(*CALENDAR.entries)
    story.when("office", cmd.AdoptCalendar(calendar=same)).then_kinds("CalendarAdopted")
    story = at_work(DaysLimit(days=18, kind="calendar", roll="forward")).lives("11-04 15:00")
    story.does("office", SUSPEND).lives("11-13 10:00").does("office", RESUME)
    story.when("office", cmd.AdoptCalendar(calendar=same)).then_kinds("CalendarAdopted")


def test_a_provisional_due_is_settled_when_its_year_is_known() -> None:
    """Moved or not, it is one event, and no longer provisional."""
    story = at_work(working(60))
    assert (story.part().due, story.part().provisional) == (at("2027-01-26 17:00"), True)
    known = calendar(*CALENDAR.entries, known_until=date(2027, 12, 31))
    story.when("office", cmd.AdoptCalendar(calendar=known)).then_kinds(
        "CalendarAdopted", "LimitsMoved"
    )
    assert (story.part().due, story.part().provisional) == (at("2027-01-26 17:00"), False)


def test_a_calendar_follows_on_an_earlier_version() -> None:
    """The same again is nothing to do; an older, or another of the same version, is stale."""
    story = at_work()
    story.when("office", cmd.AdoptCalendar(calendar=CALENDAR)).refused("ALREADY_SO")
    other = calendar(WEEK_OFF, version=1)
    story.when("office", cmd.AdoptCalendar(calendar=other)).refused("STALE", seen="1", now="1")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        (
            (WEEK_OFF, entry(date(2026, 11, 17), date(2026, 11, 17), "workday")),
            "CALENDAR_CONTRADICTION",
        ),
        ((WEEK_OFF, entry(date(2026, 11, 18), date(2026, 11, 19), "holiday")), "CALENDAR_OVERLAP"),
        ((WEEK_OFF, entry(date(2026, 11, 2), date(2026, 11, 2), "holiday")), "CALENDAR_ORDER"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_not_adopted(
    entries: tuple[CalendarEntry, ...], code: str
) -> None:
    """Each with its own refusal."""
    at_work().when("office", cmd.AdoptCalendar(calendar=calendar(*entries))).refused(code)


def test_a_task_of_release_0_1_may_take_a_calendar() -> None:
    """Its fixed limits stay; what is counted from then on is counted by it."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    story.when("office", cmd.AdoptCalendar(calendar=CALENDAR)).then_kinds("CalendarAdopted")
    story.does("office", cmd.ChangeDue(units=("U01",), due=working(3), reason=REASON))
    assert (story.part().due, story.part().due_rule) == (at("11-05 17:00"), working(3))


def test_a_suspended_due_is_recounted_though_its_day_has_come() -> None:
    """The clock stands: it has not passed."""
    story = at_work().lives("11-04 15:00").does("office", SUSPEND).lives("11-24 10:00")
    story.does("office", cmd.AdoptCalendar(calendar=calendar(WEEK_OFF)))
    assert story.part().due == at("11-26 17:00")


def test_resuming_on_another_calendar_counts_by_the_new_one() -> None:
    """Days off in the suspension are no working days suspended."""
    story = at_work().lives("11-04 15:00").does("office", SUSPEND)
    story.does("office", cmd.AdoptCalendar(calendar=calendar(WEEK_OFF)))
    story.lives("11-19 10:00").does("office", RESUME)
    assert story.part().due_opened_at == datetime(2026, 11, 2, 1, tzinfo=UTC)
    assert story.part().due == at("12-08 17:00")
