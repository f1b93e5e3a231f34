"""`evolve`: the state after one more event; total over decided streams (domain layer).

What an event changes on one assignment stands in `evolve_assignment`; here is what it changes on
the task, and what follows for all: clocks, readiness, proposals that no longer hold.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, cast

from lianxi.domain.calendar import shared_calendar
from lianxi.domain.counting import count_days
from lianxi.domain.ladder import PROPOSED_KINDS, AssignmentState
from lianxi.domain.reports import first_period
from lianxi.domain.rules import Spans
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import clocks_of, task_matters, waiting_for_service
from lianxi.domain.task.evolve_assignment import KEPT_SINCE_HEAD, assignment_after, made_up_for
from lianxi.domain.task.proposals import kept_over_the_end, on_transfer, still_proposed
from lianxi.domain.task.state import (
    Assignment,
    Concurrence,
    Gap,
    Instruction,
    Proposal,
    Reminded,
    TaskPhase,
    TaskState,
)
from lianxi.domain.values import Commitment

Update = dict[str, Any]

KEPT_GAPS = 8
KEPT_INSTRUCTIONS = 32
"""So many of the latest are kept in the state; all stand in the trail."""


def evolve(state: TaskState | None, fact: ev.Fact) -> TaskState:
    """Apply one recorded event. The first event of a stream is `TaskIssued`."""
    if state is None:
        return with_clocks(evolve_without_clocks(None, fact))
    after = _evolved(state, fact)
    resets = isinstance(fact.data, _SETTING_CHANGES) or after.phase is not state.phase
    after = _with_clocks(after, before=None if resets else state)
    return _settled(state, after, fact)


def evolve_without_clocks(state: TaskState | None, fact: ev.Fact) -> TaskState:
    """As `evolve`, for who folds a whole stream and asks for no deadline in between.

    `with_clocks` of the last state is what `evolve` would have come to.
    """
    if state is None:
        if not isinstance(fact.data, ev.TaskIssued):
            raise ValueError("a task's stream begins with TaskIssued")
        return _issued(fact.data, fact)
    return _settled(state, _evolved(state, fact), fact)


def with_clocks(state: TaskState) -> TaskState:
    """The state with the clocks of all its assignments, made from the rest of it."""
    return _with_clocks(state, before=None)


def _evolved(state: TaskState, fact: ev.Fact) -> TaskState:
    """What the event itself changes."""
    update = _changes(state, fact)
    update |= {"seq": fact.seq, "last_hash": fact.hash, "last_at": fact.at}
    if fact.basis == "command":
        update |= {"head": fact.hash, "since_head": ()}
    else:
        update["since_head"] = (*state.since_head, fact.hash)[-KEPT_SINCE_HEAD:]
    return state.model_copy(update=update)


def fold(facts: Iterable[ev.Fact]) -> TaskState | None:
    """The state after all of `facts`; None of nothing."""
    return reduce(evolve, facts, cast(TaskState | None, None))


_SETTING_CHANGES = (ev.CalendarAdopted, ev.ServiceGapNoted, ev.TaskReopened)
"""After these every rung of every assignment is due at another instant."""


def _issued(data: ev.TaskIssued, fact: ev.Fact) -> TaskState:
    calendar = None if data.calendar is None else shared_calendar(data.calendar)
    reporting = None
    if data.report is not None and calendar is not None:
        reporting = first_period(data.report, calendar, data.opened_at)
    return TaskState(
        task=data.task,
        ref=data.ref,
        phase=TaskPhase.ACTIVE,
        mode=data.mode,
        title=data.title,
        text=data.text,
        basis=data.basis,
        kind=data.kind,
        asks_concurrence=bool(data.concurrence),
        report=data.report,
        rules=data.rules,
        counts_by=calendar,
        issued_at=data.opened_at,
        assignments={
            terms.unit: Assignment(
                unit=terms.unit,
                role=terms.role,
                state=AssignmentState.ISSUED,
                first_due=terms.due,
                due=terms.due,
                due_opened_at=data.opened_at,
                due_rule=data.due_rule,
                acknowledge_by=terms.acknowledge_by,
                acknowledge_opened_at=data.opened_at,
                acknowledge_rule=data.acknowledge_rule,
                provisional=bool(data.provisional),
                revised_at=data.opened_at,
                reporting=reporting,
                head=fact.hash,
            )
            for terms in data.assignments
        },
        head=fact.hash,
        seq=fact.seq,
        last_hash=fact.hash,
        last_at=fact.at,
    )


def _changes(state: TaskState, fact: ev.Fact) -> Update:
    """What the event changes on the task as a whole, its assignments included."""
    data = fact.data
    update: Update = {}
    if isinstance(data, ev.AssignmentEvent):
        update["assignments"] = _assignments(state, data, fact)
    change = _TASK_CHANGES.get(type(data))
    if change is not None:
        update |= change(state, data, fact)
    if not update and not isinstance(data, _NO_CHANGE):
        raise ValueError(f"{type(data).__name__} cannot follow TaskIssued")
    return update


def _assignments(
    state: TaskState, data: ev.AssignmentEvent, fact: ev.Fact
) -> dict[str, Assignment]:
    if isinstance(data, ev.AssignmentAdded):
        return {**state.assignments, data.unit: _added(state, data, fact)}
    if isinstance(data, ev.AssignmentTransferred):
        return _transferred(state, data, fact)
    before = state.assignments[data.unit]
    assignments = {**state.assignments, data.unit: assignment_after(state, before, fact)}
    if isinstance(data, ev.LeadChanged):
        previous = state.assignments[data.previous]
        ceded = {"role": "support", "led_until": fact.hash}
        assignments[data.previous] = previous.model_copy(update=ceded)
    return assignments


def _added(state: TaskState, data: ev.AssignmentAdded, fact: ev.Fact) -> Assignment:
    reporting = None
    if state.report is not None:
        reporting = first_period(state.report, state.calendar, fact.at)
    return Assignment(
        unit=data.unit,
        role=data.role,
        state=AssignmentState.ISSUED,
        first_due=data.due,
        due=data.due,
        due_opened_at=fact.at,
        due_rule=data.due_rule,
        acknowledge_by=data.acknowledge_by,
        acknowledge_opened_at=fact.at,
        acknowledge_rule=data.acknowledge_rule,
        provisional=bool(data.provisional),
        revised_at=fact.at,
        reporting=reporting,
        head=fact.hash,
    )


def _transferred(
    state: TaskState, data: ev.AssignmentTransferred, fact: ev.Fact
) -> dict[str, Assignment]:
    """The assignment kept stands under the successor, in the place of the one that moved."""
    moved = state.assignments[data.unit]
    kept = moved if data.kept == data.unit else state.assignments[data.kept]
    # a lead's role outlives whichever assignment remains
    role = "lead" if "lead" in (moved.role, kept.role) else kept.role
    update = {"unit": data.into, "role": role, "head": fact.hash, "since_head": (), "undo": None}
    successor = kept.model_copy(update=update)
    assignments: dict[str, Assignment] = {}
    for unit, assignment in state.assignments.items():
        if unit == data.unit:
            assignments[data.into] = successor
        elif unit != data.into:
            assignments[unit] = assignment
    return assignments


# --- what events change on the task itself ---


def _ended(phase: TaskPhase) -> "Callable[[TaskState, Any, ev.Fact], Update]":
    def change(state: TaskState, data: Any, fact: ev.Fact) -> Update:
        verdict = data.verdict if isinstance(data, ev.TaskClosed) else None
        return {
            "phase": phase,
            "verdict": verdict,
            "ended_at": fact.at,
            "end_event": fact.hash,
            "ended_by": fact.role,
        }

    return change


def _end_reversed(state: TaskState, data: ev.EndReversed, fact: ev.Fact) -> Update:
    """Active as it was, with what was proposed before the end."""
    restored = {
        unit: _restored(state, assignment, fact) for unit, assignment in state.assignments.items()
    }
    return {
        "phase": TaskPhase.ACTIVE,
        "verdict": None,
        "ended_at": None,
        "end_event": None,
        "assignments": restored,
        "proposals": kept_over_the_end(state, restored),
    }


def _restored(state: TaskState, assignment: Assignment, fact: ev.Fact) -> Assignment:
    """An assignment that the task's end had withdrawn, as it was before."""
    undo = assignment.undo
    if assignment.withdrawn_through not in ("close", "cancel") or undo is None:
        return assignment
    back = undo.restored(assignment)
    update = {
        "revision": assignment.revision + 1,
        "head": fact.hash,
        "since_head": (),
    }
    return back.model_copy(update=update | made_up_for(state, assignment, back, fact))


