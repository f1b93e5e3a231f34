"""The working-day calendar: office hours, holidays and make-up days as data (domain layer).

A calendar holds everything its dates depend on, UTC offsets too: a replay must not depend on the
time-zone data of the machine it runs on. What is counted on it stands in `lianxi.domain.counting`.
Source of the rules: docs/event-model.md, Deadlines.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from lianxi.domain.calendar_refusals import (
    CalendarContradictionError,
    CalendarHoursError,
    CalendarOrderError,
    CalendarOverlapError,
)
from lianxi.domain.values import ClockTime, Frozen, Instant, ZoneName, format_instant

FIRST_YEAR, LAST_YEAR = 2000, 2100
ONE_DAY = timedelta(days=1)
_SUNDAY = 7

KEPT = 4_096
"""So many instants of rungs, and shifted days, a calendar remembers; beyond that it forgets them all."""


def _read_day(value: Any) -> date:
    if isinstance(value, str):
        day = date.fromisoformat(value)
        if day.isoformat() == value:
            return _within_reach(day)
    if isinstance(value, date) and not isinstance(value, datetime):
        return _within_reach(value)
    raise ValueError("a day is a text YYYY-MM-DD")


def _within_reach(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"a day lies between {FIRST_YEAR} and {LAST_YEAR}")
    return day


Day = Annotated[date, BeforeValidator(_read_day), PlainSerializer(date.isoformat, return_type=str)]
"""A day as `YYYY-MM-DD`, from 2000 to 2100."""

_MARKS = (
    r" .,:;!&'/()\-"
    "\u00b7\u2013\u2019\u201c\u201d\u2026\u3001\u3002\u30fb\uff08\uff09\uff0c\uff1b"
)
"""What stands in names of holidays beside letters and digits: no control, no bidi character."""

EntryName = Annotated[
    str,
    Field(pattern=rf"\A[\p{{L}}\p{{Nd}}][\p{{L}}\p{{M}}\p{{Nd}}{_MARKS}]*\z", max_length=32),
]
"""The published name of a holiday or of the festival a make-up day belongs to."""

EntryKind = Literal["holiday", "workday"]


class CalendarEntry(Frozen):
    """Days from `first` to `last` that are off, or worked although they would be off."""

    first: Day
    last: Day
    kind: EntryKind
    name: EntryName


class OffsetSince(Frozen):
    """So many seconds east of UTC from an instant on; real ones lie between -12 h and +14 h."""

    since: Instant
    seconds: int = Field(ge=-43_200, le=50_400)


def _week(days: tuple[int, ...]) -> tuple[int, ...]:
    if list(days) != sorted(set(days)):
        raise ValueError("days of the week are ascending, each once")
    return days


Weekend = Annotated[
    # six at most: with no working day in a week a count would never end
    tuple[Annotated[int, Field(ge=1, le=_SUNDAY)], ...],
    Field(max_length=6),
    AfterValidator(_week),
]
"""ISO days of the week, Monday is 1."""

KindOfDay = Literal["working", "make-up", "weekend", "holiday"]


class DayKind(NamedTuple):
    """What a day is; `name` is its entry's, None on ordinary working days and weekends."""

    kind: KindOfDay
    name: str | None = None

    @property
    def is_working(self) -> bool:
        """Whether it counts as a working day."""
        return self.kind in ("working", "make-up")


class CalendarIndex(NamedTuple):
    """What is computed once per calendar."""

    special: Mapping[date, DayKind]
    week: tuple[DayKind, ...]
    opens: time
    closes: time
    instants: tuple[datetime, ...]
    """Where each offset but the first begins, in UTC,"""
    walls: tuple[datetime, ...]
    """and from which wall-clock time on it is taken (see `utc_of`)."""
    offsets: tuple[timedelta, ...]
    office_day: timedelta
    """How long the office is open on a working day, but where an offset changes in its hours."""
    change_days: frozenset[date]
    """Days on which the offset changes."""
    drift_days: tuple[int, ...]
    """The special days as ordinals, ascending,"""
    drift: tuple[int, ...]
    """and by how many working days the week alone is wrong up to each, itself included."""
    rungs: dict[tuple[object, ...], datetime]
    """What `ladder.rung_instant` found, at most `KEPT`."""
    shifts: dict[tuple[date, int], date]
    """What `working_day_after` found, as often."""


