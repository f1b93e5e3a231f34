"""Limits of each rule: where they settle, what is refused, how a suspension moves them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lianxi.domain.calendar import FALLBACK_CALENDAR, Calendar
from lianxi.domain.counting import count_days
from lianxi.domain.limits import (
    MAX_AHEAD,
    AnyLimit,
    DaysLimit,
    DurationLimit,
    InstantLimit,
    Limit,
    LimitPastError,
    LimitTooFarError,
    resumed,
    settle,
    settle_ahead,
    settle_counted,
)

LIMIT: TypeAdapter[AnyLimit] = TypeAdapter(Limit)
DAY = timedelta(days=1)

CHINA = Calendar.model_validate(
    {
        "version": 2,
        "zone": "Asia/Shanghai",
        "offsets": [{"since": "2025-01-01T00:00:00.000000Z", "seconds": 28_800}],
        "entries": [
            {"first": "2026-05-01", "last": "2026-05-05", "kind": "holiday", "name": "劳动节"},
            {"first": "2026-05-09", "last": "2026-05-09", "kind": "workday", "name": "劳动节"},
        ],
        "known_until": "2026-12-31",
    }
)


def at(text: str) -> datetime:
    """An instant of the clocks in Shanghai."""
    return datetime.fromisoformat(f"{text}:00+08:00").astimezone(UTC)


FRIDAY = at("2026-05-08T16:00")
WORKING_3 = DaysLimit(days=3, kind="working")
CALENDAR_3 = DaysLimit(days=3, kind="calendar")


def test_the_rule_says_which_limit_it_is() -> None:
    for limit in (
        WORKING_3,
        DaysLimit(days=30, kind="calendar", roll="back"),
        DurationLimit(seconds=5),
        InstantLimit(at=FRIDAY),
    ):
        assert LIMIT.validate_json(LIMIT.dump_json(limit)) == limit
    assert LIMIT.validate_python({"rule": "days", "days": 3, "kind": "working"}) == WORKING_3


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0, "kind": "working"},
        {"days": 1831, "kind": "working"},
        {"days": 3},
        {"days": 3, "kind": "office"},
        {"days": 3, "kind": "working", "roll": "up"},
        {"days": 3, "kind": "working", "hours": 1},
    ],
)
def test_another_form_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LIMIT.validate_python({"rule": "days", **wrong})


@given(
    st.datetimes(timezones=st.just(UTC), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(1, int(MAX_AHEAD.total_seconds())),
)
def test_the_first_two_rules_settle_without_any_calendar(opening: datetime, seconds: int) -> None:
    """Recorded histories are replayed by them, byte for byte."""
    for calendar in (None, CHINA):
        duration = DurationLimit(seconds=seconds)
        assert settle(duration, opening, calendar) == opening + timedelta(seconds=seconds)
        assert settle_ahead(duration, opening, "due", calendar) == settle(duration, opening)
        assert settle(InstantLimit(at=FRIDAY), opening, calendar) == FRIDAY
    assert settle_counted(InstantLimit(at=FRIDAY), opening, CHINA) == (FRIDAY, None, False)


def test_days_settle_on_the_calendar_that_is_given() -> None:
    assert settle(WORKING_3, FRIDAY, CHINA) == at("2026-05-12T17:00")
    assert settle_ahead(WORKING_3, FRIDAY, "due", CHINA) == at("2026-05-12T17:00")
    assert settle(CALENDAR_3, FRIDAY, CHINA) == at("2026-05-11T17:00")


def test_without_a_calendar_days_settle_from_monday_to_friday_in_utc() -> None:
    assert settle(WORKING_3, FRIDAY) == datetime(2026, 5, 13, 17, tzinfo=UTC)
    assert settle_counted(WORKING_3, FRIDAY, FALLBACK_CALENDAR).instant == settle(WORKING_3, FRIDAY)


def test_what_settles_it_explains_it() -> None:
    settled = settle_counted(WORKING_3, FRIDAY, CHINA)
    assert settled.counted == count_days(CHINA, FRIDAY, 3, "working")
    assert not settled.provisional
    late = settle_counted(WORKING_3, at("2026-12-30T09:00"), CHINA)
    assert late.provisional
    assert late.counted is not None
    assert late.counted.days[-1].day == date(2027, 1, 4)


def test_a_limit_rolls_as_it_says() -> None:
    opening = at("2026-04-29T10:00")
    assert settle(CALENDAR_3, opening, CHINA) == at("2026-05-02T17:00")
    rolled = CALENDAR_3.model_copy(update={"roll": "forward"})
    assert settle(rolled, opening, CHINA) == at("2026-05-06T17:00")
    rolled = CALENDAR_3.model_copy(update={"roll": "back"})
    assert settle(rolled, opening, CHINA) == at("2026-04-30T17:00")


def test_a_limit_is_refused_in_the_past_and_beyond_five_years() -> None:
    with pytest.raises(LimitPastError):
        settle_ahead(InstantLimit(at=FRIDAY), FRIDAY, "due")
    with pytest.raises(LimitTooFarError):
        settle_ahead(DaysLimit(days=1830, kind="working"), FRIDAY, "due", CHINA)
    with pytest.raises(LimitTooFarError):
        # the close of the last day lies an hour past five years
        settle_ahead(DaysLimit(days=1830, kind="calendar"), FRIDAY, "due", CHINA)
    just = DaysLimit(days=1829, kind="calendar")
    assert settle_ahead(just, FRIDAY, "due", CHINA) - FRIDAY <= MAX_AHEAD


# how a suspension moves what was due

DUE = at("2026-05-12T17:00")


def test_working_days_move_by_the_working_days_suspended() -> None:
    """Thursday to Monday over a make-up Saturday: Friday, Saturday, Monday."""
    moved = resumed(WORKING_3, DUE, CHINA, at("2026-05-07T12:00"), at("2026-05-11T09:00"))
    assert moved == at("2026-05-15T17:00")
    thursday = at("2026-05-14T17:00")
    moved = resumed(WORKING_3, thursday, CHINA, at("2026-05-07T12:00"), at("2026-05-11T09:00"))
    assert moved == at("2026-05-19T17:00")


def test_calendar_days_move_by_the_days_suspended() -> None:
    suspended, again = at("2026-05-07T12:00"), at("2026-05-11T09:00")
    assert resumed(CALENDAR_3, DUE, CHINA, suspended, again) == at("2026-05-16T17:00")


def test_within_a_day_nothing_moves() -> None:
    for limit in (WORKING_3, CALENDAR_3):
        assert resumed(limit, DUE, CHINA, FRIDAY, FRIDAY + timedelta(hours=7)) == DUE


@pytest.mark.parametrize(("roll", "end"), [("forward", "05-18"), ("back", "05-15")])
def test_moved_calendar_days_roll_as_their_limit_says(roll: str, end: str) -> None:
    limit = CALENDAR_3.model_copy(update={"roll": roll})
    moved = resumed(limit, DUE, CHINA, at("2026-05-07T12:00"), at("2026-05-11T09:00"))
    assert moved == at(f"2026-{end}T17:00")


def test_a_roll_back_does_not_take_a_moved_limit_before_what_was_due() -> None:
    limit = DaysLimit(days=3, kind="calendar", roll="back")
    sunday = at("2026-05-10T17:00")
    moved = resumed(limit, sunday, CHINA, at("2026-05-05T12:00"), at("2026-05-11T09:00"))
    assert moved == at("2026-05-15T17:00")
    saturday = at("2026-05-16T17:00")
    moved = resumed(limit, saturday, CHINA, at("2026-05-12T12:00"), at("2026-05-13T09:00"))
    assert moved == at("2026-05-18T17:00")


def test_a_duration_moves_by_the_very_time() -> None:
    limit = DurationLimit(seconds=60)
    assert resumed(limit, DUE, CHINA, FRIDAY, FRIDAY + 61 * timedelta(seconds=1)) == (
        DUE + timedelta(seconds=61)
    )


def test_an_instant_does_not_move() -> None:
    with pytest.raises(TypeError):
        resumed(InstantLimit(at=DUE), DUE, CHINA, FRIDAY, FRIDAY + DAY)


@given(
    st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2026, 12, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.timedeltas(timedelta(0), 60 * DAY),
    st.sampled_from(["working", "calendar"]),
    st.sampled_from(["none", "forward", "back"]),
    st.integers(1, 40),
)
def test_a_suspension_never_makes_a_limit_earlier(
    suspended_at: datetime, pause: timedelta, kind: str, roll: str, days: int
) -> None:
    limit = DaysLimit.model_validate({"days": days, "kind": kind, "roll": roll})
    due = settle(limit, suspended_at - DAY, CHINA)
    assert resumed(limit, due, CHINA, suspended_at, suspended_at + pause) >= due
