"""A cancel request, a fork, changed bytes: the task goes on or stops in a way that shows."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from lianxi import ids
from lianxi.engine.outcomes import Pending
from lianxi.streams import writer
from tests.deployment import Deployment, accepted, eventually, refusal, sandbox
from workflows.task import TaskWorkflow


async def test_a_cancel_request_becomes_an_event(deployment: Deployment) -> None:
    """The task lives on and takes the next command."""
    task = await deployment.issue()
    await deployment.handle(task).cancel()
    await deployment.until_kinds(task, "CancellationRequested")
    receipt = await deployment.done("U01", task, "acknowledge")
    await deployment.recorded(receipt)
    assert deployment.kinds(task)[-2:] == ["CancellationRequested", "AssignmentAcknowledged"]


async def test_a_task_cancelled_before_its_first_workflow_task_lives(
    temporal: Client, tmp_path: Path
) -> None:
    """No worker yet when the request comes: the task begins all the same."""
    deployment = Deployment.prepared(temporal, tmp_path)
    async with deployment.worker():
        await deployment.found()
        issuing = asyncio.create_task(deployment.issue())
        task = await issuing
        await deployment.handle(task).cancel()
        await deployment.until_kinds(task, "TaskIssued", "CancellationRequested")
    deployment.store.close()


async def test_without_a_worker_the_answer_is_pending(temporal: Client, tmp_path: Path) -> None:
    """The engine says that it does not know, within its patience, and never raises."""
    deployment = Deployment.prepared(temporal, tmp_path)
    deployment.engine._patience = timedelta(seconds=3)
    founding = deployment.parties.founding()
    begun = asyncio.get_running_loop().time()
    assert isinstance(await deployment.engine.found(founding), Pending)
    assert asyncio.get_running_loop().time() - begun < 10
    async with deployment.worker():
        receipt = accepted(await deployment.engine.found(founding))
        assert receipt.events[0].kind == "ConferenceFounded"
    deployment.store.close()


async def test_a_fork_freezes_the_task(deployment: Deployment) -> None:
    """Another event stands in our place: alarm, no more commands, running, nothing lost."""
    task = await deployment.issue()
    await deployment.until_kinds(task, "TaskIssued")
    deployment.fork(task)
    receipt = await deployment.done("U01", task, "acknowledge")
    await eventually(lambda: deployment.events(ids.AUDIT_STREAM))
    alarm = deployment.events(ids.AUDIT_STREAM)[0]
    assert alarm.kind == "ForkDetected"
    assert alarm.data["offered"] == receipt.events[0].hash
    await deployment.until_frozen(task)
    assert refusal(await deployment.act("U02", task, "acknowledge")) == "FROZEN"
    description = await deployment.handle(task).describe()
    assert description.status is not None
    assert description.status.name == "RUNNING"
    assert "1 unrecorded" in await deployment.handle(task).query("state")


async def test_a_replay_with_one_changed_byte_fails(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replay compares kinds of commands only; the hash the store answered gives the change away."""
    task = await deployment.issue()
    receipt = await deployment.done("U01", task, "acknowledge")
    await deployment.recorded(receipt)

    async def confirmed() -> bool:
        return "0 unrecorded" in await deployment.handle(task).query("state")

    await eventually(confirmed)
    history = await deployment.handle(task).fetch_history()
    await replay(history)
    sealed = writer.seal
    other = {"engine": 7}
    monkeypatch.setattr(writer, "seal", lambda event: sealed(event.model_copy(update=other)))
    with pytest.raises(RuntimeError, match="store has"):
        await replay(history)


async def replay(history: WorkflowHistory) -> None:
    """As the worker would: same converter, same workflow id; in the sandbox."""
    replayer = Replayer(
        workflows=[TaskWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
    )
    await replayer.replay_workflow(history)


async def test_a_start_that_nobody_registered_fails(deployment: Deployment) -> None:
    """A twin workflow with a made-up registration ends at once and takes no command."""
    task = await deployment.issue()
    client: Client = deployment.client
    history = await deployment.handle(task).fetch_history()
    start = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    start.data = start.data.replace(b'"task":"T-0001"', b'"task":"T-0002"')
    given = (await client.data_converter.decode([start]))[0]
    twin = await client.start_workflow(
        "Task", given, id=f"twin-{task}-{deployment.parties.conference}",
        task_queue=deployment.settings.task_queue,
    )  # fmt: skip

    async def failed() -> bool:
        status = (await twin.describe()).status
        return status is not None and status.name == "FAILED"

    await eventually(failed)
    with pytest.raises(WorkflowFailureError) as failure:
        await twin.result()
    assert getattr(failure.value.cause, "type", None) == "WRONG_REGISTRATION"
