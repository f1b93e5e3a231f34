"""A worker of somebody's own answers falsely, records falsely, or lets commands fall."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from lianxi import ids
from lianxi.domain.values import Actor, Role
from lianxi.engine.outcomes import Pending
from lianxi.messages import CausingEnvelope, RecordBatch
from lianxi.proof.commands import open_command
from lianxi.proof.events import Cause, EventEnvelope, seal
from tests.deployment import Deployment
from tests.parties import Parties
from tests.reconcile.ground import Ground

QUEUE = "somebody-else"


@workflow.defn(name="Recorder", sandboxed=False)
class Recorder:
    """Has our own worker record whatever it says."""

    @workflow.run
    async def run(self, batch: dict[str, Any], queue: str) -> None:
        await workflow.execute_activity(
            "record_events",
            batch,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
        )


@workflow.defn(name="Task", sandboxed=False)
class Believer:
    """Takes whatever comes for a command."""

    @workflow.run
    async def run(self, _given: dict[str, Any]) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update(name="command")
    def command(self, _message: dict[str, Any]) -> dict[str, Any]:
        return {}


@asynccontextmanager
async def rogue(client: Client, work: type) -> AsyncIterator[None]:
    """A worker with nothing but access to the namespace."""
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[work],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield


def with_a_stolen_envelope(ground: Ground, stream: str) -> str:
    """Signed by the unit, for something else."""
    return ground.deployment.parties.sign("U01", stream, "progress", {"percent": 20})


def with_a_made_up_envelope(ground: Ground, stream: str) -> str:
    """Signed by a key of somebody's own that claims to be the unit's."""
    parties = ground.deployment.parties
    other = Parties(conference="somebody", units=("U01",))
    return other.sign("U01", stream, "progress", {"percent": 90}, origin=parties.origin)


@pytest.mark.parametrize(
    ("made", "code"),
    [(with_a_stolen_envelope, "NOT_DERIVED"), (with_a_made_up_envelope, "COMMAND_INVALID")],
)
async def test_an_event_that_a_rogue_worker_had_recorded_is_named(
    ground: Ground, made: Callable[[Ground, str], str], code: str
) -> None:
    """Well formed, hashed and linked; what is signed does not lead to it, or is not signed."""
    task = await ground.issue()
    deployment, stream = ground.deployment, ids.task_stream(task)
    await deployment.recorded(await deployment.done("U01", task, "progress", percent=10))
    await ground.finds_nothing()
    false = false_event(ground, stream, made(ground, stream))
    async with rogue(deployment.client, Recorder):
        await deployment.client.execute_workflow(
            Recorder.run,
            args=[json.loads(false.model_dump_json()), deployment.settings.task_queue],
            id="innocent",
            task_queue=QUEUE,
        )
    place = f"{deployment.parties.conference}/{stream}#{len(deployment.events(stream))}"
    await ground.finds(code, place)
    await ground.finds("WORKFLOW_UNREGISTERED", "workflow:innocent")


async def test_a_forged_command_that_a_rogue_worker_accepts_is_named(ground: Ground) -> None:
    """Our own would have turned it away; the history shows what was accepted."""
    task = await ground.issue()
    deployment = ground.deployment
    envelope = deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {})
    forged = envelope.replace('"sig":"', '"sig":"AAAA', 1)
    await deployment.handle(task).terminate("mine now")
    await deployment.client.start_workflow(
        "Task",
        {},
        id=ids.task_workflow_id(deployment.parties.conference, task),
        task_queue=QUEUE,
    )
    async with rogue(deployment.client, Believer):
        await deployment.handle(task).execute_update("command", {"envelope": forged})
    await ground.finds("UPDATE_UNSIGNED", ground.workflow(task))
    await ground.finds("WORKFLOW_FOREIGN", ground.workflow(task))


async def test_a_command_that_is_let_fall_is_pending(client: Client, tmp_path: Path) -> None:
    """The one act that nothing proves: there is no receipt, and who gave it is told so."""
    deployment = Deployment.prepared(client, tmp_path)
    try:
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue()
            before = await deployment.until_kinds(task, "TaskIssued")
        # whoever has the namespace may stop our worker, or have the queue served by his own
        deployment.engine._patience = timedelta(seconds=3)
        assert isinstance(await deployment.act("U01", task, "acknowledge"), Pending)
        assert deployment.kinds(task) == before
    finally:
        deployment.store.close()


def false_event(ground: Ground, stream: str, envelope: str) -> RecordBatch:
    """One that continues the stream, caused by this envelope, and says what it does not."""
    deployment, signed = ground.deployment, open_command(envelope)
    last = deployment.events(stream)[-1]
    stood = deployment.store.trail.event_at(last.origin, stream, last.seq)
    assert stood is not None
    event = EventEnvelope(
        engine=last.engine,
        origin=last.origin,
        stream=stream,
        seq=last.seq + 1,
        kind=last.kind,
        at=datetime.now(UTC),
        actor=Actor(unit="U01", role=Role.UNIT, key_id=signed.payload.key_id),
        basis="command",
        cause=Cause(
            request_id=signed.payload.request_id,
            payload_sha256=signed.digest,
            index=0,
            count=1,
        ),
        roster=last.roster,
        data={**last.data, "percent": 90},
        prev=stood.hash,
    )
    caused = CausingEnvelope(payload_sha256=signed.digest, text=signed.text)
    return RecordBatch(
        origin=last.origin, stream=stream, events=(seal(event),), envelopes=(caused,)
    )
