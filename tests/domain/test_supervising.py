"""Urging, instructions, phone calls, proposals; one test per rule and refusal.

Sentence of the rules -> test:

- urge by hand, with a least interval per assignment -> a_unit_is_urged_at_most_once_a_working_day
- instruct one or all, to be acknowledged where asked -> an_instruction_…
- which acts need the convener is data; filed by the office they are proposed -> an_act_of_the_office_…
- they take effect when the convener approves -> an_approved_act_…
- proposals expire by rule -> test_clockwork
- warning and bulletin are proposed to the office -> a_rungs_proposal_goes_through_two_stages
- a sent warning asks for an explanation within 2 working days -> a_warning_sent_…
- a warning is moot after submission -> a_proposal_of_a_rung_is_moot_…
"""

import pytest

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import (
    REASON,
    START,
    Story,
    accepted,
    acknowledged,
    at,
    commitment,
    event_hash,
    fixed,
    issued,
    modern,
    submitted,
    working,
)

URGE = cmd.UrgeUnits(units=("U01",), text=REASON)
CANCEL = cmd.CancelTask(reason=REASON)
CONVENERS = DEFAULT_RULES.model_copy(
    update={"needs_convener": ("warning", "bulletin", "cancel", "close", "accept")}
)


def only(story: Story) -> str:
    """The one proposal that waits."""
    (proposal,) = story.task.proposals
    return proposal


def approve(story: Story) -> cmd.ApproveProposal:
    return cmd.ApproveProposal(proposal=only(story))


def reject(story: Story) -> cmd.RejectProposal:
    return cmd.RejectProposal(proposal=only(story), reason=REASON)


def late() -> Story:
    """U01 is 3 working days late; a warning is proposed. U02 is due later."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"), acknowledged("U02"))
    story.does("office", cmd.ChangeDue(units=("U02",), due=fixed("12-30 17:00"), reason=REASON))
    return story.lives("11-26 18:00")


# --- urge ---


def test_a_unit_is_urged_at_most_once_a_working_day() -> None:
    """Friday 10:00 and again Monday 10:00; before, the refusal says from when."""
    story = Story().given(modern("U01", "U02")).lives("11-06 10:00")
    story.when("office", URGE).then(ev.UnitUrged(unit="U01", text=REASON))
    story.lives("11-09 09:59").when("office", URGE).refused(
        "URGED_RECENTLY", unit="U01", again_from="2026-11-09T02:00:00.000000Z"
    )
    both = cmd.UrgeUnits(units=("U01", "U02"))
    story.when("convener", both).refused("URGED_RECENTLY")
    story.lives("11-09 10:00").when("convener", both).then(
        ev.UnitUrged(unit="U01"), ev.UnitUrged(unit="U02")
    )


@pytest.mark.parametrize("state", ["submitted", "completed"])
def test_only_units_at_work_are_urged(state: str) -> None:
    """Whoever waits for the office, or is done, is left in peace."""
    story = Story().given(modern("U01"), acknowledged("U01"), submitted("U01"))
    if state == "completed":
        story.given(accepted("U01", 3))
    story.when("office", URGE).refused("WRONG_STATE", state=state)
    story.when("office", cmd.UrgeUnits(units=("U09",))).refused("UNIT_NOT_ON_TASK")


# --- instruct, phone ---


def test_an_instruction_goes_to_units_or_to_all_that_are_not_final() -> None:
    """Kept with the task; each unit has it open where it is to be acknowledged."""
    story = Story().given(modern("U01", "U02"), acknowledged("U01"), submitted("U01"))
    story.given(accepted("U01", 3))
    story.when("office", cmd.Instruct(text=REASON, acknowledge=True)).then(
        ev.InstructionGiven(units=("U02",), text=REASON, acknowledge=True)
    )
    assert story.part("U02").instructions == (story.last(ev.InstructionGiven),)
    plain = cmd.Instruct(units=("U02",), text=REASON)
    story.does("office", plain)
    assert len(story.part("U02").instructions) == 1
    assert len(story.task.instructions) == 2
    done = cmd.Instruct(units=("U01",), text=REASON)
    story.when("office", done).refused("WRONG_STATE", unit="U01", state="completed")


def test_an_instruction_to_nobody_is_refused() -> None:
    """Everybody is final: there is nobody to instruct."""
    story = Story().given(modern("U01"), acknowledged("U01"), submitted("U01"), accepted("U01", 3))
    story.when("office", cmd.Instruct(text=REASON)).refused("WRONG_STATE", state="ready")


def test_a_phone_call_is_noted() -> None:
    """Of a unit on the task, whatever its state."""
    story = Story().given(modern("U01"))
    call = cmd.NotePhoneCall(unit="U01", text=REASON)
    story.when("office", call).then(ev.PhoneCallNoted(unit="U01", text=REASON))
    elsewhere = cmd.NotePhoneCall(unit="U09", text=REASON)
    story.when("office", elsewhere).refused("UNIT_NOT_ON_TASK")


# --- acts that are the convener's ---


def test_an_act_of_the_office_that_is_the_conveners_is_only_proposed() -> None:
    """For 10 working days; nothing else has changed; the convener's own act takes effect."""
    story = Story().given(modern("U01", rules=CONVENERS))
    story.when("office", CANCEL).then(
        ev.ActProposed(
            act="cancel",
            args={"reason": REASON.model_dump(mode="json")},
            expect=story.task.head,
            expires=at("11-16 17:00"),
        )
    )
    assert story.task.phase == "active"
    story.when("convener", CANCEL).then_kinds("AssignmentWithdrawn", "TaskCancelled")


