"""What an act has to name: the submission, the request, the proposal, what was seen last (tools, pure).

Looked up in the fold of the record, as people look at a task before they act on it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lianxi.domain.task.state import Assignment, TaskState
from tools.year.script import Line

Named = tuple[Mapping[str, Any], str | None]
"""Arguments that come from the record, and what the actor had seen last."""

TO_LOOK_UP: Mapping[str, tuple[str, ...]] = {
    "approve": ("act", "unit"),
    "reject": ("act", "unit"),
    "redact": ("unit", "part"),
}
"""What a line says only so that the subject is found; the command does not say it."""


def _of(state: TaskState, line: Line) -> Assignment:
    return state.assignments[line.args["unit"]]


def _submission(state: TaskState, line: Line) -> Named:
    assignment = _of(state, line)
    assert assignment.submission is not None
    return {"submission": assignment.submission.event}, assignment.head


def _request(state: TaskState, line: Line) -> Named:
    assignment = _of(state, line)
    return {"subject": getattr(assignment, line.args["request"]).event}, assignment.head


def _asked(state: TaskState, _line: Line) -> Named:
    assert state.concurrence is not None
    return {"submission": state.concurrence.submission}, None


def _proposal(state: TaskState, line: Line) -> Named:
    act, unit = line.args["act"], line.args.get("unit")
    found = next(p for p in state.proposals.values() if (p.act, p.unit) == (act, unit))
    return {"proposal": found.event}, None


def _mistake(state: TaskState, line: Line) -> Named:
    if "unit" not in line.args:
        return {"act": state.end_event}, None
    undo = _of(state, line).undo
    assert undo is not None
    return {"act": undo.act}, None


def _handed_in(state: TaskState, line: Line) -> Named:
    """The report of a unit, or the first file that came with it, by its commitment."""
    submission = _of(state, line).submission
    assert submission is not None
    handed_in = {"report": [submission.report], "file": [e.file for e in submission.evidence]}
    commit = handed_in[line.args["part"]][0].commit
    return {"commit": commit, "task": state.task, "units": [line.args["unit"]]}, None


def _own(state: TaskState, line: Line) -> Assignment:
    return state.assignments[line.who]


SUBJECTS: Mapping[str, Callable[[TaskState, Line], Named]] = {
    "accept": _submission,
    "return": _submission,
    "grant": _request,
    "refuse": _request,
    "suspend": lambda state, line: ({}, _of(state, line).head),
    "resume": lambda state, line: ({}, _of(state, line).head),
    "withdraw": lambda state, line: ({}, _of(state, line).head),
    "close": lambda state, _line: ({}, state.head),
    "concur": _asked,
    "dissent": _asked,
    "answer": lambda state, line: ({"warning": _own(state, line).warning.event}, None),  # type: ignore[union-attr]
    "heed": lambda state, line: ({"instruction": _own(state, line).instructions[0]}, None),
    "dispute": lambda state, line: ({"filing": _own(state, line).filing.event}, None),  # type: ignore[union-attr]
    "correct": lambda state, line: ({"event": _own(state, line).said[-1]}, _own(state, line).head),
    "approve": _proposal,
    "reject": _proposal,
    "redact": _handed_in,
    "by-mistake": _mistake,
    "exclude-gap": lambda state, _line: ({"gap": state.gaps[-1].event}, None),
}
