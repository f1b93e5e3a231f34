"""Figures of the demo year: per unit, per month, per kind; from recorded events alone (tools, pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
from lianxi.domain.conference.events import CONFERENCE_KINDS
from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import running
from lianxi.domain.task.commands import ACTIONS
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.lights import overdue
from lianxi.domain.task.state import TaskState

OUT_OF_REACH = ("CancellationRequested", "ConferenceThawed", "TaskThawed")
"""Kinds of events that need somebody at Temporal or at the database: a workflow asked to cancel, a
stream that is frozen because another event stands in its place."""

NOTHING_TO_DO = ("thaw",)
"""Commands that are refused while nobody has done so."""


@dataclass(slots=True)
class Figures:
    """One unit's year. An assignment that was withdrawn or stopped counts nowhere but in `left`."""

    assigned: int = 0
    acknowledged: int = 0
    """Acknowledged in time."""
    completed: int = 0
    in_time: int = 0
    """Completed, and submitted in time."""
    late: int = 0
    """Completed late, or open and overdue."""
    returned: int = 0
    extended: int = 0
    open: int = 0
    left: int = 0

    @property
    def rate(self) -> float | None:
        """Completed in time of those that are completed or overdue; None where there are none."""
        settled = self.in_time + self.late
        return self.in_time / settled if settled else None


@dataclass(slots=True)
class _Told:
    """What the events say of one assignment beside its state."""

    acknowledged: bool = False
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A task with what its events tell."""

    state: TaskState
    units: Mapping[str, _Told]


def told_of(facts: Sequence[ev.Fact]) -> Told:
    """One task's events, folded; what was reversed as a mistake does not count."""
    state: TaskState | None = None
    units: dict[str, _Told] = {}
    returns: dict[str, str] = {}
    for fact in facts:
        data = fact.data
        if state is not None:
            _note(state, fact, units, returns)
        state = evolve(state, fact)
        if isinstance(data, ev.TaskIssued):
            units = {terms.unit: _Told() for terms in data.assignments}
    if state is None:
        raise ValueError("a task has at least one event")
    return Told(state, units)


def _note(
    before: TaskState, fact: ev.Fact, units: dict[str, _Told], returns: dict[str, str]
) -> None:
    match fact.data:
        case ev.AssignmentAcknowledged(unit=unit):
            in_time = fact.at <= before.assignments[unit].acknowledge_by
            units[unit].acknowledged |= in_time
        case ev.CompletionReturned(unit=unit):
            units[unit].returned += 1
            returns[fact.hash] = unit
        case ev.ActReversed(unit=unit, act=act) if act in returns:
            units[unit].returned -= 1
        case ev.AssignmentAdded(unit=unit):
            units[unit] = _Told()
        case ev.AssignmentTransferred(unit=unit, into=into, kept=kept):
            remains = units[kept]
            units.pop(unit)
            units[into] = remains
        case _:
            pass


def figures(tasks: Iterable[Told], units: Sequence[str], now: datetime) -> dict[str, Figures]:
    """Every unit's year as of `now`, in the order of `units`."""
    table = {unit: Figures() for unit in units}
    for task in tasks:
        for unit, assignment in task.state.assignments.items():
            row, told = table[unit], task.units[unit]
            if assignment.state in (AssignmentState.WITHDRAWN, AssignmentState.STOPPED):
                row.left += 1
                continue
            row.assigned += 1
            row.acknowledged += told.acknowledged
            row.returned += told.returned
            row.extended += assignment.extensions
            if assignment.state is AssignmentState.COMPLETED:
                row.completed += 1
                row.in_time += bool(assignment.in_time)
                row.late += not assignment.in_time
            else:
                row.open += 1
                row.late += overdue(running(task.state, assignment), now)
    return table


def silent(kinds: Mapping[str, int], actions: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Kinds of events and actions of the domain's tables that did not occur."""
    known_kinds = ev.KINDS.keys() | CONFERENCE_KINDS.keys()
    known_actions = ACTIONS.keys() | CONFERENCE_ACTIONS.keys()
    return (
        sorted(known_kinds - {kind for kind, count in kinds.items() if count}),
        sorted(
            known_actions
            - {action for action, count in actions.items() if count}
            - {*NOTHING_TO_DO}
        ),
    )


MONTH_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("issued", ("TaskIssued",)),
    ("acknowledged", ("AssignmentAcknowledged",)),
    ("submitted", ("CompletionSubmitted",)),
    ("accepted", ("CompletionAccepted",)),
    ("returned", ("CompletionReturned",)),
    ("requests", ("ExtensionRequested", "StopRequested", "AssignmentObjected")),
    ("rungs", ("RungFired",)),
    ("to-office", ("OfficeReminded",)),
    ("reports-late", ("PeriodEnded late",)),
    ("warnings", ("WarningSent",)),
    ("bulletins", ("BulletinIssued",)),
    ("moved", ("LimitsMoved",)),
    ("closed", ("TaskClosed", "TaskCancelled")),
    ("archived", ("TaskArchived",)),
)
"""What a month's line counts, and from which kinds of events."""


def month_counts(rows: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """What happened among these events, by the words of a month's line; what did not is left out."""
    kinds: Counter[str] = Counter()
    for row in rows:
        kind, data = str(row["kind"]), row["data"]
        outcome = data.get("outcome") if isinstance(data, dict) else None
        kinds[f"{kind} {outcome}" if outcome else kind] += 1
    counts = {word: sum(kinds[kind] for kind in of) for word, of in MONTH_WORDS}
    return {word: count for word, count in counts.items() if count}
