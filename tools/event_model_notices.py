"""Who is told, and who has to do something, as tables of docs/event-model.md.

Found by letting everything happen to the example task, and asking `react` and `asks` about it.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.refusal import Refusal
from lianxi.domain.reports import ReportCycle
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task.asks import CONVENER, OFFICE, asks
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import rungs_due
from lianxi.domain.task.decide import decide
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.react import READY, Notice, react, still_holds
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import Actor, Role, role_of
from lianxi.notices.texts import CONFERENCE_TEXTS, OTHER, TEXTS
from tools.event_model_form import table, ticked
from tools.example_task import (
    LEAD,
    NOW,
    ON_TASK,
    SUPPORT,
    about,
    event_hash,
    example,
    issued,
    order_for,
    prepared,
    text,
    told,
)

S = AssignmentState
Happening = tuple[TaskState | None, ev.TaskEvent, TaskState]

SIDES = {OFFICE: "office", CONVENER: "convener"}

ONLY_WHILE = {
    READY: "the task is ready to close",
    "proposed": "the proposal waits",
    "extension-requested": "the request is undecided",
    "stop-requested": "the request is undecided",
    "warning-sent": "it is not answered",
}
"""Notices that hold by something else than the state of the assignment."""

DOES = {
    "acknowledge": "acknowledge, or object",
    "revise": "take up what was returned",
    "report": "report, and report completion",
    "report-period": "file a periodic report that is due soon or late",
    "concur": "agree or dissent",
    "explain": "answer a warning",
    "heed": "acknowledge an instruction",
    "dispute": "say so, if what was filed on its behalf is wrong",
    "review": "accept or return a submission",
    "decide-extension": "grant or refuse",
    "decide-stop": "grant or refuse",
    "decide-objection": "uphold, change or refuse",
    "look-again": "resume or suspend on",
    "approve": "approve or reject a proposal",
    "close": "close a ready task",
}


# --- everything that happens ---


@cache
def _all_happenings() -> tuple[Happening, ...]:
    return tuple(happenings())


def happenings() -> Iterator[Happening]:
    """Every event that commands and rules lead to in the example, with the states around it."""
    first = issued()
    yield None, first, told(None, first)
    for state in AssignmentState:
        for action in ON_TASK:
            task = prepared(action, state)
            try:
                events = decide(task, order_for(action, task), NOW)
            except Refusal:
                continue
            yield from _one_by_one(task, events)
        yield from _while_time_passes(example(state))
        # a gap of service, and periodic reports nobody files
        yield from _one_by_one(example(state), rungs_due(example(state), NOW + timedelta(days=30)))
        reporting = first.model_copy(update={"report": ReportCycle(every="week", day=5)})
        yield from _while_time_passes(told(None, reporting))
    yield from _asked()
    yield from _ready()
    yield from _proposed()
    yield from _end_taken_back()
    # no rule leads to it: what is frozen, the stream alone knows
    thawed = ev.TaskThawed(reason=text().model_copy(), discarded=0)
    yield from _one_by_one(example(S.IN_PROGRESS), (thawed,))


def _asked() -> Iterator[Happening]:
    """The lead asks its support for concurrence and nobody answers; nor does the office decide."""
    task = example(S.IN_PROGRESS, SUPPORT)
    submit = Order(Actor(unit=LEAD, role=Role.UNIT), cmd.SubmitCompletion(report=text()))
    events = decide(task, submit, NOW)
    yield from _one_by_one(task, events)
    yield from _while_time_passes(_last(task, events))
    yield from _while_time_passes(prepared("grant", S.IN_PROGRESS))
    for action in ("approve", "heed"):  # what waits before it is approved, or heeded
        events = tuple(about(action, S.IN_PROGRESS))
        yield from _one_by_one(example(S.IN_PROGRESS), events)


def _ready() -> Iterator[Happening]:
    """The support has left: the lead's acceptance makes the task ready."""
    left = ev.AssignmentWithdrawn(unit=SUPPORT, through="withdraw")
    task = told(example(S.SUBMITTED), left)
    yield from _one_by_one(task, decide(task, order_for("accept", task), NOW))
    yield from _while_time_passes(_last(task, decide(task, order_for("accept", task), NOW)))


def _proposed() -> Iterator[Happening]:
    """What rungs propose is overtaken, or passed on and approved; a warning is not answered."""
    submit = Order(Actor(unit=LEAD, role=Role.UNIT), cmd.SubmitCompletion(report=text()))
    for rung in ("overdue-3", "overdue-10"):
        fired = ev.RungFired(unit=LEAD, rung=rung, revision=1, due_at=NOW)
        task = told(example(S.IN_PROGRESS), fired)
        yield from _one_by_one(task, decide(task, submit, NOW))
        for role in (OFFICE, CONVENER):
            approve = cmd.ApproveProposal(proposal=next(iter(task.proposals)))
            events = decide(task, Order(Actor(unit=role, role=role_of(role)), approve), NOW)
            yield from _one_by_one(task, events)
            task = _last(task, events)
        yield from _while_time_passes(task)


