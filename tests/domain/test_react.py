"""Who is told what, and when a notice is stale.

First by the rules of release 0.1, then what came with today's. Sentence of the rules -> test:

- the table of rungs, to whom -> rungs_tell_…, a_rung_that_proposes_…, a_bulletin_tells_all_units
- addressed to a unit, the office, the convener, never to a person by id -> everybody_told_is_a_side
- cancel tells units already completed too -> the_end_tells_everybody_still_on_the_task_once
- on behalf: the unit is told -> acts_and_whom_they_tell
- one notice per unit for a calendar -> a_calendar_is_told_by_the_conference
- before sending: does it still hold (limit revision, state) -> the tests of staleness
"""

from datetime import timedelta
from typing import Any

import pytest

from lianxi.domain.ladder import NOTICE_KINDS
from lianxi.domain.limits import DurationLimit
from lianxi.domain.reports import ReportCycle
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.react import Notice, react, still_holds
from lianxi.domain.task.state import TaskState
from tests.domain.gwt import (
    CALENDAR,
    DAY,
    REASON,
    START,
    Story,
    accepted,
    acknowledged,
    at,
    event_hash,
    fixed,
    issued,
    modern,
    submitted,
    working,
)


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


# --- what came with today's rules ---

UNIT_LIMITS: dict[str, Any] = {
    "unit": "U01",
    "revision": 2,
    "due": at("12-18 17:00"),
    "acknowledge_by": at("11-04 17:00"),
}
SUBJECT: dict[str, Any] = {"unit": "U01", "subject": event_hash(1)}
WARNING = ev.WarningSent(
    unit="U01", proposal=event_hash(1), revision=1, explain_by=at("11-30 17:00")
)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ev.AssignmentObjected(unit="U01", reason=REASON), [("office", "objected")]),
        (
            ev.ObjectionRefused(objection=event_hash(1), reason=REASON, **UNIT_LIMITS),
            [("U01", "objection-decided")],
        ),
        (
            ev.ObjectionChanged(objection=event_hash(1), **UNIT_LIMITS),
            [("U01", "objection-decided")],
        ),
        (ev.ObjectionUpheld(unit="U01", objection=event_hash(1)), []),
        (
            ev.AssignmentWithdrawn(unit="U01", through="objection"),
            [("U01", "withdrawn")],
        ),
        (ev.StopRequested(unit="U01", reason=REASON), [("office", "stop-requested")]),
        (ev.AssignmentStopped(unit="U01", request=event_hash(1)), [("U01", "stop-decided")]),
        (ev.ExtensionGranted(request=event_hash(1), **UNIT_LIMITS), [("U01", "extension-decided")]),
        (
            ev.RequestRefused(request="extension", reason=REASON, **SUBJECT),
            [("U01", "extension-decided")],
        ),
        (ev.RequestRefused(request="stop", reason=REASON, **SUBJECT), [("U01", "stop-decided")]),
        (ev.RequestRetracted(request="stop", **SUBJECT), [("office", "retracted")]),
        (ev.RequestLapsed(request="stop", **SUBJECT), []),
        (
            ev.AssignmentSuspended(
                unit="U01", reason=REASON, review_by=at("11-09 17:00"), review_rule=working(5)
            ),
            [("U01", "suspended")],
        ),
        (ev.AssignmentResumed(suspended_at=START, **UNIT_LIMITS), [("U01", "resumed")]),
        (
            ev.AssignmentReopened(cycle=2, reason=REASON, **UNIT_LIMITS),
            [("U01", "reopened")],
        ),
        (ev.LimitsMoved(why="gap", gap=event_hash(1), **UNIT_LIMITS), [("U01", "limits-moved")]),
        (ev.LimitsMoved(why="calendar", **UNIT_LIMITS), []),
        (ev.UnitUrged(unit="U01"), [("U01", "urged")]),
        (ev.PhoneCallNoted(unit="U01", text=REASON), [("U01", "phoned")]),
        (
            ev.InstructionGiven(units=("U01", "U02"), text=REASON, acknowledge=True),
            [("U01", "instruction"), ("U02", "instruction")],
        ),
        (
            ev.InstructionHeeded(unit="U01", instruction=event_hash(1)),
            [("office", "instruction-heeded")],
        ),
        (
            ev.FiledOnBehalf(
                unit="U01", act="progress", via="phone", basis=REASON, dispute_by=at("11-04 17:00")
            ),
            [("U01", "on-behalf")],
        ),
        (
            ev.FilingDisputed(unit="U01", filing=event_hash(1), reason=REASON),
            [("office", "disputed")],
        ),
        (
            ev.ReportCorrected(unit="U01", corrects=event_hash(1), percent=3),
            [("office", "corrected")],
        ),
        (WARNING, [("U01", "warning-sent")]),
        (
            ev.WarningAnswered(unit="U01", warning=event_hash(1), text=REASON),
            [("office", "warning-answered")],
        ),
        (ev.ProposalApproved(proposal=event_hash(1)), [("office", "approved")]),
        (ev.ProposalRejected(proposal=event_hash(1), reason=REASON), [("office", "rejected")]),
        (ev.ProposalExpired(proposal=event_hash(1), due_at=START), [("office", "expired")]),
        (ev.ProposalOvertaken(proposal=event_hash(1)), [("office", "overtaken")]),
        (
            ev.ServiceGapNoted(since=START, until=START, waits_until=START),
            [("office", "service-gap")],
        ),
        (ev.GapExcluded(gap=event_hash(1), reason=REASON), []),
        (ev.CalendarAdopted(calendar=CALENDAR), []),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ev.TaskEvent) else "",
)
def test_acts_and_whom_they_tell(event: ev.TaskEvent, expected: list[tuple[str, str]]) -> None:
    """Who asked is told of the decision, who decides of what was asked."""
    story = Story().given(modern("U01", "U02"))
    assert told(story, event) == expected
    assert {kind for _, kind in expected} <= NOTICE_KINDS


