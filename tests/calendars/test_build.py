"""Calendars of other countries, zones as data, override files on top, and what cannot be built."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lianxi.calendars.build import build_calendar
from lianxi.calendars.faults import CalendarSourceError
from lianxi.calendars.overrides import Overrides, read_overrides
from lianxi.domain.calendar import (
    check_calendar,
    close_of,
    day_kind,
    is_working,
    local_time,
    open_of,
)
from lianxi.domain.calendar_refusals import CalendarHoursError
from lianxi.domain.counting import count_days


def test_another_country_has_its_own_holidays_weekend_and_no_make_up_days() -> None:
    germany = build_calendar("DE", [2026, 2027], zone="Europe/Berlin", closes="16:30")
    assert day_kind(germany, date(2026, 5, 25)) == ("holiday", "Pfingstmontag")
    assert {entry.kind for entry in germany.entries} == {"holiday"}
    assert germany.known_until == date(2027, 12, 31)
    japan = build_calendar("JP", [2026], zone="Asia/Tokyo")
    assert day_kind(japan, date(2026, 5, 6)) == ("holiday", "振替休日")
    arabia = build_calendar("SA", [2026], zone="Asia/Riyadh")
    assert arabia.weekend == (5, 6)
    assert is_working(arabia, date(2026, 1, 4))


def test_another_countrys_make_up_day_is_named_by_its_day_off() -> None:
    hungary = build_calendar("HU", [2026], zone="Europe/Budapest")
    assert day_kind(hungary, date(2026, 1, 10)) == ("make-up", "2026-01-02")


def test_a_year_with_estimated_dates_is_provisional() -> None:
    """Iran moves no working days; its lunar holidays of 2027 are estimates of the package."""
    iran = build_calendar("IR", [2026, 2027], zone="Asia/Tehran")
    assert iran.known_until == date(2026, 12, 31)


def test_a_long_name_is_cut() -> None:
    america = build_calendar("US", [2026], zone="America/New_York")
    assert day_kind(america, date(2026, 6, 19)).name == "Juneteenth National Independenc…"


def test_names_do_not_follow_the_locale_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")
    germany = build_calendar("DE", [2026], zone="Europe/Berlin")
    assert day_kind(germany, date(2026, 12, 25)).name == "Erster Weihnachtstag"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Asia/Shanghai", "UTC"])
def test_offsets_as_data_say_what_the_zone_says(zone: str) -> None:
    calendar = build_calendar("DE", [2026], zone=zone)
    instant = datetime(2025, 1, 1, tzinfo=UTC)
    while instant.year < 2032:
        wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert local_time(calendar, instant) == wall
        instant += timedelta(minutes=37 * 20)
    for offset in calendar.offsets[1:]:
        for moment in (offset.since - timedelta(seconds=1), offset.since):
            assert local_time(calendar, moment) == moment.astimezone(ZoneInfo(zone)).replace(
                tzinfo=None
            )


def test_office_hours_follow_daylight_saving() -> None:
    germany = build_calendar("DE", [2026], zone="Europe/Berlin")
    assert close_of(germany, date(2026, 3, 27)) == datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert close_of(germany, date(2026, 3, 30)) == datetime(2026, 3, 30, 15, tzinfo=UTC)
    assert open_of(germany, date(2026, 10, 26)) == datetime(2026, 10, 26, 8, tzinfo=UTC)


OVERRIDES = """zone: Asia/Urumqi
opens: 10:00
closes: 18:30
weekend: [7]
known_until: 2026-06-30
holidays:
  - {from: 2026-03-02, to: 2026-03-03, name: 会议}
  - {from: 2026-03-05, name: 会议}
  - {from: 2026-05-09, name: 劳动节}
workdays:
  - {from: 2026-05-04, to: 2026-05-05, name: 加班}
"""


def test_an_override_replaces_what_the_package_says_about_its_days() -> None:
    over = read_overrides(OVERRIDES, "days.yaml")
    calendar = build_calendar("CN", [2026], zone="Asia/Shanghai", version=3, overrides=over)
    assert (calendar.zone, calendar.opens, calendar.closes) == ("Asia/Urumqi", "10:00", "18:30")
    assert (calendar.version, calendar.weekend) == (3, (7,))
    assert calendar.known_until == date(2026, 6, 30)
    assert [day_kind(calendar, date(2026, 3, day)).name for day in (2, 3, 4, 5)] == [
        "会议",
        "会议",
        None,
        "会议",
    ]
    assert day_kind(calendar, date(2026, 5, 9)) == ("holiday", "劳动节")
    assert [day_kind(calendar, date(2026, 5, day)).kind for day in (3, 4, 5, 6)] == [
        "holiday",
        "make-up",
        "make-up",
        "working",
    ]
    check_calendar(calendar)
    past = count_days(calendar, datetime(2026, 6, 29, tzinfo=UTC), 3, "working")
    assert past.provisional


def test_where_an_override_is_silent_nothing_changes() -> None:
    plain = build_calendar("CN", [2026], zone="Asia/Shanghai")
    early = build_calendar("CN", [2026], zone="Asia/Shanghai", overrides=Overrides(opens="08:00"))
    assert early == plain.model_copy(update={"opens": "08:00"})


@pytest.mark.parametrize(
    ("country", "years", "zone", "reason"),
    [
        ("XX", [2026], "UTC", "country XX"),
        ("CHN", [2026], "UTC", "country CHN"),
        ("cn", [2026], "UTC", "country cn"),
        ("CN", [], "UTC", "between 2001 and 2099"),
        ("CN", [1999], "UTC", "between 2001 and 2099"),
        ("CN", [2100], "UTC", "between 2001 and 2099"),
        ("CN", range(2001, 2100), "UTC", "at most 400"),
        ("CN", [2026], "Asia/Peking", "zone Asia/Peking"),
        ("CN", [2026], "../etc/passwd", "zone ../etc/passwd"),
    ],
)
def test_what_cannot_be_built_is_said(
    country: str, years: list[int], zone: str, reason: str
) -> None:
    with pytest.raises(CalendarSourceError, match=reason):
        build_calendar(country, years, zone=zone)


def test_hours_and_version_are_checked() -> None:
    with pytest.raises(CalendarSourceError, match="opens"):
        build_calendar("CN", [2026], zone="UTC", opens="9 o'clock")
    with pytest.raises(CalendarSourceError, match="version"):
        build_calendar("CN", [2026], zone="UTC", version=0)
    with pytest.raises(CalendarHoursError):
        build_calendar("CN", [2026], zone="UTC", opens="18:00")


def test_every_country_of_the_package_becomes_a_calendar() -> None:
    """Names are cut and cleaned to what an entry can take, nothing else goes wrong."""
    from holidays import list_supported_countries

    countries = list_supported_countries(include_aliases=False)
    for country in countries:
        check_calendar(build_calendar(country, [2026], zone="UTC"))
    assert len(countries) > 200


def test_help_does_not_import_the_package() -> None:
    """It costs a tenth of a second."""
    program = (
        "import sys; from lianxi.cli.main import main; main(['--help']);"
        "print([n for n in ('holidays', 'lianxi.calendars') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
