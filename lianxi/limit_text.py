"""Limits as people write them: `15wd`, `30cd`, `15d`, `36h`, dates, times (a leaf, no pydantic).

Working days (`wd`) and calendar days (`cd`) end at the close of office hours; `30cd>` rolls to the next
working day, `30cd<` to the one before. `15d`, `36h` and `90m` are plain durations.
Read in two steps, since only the second needs to know the conference: `parse_limit` (syntax), then
`settle_limit` (zone and office hours). The result is the JSON of `lianxi.domain.limits.Limit`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lianxi.i18n import N_
from lianxi.instants import spell

MAX_AHEAD = timedelta(days=5 * 366)
"""As in lianxi.domain.limits."""

_EARLIEST_YEAR = 2000
"""Earlier is a slip of the pen, and years below 1000 have no portable spelling."""

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}
_DURATION = re.compile(r"([0-9]{1,7})(d|h|m)", re.ASCII)
_DAYS = re.compile(r"([0-9]{1,7})(wd|cd)([<>]?)", re.ASCII)
_KINDS = {"wd": "working", "cd": "calendar"}
_ROLLS = {"": "none", ">": "forward", "<": "back"}
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)

_FORMS = N_(
    "Give it as 15wd (working days), 30cd (calendar days), 15d, 36h, 90m, "
    "2026-12-15, 2026-12-15T17:00 or 2026-12-15T17:00:00+08:00."
)


class LimitTextError(ValueError):
    """A limit cannot be taken; `template` and `advice` are message ids, `params` fill the first."""

    def __init__(self, template: str, advice: str = _FORMS, **params: str | int) -> None:
        super().__init__(template.format(**params))
        self.template = template
        self.advice = advice
        self.params = params


@dataclass(frozen=True, slots=True)
class Place:
    """What local times and bare dates need to know of the conference."""

    zone: str
    closes: str = "17:00"


@dataclass(frozen=True, slots=True)
class Duration:
    """So long after the event that opens the limit."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Days:
    """So many working or calendar days after the day of the event that opens the limit."""

    days: int
    kind: str
    roll: str = "none"


@dataclass(frozen=True, slots=True)
class Fixed:
    """An instant with its offset."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Local:
    """A time of the conference's clock; without `clock` the close of office hours."""

    day: date
    clock: time | None


LimitText = Duration | Days | Fixed | Local


def parse_limit(text: str) -> LimitText:
    """What a limit says; raises LimitTextError."""
    duration = _DURATION.fullmatch(text)
    if duration is not None:
        return _duration(int(duration[1]) * _SECONDS[duration[2]])
    days = _DAYS.fullmatch(text)
    if days is not None:
        return _days(int(days[1]), _KINDS[days[2]], _ROLLS[days[3]])
    match = _TIME.fullmatch(text)
    if match is None:
        raise LimitTextError(N_("it is neither a duration nor a time"))
    try:
        day = _day(match["date"])
        clock = time.fromisoformat(match["time"]) if match["time"] else None
        if clock is not None and match["offset"]:
            at = datetime.fromisoformat(f"{match['date']}T{match['time']}{match['offset']}")
            return Fixed(at.astimezone(UTC))
    except (ValueError, OverflowError):
        raise LimitTextError(N_("there is no such date or time")) from None
    return Local(day, clock)


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.year < _EARLIEST_YEAR:
        raise ValueError(text)
    return day


def settle_limit(limit: LimitText, place: Place | None) -> dict[str, str | int]:
    """The JSON of a limit. `place` is needed for `Local` only; raises LimitTextError."""
    match limit:
        case Duration(seconds):
            return {"rule": "duration", "seconds": seconds}
        case Days(days, kind, roll):
            # absent instead of the default, as everywhere in what a client signs
            said = {} if roll == "none" else {"roll": roll}
            return {"rule": "days", "days": days, "kind": kind, **said}
        case Fixed(at):
            return {"rule": "instant", "at": spell(at)}
        case Local(day, clock):
            if place is None:
                raise TypeError("a local time needs the conference's zone")
            return {"rule": "instant", "at": spell(_localised(day, clock, place))}


def _duration(seconds: int) -> Duration:
    if seconds == 0:
        raise LimitTextError(N_("it is no time at all"))
    if seconds > MAX_AHEAD.total_seconds():
        raise LimitTextError(N_("it is more than five years"), N_("Give a nearer one."))
    return Duration(seconds)


def _days(days: int, kind: str, roll: str) -> Days:
    if days == 0:
        raise LimitTextError(N_("it is no time at all"))
    if days > MAX_AHEAD.days:
        raise LimitTextError(N_("it is more than five years"), N_("Give a nearer one."))
    if kind == "working" and roll != "none":
        raise LimitTextError(
            N_("working days end on a working day and do not roll"),
            N_("Leave the last character out, or give calendar days: 30cd> or 30cd<."),
        )
    return Days(days, kind, roll)


def _localised(day: date, clock: time | None, place: Place) -> datetime:
    """The instant of a wall-clock time; a gap is refused, in a fold the offset is asked for."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(place.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LimitTextError(
            N_("the zone {zone} is not known on this machine"),
            N_("Give the offset with the time: 2026-12-15T17:00:00+08:00."),
            zone=place.zone,
        ) from None
    wall = datetime.combine(day, clock or time.fromisoformat(place.closes))
    try:
        first = wall.replace(tzinfo=zone, fold=0)
        second = wall.replace(tzinfo=zone, fold=1)
        back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        same = first.utcoffset() == second.utcoffset()
    except OverflowError:
        raise LimitTextError(N_("there is no such date or time")) from None
    if back != wall:
        raise LimitTextError(
            N_("the clocks of {zone} skip this time"), N_("Give a later time."), zone=place.zone
        )
    if not same:
        raise LimitTextError(
            N_("the clocks of {zone} show this time twice"),
            N_("Say which by its offset: {first} or {second}."),
            zone=place.zone,
            first=first.isoformat(),
            second=second.isoformat(),
        )
    return first