def test_an_act_taken_back_is_told_to_the_unit() -> None:
    """And the end of a task taken back to everybody on it."""
    story = Story().given(modern("U01", "U02"))
    change = cmd.ChangeDue(units=("U01",), due=fixed("12-18 17:00"), reason=REASON)
    story.does("office", change)
    act = story.last(ev.DueChanged)
    reversed_ = ev.ActReversed(unit="U01", act=act, reason=REASON, revision=3)
    assert told(story, reversed_) == [("U01", "reversed")]
    story.does("office", cmd.CancelTask(reason=REASON))
    end = ev.EndReversed(act=story.last(ev.TaskCancelled), reason=REASON)
    assert told(story, end) == [("U01", "reversed"), ("U02", "reversed")]


def test_concurrence_is_asked_of_each_and_answered_to_the_office() -> None:
    """With the submission and the day it ends; silence is told too."""
    story = Story().given(modern("U02", "U03", lead="U01", concurrence=True))
    story.given(*(acknowledged(unit) for unit in ("U01", "U02", "U03")), submitted("U01"))
    before = story.task
    ask = ev.ConcurrenceAsked(units=("U02", "U03"), answer_by=at("11-05 17:00"))
    story.record(ask)
    notices = react(before, ask, story.task)
    assert [(n.addressee, n.kind, n.due, n.submission) for n in notices] == [
        (unit, "concurrence-asked", at("11-05 17:00"), event_hash(5)) for unit in ("U02", "U03")
    ]
    given = ev.ConcurrenceGiven(unit="U02", submission=event_hash(5))
    assert told(story, given) == [("office", "concurred")]
    dissent = ev.DissentFiled(unit="U03", submission=event_hash(5), reason=REASON)
    assert told(story, dissent) == [("office", "dissented")]
    silent = ev.ConcurrenceSilent(submission=event_hash(5), units=("U03",), due_at=START)
    assert told(story, silent) == [("office", "concurrence-silent")]


def test_who_joins_and_who_succeeds_is_told() -> None:
    """Under its own name."""
    story = Story().given(modern("U01"))
    joined = ev.AssignmentAdded(
        unit="U02", role="member", acknowledge_by=at("11-04 17:00"), due=at("11-23 17:00")
    )
    assert told(story, joined) == [("U02", "added")]
    succeeded = ev.AssignmentTransferred(unit="U01", into="U09", kept="U01")
    assert told(story, succeeded) == [("U09", "transferred")]


def test_a_rung_that_proposes_tells_the_office_alone() -> None:
    """Nobody is warned before somebody of the convener's side approves; passed on: the convener."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-24 10:00")
    warning = ev.RungFired(unit="U01", rung="overdue-3", revision=1, due_at=at("11-26 17:00"))
    before = story.task
    story.record(warning)
    (notice,) = react(before, warning, story.task)
    proposal = story.last(ev.RungFired)
    assert (notice.addressee, notice.kind, notice.subject) == ("office", "proposed", proposal)
    passed_on = ev.ProposalEndorsed(proposal=proposal, expires=at("12-12 17:00"))
    assert told(story, passed_on) == [("convener", "proposed")]


def test_a_filed_proposal_tells_the_convener() -> None:
    """With the day it expires."""
    story = Story().given(modern("U01"))
    filed = ev.ActProposed(act="cancel", args={}, expires=at("11-16 17:00"))
    assert told(story, filed) == [("convener", "proposed")]


def test_a_bulletin_tells_all_units_and_the_convener() -> None:
    """Not those who were withdrawn."""
    story = Story().given(modern("U01", "U02", "U03"))
    story.does("office", cmd.WithdrawAssignment(unit="U03", reason=REASON))
    bulletin = ev.BulletinIssued(unit="U01", proposal=event_hash(1), revision=1)
    assert told(story, bulletin) == [
        ("U01", "bulletin-issued"),
        ("U02", "bulletin-issued"),
        ("convener", "bulletin-issued"),
    ]


@pytest.mark.parametrize(
    ("rung", "addressees"),
    [
        ("review-late", ["office"]),
        ("exhausted", ["office"]),
        ("explanation-late", ["U01", "office"]),
        ("unknown", []),
    ],
)
def test_the_offices_reminders_tell_whom_the_ladder_names(rung: str, addressees: list[str]) -> None:
    """Under the rung's name."""
    story = Story().given(modern("U01"))
    event = ev.OfficeReminded(rung=rung, unit="U01", subject=event_hash(1), times=1, due_at=START)
    assert told(story, event) == [(addressee, rung) for addressee in addressees]