def _reopened(state: TaskState, data: ev.TaskReopened, fact: ev.Fact) -> Update:
    """Active again from here: what was proposed before the end has come to nothing."""
    update: Update = {
        "phase": TaskPhase.ACTIVE,
        "verdict": None,
        "ended_at": None,
        "end_event": None,
        "proposals": {},
    }
    if data.rules is not None:
        update["rules"] = data.rules
    if data.calendar is not None:
        update["counts_by"] = shared_calendar(data.calendar)
    return update


def _concurrence_asked(state: TaskState, data: ev.ConcurrenceAsked, fact: ev.Fact) -> Update:
    lead = state.lead
    if lead is None or lead.submission is None:
        raise ValueError("concurrence is asked about the lead's submission")
    asked = Concurrence(
        submission=lead.submission.event,
        at=fact.at,
        answer_by=data.answer_by,
        asked=data.units,
    )
    return {"concurrence": asked}


def _concurred(state: TaskState, data: ev.ConcurrenceGiven, fact: ev.Fact) -> Update:
    return _with_concurrence(state, lambda asked: {"given": (*asked.given, data.unit)})


def _dissented(state: TaskState, data: ev.DissentFiled, fact: ev.Fact) -> Update:
    return _with_concurrence(
        state, lambda asked: {"dissented": {**asked.dissented, data.unit: data.reason}}
    )


