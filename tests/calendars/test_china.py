"""China's calendar against the State Council's notices, and deadlines counted on it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lianxi.calendars.build import build_calendar
from lianxi.domain.calendar import Calendar, day_kind, is_working
from lianxi.domain.counting import count_days, part_of_office_time, shift_days

NOTICES = json.loads(
    (Path(__file__).parent / "vectors" / "cn_notices.json").read_text(encoding="utf-8")
)["years"]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def china() -> Calendar:
    return build_calendar("CN", range(2024, 2028), zone="Asia/Shanghai")


def at(text: str) -> datetime:
    """An instant of the clocks in Shanghai."""
    return datetime.fromisoformat(f"{text}:00+08:00").astimezone(UTC)


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_year_is_worked_as_its_notice_says(china: Calendar, year: str) -> None:
    off, worked = set(), {date.fromisoformat(day) for _, day in NOTICES[year]["worked"]}
    for _, first, last in NOTICES[year]["off"]:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            off.add(day)
            day += DAY
    day = date(int(year), 1, 1)
    while day.year == int(year):
        ordinary = day.isoweekday() < 6 and day not in off
        assert is_working(china, day) == (day in worked or ordinary), day
        day += DAY


@pytest.mark.parametrize("year", NOTICES)
def test_days_off_and_make_up_days_bear_the_names_of_the_notice(china: Calendar, year: str) -> None:
    for name, first, last in NOTICES[year]["off"]:
        for day in (date.fromisoformat(first), date.fromisoformat(last)):
            assert day_kind(china, day) == ("holiday", name)
    for name, text in NOTICES[year]["worked"]:
        assert day_kind(china, date.fromisoformat(text)) == ("make-up", name)


def test_a_festival_is_one_entry_over_the_end_of_a_month(china: Calendar) -> None:
    (entry,) = [each for each in china.entries if each.first == date(2025, 1, 28)]
    assert (entry.last, entry.kind, entry.name) == (date(2025, 2, 4), "holiday", "春节")


def test_working_days_over_the_spring_festival_pass_the_end_of_the_month(china: Calendar) -> None:
    """Monday the 27th + 4: Wed 5, Thu 6, Fri 7, and Saturday 8, a make-up day."""
    counted = count_days(china, at("2025-01-27T10:00"), 4, "working")
    assert counted.instant == at("2025-02-08T17:00")
    assert [each.day.day for each in counted.days if each.counted] == [5, 6, 7, 8]
    assert {each.name for each in counted.days if each.kind_of_day == "holiday"} == {"春节"}
    assert counted.days[-1].kind_of_day == "make-up"


def test_a_make_up_day_before_new_year_bears_the_name_of_the_next_years_festival() -> None:
    """国务院办公厅关于2007年部分节假日安排的通知: worked on 30 and 31 December 2006."""
    calendar = build_calendar("CN", [2006], zone="Asia/Shanghai")
    assert day_kind(calendar, date(2006, 12, 30)) == ("make-up", "元旦")


def test_friday_plus_three_is_tuesday_where_saturday_is_a_make_up_day(china: Calendar) -> None:
    made_up = count_days(china, at("2026-02-27T16:00"), 3, "working")
    assert made_up.instant == at("2026-03-03T17:00")
    ordinary = count_days(china, at("2026-03-06T16:00"), 3, "working")
    assert ordinary.instant == at("2026-03-11T17:00")


def test_a_make_up_saturday_is_day_zero_of_what_is_issued_on_it(china: Calendar) -> None:
    """14 February 2026 is worked; the next working day follows nine days off."""
    counted = count_days(china, at("2026-02-14T11:00"), 1, "working")
    assert counted.instant == at("2026-02-24T17:00")
    assert counted.days[0][1:4] == ("make-up", False, 0)


def test_calendar_days_that_end_in_a_festival_roll_out_of_it(china: Calendar) -> None:
    opening = at("2026-09-28T09:00")
    for roll, end in (("none", "10-05"), ("forward", "10-08"), ("back", "09-30")):
        counted = count_days(china, opening, 7, "calendar", roll)  # type: ignore[arg-type]
        assert counted.instant == at(f"2026-{end}T17:00"), roll


def test_half_a_limit_is_half_of_its_working_hours(china: Calendar) -> None:
    """Friday 13:00 to Tuesday 17:00 over a make-up Saturday: 4 + 8 + 8 + 8 hours."""
    start, end = at("2026-02-27T13:00"), at("2026-03-03T17:00")
    assert part_of_office_time(china, start, end, 1, 2) == at("2026-03-02T11:00")
    assert part_of_office_time(china, start, end, 1, 7) == at("2026-02-27T17:00")


def test_a_working_day_before_the_festivals_end_lies_before_the_festival(china: Calendar) -> None:
    assert shift_days(china, at("2026-02-24T17:00"), -1, "working") == at("2026-02-14T17:00")


def test_a_year_without_a_notice_is_provisional(china: Calendar) -> None:
    """The package moves no day in 2027 yet; what ends there may move."""
    assert china.known_until == date(2026, 12, 31)
    assert not count_days(china, at("2026-12-30T09:00"), 1, "working").provisional
    assert count_days(china, at("2026-12-30T09:00"), 2, "working").provisional


def test_a_year_is_known_as_soon_as_the_package_has_its_make_up_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found in the package's data, no year stands in our code."""
    from holidays.countries.china import ChinaStaticHolidays

    moves = dict(ChinaStaticHolidays.special_public_holidays)
    monkeypatch.setattr(
        ChinaStaticHolidays, "special_public_holidays", moves | {2027: ((2, 11, 2, 14),)}
    )
    calendar = build_calendar("CN", [2026, 2027], zone="Asia/Shanghai")
    assert calendar.known_until == date(2027, 12, 31)
    assert day_kind(calendar, date(2027, 2, 14)) == ("make-up", "春节")
    del moves[2026]
    monkeypatch.setattr(ChinaStaticHolidays, "special_public_holidays", moves)
    calendar = build_calendar("CN", [2025, 2026, 2027], zone="Asia/Shanghai")
    assert calendar.known_until == date(2025, 12, 31)
