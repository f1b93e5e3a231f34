"""Filed on behalf, done by mistake; one test per rule and refusal.

Sentence of the rules -> test:

- the office may file what a unit said by phone or paper, with basis -> on_behalf_…
- the actor is the office, the unit is told and may dispute -> test_react, test_filing
- an office slip is reversed: state, limits and cycle from before come back -> every_act_of_the_…
- refused once the unit has acted since -> once_the_unit_has_acted_…
- nothing is edited: the reversal is an event -> every_act_of_the_office_can_be_taken_back
- the task's end reversed -> the_end_of_a_task_…
"""

import pytest

from lianxi.domain.reports import ReportCycle
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.asks import asks
from lianxi.domain.task.deciding.repairing import ON_BEHALF
from lianxi.domain.task.evolve import fold
from lianxi.domain.task.evolve_assignment import REVERSIBLE
from lianxi.domain.task.state import Assignment
from tests.domain.gwt import (
    REASON,
    Story,
    acknowledged,
    event_hash,
    fixed,
    modern,
    rungs,
    working,
)

TEXT = REASON.model_dump(mode="json")
DUE = fixed("12-18 17:00")
SUBMIT = cmd.SubmitCompletion(report=REASON)


def on_behalf(act: str, **args: object) -> cmd.FileOnBehalf:
    return cmd.FileOnBehalf(unit="U01", act=act, args=args, via="phone", basis=REASON)


def mistake(story: Story, unit: str | None = "U01") -> cmd.ReverseAct:
    """What stands as the last act of the office is taken back."""
    if unit is None:
        act = story.task.end_event
    else:
        undo = story.part(unit).undo
        act = undo.act if undo is not None else event_hash(0)
    return cmd.ReverseAct(unit=unit, act=act or event_hash(0), reason=REASON)


def at_work() -> Story:
    story = Story().given(modern("U02", lead="U01"), acknowledged("U01"))
    return story.does("U01", cmd.ReportProgress(percent=40))


# --- on behalf ---


def test_on_behalf_the_units_own_rules_hold() -> None:
    """The filing, with its basis and the time to dispute it; then the unit's act."""
    story = Story().given(modern("U01"))
    (filed, *acts) = story.when("office", on_behalf("progress", percent=30)).taken()
    assert isinstance(filed, ev.FiledOnBehalf)
    assert (filed.act, filed.via, filed.basis) == ("progress", "phone", REASON)
    assert acts == [
        ev.AssignmentAcknowledged(unit="U01", implied_by="progress"),
        ev.ProgressReported(unit="U01", percent=30),
    ]
    story.when("office", on_behalf("recall")).refused("NOT_ON_BEHALF", act="recall")
    story.when("office", on_behalf("accept", unit="U01")).refused("NOT_ON_BEHALF")
    story.when("office", on_behalf("acknowledge")).refused("ALREADY_SO", state="in-progress")
    story.when("office", on_behalf("progress")).refused("ACT_INVALID", place="/args/")
    story.when("office", on_behalf("progress", percent=200)).refused(
        "ACT_INVALID", place="/args/percent"
    )
    other = on_behalf("acknowledge").model_copy(update={"unit": "U09"})
    story.when("office", other).refused("UNIT_NOT_ON_TASK")


def test_what_can_be_filed_on_behalf_is_what_units_say_by_phone() -> None:
    """Neither corrections nor disputes, nor the recall of a submission."""
    units = {action for action, model in cmd.UNIT_ACTIONS.items()}
    assert units - ON_BEHALF == {"recall", "correct", "dispute"}


# --- by mistake ---


