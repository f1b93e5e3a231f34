"""`evolve`: the state after one more event; total over decided streams (domain layer)."""

from functools import reduce
from typing import assert_never, cast

from lianxi.domain.ladder import AssignmentState, armed
from lianxi.domain.task import events as ev
from lianxi.domain.task.state import Assignment, Submission, TaskPhase, TaskState


def evolve(state: TaskState | None, fact: ev.Fact) -> TaskState:
    """Apply one recorded event. The first event of a stream is `TaskIssued`."""
    if state is None:
        if not isinstance(fact.data, ev.TaskIssued):
            raise ValueError("a task's stream begins with TaskIssued")
        return _issued(fact.data, fact)
    update = _changes(state, fact)
    update |= {"seq": fact.seq, "last_hash": fact.hash, "last_at": fact.at}
    if fact.basis == "command":
        update |= {"head": fact.hash, "since_head": ()}
    else:
        update["since_head"] = (*state.since_head, fact.hash)
    return state.model_copy(update=update)


def fold(facts: "list[ev.Fact] | tuple[ev.Fact, ...]") -> TaskState | None:
    """The state after all of `facts`; None of nothing."""
    return reduce(evolve, facts, cast(TaskState | None, None))


def _issued(data: ev.TaskIssued, fact: ev.Fact) -> TaskState:
    return TaskState(
        task=data.task,
        ref=data.ref,
        phase=TaskPhase.ACTIVE,
        mode=data.mode,
        title=data.title,
        text=data.text,
        basis=data.basis,
        rules=data.rules,
        issued_at=data.opened_at,
        assignments={
            terms.unit: Assignment(
                unit=terms.unit,
                role=terms.role,
                state=AssignmentState.ISSUED,
                first_due=terms.due,
                due=terms.due,
                due_opened_at=data.opened_at,
                acknowledge_by=terms.acknowledge_by,
                acknowledge_opened_at=data.opened_at,
                revised_at=data.opened_at,
                head=fact.hash,
            )
            for terms in data.assignments
        },
        head=fact.hash,
        seq=fact.seq,
        last_hash=fact.hash,
        last_at=fact.at,
    )


def _changes(state: TaskState, fact: ev.Fact) -> dict[str, object]:
    """What the event changes on the task as a whole."""
    data = fact.data
    if isinstance(data, ev.AssignmentEvent):
        assignments = {**state.assignments, data.unit: _assignment_after(state, data, fact)}
        if isinstance(data, ev.LeadChanged):
            previous = state.assignments[data.previous]
            assignments[data.previous] = previous.model_copy(update={"role": "support"})
        return {"assignments": assignments}
    match data:
        case ev.TaskClosed():
            return {"phase": TaskPhase.CLOSED, "verdict": data.verdict, "ended_at": fact.at}
        case ev.TaskCancelled():
            return {"phase": TaskPhase.CANCELLED, "ended_at": fact.at}
        case ev.TaskArchived():
            return {"phase": TaskPhase.ARCHIVED}
        case ev.RosterAdopted() | ev.CancellationRequested():
            return {}
        case _:
            raise ValueError(f"{type(data).__name__} cannot follow TaskIssued")


def _assignment_after(state: TaskState, data: ev.AssignmentEvent, fact: ev.Fact) -> Assignment:
    """The assignment after the event, with its new head."""
    before = state.assignments[data.unit]
    update = _assignment_changes(before, data, fact) | _skipped(state, before, data, fact)
    if fact.basis == "command":
        update |= {"head": fact.hash, "since_head": ()}
    else:
        update["since_head"] = (*before.since_head, fact.hash)
    return before.model_copy(update=update)


def _skipped(
    state: TaskState, before: Assignment, data: ev.AssignmentEvent, fact: ev.Fact
) -> dict[str, object]:
    """After a recall: rungs whose instant passed while the office had it are not made up for."""
    if not isinstance(data, ev.SubmissionRecalled):
        return {}
    back = before.model_copy(update={"state": AssignmentState.IN_PROGRESS})
    passed = [
        rung.name
        for instant, rung in armed(state.rules.ladder, back)
        if instant <= fact.at and not rung.fires_late
    ]
    return {"fired": (*before.fired, *passed)}


def _assignment_changes(
    before: Assignment, data: ev.AssignmentEvent, fact: ev.Fact
) -> dict[str, object]:
    match data:
        case ev.AssignmentAcknowledged():
            return {"state": AssignmentState.IN_PROGRESS, "acknowledged_at": fact.at}
        case ev.ProgressReported():
            return {} if data.percent is None else {"percent": data.percent}
        case ev.CompletionSubmitted():
            submission = Submission(
                event=fact.hash,
                at=fact.at,
                cycle=data.cycle,
                due=before.due,
                report=data.report,
                report_media=data.report_media,
                evidence=data.evidence,
            )
            return {"state": AssignmentState.SUBMITTED, "submission": submission}
        case ev.SubmissionRecalled():
            return {"state": AssignmentState.IN_PROGRESS}
        case ev.CompletionAccepted():
            return {"state": AssignmentState.COMPLETED, "completed_at": fact.at, "percent": 100}
        case ev.CompletionReturned():
            return {
                "state": AssignmentState.RETURNED,
                "cycle": data.cycle,
                "return_reason": data.reason,
                "acknowledge_by": data.acknowledge_by,
                "acknowledge_opened_at": fact.at,
                **_new_due(data, fact),
            }
        case ev.DueChanged():
            return {"acknowledge_by": data.acknowledge_by, **_new_due(data, fact)}
        case ev.AssignmentWithdrawn():
            return {"state": AssignmentState.WITHDRAWN, "withdrawn_through": data.through}
        case ev.LeadChanged():
            return {"role": "lead"}
        case ev.RungFired():
            return {"fired": (*before.fired, data.rung)}
        case ev.AssignmentEvent():
            raise ValueError(f"unknown event {type(data).__name__}")
        case _:
            assert_never(data)


def _new_due(data: ev.CompletionReturned | ev.DueChanged, fact: ev.Fact) -> dict[str, object]:
    """A new limit revision: every rung is armed again."""
    return {
        "revision": data.revision,
        "due": data.due,
        "due_opened_at": fact.at,
        "revised_at": fact.at,
        "fired": (),
    }
