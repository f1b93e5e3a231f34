"""The case before `decide`: state, actor, now; and the checks that several rules share (domain layer)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from lianxi.domain.calendar import Calendar
from lianxi.domain.counting import count_days
from lianxi.domain.ladder import FINAL_STATES, AssignmentState
from lianxi.domain.limits import (
    AnyLimit,
    InstantLimit,
    LimitOrderError,
    Settled,
    settle_ahead,
    settle_counted,
)
from lianxi.domain.rules import Spans
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import Actor, Role, Sha256Hex, format_instant

Events = tuple[ev.TaskEvent, ...]

CLOCKS_APART = timedelta(minutes=5)
"""How far a unit's clock may be ahead when it states when something happened."""

S = AssignmentState

_OPEN = frozenset(S) - FINAL_STATES
_AT_WORK = frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS})

ALLOWED_FROM: dict[str, frozenset[AssignmentState]] = {
    "acknowledge": frozenset({S.ISSUED, S.RETURNED}),
    "progress": _AT_WORK,
    "submit": _AT_WORK,
    "recall": frozenset({S.SUBMITTED}),
    "object": frozenset({S.ISSUED}),
    "extend": _AT_WORK,
    "stop": frozenset({S.IN_PROGRESS, S.SUSPENDED}),
    "retract": _OPEN,
    "concur": frozenset({S.IN_PROGRESS, S.SUBMITTED, S.RETURNED, S.COMPLETED}),
    "dissent": frozenset({S.IN_PROGRESS, S.SUBMITTED, S.RETURNED, S.COMPLETED}),
    "answer": frozenset(S),
    "heed": frozenset(S),
    "dispute": frozenset(S),
    "correct": frozenset(S) - {S.WITHDRAWN, S.STOPPED},
    "accept": frozenset({S.SUBMITTED}),
    "return": frozenset({S.SUBMITTED}),
    "grant": _OPEN,
    "refuse": _OPEN,
    "suspend": _AT_WORK,
    "resume": frozenset({S.SUSPENDED}),
    "withdraw": _OPEN,
    "transfer": _OPEN,
    "due": frozenset({S.ISSUED, S.RETURNED, S.IN_PROGRESS, S.SUBMITTED}),
    "urge": _AT_WORK,
    "instruct": _OPEN,
    "phoned": frozenset(S),
    "on-behalf": frozenset(S),
    "by-mistake": frozenset(S),
    "reopen": frozenset({S.COMPLETED}),
}
"""From which states of an assignment each command is allowed."""

