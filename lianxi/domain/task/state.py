"""The state of a task: what `decide` looks at and `evolve` builds (domain layer)."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from lianxi.domain.calendar import FALLBACK_CALENDAR, Calendar
from lianxi.domain.ladder import FINAL_STATES, AssignmentState, Clocks, Pause, RungName, Setting
from lianxi.domain.limits import Limit
from lianxi.domain.reports import ReportCycle, Reporting
from lianxi.domain.rules import KindName, Rules
from lianxi.domain.task.commands import Basis, Evidence, Mode, Verdict
from lianxi.domain.task.events import AssignmentRole, WithdrawnThrough
from lianxi.domain.values import (
    Commitment,
    Frozen,
    Instant,
    MediaType,
    Role,
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


class Request(Frozen):
    """An undecided request of a unit; `event` is the hash a decision names.

    `until`: the due an extension asks for. `holds`: nobody is late before it is decided.
    """

    event: Sha256Hex
    at: Instant
    reason: Commitment
    until: Instant | None = None
    until_rule: Limit | None = None
    holds: bool = False


class Suspension(Frozen):
    """Since when the clock stands, where the assignment was, and when the office looks again."""

    event: Sha256Hex
    since: Instant
    back_to: AssignmentState
    review_by: Instant


class Warned(Frozen):
    """A warning sent in a limit revision; an explanation is asked for by `explain_by`."""

    event: Sha256Hex
    at: Instant
    explain_by: Instant
    answered: bool = False


class Filing(Frozen):
    """What the office filed on the unit's behalf last; `dispute_by` ends the unit's say."""

    event: Sha256Hex
    at: Instant
    act: str
    dispute_by: Instant
    disputed: bool = False


class Reminded(Frozen):
    """How often a rung reminded the office of one matter: `subject` is the event it waits for."""

    rung: RungName
    subject: Sha256Hex
    times: int


class Climbed(Frozen):
    """The last rung that fired in the present limit revision."""

    event: Sha256Hex
    due_at: Instant


class Undo(Frozen):
    """What stood before the last act of the convener's side; gone once the unit has acted.

    `same_submission`: the act left the submission as it is, which is then not kept twice (with its
    evidence it is most of an assignment, and 256 of them travel from run to run).
    """

    act: Sha256Hex
    before: "Assignment"
    same_submission: bool = False
    by: Role | None = None
    """Whose act it was: what the convener did in person, the office does not take back."""

    def restored(self, now: "Assignment") -> "Assignment":
        """The assignment as it stood, given how it stands."""
        if not self.same_submission:
            return self.before
        return self.before.model_copy(update={"submission": now.submission})


class Assignment(Frozen):
    """One unit's part. `head` is the last act of a person on it, `since_head` what rules added after.

    Invariants: `acknowledge_by <= due`; `clocks` are what the ladder and the calendar of the task
    make of all the rest (absent only in what release 0.1 wrote).
    """

    unit: UnitId
    role: AssignmentRole
    state: AssignmentState
    cycle: int = 1
    revision: int = 1
    first_due: Instant
    due: Instant
    due_opened_at: Instant
    due_rule: Limit | None = None
    acknowledge_by: Instant
    acknowledge_opened_at: Instant
    acknowledge_rule: Limit | None = None
    provisional: bool = False
    revised_at: Instant
    fired: tuple[str, ...] = ()
    acknowledged_at: Instant | None = None
    percent: int | None = None
    percent_from: Sha256Hex | None = None
    """The report, or the correction of one, that said `percent`."""
    submission: Submission | None = None
    return_reason: Commitment | None = None
    completed_at: Instant | None = None
    withdrawn_through: WithdrawnThrough | None = None
    led_until: Sha256Hex | None = None
    """The event by which a unit that was withdrawn had ceased to lead."""
    pauses: tuple[Pause, ...] = ()
    """Suspensions that have ended, as far back as the limits in force were opened."""
    suspension: Suspension | None = None
    objection: Request | None = None
    extension: Request | None = None
    stop: Request | None = None
    extensions: int = 0
    warning: Warned | None = None
    filing: Filing | None = None
    filings: tuple[Filing, ...] = ()
    """Earlier filings that the unit may still dispute."""
    instructions: tuple[Sha256Hex, ...] = ()
    said: tuple[Sha256Hex, ...] = ()
    """Its latest reports in their order, each with its corrections behind it."""
    corrects: dict[Sha256Hex, Sha256Hex] = Field(default_factory=dict)
    """Per correction in `said`: the report that was corrected first."""
    reporting: Reporting | None = None
    urged_at: Instant | None = None
    climbed: Climbed | None = None
    reminded: tuple[Reminded, ...] = ()
    undo: Undo | None = None
    clocks: Clocks | None = None
    head: Sha256Hex
    since_head: tuple[Sha256Hex, ...] = ()

    @property
    def final(self) -> bool:
        """Nothing more is expected of the unit."""
        return self.state in FINAL_STATES

    @property
    def held(self) -> bool:
        """A timely extension request is undecided: nobody is late before the office decides."""
        return self.extension is not None and self.extension.holds

    @property
    def in_time(self) -> bool | None:
        """Whether the accepted submission met the due then in force; None before completion."""
        if self.state is not AssignmentState.COMPLETED or self.submission is None:
            return None
        return self.submission.at <= self.submission.due


Stage = Literal["office", "convener"]


class Proposal(Frozen):
    """An act that waits for somebody: filed by the office, or proposed by a rung (`by_rung`).

    `stage`: who decides next. A rung's proposal holds only in its assignment's limit revision.
    """

    event: Sha256Hex
    act: str
    stage: Stage
    at: Instant
    expires: Instant
    by_rung: bool = False
    rung: RungName | None = None
    expect: Sha256Hex | None = None
    unit: UnitId | None = None
    revision: int | None = None
    args: dict[str, Any] | None = None


class Concurrence(Frozen):
    """Who was asked about the lead's submission, and what was said."""

    submission: Sha256Hex
    at: Instant
    answer_by: Instant
    asked: tuple[UnitId, ...]
    given: tuple[UnitId, ...] = ()
    dissented: dict[UnitId, Commitment] = Field(default_factory=dict)
    silent: tuple[UnitId, ...] = ()
    decided: bool = False
    """The submission was accepted, or is not in force any more: nobody need answer."""

    @property
    def open(self) -> tuple[UnitId, ...]:
        """Who has not answered and is not noted as silent."""
        if self.decided:
            return ()
        answered = {*self.given, *self.dissented, *self.silent}
        return tuple(unit for unit in self.asked if unit not in answered)


