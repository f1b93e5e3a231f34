"""Who is on a task: added, withdrawn, succeeded, who leads; one test per rule and refusal.

Sentence of the rules -> test:

- issued: added later -> a_unit_joins_with_the_default_limits_of_the_kind
- withdrawing the lead needs a new lead -> test_task_decide, the_lead_leaves_only_with_a_new_lead
- a unit is succeeded: its open assignments are transferred, limits and history stay -> a_successor_…
- if both were on a task one remains, lead wins -> the tests of where_both_were_on_the_task
- mode each: ready when all are final -> test_task_decide
"""

import pytest

from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import (
    DAY,
    REASON,
    START,
    Story,
    accepted,
    acknowledged,
    at,
    event_hash,
    issued,
    modern,
    submitted,
    working,
)

ADD = cmd.AddAssignment(unit="U09", reason=REASON)
SUBMIT = cmd.SubmitCompletion(report=REASON)


def transfer(unit: str, into: str) -> cmd.TransferAssignment:
    return cmd.TransferAssignment(unit=unit, into=into)


# --- added ---


def test_a_unit_joins_with_the_default_limits_of_the_kind() -> None:
    """As a support, or a member; its limits count from when it joined."""
    story = Story().given(modern("U02", lead="U01")).lives("11-10 10:00")
    story.when("office", ADD).then(
        ev.AssignmentAdded(
            unit="U09",
            role="support",
            acknowledge_by=at("11-12 17:00"),
            due=at("12-01 17:00"),
            acknowledge_rule=working(2),
            due_rule=working(15),
            reason=REASON,
        )
    )
    assert (story.part("U09").state, story.part("U09").first_due) == ("issued", at("12-01 17:00"))
    each = Story().given(modern("U01"))
    (event,) = each.when("office", ADD).taken()
    assert isinstance(event, ev.AssignmentAdded)
    assert event.role == "member"


def test_a_unit_joins_with_limits_of_its_own() -> None:
    """In their order; a due before the acknowledge limit is refused."""
    story = Story().given(modern("U01"))
    wrong = ADD.model_copy(update={"due": working(2), "acknowledge_by": working(3)})
    story.when("office", wrong).refused("LIMIT_ORDER")
    story.does("office", ADD.model_copy(update={"due": working(1)}))
    assert story.part("U09").acknowledge_by == story.part("U09").due == at("11-03 17:00")


def test_a_unit_on_the_task_is_not_added_again() -> None:
    """Nor one that was withdrawn: its history stays where it is."""
    story = Story().given(modern("U01", "U02"))
    story.when("office", cmd.AddAssignment(unit="U01")).refused("ALREADY_ON_TASK", unit="U01")
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    story.when("office", cmd.AddAssignment(unit="U01")).refused("ALREADY_ON_TASK", unit="U01")


@pytest.mark.parametrize("unit", ["office", "Convener", "auditor", "system"])
def test_nobody_joins_under_a_reserved_id(unit: str) -> None:
    """Tasks are addressed to member units."""
    story = Story().given(modern("U01"))
    story.when("office", cmd.AddAssignment(unit=unit)).refused("UNIT_NOT_ON_TASK", unit=unit)
    story.when("office", transfer("U01", unit)).refused("UNIT_NOT_ON_TASK", unit=unit)


def test_a_full_task_takes_no_more_units() -> None:
    """256 at most: the issue event has to hold them."""
    story = Story().given(modern(*(f"M{number}" for number in range(cmd.MAX_UNITS))))
    story.when("office", ADD).refused("UNIT_NOT_ON_TASK", unit="U09")


def test_a_task_of_release_0_1_needs_a_due_for_who_joins() -> None:
    """Its rules have no defaults; the acknowledge limit is theirs."""
    story = Story().given(issued("U01"))
    story.when("office", ADD).refused("DUE_NEEDED")
    story.when("office", ADD.model_copy(update={"due": working(5)})).then(
        ev.AssignmentAdded(
            unit="U09",
            role="member",
            acknowledge_by=START + 2 * DAY,
            due=at("11-10 01:00"),  # 17:00 UTC on Monday: weekdays in UTC, for want of a calendar
            reason=REASON,
        )
    )


# --- withdrawn ---


def test_a_new_lead_is_on_the_task_still() -> None:
    """Neither withdrawn nor stopped."""
    story = Story().given(modern("U02", "U03", lead="U01"), acknowledged("U02"))
    story.does("office", cmd.WithdrawAssignment(unit="U03", reason=REASON))
    story.does("U02", cmd.RequestStop(reason=REASON))
    stop = cmd.GrantRequest(unit="U02", request="stop", subject=event_hash(4))
    story.does("office", stop)
    for unfit in ("U02", "U03"):
        leave = cmd.WithdrawAssignment(unit="U01", reason=REASON, new_lead=unfit)
        story.when("office", leave).refused("SUCCESSOR_UNFIT", unit=unfit)


