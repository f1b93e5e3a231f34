"""Limits: the rule by which a deadline is found, and the instant it settles to (domain layer).

Two rules so far: a fixed instant, and a plain duration counted from an opening event. Working days
join the same union later; whoever settles a limit does not care which rule it is.
"""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

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


Limit = Annotated[InstantLimit | DurationLimit, Field(discriminator="rule")]


def settle(limit: InstantLimit | DurationLimit, opening: datetime) -> datetime:
    """The instant at which the limit ends, if it opens at `opening`."""
    match limit:
        case InstantLimit():
            return limit.at
        case DurationLimit():
            return opening + timedelta(seconds=limit.seconds)
        case _:
            assert_never(limit)


def settle_ahead(limit: InstantLimit | DurationLimit, opening: datetime, field: str) -> datetime:
    """`settle`, refused when the instant is not ahead of `opening` or more than five years ahead."""
    instant = settle(limit, opening)
    if instant <= opening:
        raise LimitPastError(field=field, instant=format_instant(instant))
    if instant - opening > MAX_AHEAD:
        raise LimitTooFarError(field=field, instant=format_instant(instant))
    return instant