ALREADY: dict[str, frozenset[AssignmentState]] = {
    "acknowledge": frozenset({S.IN_PROGRESS}),
    "submit": frozenset({S.SUBMITTED}),
    "object": frozenset({S.OBJECTED}),
    "accept": frozenset({S.COMPLETED}),
    "return": frozenset({S.RETURNED}),
    "suspend": frozenset({S.SUSPENDED}),
    "withdraw": frozenset({S.WITHDRAWN}),
}
"""In which states the command has nothing left to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """An authenticated command: who gives it, and what they had seen (`expect`, an event's hash)."""

    actor: Actor
    command: cmd.TaskCommand
    expect: Sha256Hex | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at."""

    state: TaskState
    actor: Actor
    expect: Sha256Hex | None
    now: datetime

    @property
    def calendar(self) -> Calendar:
        """By which the task counts."""
        return self.state.calendar

    @property
    def spans(self) -> Spans:
        """How long answers may take; the defaults for a task of release 0.1."""
        return self.state.rules.spans or Spans()

    def by_working_days(self, days: int) -> datetime:
        """The close of office hours so many working days from now."""
        return count_days(self.calendar, self.now, days, "working").instant

    def on_task(self, unit: str) -> Assignment:
        """The unit's assignment; UnitNotOnTaskError."""
        assignment = self.state.assignments.get(unit)
        if assignment is None:
            raise no.UnitNotOnTaskError(task=self.state.task, unit=unit)
        return assignment

    def settled(self, limit: AnyLimit, field: str) -> Settled:
        """Where a limit that opens now ends; LimitPastError, LimitTooFarError."""
        settle_ahead(limit, self.now, field, self.calendar)
        return settle_counted(limit, self.now, self.calendar)

    def rule(self, limit: AnyLimit) -> AnyLimit | None:
        """The rule as an event keeps it: events of a task of release 0.1 keep none."""
        return limit if self.state.counts_by is not None else None


def check_role(order: Order) -> None:
    """RoleNotAllowedError unless the command may be given in the actor's role."""
    if order.actor.role not in order.command.roles:
        raise no.RoleNotAllowedError(
            action=order.command.action,
            role=order.actor.role,
            needed=", ".join(sorted(order.command.roles)),
        )


def check_active(state: TaskState, command: cmd.TaskCommand) -> None:
    """TaskEndedError, or AlreadySoError where the end asked for has come."""
    if state.phase is TaskPhase.ACTIVE:
        return
    same = {"close": TaskPhase.CLOSED, "cancel": TaskPhase.CANCELLED}.get(command.action)
    if same is state.phase:
        verdict = getattr(command, "verdict", None)
        if verdict is None or verdict is state.verdict:
            raise no.AlreadySoError(task=state.task, state=state.phase)
    raise no.TaskEndedError(task=state.task, state=state.phase)


def check_state(assignment: Assignment, action: str) -> None:
    """WrongStateError unless the action is allowed from here; AlreadySoError where it is done."""
    if assignment.state in ALREADY.get(action, frozenset()):
        raise no.AlreadySoError(unit=assignment.unit, state=assignment.state)
    if assignment.state not in ALLOWED_FROM[action]:
        raise no.WrongStateError(
            action=action,
            unit=assignment.unit,
            state=assignment.state,
            needed=", ".join(sorted(ALLOWED_FROM[action])),
        )


def check_fresh(subject: Assignment | TaskState, expect: Sha256Hex | None) -> None:
    """Stale only by later acts of people: what rules added since the head is no reason."""
    if expect is None or (expect != subject.head and expect not in subject.since_head):
        raise no.StaleError(seen=expect or "nothing", now=subject.head)


def check_stated_time(case: Case, stated: datetime | None) -> None:
    """HappenedOutOfRangeError unless what is stated lies between the issue and now."""
    latest = case.now + CLOCKS_APART
    if stated is not None and not case.state.issued_at <= stated <= latest:
        raise no.HappenedOutOfRangeError(happened_at=format_instant(stated))


def limits(
    case: Case,
    due: Settled,
    due_rule: AnyLimit | None,
    acknowledge: Settled | None,
    acknowledge_rule: AnyLimit | None,
    before: Assignment,
) -> dict[str, Any]:
    """The fields of a `NewLimits` event: a new revision; the acknowledge limit never after due."""
    acknowledge_by = before.acknowledge_by if acknowledge is None else acknowledge.instant
    return {
        "unit": before.unit,
        "revision": before.revision + 1,
        "due": due.instant,
        "acknowledge_by": min(acknowledge_by, due.instant),
        "due_rule": None if due_rule is None else case.rule(due_rule),
        "acknowledge_rule": None if acknowledge_rule is None else case.rule(acknowledge_rule),
        "provisional": provisional(due, acknowledge),
    }


def check_order(acknowledge: Settled | None, due: Settled) -> None:
    """LimitOrderError where an acknowledge limit that somebody named lies after due."""
    if acknowledge is not None and acknowledge.instant > due.instant:
        raise LimitOrderError(
            acknowledge_by=format_instant(acknowledge.instant), due=format_instant(due.instant)
        )


def acknowledge_again(case: Case, before: Assignment) -> tuple[Settled, AnyLimit | None]:
    """A new acknowledge limit like the one before: by its rule, or just as long."""
    rule = before.acknowledge_rule
    if rule is not None and not isinstance(rule, InstantLimit):
        return settle_counted(rule, case.now, case.calendar), rule
    pauses = (p.until - p.since for p in before.pauses if p.since >= before.acknowledge_opened_at)
    length = before.acknowledge_by - before.acknowledge_opened_at - sum(pauses, timedelta(0))
    if length <= timedelta(0):  # the one before was cut to a due that had passed
        length = timedelta(seconds=case.state.rules.acknowledge_within)
    return Settled(case.now + length), None


def provisional(*settled: Settled | None) -> Literal[True] | None:
    """Whether one of the limits lies past what the calendar knows."""
    return True if any(one is not None and one.provisional for one in settled) else None


def lapses(assignment: Assignment, *, objection: bool = True) -> Events:
    """The requests of the unit that its submission or its leaving makes moot."""
    open_requests = {"extension": assignment.extension, "stop": assignment.stop}
    if objection:
        open_requests["objection"] = assignment.objection
    return tuple(
        ev.RequestLapsed.model_validate(
            {"unit": assignment.unit, "request": kind, "subject": request.event}
        )
        for kind, request in open_requests.items()
        if request is not None
    )


def is_office(actor: Actor) -> bool:
    """The office acts, not the convener in person."""
    return actor.role is Role.OFFICE
