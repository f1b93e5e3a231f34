"""The routes of docs/gateway.md over a FakeConference, in a thread; with switches for bad days."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from lianxi.proof.hashing import sha256_hex
from lianxi.proof.rosters import roster_bytes
from tests.cli import fake_views
from tests.cli.fake_conference import FakeConference, RefusedError, error_of
from tests.cli.fake_log import FakeLog

TOKEN = "founding-token-of-the-fake"


class FakeGateway:
    """`fault` makes the next command go wrong.

    One of: drop, drop-after, pending, garbage, foreign, busy, unrecorded.
    """

    def __init__(self) -> None:
        self.known = FakeConference()
        self.log: FakeLog | None = None
        self.fault: str | None = None
        self.listing = True
        self.page: int | None = None
        """No more lines of the trail than these in an answer."""
        self.after_trail: Callable[[], object] | None = None
        """What happens after each answer that shows the trail."""
        self.requests: list[tuple[str, str]] = []
        self.envelopes: list[str] = []
        self.lock = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # headers and body go out as two writes

            def log_message(self, *_arguments: object) -> None:
                pass

            def _handle(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                with gateway.lock:
                    gateway.answer(self, body)

            do_GET = do_PUT = do_POST = _handle  # noqa: N815  the base class's names

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = urlsplit(request.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        query = dict(parse_qsl(parts.query))
        self.requests.append((request.command, parts.path))
        posting = request.command == "POST"
        fault, self.fault = (self.fault, None) if posting else (None, self.fault)
        if posting:
            self.envelopes.append(body.decode())
        if fault == "drop":
            request.connection.close()
            request.close_connection = True
            return
        headers: dict[str, str] = {}
        try:
            _go_wrong(fault)
            status, answer = 200, self.route(request, path, query, body, headers)
        except Exception as error:  # noqa: BLE001  error_of raises what is no refusal again
            status, answer = error_of(error)
        shown = self.log is not None and self.log.lie != "silent" and len(path) > 2
        # as the real one: to whom it does not know it shows nothing
        if self.log is not None and shown and status != 401:
            headers |= self.log.headers(int(request.headers.get("Lianxi-Seen") or 0), path[2])
        if fault == "drop-after":
            request.connection.close()
            request.close_connection = True
            return
        if fault == "unrecorded":
            answer["recorded"] = False
        if fault == "foreign":
            answer["receipt"]["payload_sha256"] = "0" * 64
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        if fault == "garbage":
            data = b"<html>"
        if request.command == "PUT" and status == 200:
            status, data = 204, b""
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def route(  # noqa: C901, PLR0911, PLR0912, PLR0915  one case per route
        self,
        request: BaseHTTPRequestHandler,
        path: list[str],
        query: dict[str, str],
        body: bytes,
        headers: dict[str, str],
    ) -> Any:
        known, method = self.known, request.command
        if path == ["v1", "health"]:
            return {"status": "ok", "version": "0"}
        if path == ["v1", "log"]:
            if self.log is None:
                raise RefusedError("NOT_FOUND", what="route")
            keys = (self.log.coming or self.log.signer, self.log.receipt_signer)
            names = zip(("log", "receipt"), keys, strict=True)
            told = {name: key.public_key.hex() for name, key in names}
            return {"schema": 1, **({} if self.log.keyless else told)}
        if path == ["v1", "conferences"]:
            if method == "POST":
                if request.headers.get("Authorization") != f"Founding {TOKEN}":
                    raise RefusedError("NOT_ALLOWED")
                receipt = known.found(json.loads(body)).model_dump(mode="json", exclude_none=True)
                return {"schema": 1, "receipt": receipt, "recorded": True}
            return {"schema": 1, "conferences": self._conferences()}
        state = known.conference.state
        if path[1] != state.conference:
            raise RefusedError("UNKNOWN_CONFERENCE", conference=path[1])
        if path[2:] == ["commands"]:
            given = known.command(body.decode()).model_dump(mode="json", exclude_none=True)
            answer = {"receipt": given} if self.log is None else self.log.signed(given)
            return {"schema": 1, **answer, "recorded": "wait" in query}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        unit = known.caller(token)
        side = unit in ("convener", "office", "auditor")
        if self.log is not None:
            found = self.log.route(method, path[2:], query, body, unit)
            if found is not None:
                return found
        match path[2:]:
            case ["openings", commit] if method == "PUT":
                salt = bytes.fromhex(request.headers["Lianxi-Salt"])
                known.put(commit, salt, request.headers["Content-Type"], body)
                return {}
            case ["openings", commit]:
                if commit not in known.openings:
                    raise RefusedError("NOT_FOUND", what="opening")
                salt, data, media = known.openings[commit]
                headers |= {"Content-Type": media, "Lianxi-Salt": salt.hex()}
                return data
            case ["me"]:
                return {
                    "schema": 1,
                    "unit": unit,
                    "role": unit if side else "unit",
                    "names": known.directory["units"].get(unit, {}).get("names", {}),
                    "language": "zh",
                    "key_ids": [key.key_id for key in state.roster.keys if key.unit == unit],
                    "conference": {
                        "conference": state.conference,
                        "names": known.directory["names"],
                        "origin": known.origin,
                        "zone": state.zone,
                        "custody": state.custody,
                        "office_hours": state.office_hours.model_dump(),
                    },
                    "now": "2026-11-23T00:00:00.000000Z",
                }
            case ["roster"]:
                roster = known.shown_roster or state.roster
                text = roster_bytes(roster).decode()
                return {
                    "schema": 1,
                    "version": roster.version,
                    "hash": sha256_hex(text.encode()),
                    "roster": text,
                }
            case ["todo"]:
                return {"schema": 1, "now": "", **known.todo(unit)}
            case ["conference"]:
                return {
                    "schema": 1,
                    "conference": state.conference,
                    "calendar": state.calendar and state.calendar.model_dump(mode="json"),
                    "rules": state.rules.model_dump(mode="json"),
                    "proposals": fake_views.issues(state, known.text),
                    "successors": state.successors,
                }
            case ["assignments"]:
                items = [
                    known.assignment_row(stream.state, a)
                    for stream in known.tasks.values()
                    for a in stream.state.assignments.values()
                    if query.get("unit", a.unit) == a.unit
                    and query.get("state", a.state) == a.state
                    and query.get("task", stream.state.task) == stream.state.task
                ]
                if query.get("overdue"):
                    items = [item for item in items if item["overdue"]]
                return _page(items, query)
            case ["tasks"]:
                return _page([known.task_view(task) for task in known.tasks], query)
            case ["tasks", task]:
                if not side and unit not in known.task(task).state.assignments:
                    raise RefusedError("UNKNOWN_TASK", task=task)
                return {"schema": 1, "task": known.task_view(task, unit)}
            case ["tasks", task, "events"]:
                return _page(known.events(stream=f"task/{task}"), query)
            case ["registrations", ref]:
                registered = state.registrations.get(ref)
                if registered is None:
                    raise RefusedError("NOT_FOUND", what=ref)
                openings = {
                    commit: {"salt": salt.hex(), "media": media, "size": len(data)}
                    for commit, (salt, data, media) in known.openings.items()
                }
                args = known.args[registered.task]
                return {"schema": 1, "task": registered.task, "args": args, "openings": openings}
            case ["units"]:
                items = [
                    {
                        "unit": member.unit,
                        "role": "unit",
                        "names": known.directory["units"][member.unit]["names"],
                        "channels": list(member.channels),
                        "language": member.language,
                        "keys": [k.key_id for k in state.roster.keys if k.unit == member.unit],
                    }
                    for member in state.members.values()
                ]
                return {"schema": 1, "items": items}
            case ["notices"] | ["inbox"]:
                return _page([], query)
        if not side:
            raise RefusedError("NOT_ALLOWED")
        match path[2:]:
            case ["events"]:
                filters = {k: v for k, v in query.items() if k in ("actor", "unit", "task", "kind")}
                return _page(known.events(**filters), query)
            case ["events", wanted]:
                row = next((r for r in known.rows if r.hash == wanted), None)
                if row is None:
                    raise RefusedError("NOT_FOUND", what=wanted)
                return {
                    "schema": 1,
                    "event": json.loads(row.text),
                    "hash": row.hash,
                    "position": row.position,
                    "envelope": row.envelope,
                }
            case ["trail"]:
                after = int(query.get("after", 0))
                limit = self.page or int(query.get("limit", 50))
                rows = [r for r in known.rows if r.position > after]
                if len(rows) > limit:
                    headers["Lianxi-Next"] = str(rows[limit - 1].position)
                lines = [
                    json.dumps(
                        {
                            "position": r.position,
                            "stream": r.stream,
                            "seq": r.seq,
                            "hash": r.hash,
                            "event": r.text,
                            "envelope": r.envelope,
                            "leaf": None if self.log is None else self.log.leaf_of(r.hash),
                        }
                    )
                    for r in rows[:limit]
                ]
                if self.after_trail is not None:
                    self.after_trail()
                return "".join(line + "\n" for line in lines).encode()
        raise RefusedError("NOT_FOUND", what="/".join(path))

    def _conferences(self) -> list[dict[str, Any]]:
        if self.known.stream is None or not self.listing:
            return []
        state = self.known.stream.state
        return [
            {
                "conference": state.conference,
                "origin": self.known.origin,
                "zone": state.zone,
                "custody": state.custody,
                "roster_version": state.roster.version,
                "roster_hash": "",
            }
        ]


def _go_wrong(fault: str | None) -> None:
    if fault == "pending":
        raise RefusedError("PENDING", request_id="x")
    if fault == "busy":
        raise RefusedError("ENGINE_UNAVAILABLE")


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    begin, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
    following = begin + limit
    return {
        "schema": 1,
        "items": items[begin:following],
        "next": str(following) if following < len(items) else None,
    }


GatewayT = TypeVar("GatewayT", bound=FakeGateway)


@contextmanager
def running() -> Iterator[FakeGateway]:
    """A gateway on a free port of the loopback."""
    with serving(FakeGateway()) as gateway:
        yield gateway


@contextmanager
def serving(gateway: GatewayT) -> Iterator[GatewayT]:
    """The same of a test's own kind."""
    thread = threading.Thread(target=gateway.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.server.shutdown()
        gateway.server.server_close()
        thread.join()


if __name__ == "__main__":
    with running() as served:
        print(served.url, flush=True)  # noqa: T201  for trying things by hand
        time.sleep(3600)
