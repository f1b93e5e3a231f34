"""Query strings as models: unknown, empty or ill-formed parameters are refused (gateway layer).

A misspelt filter must not list everything.
"""

from typing import Annotated, Literal

from pydantic import Field

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.observations import NoticeState
from lianxi.domain.task.explain import LimitName
from lianxi.domain.task.foresight import FARTHEST_DAYS
from lianxi.domain.values import Frozen, Instant, StreamName, TaskId, UnitId
from lianxi.store.queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Paging

Kind = Annotated[str, Field(pattern=r"\A[A-Z][A-Za-z0-9]{0,63}\z")]
ChannelName = Annotated[str, Field(pattern=r"\A[a-z]{1,16}\z")]


class NoQuery(Frozen):
    """A route without parameters."""


class Listing(Frozen):
    """What every listing takes."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: Annotated[str, Field(min_length=1)] | None = None

    @property
    def paging(self) -> Paging:
        """How much, from where on."""
        return Paging(self.limit, self.cursor)


class InboxQuery(Listing):
    """`GET inbox`."""

    unread: bool = False


class AssignmentsQuery(Listing):
    """`GET assignments`."""

    unit: UnitId | None = None
    state: AssignmentState | None = None
    overdue: bool = False
    due_before: Instant | None = None
    task: TaskId | None = None


class TasksQuery(Listing):
    """`GET tasks`."""

    phase: Literal["active", "ready-to-close", "closed", "cancelled", "archived"] | None = None
    unit: UnitId | None = None


class FindingsQuery(Listing):
    """`GET findings`; `every`: also what was cleared."""

    every: bool = False


class DeadlineQuery(Frozen):
    """`GET tasks/{task}/deadline`; a unit's own where none is named."""

    unit: UnitId | None = None
    limit: LimitName = "due"


class SimulateQuery(Frozen):
    """`GET tasks/{task}/simulate`."""

    days: int = Field(default=30, ge=1, le=FARTHEST_DAYS)


class NoticesQuery(Listing):
    """`GET notices`."""

    task: TaskId | None = None
    unit: UnitId | None = None
    state: NoticeState | None = None
    channel: ChannelName | None = None


class EventsQuery(Listing):
    """`GET events`."""

    actor: UnitId | None = None
    unit: UnitId | None = None
    task: TaskId | None = None
    kind: Kind | None = None
    since: Instant | None = None
    until: Instant | None = None
    stream: StreamName | None = None
    order: Literal["oldest", "newest"] = "oldest"


class TrailQuery(Frozen):
    """`GET trail`."""

    after: int = Field(default=0, ge=0, le=2**63 - 1)
    limit: int = Field(default=MAX_LIMIT, ge=1, le=MAX_LIMIT)


class WaitQuery(Frozen):
    """`POST commands` and `POST /v1/conferences`."""

    wait: Literal["recorded"] | None = None
    timeout: float = Field(default=10.0, ge=0, le=120, allow_inf_nan=False)
