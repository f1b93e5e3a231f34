"""Proposals over what happens to their assignment: moved, off, back, no longer late (domain layer)."""

from collections.abc import Mapping
from typing import Any

from lianxi.domain.ladder import RUNNING
from lianxi.domain.task import events as ev
from lianxi.domain.task.state import Assignment, Proposal, TaskState
from lianxi.domain.values import Sha256Hex

Proposals = dict[Sha256Hex, Proposal]


def still_proposed(state: TaskState) -> Proposals:
    """Those about a unit of the task; a rung's while its assignment is as late as it was.

    Those about what the task's end withdrew stay as they are: the end may have been a mistake.
    """
    return {event: p for event, p in state.proposals.items() if _holds(state, p)}


def _holds(state: TaskState, proposal: Proposal) -> bool:
    if proposal.unit is None:
        return True
    assignment = state.assignments.get(proposal.unit)
    if assignment is None or not proposal.by_rung:
        return assignment is not None
    if assignment.withdrawn_through in ("close", "cancel"):
        return True
    return assignment.revision == proposal.revision and assignment.state in RUNNING["due"]


def kept_over_the_end(state: TaskState, restored: Mapping[str, Assignment]) -> Proposals:
    """Those of before the end that was a mistake, about the assignments as they are back."""
    back: Proposals = {}
    for event, proposal in state.proposals.items():
        unit = proposal.unit
        if unit is None or restored[unit] is state.assignments[unit]:
            back[event] = proposal
            continue
        undo = state.assignments[unit].undo
        back[event] = _about(proposal, None if undo is None else undo.before, restored[unit])
    return back


def on_transfer(state: TaskState, data: ev.AssignmentTransferred, fact: ev.Fact) -> Proposals:
    """Those about the assignment kept follow it to the successor; those about the other fall."""
    dropped = data.into if data.kept == data.unit else data.unit
    moved: Proposals = {}
    for event, proposal in state.proposals.items():
        if proposal.unit == dropped:
            continue
        args = _renamed(proposal.args, data, dropped)
        if args is not None and args.get("units") == [] != (proposal.args or {}).get("units"):
            continue
        update: dict[str, Any] = {"args": args}
        if proposal.unit == data.kept:
            kept = state.assignments[data.kept]
            seen = fact.hash if _fresh(proposal, kept) else proposal.expect
            update |= {"unit": data.into, "expect": seen}
        moved[event] = proposal.model_copy(update=update)
    return moved


def _renamed(
    args: dict[str, Any] | None, data: ev.AssignmentTransferred, dropped: str
) -> dict[str, Any] | None:
    """The arguments of an act with the units as they are called now, without the one dropped."""
    if args is None:
        return None
    renamed = dict(args)
    for name in ("unit", "new_lead"):
        if args.get(name) == data.unit:
            renamed[name] = data.into
    if isinstance(args.get("units"), list):
        left = (unit for unit in args["units"] if unit != dropped)
        renamed["units"] = [data.into if unit == data.unit else unit for unit in left]
    return renamed


def _fresh(proposal: Proposal, assignment: Assignment | None) -> bool:
    """The office had seen the assignment as it stands, or stood."""
    if assignment is None or proposal.expect is None:
        return False
    return proposal.expect == assignment.head or proposal.expect in assignment.since_head


def _about(proposal: Proposal, before: Assignment | None, back: Assignment) -> Proposal:
    """A proposal as it stood, about the assignment that is back as it stood."""
    update: dict[str, Any] = {}
    if _fresh(proposal, before):
        update["expect"] = back.head
    if proposal.by_rung and before is not None and proposal.revision == before.revision:
        update["revision"] = back.revision
    return proposal.model_copy(update=update)