def _silent(state: TaskState, data: ev.ConcurrenceSilent, fact: ev.Fact) -> Update:
    return _with_concurrence(state, lambda asked: {"silent": (*asked.silent, *data.units)})


def _unsaid(state: TaskState, data: ev.ActReversed, fact: ev.Fact) -> Update:
    """An answer that the office filed by mistake is none: the unit is asked again."""
    asked, filing = state.concurrence, state.assignments[data.unit].filing
    if asked is None or filing is None or filing.event != data.act:
        return {}
    if filing.act not in ("concur", "dissent"):
        return {}
    update = {
        "given": tuple(unit for unit in asked.given if unit != data.unit),
        "dissented": {unit: why for unit, why in asked.dissented.items() if unit != data.unit},
    }
    return {"concurrence": asked.model_copy(update=update)}


def _passed_on(state: TaskState, data: ev.AssignmentTransferred, fact: ev.Fact) -> Update:
    """What waits for somebody about the assignment that is kept stands under the new name."""
    proposals = on_transfer(state, data, fact)
    return {"proposals": proposals} | _asked_of_the_successor(state, data)


def _asked_of_the_successor(state: TaskState, data: ev.AssignmentTransferred) -> Update:
    """What was asked of, or said by, the unit whose assignment is kept stands under the new name."""
    asked = state.concurrence
    if asked is None:
        return {}
    dropped = data.into if data.kept == data.unit else data.unit

    def renamed(units: Iterable[str]) -> tuple[str, ...]:
        return tuple(data.into if u == data.unit else u for u in units if u != dropped)

    dissents = zip(renamed(asked.dissented), _of(asked.dissented, dropped), strict=True)
    update = {
        "asked": renamed(asked.asked),
        "given": renamed(asked.given),
        "silent": renamed(asked.silent),
        "dissented": dict(dissents),
    }
    return {"concurrence": asked.model_copy(update=update)}


def _of(dissented: Mapping[str, Commitment], dropped: str) -> Iterable[Commitment]:
    return (reason for unit, reason in dissented.items() if unit != dropped)