def decided(story: Story, kind: str) -> None:
    """An act of each reversible kind."""
    office: dict[str, cmd.ConvenerCommand] = {
        "DueChanged": cmd.ChangeDue(units=("U01",), due=DUE, reason=REASON),
        "AssignmentSuspended": cmd.SuspendAssignment(
            unit="U01", reason=REASON, review_by=working(3)
        ),
        "AssignmentWithdrawn": cmd.WithdrawAssignment(unit="U01", reason=REASON, new_lead="U02"),
        "FiledOnBehalf": on_behalf("submit", report=TEXT),
    }
    if kind in office:
        story.does("office", office[kind])
    elif kind == "AssignmentResumed":
        story.does("office", office["AssignmentSuspended"]).lives("11-05 10:00")
        story.does("office", cmd.ResumeAssignment(unit="U01"))
    elif kind in ("CompletionAccepted", "CompletionReturned", "AssignmentReopened"):
        story.does("U01", SUBMIT)
        submission = story.last(ev.CompletionSubmitted)
        if kind == "CompletionReturned":
            story.does(
                "office",
                cmd.ReturnCompletion(unit="U01", submission=submission, reason=REASON, due=DUE),
            )
            return
        story.does("office", cmd.AcceptCompletion(unit="U01", submission=submission))
        if kind == "AssignmentReopened":
            story.does("office", cmd.ReopenTask(units=("U01",), due=DUE, reason=REASON))
    else:
        _requested(story, kind)


def _requested(story: Story, kind: str) -> None:
    request = {"ExtensionGranted": "extension", "AssignmentStopped": "stop"}.get(kind, "extension")
    if kind.startswith("Objection"):
        request = "objection"
        story.does("U01", cmd.ObjectToAssignment(reason=REASON))
    else:
        story.does("U01", cmd.RequestExtension(until=DUE, reason=REASON))
        story.does("U01", cmd.RequestStop(reason=REASON))
    subject = getattr(story.part(), request).event
    fields = {"unit": "U01", "request": request, "subject": subject, "reason": REASON}
    if kind in ("RequestRefused", "ObjectionRefused"):
        story.does("office", cmd.RefuseRequest.model_validate(fields))
    else:
        if kind == "ObjectionChanged":
            fields["due"] = DUE
        if kind == "AssignmentStopped":
            fields["new_lead"] = "U02"
        story.does("office", cmd.GrantRequest.model_validate(fields))


BESIDE = ("head", "since_head", "revision", "undo", "clocks", "reporting")
"""What a reversal does not bring back: it is an act itself, in a revision of its own."""


def essence(assignment: Assignment) -> dict[str, object]:
    return assignment.model_dump(exclude=set(BESIDE))


@pytest.mark.parametrize("kind", [model.__name__ for model in REVERSIBLE])
def test_every_act_of_the_office_can_be_taken_back(kind: str) -> None:
    """State, limits, cycle, requests and fired rungs are as they were before it."""
    story = Story().given(modern("U02", lead="U01"))
    if not kind.startswith("Objection"):
        story.given(acknowledged("U01")).does("U01", cmd.ReportProgress(percent=40))
    decided(story, kind)
    (act,) = [fact for fact in story.facts if fact.hash == mistake(story).act]
    assert type(act.data).__name__ == kind
    # a lead leaves in two events
    leaves = kind in ("AssignmentWithdrawn", "AssignmentStopped")
    before = fold(story.facts[: act.seq - (2 if leaves else 1)])
    assert before is not None
    events = story.when("office", mistake(story)).taken()
    assert events[-1] == ev.ActReversed(
        unit="U01", act=act.hash, reason=REASON, revision=story.part().revision
    )
    assert essence(story.part()) == essence(before.assignments["U01"])
    story.when("office", mistake(story)).refused("ACTED_SINCE")


def test_the_office_does_not_take_back_what_the_convener_did() -> None:
    """A slip of its own only; the convener takes back either's."""
    story = at_work().does("convener", cmd.ChangeDue(units=("U01",), due=DUE, reason=REASON))
    story.when("office", mistake(story)).refused("CONVENER_DECIDES", act="by-mistake")
    story.when("convener", mistake(story)).taken()
    story.does("convener", cmd.CancelTask(reason=REASON))
    end = cmd.ReverseAct(act=story.last(ev.TaskCancelled), reason=REASON)
    story.when("office", end).refused("CONVENER_DECIDES")
    story.when("convener", end).then_kinds("EndReversed")


