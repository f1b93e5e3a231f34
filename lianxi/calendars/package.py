"""What the package `holidays` says of a country: days off, make-up days, what is announced (shell layer).

The package gives days off as a table of names, working weekends as `weekend_workdays`, and which day
was moved to which in `special_public_holidays` (year: (month, day off, month, day worked[, year])).
In China the yearly notice of the State Council sets both, as runs of days under a festival's name;
`_JOINED` makes those runs again.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from holidays import HolidayBase, country_holidays, list_supported_countries
from pydantic import TypeAdapter, ValidationError

from lianxi.calendars.faults import CalendarSourceError
from lianxi.domain.calendar import EntryKind, EntryName
from lianxi.i18n import N_

_JOINED = {"CN": {"农历除夕": "春节"}}
"""Countries whose notices name a whole run of days off; names that stand for another there."""

_MAX_NAME = 32
_DAY = timedelta(days=1)
_SUBSTITUTED = 4
"""So many items has an entry of `special_public_holidays` that moves a day, or one more."""

_NAME: TypeAdapter[str] = TypeAdapter(EntryName)


@dataclass(frozen=True, slots=True)
class Special:
    """What is said of one day."""

    kind: EntryKind
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """A country's special days; `weekend` are ISO days of the week, `until` the last known day."""

    days: dict[date, Special]
    weekend: tuple[int, ...]
    until: date


def ask(country: str, first_year: int, last_year: int) -> Known:
    """What the package knows of these years; raises CalendarSourceError for an unknown country."""
    if country not in list_supported_countries(include_aliases=False):
        raise CalendarSourceError(
            N_("there is no calendar of the country {country}"),
            N_("Give two capital letters (ISO 3166), such as CN or DE."),
            country=country,
        )
    # a year more at both ends: a run and a moved day may reach over New Year
    table = country_holidays(
        country,
        years=range(first_year - 1, last_year + 2),
        # the country's own; left out, the package would follow the locale of this machine
        language=country_holidays(country).default_language,
    )
    moved = _moved(table)
    joined = country in _JOINED
    off = _joined(table, moved, _JOINED[country]) if joined else _plain(table)
    days = {day: Special("holiday", name) for day, name in off.items()}
    for worked in table.weekend_workdays:
        # named by the festival, or by the day off, that it is worked for
        day_off = moved.get(worked, worked)
        name = off.get(day_off) if joined else None
        days[worked] = Special("workday", name or day_off.isoformat())
    return Known(
        days={day: days[day] for day in sorted(days) if first_year <= day.year <= last_year},
        weekend=tuple(sorted(day + 1 for day in table.weekend)),
        until=_known_until(table, first_year, last_year),
    )


def _moves(table: HolidayBase) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The moved days by year, as the package writes them; other special days are left out."""
    for year, given in getattr(table, "special_public_holidays", {}).items():
        for entry in given if isinstance(given[0], tuple) else (given,):
            if len(entry) >= _SUBSTITUTED:
                yield year, entry


def _moved(table: HolidayBase) -> dict[date, date]:
    """The day off that each moved day is worked for."""
    return {
        date(worked_year[0] if worked_year else year, from_month, from_day): date(year, month, day)
        for year, (month, day, from_month, from_day, *worked_year) in _moves(table)
    }


def _known_until(table: HolidayBase, first_year: int, last_year: int) -> date:
    """The last day before the first year that is not announced: a later notice may change it.

    Announced are, in a country that moves working days, the years up to the last one with moves in
    the package's data. A year with a date the package itself calls estimated is not announced.
    """
    announced = max((year for year, _ in _moves(table)), default=last_year)
    marks = tuple(_marks(table, "estimated_label", "observed_estimated_label"))
    estimated = {day.year for day, name in table.items() if any(mark in name for mark in marks)}
    for year in range(first_year, last_year + 1):
        if year > announced or year in estimated:
            return date(year - 1, 12, 31)
    return date(last_year, 12, 31)


def _marks(table: HolidayBase, *labels: str) -> Iterator[str]:
    """What the package adds to a name, in the language of the table."""
    for label in labels:
        template = getattr(table, label, None)
        if template:
            yield table.tr(template).replace("%s", "").strip()


def _plain(table: HolidayBase) -> dict[date, str]:
    return {day: _short(name) for day, name in table.items()}


def _joined(
    table: HolidayBase, moved: dict[date, date], renamed: dict[str, str]
) -> dict[date, str]:
    """Every day of a run of days off, weekends inside and beside it too, under its festivals."""
    marks = tuple(_marks(table, "observed_label"))
    days_moved = frozenset(moved.values())
    off: dict[date, str] = {}
    for run in _runs(table):
        names = (table[day] for day in run if day in table and day not in days_moved)
        festivals = dict.fromkeys(renamed.get(name, name) for name in _without(names, marks))
        name = "、".join(festivals) or next(table[day] for day in run if day in table)
        off |= dict.fromkeys(run, _short(name))
    return off


def _runs(table: HolidayBase) -> Iterator[list[date]]:
    """Consecutive days without work, at least one of them a holiday."""
    run: list[date] = []
    for ordinal in range(min(table).toordinal() - 7, max(table).toordinal() + 8):
        day = date.fromordinal(ordinal)
        if not table.is_working_day(day):
            run.append(day)
        elif run:
            if any(each in table for each in run):
                yield run
            run = []


def _without(names: Iterable[str], marks: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for mark in marks:
            name = name.replace(mark, "").strip()  # noqa: PLW2901 - each mark is taken off in turn
        yield name


def _short(name: str) -> str:
    """A name as an entry can take it: without other signs, at most 32 characters."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"^[\W_]+", "", name)
    if len(name) > _MAX_NAME:
        name = name[: _MAX_NAME - 1].rstrip() + "…"
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        return re.sub(r"[^\w ]|_", " ", name).strip() or "-"
