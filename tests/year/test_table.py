"""The figures of the demo year, from a task's events alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lianxi.domain.calendar import utc_of
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import events as ev
from tests.parties import CALENDAR, text_commitment
from tools.year.say import Voice
from tools.year.table import Figures, figures, month_counts, silent, told_of

BEGIN = utc_of(CALENDAR, datetime(2027, 3, 1, 9, 0))  # noqa: DTZ001  wall-clock time of the calendar
DAY = timedelta(days=1)
REASON = text_commitment("because")


def event_hash(number: int) -> str:
    return f"{number:064x}"


class History:
    """Facts of one task, written one after another."""

    def __init__(self, *units: str) -> None:
        self.facts: list[ev.Fact] = []
        terms = [
            {"unit": u, "role": "member", "acknowledge_by": BEGIN + 2 * DAY, "due": BEGIN + 9 * DAY}
            for u in units
        ]
        self.add(
            ev.TaskIssued,
            at=BEGIN,
            task="T-0001",
            ref="r",
            registration=event_hash(99),
            opened_at=BEGIN,
            mode="each",
            title=REASON,
            rules=DEFAULT_RULES,
            rules_hash=event_hash(98),
            calendar=CALENDAR,
            calendar_hash=event_hash(97),
            assignments=terms,
        )

    def add(self, kind: type[ev.TaskEvent], *, at: datetime, **data: Any) -> str:
        """One more event; its hash."""
        seq = len(self.facts) + 1
        made = event_hash(seq)
        self.facts.append(ev.Fact(seq, made, at, "command", kind(**data)))
        return made

    def submitted(self, unit: str, day: int) -> str:
        """Acknowledged on the first day and submitted on another."""
        self.add(ev.AssignmentAcknowledged, at=BEGIN + DAY, unit=unit)
        report = {"report": REASON, "report_media": "text/plain"}
        return self.add(ev.CompletionSubmitted, at=BEGIN + day * DAY, unit=unit, cycle=1, **report)

    def returned(self, unit: str, submission: str, day: int) -> str:
        """The submission goes back, due a week later."""
        due = BEGIN + (day + 7) * DAY
        return self.add(
            ev.CompletionReturned, at=BEGIN + day * DAY, unit=unit, revision=2, due=due,
            acknowledge_by=due, submission=submission, reason=REASON, cycle=2,
        )  # fmt: skip

    def row(self, unit: str, day: int) -> Figures:
        """The unit's figures some days on."""
        return figures([told_of(self.facts)], ("U01", "U02"), BEGIN + day * DAY)[unit]


@pytest.mark.parametrize(("day", "in_time"), [(9, 1), (10, 0)])
def test_in_time_is_the_submission_not_the_decision(day: int, in_time: int) -> None:
    """Accepted long after due, what was submitted by then is in time."""
    history = History("U01")
    sent = history.submitted("U01", day)
    history.add(ev.CompletionAccepted, at=BEGIN + 30 * DAY, unit="U01", submission=sent)
    row = history.row("U01", 40)
    assert (row.completed, row.in_time, row.late, row.open) == (1, in_time, 1 - in_time, 0)
    assert row.rate == in_time


def test_an_open_assignment_is_late_only_past_its_due() -> None:
    """And one that the office looks at is not."""
    history = History("U01", "U02")
    history.submitted("U02", 8)
    assert history.row("U01", 8).late == 0
    assert history.row("U01", 10).late == 1
    assert history.row("U02", 20).late == 0
    assert history.row("U01", 10).acknowledged == 0
    assert history.row("U02", 10).acknowledged == 1


def test_a_return_that_was_a_mistake_does_not_count() -> None:
    """Statistics leave out what was reversed."""
    history = History("U01")
    act = history.returned("U01", history.submitted("U01", 3), 4)
    assert history.row("U01", 5).returned == 1
    history.add(ev.ActReversed, at=BEGIN + 5 * DAY, unit="U01", act=act, reason=REASON, revision=3)
    assert history.row("U01", 5).returned == 0


def test_a_withdrawn_assignment_counts_nowhere() -> None:
    """Neither as assigned nor as open."""
    history = History("U01", "U02")
    history.add(ev.AssignmentWithdrawn, at=BEGIN + DAY, unit="U01", through="withdraw")
    row = history.row("U01", 30)
    assert (row.assigned, row.open, row.late, row.left) == (0, 0, 0, 1)
    assert row.rate is None


def test_what_was_done_goes_over_to_the_successor() -> None:
    """The unit that was succeeded has no row of this task any more."""
    history = History("U01")
    history.submitted("U01", 3)
    history.add(ev.AssignmentTransferred, at=BEGIN + 4 * DAY, unit="U01", into="U02", kept="U01")
    assert history.row("U01", 5).assigned == 0
    assert history.row("U02", 5).acknowledged == 1


def test_what_did_not_occur_is_named() -> None:
    """Of the domain's own tables, so that a new kind or command is missed at once."""
    kinds, actions = silent({"TaskIssued": 1, "ProgressReported": 0}, {"accept": 3})
    assert "ProgressReported" in kinds
    assert "UnitSucceeded" in kinds
    assert "TaskIssued" not in kinds
    assert "accept" not in actions
    assert {"succeed", "by-mistake"} <= set(actions)


def test_a_month_counts_late_reports_but_not_those_filed() -> None:
    """Both are the same kind of event."""
    rows = [
        {"kind": "PeriodEnded", "data": {"outcome": "late"}},
        {"kind": "PeriodEnded", "data": {"outcome": "filed"}},
        {"kind": "TaskIssued", "data": None},
        {"kind": "NoticeSent", "data": {}},
    ]
    assert month_counts(rows) == {"issued": 1, "reports-late": 1}


def test_the_table_lines_up_with_chinese_names() -> None:
    """A Chinese character is two columns wide."""
    rows = {"U01": Figures(assigned=3), "U02": Figures(assigned=12)}
    for language, names in (("zh", ("教育", "工业和信息化")), ("en", ("Education", "Industry"))):
        table = Voice(language).table(dict(zip(rows, names, strict=True)), rows)
        widths = {
            sum(2 if ord(character) > 0x2E7F else 1 for character in line)
            for line in table.splitlines()
        }
        assert len(widths) == 1
        assert table.splitlines()[-1].split()[1] == "15"
