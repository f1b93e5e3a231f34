"""Days of a calendar as rows and words; what two calendars say differently (cli layer; pydantic)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from lianxi.cli.language import _
from lianxi.cli.render import Column, word, yes_no
from lianxi.domain.calendar import Calendar, CalendarEntry, day_kind
from lianxi.i18n import N_

KINDS = {
    "working": N_("working day"),
    "make-up": N_("make-up working day"),
    "weekend": N_("weekend"),
    "holiday": N_("holiday"),
}
"""What a day can be, and how people read it."""

ONE_DAY = timedelta(days=1)


def kind_word(value: Any, how: str = "") -> str:
    """What a day is."""
    return _(KINDS[value]) if value in KINDS else word(value, how)


DAY_COLUMNS = (
    Column("day", N_("day")),
    Column("weekday", N_("weekday")),
    Column("kind", N_("kind"), kind_word),
    Column("name", N_("name")),
    Column("working", N_("counted"), yes_no),
    Column("provisional", N_("provisional"), yes_no),
)

DIFFERENCE_COLUMNS = (
    Column("day", N_("day")),
    Column("here", N_("here"), kind_word),
    Column("there", N_("there"), kind_word),
    Column("name", N_("name")),
)


def days_of(year: int) -> Iterator[date]:
    """Every day of a year."""
    return between(date(year, 1, 1), date(year, 12, 31))


def between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + number * ONE_DAY


def day_row(calendar: Calendar, day: date) -> dict[str, Any]:
    """One day; `weekday` is ISO's, Monday is 1."""
    what = day_kind(calendar, day)
    return {
        "day": day.isoformat(),
        "weekday": day.isoweekday(),
        "kind": what.kind,
        "name": what.name,
        "working": what.is_working,
        "provisional": day > calendar.known_until,
    }


def differences(here: Calendar, there: Calendar, first: date, last: date) -> list[dict[str, Any]]:
    """The days that are worked by one of two calendars and not by the other."""
    rows = []
    for day in between(first, last):
        mine, other = day_kind(here, day), day_kind(there, day)
        if mine.is_working != other.is_working:
            rows.append(
                {
                    "day": day.isoformat(),
                    "here": mine.kind,
                    "there": other.kind,
                    "name": mine.name or other.name,
                }
            )
    return rows


def entries_of(calendar: Calendar, year: int) -> list[CalendarEntry]:
    """The entries with a day in this year."""
    return [entry for entry in calendar.entries if entry.first.year <= year <= entry.last.year]


def last_year(calendar: Calendar) -> int:
    """The last year that the calendar has anything of."""
    entries = [entry.last.year for entry in calendar.entries]
    return max(entries, default=calendar.known_until.year)


def provisional_years(calendar: Calendar) -> list[int]:
    """The years with entries, a part of which is not announced."""
    first = calendar.known_until + ONE_DAY
    return list(range(first.year, last_year(calendar) + 1))


def span(entry: CalendarEntry) -> str:
    """First and last day, or the one day."""
    first, last = entry.first.isoformat(), entry.last.isoformat()
    return first if first == last else f"{first} .. {last}"
