"""What waits for whom, as rows that come and go with the state (projection, pure)."""

from collections.abc import Iterable, Iterator

from lianxi.domain.conference.state import IssueProposal, Proposal
from lianxi.domain.task.asks import CONVENER, OFFICE, Ask, asks_about, asks_of_task
from lianxi.domain.task.commands import IssueTask
from lianxi.domain.task.state import TaskPhase, TaskState
from lianxi.domain.values import format_instant
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.store.projection.rows import Change, Row, instant_text

SIDES = {OFFICE: OFFICE, CONVENER: CONVENER}
"""Where the answer lies; with everybody else it lies with a unit."""

UNIT = "unit"


def ask_changes(origin: str, before: TaskState | None, after: TaskState) -> Iterator[Change]:
    """The rows of a task's asks, as far as they differ between two of its states."""
    was = {} if before is None else _rows(origin, before, besides=after)
    now = _rows(origin, after, besides=before)
    for key, change in now.items():
        stood = was.pop(key, None)
        if stood is None or stood.values != change.values:
            yield change
    for gone in was.values():
        yield Change(gone.table, gone.key, {}, "delete")


def proposal_ask(origin: str, proposal: Proposal) -> Change:
    """What of the office waits for the convener, as a row of what waits for somebody.

    Its title is the issue's, or the reason of a redaction.
    """
    ask = Ask(
        who=CONVENER,
        what="approve",
        since=proposal.at,
        by=proposal.expires,
        subject=proposal.event,
        act=proposal.act,
    )
    if isinstance(proposal, IssueProposal):
        title = IssueTask.model_validate(proposal.args).title.commit
    else:
        title = proposal.reason.commit
    return _row({"origin": origin, "stream": CONFERENCE_STREAM}, None, title, ask)


def _rows(origin: str, state: TaskState, besides: TaskState | None) -> dict[str, Change]:
    stream: Row = {"origin": origin, "stream": task_stream(state.task)}
    changes = (_row(stream, state.task, state.title.commit, ask) for ask in _asks(state, besides))
    return {str(change.key["ask"]): change for change in changes}


def _asks(state: TaskState, besides: TaskState | None) -> Iterable[Ask]:
    """The asks of a state but those of assignments that are no other in the state beside it."""
    if state.phase is not TaskPhase.ACTIVE:
        return
    known = besides.assignments if besides is not None and _alike(state, besides) else {}
    for unit, assignment in state.assignments.items():
        if known.get(unit) is not assignment:
            yield from asks_about(state, assignment)
    yield from asks_of_task(state)


def _alike(one: TaskState, other: TaskState) -> bool:
    """Whether the same assignment asks the same in both (see `asks_about`)."""
    return (
        one.phase is other.phase
        and one.concurrence is other.concurrence
        and one.instructions is other.instructions
        and one.rules is other.rules
        and one.counts_by is other.counts_by
    )


def _row(stream: Row, task: str | None, title: str, ask: Ask) -> Change:
    by = instant_text(ask.by)
    since = format_instant(ask.since)
    return Change(
        "asks",
        {**stream, "ask": f"{ask.what}|{ask.who}|{ask.unit or ''}|{ask.subject or ''}"},
        {
            "side": SIDES.get(ask.who, UNIT),
            "who": ask.who,
            "what": ask.what,
            "task": task,
            "unit": ask.unit,
            "since": since,
            "by": by,
            "at": by or since,
            "subject": ask.subject,
            "act": ask.act,
            "optional": int(ask.optional),
            "title": title,
        },
    )
