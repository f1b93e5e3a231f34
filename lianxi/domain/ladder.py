"""The ladder of reminders and escalation as data, and when a rung is due (domain layer).

A rung fires once per assignment and limit revision; a rung whose instant had already passed when
the limit was set is skipped, unless it says otherwise (docs/event-model.md, The ladder).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field, field_validator

from lianxi.domain.values import Frozen


class AssignmentState(StrEnum):
    """Where an assignment stands (docs/event-model.md, Life of an assignment)."""

    ISSUED = "issued"
    IN_PROGRESS = "in-progress"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


FINAL_STATES = frozenset({AssignmentState.COMPLETED, AssignmentState.WITHDRAWN})


MAX_DENOMINATOR = 1_000


def _part(fraction: tuple[int, int]) -> tuple[int, int]:
    numerator, denominator = fraction
    if not 0 <= numerator <= denominator <= MAX_DENOMINATOR or denominator == 0:
        raise ValueError("a fraction is numerator and denominator, from 0 to 1")
    return fraction


Fraction = Annotated[tuple[int, int], AfterValidator(_part)]
"""A part of a limit, as numerator and denominator."""

RungName = Annotated[str, Field(pattern=r"\A[a-z0-9-]{1,32}\z")]


class Rung(Frozen):
    """One step: when it is due, in which states, whom it tells and how loudly."""

    name: RungName
    anchor: Literal["acknowledge_by", "due"]
    before_seconds: int | None = Field(default=None, ge=0, le=5 * 366 * 86_400)
    before_fraction: Fraction | None = None
    states: tuple[AssignmentState, ...]
    to: tuple[Literal["unit", "office"], ...]
    kind: Literal["reminder", "urge", "yellow", "red"]
    fires_late: bool = False


NOTICE_KINDS = frozenset(
    {
        "issued", "acknowledged", "progress", "submitted", "recalled", "accepted", "returned",
        "withdrawn", "lead", "due-changed", "ready-to-close", "closed", "cancelled",
    }
)  # fmt: skip
"""Kinds of notices that are no rungs: a rung's notice has the rung's name."""


class Ladder(Frozen):
    """The rungs of one version, in the order in which they climb."""

    version: int = Field(ge=1)
    rungs: tuple[Rung, ...] = Field(max_length=16)

    @field_validator("rungs")
    @classmethod
    def _names_are_its_own(cls, rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
        names = [rung.name for rung in rungs]
        if len(set(names)) != len(names):
            raise ValueError("a rung is named twice")
        if taken := NOTICE_KINDS.intersection(names):
            raise ValueError(f"{min(taken)} is the name of another notice")
        return rungs


class Limits(Protocol):
    """What the ladder needs to know of an assignment."""

    @property
    def state(self) -> AssignmentState: ...
    @property
    def acknowledge_by(self) -> datetime: ...
    @property
    def acknowledge_opened_at(self) -> datetime: ...
    @property
    def due(self) -> datetime: ...
    @property
    def due_opened_at(self) -> datetime: ...
    @property
    def revised_at(self) -> datetime: ...
    @property
    def fired(self) -> tuple[str, ...]: ...


_ACKNOWLEDGE_STATES = (AssignmentState.ISSUED, AssignmentState.RETURNED)
_DUE_STATES = (AssignmentState.ISSUED, AssignmentState.IN_PROGRESS, AssignmentState.RETURNED)

DEFAULT_LADDER = Ladder(
    version=1,
    rungs=(
        Rung(
            name="acknowledge-reminder",
            anchor="acknowledge_by",
            before_fraction=(1, 2),
            states=_ACKNOWLEDGE_STATES,
            to=("unit",),
            kind="reminder",
        ),
        Rung(
            name="acknowledge-overdue",
            anchor="acknowledge_by",
            states=_ACKNOWLEDGE_STATES,
            to=("unit", "office"),
            kind="urge",
        ),
        Rung(
            name="near-due",
            anchor="due",
            before_seconds=3 * 86_400,
            before_fraction=(1, 3),
            states=_DUE_STATES,
            to=("unit",),
            kind="yellow",
        ),
        Rung(
            name="overdue",
            anchor="due",
            states=_DUE_STATES,
            to=("unit", "office"),
            kind="red",
            fires_late=True,
        ),
    ),
)


def rung_instant(rung: Rung, limits: Limits) -> datetime:
    """When the rung is due: its anchor, less the smaller of `before_seconds` and the fraction.

    The fraction is taken of the whole limit as it was at opening, in whole microseconds.
    """
    if rung.anchor == "due":
        anchor, opened = limits.due, limits.due_opened_at
    else:
        anchor, opened = limits.acknowledge_by, limits.acknowledge_opened_at
    leads: list[timedelta] = []
    if rung.before_seconds is not None:
        leads.append(timedelta(seconds=rung.before_seconds))
    if rung.before_fraction is not None:
        numerator, denominator = rung.before_fraction
        leads.append((anchor - opened) * numerator // denominator)
    return anchor - min(leads, default=timedelta(0))


def armed(ladder: Ladder, limits: Limits) -> Iterator[tuple[datetime, Rung]]:
    """The rungs that can still fire in the present state and revision, each with its instant."""
    for rung in ladder.rungs:
        if limits.state not in rung.states or rung.name in limits.fired:
            continue
        instant = rung_instant(rung, limits)
        if instant > limits.revised_at or rung.fires_late:
            yield instant, rung


def next_instant(ladder: Ladder, limits: Limits) -> datetime | None:
    """When the next rung is due, or None when the ladder is exhausted or does not run."""
    return min((instant for instant, _ in armed(ladder, limits)), default=None)
