"""Objections, extensions and stops: asked, decided, taken back; one test per rule and refusal.

Sentence of the rules -> test:

- the unit objects with reason inside the acknowledge limit -> an_objection_comes_inside_…
- an objection made in time stops the acknowledge rungs -> test_ladder, nothing_fires_while_…
- upheld: withdrawn -> an_objection_upheld_withdraws_the_unit, a_lead_is_let_go_…
- changed: issued with new limits -> an_objection_may_change_the_limits
- refused: a new acknowledge limit, same due -> a_refused_objection_…
- extension filed before due -> an_extension_is_asked_for_before_due
- the clock runs until granted; 1 working day before due holds the red rung -> a_timely_request_…
- granted: never late; refused: late from the original due -> a_held_extension_granted_after_due_…
- decide: another date if wanted -> the_office_may_grant_another_date
- requested -> granted | refused | withdrawn | lapsed -> the tests of each
- stopped -> a_stop_…
"""

import pytest

from lianxi.domain.limits import InstantLimit
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.lights import light, overdue
from tests.domain.gwt import (
    DAY,
    REASON,
    Story,
    acknowledged,
    at,
    event_hash,
    fixed,
    issued,
    modern,
    rungs,
    working,
)

OBJECT = cmd.ObjectToAssignment(reason=REASON)
EXTEND = cmd.RequestExtension(until=fixed("12-18 17:00"), reason=REASON)
STOP = cmd.RequestStop(reason=REASON)


def grant(story: Story, request: str, **fields: object) -> cmd.GrantRequest:
    """Granted as somebody who saw the request would."""
    subject = getattr(story.part(), request).event
    return cmd.GrantRequest.model_validate(
        {"unit": "U01", "request": request, "subject": subject, **fields}
    )


def refuse(story: Story, request: str, **fields: object) -> cmd.RefuseRequest:
    subject = getattr(story.part(), request).event
    return cmd.RefuseRequest.model_validate(
        {"unit": "U01", "request": request, "subject": subject, "reason": REASON, **fields}
    )


def at_work() -> Story:
    """U01 at work, due on Monday, 23 November, 17:00."""
    return Story().given(modern("U01"), acknowledged("U01"))


def red(story: Story) -> bool:
    return light(story.part().state, story.clocks(), story.now) == "red"


# --- objections ---


def test_an_objection_comes_inside_the_acknowledge_limit() -> None:
    """At its very end still; a moment later it is past the limit; twice is nothing to do."""
    story = Story().given(modern("U01")).lives("11-04 17:00")
    story.when("U01", OBJECT).then(ev.AssignmentObjected(unit="U01", reason=REASON))
    assert story.part().state == "objected"
    story.when("U01", OBJECT).refused("ALREADY_SO", state="objected")
    late = Story().given(modern("U01")).lives("11-04 17:01")
    late.when("U01", OBJECT).refused("PAST_LIMIT", limit="2026-11-04T09:00:00.000000Z")


def test_who_has_taken_the_task_up_does_not_object() -> None:
    """In progress: wrong state, the one needed is named."""
    at_work().when("U01", OBJECT).refused("WRONG_STATE", state="in-progress", needed="issued")


def test_an_objection_upheld_withdraws_the_unit() -> None:
    """Told by the withdrawal; nothing of it waits any more."""
    story = Story().given(modern("U01", "U02")).does("U01", OBJECT)
    story.when("office", grant(story, "objection", reason=REASON)).then(
        ev.ObjectionUpheld(unit="U01", objection=event_hash(2), reason=REASON),
        ev.AssignmentWithdrawn(unit="U01", through="objection", reason=REASON),
    )
    assert (story.part().state, story.part().objection) == ("withdrawn", None)


def test_a_lead_is_let_go_only_with_a_new_lead() -> None:
    """As with a withdrawal."""
    story = Story().given(modern("U02", lead="U01")).does("U01", OBJECT)
    story.when("office", grant(story, "objection")).refused("LEAD_NEEDS_SUCCESSOR")
    story.when("office", grant(story, "objection", new_lead="U02")).then_kinds(
        "ObjectionUpheld", "LeadChanged", "AssignmentWithdrawn"
    )
    assert story.task.lead is not None
    assert story.task.lead.unit == "U02"


