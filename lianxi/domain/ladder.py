"""The ladder of reminders and escalation as data, and when a rung is due (domain layer).

A rung fires once per assignment and limit revision; a rung whose instant had already passed when
the limit was set is skipped, unless it says otherwise (docs/event-model.md, The ladder).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field, model_validator

from lianxi.domain.calendar import KEPT, Calendar
from lianxi.domain.counting import (
    add_office_time,
    office_time,
    part_of_office_time,
    shift_days,
)
from lianxi.domain.values import Frozen, Instant


class AssignmentState(StrEnum):
    """Where an assignment stands (docs/event-model.md, States of an assignment)."""

    ISSUED = "issued"
    OBJECTED = "objected"
    IN_PROGRESS = "in-progress"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


FINAL_STATES = frozenset(
    {AssignmentState.COMPLETED, AssignmentState.STOPPED, AssignmentState.WITHDRAWN}
)


MAX_DENOMINATOR = 1_000
NO_TIME = timedelta(0)


def _part(fraction: tuple[int, int]) -> tuple[int, int]:
    numerator, denominator = fraction
    if not 0 <= numerator <= denominator <= MAX_DENOMINATOR or denominator == 0:
        raise ValueError("a fraction is numerator and denominator, from 0 to 1")
    return fraction


Fraction = Annotated[tuple[int, int], AfterValidator(_part)]
"""A part of a limit, as numerator and denominator."""

RungName = Annotated[str, Field(pattern=r"\A[a-z0-9-]{1,32}\z")]
Days = Annotated[int, Field(ge=1, le=366)]
"""A number of working days."""

Anchor = Literal["acknowledge_by", "due"]
RungKind = Literal["reminder", "urge", "yellow", "red", "warning", "bulletin"]
Addressee = Literal["unit", "office", "convener", "units"]
"""The unit itself, the office, the convener, or all units of the task."""

PROPOSED_KINDS: frozenset[RungKind] = frozenset({"warning", "bulletin"})
"""Rungs that only propose: nothing is sent before somebody of the convener's side approves."""

LATE_KINDS: frozenset[RungKind] = frozenset({"red", "warning", "bulletin"})
"""Rungs that say a unit is late; they wait while a timely extension request is undecided."""


class Rung(Frozen):
    """One step: when it is due, in which states, whom it tells and how loudly.

    The instant lies before the anchor by the smallest of the leads given (seconds, a fraction of
    the limit's plain time, working days, a fraction of its office time), or `after_days` working
    days after it, or at the anchor itself.
    """

    name: RungName
    anchor: Anchor
    before_seconds: int | None = Field(default=None, ge=0, le=5 * 366 * 86_400)
    before_fraction: Fraction | None = None
    before_days: Days | None = None
    before_office_fraction: Fraction | None = None
    after_days: Days | None = None
    states: tuple[AssignmentState, ...]
    to: tuple[Addressee, ...]
    kind: RungKind
    fires_late: bool = False

    @property
    def when(self) -> tuple[object, ...]:
        """All that decides how far from its anchor it is due."""
        return (
            self.after_days,
            self.before_seconds,
            self.before_fraction,
            self.before_days,
            self.before_office_fraction,
        )

    @property
    def leads(self) -> bool:
        """Whether it is due before its anchor."""
        return self.when[1:] != (None, None, None, None)


Matter = Literal[
    "review", "request", "objection", "close", "suspension", "explanation", "exhausted"
]
"""What lies with the office: a submission, an extension or stop request, an objection, a ready
task, a suspension past its review, a warning not answered, an assignment late beyond the last rung."""


class OfficeRung(Frozen):
    """A reminder of something that lies with the office.

    Due `after_days` working days after it came to the office (None: at the limit it brings along),
    then every `repeat_days` working days as long as it lies there.
    """

    name: RungName
    about: Matter
    after_days: Days | None = None
    repeat_days: Days | None = None
    to: tuple[Literal["office", "unit", "convener"], ...] = ("office",)


NOTICE_KINDS = frozenset(
    {
        "issued", "acknowledged", "progress", "submitted", "recalled", "accepted", "returned",
        "withdrawn", "lead", "due-changed", "ready-to-close", "closed", "cancelled",
        "objected", "objection-decided", "extension-requested", "extension-decided",
        "stop-requested", "stop-decided", "retracted", "suspended", "resumed", "reopened", "added",
        "transferred", "concurrence-asked", "concurred", "dissented", "concurrence-silent",
        "on-behalf", "disputed", "corrected", "reversed", "instruction", "instruction-heeded",
        "urged", "warning-sent", "warning-answered", "bulletin-issued", "proposed", "approved",
        "rejected", "expired", "overtaken", "report-reminder", "report-late", "calendar", "limits-moved",
        "service-gap", "phoned",
    }
)  # fmt: skip
"""Kinds of notices that are no rungs: a rung's notice has the rung's name."""


