"""The arithmetic of deadlines on a calendar: days, office time, and the explanation (domain layer).

Everything here is a pure function of a calendar and instants; days are days of the calendar's zone.
Source of the rules: docs/event-model.md, Deadlines.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from lianxi.domain.calendar import (
    KEPT,
    ONE_DAY,
    Calendar,
    KindOfDay,
    close_of,
    day_kind,
    is_working,
    local_day,
    local_time,
    open_of,
    utc_of,
    working_days,
)
from lianxi.domain.calendar_refusals import CalendarHoursError

DaysKind = Literal["working", "calendar"]
Roll = Literal["none", "forward", "back"]

NO_TIME = timedelta(0)


class CountedDay(NamedTuple):
    """A day a count passed: counted as `number`, or skipped for what it is.

    Day 0 is the day of the event: number 0, not counted. `rolled`: passed or reached after the
    count, on the way to a working day.
    """

    day: date
    kind_of_day: KindOfDay
    counted: bool
    number: int | None
    name: str | None
    rolled: bool = False


class Counted(NamedTuple):
    """A count of `number` days after the day `zero`; `last` is the day it ends on.

    `last` is found, and remembered, without an account of each day; `days` gives that account.
    """

    calendar: Calendar
    zero: date
    number: int
    kind: DaysKind
    roll: Roll
    last: date

    @property
    def instant(self) -> datetime:
        """The close of office hours on the last day."""
        return close_of(self.calendar, self.last)

    @property
    def provisional(self) -> bool:
        """Whether the last day lies past what is announced: a later calendar may move it."""
        return self.last > self.calendar.known_until

    @property
    def days(self) -> tuple[CountedDay, ...]:
        """Every day passed from day 0 on; the last of them is `last`."""
        passed = tuple(_passed(self.calendar, self.zero, self.number, self.kind))
        if self.kind == "working":
            return passed
        return (*passed, *_rolled(self.calendar, passed[-1].day, self.roll, after=self.zero))


def count_days(
    calendar: Calendar, opening: datetime, days: int, kind: DaysKind, roll: Roll = "none"
) -> Counted:
    """`days` (at least 1) working or calendar days after the day of `opening`.

    The last day ends at the close of office hours. `roll` moves the end of a count of calendar
    days to a working day where it is none: to the next, or to the one before; with no working day
    between day 0 and the end, back is forward too, since a limit cannot end before it begins.
    """
    if days < 1:
        raise ValueError("a count of days begins with 1")
    zero = local_day(calendar, opening)
    if kind == "working":
        last = working_day_after(calendar, zero, days)
    else:
        last = rolled_day(calendar, zero + days * ONE_DAY, roll, after=zero)
    return Counted(calendar, zero, days, kind, roll, last)


def _passed(calendar: Calendar, zero: date, days: int, kind: DaysKind) -> Iterator[CountedDay]:
    what = day_kind(calendar, zero)
    yield CountedDay(zero, what.kind, counted=False, number=0, name=what.name)
    day, number = zero, 0
    while number < days:
        day += ONE_DAY
        what = day_kind(calendar, day)
        counted = kind == "calendar" or what.is_working
        number += counted
        yield CountedDay(day, what.kind, counted, number if counted else None, what.name)


def _rolled(calendar: Calendar, end: date, roll: Roll, after: date) -> list[CountedDay]:
    """The days from a day that is not a working day to the working day it rolls to."""
    if roll == "none" or is_working(calendar, end):
        return []
    step = ONE_DAY if roll == "forward" else -ONE_DAY
    way: list[CountedDay] = []
    day = end
    while True:
        day += step
        if day <= after:
            return _rolled(calendar, end, "forward", after)
        what = day_kind(calendar, day)
        way.append(
            CountedDay(day, what.kind, counted=False, number=None, name=what.name, rolled=True)
        )
        if what.is_working:
            return way


def rolled_day(calendar: Calendar, day: date, roll: Roll, after: date) -> date:
    """`day`, or the working day it rolls to where it is none; never on or before `after`."""
    way = _rolled(calendar, day, roll, after)
    return way[-1].day if way else day


def shift_days(calendar: Calendar, instant: datetime, n: int, kind: DaysKind) -> datetime:
    """The same local time `n` working or calendar days later, earlier where `n` is negative.

    From a day that is not a working day the working days after it are counted, backwards those
    before it. With 0 it is the instant itself.
    """
    if n == 0:
        return instant
    wall = local_time(calendar, instant)
    if kind == "calendar":
        return utc_of(calendar, wall + timedelta(days=n))
    return utc_of(
        calendar, datetime.combine(working_day_after(calendar, wall.date(), n), wall.time())
    )


def working_day_after(calendar: Calendar, day: date, n: int) -> date:
    """The `n`th working day after a day, before it where `n` is negative."""
    shifts = calendar.index.shifts
    asked = (day, n)
    if (found := shifts.get(asked)) is not None:
        return found
    step, left, found = (ONE_DAY if n > 0 else -ONE_DAY), abs(n), day
    while left:
        found += step
        left -= is_working(calendar, found)
    if len(shifts) >= KEPT:
        shifts.clear()
    shifts[asked] = found
    return found


def days_between(calendar: Calendar, start: datetime, end: datetime, kind: DaysKind) -> int:
    """How many working or calendar days begin after the day of `start`, up to that of `end`.

    It is by so much that a pause from `start` to `end` moves a limit of days; 0 where `end` is not
    after `start`.
    """
    first, last = local_day(calendar, start), local_day(calendar, end)
    if kind == "calendar":
        return max((last - first).days, 0)
    return working_days(calendar, first + ONE_DAY, last) if last > first else 0


def office_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The time inside office hours of working days between two instants; none if not ascending."""
    index = calendar.index
    first, last = local_day(calendar, start), local_day(calendar, end)
    # where an instant cuts a day, or the offset changes, the hours are looked at one by one
    cut = {first, first + ONE_DAY, last - ONE_DAY, last, *index.change_days}
    looked_at = [day for day in cut if first <= day <= last]
    whole = working_days(calendar, first, last)
    whole -= sum(is_working(calendar, day) for day in looked_at)
    inside = (_inside(calendar, day, start, end) for day in looked_at)
    return sum(inside, whole * index.office_day)