def test_what_would_be_refused_is_not_proposed() -> None:
    """The rules are asked first; and the same act is proposed once."""
    story = Story().given(modern("U01", rules=CONVENERS))
    close = cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED)
    story.when("office", close).refused("NOT_READY_TO_CLOSE")
    story.does("office", CANCEL).when("office", CANCEL).refused("ALREADY_SO", state="proposed")
    again = cmd.CancelTask(reason=commitment("the same reason, salted anew"))
    story.when("office", again).refused("ALREADY_SO", state="proposed")


def test_no_more_than_32_acts_wait_on_a_task() -> None:
    """What waits travels from run to run; the convener decides some first."""
    units = tuple(f"U{number:02d}" for number in range(1, 34))
    rules = CONVENERS.model_copy(update={"needs_convener": ("withdraw",)})
    story = Story().given(modern(*units, rules=rules))
    for unit in units[:32]:
        story.does("office", cmd.WithdrawAssignment(unit=unit, reason=REASON))
    last = cmd.WithdrawAssignment(unit=units[-1], reason=REASON)
    story.when("office", last).refused("PROPOSALS_FULL", limit=32)


def test_an_approved_act_is_refused_when_somebody_has_acted_since() -> None:
    """Engine 1: the office proposed upon what it had seen; what came since is not swept away."""
    rules = CONVENERS.model_copy(update={"needs_convener": ("withdraw", "close")})
    story = Story(engine=1).given(modern("U01", "U02", rules=rules))
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    story.when("convener", approve(story)).refused("STALE")
    story.does("convener", cmd.RejectProposal(proposal=only(story), reason=REASON))
    close = cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON)
    story.does("office", close).does("U02", cmd.AcknowledgeTask())
    story.when("convener", approve(story)).refused("STALE")


def test_an_approved_act_takes_effect_as_the_conveners() -> None:
    """The office cannot approve its own proposal; who approves has seen what was proposed."""
    story = Story().given(modern("U01", rules=CONVENERS)).does("office", CANCEL)
    story.when("office", approve(story)).refused("CONVENER_DECIDES", act="cancel")
    story.does("U01", cmd.AcknowledgeTask())
    proposal = only(story)
    story.when("convener", approve(story)).then(
        ev.ProposalApproved(proposal=proposal),
        ev.AssignmentWithdrawn(unit="U01", through="cancel"),
        ev.TaskCancelled(reason=REASON),
    )
    assert story.task.proposals == {}


def test_a_proposal_that_no_longer_stands_is_refused_by_its_own_rule() -> None:
    """Engine 1: the submission was recalled since; the proposal waits on, to be rejected."""
    story = Story(engine=1).given(
        modern("U01", rules=CONVENERS), acknowledged("U01"), submitted("U01")
    )
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=event_hash(3)))
    story.does("U01", cmd.RecallSubmission())
    story.when("convener", approve(story)).refused("WRONG_STATE", state="in-progress")
    proposal = only(story)
    story.when("convener", reject(story)).then(
        ev.ProposalRejected(proposal=proposal, reason=REASON)
    )
    assert story.task.proposals == {}


