"""Which proposals an act makes moot: from engine 2 on it ends them by an event (domain layer)."""

from collections.abc import Callable, Iterator

from lianxi.domain.refusal import Refusal
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import Case, Events
from lianxi.domain.task.deciding.supervising import as_proposed, read_act
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import Proposal, TaskPhase, TaskState
from lianxi.domain.values import Actor, Role

Decide = Callable[[Case, cmd.TaskCommand], Events]

_CONVENER = Actor(unit=Role.CONVENER.value, role=Role.CONVENER)

_MOOT = (
    no.StaleError,
    no.WrongStateError,
    no.AlreadySoError,
    no.UnknownSubjectError,
    no.UnitNotOnTaskError,
)
"""With these approval would be refused, and what was proposed would have to be proposed anew."""


def overtaken(case: Case, events: Events, decide: Decide) -> Iterator[ev.ProposalOvertaken]:
    """One event for each proposal that waited before `events` and has nothing to wait for after them."""
    before = case.state
    if not before.proposals:
        return
    decided = {getattr(event, "proposal", None) for event in events}
    after = _after(case, events)
    for proposal in before.proposals.values():
        # as it stands after the act: what the office had seen follows a transfer, or comes back
        still = after.proposals.get(proposal.event)
        if proposal.event not in decided and (still is None or _moot(case, still, after, decide)):
            yield ev.ProposalOvertaken(proposal=proposal.event)


def _after(case: Case, events: Events) -> TaskState:
    state = case.state
    for event in events:
        # stand-ins for hashes that are not known yet: each its own, none that anybody has seen
        seq = state.seq + 1
        fact = ev.Fact(seq, f"{seq:064x}", case.now, "command", event, case.actor.role)
        state = evolve(state, fact)
    return state


def _moot(case: Case, proposal: Proposal, after: TaskState, decide: Decide) -> bool:
    if proposal.by_rung or after.phase is not TaskPhase.ACTIVE:
        return False  # over the task's end proposals are kept, since the end may be a mistake
    act = read_act(proposal.act, proposal.args or {}, cmd.OFFICE_ACTIONS)
    try:
        decide(as_proposed(Case(after, _CONVENER, None, case.now), proposal, act), act)
    except Refusal as refusal:
        return isinstance(refusal, _MOOT)
    return False