def test_withdrawing_is_refused_when_stale() -> None:
    """The unit acted since the office looked."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"))
    leave = cmd.WithdrawAssignment(unit="U01", reason=REASON)
    story.when("office", leave, expect=event_hash(1)).refused("STALE")


# --- succeeded ---


def test_a_successor_takes_the_assignment_as_it_stands() -> None:
    """Limits, reports, requests, rungs: only the name is another, in the same place."""
    story = Story().given(modern("U08", "U02", lead="U01"), acknowledged("U08"))
    story.does("U08", cmd.ReportProgress(percent=40), cmd.RequestStop(reason=REASON))
    story.lives("11-19 10:00")
    before = story.part("U08")
    story.when("office", transfer("U08", "U09")).then(
        ev.AssignmentTransferred(unit="U08", into="U09", kept="U08")
    )
    assert list(story.task.assignments) == ["U01", "U09", "U02"]
    same = {"unit": "U08", "head": before.head, "since_head": before.since_head, "undo": None}
    assert story.part("U09").model_copy(update=same) == before
    story.when("U08", SUBMIT).refused("NOT_YOUR_ASSIGNMENT", unit="U08")
    story.does("U09", SUBMIT)


def test_a_succeeded_lead_leads_on_under_the_new_name() -> None:
    """Its submission and what the supports said of it stay in force."""
    story = Story().given(modern("U02", "U03", lead="U08", concurrence=True))
    story.given(acknowledged("U08"), acknowledged("U02"), acknowledged("U03"))
    story.does("U08", SUBMIT).does("U02", cmd.Concur(submission=event_hash(5)))
    story.does("office", transfer("U08", "U09"))
    assert story.task.lead is not None
    assert story.task.lead.unit == "U09"
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U03",)


def test_a_successor_is_asked_for_concurrence_in_the_place_of_the_other() -> None:
    """And what the other had said stands under its name."""
    story = Story().given(modern("U08", "U03", lead="U01", concurrence=True))
    story.given(acknowledged("U01"), acknowledged("U08"), acknowledged("U03"))
    story.does("U01", SUBMIT).does("U03", cmd.Dissent(submission=event_hash(5), reason=REASON))
    story.does("office", transfer("U08", "U09"), transfer("U03", "U10"))
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U09",)
    assert story.task.concurrence.dissented == {"U10": REASON}
    story.does("U09", cmd.Concur(submission=event_hash(5)))


def test_where_both_were_on_the_task_the_lead_remains() -> None:
    """Whichever of the two it was; the task has one lead, one assignment less."""
    story = Story().given(modern("U02", "U03", lead="U01"), acknowledged("U01"))
    story.when("office", transfer("U01", "U02")).then(
        ev.AssignmentTransferred(unit="U01", into="U02", kept="U01")
    )
    assert list(story.task.assignments) == ["U02", "U03"]
    assert (story.part("U02").role, story.part("U02").state) == ("lead", "in-progress")
    story = Story().given(modern("U02", "U03", lead="U01"), acknowledged("U02"))
    story.when("office", transfer("U02", "U01")).then(
        ev.AssignmentTransferred(unit="U02", into="U01", kept="U01")
    )
    assert (story.part("U01").role, story.part("U01").state) == ("lead", "issued")


def test_where_both_were_supports_the_open_one_remains() -> None:
    """The successor's own, unless that has ended."""
    story = Story().given(modern("U02", "U03", lead="U01"), acknowledged("U02"))
    story.when("office", transfer("U02", "U03")).then(
        ev.AssignmentTransferred(unit="U02", into="U03", kept="U03")
    )
    assert story.part("U03").state == "issued"
    story = Story().given(modern("U02", "U03", lead="U01"), acknowledged("U03"))
    story.given(submitted("U03"), accepted("U03", 3))
    story.when("office", transfer("U02", "U03")).then(
        ev.AssignmentTransferred(unit="U02", into="U03", kept="U02")
    )
    assert story.part("U03").state == "issued"


def test_only_open_assignments_are_transferred() -> None:
    """What has ended stays with the unit whose work it was."""
    story = Story().given(modern("U08", "U02"), acknowledged("U08"), submitted("U08"))
    story.given(accepted("U08", 3))
    story.when("office", transfer("U08", "U09")).refused("WRONG_STATE", state="completed")
    story.when("office", transfer("U05", "U09")).refused("UNIT_NOT_ON_TASK", unit="U05")
