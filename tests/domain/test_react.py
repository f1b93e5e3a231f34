"""Who is told what, and when a notice is stale."""

from datetime import timedelta

import pytest

from lianxi.domain.limits import DurationLimit
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.react import Notice, react, still_holds
from tests.domain.gwt import (
    DAY,
    START,
    Story,
    accepted,
    acknowledged,
    commitment,
    event_hash,
    issued,
    submitted,
)

REASON = commitment("reason")


def told(story: Story, event: ev.TaskEvent) -> list[tuple[str, str]]:
    """Addressee and kind of what `event` gives rise to."""
    before = story.state
    story.record(event)
    return [(notice.addressee, notice.kind) for notice in react(before, event, story.task)]


def test_issue_tells_every_unit() -> None:
    """One notice each, with the deadline."""
    assert told(Story(), issued("U02", lead="U01")) == [("U01", "issued"), ("U02", "issued")]


def test_acts_of_units_tell_the_office() -> None:
    """A tacit acknowledgement is told by the report beside it."""
    story = Story().given(issued("U01"))
    assert told(story, acknowledged("U01")) == [("office", "acknowledged")]
    tacit = ev.AssignmentAcknowledged(unit="U01", implied_by="submit")
    assert told(story, tacit) == []
    assert told(story, ev.ProgressReported(unit="U01", percent=5)) == [("office", "progress")]
    assert told(story, submitted("U01")) == [("office", "submitted")]
    recalled = ev.SubmissionRecalled(unit="U01", submission=event_hash(5))
    assert told(story, recalled) == [("office", "recalled")]


def test_the_last_acceptance_makes_ready_to_close() -> None:
    """The unit hears of the acceptance, the office that nothing is open."""
    story = Story().given(issued("U01", "U02"), acknowledged("U01"), submitted("U01"))
    assert told(story, accepted("U01", 3)) == [("U01", "accepted")]
    withdrawn = ev.AssignmentWithdrawn(unit="U02", through="withdraw", reason=REASON)
    assert told(story, withdrawn) == [("U02", "withdrawn"), ("office", "ready-to-close")]


def test_the_end_tells_everybody_still_on_the_task_once() -> None:
    """Units already completed too; who was withdrawn earlier not."""
    story = Story().given(issued("U01", "U02", "U03"), acknowledged("U01"), submitted("U01"))
    story.given(accepted("U01", 3))
    story.given(ev.AssignmentWithdrawn(unit="U02", through="withdraw", reason=REASON))
    assert told(story, ev.AssignmentWithdrawn(unit="U03", through="cancel")) == []
    assert told(story, ev.TaskCancelled(reason=REASON)) == [
        ("U01", "cancelled"),
        ("U03", "cancelled"),
    ]


@pytest.mark.parametrize(
    ("rung", "addressees"),
    [
        ("acknowledge-reminder", ["U01"]),
        ("acknowledge-overdue", ["U01", "office"]),
        ("near-due", ["U01"]),
        ("overdue", ["U01", "office"]),
    ],
)
def test_rungs_tell_whom_the_ladder_names(rung: str, addressees: list[str]) -> None:
    """As domain.md §7 has it."""
    story = Story().given(issued("U01"))
    event = ev.RungFired(unit="U01", rung=rung, revision=1, due_at=START)
    assert told(story, event) == [(addressee, rung) for addressee in addressees]


def notice(story: Story, kind: str, **fields: object) -> Notice:
    assignment = story.task.assignments["U01"]
    return Notice.model_validate(
        {
            "task": "T-0001",
            "addressee": "U01",
            "kind": kind,
            "about": "U01",
            "cycle": assignment.cycle,
            "revision": assignment.revision,
            "due": assignment.due,
            "submission": assignment.submission.event if assignment.submission else None,
            **fields,
        }
    )


def test_a_reminder_is_stale_once_the_unit_has_acted() -> None:
    """Acknowledged: nothing to remind of."""
    story = Story().given(issued("U01"))
    reminder = notice(story, "acknowledge-reminder", due=START + 2 * DAY)
    assert still_holds(reminder, story.task, START + DAY)
    story.given(acknowledged("U01"))
    assert not still_holds(reminder, story.task, START + DAY)


def test_a_yellow_notice_is_stale_after_due_but_red_is_not() -> None:
    """The red one says it."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    late = START + 13 * DAY
    assert not still_holds(notice(story, "near-due"), story.task, late)
    assert still_holds(notice(story, "overdue"), story.task, late)


def test_a_notice_of_an_older_revision_is_stale() -> None:
    """A changed due supersedes what was said of the old one."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    red = notice(story, "overdue")
    change = cmd.ChangeDue(units=("U01",), due=DurationLimit(seconds=86_400), reason=REASON)
    story.when("office", change).then_kinds("DueChanged")
    assert not still_holds(red, story.task, START + timedelta(hours=1))


def test_a_submission_decided_meanwhile_is_not_announced() -> None:
    """Nothing for the office to do."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"))
    to_office = notice(story, "submitted", addressee="office")
    assert still_holds(to_office, story.task, START)
    story.given(accepted("U01", 3))
    assert not still_holds(to_office, story.task, START)


def test_what_only_informs_always_holds() -> None:
    """Nobody has to act on it."""
    story = Story().given(issued("U01"))
    assert still_holds(notice(story, "closed"), story.task, START + 99 * DAY)


def test_ready_to_close_is_stale_once_closed() -> None:
    """The office has done it."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"), accepted("U01", 3))
    ready = Notice(task="T-0001", addressee="office", kind="ready-to-close")
    assert still_holds(ready, story.task, START)
    closed = ev.TaskClosed(verdict=cmd.Verdict.IMPLEMENTED)
    story.given(closed)
    assert not still_holds(ready, story.task, START)
    assert evolve(story.task, ev.Fact(9, event_hash(9), START, "rule", closed)).phase == "closed"
