"""The calendar as data and the arithmetic of deadlines on it: examples from the rules, and laws."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from lianxi.domain.calendar import (
    FALLBACK_CALENDAR,
    Calendar,
    CalendarEntry,
    OffsetSince,
    check_calendar,
    close_of,
    day_kind,
    is_working,
    local_day,
    local_time,
    open_of,
    shared_calendar,
    utc_of,
)
from lianxi.domain.calendar_refusals import (
    CalendarContradictionError,
    CalendarHoursError,
    CalendarOrderError,
    CalendarOverlapError,
)
from lianxi.domain.counting import (
    add_office_time,
    count_days,
    days_between,
    office_time,
    part_of_office_time,
    shift_days,
    working_day_after,
)
from lianxi.domain.refusal import Refusal

DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
EAST_8 = (OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=28_800),)
BERLIN = tuple(
    OffsetSince(since=datetime.fromisoformat(since), seconds=seconds)
    for since, seconds in (
        ("2025-10-26T01:00+00:00", 3_600),
        ("2026-03-29T01:00+00:00", 7_200),
        ("2026-10-25T01:00+00:00", 3_600),
        ("2027-03-28T01:00+00:00", 7_200),
    )
)


def entry(first: str, last: str = "", kind: str = "holiday", name: str = "节") -> CalendarEntry:
    return CalendarEntry.model_validate(
        {"first": first, "last": last or first, "kind": kind, "name": name}
    )


def calendar(*entries: CalendarEntry, **fields: object) -> Calendar:
    given_fields: dict[str, object] = {
        "version": 1,
        "zone": "Asia/Shanghai",
        "offsets": EAST_8,
        "entries": entries,
        "known_until": "2027-12-31",
        **fields,
    }
    return Calendar.model_validate(given_fields)


PLAIN = calendar()
MAY = calendar(
    entry("2026-05-01", "2026-05-05", name="劳动节"),
    entry("2026-05-09", kind="workday", name="劳动节"),
)


def at(text: str) -> datetime:
    """An instant of the clocks at +08:00."""
    return datetime.fromisoformat(f"{text}:00+08:00").astimezone(UTC)


# the data


def test_a_calendar_is_the_same_after_a_way_through_json() -> None:
    again = Calendar.model_validate_json(MAY.model_dump_json())
    assert again == MAY
    assert MAY.model_dump(mode="json")["entries"][1] == {
        "first": "2026-05-09",
        "last": "2026-05-09",
        "kind": "workday",
        "name": "劳动节",
    }


@pytest.mark.parametrize(
    "day",
    [
        "20260501",
        "2026-W18-5",
        "2026-5-1",
        "2026-02-30",
        "1999-12-31",
        "2101-01-01",
        "2026-05-01\n",
        0,
        None,
        datetime(2026, 5, 1, tzinfo=UTC),
    ],
)
def test_a_day_has_one_spelling_and_lies_in_our_times(day: object) -> None:
    with pytest.raises(ValidationError):
        CalendarEntry.model_validate({"first": day, "last": day, "kind": "holiday", "name": "x"})


@pytest.mark.parametrize(
    "name", ["春节", "Jom Ziadi 2", "L'Épiphanie", "नव वर्ष", "Día (1/2)", "节、日"]
)
def test_names_of_any_script_are_taken(name: str) -> None:
    assert entry("2026-05-01", name=name).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "-x", "=x", "a\n", "a\x00", "a\u202eb", "a\u200fb", "a\u2066b", "x" * 33, "<b>"],
)
def test_names_with_controls_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        entry("2026-05-01", name=name)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 0},
        {"zone": "../x"},
        {"opens": "9:00"},
        {"closes": "24:00"},
        {"weekend": (6, 6)},
        {"weekend": (7, 6)},
        {"weekend": (0,)},
        {"weekend": (1, 2, 3, 4, 5, 6, 7)},
        {"offsets": ()},
        {"offsets": [{"since": "2026-01-01T00:00:00.000000Z", "seconds": 50_401}]},
        {"known_until": "2101-01-01"},
        {"entries": [entry("2026-05-01")] * 401},
        {"colour": "red"},
    ],
)
def test_a_calendar_of_another_form_is_refused(fields: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        calendar(**fields)


@pytest.mark.parametrize(
    ("wrong", "refusal", "params"),
    [
        (
            calendar(entry("2026-05-01", "2026-05-05"), entry("2026-05-05")),
            CalendarOverlapError,
            {"first": "2026-05-01", "second": "2026-05-05"},
        ),
        (
            # behind entries that only touch
            calendar(
                entry("2026-05-01", "2026-05-09"),
                entry("2026-05-10"),
                entry("2026-05-12", "2026-05-20"),
                entry("2026-05-14"),
            ),
            CalendarOverlapError,
            {"first": "2026-05-12", "second": "2026-05-14"},
        ),
        (
            calendar(entry("2026-05-01", "2026-05-20"), entry("2026-05-03"), entry("2026-05-19")),
            CalendarOverlapError,
            {"first": "2026-05-01", "second": "2026-05-03"},
        ),
        (
            calendar(entry("2026-05-09", kind="workday"), entry("2026-05-01", "2026-05-09")),
            CalendarContradictionError,
            {"day": "2026-05-09", "first": "2026-05-01", "second": "2026-05-09"},
        ),
        (
            calendar(opens="17:00", closes="17:00"),
            CalendarHoursError,
            {"opens": "17:00", "closes": "17:00"},
        ),
        (
            calendar(entry("2026-05-05", "2026-05-01")),
            CalendarOrderError,
            {"field": "entry", "first": "2026-05-05", "second": "2026-05-01"},
        ),
        (
            calendar(entry("2026-05-05"), entry("2026-05-01")),
            CalendarOrderError,
            {"field": "entries", "first": "2026-05-05", "second": "2026-05-01"},
        ),
        (
            calendar(offsets=BERLIN[:1] * 2),
            CalendarOrderError,
            {
                "field": "offsets",
                "first": "2025-10-26T01:00:00.000000Z",
                "second": "2025-10-26T01:00:00.000000Z",
            },
        ),
    ],
)
def test_each_contradiction_has_its_own_refusal(
    wrong: Calendar, refusal: type[Refusal], params: dict[str, str]
) -> None:
    with pytest.raises(refusal) as caught:
        check_calendar(wrong)
    assert caught.value.params == params
    assert caught.value.code.startswith("CALENDAR_")


def test_whole_calendars_pass() -> None:
    for whole in (MAY, PLAIN, FALLBACK_CALENDAR, calendar(offsets=BERLIN)):
        check_calendar(whole)


# days and clocks


def test_an_entry_goes_before_the_day_of_the_week() -> None:
    kinds = {
        "2026-05-01": ("holiday", "劳动节"),
        "2026-05-02": ("holiday", "劳动节"),
        "2026-05-06": ("working", None),
        "2026-05-09": ("make-up", "劳动节"),
        "2026-05-10": ("weekend", None),
    }
    for day, kind in kinds.items():
        assert day_kind(MAY, date.fromisoformat(day)) == kind
        assert is_working(MAY, date.fromisoformat(day)) == (kind[0] in ("working", "make-up"))


def test_the_day_changes_at_midnight_of_the_conference() -> None:
    assert local_day(PLAIN, at("2026-05-01T00:00") - TICK) == date(2026, 4, 30)
    assert local_day(PLAIN, at("2026-05-01T00:00")) == date(2026, 5, 1)


def test_the_first_offset_holds_before_its_instant_too() -> None:
    berlin = calendar(offsets=BERLIN)
    assert local_time(berlin, datetime(2020, 7, 1, 12, tzinfo=UTC)) == datetime(2020, 7, 1, 13)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-03-29T01:59", "2026-03-29T00:59"),
        ("2026-03-29T02:30", "2026-03-29T01:30"),  # skipped: 03:30 of the new time
        ("2026-03-29T03:00", "2026-03-29T01:00"),
        ("2026-10-25T01:59", "2026-10-24T23:59"),
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # twice: the first
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_in_a_gap_and_in_a_fold_the_earlier_offset_holds(wall: str, instant: str) -> None:
    berlin = calendar(offsets=BERLIN)
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert utc_of(berlin, datetime.fromisoformat(wall)) == expected


def test_equal_calendars_are_shared() -> None:
    one, other = (Calendar.model_validate(MAY.model_dump()) for _ in range(2))
    assert one is not other
    assert shared_calendar(one) is shared_calendar(other)
    assert shared_calendar(one) is not shared_calendar(PLAIN)


def test_a_changed_copy_does_not_keep_the_days_of_its_original() -> None:
    assert not is_working(MAY, date(2026, 5, 1))
    assert is_working(MAY.model_copy(update={"entries": ()}), date(2026, 5, 1))


# counting days


def test_friday_plus_three_working_days_is_wednesday_at_the_close() -> None:
    counted = count_days(PLAIN, at("2026-06-05T16:00"), 3, "working")
    assert counted.instant == at("2026-06-10T17:00")
    assert [(each.day.day, each.kind_of_day, each.number) for each in counted.days] == [
        (5, "working", 0),
        (6, "weekend", None),
        (7, "weekend", None),
        (8, "working", 1),
        (9, "working", 2),
        (10, "working", 3),
    ]


def test_friday_plus_three_is_tuesday_where_saturday_is_a_make_up_day() -> None:
    counted = count_days(MAY, at("2026-05-08T16:00"), 3, "working")
    assert counted.instant == at("2026-05-12T17:00")
    assert counted.days[1] == (date(2026, 5, 9), "make-up", True, 1, "劳动节", False)


def test_what_happens_after_the_close_counts_from_the_same_day() -> None:
    assert count_days(PLAIN, at("2026-06-05T23:59"), 1, "working").instant == at("2026-06-08T17:00")
    assert count_days(PLAIN, at("2026-06-06T00:00"), 1, "working").instant == at("2026-06-08T17:00")


def test_calendar_days_count_every_day_and_end_at_the_close() -> None:
    counted = count_days(MAY, at("2026-04-30T09:00"), 2, "calendar")
    assert counted.instant == at("2026-05-02T17:00")
    assert [each.number for each in counted.days] == [0, 1, 2]


def test_a_roll_forward_lists_the_days_it_passes() -> None:
    counted = count_days(MAY, at("2026-04-30T09:00"), 2, "calendar", "forward")
    assert counted.instant == at("2026-05-06T17:00")
    assert [each.day.day for each in counted.days if each.rolled] == [3, 4, 5, 6]
    assert [each.number for each in counted.days] == [0, 1, 2, None, None, None, None]


def test_a_roll_back_ends_on_the_working_day_before() -> None:
    counted = count_days(MAY, at("2026-04-29T09:00"), 4, "calendar", "back")
    assert counted.instant == at("2026-04-30T17:00")
    assert [each.day.isoformat()[5:] for each in counted.days if each.rolled] == [
        "05-02",
        "05-01",
        "04-30",
    ]


def test_a_roll_back_that_would_reach_day_zero_goes_forward() -> None:
    """Else a limit would end before it begins."""
    counted = count_days(MAY, at("2026-04-30T09:00"), 3, "calendar", "back")
    assert counted.instant == at("2026-05-06T17:00")


def test_a_count_that_ends_on_a_working_day_does_not_roll() -> None:
    for roll in ("none", "forward", "back"):
        counted = count_days(PLAIN, at("2026-06-05T09:00"), 3, "calendar", roll)
        assert counted.instant == at("2026-06-08T17:00")
        assert not any(each.rolled for each in counted.days)


def test_past_what_is_announced_a_count_is_provisional() -> None:
    short = calendar(known_until="2026-06-05")
    assert not count_days(short, at("2026-06-04T09:00"), 1, "working").provisional
    assert count_days(short, at("2026-06-05T09:00"), 1, "working").provisional


def test_a_count_begins_with_one_day() -> None:
    with pytest.raises(ValueError, match="begins with 1"):
        count_days(PLAIN, at("2026-06-05T09:00"), 0, "working")


# moving and measuring


def test_moving_by_days_keeps_the_local_time_over_daylight_saving() -> None:
    berlin = calendar(offsets=BERLIN)
    friday = datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert shift_days(berlin, friday, 1, "working") == datetime(2026, 3, 30, 15, tzinfo=UTC)
    assert shift_days(berlin, friday, 3, "calendar") == datetime(2026, 3, 30, 15, tzinfo=UTC)


def test_from_a_day_off_the_working_days_after_or_before_it_are_counted() -> None:
    sunday = at("2026-06-07T10:00")
    assert shift_days(PLAIN, sunday, 1, "working") == at("2026-06-08T10:00")
    assert shift_days(PLAIN, sunday, -1, "working") == at("2026-06-05T10:00")
    assert shift_days(PLAIN, sunday, 0, "working") == sunday


def test_between_two_instants_the_day_of_the_first_is_not_counted_that_of_the_second_is() -> None:
    friday, tuesday = at("2026-06-05T23:00"), at("2026-06-09T00:00")
    assert days_between(PLAIN, friday, tuesday, "working") == 2
    assert days_between(PLAIN, friday, tuesday, "calendar") == 4
    assert days_between(PLAIN, friday, friday, "working") == 0
    for kind in ("working", "calendar"):
        assert days_between(PLAIN, tuesday, friday, kind) == 0


def test_office_time_leaves_out_nights_and_days_off() -> None:
    assert office_time(MAY, at("2026-05-08T16:00"), at("2026-05-11T10:00")) == 10 * HOUR
    assert office_time(MAY, at("2026-05-01T00:00"), at("2026-05-06T09:00")) == timedelta(0)
    assert office_time(MAY, at("2026-05-11T10:00"), at("2026-05-08T16:00")) == timedelta(0)


def test_two_office_hours_after_a_night_end_in_the_morning() -> None:
    assert add_office_time(PLAIN, at("2026-06-05T16:00"), 2 * HOUR) == at("2026-06-08T10:00")
    assert add_office_time(PLAIN, at("2026-06-05T16:00"), HOUR) == at("2026-06-05T17:00")
    assert add_office_time(PLAIN, at("2026-06-06T16:00"), 0 * HOUR) == at("2026-06-06T16:00")
    with pytest.raises(ValueError, match="forward"):
        add_office_time(PLAIN, at("2026-06-05T16:00"), -HOUR)


def test_an_office_that_never_opens_is_refused_instead_of_waited_for() -> None:
    with pytest.raises(CalendarHoursError):
        add_office_time(calendar(closes="09:00"), at("2026-06-05T16:00"), HOUR)


def test_a_part_of_office_time_is_found_to_the_microsecond() -> None:
    start, end = at("2026-06-05T16:00"), at("2026-06-08T17:00")
    assert part_of_office_time(PLAIN, start, end, 1, 3) == at("2026-06-08T11:00")
    third = part_of_office_time(PLAIN, start, start + timedelta(microseconds=10), 1, 3)
    assert third == start + timedelta(microseconds=3)


def test_without_office_time_it_is_the_part_of_plain_time() -> None:
    start = at("2026-06-06T10:00")
    assert part_of_office_time(PLAIN, start, start + 3 * HOUR, 1, 3) == start + HOUR


# laws

INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """With any weekend, any special days in 2026 and around, any office hours."""
    days = draw(
        st.dictionaries(st.integers(-30, 430), st.sampled_from(["holiday", "workday"]), max_size=60)
    )
    entries = [
        entry((date(2026, 1, 1) + number * DAY).isoformat(), kind=kind)
        for number, kind in sorted(days.items())
    ]
    weekend = sorted(draw(st.sets(st.integers(1, 7), max_size=6)))
    opens = draw(st.integers(0, 1_409))
    closes = draw(st.integers(opens + 30, 1_439))
    made = calendar(
        *entries,
        weekend=tuple(weekend),
        opens=f"{opens // 60:02}:{opens % 60:02}",
        closes=f"{closes // 60:02}:{closes % 60:02}",
        offsets=draw(st.sampled_from([EAST_8, BERLIN])),
    )
    check_calendar(made)
    return made


@given(calendars(), INSTANTS, st.integers(1, 60))
def test_working_days_end_at_the_close_of_a_working_day(
    made: Calendar, opening: datetime, days: int
) -> None:
    counted = count_days(made, opening, days, "working")
    last = counted.days[-1]
    assert is_working(made, last.day)
    assert counted.instant == close_of(made, last.day)
    assert last.number == days
    assert last.day > local_day(made, opening)
    assert days_between(made, opening, counted.instant, "working") == days


@given(
    calendars(),
    INSTANTS,
    st.integers(1, 60),
    st.sampled_from(["working", "calendar"]),
    st.sampled_from(["none", "forward", "back"]),
)
def test_the_explanation_leaves_no_day_out(
    made: Calendar, opening: datetime, days: int, kind: str, roll: str
) -> None:
    counted = count_days(made, opening, days, kind, roll)  # type: ignore[arg-type]
    assert counted.days[0].day == local_day(made, opening)
    for one, other in pairwise(counted.days):
        assert abs(other.day - one.day) == DAY
    assert [each.number for each in counted.days if each.counted] == list(range(1, days + 1))
    assert counted.instant == close_of(made, counted.days[-1].day)
    assert counted.days[-1].day > counted.days[0].day
    for each in counted.days:
        assert (each.kind_of_day, each.name) == day_kind(made, each.day)
    if kind == "working" or roll != "none":
        assert is_working(made, counted.days[-1].day)


@given(
    calendars(),
    INSTANTS,
    st.integers(1, 40),
    st.sampled_from(["working", "calendar"]),
    st.sampled_from(["none", "forward"]),
    st.dates(date(2025, 12, 1), date(2027, 6, 1)),
)
def test_a_holiday_more_never_makes_a_deadline_earlier(
    made: Calendar, opening: datetime, days: int, kind: str, roll: str, more: date
) -> None:
    """Rolled back it may be: that is what it says."""
    others = [each for each in made.entries if each.first != more]
    entries = sorted([*others, entry(more.isoformat())], key=lambda each: each.first)
    with_it = made.model_copy(update={"entries": tuple(entries)})
    before = count_days(made, opening, days, kind, roll)  # type: ignore[arg-type]
    after = count_days(with_it, opening, days, kind, roll)  # type: ignore[arg-type]
    assert after.instant >= before.instant


@given(calendars(), INSTANTS, st.integers(-60, 60), st.sampled_from(["working", "calendar"]))
def test_from_a_working_day_there_and_back_is_where_one_was(
    made: Calendar, instant: datetime, n: int, kind: str
) -> None:
    # at daylight saving one local time is two instants or none
    assume(made.offsets == EAST_8 or local_time(made, instant).time() >= time(4))
    assume(is_working(made, local_day(made, instant)))
    there = shift_days(made, instant, n, kind)  # type: ignore[arg-type]
    assert shift_days(made, there, -n, kind) == instant  # type: ignore[arg-type]
    assert local_time(made, there).time() == local_time(made, instant).time()
    assert days_between(made, instant, there, kind) == max(n, 0)  # type: ignore[arg-type]


@given(calendars(), INSTANTS, st.timedeltas(TICK, 60 * HOUR))
def test_added_office_time_is_the_office_time_between(
    made: Calendar, start: datetime, duration: timedelta
) -> None:
    end = add_office_time(made, start, duration)
    assert office_time(made, start, end) == duration
    assert office_time(made, start, end - TICK) == duration - TICK


@given(calendars(), INSTANTS, st.timedeltas(timedelta(0), 40 * DAY), st.integers(0, 7))
def test_a_part_lies_between_the_ends_and_halves_what_it_says(
    made: Calendar, start: datetime, duration: timedelta, numerator: int
) -> None:
    end = start + duration
    part = part_of_office_time(made, start, end, numerator, 7)
    assert start <= part <= end
    total = office_time(made, start, end)
    if total:
        assert office_time(made, start, part) == total * numerator // 7


@given(calendars(), INSTANTS)
def test_an_office_opens_before_it_closes_on_the_day_itself(
    made: Calendar, instant: datetime
) -> None:
    day = local_day(made, instant)
    assume(made.offsets == EAST_8 or made.opens >= "04:00")
    assert open_of(made, day) < close_of(made, day)
    assert local_day(made, open_of(made, day)) == local_day(made, close_of(made, day)) == day
    assert local_time(made, close_of(made, day)).strftime("%H:%M") == made.closes


def _walk(made: Calendar, start: datetime, end: datetime) -> list[date]:
    """The working days from one instant's day to the other's, one by one."""
    first, last = local_day(made, start), local_day(made, end)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    return [day for day in days if is_working(made, day)]


@given(calendars(), INSTANTS, st.timedeltas(-3 * DAY, 300 * DAY))
def test_counts_are_those_of_a_plain_walk_over_the_days(
    made: Calendar, start: datetime, duration: timedelta
) -> None:
    """Long spans are counted by weeks; the answer is that of looking at every day."""
    end = start + duration
    walked = _walk(made, start, end)
    cut = (min(close_of(made, d), end) - max(open_of(made, d), start) for d in walked)
    total = sum((max(inside, timedelta(0)) for inside in cut), timedelta(0))
    assert office_time(made, start, end) == total
    later = [day for day in walked if day > local_day(made, start)]
    assert days_between(made, start, end, "working") == len(later)
    if total:
        assert add_office_time(made, start, total) <= end


@given(calendars(), INSTANTS, st.lists(st.integers(-30, 30).filter(bool), min_size=1, max_size=8))
def test_days_counted_before_are_those_of_a_plain_walk_too(
    made: Calendar, start: datetime, counts: list[int]
) -> None:
    """A calendar remembers what it was asked."""
    day = local_day(made, start)
    for n in (*counts, *counts):
        step = DAY if n > 0 else -DAY
        walk = (day + step * far for far in count(1))
        working = (each for each in walk if is_working(made, each))
        assert working_day_after(made, day, n) == next(islice(working, abs(n) - 1, None))