def test_a_rejected_proposal_is_gone() -> None:
    """By the convener, with a reason; the office may not; twice is unknown."""
    story = Story().given(modern("U01", rules=CONVENERS)).does("office", CANCEL)
    again = reject(story)
    story.when("office", again).refused("CONVENER_DECIDES")
    story.when("convener", again).then_kinds("ProposalRejected")
    story.when("convener", again).refused("UNKNOWN_SUBJECT")
    unknown = cmd.ApproveProposal(proposal=event_hash(1))
    story.when("convener", unknown).refused("UNKNOWN_SUBJECT")


# --- what rungs propose ---


def test_a_rungs_proposal_goes_through_two_stages() -> None:
    """The office passes it on, the convener decides; nobody is warned before."""
    story = late()
    proposal = story.task.proposals[only(story)]
    assert (proposal.act, proposal.stage, proposal.unit) == ("warning", "office", "U01")
    story.when("office", approve(story)).then(
        ev.ProposalEndorsed(proposal=proposal.event, expires=at("12-12 17:00"))
    )
    assert story.task.proposals[proposal.event].stage == "convener"
    assert story.part().warning is None
    story.when("office", approve(story)).refused("CONVENER_DECIDES", act="warning")
    story.when("convener", approve(story)).then_kinds("ProposalApproved", "WarningSent")


def test_the_convener_may_decide_at_once() -> None:
    """Without waiting for the office to pass it on; the office may drop it before."""
    story = late()
    story.when("convener", approve(story)).then_kinds("ProposalApproved", "WarningSent")
    story = late()
    story.when("office", reject(story)).then_kinds("ProposalRejected")


def test_where_the_rules_leave_it_to_the_office_one_stage_is_enough() -> None:
    """Which acts need the convener is data."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ()})
    story = Story().given(modern("U01", rules=rules), acknowledged("U01")).lives("11-26 18:00")
    story.when("office", approve(story)).then_kinds("ProposalApproved", "WarningSent")


def test_a_warning_sent_asks_for_an_explanation_within_2_working_days() -> None:
    """It stands in the limit revision it was proposed in."""
    story = late()
    proposal = only(story)
    story.when("convener", approve(story)).then(
        ev.ProposalApproved(proposal=proposal),
        ev.WarningSent(unit="U01", proposal=proposal, revision=1, explain_by=at("11-30 17:00")),
    )
    warning = story.part().warning
    assert warning is not None
    assert not warning.answered


def test_a_bulletin_is_issued_about_the_unit() -> None:
    """10 working days after due, on approval."""
    story = late().does("office", reject(late())).lives("12-09 18:00")
    proposal = only(story)
    story.when("convener", approve(story)).then(
        ev.ProposalApproved(proposal=proposal),
        ev.BulletinIssued(unit="U01", proposal=proposal, revision=1),
    )


@pytest.mark.parametrize("act", ["submits", "new due", "withdrawn", "suspended"])
def test_a_proposal_of_a_rung_is_moot_once_the_unit_is_no_longer_late_so(act: str) -> None:
    """It holds only as long as the assignment runs under the same limits."""
    story = late()
    gone = approve(story)
    if act == "submits":
        story.does("U01", cmd.SubmitCompletion(report=REASON))
    elif act == "new due":
        story.does("office", cmd.ChangeDue(units=("U01",), due=working(9), reason=REASON))
    elif act == "withdrawn":
        story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    else:
        suspend = cmd.SuspendAssignment(unit="U01", reason=REASON, review_by=working(9))
        story.does("office", suspend)
    story.when("convener", gone).refused("UNKNOWN_SUBJECT")


def test_a_task_of_release_0_1_proposes_nothing() -> None:
    """Its rules leave every act to the office, its ladder ends at red."""
    story = Story().given(issued("U01"))
    story.when_time_passes(at("2027-02-01 00:00") - START).then_kinds(*["RungFired"] * 4)
    assert story.task.proposals == {}
    story.when("office", CANCEL).then_kinds("AssignmentWithdrawn", "TaskCancelled")
