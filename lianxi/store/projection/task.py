"""What an event of a task's stream changes in the read tables (projection, pure)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.ladder import AssignmentState, rung_instant
from lianxi.domain.task import events as tev
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.react import Notice, react
from lianxi.domain.task.state import Assignment, TaskPhase, TaskState
from lianxi.domain.values import format_instant
from lianxi.proof.hashing import sha256_hex
from lianxi.store.projection.rows import (
    Change,
    Recorded,
    Row,
    commitment_changes,
    instant_text,
    json_text,
)
from lianxi.streams.facts import task_fact

MAILBOX = "mailbox"
"""The channel that every addressee has; the only one of office, convener and auditor."""


def project_task(
    conference: ConferenceState, before: TaskState | None, recorded: Recorded
) -> tuple[TaskState, list[Change]]:
    """The state after one event of a task's stream, and the append-only rows it gives rise to.

    `task_rows` gives the rows that show the state. Raises as `project_conference` does.
    """
    event = recorded.event
    fact = task_fact(event, recorded.hash)
    after = evolve(before, fact)
    changes = list(commitment_changes(recorded))
    if isinstance(fact.data, tev.TaskIssued):
        key: Row = {"origin": event.origin, "task": after.task}
        changes.append(Change("registrations", key, {"begun": 1}, "patch"))
    for notice in react(before, fact.data, after):
        changes += [
            _notice(recorded, notice, channel)
            for channel in channels_of(conference, notice.addressee)
        ]
    return after, changes


def channels_of(conference: ConferenceState, addressee: str) -> Sequence[str]:
    """How an addressee is told: members as the roster file says, the convener's side by mailbox."""
    member = conference.members.get(addressee)
    if member is None:
        return (MAILBOX,)
    return (MAILBOX, *(channel for channel in member.channels if channel != MAILBOX))


def notice_id(event_hash: str, addressee: str, channel: str, kind: str) -> str:
    """SHA-256 of "event|addressee|channel|kind" in hex: what receivers deduplicate by."""
    return sha256_hex(f"{event_hash}|{addressee}|{channel}|{kind}".encode())


def _notice(recorded: Recorded, notice: Notice, channel: str) -> Change:
    identity = notice_id(recorded.hash, notice.addressee, channel, notice.kind)
    return Change(
        "notices",
        {"notice_id": identity},
        {
            "origin": recorded.event.origin,
            "position": recorded.position,
            "event": recorded.hash,
            "task": notice.task,
            "addressee": notice.addressee,
            "about": notice.about,
            "channel": channel,
            "kind": notice.kind,
            "created_at": format_instant(recorded.event.at),
            "notice_json": json_text(notice),
            "state": "due",
            "attempts": 0,
            "detail": None,
            "settled_at": None,
            "outcome": None,
        },
    )


def task_rows(origin: str, before: TaskState | None, after: TaskState) -> list[Change]:
    """The rows that show a task, as far as they differ between two of its states."""
    changes = [_task(origin, after)]
    whole = before is None or before.phase is not after.phase
    for ordinal, assignment in enumerate(after.assignments.values()):
        if whole or before is None or before.assignments[assignment.unit] is not assignment:
            changes.append(_assignment(origin, after, ordinal, assignment))
    return changes


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
            "next_deadline": instant_text(state.next_deadline),
            "head": state.head,
            "seq": state.seq,
            "hash": state.last_hash,
            "at": format_instant(state.last_at),
            "state_json": json_text(state, exclude={"assignments"}),
        },
    )


_ACKNOWLEDGE_RUNS = frozenset({AssignmentState.ISSUED, AssignmentState.RETURNED})
_DUE_RUNS = _ACKNOWLEDGE_RUNS | {AssignmentState.IN_PROGRESS}


def _assignment(origin: str, state: TaskState, ordinal: int, assignment: Assignment) -> Change:
    active = state.phase is TaskPhase.ACTIVE
    due_runs = active and assignment.state in _DUE_RUNS
    acknowledge_runs = active and assignment.state in _ACKNOWLEDGE_RUNS
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
            "overdue_at": format_instant(assignment.due) if due_runs else None,
            "acknowledge_overdue_at": (
                format_instant(assignment.acknowledge_by) if acknowledge_runs else None
            ),
            "near_due_at": instant_text(near_due_at(state, assignment)) if due_runs else None,
            "percent": assignment.percent,
            "submission": None if submission is None else submission.event,
            "submitted_at": None if submission is None else format_instant(submission.at),
            "completed_at": instant_text(assignment.completed_at),
            "in_time": None if assignment.in_time is None else int(assignment.in_time),
            "head": assignment.head,
            "phase": state.phase.value,
            "ref": state.ref,
            "title": state.title.commit,
            "state_json": json_text(assignment),
        },
    )


def near_due_at(state: TaskState, assignment: Assignment) -> datetime | None:
    """When the light turns yellow: the instant of the ladder's first yellow rung."""
    rungs = (rung for rung in state.rules.ladder.rungs if rung.kind == "yellow")
    return next((rung_instant(rung, assignment) for rung in rungs), None)


def task_state(row: Mapping[str, Any], assignments: Sequence[Mapping[str, Any]]) -> TaskState:
    """The state that a row of `tasks` and all its rows of `assignments` stand for."""
    document = json.loads(row["state_json"])
    in_order = sorted(assignments, key=lambda assignment: assignment["ordinal"])
    document["assignments"] = {a["unit"]: json.loads(a["state_json"]) for a in in_order}
    return TaskState.model_validate(document)


def assignment_state(row: Mapping[str, Any]) -> Assignment:
    """The domain's view of one row of `assignments`."""
    return Assignment.model_validate_json(row["state_json"])