def _end_taken_back() -> Iterator[Happening]:
    task = example(S.IN_PROGRESS)
    task = _last(task, decide(task, order_for("cancel", task), NOW))
    reverse = cmd.ReverseAct(act=task.end_event or "", reason=text())
    convener = Actor(unit=CONVENER, role=role_of(CONVENER))
    yield from _one_by_one(task, decide(task, Order(convener, reverse), NOW))


def _while_time_passes(task: TaskState) -> Iterator[Happening]:
    """Ninety days in which nobody acts."""
    until = NOW + timedelta(days=90)
    while (deadline := next_deadline(task)) is not None and deadline <= until:
        now = max(deadline, task.last_at)
        for event in rungs_due(task, now):
            fact = ev.Fact(task.seq + 1, event_hash(task.seq + 1), now, "rule", event)
            before, task = task, evolve(task, fact)
            yield before, event, task


def _one_by_one(state: TaskState, events: Iterable[ev.TaskEvent]) -> Iterator[Happening]:
    for event in events:
        before, state = state, _last(state, (event,))
        yield before, event, state


def _last(state: TaskState, events: Iterable[ev.TaskEvent]) -> TaskState:
    for event in events:
        state = told(state, event, at=NOW)
    return state


# --- who is told ---


def notices() -> str:
    """Every notice: to whom, because of what, how long it holds, under which subject."""
    found: dict[tuple[str, str], tuple[list[str], Notice, TaskState]] = {}
    for before, event, after in _all_happenings():
        for notice in react(before, event, after):
            side = SIDES.get(notice.addressee, "unit")
            causes, *_ = found.setdefault((notice.kind, side), ([], notice, after))
            cause = _cause(event, notice)
            if cause not in causes:
                causes.append(cause)
    rows = [
        (
            f"`{kind}`", side, ", ".join(causes), _holds(kind, notice, state),
            TEXTS.get(("unit" if side == "unit" else "office", kind), OTHER).subject,
        )
        for (kind, side), (causes, notice, state) in found.items()
    ]  # fmt: skip
    rows.append(
        (
            "`calendar`", "unit", "`CalendarAdopted` of the conference", "always",
            CONFERENCE_TEXTS["unit", "calendar"].subject,
        )
    )  # fmt: skip
    return (
        "### Notices\n\n"
        "Found by asking `react` about the events of the example. “Holds while” is looked at again"
        " before sending: states of the unit's assignment, and more.\n\n"
        + table(("notice", "to", "because of", "holds while", "subject"), rows)
        + "\n\nOn the stream `conference`: a proposed issue is `proposed` to the convener, one that"
        " was rejected or has expired is told to the office under these names."
    )


def _cause(event: ev.TaskEvent, notice: Notice) -> str:
    kind = f"`{type(event).__name__}`"
    return f"{kind} that makes the task ready" if notice.kind == READY else kind


def _holds(kind: str, notice: Notice, state: TaskState) -> str:
    """Asked of `still_holds` in every state of the example."""
    if kind in ONLY_WHILE:
        return ONLY_WHILE[kind]
    if state.rules.ladder.office_rung(kind) is not None:
        return "the matter lies there"

    def holds(state: AssignmentState, *, revision: int = 0, passed: bool = False) -> bool:
        task = example(state)
        part = task.assignments[LEAD]
        submission = part.submission.event if part.submission else None
        now_then = {
            "about": LEAD,
            "revision": part.revision + revision,
            "submission": submission,
            "due": NOW + timedelta(days=-1 if passed else 40),
        }
        return still_holds(notice.model_copy(update=now_then), task, NOW)

    states = [state for state in AssignmentState if holds(state)]
    if not states:
        raise ValueError(f"the notice {kind} never holds")
    if len(states) == len(AssignmentState):
        return "always"
    words = [ticked(state.value for state in states)]
    if kind == "submitted":
        words.append("same submission")
    if not holds(states[0], revision=1):
        words.append("same limit revision")
    if not holds(states[0], passed=True):
        words.append("limit not passed")
    return "; ".join(words)


# --- who has to do something ---


def to_do() -> str:
    """Every ask: of whom, for what, until when."""
    found: dict[tuple[str, str], tuple[bool, bool]] = {}
    for _, _, after in _all_happenings():
        for ask in asks(after):
            side = SIDES.get(ask.who, "the unit")
            limited, optional = found.get((ask.what, side), (False, False))
            found[ask.what, side] = (limited or ask.by is not None, optional or ask.optional)
    order = list(DOES)
    rows = [
        (
            f"`{what}`", side, DOES[what], "with a limit" if limited else "—",
            "may be left" if optional else "",
        )
        for (what, side), (limited, optional) in sorted(
            found.items(), key=lambda item: order.index(item[0][0])
        )
    ]  # fmt: skip
    return (
        "### To do\n\n"
        "What waits for whom, found by asking `asks` about the example. The office's limits are those"
        " of its rungs.\n\n" + table(("ask", "of", "to do", "by", ""), rows)
    )
