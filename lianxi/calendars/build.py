"""Builds a calendar of the package's days, an override file's, and a zone's offsets (shell layer)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby

from pydantic import ValidationError

from lianxi.calendars.faults import CalendarSourceError
from lianxi.calendars.overrides import Overrides
from lianxi.calendars.package import Special, ask
from lianxi.calendars.zones import offsets_of
from lianxi.domain.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    Calendar,
    CalendarEntry,
    check_calendar,
)
from lianxi.i18n import N_

MAX_ENTRIES = 400
"""As in lianxi.domain.calendar.Calendar."""


def build_calendar(  # noqa: PLR0913 - the parts of a calendar, by name
    country: str,
    years: Iterable[int],
    *,
    zone: str,
    opens: str = "09:00",
    closes: str = "17:00",
    version: int = 1,
    overrides: Overrides | None = None,
) -> Calendar:
    """The calendar of a country for all years from the first of `years` to the last.

    What `overrides` gives goes before the arguments and the package, day by day. Raises
    CalendarSourceError, or a refusal of `check_calendar`.
    """
    over = overrides or Overrides()
    first, last = _span(years)
    known = ask(country, first, last)
    days = known.days | {
        day: Special(entry.kind, entry.name)
        for entry in over.entries
        for day in _days(entry.first, entry.last)
    }
    entries = tuple(_grouped(days))
    if len(entries) > MAX_ENTRIES:
        raise CalendarSourceError(
            N_("the calendar has {count} entries; at most {limit} are taken"),
            N_("Give fewer years."),
            count=len(entries),
            limit=MAX_ENTRIES,
        )
    in_zone = over.zone or zone
    offsets = offsets_of(in_zone, first, last)
    try:
        calendar = Calendar(
            version=version,
            zone=in_zone,
            opens=over.opens or opens,
            closes=over.closes or closes,
            weekend=known.weekend if over.weekend is None else over.weekend,
            offsets=offsets,
            entries=entries,
            known_until=over.known_until or known.until,
        )
    except ValidationError as error:
        raise CalendarSourceError(
            N_("{field} cannot stand in a calendar"),
            N_("Give times like 09:00 and a version from 1 on."),
            field=str(error.errors()[0]["loc"][0]),
        ) from None
    check_calendar(calendar)
    return calendar


def _span(years: Iterable[int]) -> tuple[int, int]:
    given = sorted(years)
    # the year before and the one after are looked at too, and days end with 2100
    if not given or given[0] <= FIRST_YEAR or given[-1] >= LAST_YEAR:
        raise CalendarSourceError(
            N_("the years of a calendar lie between {first} and {last}"),
            N_("Give one year or more."),
            first=FIRST_YEAR + 1,
            last=LAST_YEAR - 1,
        )
    return given[0], given[-1]


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _grouped(days: Mapping[date, Special]) -> Iterator[CalendarEntry]:
    """Consecutive days of one kind and name as one entry."""
    numbered = enumerate(sorted(days))
    # consecutive days keep their distance to a running number
    for _, group in groupby(numbered, lambda item: (item[1].toordinal() - item[0], days[item[1]])):
        together = [day for _, day in group]
        special = days[together[0]]
        yield CalendarEntry(
            first=together[0], last=together[-1], kind=special.kind, name=special.name
        )