def _with_concurrence(state: TaskState, change: Callable[[Concurrence], Update]) -> Update:
    asked = state.concurrence
    if asked is None:
        raise ValueError("nobody was asked for concurrence")
    return {"concurrence": asked.model_copy(update=change(asked))}


def _instructed(state: TaskState, data: ev.InstructionGiven, fact: ev.Fact) -> Update:
    given = Instruction(
        event=fact.hash,
        at=fact.at,
        text=data.text,
        units=data.units,
        acknowledge=data.acknowledge,
    )
    update: Update = {"instructions": (*state.instructions, given)[-KEPT_INSTRUCTIONS:]}
    if data.acknowledge:
        told = frozenset(data.units)
        update["assignments"] = {
            unit: a.model_copy(update={"instructions": (*a.instructions, fact.hash)})
            if unit in told
            else a
            for unit, a in state.assignments.items()
        }
    return update


def _proposed(state: TaskState, data: ev.ActProposed, fact: ev.Fact) -> Update:
    proposal = Proposal(
        event=fact.hash,
        act=data.act,
        stage="convener",
        at=fact.at,
        expires=data.expires,
        unit=data.unit,
        expect=data.expect,
        args=data.args,
    )
    return {"proposals": {**state.proposals, fact.hash: proposal}}


def _rung_proposes(state: TaskState, data: ev.RungFired, fact: ev.Fact) -> Update:
    rung = state.rules.ladder.rung(data.rung)
    spans = state.rules.spans or Spans()
    if rung is None or rung.kind not in PROPOSED_KINDS:
        return {}
    proposal = Proposal(
        event=fact.hash,
        act=rung.kind,
        stage="office",
        at=fact.at,
        expires=count_days(state.calendar, fact.at, spans.proposal_days, "working").instant,
        by_rung=True,
        rung=rung.name,
        unit=data.unit,
        revision=data.revision,
    )
    return {"proposals": {**state.proposals, fact.hash: proposal}}


def _endorsed(state: TaskState, data: ev.ProposalEndorsed, fact: ev.Fact) -> Update:
    proposal = state.proposals[data.proposal]
    passed_on = proposal.model_copy(update={"stage": "convener", "expires": data.expires})
    return {"proposals": {**state.proposals, data.proposal: passed_on}}


def _proposal_done(
    state: TaskState,
    data: ev.ProposalApproved | ev.ProposalRejected | ev.ProposalExpired | ev.ProposalOvertaken,
    fact: ev.Fact,
) -> Update:
    left = {event: p for event, p in state.proposals.items() if event != data.proposal}
    update: Update = {"proposals": left}
    if isinstance(data, ev.ProposalApproved) and data.proposal in state.proposals:
        update["approved_rung"] = state.proposals[data.proposal].rung
    return update


def _gap_noted(state: TaskState, data: ev.ServiceGapNoted, fact: ev.Fact) -> Update:
    gap = Gap(event=fact.hash, since=data.since, until=data.until)
    return {"gaps": (*state.gaps, gap)[-KEPT_GAPS:], **waiting_for_service(state, data)}


def _gap_excluded(state: TaskState, data: ev.GapExcluded, fact: ev.Fact) -> Update:
    gaps = tuple(
        gap.model_copy(update={"excluded": True}) if gap.event == data.gap else gap
        for gap in state.gaps
    )
    return {"gaps": gaps}


def _office_reminded(state: TaskState, data: ev.OfficeReminded, fact: ev.Fact) -> Update:
    reminded = Reminded(rung=data.rung, subject=data.subject, times=data.times)
    if data.unit is None:
        others = tuple(r for r in state.reminded if r.rung != data.rung)
        return {"reminded": (*others, reminded)}
    before = state.assignments[data.unit]
    others = tuple(r for r in before.reminded if (r.rung, r.subject) != (data.rung, data.subject))
    after = before.model_copy(
        update={
            "reminded": (*others, reminded),
            "since_head": (*before.since_head, fact.hash)[-KEPT_SINCE_HEAD:],
        }
    )
    return {"assignments": {**state.assignments, data.unit: after}}


