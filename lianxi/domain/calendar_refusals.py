"""Why a calendar is refused: what no field shows by itself (domain layer)."""

from typing import ClassVar

from lianxi.domain.refusal import Refusal


class CalendarHoursError(Refusal):
    """The office closes before it opens, or at once."""

    code: ClassVar[str] = "CALENDAR_HOURS"


class CalendarOrderError(Refusal):
    """An entry ends before it begins, or entries or offsets are not ascending."""

    code: ClassVar[str] = "CALENDAR_ORDER"


class CalendarOverlapError(Refusal):
    """A day stands in two entries of one kind."""

    code: ClassVar[str] = "CALENDAR_OVERLAP"


class CalendarContradictionError(Refusal):
    """A day is a holiday and a make-up working day."""

    code: ClassVar[str] = "CALENDAR_CONTRADICTION"


class CalendarZoneError(Refusal):
    """The calendar counts days of another zone than the conference (`zone`, `calendar`)."""

    code: ClassVar[str] = "CALENDAR_ZONE"
