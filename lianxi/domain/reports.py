"""Periodic reports: which period a day belongs to, and when its report is due (domain layer).

A period's report is due at the close of office hours of a day in it: a weekday of a week, day N of
a month, day N of a quarter's last month (the month's last day where it is shorter); where that is no
working day, of the last working day before. A period without a working day has no report.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lianxi.domain.calendar import Calendar, close_of, is_working, local_day
from lianxi.domain.counting import shift_days
from lianxi.domain.values import Frozen, Instant

Every = Literal["week", "month", "quarter"]

PeriodName = Annotated[str, Field(pattern=r"\A[0-9]{4}-(W[0-9]{2}|[0-9]{2}|Q[1-4])\z")]
"""`2026-W48` (ISO 8601 week), `2026-11`, `2026-Q4`."""

WEEK = timedelta(days=7)


class ReportCycle(Frozen):
    """How often units report: `day` is an ISO weekday (week) or a day of the month."""

    every: Every
    day: int = Field(ge=1, le=31)

    @model_validator(mode="after")
    def _day_is_a_weekday(self) -> "ReportCycle":
        if self.every == "week" and self.day > 7:  # noqa: PLR2004 - days of a week
            raise ValueError("a week has days 1 (Monday) to 7 (Sunday)")
        return self


class Reporting(Frozen):
    """Where an assignment stands with its periodic reports.

    `period` is the one that falls due next; `late` the one before, if it was not filed in time and
    can still be filed, until `due`.
    """

    period: PeriodName
    due: Instant
    remind_at: Instant
    filed: bool = False
    reminded: bool = False
    late: PeriodName | None = None
    late_since: Instant | None = None


def due_day(cycle: ReportCycle, day: date) -> date:
    """The day on which the report of the period with `day` in it is due."""
    match cycle.every:
        case "week":
            return day + timedelta(days=cycle.day - day.isoweekday())
        case "month":
            return _in_month(day.year, day.month, cycle.day)
        case "quarter":
            return _in_month(day.year, (day.month - 1) // 3 * 3 + 3, cycle.day)


def period_name(cycle: ReportCycle, day: date) -> str:
    """The name of the period with `day` in it."""
    match cycle.every:
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        case "month":
            return f"{day.year}-{day.month:02d}"
        case "quarter":
            return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def period_after(cycle: ReportCycle, calendar: Calendar, instant: datetime) -> Reporting:
    """The first period whose report is due after `instant`."""
    return _period(cycle, calendar, instant, instant)


def first_period(cycle: ReportCycle, calendar: Calendar, opened_at: datetime) -> Reporting:
    """The first period of an assignment: the first that leaves at least one working day."""
    return _period(cycle, calendar, opened_at, shift_days(calendar, opened_at, 1, "working"))


def _period(
    cycle: ReportCycle, calendar: Calendar, instant: datetime, earliest: datetime
) -> Reporting:
    day = local_day(calendar, instant)
    while (due := _due(cycle, calendar, day)) <= earliest:
        day = _next_period(cycle, day)
    return Reporting(
        period=period_name(cycle, day),
        due=due,
        # after a holiday the working day before may lie in the period before
        remind_at=max(shift_days(calendar, due, -1, "working"), instant),
    )


def _due(cycle: ReportCycle, calendar: Calendar, day: date) -> datetime:
    on = due_day(cycle, day)
    if not is_working(calendar, on):
        on = local_day(calendar, shift_days(calendar, close_of(calendar, on), -1, "working"))
    return close_of(calendar, on)


def _next_period(cycle: ReportCycle, day: date) -> date:
    """A day in the following period."""
    match cycle.every:
        case "week":
            return day + WEEK
        case "month":
            return day.replace(day=1) + timedelta(days=32)
        case "quarter":
            return day.replace(day=1) + timedelta(days=93)


def _in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
