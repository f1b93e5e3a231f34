"""The calendar of the demo year, for any year it may be lived through in."""

from datetime import date, timedelta

import pytest

from lianxi.domain.calendar import check_calendar, day_kind
from tools.year.conference import CALENDAR
from tools.year.days import Days, calendar_of

YEARS = range(2026, 2041)


@pytest.mark.parametrize("year", YEARS)
def test_both_versions_are_calendars(year: int) -> None:
    """No overlap, no contradiction, whatever the days of the week."""
    for version in (1, 2):
        check_calendar(calendar_of(year, version))


@pytest.mark.parametrize("year", YEARS)
def test_a_make_up_day_is_a_weekend_day_that_is_worked(year: int) -> None:
    """Before a run a Sunday, after it a Saturday; two for each run that has any."""
    workdays = [e for e in calendar_of(year, 2).entries if e.kind == "workday"]
    assert [e.first.isoweekday() for e in workdays] == [7, 6] * 3
    assert all(day_kind(calendar_of(year, 2), e.first).kind == "make-up" for e in workdays)


@pytest.mark.parametrize("year", YEARS)
def test_the_second_version_changes_nothing_before_it_is_adopted(year: int) -> None:
    """Lines are counted by it from January on, while tasks still count by the first."""
    days = Days(year)
    adopted = days.date_of(CALENDAR)
    first, second = calendar_of(year, 1), calendar_of(year, 2)
    day = days.working[0]
    while day <= adopted:
        assert day_kind(first, day) == day_kind(second, day), day
        day += timedelta(days=1)
    later = [date(year, 10, number) for number in range(1, 8)]
    assert {day_kind(second, day).kind for day in later} == {"holiday"}
    assert {day_kind(first, day).kind for day in later} >= {"working"}


def test_a_date_that_is_off_stands_for_the_next_working_day() -> None:
    """2027-02-05 begins the Spring Festival; the 13th is a worked Saturday, the 12th a Friday."""
    days = Days(2027)
    assert days.date_of("02-05").isoformat() == "2027-02-12"
    assert days.date_of(0).isoformat() == "2027-01-04"
    assert days.date_of(3, zero=2) == days.working[5]


def test_months_end_a_minute_before_midnight_of_the_conference() -> None:
    """In its own zone, twelve of them, ascending."""
    ends = list(Days(2027).month_ends())
    assert len(ends) == 12
    assert [Days(2027).local(end).strftime("%m %H:%M") for end in ends] == [
        f"{month:02d} 23:59" for month in range(1, 13)
    ]
