"""What a unit has in hand, for whoever takes over in it (store layer)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select

from lianxi.domain.ladder import FINAL_STATES, AssignmentState
from lianxi.domain.task.state import TaskPhase
from lianxi.store.queries.assignments import LISTED, assignment_rows
from lianxi.store.queries.paging import residual
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.queries.texts import texts
from lianxi.store.tables import assignments as a
from lianxi.store.tables import events as e
from lianxi.store.tables import tasks as t

LAST_REPORTS = 3
"""So many of the unit's latest reports on a task are handed over."""

_CHUNK = 500

_OPEN = sorted(state.value for state in frozenset(AssignmentState) - FINAL_STATES)


def handover(connection: Connection, origin: str, unit: str, now: datetime) -> list[Row]:
    """The unit's open assignments by due, each with the task's text and the unit's last reports."""
    statement = (
        select(*LISTED, a.c.state_json, t.c.state_json.label("task_json"))
        .join(t, and_(t.c.origin == a.c.origin, t.c.task == a.c.task))
        .where(
            a.c.origin == origin,
            a.c.unit == unit,
            residual(a.c.state).in_(_OPEN),
            residual(a.c.phase) == TaskPhase.ACTIVE.value,
        )
        .order_by(a.c.due, a.c.task)
    )
    rows = rows_of(connection, statement)
    said = {row["task"]: json.loads(row["state_json"]).get("said", []) for row in rows}
    reports = _reports(connection, origin, [h for s in said.values() for h in s[-LAST_REPORTS:]])
    bodies = [json.loads(row["task_json"]).get("text") for row in rows]
    commits = [c["commit"] for c in (*bodies, *(r["said"] for r in reports.values())) if c]
    known = texts(connection, origin, commits)
    return [
        {
            **row,
            "text": known.get(body["commit"]) if body else None,
            "reports": [
                _report(reports[event], known)
                for event in said[row["task"]][-LAST_REPORTS:]
                if event in reports
            ],
        }
        for row, body in zip(assignment_rows(connection, origin, rows, now), bodies, strict=True)
    ]


def _reports(connection: Connection, origin: str, hashes: Sequence[str]) -> dict[str, Row]:
    """Progress, submissions and corrections by the hash of their event."""
    found: dict[str, Row] = {}
    for chunk in _chunks(hashes):
        statement = select(e.c.hash, e.c.kind, e.c.at, e.c.data).where(
            e.c.hash.in_(chunk), residual(e.c.origin) == origin
        )
        for row in connection.execute(statement):
            data = json.loads(row.data)["data"]
            found[row.hash] = {
                "event": row.hash,
                "at": row.at,
                "kind": row.kind,
                "percent": data.get("percent"),
                "said": data.get("text") or data.get("report"),
            }
    return found


def _report(report: Mapping[str, Any], known: Mapping[str, str]) -> Row:
    said = report["said"]
    shown = {name: report[name] for name in ("event", "at", "kind", "percent")}
    return {**shown, "text": known.get(said["commit"]) if said else None}


def _chunks(hashes: Sequence[str]) -> Iterable[Sequence[str]]:
    return (hashes[start : start + _CHUNK] for start in range(0, len(hashes), _CHUNK))
