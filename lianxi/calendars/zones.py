"""A time zone as data: the offsets from UTC in the years of a calendar (shell layer)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lianxi.calendars.faults import CalendarSourceError
from lianxi.domain.calendar import OffsetSince
from lianxi.i18n import N_

_BEYOND = 6
"""Years after the last one of a calendar: limits run five years ahead (lianxi.domain.limits)."""

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


def known_zone(name: str) -> bool:
    """Whether this machine knows the zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def offsets_of(zone: str, first_year: int, last_year: int) -> tuple[OffsetSince, ...]:
    """The offsets in force from the year before the first to six years after the last.

    Raises CalendarSourceError for a zone this machine does not know.
    """
    if not known_zone(zone):
        raise CalendarSourceError(
            N_("the zone {zone} is not known on this machine"),
            N_("Give a name of the tz database, such as Asia/Shanghai."),
            zone=zone,
        )
    start = datetime(first_year - 1, 1, 1, tzinfo=UTC)
    end = datetime(last_year + 1 + _BEYOND, 1, 1, tzinfo=UTC)
    return tuple(_changes(ZoneInfo(zone), start, end))


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[OffsetSince]:
    in_force = _offset(zone, start)
    yield OffsetSince(since=start, seconds=in_force)
    instant = start
    while instant < end:
        ahead = instant + _DAY
        if _offset(zone, ahead) != in_force:
            since = _moment_of_change(zone, instant, ahead)
            in_force = _offset(zone, since)
            yield OffsetSince(since=since, seconds=in_force)
        instant = ahead


def _moment_of_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second of the new offset, by bisection; a day is too short for two changes."""
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
