"""How submissions are decided and a task ends or begins again; one test per rule and refusal.

(By the rules of release 0.1: test_task_decide.) Sentence of the rules -> test:

- accepting over a dissent needs a reason, a dissent never blocks -> a_dissent_wants_a_reason
- return with reason and new due, cycle + 1 -> a_return_…
- ready: mode lead, the lead completed, supports completed, stopped or withdrawn -> ready_to_close
- not-implemented may be closed from active; withdraws what is not final -> test_task_decide
- re-open: completed units, active or closed task, cycle + 1, new due -> the tests of re-open
- takes the current calendar, rules, ladder -> a_closed_task_is_re_opened_under_todays_rules
- archive 180 days after closing; re-open until then -> a_re_opened_task_is_not_archived
"""

from datetime import date, timedelta

import pytest

from lianxi.domain.calendar import Calendar
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import next_deadline
from tests.domain.gwt import (
    CALENDAR,
    REASON,
    Story,
    accepted,
    acknowledged,
    at,
    entry,
    event_hash,
    fixed,
    issued,
    modern,
    submitted,
    working,
)

SUBMIT = cmd.SubmitCompletion(report=REASON)
REOPEN = cmd.ReopenTask(units=("U01",), due=working(5), reason=REASON)
CLOSE = cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED)


def accept(story: Story, unit: str = "U01", **fields: object) -> cmd.AcceptCompletion:
    submission = story.part(unit).submission
    assert submission is not None
    return cmd.AcceptCompletion.model_validate(
        {"unit": unit, "submission": submission.event, **fields}
    )


def handed_in() -> Story:
    """U01 leads and has submitted; U02 was asked."""
    story = Story().given(modern("U02", lead="U01", concurrence=True))
    return story.given(acknowledged("U01"), acknowledged("U02")).does("U01", SUBMIT)


def completed() -> Story:
    """U01 alone, done."""
    story = Story().given(modern("U01"), acknowledged("U01")).does("U01", SUBMIT)
    return story.does("office", accept(story))


# --- decisions ---


def test_a_dissent_wants_a_reason() -> None:
    """It does not block: with a reason the submission is accepted, and the dissent stays attached."""
    story = handed_in().does("U02", cmd.Dissent(submission=event_hash(4), reason=REASON))
    story.when("office", accept(story)).refused("REASON_REQUIRED")
    story.when("office", accept(story, reason=REASON)).then(
        ev.CompletionAccepted(unit="U01", submission=event_hash(4), reason=REASON)
    )
    assert story.task.concurrence is not None
    assert story.task.concurrence.dissented == {"U02": REASON}


def test_not_waiting_for_those_asked_wants_a_reason() -> None:
    """Once all have agreed, or are noted as silent, none is needed."""
    story = handed_in()
    story.when("office", accept(story)).refused("REASON_REQUIRED")
    story.lives("11-05 17:00").when("office", accept(story)).then_kinds("CompletionAccepted")
    story = handed_in().does("U02", cmd.Concur(submission=event_hash(4)))
    story.when("office", accept(story)).then_kinds("CompletionAccepted")


def test_the_supports_own_submission_wants_no_concurrence() -> None:
    """Concurrence is about the lead's."""
    story = handed_in().does("U02", SUBMIT)
    story.when("office", accept(story, "U02")).then_kinds("CompletionAccepted")


def test_a_return_counts_the_new_limits_by_their_rules() -> None:
    """Cycle and revision go up; the acknowledge limit is again as the first was."""
    story = Story().given(modern("U01"), acknowledged("U01")).does("U01", SUBMIT)
    story.lives("11-10 10:00")
    back = cmd.ReturnCompletion(unit="U01", submission=event_hash(3), reason=REASON, due=working(5))
    story.when("office", back).then(
        ev.CompletionReturned(
            unit="U01",
            submission=event_hash(3),
            reason=REASON,
            cycle=2,
            revision=2,
            due=at("11-17 17:00"),
            due_rule=working(5),
            acknowledge_by=at("11-12 17:00"),
            acknowledge_rule=working(2),
        )
    )
    story.when("office", back).refused("ALREADY_SO", state="returned")


# --- the end ---


def test_ready_to_close_is_derived_with_its_instant() -> None:
    """When the last assignment became final; gone when one is open again."""
    story = completed()
    assert (story.task.ready, story.task.ready_at) == (True, story.now)
    story.lives("11-05 10:00").does("office", REOPEN)
    assert (story.task.ready, story.task.ready_at) == (False, None)


def test_a_lead_stops_only_with_a_new_lead() -> None:
    """Without one nobody could complete the task, and nobody would be reminded."""
    story = Story().given(modern("U02", lead="U01"), acknowledged("U01"))
    story.does("U01", cmd.RequestStop(reason=REASON))
    stop = cmd.GrantRequest(unit="U01", request="stop", subject=event_hash(3))
    story.when("office", stop).refused("LEAD_NEEDS_SUCCESSOR")
    with_lead = stop.model_copy(update={"new_lead": "U02"})
    story.when("office", with_lead).then_kinds("LeadChanged", "AssignmentStopped")
    assert story.task.lead is not None
    assert story.task.lead.unit == "U02"


