"""Laws that hold for every history: hypothesis plays random commands at random times."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lianxi.domain.ladder import armed
from lianxi.domain.limits import DurationLimit
from lianxi.domain.refusal import Refusal
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.decide import Order, decide, rungs_due
from lianxi.domain.task.react import react, still_holds
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.domain.values import Actor, role_of
from tests.domain.gwt import Story, commitment, issued

UNITS = ("U01", "U02", "U03")
REASON = commitment("reason")


def order_for(choice: int, unit: str, days: int, state: TaskState) -> Order:
    """The `choice`-th kind of command, as an attentive actor would give it."""
    assignment = state.assignments[unit]
    submission = assignment.submission.event if assignment.submission else assignment.head
    due = DurationLimit(seconds=days * 86_400)
    by_unit: list[cmd.TaskCommand] = [
        cmd.AcknowledgeTask(),
        cmd.ReportProgress(percent=days),
        cmd.SubmitCompletion(report=REASON),
        cmd.RecallSubmission(),
    ]
    by_office: list[cmd.TaskCommand] = [
        cmd.AcceptCompletion(unit=unit, submission=submission),
        cmd.ReturnCompletion(unit=unit, submission=submission, reason=REASON, due=due),
        cmd.ChangeDue(units=(unit,), due=due, reason=REASON),
        cmd.WithdrawAssignment(unit=unit, reason=REASON, new_lead=None),
        cmd.WithdrawAssignment(unit=unit, reason=REASON, new_lead="U02"),
        cmd.CloseTask(verdict=cmd.Verdict.IMPLEMENTED),
        cmd.CloseTask(verdict=cmd.Verdict.NOT_IMPLEMENTED, reason=REASON),
        cmd.CancelTask(reason=REASON),
    ]
    commands = by_unit * 3 + by_office  # units act more often, so that stories get somewhere
    command = commands[choice % len(commands)]
    actor = unit if command in by_unit else "office"
    about_task = isinstance(command, cmd.CloseTask)
    return Order(
        Actor(unit=actor, role=role_of(actor)),
        command,
        state.head if about_task else assignment.head,
    )


STEPS = st.lists(
    st.tuples(st.integers(0, 19), st.sampled_from(UNITS), st.integers(1, 40), st.integers(0, 96)),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, lead=st.booleans())
def test_laws(steps: list[tuple[int, str, int, int]], *, lead: bool) -> None:
    """Fold never fails, a refusal changes nothing, rungs fire once, nobody is forgotten."""
    story = Story()
    story.given(issued("U02", "U03", lead="U01") if lead else issued(*UNITS))
    fired: set[tuple[str, str, int]] = set()

    def record(event: ev.TaskEvent) -> None:
        before = story.task
        story.record(event)
        for notice in react(before, event, story.task):
            still_holds(notice, story.task, story.now)
        if isinstance(event, ev.RungFired):
            key = (event.unit, event.rung, event.revision)
            assert key not in fired, "a rung fired twice in one revision"
            assert event.due_at <= story.now
            fired.add(key)

    for choice, unit, days, hours in steps:
        story.now += timedelta(hours=hours)
        for event in rungs_due(story.task, story.now):
            record(event)
        assert rungs_due(story.task, story.now) == (), "a fired rung is due no more"
        before = story.task.model_dump_json()
        try:
            events = decide(story.task, order_for(choice, unit, days, story.task), story.now)
        except Refusal:
            assert story.task.model_dump_json() == before
            continue
        assert events, "an accepted command leaves a trace"
        for event in events:
            record(event)
        check_state(story)


def check_state(story: Story) -> None:
    state = story.task
    assert TaskState.model_validate_json(state.model_dump_json()) == state
    lead = [a for a in state.assignments.values() if a.role == "lead"]
    assert len(lead) <= 1
    for assignment in state.assignments.values():
        assert assignment.acknowledge_by <= assignment.due
        if state.phase is not TaskPhase.ACTIVE:
            assert assignment.final, "an ended task leaves nothing open"
        elif not assignment.final and assignment.state != "submitted":
            exhausted = assignment.due <= story.now
            assert exhausted or list(armed(state.rules.ladder, assignment))
    if state.next_deadline is not None:
        assert state.next_deadline > story.now or rungs_due(state, story.now)
