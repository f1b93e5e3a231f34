"""A whole deployment inside a test: real server, real SQLite store, real worker; no processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import worker as composition
from lianxi import ids
from lianxi.domain.values import SYSTEM
from lianxi.engine.engine import Engine
from lianxi.engine.outcomes import Accepted, Outcome, Refused
from lianxi.messages import Receipt, RecordBatch, Tuning
from lianxi.proof.events import Cause, EventEnvelope, open_event, seal
from lianxi.settings import Settings
from lianxi.store.store import Store, open_store
from tests.parties import Parties, text_commitment
from tests.store.fresh import fresh_trail

PATIENCE = 20.0
"""How long a test waits for something that happens in the background, in seconds."""


def sandbox() -> SandboxedWorkflowRunner:
    """Our own modules passed through: 1 ms and 19 KB a workflow, not 52 and 1.6 MB."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "lianxi", "activities.options", "workflows.door", "workflows.running",
            "pydantic", "pydantic_core", "nacl", "rfc8785", "structlog",
        )
    )  # fmt: skip


@dataclass
class Deployment:
    """What a test acts on: `engine` for commands, `store` for what was recorded."""

    client: Client
    settings: Settings
    store: Store
    engine: Engine
    parties: Parties
    tuning: Tuning = field(default_factory=Tuning)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        client: Client,
        folder: Path,
        *,
        units: tuple[str, ...] = ("U01", "U02", "U03"),
        tuning: Tuning | None = None,
        **parties: Any,
    ) -> AsyncIterator["Deployment"]:
        """Worker up, conference founded, every unit's key registered."""
        made = cls.prepared(client, folder, units=units, tuning=tuning, **parties)
        try:
            async with made.worker():
                await made.found()
                yield made
        finally:
            made.store.close()

    @classmethod
    def prepared(
        cls,
        client: Client,
        folder: Path,
        *,
        units: tuple[str, ...] = ("U01", "U02", "U03"),
        tuning: Tuning | None = None,
        **parties: Any,
    ) -> "Deployment":
        """Everything but the worker."""
        name = f"c{uuid4().hex[:12]}"
        settings = Settings(data=folder / "data", task_queue=name, graceful_shutdown=5)
        settings.evidence_dir.mkdir(parents=True, exist_ok=True)
        url = fresh_trail(settings.trail_url)
        store = open_store(url, settings.evidence_dir, writable=True, busy_seconds=0.5)
        engine = Engine(
            client, store.trail, task_queue=name, tuning=tuning, patience=timedelta(seconds=20)
        )
        people = Parties(conference=name, units=units, **parties)
        return cls(client, settings, store, engine, people, tuning or Tuning())

    def worker(self, store: Store | None = None) -> Worker:
        """A worker as production composes it, but in the sandbox, which stops what a replay may not."""
        return composition.make_worker(self.client, store or self.store, self.settings, sandbox())

    # --- commands ---

    async def found(self, keys: tuple[str, ...] | None = None) -> None:
        """The conference, and the keys of everybody or of `keys`."""
        accepted(await self.engine.found(self.parties.founding()))
        for unit in (*self.parties.units, "auditor") if keys is None else keys:
            accepted(await self.engine.submit(self.parties.registering(unit)))

    async def issue(self, ref: str = "task-1", **changes: Any) -> str:
        """A task by the office; its id."""
        receipt = accepted(await self.engine.submit(self.parties.issuing(ref, **changes)))
        assert receipt.task is not None
        return receipt.task

    async def act(self, unit: str, task: str, action: str, /, **args: Any) -> Outcome:
        """A signed command on a task; `expect` and `request_id` go beside the arguments."""
        beside = {name: args.pop(name) for name in ("expect", "request_id", "now") if name in args}
        envelope = self.parties.sign(unit, ids.task_stream(task), action, args, **beside)
        return await self.engine.submit(envelope)

    async def done(self, unit: str, task: str, action: str, /, **args: Any) -> Receipt:
        """`act`, which must be accepted."""
        return accepted(await self.act(unit, task, action, **args))

    async def submit(self, unit: str, task: str) -> Receipt:
        """A unit reports completion."""
        return await self.done(unit, task, "submit", report=text_commitment(f"{unit} is done"))

    def handle(self, task: str) -> WorkflowHandle[Any, Any]:
        """The task's workflow."""
        return self.client.get_workflow_handle(ids.task_workflow_id(self.parties.conference, task))

    def fork(self, task: str) -> str:
        """Another event takes the place behind the last recorded one, as no worker sealed it; its hash."""
        stream, events = ids.task_stream(task), self.events(ids.task_stream(task))
        last = self.store.trail.event_at(self.parties.origin, stream, len(events))
        assert last is not None
        foreign = seal(
            EventEnvelope(
                engine=1,
                origin=self.parties.origin,
                stream=stream,
                seq=len(events) + 1,
                kind="CancellationRequested",
                at=events[-1].at,
                actor=SYSTEM,
                basis="observation",
                cause=Cause(index=0, count=1),
                roster=events[-1].roster,
                data={},
                prev=last.hash,
            )
        )
        batch = RecordBatch(origin=self.parties.origin, stream=stream, events=(foreign,))
        self.store.trail.append(batch)
        return foreign.hash

    async def until_frozen(self, task: str) -> None:
        """Wait until the task has met an event in the place of its own."""

        async def frozen() -> bool:
            return "FROZEN" in await self.handle(task).query("state")

        await eventually(frozen)

    # --- what was recorded ---

    def events(self, stream: str) -> list[EventEnvelope]:
        """Everything recorded of a stream, in order."""
        found: list[EventEnvelope] = []
        while True:
            stored = self.store.trail.event_at(self.parties.origin, stream, len(found) + 1)
            if stored is None:
                return found
            found.append(open_event(stored.data))

    def kinds(self, task: str) -> list[str]:
        """The kinds of a task's recorded events."""
        return [event.kind for event in self.events(ids.task_stream(task))]

    async def recorded(self, receipt: Receipt) -> None:
        """Wait until a receipt's events stand in the trail, with the hashes it names."""
        for event in receipt.events:
            stored = await eventually(
                lambda seq=event.seq: self.store.trail.event_at(receipt.origin, receipt.stream, seq)
            )
            assert stored.hash == event.hash

    async def until(self, look: Callable[[], Any]) -> Any:
        """Wait until `look` sees something, and answer it."""
        return await eventually(lambda: look() or None)

    async def until_kinds(self, task: str, *kinds: str) -> list[str]:
        """Wait until the task's recorded events end with these kinds."""
        wanted = list(kinds)
        return await eventually(
            lambda: seen if (seen := self.kinds(task))[-len(wanted) :] == wanted else None
        )


def accepted(outcome: Outcome) -> Receipt:
    """The receipt; everything else fails the test with what it was."""
    assert isinstance(outcome, Accepted), outcome
    return outcome.receipt


def refusal(outcome: Outcome) -> str:
    """The code of a refusal; everything else fails the test with what it was."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def eventually(
    look: Callable[[], Any] | Callable[[], Awaitable[Any]], seconds: float = PATIENCE
) -> Any:
    """What `look` finds once it finds something; fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = look()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, "it never came"
        await asyncio.sleep(0.05)