def test_an_objection_may_change_the_limits() -> None:
    """Issued again with a new due, and an acknowledge limit like the first where none is named."""
    story = Story().given(modern("U01")).does("U01", OBJECT).lives("11-05 10:00")
    story.when("office", grant(story, "objection", due=fixed("12-18 17:00"))).then(
        ev.ObjectionChanged(
            unit="U01",
            objection=event_hash(2),
            revision=2,
            due=at("12-18 17:00"),
            due_rule=fixed("12-18 17:00"),
            acknowledge_by=at("11-09 17:00"),
            acknowledge_rule=working(2),
        )
    )
    assert story.part().state == "issued"


def test_changed_limits_keep_their_order() -> None:
    """An acknowledge limit after due is refused."""
    story = Story().given(modern("U01")).does("U01", OBJECT)
    changed = grant(story, "objection", due=working(2), acknowledge_by=working(3))
    story.when("office", changed).refused("LIMIT_ORDER")
    story.when("office", refuse(story, "objection", acknowledge_by=working(30))).refused(
        "LIMIT_ORDER"
    )


def test_a_refused_objection_gets_a_new_acknowledge_limit_and_the_same_due() -> None:
    """As long as the first unless one is named; the unit may acknowledge or object again."""
    story = Story().given(modern("U01")).does("U01", OBJECT).lives("11-05 10:00")
    story.when("office", refuse(story, "objection")).then(
        ev.ObjectionRefused(
            unit="U01",
            objection=event_hash(2),
            reason=REASON,
            revision=2,
            due=at("11-23 17:00"),
            acknowledge_by=at("11-09 17:00"),
            acknowledge_rule=working(2),
        )
    )
    assert story.part().state == "issued"
    story.does("U01", OBJECT)
    story.does("office", refuse(story, "objection", acknowledge_by=working(1)))
    assert story.part().acknowledge_by == at("11-06 17:00")


def test_an_objection_refused_after_due_leaves_the_unit_late_from_now() -> None:
    """Not late while the office had it; then the due stands as it was, red once, nothing before it."""
    story = Story().given(modern("U01")).does("U01", OBJECT).lives("11-27 10:00")
    assert not red(story)
    story.does("office", refuse(story, "objection"))
    assert story.part().acknowledge_by == story.part().due == at("11-23 17:00")
    assert red(story)
    assert rungs(story.lives_until("11-27 10:00")) == [("11-27 10:00", "overdue")]
    story.when("U01", OBJECT).refused("PAST_LIMIT")


def test_a_return_after_that_gives_time_to_acknowledge_again() -> None:
    """The limit cut to a due that had passed is no measure for the next one."""
    story = Story().given(modern("U01", acknowledge_by=fixed("11-04 17:00")))
    story.does("U01", OBJECT).lives("11-27 10:00").does("office", refuse(story, "objection"))
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    due = fixed("12-18 17:00")
    back = cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=due)
    story.does("office", back)
    assert story.part().acknowledge_by == at("11-29 10:00")


def test_a_provisional_due_stays_so_through_an_objection() -> None:
    """Neither refusing nor changing something else settles it."""
    story = Story().given(modern("U01", due=working(60))).does("U01", OBJECT)
    assert story.part().provisional
    story.does("office", refuse(story, "objection"))
    assert story.part().provisional


def test_the_unit_may_take_its_objection_back() -> None:
    """Issued as before, under the limits it had."""
    story = Story().given(modern("U01")).does("U01", OBJECT)
    retract = cmd.RetractRequest(request="objection")
    story.when("U01", retract).then(
        ev.RequestRetracted(unit="U01", request="objection", subject=event_hash(2))
    )
    assert (story.part().state, story.part().revision) == ("issued", 1)
    story.when("U01", retract).refused("NO_REQUEST", request="objection")


# --- extensions ---


