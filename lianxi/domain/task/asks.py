"""`asks`: what waits for whom on a task, as one list of questions (domain layer).

The one place that says what somebody has to do: `lianxi todo` of units, office and convener, the
office's limits and a successor's handover are all built on it (docs/event-model.md, To do).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from lianxi.domain.ladder import AssignmentState, Matter
from lianxi.domain.task.clocks import Lying, office_instant, office_rungs
from lianxi.domain.task.deciding.case import ALLOWED_FROM
from lianxi.domain.task.state import Assignment, Request, Submission, TaskPhase, TaskState
from lianxi.domain.values import Frozen, Instant, Sha256Hex, UnitId

What = Literal[
    # of a unit
    "acknowledge", "revise", "report", "report-period", "concur", "explain", "heed", "dispute",
    # of the office
    "review", "decide-extension", "decide-stop", "decide-objection", "look-again", "close",
    "approve",
]  # fmt: skip

OFFICE: Final = "office"
CONVENER: Final = "convener"


class Ask(Frozen):
    """One thing to do: who, what, about which unit's part, since when, by when.

    `subject` is the event that the answer has to name, where it names one. `optional`: may be
    done, need not (a dispute).
    """

    who: UnitId
    what: What
    unit: UnitId | None = None
    since: Instant
    by: Instant | None = None
    subject: Sha256Hex | None = None
    act: str | None = None
    optional: bool = False


S = AssignmentState

_OFF = frozenset({S.WITHDRAWN, S.STOPPED})
"""Whoever is off the task is asked nothing more, but may still dispute what was filed."""


def asks(state: TaskState) -> tuple[Ask, ...]:
    """Everything that waits for somebody, in the order of assignments."""
    if state.phase is not TaskPhase.ACTIVE:
        return ()
    found = [ask for a in state.assignments.values() for ask in asks_about(state, a)]
    return (*found, *asks_of_task(state))


def asks_about(state: TaskState, a: Assignment) -> Iterator[Ask]:
    """What one assignment of an active task asks of somebody.

    Depends on it and on the task's concurrence, instructions, rules and calendar, on nothing else.
    """
    unit = a.unit
    yield from _work(a)
    yield from _decisions(state, a)
    if a.suspension is not None:
        yield Ask(
            who=OFFICE,
            what="look-again",
            unit=unit,
            since=a.suspension.since,
            by=a.suspension.review_by,
            subject=a.suspension.event,
        )
    if a.warning is not None and not a.warning.answered and a.state not in _OFF:
        warning = a.warning
        yield Ask(
            who=unit,
            what="explain",
            unit=unit,
            since=warning.at,
            by=warning.explain_by,
            subject=warning.event,
        )
    yield from _words(state, a)


def _decisions(state: TaskState, a: Assignment) -> Iterator[Ask]:
    """What the office has to decide, each by the limit that the ladder sets the office."""
    undecided: list[tuple[What, Matter, Request | Submission | None]] = [
        ("review", "review", a.submission if a.state is S.SUBMITTED else None),
        ("decide-objection", "objection", a.objection),
        ("decide-extension", "request", a.extension),
        ("decide-stop", "request", a.stop),
    ]
    for what, matter, subject in undecided:
        if subject is not None:
            yield Ask(
                who=OFFICE,
                what=what,
                unit=a.unit,
                since=subject.at,
                by=_office_limit(state, matter, subject.event, subject.at),
                subject=subject.event,
            )


def _office_limit(
    state: TaskState, about: Matter, subject: str, since: datetime
) -> datetime | None:
    """By when the office has to do it; None where the ladder does not remind it."""
    lying = Lying(about, subject, since)
    limits = (
        office_instant(rung, matter, 0, state.setting)
        for rung, matter in office_rungs(state.setting, iter((lying,)))
    )
    return min((limit for limit in limits if limit is not None), default=None)


def _work(a: Assignment) -> Iterator[Ask]:
    """What the state itself asks of the unit."""
    unit = a.unit
    match a.state:
        case S.ISSUED:
            since = a.acknowledge_opened_at
            yield Ask(who=unit, what="acknowledge", unit=unit, since=since, by=a.acknowledge_by)
        case S.RETURNED:
            yield Ask(who=unit, what="revise", unit=unit, since=a.acknowledge_opened_at, by=a.due)
        case S.IN_PROGRESS:
            since = a.acknowledged_at or a.due_opened_at
            yield Ask(who=unit, what="report", unit=unit, since=since, by=a.due)
        case _:
            return
    reporting = a.reporting
    if reporting is not None and reporting.late_since is not None:
        yield Ask(
            who=unit,
            what="report-period",
            unit=unit,
            since=reporting.late_since,
            by=reporting.late_since,
            act=reporting.late,
        )
    elif reporting is not None and reporting.reminded and not reporting.filed:
        yield Ask(
            who=unit,
            what="report-period",
            unit=unit,
            since=reporting.remind_at,
            by=reporting.due,
            act=reporting.period,
        )


def _words(state: TaskState, a: Assignment) -> Iterator[Ask]:
    """Concurrence, instructions and what the office filed: asked of the unit beside its work."""
    unit = a.unit
    asked = state.concurrence
    if asked is not None and unit in asked.open and a.state in ALLOWED_FROM["concur"]:
        yield Ask(
            who=unit,
            what="concur",
            unit=unit,
            since=asked.at,
            by=asked.answer_by,
            subject=asked.submission,
        )
    given = {instruction.event: instruction for instruction in state.instructions}
    for event in a.instructions if a.state not in _OFF else ():
        since = given[event].at if event in given else state.issued_at
        yield Ask(who=unit, what="heed", unit=unit, since=since, subject=event)
    latest = () if a.filing is None or a.filing.disputed else (a.filing,)
    for filing in (*a.filings, *latest):
        yield Ask(
            who=unit,
            what="dispute",
            unit=unit,
            since=filing.at,
            by=filing.dispute_by,
            subject=filing.event,
            act=filing.act,
            optional=True,
        )


def asks_of_task(state: TaskState) -> Iterator[Ask]:
    """What an active task as a whole asks of the convener's side."""
    for proposal in state.proposals.values():
        yield Ask(
            who=OFFICE if proposal.stage == "office" else CONVENER,
            what="approve",
            unit=proposal.unit,
            since=proposal.at,
            by=proposal.expires,
            subject=proposal.event,
            act=proposal.act,
        )
    if state.ready and state.ready_at is not None and state.ready_event is not None:
        by = _office_limit(state, "close", state.ready_event, state.ready_at)
        yield Ask(who=OFFICE, what="close", since=state.ready_at, by=by)