class Ladder(Frozen):
    """The rungs of one version, in the order in which they climb.

    `hold_days`: an extension request filed so many working days before due holds the late rungs
    until it is decided (None: no request does). `office`: reminders of what lies with the office.
    """

    version: int = Field(ge=1)
    rungs: tuple[Rung, ...] = Field(max_length=16)
    office: tuple[OfficeRung, ...] | None = Field(default=None, max_length=16)
    hold_days: Days | None = None

    @model_validator(mode="after")
    def _names_are_its_own(self) -> "Ladder":
        names = [rung.name for rung in self.rungs]
        if len(set(names)) != len(names):
            raise ValueError("a rung is named twice")
        names += [rung.name for rung in self.office or ()]
        if taken := NOTICE_KINDS.intersection(names):
            raise ValueError(f"{min(taken)} is the name of another notice")
        return self

    def rung(self, name: str) -> Rung | None:
        """The rung of this name."""
        return next((rung for rung in self.rungs if rung.name == name), None)

    def office_rung(self, name: str) -> OfficeRung | None:
        """The reminder of the office of this name."""
        return next((rung for rung in self.office or () if rung.name == name), None)


class Pause(Frozen):
    """A time in which the clock of an assignment stood (a suspension that has ended)."""

    since: Instant
    until: Instant


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
    @property
    def held(self) -> bool: ...
    @property
    def pauses(self) -> tuple[Pause, ...]: ...


_ACKNOWLEDGE_STATES = (AssignmentState.ISSUED, AssignmentState.RETURNED)
_DUE_STATES = (AssignmentState.ISSUED, AssignmentState.IN_PROGRESS, AssignmentState.RETURNED)

RUNNING: dict[Anchor, frozenset[AssignmentState]] = {
    "acknowledge_by": frozenset(_ACKNOWLEDGE_STATES),
    "due": frozenset(_DUE_STATES),
}
"""In which states each limit runs; a rung in any other state could never be reached."""

