"""What an event of a task's stream changes in the read tables (projection, pure)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.task import events as tev
from lianxi.domain.task.clocks import next_deadline, running
from lianxi.domain.task.evolve import evolve, evolve_without_clocks
from lianxi.domain.task.react import react
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import format_instant
from lianxi.store.projection.asks import ask_changes
from lianxi.store.projection.notices import notice_changes
from lianxi.store.projection.rows import (
    Change,
    Recorded,
    Row,
    commitment_changes,
    instant_text,
    json_text,
)
from lianxi.store.projection.rulebooks import calendar_in, rulebook, rulebook_change, rules_in
from lianxi.streams.facts import task_fact


def project_task(
    conference: ConferenceState,
    before: TaskState | None,
    recorded: Recorded,
    *,
    clocks: bool = True,
) -> tuple[TaskState, list[Change]]:
    """The state after one event of a task's stream, and the append-only rows it gives rise to.

    `task_rows` gives the rows that show the state, which needs its clocks: whoever folds without
    adds them at the end. Raises as `project_conference` does.
    """
    event = recorded.event
    fact = task_fact(event, recorded.hash, recorded.data)
    after = evolve(before, fact) if clocks else evolve_without_clocks(before, fact)
    changes = list(commitment_changes(recorded))
    if isinstance(fact.data, tev.TaskIssued):
        key: Row = {"origin": event.origin, "task": after.task}
        changes.append(Change("registrations", key, {"begun": 1}, "patch"))
    changes += notice_changes(conference, recorded, react(before, fact.data, after))
    return after, changes


def task_rows(origin: str, before: TaskState | None, after: TaskState) -> list[Change]:
    """The rows that show a task, as far as they differ between two of its states."""
    changes = [_task(origin, after), *_rulebooks(origin, before, after)]
    changes += _assignments(origin, before, after)
    changes += ask_changes(origin, before, after)
    return changes


def _rulebooks(origin: str, before: TaskState | None, after: TaskState) -> Iterator[Change]:
    """What it follows; where the conference has adopted it, the row stands already."""
    if before is None or before.rules is not after.rules:
        yield rulebook_change(origin, after.rules, None)
    calendar = after.counts_by
    if calendar is not None and (before is None or before.counts_by is not calendar):
        yield rulebook_change(origin, calendar, None)


def _assignments(origin: str, before: TaskState | None, after: TaskState) -> Iterator[Change]:
    stood: dict[str, tuple[int, Assignment]] = {}
    if before is not None:
        stood = {a.unit: (place, a) for place, a in enumerate(before.assignments.values())}
    whole = (
        before is None or before.phase is not after.phase or before.counts_by is not after.counts_by
    )
    for ordinal, assignment in enumerate(after.assignments.values()):
        place, was = stood.pop(assignment.unit, (ordinal, None))
        if whole or was is not assignment or place != ordinal:
            yield _assignment(origin, after, ordinal, assignment)
    for unit in stood:  # a successor has taken its place
        yield Change(
            "assignments", {"origin": origin, "task": after.task, "unit": unit}, {}, "delete"
        )


def _task(origin: str, state: TaskState) -> Change:
    still_open = [a for a in state.assignments.values() if not a.final]
    return Change(
        "tasks",
        {"origin": origin, "task": state.task},
        {
            "ref": state.ref,
            "phase": state.phase.value,
            "ready": int(state.ready),
            "mode": state.mode.value,
            "title": state.title.commit,
            "issued_at": format_instant(state.issued_at),
            "ended_at": instant_text(state.ended_at),
            "verdict": None if state.verdict is None else state.verdict.value,
            "units": len(state.assignments),
            "open": len(still_open),
            "next_due": instant_text(min((a.due for a in still_open), default=None)),
            "next_deadline": instant_text(next_deadline(state)),
            "head": state.head,
            "seq": state.seq,
            "hash": state.last_hash,
            "at": format_instant(state.last_at),
            "rules_hash": rulebook(state.rules).hash,
            "calendar_hash": _calendar_hash(state),
            "state_json": json_text(state, exclude=_ELSEWHERE),
        },
    )


_ELSEWHERE = {"assignments", "rules", "counts_by"}
"""Fields of the state that have tables of their own."""


def _calendar_hash(state: TaskState) -> str | None:
    return None if state.counts_by is None else rulebook(state.counts_by).hash


def _assignment(origin: str, state: TaskState, ordinal: int, assignment: Assignment) -> Change:
    clocks = running(state, assignment)
    submission = assignment.submission
    return Change(
        "assignments",
        {"origin": origin, "task": state.task, "unit": assignment.unit},
        {
            "ordinal": ordinal,
            "role": assignment.role,
            "state": assignment.state.value,
            "cycle": assignment.cycle,
            "revision": assignment.revision,
            "first_due": format_instant(assignment.first_due),
            "due": format_instant(assignment.due),
            "acknowledge_by": format_instant(assignment.acknowledge_by),
            "overdue_at": instant_text(clocks.overdue_at),
            "acknowledge_overdue_at": instant_text(clocks.acknowledge_overdue_at),
            "near_due_at": instant_text(clocks.near_due_at),
            "provisional": int(assignment.provisional),
            "percent": assignment.percent,
            "submission": None if submission is None else submission.event,
            "submitted_at": None if submission is None else format_instant(submission.at),
            "completed_at": instant_text(assignment.completed_at),
            "in_time": None if assignment.in_time is None else int(assignment.in_time),
            "head": assignment.head,
            "phase": state.phase.value,
            "ref": state.ref,
            "title": state.title.commit,
            "calendar_hash": _calendar_hash(state),
            "state_json": json_text(assignment),
        },
    )


def task_state(row: Mapping[str, Any], assignments: Sequence[Mapping[str, Any]]) -> TaskState:
    """The state that a row of `tasks` and all its rows of `assignments` stand for.

    `row` also holds the texts of its rules and its calendar (`rules_text`, `calendar_text`).
    """
    in_order = sorted(assignments, key=lambda assignment: assignment["ordinal"])
    calendar = row["calendar_text"]
    document = {
        **json.loads(row["state_json"]),
        "rules": rules_in(row["rules_text"]),
        "counts_by": None if calendar is None else calendar_in(calendar),
        "assignments": {a["unit"]: json.loads(a["state_json"]) for a in in_order},
    }
    return TaskState.model_validate(document)


def assignment_state(row: Mapping[str, Any]) -> Assignment:
    """The domain's view of one row of `assignments`."""
    return Assignment.model_validate_json(row["state_json"])
