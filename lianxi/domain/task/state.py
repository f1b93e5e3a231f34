"""The state of a task: what `decide` looks at and `evolve` builds (domain layer)."""

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from lianxi.domain.ladder import FINAL_STATES, AssignmentState, next_instant
from lianxi.domain.rules import Rules
from lianxi.domain.task.commands import Basis, Evidence, Mode, Verdict
from lianxi.domain.task.events import AssignmentRole
from lianxi.domain.values import (
    Commitment,
    Frozen,
    Instant,
    MediaType,
    Sha256Hex,
    SourceId,
    TaskId,
    UnitId,
)


class TaskPhase(StrEnum):
    """Where a task stands; `ready-to-close` is derived, see `TaskState.ready`."""

    ACTIVE = "active"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class Submission(Frozen):
    """What a unit handed in last; `event` is the hash a decision names."""

    event: Sha256Hex
    at: Instant
    cycle: int
    due: Instant
    report: Commitment
    report_media: MediaType
    evidence: tuple[Evidence, ...] = ()


class Assignment(Frozen):
    """One unit's part. `head` is the last act of a person on it, `since_head` what rules added after."""

    unit: UnitId
    role: AssignmentRole
    state: AssignmentState
    cycle: int = 1
    revision: int = 1
    first_due: Instant
    due: Instant
    due_opened_at: Instant
    acknowledge_by: Instant
    acknowledge_opened_at: Instant
    revised_at: Instant
    fired: tuple[str, ...] = ()
    acknowledged_at: Instant | None = None
    percent: int | None = None
    submission: Submission | None = None
    return_reason: Commitment | None = None
    completed_at: Instant | None = None
    withdrawn_through: Literal["withdraw", "close", "cancel"] | None = None
    head: Sha256Hex
    since_head: tuple[Sha256Hex, ...] = ()

    @property
    def final(self) -> bool:
        """Nothing more is expected of the unit."""
        return self.state in FINAL_STATES

    @property
    def in_time(self) -> bool | None:
        """Whether the accepted submission met the due then in force; None before completion."""
        if self.state is not AssignmentState.COMPLETED or self.submission is None:
            return None
        return self.submission.at <= self.submission.due


class TaskState(Frozen):
    """A task as the fold of its events; assignments in the order of issue."""

    task: TaskId
    ref: SourceId
    phase: TaskPhase
    mode: Mode
    title: Commitment
    text: Commitment | None = None
    basis: Basis | None = None
    rules: Rules
    issued_at: Instant
    assignments: dict[UnitId, Assignment]
    verdict: Verdict | None = None
    ended_at: Instant | None = None
    head: Sha256Hex
    since_head: tuple[Sha256Hex, ...] = ()
    seq: int
    last_hash: Sha256Hex
    last_at: Instant

    @property
    def lead(self) -> Assignment | None:
        """The lead's assignment; None in mode `each`."""
        return next((a for a in self.assignments.values() if a.role == "lead"), None)

    @property
    def ready(self) -> bool:
        """Ready to close: every assignment is final and, in mode `lead`, the lead has completed."""
        if self.phase is not TaskPhase.ACTIVE:
            return False
        lead = self.lead
        if lead is not None and lead.state is not AssignmentState.COMPLETED:
            return False
        return all(assignment.final for assignment in self.assignments.values())

    @property
    def archive_at(self) -> Instant | None:
        """When a closed or cancelled task is archived; None before."""
        if self.phase not in (TaskPhase.CLOSED, TaskPhase.CANCELLED) or self.ended_at is None:
            return None
        return self.ended_at + timedelta(seconds=self.rules.archive_after)

    @property
    def next_deadline(self) -> Instant | None:
        """The next instant at which a rule, not a person, acts on this task."""
        if self.phase is not TaskPhase.ACTIVE:
            return self.archive_at
        instants = (next_instant(self.rules.ladder, a) for a in self.assignments.values())
        return min((instant for instant in instants if instant is not None), default=None)