FIRST_LADDER = Ladder(
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
"""The ladder of release 0.1, which conferences founded then still climb: plain time, no calendar."""

DEFAULT_LADDER = Ladder(
    version=2,
    hold_days=1,
    rungs=(
        Rung(
            name="acknowledge-reminder",
            anchor="acknowledge_by",
            before_office_fraction=(1, 2),
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
            before_days=3,
            before_office_fraction=(1, 3),
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
        Rung(
            name="overdue-3",
            anchor="due",
            after_days=3,
            states=_DUE_STATES,
            to=("unit", "office"),
            kind="warning",
        ),
        Rung(
            name="overdue-10",
            anchor="due",
            after_days=10,
            states=_DUE_STATES,
            to=("units", "convener"),
            kind="bulletin",
        ),
    ),
    office=(
        OfficeRung(name="review-late", about="review", after_days=3, repeat_days=5),
        OfficeRung(name="request-late", about="request", after_days=2, repeat_days=5),
        OfficeRung(name="objection-late", about="objection", after_days=1, repeat_days=5),
        OfficeRung(name="close-late", about="close", after_days=5, repeat_days=5),
        OfficeRung(name="suspension-review", about="suspension", repeat_days=5),
        OfficeRung(name="explanation-late", about="explanation", to=("unit", "office")),
        OfficeRung(name="exhausted", about="exhausted", after_days=5, repeat_days=5),
    ),
)
"""What a conference founded today climbs unless its rules say otherwise."""


def rung_instant(rung: Rung, limits: Limits, calendar: Calendar) -> datetime:
    """When the rung is due. Fractions are of the whole limit as it was at opening, without pauses.

    Remembered by the calendar: it is asked again at every event, for limits that stay.
    """
    if rung.anchor == "due":
        anchor, opened = limits.due, limits.due_opened_at
    else:
        anchor, opened = limits.acknowledge_by, limits.acknowledge_opened_at
    pauses = tuple(_pauses(limits, opened)) if limits.pauses else ()
    known, asked = calendar.index.rungs, (rung.when, anchor, opened, pauses)
    found = known.get(asked)
    if found is None:
        found = _rung_instant(rung, anchor, opened, pauses, calendar)
        if len(known) >= KEPT:
            known.clear()
        known[asked] = found
    return found


def _rung_instant(
    rung: Rung, anchor: datetime, opened: datetime, pauses: Sequence[Pause], calendar: Calendar
) -> datetime:
    if rung.after_days is not None:
        return shift_days(calendar, anchor, rung.after_days, "working")
    instants: list[datetime] = []
    if rung.before_seconds is not None:
        instants.append(anchor - timedelta(seconds=rung.before_seconds))
    if rung.before_fraction is not None:
        numerator, denominator = rung.before_fraction
        length = anchor - opened - sum((p.until - p.since for p in pauses), NO_TIME)
        instants.append(anchor - length * numerator // denominator)
    if rung.before_days is not None:
        instants.append(shift_days(calendar, anchor, -rung.before_days, "working"))
    if rung.before_office_fraction is not None:
        instants.append(_part_before(calendar, opened, anchor, pauses, rung.before_office_fraction))
    return max(instants, default=anchor)


def _pauses(limits: Limits, opened: datetime) -> list[Pause]:
    """The pauses since a limit was opened; what has been opened anew since counts from there."""
    return [
        Pause(since=max(pause.since, opened), until=pause.until)
        for pause in limits.pauses
        if pause.until > opened
    ]


def _part_before(
    calendar: Calendar,
    opened: datetime,
    anchor: datetime,
    pauses: Sequence[Pause],
    part: tuple[int, int],
) -> datetime:
    """From when on that part of the limit's office time is left until the anchor."""
    numerator, denominator = part
    passed = denominator - numerator
    if not pauses:
        return part_of_office_time(calendar, opened, anchor, passed, denominator)
    total = office_time(calendar, opened, anchor)
    paused = sum((office_time(calendar, p.since, p.until) for p in pauses), NO_TIME)
    if not NO_TIME < paused < total:
        return part_of_office_time(calendar, opened, anchor, passed, denominator)
    length = total - paused
    return add_office_time(calendar, opened, paused + length * passed // denominator)


@dataclass(frozen=True, slots=True)
class Setting:
    """What beside an assignment's own limits decides when its rungs are due.

    `waits`: after a gap of service nothing whose instant lay between these two says "late" before
    the second. Whoever was late before the gap stays so.
    """

    ladder: Ladder
    calendar: Calendar
    waits: Pause | None = None

    def not_before(self, instant: datetime) -> datetime:
        """When something that is due at `instant` may say that somebody is late."""
        if self.waits is None or not self.waits.since <= instant < self.waits.until:
            return instant
        return self.waits.until


def armed(setting: Setting, limits: Limits) -> Iterator[tuple[datetime, Rung]]:
    """The rungs that can still fire in the present state and revision, each with its instant."""
    for rung in setting.ladder.rungs:
        if limits.state not in rung.states or rung.name in limits.fired:
            continue
        if limits.held and rung.kind in LATE_KINDS:
            continue  # nobody is late while the office has a timely request before it
        instant = rung_instant(rung, limits, setting.calendar)
        if instant <= limits.revised_at and not rung.fires_late:
            continue
        yield (instant if rung.leads else setting.not_before(instant)), rung


class Clocks(Frozen):
    """What runs for one assignment: the instants after which it is late, near due, or acts.

    None: does not run in its state. `next_at` is when a rule acts on it by itself.
    """

    overdue_at: Instant | None = None
    near_due_at: Instant | None = None
    acknowledge_overdue_at: Instant | None = None
    next_at: Instant | None = None


def ladder_clocks(setting: Setting, limits: Limits) -> Clocks:
    """The clocks of one assignment as far as the ladder goes."""
    due_runs = limits.state in RUNNING["due"]
    acknowledge_runs = limits.state in RUNNING["acknowledge_by"]
    near = None
    if due_runs:
        yellow = (rung for rung in setting.ladder.rungs if rung.kind == "yellow")
        near = next((rung_instant(rung, limits, setting.calendar) for rung in yellow), None)
    return Clocks(
        overdue_at=setting.not_before(limits.due) if due_runs and not limits.held else None,
        near_due_at=near,
        acknowledge_overdue_at=(
            setting.not_before(limits.acknowledge_by) if acknowledge_runs else None
        ),
        next_at=min((instant for instant, _ in armed(setting, limits)), default=None),
    )