class Gap(Frozen):
    """A time in which the service was away; it may be excluded once."""

    event: Sha256Hex
    since: Instant
    until: Instant
    excluded: bool = False


class Instruction(Frozen):
    """An instruction to some units."""

    event: Sha256Hex
    at: Instant
    text: Commitment
    units: tuple[UnitId, ...]
    acknowledge: bool


class TaskState(Frozen):
    """A task as the fold of its events; assignments in the order of issue."""

    task: TaskId
    ref: SourceId
    phase: TaskPhase
    mode: Mode
    title: Commitment
    text: Commitment | None = None
    basis: Basis | None = None
    kind: KindName | None = None
    asks_concurrence: bool = False
    report: ReportCycle | None = None
    rules: Rules
    counts_by: Calendar | None = None
    issued_at: Instant
    assignments: dict[UnitId, Assignment]
    verdict: Verdict | None = None
    ended_at: Instant | None = None
    end_event: Sha256Hex | None = None
    ended_by: Role | None = None
    ready_at: Instant | None = None
    ready_event: Sha256Hex | None = None
    waits: Pause | None = None
    """From the beginning of the last gap of service until the grace after it ends."""
    proposals: dict[Sha256Hex, Proposal] = Field(default_factory=dict)
    """What waits for somebody; kept over the end of the task, inert, for a reversal of the end."""
    approved_rung: RungName | None = None
    """The rung whose proposal was approved last: whom its warning or bulletin tells."""
    concurrence: Concurrence | None = None
    instructions: tuple[Instruction, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reminded: tuple[Reminded, ...] = ()
    head: Sha256Hex
    since_head: tuple[Sha256Hex, ...] = ()
    seq: int
    last_hash: Sha256Hex
    last_at: Instant

    @property
    def calendar(self) -> Calendar:
        """By which the task counts; weekdays alone for a task of release 0.1."""
        return self.counts_by or FALLBACK_CALENDAR

    @property
    def setting(self) -> Setting:
        """What decides when the rungs of its assignments are due."""
        return Setting(self.rules.ladder, self.calendar, self.waits)

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
