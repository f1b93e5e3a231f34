"""From engine 2 on an act that makes a proposal moot ends it by an event; engine 1 says nothing."""

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from tests.domain.gwt import REASON, Story, acknowledged, event_hash, modern, submitted

RULES = DEFAULT_RULES.model_copy(
    update={"needs_convener": ("warning", "bulletin", "withdraw", "accept", "cancel")}
)
REPORT = cmd.SubmitCompletion(report=REASON)


def late(engine: int) -> Story:
    """A rung has proposed to warn U01, which is late."""
    story = Story(engine).given(modern("U01", "U02", rules=RULES)).lives("11-26 18:00")
    assert len(story.task.proposals) == 2
    return story


def test_a_rungs_proposal_ends_with_the_lateness() -> None:
    """U01 submits: its warning is moot, that of U02 waits on."""
    story = late(2)
    first, second = story.task.proposals
    events = story.when("U01", REPORT).taken()
    assert events[-1] == ev.ProposalOvertaken(proposal=first)
    assert list(story.task.proposals) == [second]


def test_engine_1_drops_it_without_a_word() -> None:
    """The same act under the rules of release 0.2."""
    story = late(1)
    _, second = story.task.proposals
    events = story.when("U01", REPORT).taken()
    assert not any(isinstance(event, ev.ProposalOvertaken) for event in events)
    assert list(story.task.proposals) == [second]


def test_what_the_office_filed_ends_when_the_unit_acts_otherwise() -> None:
    """Approving the withdrawal would be refused as stale."""
    story = Story().given(modern("U01", "U02", rules=RULES))
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    (proposal,) = story.task.proposals
    events = story.when("U01", cmd.AcknowledgeTask()).taken()
    assert events == (
        ev.AssignmentAcknowledged(unit="U01"),
        ev.ProposalOvertaken(proposal=proposal),
    )
    approve = cmd.ApproveProposal(proposal=proposal)
    story.when("convener", approve).refused("UNKNOWN_SUBJECT")


def test_a_recalled_submission_takes_its_acceptance_along() -> None:
    """There is nothing left to accept."""
    story = Story().given(modern("U01", rules=RULES), acknowledged("U01"), submitted("U01"))
    story.does("office", cmd.AcceptCompletion(unit="U01", submission=event_hash(3)))
    kinds = ("SubmissionRecalled", "ProposalOvertaken")
    story.when("U01", cmd.RecallSubmission()).then_kinds(*kinds)


def test_another_units_act_leaves_it() -> None:
    """Only what would be refused is ended; so is nothing that the act itself decides."""
    story = Story().given(modern("U01", "U02", rules=RULES))
    story.does("office", cmd.WithdrawAssignment(unit="U01", reason=REASON))
    story.when("U02", cmd.AcknowledgeTask()).then_kinds("AssignmentAcknowledged")
    (proposal,) = story.task.proposals
    kinds = ("ProposalApproved", "AssignmentWithdrawn")
    story.when("convener", cmd.ApproveProposal(proposal=proposal)).then_kinds(*kinds)


def test_what_does_not_depend_on_the_unit_waits_on() -> None:
    """Cancelling the task stands whatever a unit does."""
    story = Story().given(modern("U01", rules=RULES))
    story.does("office", cmd.CancelTask(reason=REASON))
    story.when("U01", cmd.AcknowledgeTask()).then_kinds("AssignmentAcknowledged")
    assert len(story.task.proposals) == 1


def test_the_end_of_the_task_ends_no_proposal() -> None:
    """It may have been a mistake: proposals wait on, inert, for its reversal."""
    story = late(2)
    waiting = set(story.task.proposals)
    story.does("convener", cmd.CancelTask(reason=REASON))
    assert set(story.task.proposals) == waiting