def _inside(calendar: Calendar, day: date, start: datetime, end: datetime) -> timedelta:
    """The office hours of one day between two instants."""
    if not is_working(calendar, day):
        return NO_TIME
    inside = min(close_of(calendar, day), end) - max(open_of(calendar, day), start)
    return max(inside, NO_TIME)


def add_office_time(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The smallest instant by which `duration` of office time has passed since `start`.

    The inverse of `office_time`. Refuses (CALENDAR_HOURS) a calendar whose office never opens.
    """
    if duration < NO_TIME:
        raise ValueError("office time is added forward only")
    if duration == NO_TIME:
        return start
    if calendar.closes <= calendar.opens:
        raise CalendarHoursError(opens=calendar.opens, closes=calendar.closes)
    index = calendar.index
    day, left = local_day(calendar, start), duration
    after_the_first = day + 2 * ONE_DAY
    while True:
        if is_working(calendar, day):
            cut = day < after_the_first or day in index.change_days
            if left > index.office_day and not cut:
                left -= index.office_day  # a whole day, whose hours need not be looked at
            else:
                begin, close = max(open_of(calendar, day), start), close_of(calendar, day)
                if begin + left <= close:
                    return begin + left
                left -= max(close - begin, NO_TIME)
        day += ONE_DAY


def part_of_office_time(
    calendar: Calendar, start: datetime, end: datetime, numerator: int, denominator: int
) -> datetime:
    """When that part of the office time between two instants has passed (whole microseconds).

    Without office time between them it is that part of the plain time.
    """
    total = office_time(calendar, start, end)
    if total == NO_TIME:
        return start + (end - start) * numerator // denominator
    return add_office_time(calendar, start, total * numerator // denominator)
