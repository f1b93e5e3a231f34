"""The rules of a conference as versioned data: ladder, default limits, archive (domain layer)."""

from typing import Annotated

from pydantic import AfterValidator, Field

from lianxi.domain.ladder import DEFAULT_LADDER, FIRST_LADDER, Days, Ladder
from lianxi.domain.limits import DaysLimit, Limit
from lianxi.domain.values import Frozen

DAY = 86_400

KindName = Annotated[str, Field(pattern=r"\A[a-z0-9-]{1,32}\z")]
"""A kind of task, such as `urgent`: it chooses default limits."""

ActionName = Annotated[str, Field(pattern=r"\A[a-z-]{1,32}\z")]

NEVER_PROPOSED = frozenset({"approve", "reject", "reopen", "by-mistake"})
"""Approving itself, and what is done on a task that has ended, where nothing can wait."""


def _no_approval(acts: tuple[str, ...]) -> tuple[str, ...]:
    if NEVER_PROPOSED.intersection(acts):
        raise ValueError("this act cannot wait for an approval")
    return acts


class KindLimits(Frozen):
    """The limits of one kind of task where its issue names none."""

    acknowledge: Limit
    due: Limit


class Spans(Frozen):
    """How long what is asked beside the two limits may take, in working days unless said."""

    concurrence_days: Days = 3
    explanation_days: Days = 2
    dispute_days: Days = 2
    proposal_days: Days = 10
    urge_interval_days: Days = 1
    gap_after_minutes: int = Field(default=15, ge=1, le=7 * 24 * 60)
    """A rung so much behind its instant means that the service was away."""
    gap_grace_office_minutes: int = Field(default=120, ge=0, le=7 * 24 * 60)
    """Minutes of office hours after such a gap before anybody is late."""


class Rules(Frozen):
    """What may differ between conferences; snapshotted in the issue event, durations in seconds.

    `acknowledge_within` counts plain time; `kinds` (by kind of task, `ordinary` where none is
    named) goes before it. `spans` absent: a conference of release 0.1, which knows none of them.
    `needs_convener`: acts that wait for the convener when the office files them.
    """

    version: int = Field(default=1, ge=1)
    acknowledge_within: int = Field(default=2 * DAY, ge=1, le=5 * 366 * DAY)
    archive_after: int = Field(default=180 * DAY, ge=1, le=10 * 366 * DAY)
    ladder: Ladder = FIRST_LADDER
    kinds: dict[KindName, KindLimits] | None = Field(default=None, max_length=32)
    spans: Spans | None = None
    needs_convener: (
        Annotated[tuple[ActionName, ...], Field(max_length=32), AfterValidator(_no_approval)] | None
    ) = None

    def limits_of(self, kind: str | None) -> KindLimits | None:
        """The default limits of a kind of task; None where there are none."""
        return (self.kinds or {}).get(kind or ORDINARY)

    def convener_decides(self, act: str) -> bool:
        """Whether this act of the office takes effect only when the convener approves."""
        return act in (self.needs_convener or ())


ORDINARY = "ordinary"

FIRST_RULES = Rules()
"""The rules of release 0.1."""


def _working(days: int) -> DaysLimit:
    return DaysLimit(days=days, kind="working")


DEFAULT_RULES = Rules(
    version=2,
    ladder=DEFAULT_LADDER,
    kinds={
        "urgent": KindLimits(acknowledge=_working(1), due=_working(5)),
        ORDINARY: KindLimits(acknowledge=_working(2), due=_working(15)),
        "major": KindLimits(acknowledge=_working(2), due=_working(60)),
        "yearly": KindLimits(acknowledge=_working(5), due=DaysLimit(days=365, kind="calendar")),
    },
    spans=Spans(),
    needs_convener=("warning", "bulletin"),
)
"""What a conference founded today begins with."""
