"""What the gateway's reads say beside states and limits, made from the domain's own asks and lights."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.ladder import ladder_clocks
from lianxi.domain.task.asks import CONVENER, OFFICE, Ask, asks
from lianxi.domain.task.lights import days_left, light, overdue
from lianxi.domain.task.state import Assignment, Request, TaskState
from lianxi.domain.values import Commitment, format_instant

Text = Callable[[Commitment | None], str | None]

INNER = (
    "objection", "extension", "stop", "suspension", "warning", "filing", "instructions", "said",
    "reporting", "urged_at", "undo",
)  # fmt: skip
"""What a unit sees of its own part only."""


def spelt(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def running(state: TaskState, a: Assignment, now: datetime) -> dict[str, Any]:
    """Light, lateness and days left of a part."""
    clocks = ladder_clocks(state.setting, a)
    return {
        "overdue": overdue(clocks, now),
        "light": light(a.state, clocks, now),
        "days_left": days_left(clocks, state.calendar, a.due, now),
        "provisional": a.provisional,
    }


def inner(a: Assignment, text: Text) -> dict[str, Any]:
    """A part's requests, warnings and so on."""

    def request(asked: Request | None) -> dict[str, Any] | None:
        if asked is None:
            return None
        return {
            "event": asked.event,
            "at": spelt(asked.at),
            "reason": text(asked.reason),
            "until": spelt(asked.until),
            "holds": asked.holds,
        }

    return {
        "objection": request(a.objection),
        "extension": request(a.extension),
        "stop": request(a.stop),
        "extensions": a.extensions,
        "suspension": a.suspension and a.suspension.model_dump(mode="json"),
        "warning": a.warning and a.warning.model_dump(mode="json"),
        "filing": a.filing and a.filing.model_dump(mode="json"),
        "instructions": list(a.instructions),
        "said": list(a.said),
        "reporting": a.reporting and a.reporting.model_dump(mode="json"),
        "urged_at": spelt(a.urged_at),
        "undo": a.undo
        and {
            "act": a.undo.act,
            "state": a.undo.before.state,
            "due": spelt(a.undo.before.due),
            "cycle": a.undo.before.cycle,
        },
    }


def around(state: TaskState, text: Text) -> dict[str, Any]:
    """What is open on the task as a whole."""
    asked = state.concurrence
    waiting = {
        i.event: [a.unit for a in state.assignments.values() if i.event in a.instructions]
        for i in state.instructions
    }
    return {
        "kind": state.kind,
        "report": state.report and state.report.model_dump(mode="json"),
        "concurrence": asked
        and {
            "submission": asked.submission,
            "at": spelt(asked.at),
            "answer_by": spelt(asked.answer_by),
            "asked": list(asked.asked),
            "given": list(asked.given),
            "dissented": {unit: text(reason) for unit, reason in asked.dissented.items()},
            "silent": list(asked.silent),
            "open": list(asked.open),
        },
        "proposals": [p.model_dump(mode="json") for p in state.proposals.values()],
        "instructions": [
            {
                "event": i.event,
                "at": spelt(i.at),
                "text": text(i.text),
                "units": list(i.units),
                "acknowledge": i.acknowledge,
                "open": waiting[i.event],
            }
            for i in state.instructions
        ],
        "gaps": [gap.model_dump(mode="json") for gap in state.gaps],
        "end_event": state.end_event,
        "ready_at": spelt(state.ready_at),
        "rules_version": state.rules.version,
        "calendar_version": state.counts_by and state.counts_by.version,
    }


def items(
    state: TaskState, viewer: str, text: Text, now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The viewer's things to do on a task, and what lies with the other side."""
    mine, theirs = [], []
    side = viewer in (OFFICE, CONVENER)
    for ask in asks(state):
        row = _item(state, ask, text, now)
        if ask.who == viewer or (viewer == CONVENER and ask.who == OFFICE):
            mine.append(row)
        elif (side and ask.who not in (OFFICE, CONVENER)) or (not side and ask.unit == viewer):
            theirs.append(row)
    return mine, theirs


def _item(state: TaskState, ask: Ask, text: Text, now: datetime) -> dict[str, Any]:
    a = state.assignments.get(ask.unit or "")
    submission = a.submission if a is not None else None
    return {
        "task": state.task,
        "unit": ask.unit,
        "title": text(state.title),
        "what": ask.what,
        "who": ask.who,
        "since": spelt(ask.since),
        "by": spelt(ask.by),
        "due": None if a is None else spelt(a.due),
        "state": None if a is None else a.state,
        "light": None if a is None else running(state, a, now)["light"],
        "days_left": None if a is None else running(state, a, now)["days_left"],
        "subject": ask.subject,
        "act": ask.act,
        "optional": ask.optional,
        "submission": submission.event if submission else None,
        "head": state.head if a is None else a.head,
        "late": ask.by is not None and ask.by < now,
    }


def issues(state: ConferenceState, text: Text) -> list[dict[str, Any]]:
    """Tasks that wait to be issued, as the conference's view has them."""
    return [
        {
            "event": p.event,
            "at": spelt(p.at),
            "expires": spelt(p.expires),
            "ref": p.ref,
            "title": text(Commitment.model_validate(p.args["title"])),
            "args": p.args,
        }
        for p in state.proposals.values()
    ]