def test_a_ready_task_reminds_the_office() -> None:
    """Of no unit's assignment."""
    story = Story().given(modern("U01"))
    event = ev.OfficeReminded(rung="close-late", subject=event_hash(1), times=1, due_at=START)
    assert told(story, event) == [("office", "close-late")]


def test_periodic_reports_remind_the_unit_and_tell_the_office_when_late() -> None:
    """A report that was filed, or not due, is nothing to tell."""
    story = Story().given(modern("U01", report=ReportCycle(every="week", day=5)))
    reminded = ev.ReportReminded(unit="U01", period="2026-W45", due_at=at("11-05 17:00"))
    assert told(story, reminded) == [("U01", "report-reminder")]
    late = ev.PeriodEnded(unit="U01", period="2026-W45", outcome="late", due_at=at("11-06 17:00"))
    assert told(story, late) == [("U01", "report-late"), ("office", "report-late")]
    filed = late.model_copy(update={"outcome": "filed", "period": "2026-W46"})
    assert told(story, filed) == []


# --- stale or not ---


def notices_of(story: Story, *kinds: str) -> list[Notice]:
    """All notices of a story so far, of these kinds."""
    state: TaskState | None = None
    found: list[Notice] = []
    for fact in story.facts:
        after = evolve(state, fact)
        found += [n for n in react(state, fact.data, after) if n.kind in kinds]
        state = after
    return found


def holds(story: Story, kind: str) -> bool:
    return still_holds(notices_of(story, kind)[-1], story.task, story.now)


def test_what_asks_for_a_decision_holds_until_it_is_decided() -> None:
    """Objection, extension, stop, submission."""
    extend = cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON)
    for command, kind in (
        (cmd.ObjectToAssignment(reason=REASON), "objected"),
        (extend, "extension-requested"),
        (cmd.RequestStop(reason=REASON), "stop-requested"),
    ):
        story = Story().given(modern("U01"))
        if kind != "objected":
            story.given(acknowledged("U01"))
        story.does("U01", command)
        assert holds(story, kind)
        request = {"objected": "objection"}.get(kind, kind.removesuffix("-requested"))
        retract = cmd.RetractRequest.model_validate({"request": request})
        story.does("U01", retract)
        assert not holds(story, kind)


def test_a_proposal_holds_while_it_waits() -> None:
    """Moot, approved, rejected or expired: superseded."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-26 18:00")
    assert holds(story, "proposed")
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    assert not holds(story, "proposed")


def test_an_office_reminder_holds_while_the_matter_lies_there() -> None:
    """A recalled submission is none."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    story.does("U01", cmd.SubmitCompletion(report=REASON)).lives("11-06 10:00")
    assert holds(story, "review-late")
    story.does("U01", cmd.RecallSubmission())
    assert not holds(story, "review-late")


def test_a_warning_holds_until_it_is_answered() -> None:
    """And a suspension's notice until it is resumed."""
    story = Story().given(modern("U01"), acknowledged("U01"), WARNING)
    assert holds(story, "warning-sent")
    story.does("U01", cmd.AnswerWarning(warning=story.last(ev.WarningSent), text=REASON))
    assert not holds(story, "warning-sent")
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(5))
    story.does("office", suspend)
    assert holds(story, "suspended")
    story.does("office", cmd.ResumeAssignment(unit="U01"))
    assert not holds(story, "suspended")


def test_what_was_told_a_unit_that_has_been_succeeded_is_stale() -> None:
    """Its successor was told."""
    story = Story().given(modern("U01"))
    story.does("office", cmd.TransferAssignment(unit="U01", into="U09"))
    assert not holds(story, "issued")
    assert holds(story, "transferred")


def test_a_held_rung_is_not_told() -> None:
    """Red, then a decision brought the due back: the notice under the old revision is stale."""
    story = Story().given(modern("U01"), acknowledged("U01")).lives("11-24 10:00")
    assert holds(story, "overdue")
    change = cmd.ChangeDue(units=("U01",), due=fixed("12-18 17:00"), reason=REASON)
    story.does("office", change)
    assert not holds(story, "overdue")
    assert holds(story, "due-changed")
