"""What moves or stops the clock, and what the rules do by themselves (domain layer)."""

from typing import Literal

from lianxi.domain.calendar import Calendar
from lianxi.domain.ladder import RungName
from lianxi.domain.limits import Limit
from lianxi.domain.reports import PeriodName
from lianxi.domain.task.events.form import AssignmentEvent, NewLimits, TaskEvent
from lianxi.domain.values import Commitment, Instant, Sha256Hex, UnitId


class DueChanged(NewLimits):
    """The unit has a new due: a new limit revision."""

    reason: Commitment


class AssignmentSuspended(AssignmentEvent):
    """The clock has stopped; the office looks again by `review_by`."""

    reason: Commitment
    review_by: Instant
    review_rule: Limit


class AssignmentResumed(NewLimits):
    """The clock runs on; `suspended_at` is since when it had stood."""

    suspended_at: Instant


class CalendarAdopted(TaskEvent):
    """From here on the task counts by this calendar."""

    calendar: Calendar


class LimitsMoved(NewLimits):
    """Limits moved without a new decision: by another calendar, or for a gap of service."""

    why: Literal["calendar", "gap"]
    gap: Sha256Hex | None = None


class ServiceGapNoted(TaskEvent):
    """A rung was due at `since` and nobody acted until `until`: the service was away."""

    since: Instant
    until: Instant
    waits_until: Instant
    """Before this instant no rung says that somebody is late."""


class GapExcluded(TaskEvent):
    """The office decided that the gap does not count."""

    gap: Sha256Hex
    reason: Commitment


class RungFired(AssignmentEvent):
    """A rung of the ladder was due at `due_at` in this limit revision."""

    rung: RungName
    revision: int
    due_at: Instant


class OfficeReminded(TaskEvent):
    """Something has lain with the office too long: `subject` is the event it waits for."""

    rung: RungName
    unit: UnitId | None = None
    subject: Sha256Hex
    times: int
    """How often by now; instants that passed meanwhile are counted and not made up for."""
    due_at: Instant


class ReportReminded(AssignmentEvent):
    """A periodic report is due soon and not filed."""

    period: PeriodName
    due_at: Instant


class PeriodEnded(AssignmentEvent):
    """A period's report was due: filed, late, or not due at all; `missed`: the late one before it."""

    period: PeriodName
    outcome: Literal["filed", "late", "not-due"]
    missed: PeriodName | None = None
    due_at: Instant