_TASK_CHANGES: Mapping[type[ev.TaskEvent], Callable[[TaskState, Any, ev.Fact], Update]] = {
    ev.TaskClosed: _ended(TaskPhase.CLOSED),
    ev.TaskCancelled: _ended(TaskPhase.CANCELLED),
    ev.TaskArchived: lambda state, data, fact: {"phase": TaskPhase.ARCHIVED},
    ev.TaskReopened: _reopened,
    ev.EndReversed: _end_reversed,
    ev.ConcurrenceAsked: _concurrence_asked,
    ev.ConcurrenceGiven: _concurred,
    ev.DissentFiled: _dissented,
    ev.ConcurrenceSilent: _silent,
    ev.AssignmentTransferred: _passed_on,
    ev.ActReversed: _unsaid,
    ev.InstructionGiven: _instructed,
    ev.ActProposed: _proposed,
    ev.RungFired: _rung_proposes,
    ev.ProposalEndorsed: _endorsed,
    ev.ProposalApproved: _proposal_done,
    ev.ProposalRejected: _proposal_done,
    ev.ProposalExpired: _proposal_done,
    ev.ProposalOvertaken: _proposal_done,
    ev.ServiceGapNoted: _gap_noted,
    ev.GapExcluded: _gap_excluded,
    ev.OfficeReminded: _office_reminded,
    ev.CalendarAdopted: lambda state, data, fact: {"counts_by": shared_calendar(data.calendar)},
}

_NO_CHANGE = (ev.RosterAdopted, ev.TaskThawed, ev.CancellationRequested)


# --- what follows for all ---


def _with_clocks(state: TaskState, *, before: TaskState | None) -> TaskState:
    """Clocks of the assignments that are not as they were before; of all without a before."""
    setting = state.setting
    active = state.phase is TaskPhase.ACTIVE
    known = {} if before is None else before.assignments
    changed = {
        unit: assignment.model_copy(
            update={"clocks": clocks_of(setting, assignment) if active else None}
        )
        for unit, assignment in state.assignments.items()
        if assignment is not known.get(unit)
    }
    if not changed:
        return state
    return state.model_copy(update={"assignments": {**state.assignments, **changed}})


def _settled(before: TaskState, after: TaskState, fact: ev.Fact) -> TaskState:
    """Readiness with its instant, and proposals that the event made moot."""
    update: Update = {}
    if after.ready:
        if after.ready_at is None:
            update = {"ready_at": fact.at, "ready_event": fact.hash}
    elif after.ready_at is not None:
        update = {"ready_at": None, "ready_event": None}
    if after.concurrence is not None and after.assignments is not before.assignments:
        concurrence = _in_force(after, after.concurrence)
        if concurrence != after.concurrence:
            update["concurrence"] = concurrence
    if after.proposals and after.assignments is not before.assignments:
        holding = still_proposed(after)
        if len(holding) != len(after.proposals):
            update["proposals"] = holding
    if not update:
        return after
    settled = after.model_copy(update=update)
    subjects = {lying.subject for lying in task_matters(settled)}
    still = tuple(r for r in settled.reminded if r.subject in subjects)
    return settled if still == settled.reminded else settled.model_copy(update={"reminded": still})


def _in_force(state: TaskState, asked: Concurrence) -> Concurrence:
    """Whether the submission still waits for its decision, and who of those asked is still on."""
    lead = state.lead
    decided = (
        lead is None
        or lead.state is not AssignmentState.SUBMITTED
        or lead.submission is None
        or lead.submission.event != asked.submission
    )
    answered = {*asked.given, *asked.dissented, *asked.silent}
    still = tuple(
        unit for unit in asked.asked if unit in answered or not _off(state.assignments[unit])
    )
    return asked.model_copy(update={"decided": decided, "asked": still})


def _off(assignment: Assignment) -> bool:
    """Has left the task; what the task's end withdraws may come back as it was."""
    if assignment.withdrawn_through in ("close", "cancel"):
        return False
    return assignment.state in (AssignmentState.WITHDRAWN, AssignmentState.STOPPED)