def test_every_filing_can_be_disputed_in_its_time() -> None:
    """A second filing does not hide the first; the task's end does not either."""
    story = at_work()
    for percent in (50, 60):
        filed = cmd.FileOnBehalf(
            unit="U01", act="progress", args={"percent": percent}, via="phone", basis=REASON
        )
        story.does("office", filed)
    first, second = (fact.hash for fact in story.facts if isinstance(fact.data, ev.FiledOnBehalf))
    assert [ask.subject for ask in asks(story.task) if ask.what == "dispute"] == [first, second]
    story.does("U01", cmd.DisputeFiling(filing=first, reason=REASON))
    story.when("U01", cmd.DisputeFiling(filing=first, reason=REASON)).refused("UNKNOWN_SUBJECT")
    story.does("office", cmd.CancelTask(reason=REASON))
    story.when("U01", cmd.DisputeFiling(filing=second, reason=REASON)).then_kinds("FilingDisputed")


def test_once_the_unit_has_acted_nothing_is_taken_back() -> None:
    """It has relied on it. Nor can another act than the last."""
    story = at_work().does("office", cmd.ChangeDue(units=("U01",), due=DUE, reason=REASON))
    wrong = cmd.ReverseAct(unit="U01", act=event_hash(1), reason=REASON)
    story.when("office", wrong).refused("UNKNOWN_SUBJECT")
    taken_back = mistake(story)
    story.does("U01", cmd.ReportProgress(percent=50))
    story.when("office", taken_back).refused("ACTED_SINCE")
    story.when("office", cmd.ReverseAct(unit="U09", act=event_hash(1), reason=REASON)).refused(
        "UNIT_NOT_ON_TASK"
    )


def test_what_only_tells_the_unit_leaves_the_act_reversible() -> None:
    """Urging and a phone call change nothing; rungs that fired since do not count as acts."""
    story = at_work()
    story.does("office", cmd.ChangeDue(units=("U01",), due=fixed("11-05 17:00"), reason=REASON))
    story.does("office", cmd.UrgeUnits(units=("U01",)))
    story.does("office", cmd.NotePhoneCall(unit="U01", text=REASON)).lives("11-06 10:00")
    urged = story.part().urged_at
    story.does("office", mistake(story))
    assert (story.part().fired, story.part().urged_at) == ((), urged)
    assert "overdue" not in {rung for _, rung in rungs(story.lives_until("11-20 00:00"))}


def test_what_happened_beside_the_act_is_not_undone_with_it() -> None:
    """An instruction given since is still to be heeded; a report that fell due since was due."""
    cycle = ReportCycle(every="week", day=5)
    story = Story().given(modern("U01", report=cycle), acknowledged("U01"))
    story.does("office", cmd.ChangeDue(units=("U01",), due=DUE, reason=REASON))
    story.does("office", cmd.Instruct(units=("U01",), text=REASON, acknowledge=True))
    story.lives("11-09 10:00")
    reporting = story.part().reporting
    assert reporting is not None
    assert reporting.late == "2026-W45"
    story.does("office", mistake(story))
    assert story.part().instructions == (story.last(ev.InstructionGiven),)
    assert story.part().reporting == reporting


def test_a_lead_withdrawn_by_mistake_leads_again() -> None:
    """And the one who took its place supports as before: one lead at any time."""
    story = at_work()
    leave = cmd.WithdrawAssignment(unit="U01", reason=REASON, new_lead="U02")
    story.does("office", leave).does("U02", cmd.AcknowledgeTask())
    story.when("office", mistake(story)).then(
        ev.LeadChanged(unit="U01", previous="U02"),
        ev.ActReversed(
            unit="U01", act=story.last(ev.AssignmentWithdrawn), reason=REASON, revision=2
        ),
    )
    assert (story.part("U01").role, story.part("U02").role) == ("lead", "support")
    assert story.part("U01").state == "in-progress"
    # a later slip about the support brings no lead back
    story.does("office", cmd.WithdrawAssignment(unit="U02", reason=REASON))
    story.when("office", mistake(story, "U02")).then_kinds("ActReversed")
    assert story.task.lead is not None
    assert story.task.lead.unit == "U01"


def test_a_new_lead_whose_own_due_was_changed_by_mistake_leads_on() -> None:
    """Who leads is no part of what the reversal brings back."""
    story = at_work().does("office", cmd.ChangeDue(units=("U02",), due=DUE, reason=REASON))
    leave = cmd.WithdrawAssignment(unit="U01", reason=REASON, new_lead="U02")
    story.does("office", leave).does("office", mistake(story, "U02"))
    assert story.task.lead is not None
    assert story.task.lead.unit == "U02"