class Calendar(Frozen):
    """Working days of one conference, one version of them.

    Up to `known_until` holidays and make-up days are announced; what lies past it is provisional.
    Invariants beyond the form of the fields: `check_calendar`.
    """

    version: int = Field(ge=1)
    zone: ZoneName
    opens: ClockTime = "09:00"
    closes: ClockTime = "17:00"
    weekend: Weekend = (6, 7)
    offsets: tuple[OffsetSince, ...] = Field(min_length=1, max_length=512)
    entries: tuple[CalendarEntry, ...] = Field(default=(), max_length=400)
    known_until: Day

    @cached_property
    def index(self) -> CalendarIndex:
        """Special days by date, the week, parsed hours, thresholds of the offsets."""
        special = {
            day: DayKind("holiday" if entry.kind == "holiday" else "make-up", entry.name)
            for entry in self.entries
            for day in _days(entry)
        }
        off, on = DayKind("weekend"), DayKind("working")
        offsets = tuple(timedelta(seconds=each.seconds) for each in self.offsets)
        instants = tuple(each.since for each in self.offsets[1:])
        week = tuple(off if day in self.weekend else on for day in range(1, _SUNDAY + 1))
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        days = sorted(special)
        walls = tuple(
            since.replace(tzinfo=None) + max(before, after)
            for since, (before, after) in zip(instants, pairwise(offsets), strict=True)
        )
        drifts = (special[day].is_working - week[day.weekday()].is_working for day in days)
        return CalendarIndex(
            special=special,
            week=week,
            opens=opens,
            closes=closes,
            office_day=datetime.combine(date.min, closes) - datetime.combine(date.min, opens),
            drift_days=tuple(day.toordinal() for day in days),
            drift=tuple(accumulate(drifts)),
            rungs={},
            shifts={},
            instants=instants,
            walls=walls,
            change_days=frozenset(wall.date() for wall in walls),
            offsets=offsets,
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, but without the index: the copy may have other entries."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("index", None)
        return copied


def _days(entry: CalendarEntry) -> Iterator[date]:
    for ordinal in range(entry.first.toordinal(), entry.last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def check_calendar(calendar: Calendar) -> None:
    """Refuses (CALENDAR_HOURS, _ORDER, _OVERLAP, _CONTRADICTION) what no field shows by itself."""
    # both have the form HH:MM, which sorts as time does
    if calendar.closes <= calendar.opens:
        raise CalendarHoursError(opens=calendar.opens, closes=calendar.closes)
    for entry in calendar.entries:
        if entry.last < entry.first:
            raise _disorder("entry", entry.first.isoformat(), entry.last.isoformat())
    ascending = sorted(calendar.entries, key=lambda entry: (entry.first, entry.last))
    # where no neighbours overlap, no two entries do
    for before, after in pairwise(ascending):
        if after.first > before.last:
            continue
        first, second = before.first.isoformat(), after.first.isoformat()
        if before.kind != after.kind:
            raise CalendarContradictionError(day=second, first=first, second=second)
        raise CalendarOverlapError(first=first, second=second)
    for earlier, later in pairwise(calendar.entries):
        if later.first < earlier.first:
            raise _disorder("entries", earlier.first.isoformat(), later.first.isoformat())
    for one, other in pairwise(calendar.offsets):
        if other.since <= one.since:
            raise _disorder("offsets", format_instant(one.since), format_instant(other.since))


def _disorder(field: str, first: str, second: str) -> CalendarOrderError:
    return CalendarOrderError(field=field, first=first, second=second)


def day_kind(calendar: Calendar, day: date) -> DayKind:
    """What a day is: an entry's word goes before the week's."""
    index = calendar.index
    return index.special.get(day) or index.week[day.weekday()]


def is_working(calendar: Calendar, day: date) -> bool:
    """Whether a day counts as a working day."""
    return day_kind(calendar, day).is_working


def working_days(calendar: Calendar, first: date, last: date) -> int:
    """How many working days there are from `first` to `last`, both included; 0 where none."""
    if last < first:
        return 0
    index = calendar.index
    weeks, rest = divmod((last - first).days + 1, _SUNDAY)
    begins = first.weekday()
    count = weeks * sum(kind.is_working for kind in index.week)
    count += sum(index.week[(begins + day) % _SUNDAY].is_working for day in range(rest))
    return count + _drift(index, last.toordinal()) - _drift(index, first.toordinal() - 1)


def _drift(index: CalendarIndex, ordinal: int) -> int:
    upto = bisect_right(index.drift_days, ordinal)
    return index.drift[upto - 1] if upto else 0


def local_time(calendar: Calendar, instant: datetime) -> datetime:
    """The conference's wall clock at an instant, without a zone."""
    index = calendar.index
    offset = index.offsets[bisect_right(index.instants, instant)]
    return instant.astimezone(UTC).replace(tzinfo=None) + offset


def local_day(calendar: Calendar, instant: datetime) -> date:
    """The conference's date at an instant."""
    return local_time(calendar, instant).date()


def utc_of(calendar: Calendar, wall: datetime) -> datetime:
    """The instant of a wall-clock time (without a zone).

    In a gap and in a fold the offset in force before the transition is taken (`fold=0` of PEP 495):
    the skipped 02:30 is 03:30 of the new time, and of two 02:30 it is the first. So a count never
    fails; where a person gives a time, the edge refuses both instead.
    """
    index = calendar.index
    return (wall - index.offsets[bisect_right(index.walls, wall)]).replace(tzinfo=UTC)


def open_of(calendar: Calendar, day: date) -> datetime:
    """The instant at which office hours of a day begin, were it a working day."""
    return utc_of(calendar, datetime.combine(day, calendar.index.opens))


def close_of(calendar: Calendar, day: date) -> datetime:
    """The instant at which office hours of a day end, were it a working day."""
    return utc_of(calendar, datetime.combine(day, calendar.index.closes))


@lru_cache(maxsize=64)
def shared_calendar(calendar: Calendar) -> Calendar:
    """One instance for all equal calendars, so that many tasks share one, and its index."""
    return calendar


FALLBACK_CALENDAR = Calendar(
    version=1,
    zone="UTC",
    offsets=(OffsetSince(since=datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), seconds=0),),
    known_until=date(LAST_YEAR, 12, 31),
)
"""Monday to Friday, 09:00 to 17:00 UTC: for tasks issued before there were calendars."""
