"""The reads of calendar, ladder, gaps, deadlines and handover over the fake gateway, by the domain itself."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.preview import preview
from lianxi.domain.rules import Rules
from lianxi.domain.task import events as ev
from lianxi.domain.task.explain import explain
from lianxi.domain.task.foresight import simulate, what_if
from lianxi.domain.values import format_instant, parse_instant
from lianxi.proof.commands import open_command
from lianxi.proof.events import open_event
from lianxi.streams.facts import task_fact
from tests.cli.fake_conference import RefusedError
from tests.cli.fake_gateway import FakeGateway

FOLLOWS = {"adopt-calendar": "adopt-calendar", "transfer": "succeed"}
"""Acts on a task that are checked against what is recorded of the conference's act."""

SIDE = ("convener", "office", "auditor")


class LifeGateway(FakeGateway):
    """Answers the routes that the fake does not have yet; everything else is the fake's."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        """Streams whose commands meet an engine that is away."""
        self.lost: set[str] = set()
        """Streams whose commands are taken, and the answer does not say so."""
        self.unrecorded: set[str] = set()
        """The conference's acts that nobody waited for: what follows on them comes too early."""

    def route(
        self,
        request: BaseHTTPRequestHandler,
        path: list[str],
        query: dict[str, str],
        body: bytes,
        headers: dict[str, str],
    ) -> Any:
        match [request.command, *path[2:]]:
            case ["POST", "commands"]:
                signed = open_command(body).payload
                stream = signed.stream
                if stream in self.broken:
                    raise RefusedError("ENGINE_UNAVAILABLE")
                if stream == "conference":
                    self.unrecorded.discard(signed.action)
                    if "wait" not in query:
                        self.unrecorded.add(signed.action)
                elif FOLLOWS.get(signed.action) in self.unrecorded:
                    raise RefusedError("CALENDAR_UNKNOWN", version=0)
                answer = super().route(request, path, query, body, headers)
                if stream in self.lost:
                    raise RefusedError("PENDING", request_id="x")
                return answer
            case ["POST", _, _] if self._caller(request) not in SIDE:
                raise RefusedError("NOT_ALLOWED")
            case ["POST", "calendar", "preview"]:
                return self._preview(Calendar.model_validate(json.loads(body)["calendar"]))
            case ["POST", "ladder", "replay"]:
                return self._replay(json.loads(body))
            case ["GET", "gaps"]:
                return {"items": self._gaps()}
            case ["GET", "handover"]:
                return self._handover(self._caller(request))
            case ["GET", "tasks", task, "deadline"]:
                return self._deadline(task, query["unit"], query["limit"])
            case ["GET", "tasks", task, "simulate"]:
                now = self.known.now(self.known.task(task).state)
                until = now + timedelta(days=int(query["days"]))
                found = simulate(self.known.task(task).state, now, until)
                items = [each.model_dump(mode="json") for each in found]
                return {"task": task, "items": items}
        return super().route(request, path, query, body, headers)

    def _caller(self, request: BaseHTTPRequestHandler) -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.known.caller(token)

    def _preview(self, calendar: Calendar) -> dict[str, Any]:
        now = datetime.now(UTC)
        active = [s.state for s in self.known.tasks.values() if s.state.phase == "active"]
        moves = list(preview(active, calendar, now))
        units = Counter(unit for _, unit in {(move.task, move.unit) for move in moves})
        return {
            "calendar_version": calendar.version,
            "now": format_instant(now),
            "moves": [move.model_dump(mode="json") for move in moves],
            "units": dict(units),
            "tasks": sorted({move.task for move in moves}),
        }

    def _replay(self, question: dict[str, Any]) -> dict[str, Any]:
        rules = question.get("rules")
        calendar = question.get("calendar")
        items: list[dict[str, Any]] = []
        for task, stream in self.known.tasks.items():
            found = what_if(
                self._facts(task),
                Rules.model_validate(rules) if rules else None,
                Calendar.model_validate(calendar) if calendar else None,
                parse_instant(question["since"]),
                self.known.now(stream.state),
            )
            items += [each.model_dump(mode="json") for each in found]
        return {"items": items}

    def _facts(self, task: str) -> list[ev.Fact]:
        rows = [row for row in self.known.rows if row.stream == f"task/{task}"]
        return [task_fact(open_event(row.text.encode()), row.hash) for row in rows]

    def _gaps(self) -> list[dict[str, Any]]:
        return [
            {
                "task": task,
                "event": gap.event,
                "since": format_instant(gap.since),
                "until": format_instant(gap.until),
                "excluded": gap.excluded,
            }
            for task, stream in self.known.tasks.items()
            for gap in stream.state.gaps
        ]

    def _deadline(self, task: str, unit: str, limit: Any) -> dict[str, Any]:
        steps = explain(self._facts(task), unit, limit)
        return {
            "task": task,
            "unit": unit,
            "limit": limit,
            "instant": format_instant(steps[-1].instant),
            "provisional": steps[-1].provisional,
            "steps": [step.model_dump(mode="json") for step in steps],
        }

    def _handover(self, unit: str) -> dict[str, Any]:
        items = []
        for stream in self.known.tasks.values():
            for a in stream.state.assignments.values():
                if a.unit == unit and not a.final:
                    row = self.known.assignment_row(stream.state, a)
                    reports = [self._report(event) for event in a.said[-3:]]
                    items.append(
                        {**row, "text": self.known.text(stream.state.text), "reports": reports}
                    )
        return {"unit": unit, "items": items}

    def _report(self, event: str) -> dict[str, Any]:
        told = json.loads(next(row.text for row in self.known.rows if row.hash == event))
        said = told["data"].get("text") or told["data"].get("report")
        return {
            "event": event,
            "at": told["at"],
            "kind": told["kind"],
            "percent": told["data"].get("percent"),
            "text": self.known.openings[said["commit"]][1].decode() if said else None,
        }


@contextmanager
def life_gateway() -> Iterator[LifeGateway]:
    """A gateway on a free port of the loopback."""
    gateway = LifeGateway()
    thread = threading.Thread(target=gateway.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.server.shutdown()
        gateway.server.server_close()
        thread.join()
