"""One assignment whole: its row, what was written about it, what is under way beside it (store layer)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lianxi.domain.calendar import Calendar
from lianxi.domain.task.state import Assignment, Request
from lianxi.domain.values import Commitment, format_instant
from lianxi.store.projection import assignment_state
from lianxi.store.queries.assignments import assignment_row
from lianxi.store.queries.rows import Row


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of one assignment a viewer sees.

    `words`: what was handed in and answered. `inner`: requests, warnings and all else that is
    between the unit and the office. `undo`: what the convener's side could take back.
    """

    words: bool
    inner: bool
    undo: bool


def assignment_view(
    row: Mapping[str, Any],
    known: Mapping[str, str],
    calendars: Mapping[str, Calendar],
    shown: Shown,
    now: datetime,
) -> Row:
    """An AssignmentView; `known` maps commitments to texts."""
    assignment = assignment_state(row)
    return {
        **assignment_row(row, known, calendars, now),
        **(_said(assignment, known) if shown.words else UNSAID),
        **(_inner(assignment, known) if shown.inner else UNSEEN),
        "undo": _undo(assignment) if shown.undo else None,
        "extensions": assignment.extensions,
        "submitted_at": row["submitted_at"],
        "acknowledged_at": instant(assignment.acknowledged_at),
        "completed_at": row["completed_at"],
        "in_time": None if row["in_time"] is None else bool(row["in_time"]),
    }


UNSAID: Row = {
    "return_reason": None,
    "report": None,
    "report_media": None,
    "report_commit": None,
    "evidence": [],
}

UNSEEN: Row = {
    "objection": None,
    "extension": None,
    "stop": None,
    "suspension": None,
    "warning": None,
    "filing": None,
    "instructions": [],
    "said": [],
    "reporting": None,
    "urged_at": None,
}


def _said(assignment: Assignment, known: Mapping[str, str]) -> Row:
    """What was written about an assignment: the last return's reason, the last submission."""
    submission = assignment.submission
    reason = {"return_reason": text(known, assignment.return_reason)}
    if submission is None:
        return {**UNSAID, **reason}
    return {
        **reason,
        "report": text(known, submission.report),
        "report_media": submission.report_media,
        "report_commit": submission.report.commit,
        "evidence": [
            {"commit": piece.file.commit, "size": piece.file.size, "media": piece.media}
            for piece in submission.evidence
        ],
    }


def _inner(a: Assignment, known: Mapping[str, str]) -> Row:
    return {
        **{kind: _request(getattr(a, kind), known) for kind in ("objection", "extension", "stop")},
        "suspension": _plain(a.suspension, "event", "since", "back_to", "review_by"),
        "warning": _plain(a.warning, "event", "at", "explain_by", "answered"),
        "filing": _plain(a.filing, "event", "act", "dispute_by", "disputed"),
        "instructions": list(a.instructions),
        "said": list(a.said),
        "reporting": _plain(a.reporting, "period", "due", "filed", "late"),
        "urged_at": instant(a.urged_at),
    }


def _undo(a: Assignment) -> Row | None:
    """The act that can be taken back, and what would stand again."""
    if a.undo is None:
        return None
    before = a.undo.before
    return {
        "act": a.undo.act,
        "state": before.state.value,
        "due": format_instant(before.due),
        "cycle": before.cycle,
    }


def _request(request: Request | None, known: Mapping[str, str]) -> Row | None:
    if request is None:
        return None
    return {
        "event": request.event,
        "at": format_instant(request.at),
        "reason": text(known, request.reason),
        "until": instant(request.until),
        "holds": request.holds,
    }


def _plain(value: Any, *names: str) -> Row | None:
    """Some fields of a part of the state, as JSON has them."""
    if value is None:
        return None
    dumped = value.model_dump(mode="json")
    return {name: dumped[name] for name in names}


def text(known: Mapping[str, str], commitment: Commitment | None) -> str | None:
    """What stands behind a commitment, where the viewer may read it."""
    return None if commitment is None else known.get(commitment.commit)


def instant(at: datetime | None) -> str | None:
    """`format_instant`, with None for None."""
    return None if at is None else format_instant(at)
