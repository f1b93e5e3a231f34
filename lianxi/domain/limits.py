"""Limits: the rule by which a deadline is found, and the instant it settles to (domain layer).

Three rules: a fixed instant, a plain duration counted from an opening event, and working or calendar
days counted from one on the conference's calendar. Whoever settles a limit does not care which it is.
"""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, NamedTuple, assert_never

from pydantic import Field

from lianxi.domain.calendar import (
    FALLBACK_CALENDAR,
    ONE_DAY,
    Calendar,
    close_of,
    local_day,
)
from lianxi.domain.counting import (
    Counted,
    DaysKind,
    Roll,
    count_days,
    days_between,
    rolled_day,
    shift_days,
)
from lianxi.domain.refusal import Refusal
from lianxi.domain.values import Frozen, Instant, format_instant

MAX_AHEAD = timedelta(days=5 * 366)
"""No deadline lies more than five years ahead (docs/event-model.md, Deadlines)."""


class LimitPastError(Refusal):
    """The deadline would lie in the past."""

    code: ClassVar[str] = "LIMIT_PAST"


class LimitTooFarError(Refusal):
    """The deadline would lie more than five years ahead."""

    code: ClassVar[str] = "LIMIT_TOO_FAR"


class LimitOrderError(Refusal):
    """The acknowledge limit would lie after due."""

    code: ClassVar[str] = "LIMIT_ORDER"


class InstantLimit(Frozen):
    """A fixed instant."""

    rule: Literal["instant"] = "instant"
    at: Instant


class DurationLimit(Frozen):
    """So many seconds after the event that opens the limit."""

    rule: Literal["duration"] = "duration"
    seconds: int = Field(ge=1, le=int(MAX_AHEAD.total_seconds()))


class DaysLimit(Frozen):
    """So many days after the day of the event; the last one ends at the close of office hours.

    `roll` says where a count of calendar days ends whose last day is not a working day; working
    days never roll.
    """

    rule: Literal["days"] = "days"
    days: int = Field(ge=1, le=MAX_AHEAD.days)
    kind: DaysKind
    roll: Roll = "none"


AnyLimit = InstantLimit | DurationLimit | DaysLimit
Limit = Annotated[AnyLimit, Field(discriminator="rule")]


class Settled(NamedTuple):
    """The end of a limit; `counted` explains it where it is a count of days.

    `provisional`: it lies past what the calendar knows, a later calendar may move it.
    """

    instant: datetime
    counted: Counted | None = None
    provisional: bool = False


def settle_counted(limit: AnyLimit, opening: datetime, calendar: Calendar) -> Settled:
    """Where the limit ends, if it opens at `opening`, and how that was found."""
    match limit:
        case InstantLimit():
            return Settled(limit.at)
        case DurationLimit():
            return Settled(opening + timedelta(seconds=limit.seconds))
        case DaysLimit():
            counted = count_days(calendar, opening, limit.days, limit.kind, limit.roll)
            return Settled(counted.instant, counted, counted.provisional)
        case _:
            assert_never(limit)


def settle(limit: AnyLimit, opening: datetime, calendar: Calendar | None = None) -> datetime:
    """The instant at which the limit ends, if it opens at `opening`.

    Without a calendar days are counted on `FALLBACK_CALENDAR`.
    """
    return settle_counted(limit, opening, calendar or FALLBACK_CALENDAR).instant


def settle_ahead(
    limit: AnyLimit, opening: datetime, field: str, calendar: Calendar | None = None
) -> datetime:
    """`settle`, refused when the instant is not ahead of `opening` or more than five years ahead."""
    instant = settle(limit, opening, calendar)
    if instant <= opening:
        raise LimitPastError(field=field, instant=format_instant(instant))
    if instant - opening > MAX_AHEAD:
        raise LimitTooFarError(field=field, instant=format_instant(instant))
    return instant


def resumed(
    limit: AnyLimit,
    due: datetime,
    calendar: Calendar,
    suspended_at: datetime,
    resumed_at: datetime,
) -> datetime:
    """`due` moved by the time suspended, counted in the limit's own kind.

    Days by so many days of their kind as `days_between` finds, keeping the local time; where they
    are calendar days, the new day rolls as the limit says, never to before `due`. A duration by
    the very time. Raises TypeError for an instant: it does not move, its office gives a new due.
    """
    match limit:
        case InstantLimit():
            raise TypeError("a fixed instant is not moved by a suspension")
        case DurationLimit():
            return due + (resumed_at - suspended_at)
        case DaysLimit():
            days = days_between(calendar, suspended_at, resumed_at, limit.kind)
            moved = shift_days(calendar, due, days, limit.kind)
            return _rolled(limit, due, moved, calendar) if days else moved
        case _:
            assert_never(limit)


def _rolled(limit: DaysLimit, due: datetime, moved: datetime, calendar: Calendar) -> datetime:
    if limit.kind == "working":
        return moved
    day = local_day(calendar, moved)
    end = rolled_day(calendar, day, limit.roll, after=local_day(calendar, due) - ONE_DAY)
    return moved if end == day else close_of(calendar, end)
