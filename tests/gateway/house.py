"""A gateway on a real store, with a desk that decides by the real streams instead of Temporal."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from pydantic import BaseModel
from sqlalchemy import create_engine
from starlette.applications import Starlette

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import format_instant
from lianxi.engine.outcomes import Accepted, Outcome, Pending, Refused
from lianxi.gateway.app import create_app
from lianxi.gateway.services import Limits, Services, StoreSource
from lianxi.ids import task_of_stream
from lianxi.messages import CommandMessage, ReconcileResult
from lianxi.ports import StoreUnavailableError
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.keys import Signer
from lianxi.proof.signing import sign_command, sign_session
from lianxi.store.store import Store
from tests.parties import request_id_at
from tests.store.scenario import Scenario

FOUNDING_TOKEN = "a-token-of-the-test"
STRANGER = Signer(b"\x07" * 32)


def lived_conference() -> Scenario:
    """T-0001 each: returned once, closed. T-0002: U03 leads, U01 supports. T-0003: U02 alone."""
    scenario = Scenario(smtp=frozenset({"U02"})).register_all()
    first = scenario.issue("plan-1", text=args(scenario.text("What is to be done")))
    scenario.act("U01", first, "acknowledge")
    scenario.pass_time(days=1, hours=6)  # acknowledge-reminder for those who have not
    scenario.submit("U01", first)
    scenario.send_back("U01", first)
    scenario.submit("U01", first)
    scenario.accept("U01", first)
    scenario.act("U02", first, "progress", percent=40, text=args(scenario.text("part", "U02")))
    second = scenario.issue("plan-2", mode="lead", lead="U03", units=["U01"])
    scenario.act("U03", second, "acknowledge")
    scenario.submit("U01", second)
    scenario.submit("U03", second)
    third = scenario.issue("plan-3", units=["U02"])
    scenario.pass_time(days=9)  # overdue for U02 and U03 on the first task
    reason = args(scenario.text("enough"))
    scenario.act("office", first, "close", verdict="not-implemented", reason=reason)
    assert (first, second, third) == ("T-0001", "T-0002", "T-0003")
    return scenario


def args(model: BaseModel) -> dict[str, Any]:
    """A model as a command's arguments."""
    return model.model_dump(mode="json", exclude_none=True)


@dataclass
class StreamsDesk:
    """A `Desk` over the scenario's streams. `record` None: accepted events stay unrecorded."""

    scenario: Scenario
    record: Callable[[], None] | None = None
    answer: Outcome | Exception | None = None
    seen: list[str] = field(default_factory=list)
    reconciles: bool = True
    compared: int = 0

    async def submit(self, envelope: str) -> Outcome:
        self.seen.append(envelope)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        signed = open_command(envelope)
        stream = signed.payload.stream
        task = task_of_stream(stream)
        target = self.scenario.conference if task is None else self.scenario.tasks.get(task)
        if target is None:
            return Refused("UNKNOWN_TASK", {"task": task or ""})
        message = CommandMessage(envelope=envelope, roster_steps=tuple(self.scenario.steps))
        arrived = update_id(signed.payload.request_id, signed.digest)
        try:
            given = target.answer(message, arrived, self.scenario.now)
        except Refusal as refusal:
            return Refused(refusal.code, refusal.params)
        if self.record is not None:
            self.record()
        return Accepted(given.receipt)

    async def found(self, envelope: str) -> Outcome:
        self.seen.append(envelope)
        return self.answer if isinstance(self.answer, Accepted) else Pending("found")

    async def reconcile(self) -> ReconcileResult | None:
        self.compared += 1
        return ReconcileResult(at=self.scenario.now) if self.reconciles else None


class House:
    """Everything a gateway test needs; `client` speaks to the application in this process."""

    def __init__(self, scenario: Scenario, store: Store, limits: Limits | None = None) -> None:
        self.scenario = scenario
        self.store = store
        self.desk = StreamsDesk(scenario, record=self.record)
        self.source: StoreSource = lambda: self.store
        self.services = Services(
            desk=self.desk,
            store=self._current,
            founding_token=FOUNDING_TOKEN,
            limits=limits or Limits(),
            now=lambda: scenario.now,
        )
        self.app: Starlette = create_app(self.services)
        transport = httpx.ASGITransport(app=self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self.record()

    def record(self) -> None:
        """What waits in the scenario goes into the store, as a worker would do it."""
        for handed_in in self.scenario.openings:
            self.store.openings.put(
                self.scenario.origin, handed_in.opening, handed_in.by_unit, self.scenario.now
            )
        self.scenario.openings.clear()
        for batch in self.scenario.drain():
            self.store.trail.append(batch)

    def lose_store(self) -> None:
        """From now on the store is away."""

        def away() -> Store:
            raise StoreUnavailableError("away for the test")

        self.source = away

    def lose_reads(self) -> None:
        """From now on the store is open and no question to it is answered."""
        away = create_engine("sqlite:////nowhere/at/all.db")
        store = replace(self.store, engine=away)
        self.source = lambda: store

    def _current(self) -> Store:
        return self.source()

    # --- who asks ---

    def token(self, unit: str, signer: Signer | None = None, **changes: Any) -> str:
        """A session token, good but for `changes`."""
        fields = {
            "origin": self.scenario.origin,
            "unit": unit,
            "issued_at": format_instant(self.scenario.now),
            "not_after": format_instant(self.scenario.now + timedelta(minutes=10)),
        }
        return sign_session(signer or self.scenario.signer(unit), **(fields | changes))

    def headers(self, unit: str | None) -> dict[str, str]:
        """The Authorization of a unit; none for nobody."""
        return {} if unit is None else {"Authorization": f"Bearer {self.token(unit)}"}

    async def get(self, unit: str | None, rest: str, /, **query: Any) -> httpx.Response:
        """A read of the conference's."""
        return await self.client.get(
            f"/v1/demo/{rest}", params=query or None, headers=self.headers(unit)
        )

    async def put(
        self, unit: str, commit: str, salt: bytes, data: bytes, media: str = "text/plain"
    ) -> httpx.Response:
        """Hand in an opening."""
        headers = {
            **self.headers(unit),
            "Content-Type": media,
            "Lianxi-Salt": salt.hex(),
        }
        return await self.client.put(f"/v1/demo/openings/{commit}", content=data, headers=headers)

    async def send(self, envelope: bytes | str, **query: Any) -> httpx.Response:
        """A command."""
        return await self.client.post("/v1/demo/commands", content=envelope, params=query or None)

    def command(
        self, unit: str, action: str, stream: str, signer: Signer | None = None, **changes: Any
    ) -> bytes:
        """A signed command, good but for `changes`."""
        number = len(self.desk.seen) + changes.pop("number", 0)
        fields: dict[str, Any] = {
            "origin": self.scenario.origin,
            "stream": stream,
            "unit": unit,
            "action": action,
            "args": {},
            "request_id": request_id_at(self.scenario.now, number),
            "issued_at": format_instant(self.scenario.now),
            "not_after": format_instant(self.scenario.now + timedelta(hours=1)),
        }
        return sign_command(signer or self.scenario.signer(unit), **(fields | changes))

    def issue(self, ref: str, **terms: Any) -> str:
        """Issue a task and record it."""
        task = self.scenario.issue(ref, **terms)
        self.record()
        return task


def code(response: httpx.Response) -> str:
    """The error code of an answer, in the one form of docs/gateway.md."""
    error = response.json()["error"]
    assert error.keys() == {"code", "params", "message", "hint", "retryable"}
    found: str = error["code"]
    return found
