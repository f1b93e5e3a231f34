"""A conference in memory: the real streams without Temporal and store, and the gateway's views of them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lianxi.domain.conference.events import RosterMade
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.domain.values import Commitment, format_instant
from lianxi.errors import CATALOGUE, entry
from lianxi.messages import CommandMessage, ConferenceInput, Receipt, TaskInput, TaskStart
from lianxi.proof.commands import SignedCommand, open_command, update_id
from lianxi.proof.commitments import opens
from lianxi.proof.events import open_event
from lianxi.proof.rosters import RosterStep, roster_bytes
from lianxi.proof.sessions import open_session
from lianxi.proof.standing import step_of
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.facts import conference_fact
from lianxi.streams.task_stream import TaskStream
from lianxi.streams.thawing import pack
from tests.cli import fake_views

ROSTER_KINDS = ("KeyRegistered", "RosterChanged", "KeyReplaced")


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass
class Row:
    """One line of the trail."""

    position: int
    stream: str
    seq: int
    hash: str
    text: str
    envelope: str | None


@dataclass
class FakeConference:
    """What a gateway, its engine and its store would know together."""

    stream: ConferenceStream | None = None
    tasks: dict[str, TaskStream] = field(default_factory=dict)
    openings: dict[str, tuple[bytes, bytes, str]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    args: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[RosterStep] = field(default_factory=list)
    directory: dict[str, Any] = field(default_factory=dict)
    genesis: str = ""
    shown_roster: Roster | None = None
    """What the question for the newest roster is answered with, if not the truth."""

    # --- writing ---

    def found(self, document: dict[str, Any]) -> Receipt:
        from base64 import b64decode

        signed = open_command(document["envelope"])
        opening = document["opening"]
        data = b64decode(opening["data"])
        self.put(opening["commit"], bytes.fromhex(opening["salt"]), opening["media"], data)
        args = signed.payload.args
        if self.stream is None:
            given = ConferenceInput(
                conference=args["conference"],
                origin=signed.payload.origin,
                envelope=document["envelope"],
            )
            self.stream = ConferenceStream.open(given, datetime.now(UTC))
            self.directory = json.loads(data)
            self._record(self.stream, signed)
            self.genesis = roster_bytes(self.stream.state.roster).decode()
        if signed.payload.origin != self.origin:
            raise RefusedError("ALREADY_FOUNDED", conference=self.conference.state.conference)
        return self._ask(self.conference, signed)

    def command(self, envelope: str) -> Receipt:
        signed = open_command(envelope)
        if signed.payload.stream != "conference":
            task = self.task(signed.payload.stream.partition("/")[2])
            return self._ask(task, signed)
        receipt = self._ask(self.conference, signed)
        if receipt.events[-1].kind in ROSTER_KINDS and not receipt.already:
            row = next(row for row in self.rows if row.hash == receipt.events[-1].hash)
            fact = conference_fact(open_event(row.text.encode()), row.hash)
            assert isinstance(fact.data, RosterMade)
            self.steps.append(step_of(fact.data))
        if receipt.task is not None and receipt.task not in self.tasks:
            self._begin(receipt.task, signed)
        return receipt

    def put(self, commit: str, salt: bytes, media: str, data: bytes) -> None:
        if not opens(commit, len(data), salt, data):
            raise RefusedError("OPENING_MISMATCH")
        self.openings[commit] = (salt, data, media)

    def _begin(self, task: str, signed: SignedCommand) -> None:
        row = next(r for r in reversed(self.rows) if r.stream == "conference")
        state = self.conference.state
        issue, proposal, approval = signed, None, None
        proposed = json.loads(row.text)["data"].get("proposal")
        if proposed is not None:
            event = next(r for r in self.rows if r.hash == proposed)
            issue, approval = open_command(event.envelope or ""), signed.text
            proposal = {"text": event.text, "hash": event.hash}
        start = TaskStart.model_validate(
            {
                "conference": state.conference,
                "registration": {"text": row.text, "hash": row.hash},
                "envelope": issue.text,
                "roster": roster_bytes(state.roster).decode(),
                "rules": state.rules,
                "calendar": state.calendar,
                "proposal": proposal,
                "approval": approval,
            }
        )
        given = TaskInput(task=task, origin=self.origin, start=start)
        self.tasks[task] = TaskStream.open(given, datetime.now(UTC))
        self.args[task] = issue.payload.args
        self._record(self.tasks[task], issue)

    def pass_time(self, task: str, until: datetime) -> None:
        """Let the rungs of a task fire up to an instant; from then on the task lives there."""
        stream = self.task(task)
        stream.fire_rungs(until)
        self._record(stream)

    def _ask(self, stream: ConferenceStream | TaskStream, signed: SignedCommand) -> Receipt:
        version = stream.writer.roster.version
        steps = tuple(self.steps[version - 1 :]) if isinstance(stream, TaskStream) else ()
        message = CommandMessage(envelope=signed.text, roster_steps=steps)
        if signed.payload.action == "thaw":
            stood = [r.text.encode() for r in self.rows if r.stream == signed.payload.stream]
            stored = {"stored": pack(stood), "stored_roster": self._roster_text(stream)}
            message = message.model_copy(update=stored)
        name = update_id(signed.payload.request_id, signed.digest)
        receipt = stream.answer(message, name, datetime.now(UTC)).receipt
        self._record(stream, signed)
        return receipt

    @staticmethod
    def _roster_text(stream: ConferenceStream | TaskStream) -> str:
        return roster_bytes(stream.writer.roster).decode()

    def _record(
        self, stream: ConferenceStream | TaskStream, signed: SignedCommand | None = None
    ) -> None:
        while stream.writer.waiting:
            batch = stream.writer.next_batch()
            envelopes = {envelope.payload_sha256: envelope.text for envelope in batch.envelopes}
            for event in batch.events:
                cause = json.loads(event.text)["cause"].get("payload_sha256", "")
                seq = json.loads(event.text)["seq"]
                self.rows.append(
                    Row(
                        len(self.rows) + 1,
                        batch.stream,
                        seq,
                        event.hash,
                        event.text,
                        envelopes.get(cause),
                    )
                )
            last = self.rows[-1]
            stream.writer.confirm(batch, type("Result", (), {"seq": last.seq, "hash": last.hash})())
        del signed

    # --- reading ---

    @property
    def conference(self) -> ConferenceStream:
        if self.stream is None:
            raise RefusedError("UNKNOWN_CONFERENCE", conference="joint")
        return self.stream

    @property
    def origin(self) -> str:
        return self.conference.writer.origin

    def caller(self, token: str) -> str:
        roster = self.conference.state.roster
        return open_session(token, origin=self.origin, roster=roster, now=datetime.now(UTC)).unit

    def task(self, task: str) -> TaskStream:
        if task not in self.tasks:
            raise RefusedError("UNKNOWN_TASK", task=task)
        return self.tasks[task]

    def text(self, commitment: Commitment | None) -> str | None:
        opening = self.openings.get(commitment.commit) if commitment else None
        return opening[1].decode() if opening else None

    def assignment_row(self, state: TaskState, a: Assignment) -> dict[str, Any]:
        submission = a.submission
        return {
            "task": state.task,
            "unit": a.unit,
            "role": a.role,
            "state": a.state,
            "cycle": a.cycle,
            "revision": a.revision,
            "due": format_instant(a.due),
            "first_due": format_instant(a.first_due),
            "acknowledge_by": format_instant(a.acknowledge_by),
            **fake_views.running(state, a, self.now(state)),
            "acknowledge_overdue": False,
            "percent": a.percent,
            "title": self.text(state.title),
            "phase": state.phase,
            "ref": state.ref,
            "submission": submission.event if submission else None,
            "head": a.head,
            "return_reason": self.text(a.return_reason),
            "report": self.text(submission.report)
            if submission and submission.report_media == "text/plain"
            else None,
            "report_media": submission.report_media if submission else None,
            "report_commit": submission.report.commit if submission else None,
            "evidence": [
                {"commit": e.file.commit, "size": e.file.size, "media": e.media}
                for e in (submission.evidence if submission else ())
            ],
            "submitted_at": format_instant(submission.at) if submission else None,
            "completed_at": format_instant(a.completed_at) if a.completed_at else None,
            "in_time": a.in_time,
        }

    def task_view(self, task: str, viewer: str = "office") -> dict[str, Any]:
        state = self.task(task).state
        basis = state.basis
        side = viewer in ("convener", "office", "auditor")
        parts = []
        for a in state.assignments.values():
            row = {**self.assignment_row(state, a), **fake_views.inner(a, self.text)}
            if not side and a.unit != viewer:
                row |= dict.fromkeys(fake_views.INNER)
            parts.append(row)
        texts = {
            commit: data.decode()
            for commit, (_salt, data, media) in self.openings.items()
            if media == "text/plain"
        }
        return {
            "task": state.task,
            "ref": state.ref,
            "phase": state.phase,
            "ready": state.ready,
            "mode": state.mode,
            "title": self.text(state.title),
            "text": self.text(state.text),
            "basis": {"kind": basis.kind, "text": self.text(basis.text)} if basis else None,
            "issued_at": format_instant(state.issued_at),
            "units": len(state.assignments),
            "open": sum(not a.final for a in state.assignments.values()),
            "overdue": 0,
            "next_due": None,
            "verdict": state.verdict,
            "head": state.head,
            "assignments": parts,
            "timeline": self.events(stream=f"task/{task}"),
            "texts": texts,
            **fake_views.around(state, self.text),
        }

    def events(self, **filters: str) -> list[dict[str, Any]]:
        found = []
        for row in self.rows:
            event = json.loads(row.text)
            item = {
                "position": row.position,
                "stream": row.stream,
                "seq": row.seq,
                "kind": event["kind"],
                "at": event["at"],
                "happened_at": event.get("happened_at"),
                "actor": event["actor"]["unit"],
                "role": event["actor"]["role"],
                "basis": event["basis"],
                "unit": event["data"].get("unit"),
                "task": row.stream.partition("/")[2] or event["data"].get("task"),
                "hash": row.hash,
                "request_id": event["cause"].get("request_id"),
                "data": event["data"],
            }
            if all(item.get(key) == value for key, value in filters.items()):
                found.append(item)
        return found

    def todo(self, viewer: str) -> dict[str, list[dict[str, Any]]]:
        lists: dict[str, list[dict[str, Any]]] = {"items": [], "waiting": []}
        for stream in self.tasks.values():
            mine, theirs = fake_views.items(stream.state, viewer, self.text, self.now(stream.state))
            lists["items"] += mine
            lists["waiting"] += theirs
        for issue in fake_views.issues(self.conference.state, self.text):
            item = {
                **dict.fromkeys(("task", "unit", "due", "state", "light", "days_left", "head")),
                "what": "approve",
                "who": "convener",
                "act": "issue",
                "subject": issue["event"],
                "title": issue["title"],
                "since": issue["at"],
                "by": issue["expires"],
                "optional": False,
                "late": False,
            }
            if viewer == "convener":
                lists["items"].append(item)
            elif viewer == "office":
                lists["waiting"].append(item)
        lists["items"].sort(key=lambda item: item["who"] != viewer)
        return lists

    @staticmethod
    def now(state: TaskState) -> datetime:
        """The task's present; time may have been passed."""
        return max(datetime.now(UTC), state.last_at)


def error_of(error: Exception) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a refusal."""
    if isinstance(error, RefusedError):
        code, params = error.code, dict(error.params)
    elif isinstance(error, Refusal):
        code, params = error.code, dict(error.params)
        if code not in CATALOGUE:
            code, params = (
                "MALFORMED",
                {"reason": error.code, "place": str(params.get("place", ""))},
            )
    else:
        raise error
    found = entry(code)
    body = {
        "code": code,
        "params": params,
        "message": code,
        "hint": "",
        "retryable": found.retryable,
    }
    return found.http, {"error": body}
