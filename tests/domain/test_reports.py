"""Periodic reports: due, reminder, late, missed, not due; one test per rule and refusal.

Sentence of the rules -> test:

- a cycle: weekly, monthly by day N, quarterly -> periods_and_their_days
- reminder and due -> a_report_is_reminded_of_and_late
- late, then missed -> a_late_report_can_be_filed_until_the_next_is_due
- not due where its day was suspended, submitted or completed -> a_report_is_not_due_…
- a report for a closed period -> a_closed_period_takes_no_report
"""

from datetime import date

import pytest
from pydantic import ValidationError

from lianxi.domain.reports import ReportCycle, due_day, period_name
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.lights import light
from tests.domain.gwt import (
    REASON,
    Story,
    acknowledged,
    at,
    event_hash,
    fixed,
    modern,
    rungs,
    working,
)

WEEKLY = ReportCycle(every="week", day=5)


def reporting(cycle: ReportCycle = WEEKLY) -> Story:
    """U01 in progress until February, with a report every Friday."""
    due = fixed("2027-02-01 17:00")
    return Story().given(modern("U01", report=cycle, due=due), acknowledged("U01"))


def says(period: str | None = None) -> cmd.ReportProgress:
    return cmd.ReportProgress(percent=10, period=period)


def ended(story: Story, until: str) -> list[tuple[str, str, str | None]]:
    return [
        (event.period, event.outcome, event.missed)
        for _, event in story.lives_until(until)
        if isinstance(event, ev.PeriodEnded)
    ]


@pytest.mark.parametrize(
    ("every", "day", "of", "due", "name"),
    [
        ("week", 5, date(2026, 11, 4), date(2026, 11, 6), "2026-W45"),
        ("week", 1, date(2026, 11, 8), date(2026, 11, 2), "2026-W45"),
        ("week", 5, date(2027, 1, 1), date(2027, 1, 1), "2026-W53"),
        ("month", 25, date(2026, 11, 4), date(2026, 11, 25), "2026-11"),
        ("month", 31, date(2027, 2, 4), date(2027, 2, 28), "2027-02"),
        ("quarter", 10, date(2026, 11, 4), date(2026, 12, 10), "2026-Q4"),
        ("quarter", 31, date(2026, 4, 1), date(2026, 6, 30), "2026-Q2"),
    ],
)
def test_periods_and_their_days(every: str, day: int, of: date, due: date, name: str) -> None:
    """A weekday of the week, day N of the month, day N of the quarter's last month, or its last day."""
    cycle = ReportCycle.model_validate({"every": every, "day": day})
    assert (due_day(cycle, of), period_name(cycle, of)) == (due, name)


@pytest.mark.parametrize(("every", "day"), [("week", 8), ("week", 0), ("month", 32), ("year", 1)])
def test_a_cycle_has_a_day_in_its_period(every: str, day: int) -> None:
    """Refused by the model."""
    with pytest.raises(ValidationError):
        ReportCycle.model_validate({"every": every, "day": day})


def test_a_report_is_reminded_of_and_late() -> None:
    """A working day before, at the close of its day; then yellow until it is filed."""
    story = reporting()
    assert rungs(story.lives_until("11-07 00:00")) == [
        ("11-05 17:00", "ReportReminded"),
        ("11-06 17:00", "PeriodEnded"),
    ]
    assert light(story.part().state, story.clocks(), story.now) == "yellow"
    story.does("U01", says())
    assert light(story.part().state, story.clocks(), story.now) == "green"


def test_a_filed_report_is_neither_reminded_of_nor_late() -> None:
    """Any report of progress files the period that is open."""
    story = reporting().does("U01", says())
    filed = ev.ProgressReported(unit="U01", percent=10, period="2026-W45")
    assert [fact.data for fact in story.facts[-1:]] == [filed]
    ended_ = ev.PeriodEnded(
        unit="U01", period="2026-W45", outcome="filed", due_at=at("11-06 17:00")
    )
    assert story.lives_until("11-06 17:00") == [(at("11-06 17:00"), ended_)]


def test_a_late_report_can_be_filed_until_the_next_is_due() -> None:
    """Then it is missed, which the end of the next period says."""
    story = reporting()
    assert ended(story, "11-14 00:00") == [
        ("2026-W45", "late", None),
        ("2026-W46", "late", "2026-W45"),
    ]
    story.does("U01", says("2026-W46"), says("2026-W47"))
    assert ended(story, "11-28 00:00") == [("2026-W47", "filed", None), ("2026-W48", "late", None)]


def test_the_oldest_open_report_is_filed_first() -> None:
    """Where none is named: the late one, then the one that falls due next, then none."""
    story = reporting().lives("11-07 00:00").does("U01", says(), says(), says())
    periods = [
        fact.data.period for fact in story.facts if isinstance(fact.data, ev.ProgressReported)
    ]
    assert periods == ["2026-W45", "2026-W46", None]


def test_a_closed_period_takes_no_report() -> None:
    """Neither one that is missed, nor one filed already, nor one that is not open yet."""
    story = reporting().lives("11-14 00:00")
    for period in ("2026-W45", "2026-W48"):
        story.when("U01", says(period)).refused("PERIOD_CLOSED", open="2026-W46, 2026-W47")
    story.does("U01", says("2026-W47"))
    story.when("U01", says("2026-W47")).refused("PERIOD_CLOSED", open="2026-W46")
    plain = Story().given(modern("U01"), acknowledged("U01"))
    plain.when("U01", says("2026-W45")).refused("PERIOD_CLOSED", open="none")


@pytest.mark.parametrize("state", ["suspended", "submitted"])
def test_a_report_is_not_due_where_nothing_is_expected(state: str) -> None:
    """Suspended or submitted on its day: not due, and nobody is reminded."""
    story = reporting()
    if state == "suspended":
        suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(30))
        story.does("office", suspend)
    else:
        story.does("U01", cmd.SubmitCompletion(report=REASON))
    fired = story.lives_until("11-07 00:00")
    assert not any(isinstance(event, ev.ReportReminded) for _, event in fired)
    assert story.part().reporting is not None
    (event,) = [event for _, event in fired if isinstance(event, ev.PeriodEnded)]
    assert event.outcome == "not-due"


def test_who_is_done_reports_no_more() -> None:
    """Until it is re-opened, from the period then running."""
    story = reporting().does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    assert ended(story, "11-20 10:00") == []
    reopen = cmd.ReopenTask(units=("U01",), due=fixed("2027-02-01 17:00"), reason=REASON)
    story.lives("11-23 10:00").does("office", reopen)
    assert ended(story, "11-28 00:00") == [("2026-W48", "late", None)]


def test_who_joins_later_reports_from_then_on() -> None:
    """And in mode each every unit for itself."""
    story = reporting().lives("11-23 10:00").does("office", cmd.AddAssignment(unit="U02"))
    part = story.part("U02")
    assert part.reporting is not None
    assert part.reporting.period == "2026-W48"


def test_a_report_due_on_a_holiday_is_due_before_it() -> None:
    """Friday, 4 December is off, Thursday too: the close of Wednesday counts."""
    story = reporting().lives("11-28 00:00")
    reporting_ = story.part().reporting
    assert reporting_ is not None
    assert reporting_.due == at("12-02 17:00")


def test_correcting_a_report_files_nothing() -> None:
    """The period stays as it was."""
    story = reporting().does("U01", says())
    story.does("U01", cmd.CorrectReport(event=event_hash(3), percent=11))
    assert story.part().percent == 11
    assert ended(story, "11-07 00:00") == [("2026-W45", "filed", None)]