def test_an_objection_upheld_by_mistake_waits_again() -> None:
    """Objected, with the objection to decide: nothing is left without a timer."""
    story = Story().given(modern("U01", "U02")).does("U01", cmd.ObjectToAssignment(reason=REASON))
    objection = story.part().objection
    assert objection is not None
    grant = cmd.GrantRequest(unit="U01", request="objection", subject=objection.event)
    story.does("office", grant).does("office", mistake(story))
    assert (story.part().state, story.part().objection) == ("objected", objection)
    assert story.clocks().next_at is not None


def test_an_acceptance_taken_back_asks_for_concurrence_again() -> None:
    """The submission waits for its decision, and for those who had not answered."""
    story = Story().given(modern("U02", lead="U01", concurrence=True))
    story.given(acknowledged("U01"), acknowledged("U02")).does("U01", SUBMIT)
    submission = story.last(ev.CompletionSubmitted)
    accept = cmd.AcceptCompletion(unit="U01", submission=submission, reason=REASON)
    story.does("office", accept).does("office", mistake(story))
    assert story.task.concurrence is not None
    assert story.task.concurrence.open == ("U02",)
    story.does("U02", cmd.Concur(submission=submission))


@pytest.mark.parametrize("state", ["issued", "in-progress"])
def test_a_filing_on_behalf_is_taken_back_whole(state: str) -> None:
    """With the tacit acknowledgement and the report; a dispute of the unit does not stand against it."""
    story = Story().given(modern("U01"))
    if state == "in-progress":
        story.given(acknowledged("U01"))
    story.does("office", on_behalf("progress", percent=30))
    filing = story.last(ev.FiledOnBehalf)
    story.does("U01", cmd.DisputeFiling(filing=filing, reason=REASON))
    story.does("office", mistake(story))
    part = story.part()
    assert (part.state, part.percent, part.said, part.filing) == (state, None, (), None)


def test_after_a_filing_the_units_own_report_stands() -> None:
    """It acted since, in the very same instant even."""
    story = Story().given(modern("U01")).does("office", on_behalf("progress", percent=30))
    taken_back = mistake(story)
    story.does("U01", cmd.ReportProgress(percent=31))
    story.when("office", taken_back).refused("ACTED_SINCE")


# --- the end by mistake ---


@pytest.mark.parametrize(
    "end",
    [
        cmd.CancelTask(reason=REASON),
        cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON),
    ],
    ids=lambda command: command.action,
)
def test_the_end_of_a_task_is_taken_back(end: cmd.ConvenerCommand) -> None:
    """Everybody whom it withdrew is where they were; who was withdrawn before stays off."""
    story = Story().given(modern("U02", "U03", "U04", lead="U01"), acknowledged("U01"))
    story.does("U01", cmd.RequestStop(reason=REASON))
    story.does("office", cmd.WithdrawAssignment(unit="U04", reason=REASON))
    before = {unit: essence(part) for unit, part in story.task.assignments.items()}
    story.does("office", end)
    act = story.task.end_event
    assert act is not None
    story.when("office", mistake(story, None)).then(ev.EndReversed(act=act, reason=REASON))
    assert story.task.phase == "active"
    assert {unit: essence(part) for unit, part in story.task.assignments.items()} == before
    assert story.part().stop is not None


def test_only_the_end_in_force_is_taken_back() -> None:
    """Another event is unknown; an active task has no end; a re-opened one neither."""
    story = at_work()
    story.when("office", mistake(story, None)).refused("ACTED_SINCE")
    story.does("office", cmd.CancelTask(reason=REASON))
    wrong = cmd.ReverseAct(act=event_hash(1), reason=REASON)
    story.when("office", wrong).refused("UNKNOWN_SUBJECT")
    of_a_unit = cmd.ReverseAct(unit="U01", act=event_hash(1), reason=REASON)
    story.when("office", of_a_unit).refused("TASK_ENDED", state="cancelled")
