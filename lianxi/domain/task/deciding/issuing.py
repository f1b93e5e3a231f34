"""How an issue is decided: who is on the task, by when (domain layer)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lianxi.domain.calendar import Calendar
from lianxi.domain.limits import (
    AnyLimit,
    DurationLimit,
    LimitOrderError,
    Settled,
    settle_ahead,
    settle_counted,
)
from lianxi.domain.rules import Rules
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import Events, Order, check_role, provisional
from lianxi.domain.values import Sha256Hex, TaskId, format_instant


@dataclass(frozen=True, slots=True)
class IssueContext:
    """What the conference adds when it registers a task: number, rules, calendar, the instant.

    Without a calendar (release 0.1) no rule of a limit is kept.
    """

    task: TaskId
    rules: Rules
    rules_hash: Sha256Hex
    registration: Sha256Hex
    opened_at: datetime
    calendar: Calendar | None = None
    calendar_hash: Sha256Hex | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of a new assignment, with the rules that gave them."""

    due: Settled
    due_rule: AnyLimit
    acknowledge: Settled
    acknowledge_rule: AnyLimit

    @property
    def provisional(self) -> Literal[True] | None:
        """Whether one of them lies past what the calendar knows."""
        return provisional(self.due, self.acknowledge)


def decide_issue(order: Order, context: IssueContext) -> Events:
    """The first event of a task. The same order and context always decide alike, whenever asked."""
    command = order.command
    if not isinstance(command, cmd.IssueTask):
        raise TypeError("decide_issue takes IssueTask")
    check_role(order)
    terms = settle_terms(
        command.due,
        command.acknowledge_by,
        kind=command.kind,
        rules=context.rules,
        calendar=context.calendar,
        opened_at=context.opened_at,
    )
    keeps = context.calendar is not None
    others: ev.AssignmentRole = "member" if command.mode is cmd.Mode.EACH else "support"
    parts: list[tuple[str, ev.AssignmentRole]] = [(unit, others) for unit in command.units]
    if command.lead is not None:
        parts.insert(0, (command.lead, "lead"))
    return (
        ev.TaskIssued(
            task=context.task,
            ref=command.ref,
            registration=context.registration,
            opened_at=context.opened_at,
            mode=command.mode,
            title=command.title,
            text=command.text,
            basis=command.basis,
            kind=command.kind,
            concurrence=command.concurrence,
            report=command.report,
            rules=context.rules,
            rules_hash=context.rules_hash,
            calendar=context.calendar,
            calendar_hash=context.calendar_hash,
            due_rule=terms.due_rule if keeps else None,
            acknowledge_rule=terms.acknowledge_rule if keeps else None,
            provisional=terms.provisional if keeps else None,
            assignments=tuple(
                ev.AssignmentTerms(
                    unit=unit,
                    role=role,
                    acknowledge_by=terms.acknowledge.instant,
                    due=terms.due.instant,
                )
                for unit, role in parts
            ),
        ),
    )


def settle_terms(
    due: AnyLimit | None,
    acknowledge_by: AnyLimit | None,
    *,
    kind: str | None,
    rules: Rules,
    calendar: Calendar | None,
    opened_at: datetime,
) -> Terms:
    """Both limits of a new assignment; what is not named comes from the kind of task.

    Raises DueNeededError, LimitPastError, LimitTooFarError, LimitOrderError.
    """
    defaults = rules.limits_of(kind)
    if kind is not None and defaults is None:
        raise no.UnknownKindError(kind=kind, kinds=", ".join(sorted(rules.kinds or {})) or "none")
    if due is None:
        if defaults is None:
            raise no.DueNeededError(kind=kind or "ordinary")
        due = defaults.due
    within: AnyLimit = DurationLimit(seconds=rules.acknowledge_within)
    if defaults is not None:
        within = defaults.acknowledge
    within = acknowledge_by or within
    due_settled = _settled(due, opened_at, "due", calendar)
    acknowledge = _settled(within, opened_at, "acknowledge_by", calendar)
    if acknowledge.instant > due_settled.instant:
        if acknowledge_by is not None:
            raise LimitOrderError(
                acknowledge_by=format_instant(acknowledge.instant),
                due=format_instant(due_settled.instant),
            )
        # the default limit never outlasts a short due
        acknowledge, within = due_settled, due
    return Terms(due_settled, due, acknowledge, within)


def _settled(limit: AnyLimit, opening: datetime, field: str, calendar: Calendar | None) -> Settled:
    instant = settle_ahead(limit, opening, field, calendar)
    return Settled(instant) if calendar is None else settle_counted(limit, opening, calendar)
