"""What a script is made of: tasks, lines, and the marks that are filled in when a line is played.

Data only (tools, pure): `plan` holds the script, `play` performs it.
"""

from dataclasses import dataclass, field
from typing import Any

from tools.year.days import Day

MORNING, NOON, AFTERNOON = "10:00", "14:00", "16:00"

MONTHLY = {"every": "month", "day": 25}
QUARTERLY = {"every": "quarter", "day": 20}
WEEKLY = {"every": "week", "day": 5}


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is handed in: a commitment stands in its place."""

    text: str
    media: str = "text/plain"


@dataclass(frozen=True, slots=True)
class On:
    """A limit at a fixed instant: a local time on a day of the task."""

    day: Day
    at: str = "17:00"


@dataclass(frozen=True, slots=True)
class When:
    """An instant: a local time on a day of the task."""

    day: Day
    at: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The conference's rules or calendar as they are when the line is played."""

    what: str


@dataclass(frozen=True, slots=True)
class Line:
    """One act: on a day counted from the task's issue (of the year, for the conference), by whom."""

    day: Day
    at: str
    who: str
    action: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A task of the script: issued on a working day of the year, then the lines about it.

    Units that no line names act by habit. `issued_by`: who files the issue; `begins`: the day on
    which it takes effect, where that is not at once. `becomes`: the issue becomes a task.
    `idle`: nobody acts but as the lines say.
    """

    ref: str
    start: int
    title: str
    lines: tuple[Line, ...] = ()
    lead: str | None = None
    units: tuple[str, ...] = ()
    kind: str | None = None
    due: Any = None
    acknowledge_by: Any = None
    concurrence: bool = False
    report: dict[str, Any] | None = None
    basis: str = "decision"
    issued_by: str = "office"
    issued_at: str = "09:30"
    begins: int = 0
    becomes: bool = True
    idle: bool = False
    closes: int | None = None
    """The day on which it is closed as implemented, unless a line says how it ends."""

    @property
    def everybody(self) -> tuple[str, ...]:
        """Lead and other units, as issued."""
        return self.units if self.lead is None else (self.lead, *self.units)


def at(day: Day, at: str, who: str, action: str, /, **args: Any) -> Line:
    """A line, with its arguments by name."""
    return Line(day, at, who, action, args)


def wd(days: int) -> dict[str, Any]:
    """A limit of so many working days."""
    return {"rule": "days", "days": days, "kind": "working"}


def cd(days: int, roll: str = "forward") -> dict[str, Any]:
    """A limit of so many calendar days."""
    return {"rule": "days", "days": days, "kind": "calendar", "roll": roll}


DONE = Text("已按要求完成。Done as asked.")


def reason(text: str) -> dict[str, Text]:
    """A reason, as the only text of an act."""
    return {"reason": Text(text)}


def done(day: int, unit: str, accepted: int) -> tuple[Line, Line]:
    """The unit submits, the office accepts."""
    return (
        at(day, MORNING, unit, "submit", report=DONE),
        at(accepted, AFTERNOON, "office", "accept", unit=unit),
    )


def taken_up(day: int, *units: str) -> tuple[Line, ...]:
    """The units acknowledge."""
    return tuple(at(day, MORNING, unit, "acknowledge") for unit in units)