def test_a_re_check_needs_somebody_who_leads() -> None:
    """Closed not-implemented the lead was withdrawn: one of the units re-opened leads."""
    story = (
        Story().given(modern("U02", lead="U01")).does("U02", cmd.SubmitCompletion(report=REASON))
    )
    accept = cmd.AcceptCompletion(unit="U02", submission=story.last(ev.CompletionSubmitted))
    not_so = cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON)
    story.does("office", accept, not_so)
    again = cmd.ReopenTask(units=("U02",), due=working(5), reason=REASON)
    story.when("office", again).refused("LEAD_NEEDS_SUCCESSOR")
    story.when("office", again.model_copy(update={"new_lead": "U01"})).refused("SUCCESSOR_UNFIT")
    story.when("office", again.model_copy(update={"new_lead": "U02"})).then_kinds(
        "TaskReopened", "LeadChanged", "AssignmentReopened"
    )


def test_the_end_takes_requests_with_it_and_puts_proposals_to_sleep() -> None:
    """Requests lapse with the withdrawal; what was proposed waits for a reversal, no rule acts on it."""
    story = Story().given(modern("U01"), acknowledged("U01"))
    story.does("U01", cmd.RequestStop(reason=REASON)).lives("11-26 18:00")
    assert story.task.proposals
    story.when("office", cmd.CancelTask(reason=REASON)).then_kinds(
        "AssignmentWithdrawn", "RequestLapsed", "TaskCancelled"
    )
    assert story.task.proposals
    assert next_deadline(story.task) == story.task.archive_at


# --- re-open ---


def test_a_completed_unit_looks_again_on_an_active_task() -> None:
    """In progress, a new cycle, a new due, and the rungs with it."""
    story = completed().lives("11-10 10:00")
    story.when("office", REOPEN).then(
        ev.AssignmentReopened(
            unit="U01",
            cycle=2,
            reason=REASON,
            revision=2,
            due=at("11-17 17:00"),
            due_rule=working(5),
            acknowledge_by=at("11-04 17:00"),
        )
    )
    part = story.part()
    assert (part.state, part.cycle, part.completed_at) == ("in-progress", 2, None)


def test_only_what_was_completed_is_re_opened() -> None:
    """Open, withdrawn, stopped: wrong state; another unit: not on the task."""
    story = Story().given(modern("U01", "U02"))
    story.when("office", REOPEN).refused("WRONG_STATE", state="issued", needed="completed")
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    story.when("office", REOPEN).refused("WRONG_STATE", state="withdrawn")
    unknown = REOPEN.model_copy(update={"units": ("U09",)})
    story.when("office", unknown).refused("UNIT_NOT_ON_TASK")


def test_a_closed_task_is_re_opened_under_todays_rules() -> None:
    """Calendar and ladder are those of the conference today; the new due is counted by them."""
    story = completed().does("office", CLOSE).lives("11-10 10:00")
    calendar = Calendar.model_validate(
        {
            **CALENDAR.model_dump(),
            "version": 2,
            "entries": (entry(date(2026, 11, 11), date(2026, 11, 13), "holiday"),),
        }
    )
    rules = DEFAULT_RULES.model_copy(update={"version": 3})
    reopen = REOPEN.model_copy(update={"rules": rules, "calendar": calendar})
    story.when("office", reopen).then_kinds("TaskReopened", "AssignmentReopened")
    assert (story.task.phase, story.task.verdict, story.task.end_event) == ("active", None, None)
    assert (story.task.rules.version, story.task.calendar.version) == (3, 2)
    assert story.part().due == at("11-20 17:00")


def test_a_task_is_not_re_opened_under_a_ladder_that_cannot_be_climbed() -> None:
    """Checked as where rules are adopted."""
    story = completed().does("office", CLOSE)
    rung = DEFAULT_RULES.ladder.rungs[0].model_copy(update={"to": ()})
    ladder = DEFAULT_RULES.ladder.model_copy(update={"rungs": (rung,)})
    rules = DEFAULT_RULES.model_copy(update={"ladder": ladder})
    reopen = REOPEN.model_copy(update={"rules": rules})
    story.when("office", reopen).refused("RUNG_TO_NOBODY")


def test_a_re_opened_task_is_not_archived() -> None:
    """The time for re-opening ran from the closing; it runs anew from the next."""
    story = completed().does("office", CLOSE)
    archive_at = story.task.archive_at
    assert archive_at is not None
    assert archive_at == story.now + timedelta(days=180)
    assert next_deadline(story.task) == archive_at
    story.does("office", REOPEN)
    assert story.task.archive_at is None


@pytest.mark.parametrize(
    "end", [ev.TaskCancelled(reason=REASON), ev.TaskArchived(due_at=at("11-30 17:00"))]
)
def test_what_was_cancelled_or_archived_is_not_re_opened(end: ev.TaskEvent) -> None:
    """After the archive a new task has the old one as its basis."""
    story = completed().given(end)
    story.when("office", REOPEN).refused("TASK_ENDED", state=story.task.phase)


def test_a_task_of_release_0_1_is_re_opened_as_it_was() -> None:
    """Without a calendar its events keep no rules of limits."""
    story = Story().given(issued("U01"), acknowledged("U01"), submitted("U01"), accepted("U01", 3))
    (event,) = story.when("office", REOPEN.model_copy(update={"due": fixed("12-01 17:00")})).taken()
    assert isinstance(event, ev.AssignmentReopened)
    assert (event.due, event.due_rule) == (at("12-01 17:00"), None)
