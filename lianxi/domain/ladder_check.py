"""Whether a ladder can be climbed: every rung reachable, every addressee known (domain layer).

Checked once, when rules are adopted; what pydantic checks of the form is not repeated here.
"""

from typing import ClassVar

from lianxi.domain.ladder import (
    LATE_KINDS,
    PROPOSED_KINDS,
    RUNNING,
    Ladder,
    Matter,
    OfficeRung,
    Rung,
)
from lianxi.domain.refusal import Refusal

LIMITED: frozenset[str] = frozenset({"suspension", "explanation"})
"""Matters that bring their own limit along; the others need `after_days`."""


class RungUnreachableError(Refusal):
    """A rung could never fire (`rung`, `why`: a machine word)."""

    code: ClassVar[str] = "RUNG_UNREACHABLE"


class RungToNobodyError(Refusal):
    """A rung tells nobody (`rung`)."""

    code: ClassVar[str] = "RUNG_TO_NOBODY"


class RungOrderError(Refusal):
    """A rung that only proposes stands before the one that says late (`rung`)."""

    code: ClassVar[str] = "RUNG_ORDER"


class LadderGapsError(Refusal):
    """Something would lie for ever and nobody be told: the ladder lacks a rung (`lacks`)."""

    code: ClassVar[str] = "LADDER_GAPS"


MUST_REMIND: tuple[Matter, ...] = ("review", "request", "objection", "suspension", "close")
"""What lies with the office and has no other clock."""


def check_ladder(ladder: Ladder) -> None:
    """Raises RungUnreachableError, RungToNobodyError, RungOrderError for the first wrong rung.

    LadderGapsError for what the ladder lacks; the ladder of release 0.1 did without.
    """
    for rung in ladder.rungs:
        _check_rung(rung)
    for reminder in ladder.office or ():
        _check_reminder(reminder)
    names = [rung.name for rung in ladder.rungs] + [rung.name for rung in ladder.office or ()]
    for name in names:
        if names.count(name) > 1:
            raise RungUnreachableError(rung=name, why="named-twice")
    _check_order(ladder)
    if ladder.version > 1 or ladder.office is not None:
        _check_gaps(ladder)


def _check_rung(rung: Rung) -> None:
    if not rung.to:
        raise RungToNobodyError(rung=rung.name)
    never = [state for state in rung.states if state not in RUNNING[rung.anchor]]
    if not rung.states or never:
        why = f"state-{never[0]}" if never else "no-state"
        raise RungUnreachableError(rung=rung.name, why=why)
    if rung.after_days is not None and rung.leads:
        raise RungUnreachableError(rung=rung.name, why="before-and-after")
    if rung.kind in LATE_KINDS and (rung.leads or rung.anchor != "due"):
        raise RungUnreachableError(rung=rung.name, why="late-before-due")
    fractions = [f for f in (rung.before_fraction, rung.before_office_fraction) if f is not None]
    plain = rung.before_seconds is not None or rung.before_days is not None
    if fractions and not plain and all(numerator == whole for numerator, whole in fractions):
        # at opening itself the instant has passed already: skipped, every time
        raise RungUnreachableError(rung=rung.name, why="at-opening")


def _check_reminder(reminder: OfficeRung) -> None:
    if not reminder.to:
        raise RungToNobodyError(rung=reminder.name)
    if reminder.about == "close" and "unit" in reminder.to:
        raise RungToNobodyError(rung=reminder.name)  # the task as a whole has no unit
    if reminder.after_days is None and reminder.about not in LIMITED:
        raise RungUnreachableError(rung=reminder.name, why="no-days")


def _check_order(ladder: Ladder) -> None:
    """Warnings and bulletins come after the rung that says late, each at a later day."""
    late = [rung for rung in ladder.rungs if rung.kind in LATE_KINDS]
    days = [rung.after_days or 0 for rung in late]
    for before, rung in zip([-1, *days], late, strict=False):
        if (rung.after_days or 0) <= before:
            raise RungOrderError(rung=rung.name)
    if late and late[0].kind in PROPOSED_KINDS:
        raise RungOrderError(rung=late[0].name)


def _check_gaps(ladder: Ladder) -> None:
    """Whoever is past due is said to be late, and what lies with the office comes to its notice."""
    said = frozenset(
        state
        for rung in ladder.rungs
        if rung.kind == "red" and rung.fires_late and rung.after_days is None
        for state in rung.states
    )
    if said != RUNNING["due"]:
        raise LadderGapsError(lacks="red")
    reminded = {rung.about for rung in ladder.office or ()}
    for matter in MUST_REMIND:
        if matter not in reminded:
            raise LadderGapsError(lacks=matter)