def test_an_extension_is_asked_for_before_due() -> None:
    """At its very instant still; to a later date; one at a time; the due stands meanwhile."""
    story = at_work().lives("11-23 17:00")
    story.when("U01", EXTEND).then(
        ev.ExtensionRequested(
            unit="U01",
            until=at("12-18 17:00"),
            until_rule=fixed("12-18 17:00"),
            reason=REASON,
            holds=False,
        )
    )
    assert story.part().due == at("11-23 17:00")
    story.when("U01", EXTEND).refused("REQUEST_OPEN", request="extension")
    at_work().lives("11-23 17:01").when("U01", EXTEND).refused("PAST_LIMIT")


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (fixed("11-23 17:00"), "EXTENSION_NOT_LATER"),
        (fixed("11-20 17:00"), "EXTENSION_NOT_LATER"),
        (fixed("10-20 17:00"), "LIMIT_PAST"),
        (fixed("2032-01-05 17:00"), "LIMIT_TOO_FAR"),
    ],
)
def test_an_extension_is_later_and_within_five_years(until: InstantLimit, code: str) -> None:
    """Each other date has its own refusal."""
    at_work().when("U01", cmd.RequestExtension(until=until, reason=REASON)).refused(code)


def test_a_timely_request_is_filed_a_working_day_before_due() -> None:
    """From Friday 17:00 on it does not hold the red rung of Monday 17:00."""
    story = at_work().lives("11-20 17:00").does("U01", EXTEND)
    assert story.part().held
    story = at_work().lives("11-20 17:01").does("U01", EXTEND)
    assert not story.part().held
    assert ("11-23 17:00", "overdue") in rungs(story.lives_until("11-24 00:00"))
    assert red(story)


def test_a_held_extension_granted_after_due_was_never_late() -> None:
    """No red rung, no red light, no climb; the new due holds."""
    story = at_work().lives("11-19 10:00").does("U01", EXTEND)
    fired = rungs(story.lives_until("11-27 10:00"))
    assert not {"overdue", "overdue-3"} & {rung for _, rung in fired}
    assert not red(story)
    story.when("office", grant(story, "extension")).then(
        ev.ExtensionGranted(
            unit="U01",
            request=story.last(ev.ExtensionRequested),
            revision=2,
            due=at("12-18 17:00"),
            due_rule=fixed("12-18 17:00"),
            acknowledge_by=at("11-04 17:00"),
        )
    )
    assert (story.part().extensions, story.part().extension) == (1, None)
    assert not red(story)
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    submission = story.last(ev.CompletionSubmitted)
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
    assert story.part().in_time is True


@pytest.mark.parametrize("end", ["refused", "retracted"])
def test_a_held_extension_that_is_not_granted_is_late_from_the_original_due(end: str) -> None:
    """Every rung whose time had come fires at once, each with its own instant."""
    story = at_work().lives("11-19 10:00").does("U01", EXTEND).lives("11-27 10:00")
    if end == "refused":
        story.does("office", refuse(story, "extension"))
    else:
        story.does("U01", cmd.RetractRequest(request="extension"))
    assert story.clocks().overdue_at == at("11-23 17:00")
    assert overdue(story.clocks(), story.now)
    fired = [event for _, event in story.lives_until("11-27 10:00")]
    assert [(e.rung, e.due_at) for e in fired if isinstance(e, ev.RungFired)] == [
        ("overdue", at("11-23 17:00")),
        ("overdue-3", at("11-26 17:00")),
    ]


def test_the_office_may_grant_another_date() -> None:
    """Later than the one in force, earlier than was asked."""
    story = at_work().does("U01", EXTEND)
    story.when("office", grant(story, "extension", due=fixed("11-20 17:00"))).refused(
        "EXTENSION_NOT_LATER"
    )
    story.does("office", grant(story, "extension", due=fixed("11-30 17:00")))
    assert story.part().due == at("11-30 17:00")


def test_a_date_asked_for_that_has_passed_is_named_anew() -> None:
    """The office sat on the request beyond it."""
    ask = cmd.RequestExtension(until=fixed("11-25 17:00"), reason=REASON)
    story = at_work().lives("11-19 10:00").does("U01", ask).lives("11-27 10:00")
    story.when("office", grant(story, "extension")).refused("DUE_REQUIRED")
    story.does("office", grant(story, "extension", due=fixed("12-01 17:00")))
    assert story.part().due == at("12-01 17:00")


