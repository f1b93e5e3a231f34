"""The ground of the demo year: the real set, through the gateway's HTTP alone (tools).

Implements `play.Ground`. Nothing here opens the store: what is known comes from reads.
"""

import asyncio
import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from lianxi.cli.transport import Gateway, NoAnswerError, NotReachedError, refusal_in
from lianxi.domain.calendar import Calendar
from lianxi.domain.task import events as ev
from lianxi.domain.values import parse_instant
from lianxi.gateway.founding_token import NAME as TOKEN_FILE
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.messages import Receipt
from tools.year.clock import Skips, VirtualClock
from tools.year.people import AUDITOR, CONFERENCE, People, Said, Sealed, wire
from tools.year.processes import Processes

ResultT = TypeVar("ResultT")

CALLERS = 12
RECORDED = 60
"""Seconds within which what was said must stand in the trail."""

AWAY = 62.0
"""Seconds without a worker: longer than the minute after which a gap is one."""

PAGE = 500


class RefusedError(Exception):
    """The gateway did not take a command of the script, or a read."""


class RealGround:
    """The set as people meet it."""

    def __init__(
        self, processes: Processes, people: People, clock: VirtualClock, skips: Skips
    ) -> None:
        self.people = people
        self.clock = clock
        self.said: Counter[str] = Counter()
        self.skips = skips
        self._processes = processes
        self._threads = ThreadPoolExecutor(CALLERS, "caller")
        self._own = threading.local()
        self._tokens: dict[str, tuple[datetime, str]] = {}

    # --- Ground ---

    async def reach(self, streams: Iterable[str], instant: datetime) -> None:
        """See `play.Ground`."""
        await self.skips.reach(streams, instant)

    async def say(self, said: Said) -> Receipt:
        """See `play.Ground`. A task that has just begun is brought to the present at once."""
        receipt = await self._in_thread(lambda: self._handed_in(said))
        self.said[said.action] += 1
        if receipt.task is not None and receipt.stream == CONFERENCE_STREAM:
            await self.skips.bring([task_stream(receipt.task)])
        return receipt

    async def facts(self, task: str) -> Sequence[ev.Fact]:
        """See `play.Ground`."""
        rows = await self._in_thread(lambda: list(self._pages("office", f"tasks/{task}/events")))
        return [fact_of(row) for row in rows]

    async def preview(self, calendar: Calendar) -> set[tuple[str, str]]:
        """See `play.Ground`."""
        body = json.dumps({"calendar": wire(calendar)}).encode()
        document = await self._in_thread(
            lambda: self._exchange(
                "POST",
                "calendar/preview",
                who="office",
                body=body,
                headers={"Content-Type": "application/json"},
            )
        )
        return {(move["task"], move["unit"]) for move in document["moves"]}

    async def renew(self, unit: str, action: str) -> Said:
        """See `play.Ground`."""
        return self.people.renewed(unit, action, self.clock.now())

    async def away(self, task: str, instant: datetime) -> None:
        """The worker is stopped just before a rung; it comes back more than a minute later."""
        stream = task_stream(task)
        await self.reach([stream], instant)
        await asyncio.to_thread(self._processes.stop, "worker")
        forward = asyncio.create_task(self.skips.forward(stream, timedelta(minutes=3), AWAY + 60))
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(self._processes.start_worker)
        await forward
        self.clock.set(self.clock.ahead + timedelta(minutes=3))
        await self.skips.bring([stream])

    # --- what the script's people do besides ---

    async def found(self, said: Said) -> None:
        """Found the conference; by the token that lies beside the gateway."""
        sealed = self.people.seal(said, self.clock.now())
        await self._in_thread(lambda: self._founded(sealed))
        self.said[said.action] += 1

    async def events(self, **query: str) -> list[dict[str, Any]]:
        """Events of the whole conference, as the auditor lists them."""
        return await self._in_thread(lambda: list(self._pages(AUDITOR, "events", **query)))

    async def read(self, who: str, path: str, **query: str) -> dict[str, Any]:
        """Any read of somebody's."""
        return await self._in_thread(lambda: self._read(who, path, query))

    async def rows(self, who: str, path: str, **query: str) -> list[dict[str, Any]]:
        """Every row of a listing."""
        return await self._in_thread(lambda: list(self._pages(who, path, **query)))

    # --- inside: one connection for each thread ---

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @property
    def _gateway(self) -> Gateway:
        if not hasattr(self._own, "gateway"):
            self._own.gateway = Gateway(self._processes.gateway)
        gateway: Gateway = self._own.gateway
        return gateway

    def _handed_in(self, said: Said) -> Receipt:
        sealed = self.people.seal(said, self.clock.now())
        for opened in sealed.openings:
            headers = {"Content-Type": opened.media, "Lianxi-Salt": opened.salt.hex()}
            path = f"openings/{opened.commit}"
            self._exchange("PUT", path, who=said.who, body=opened.data, headers=headers)
        document = self._exchange(
            "POST",
            "commands",
            body=sealed.envelope.encode("ascii"),
            query={"wait": "recorded", "timeout": RECORDED},
            about=said,
        )
        if document["recorded"] is not True:
            raise RefusedError(f"{said}: not recorded after {RECORDED} s")
        return Receipt.model_validate(document["receipt"])

    def _founded(self, sealed: Sealed) -> None:
        token = (self._processes.data.run / TOKEN_FILE).read_text("ascii").strip()
        (directory,) = sealed.openings
        body = {
            "envelope": sealed.envelope,
            "opening": {
                "commit": directory.commit,
                "salt": directory.salt.hex(),
                "media": directory.media,
                "data": base64.b64encode(directory.data).decode("ascii"),
            },
        }
        answer = self._gateway.request(
            "POST",
            "/v1/conferences",
            query={"wait": "recorded", "timeout": RECORDED},
            body=json.dumps(body).encode(),
            headers={"Authorization": f"Founding {token}", "Content-Type": "application/json"},
            timeout=RECORDED + 10,
        )
        if refusal_in(answer) is not None:
            raise RefusedError(answer.body.decode())

    def _pages(self, who: str, path: str, **query: str) -> "Iterable[dict[str, Any]]":
        cursor = None
        while True:
            page = self._read(who, path, {**query, "limit": str(PAGE), "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def _read(self, who: str, path: str, query: dict[str, Any]) -> dict[str, Any]:
        return self._exchange("GET", path, who=who, query=query)

    def _exchange(  # noqa: PLR0913 - the parts of a request, by name
        self,
        method: str,
        path: str,
        *,
        who: str | None = None,
        query: dict[str, Any] | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        about: object = None,
    ) -> dict[str, Any]:
        """One exchange; a connection that was closed meanwhile is made anew, once."""
        given = dict(headers or {})
        if who is not None:
            given["Authorization"] = f"Bearer {self._token(who)}"
        url = f"/v1/{CONFERENCE}/{path}"
        for attempt in (1, 2):
            with suppress(NoAnswerError, NotReachedError):
                answer = self._gateway.request(
                    method, url, query=query, body=body, headers=given, timeout=RECORDED + 10
                )
                break
            if attempt == 2:  # noqa: PLR2004 - the second and last
                raise RefusedError(f"{method} {path}: no answer")
        if refusal_in(answer) is not None:
            raise RefusedError(f"{about or path}: {answer.status} {answer.body.decode()}")
        return answer.document() if answer.body else {}

    def _token(self, who: str) -> str:
        """A session, made anew when the virtual clock has moved on."""
        now = self.clock.now()
        made, token = self._tokens.get(who, (None, ""))
        if made is None or not timedelta(0) <= now - made < timedelta(minutes=30):
            made, token = now, self.people.session(who, now)
            self._tokens[who] = (made, token)
        return token


def fact_of(row: dict[str, Any]) -> ev.Fact:
    """A recorded event of a task, from its row."""
    at = parse_instant(row["at"])
    data = ev.KINDS[row["kind"]].model_validate(row["data"])
    return ev.Fact(row["seq"], row["hash"], at, row["basis"], data)
