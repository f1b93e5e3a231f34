"""The calendar of the demo year, and the script's days on it (tools, pure).

Illustrative: holidays of fixed dates, so that any year can be lived through; the autumn holidays are
announced in summer, as version 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from lianxi.domain.calendar import (
    Calendar,
    CalendarEntry,
    EntryKind,
    OffsetSince,
    check_calendar,
    is_working,
    local_time,
    utc_of,
)

ZONE = "Asia/Shanghai"
HOURS_EAST = 8

DAY = timedelta(days=1)
SATURDAY, SUNDAY = 6, 7

Run = tuple[str, str, str, bool]
"""First and last day as MM-DD, name, and whether the weekends beside it are worked instead."""

KNOWN_FIRST: tuple[Run, ...] = (
    ("01-01", "01-03", "元旦", False),
    ("02-05", "02-11", "春节", True),
    ("04-04", "04-06", "清明节", False),
    ("05-01", "05-05", "劳动节", True),
    ("06-09", "06-11", "端午节", False),
)
"""Announced when the conference is founded: up to the end of September."""

KNOWN_LATER: tuple[Run, ...] = (("10-01", "10-07", "国庆节、中秋节", True),)
"""Announced in summer: days are off that everybody had counted on."""


def calendar_of(year: int, version: int) -> Calendar:
    """Version 1 knows the year up to September, version 2 the whole of it."""
    runs = KNOWN_FIRST if version == 1 else (*KNOWN_FIRST, *KNOWN_LATER)
    off = {day for first, last, _, _ in runs for day in _days(_on(year, first), _on(year, last))}
    entries = [entry for run in runs for entry in _entries(year, run, off)]
    calendar = Calendar(
        version=version,
        zone=ZONE,
        offsets=(OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=HOURS_EAST * 3_600),),
        entries=tuple(sorted(entries, key=lambda entry: entry.first)),
        known_until=date(year, 9, 30) if version == 1 else date(year, 12, 31),
    )
    check_calendar(calendar)
    return calendar


def _entries(year: int, run: Run, off: set[date]) -> Iterator[CalendarEntry]:
    first, last, name, made_up = _on(year, run[0]), _on(year, run[1]), run[2], run[3]
    yield _entry(first, last, "holiday", name)
    if made_up:
        before, after = first - DAY, last + DAY
        while before.isoweekday() != SUNDAY or before in off:
            before -= DAY
        while after.isoweekday() != SATURDAY or after in off:
            after += DAY
        yield _entry(before, before, "workday", name)
        yield _entry(after, after, "workday", name)


def _entry(first: date, last: date, kind: EntryKind, name: str) -> CalendarEntry:
    return CalendarEntry(first=first, last=last, kind=kind, name=name)


def _on(year: int, month_day: str) -> date:
    return date.fromisoformat(f"{year}-{month_day}")


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


Day = int | str
"""A working day counted from some day 0, or a date MM-DD: that day or the first working day after."""


@dataclass(frozen=True)
class Days:
    """The working days of one year, as they turn out to be."""

    year: int

    @cached_property
    def calendar(self) -> Calendar:
        """As the whole year is known in the end."""
        return calendar_of(self.year, 2)

    @cached_property
    def working(self) -> tuple[date, ...]:
        """Every working day of the year; the first is number 0."""
        every = _days(date(self.year, 1, 1), date(self.year, 12, 31))
        return tuple(day for day in every if is_working(self.calendar, day))

    def date_of(self, day: Day, zero: int = 0) -> date:
        """The date of a day of the script; IndexError beyond the year."""
        if isinstance(day, int):
            return self.working[zero + day]
        wanted = _on(self.year, day)
        return next(each for each in self.working if each >= wanted)

    def instant(self, day: Day, at: str, zero: int = 0) -> datetime:
        """The instant of a local time on a day of the script."""
        wall = datetime.combine(self.date_of(day, zero), time.fromisoformat(at))
        return utc_of(self.calendar, wall)

    def month_ends(self) -> Iterator[datetime]:
        """The last moment of every month."""
        for month in range(1, 13):
            following = date(self.year + month // 12, month % 12 + 1, 1)
            yield utc_of(self.calendar, datetime.combine(following, time())) - timedelta(minutes=1)

    def local(self, instant: datetime) -> datetime:
        """The conference's wall clock."""
        return local_time(self.calendar, instant)