def test_days_asked_for_count_from_the_request() -> None:
    """Not from the grant: the date is the one that was asked for."""
    ask = cmd.RequestExtension(until=working(25), reason=REASON)
    story = at_work().lives("11-05 10:00").does("U01", ask)
    story.lives("11-06 10:00").does("office", grant(story, "extension"))
    assert story.part().due == at("12-12 17:00")
    assert story.part().due_opened_at == at("11-05 10:00")


@pytest.mark.parametrize("request_", ["extension", "stop"])
def test_requests_are_refused_with_a_reason(request_: str) -> None:
    """Nothing moves; the unit may ask again."""
    story = at_work().does("U01", EXTEND, STOP)
    subject = getattr(story.part(), request_).event
    story.when("office", refuse(story, request_)).then(
        ev.RequestRefused.model_validate(
            {"unit": "U01", "request": request_, "subject": subject, "reason": REASON}
        )
    )
    assert getattr(story.part(), request_) is None
    story.does("U01", EXTEND if request_ == "extension" else STOP)


def test_a_decision_names_the_request_it_saw() -> None:
    """Retracted and asked again since, or decided by another: stale, or no request."""
    story = at_work().does("U01", EXTEND)
    seen = grant(story, "extension")
    head = story.part().head
    story.does("U01", cmd.RetractRequest(request="extension"))
    story.when("office", seen).refused("NO_REQUEST", request="extension")
    story.does("U01", EXTEND)
    story.when("office", seen).refused("STALE")
    story.when("office", grant(story, "extension"), expect=head).refused("STALE")
    unknown = cmd.RefuseRequest(unit="U09", request="stop", subject=event_hash(1), reason=REASON)
    story.when("office", unknown).refused("UNIT_NOT_ON_TASK")


# --- stops ---


def test_a_stop_is_granted_and_ends_the_assignment() -> None:
    """In progress or suspended; other requests lapse with it."""
    story = at_work().does("U01", EXTEND, STOP)
    story.when("U01", STOP).refused("REQUEST_OPEN", request="stop")
    stop = story.part().stop
    assert stop is not None
    story.when("office", grant(story, "stop")).then(
        ev.AssignmentStopped(unit="U01", request=stop.event),
        ev.RequestLapsed(unit="U01", request="extension", subject=event_hash(3)),
    )
    assert (story.part().state, story.part().final) == ("stopped", True)


def test_a_suspended_unit_may_ask_to_be_stopped() -> None:
    """Its suspension ends with the stop."""
    story = at_work()
    suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(9))
    story.does("office", suspend).does("U01", STOP)
    story.does("office", grant(story, "stop"))
    assert (story.part().state, story.part().suspension) == ("stopped", None)


def test_who_has_not_taken_the_task_up_objects_instead_of_stopping() -> None:
    """Issued: wrong state."""
    Story().given(modern("U01")).when("U01", STOP).refused("WRONG_STATE", state="issued")


@pytest.mark.parametrize("command", [OBJECT, EXTEND, STOP], ids=lambda c: c.action)
def test_requests_lapse_when_the_unit_is_withdrawn(command: cmd.UnitCommand) -> None:
    """Side machines end with what they stand beside."""
    story = Story().given(modern("U01", "U02"))
    if command is not OBJECT:
        story.given(acknowledged("U01"))
    story.does("U01", command)
    story.when("office", cmd.WithdrawAssignment(unit="U01", reason=REASON)).then_kinds(
        "AssignmentWithdrawn", "RequestLapsed"
    )
    part = story.part()
    assert (part.objection, part.extension, part.stop) == (None, None, None)


def test_a_task_of_release_0_1_takes_requests_too_but_holds_nothing() -> None:
    """Its ladder knows no hold: the clock runs until the extension is granted."""
    story = Story().given(issued("U01"), acknowledged("U01"))
    ask = cmd.RequestExtension(until=fixed("11-30 17:00"), reason=REASON)
    story.does("U01", ask)
    assert not story.part().held
    story.when_time_passes(12 * DAY).then_kinds("RungFired", "RungFired")
    story.does("office", grant(story, "extension"))
    assert story.part().due == at("11-30 17:00")
