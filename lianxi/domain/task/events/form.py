"""What every event of a task has, and the parts several of them share (domain layer)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lianxi.domain.limits import Limit
from lianxi.domain.values import Frozen, Instant, Role, Sha256Hex, UnitId

AssignmentRole = Literal["lead", "support", "member"]


class TaskEvent(Frozen):
    """The `data` of an event on a task's stream; the class name is its kind."""


class AssignmentEvent(TaskEvent):
    """An event about one unit's assignment."""

    unit: UnitId


class NewLimits(AssignmentEvent):
    """An event that sets limits anew: a new limit revision, in which every rung is armed again.

    `due_rule` and `acknowledge_rule` are the rules that gave the instants (absent: left as they
    were), counted from the event's own instant. `provisional`: past the last day that the calendar
    knows; settled again when the next one is adopted.
    """

    revision: int
    due: Instant
    acknowledge_by: Instant
    due_rule: Limit | None = None
    acknowledge_rule: Limit | None = None
    provisional: Literal[True] | None = None


class AssignmentTerms(Frozen):
    """A unit's part in a task as issued."""

    unit: UnitId
    role: AssignmentRole
    acknowledge_by: Instant
    due: Instant


@dataclass(frozen=True, slots=True)
class Fact:
    """A recorded event as the fold sees it: its place in the stream, when, on what basis, what."""

    seq: int
    hash: Sha256Hex
    at: datetime
    basis: Literal["command", "rule", "observation"]
    data: TaskEvent
    role: Role | None = None
    """On whose side somebody acted; None where that was not read."""
