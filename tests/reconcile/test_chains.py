"""Whose run it is that answers under a workflow's id, and what happened in every run before it."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.testing import ActivityEnvironment

import worker as composition
from lianxi import ids
from lianxi.domain.rules import FIRST_RULES
from lianxi.messages import ReconcileInput, Tuning
from tests.deployment import eventually
from tests.reconcile.ground import Ground

SHORT_RUNS = Tuning(continue_after_commands=1)
ARCHIVED_SOON = FIRST_RULES.model_copy(update={"archive_after": 1})


async def test_a_task_begun_again_with_another_state_is_named(
    client: Client, tmp_path: Path
) -> None:
    """Terminated, and started on our own queue with a carried state of somebody's making."""
    async with Ground.running(client, tmp_path, tuning=SHORT_RUNS) as ground:
        task = await ground.issue()
        deployment = ground.deployment
        await deployment.recorded(await deployment.done("U01", task, "acknowledge"))
        await ground.finds_nothing()
        given = await continued_input(deployment.handle(task))
        given["carry"]["state"]["assignments"]["U02"]["state"] = "completed"
        await begin_again(ground, task, given)
        await ground.finds("WORKFLOW_RESTARTED", ground.workflow(task))
        # also once the doctored run has been followed by others
        await deployment.recorded(await deployment.done("U01", task, "progress", percent=10))
        await ground.reconcile()
        assert ("WORKFLOW_RESTARTED", ground.workflow(task)) in ground.standing()


async def test_a_task_begun_again_by_the_same_start_is_named(ground: Ground) -> None:
    """It would answer as if nothing had happened since; the first chain was seen before."""
    task = await ground.issue()
    await ground.finds_nothing()
    await begin_again(ground, task, await first_input(ground.deployment.handle(task)))
    await ground.finds("WORKFLOW_RESTARTED", ground.workflow(task))


async def test_a_worker_that_has_just_started_knows_the_chains(
    client: Client, tmp_path: Path
) -> None:
    """What was seen stands in the store: the new chain is named by a worker that saw no other."""
    async with Ground.running(client, tmp_path) as ground:
        task = await ground.issue()
        deployment = ground.deployment
        await ground.finds_nothing()
        given = await first_input(deployment.handle(task))
        await begin_again(ground, task, given)
        # so that nothing but what was seen before tells that it is another
        await another_worker_looks(ground, reconcile_grace=3_600.0)
        assert ("WORKFLOW_RESTARTED", ground.workflow(task)) in ground.standing()


async def test_a_workflow_under_the_id_of_an_archived_task_is_named(
    client: Client, tmp_path: Path
) -> None:
    """Nobody's commands are answered there, and the trail says that it is over."""
    async with Ground.running(client, tmp_path, rules=ARCHIVED_SOON) as ground:
        task = await ground.issue()
        deployment = ground.deployment
        given = await first_input(deployment.handle(task))
        await archived(ground, task)
        await ground.finds_nothing()
        await client.start_workflow(
            "Task", given, id=workflow_id(ground, task), task_queue="somebody-else"
        )
        await ground.finds("WORKFLOW_STILL_RUNNING", ground.workflow(task))


async def test_a_twin_that_calls_itself_a_reconciliation_is_named(ground: Ground) -> None:
    """Only reconciliation's own workflows are left out: by id, type and queue."""
    twin = ids.task_workflow_id(ground.deployment.parties.conference, "T-0077")
    client, own = ground.deployment.client, ground.deployment.settings.task_queue
    await client.start_workflow("Reconcile", {}, id=twin, task_queue="somebody-else")
    await client.start_workflow("Miner", {}, id="reconcile/miner", task_queue=own)
    await client.start_workflow("Reconcile", {}, id="reconcile/else", task_queue="somebody-else")
    for workflow in (twin, "reconcile/miner", "reconcile/else"):
        await ground.finds("WORKFLOW_UNREGISTERED", f"workflow:{workflow}")


async def test_a_signal_to_a_run_between_two_looks_is_named(client: Client, tmp_path: Path) -> None:
    """The chain went on by two runs; the one in the middle is read too."""
    async with Ground.running(client, tmp_path, tuning=SHORT_RUNS) as ground:
        task = await ground.issue()
        deployment = ground.deployment
        await deployment.done("U01", task, "acknowledge")
        looked_at = await run_after(deployment.handle(task), "")
        await ground.finds_nothing()
        await deployment.done("U01", task, "progress", percent=10)
        middle = await run_after(deployment.handle(task), looked_at)
        await deployment.handle(task).signal("hurry", "now")
        await deployment.done("U01", task, "progress", percent=20)
        await run_after(deployment.handle(task), middle)
        await ground.finds("UNKNOWN_SIGNAL", ground.workflow(task))


async def test_a_signal_just_before_the_end_is_named(client: Client, tmp_path: Path) -> None:
    """A task that is over is read once more, to its end; what was found stands on."""
    async with Ground.running(client, tmp_path, rules=ARCHIVED_SOON) as ground:
        task = await ground.issue()
        await ground.finds_nothing()
        await ground.deployment.handle(task).signal("hurry", "now")
        await archived(ground, task)
        await ground.finds("UNKNOWN_SIGNAL", ground.workflow(task))
        await ground.reconcile()
        assert ("UNKNOWN_SIGNAL", ground.workflow(task)) in ground.standing()


@pytest.mark.parametrize("service", ["sealer", "mailroom/mailbox"])
@pytest.mark.parametrize("name", ["command", "backdoor"])
async def test_any_update_of_a_service_is_named(ground: Ground, service: str, name: str) -> None:
    """They have none; it is refused, and its trace in the history becomes a finding."""
    handle = ground.deployment.client.get_workflow_handle(service)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update(name, {"envelope": "{}"})
    await ground.finds("UNKNOWN_UPDATE", f"workflow:{service}")


# --- what somebody with Temporal's credentials does ---


def workflow_id(ground: Ground, task: str) -> str:
    """The id under which a task lives."""
    return ids.task_workflow_id(ground.deployment.parties.conference, task)


async def another_worker_looks(ground: Ground, **settings: Any) -> None:
    """One comparison by a worker that has seen nothing yet."""
    deployment = ground.deployment
    changed = deployment.settings.model_copy(update=settings)
    activities = composition._reconciling(deployment.client, deployment.store, changed)
    await ActivityEnvironment().run(activities.reconcile, ReconcileInput(asked=True))


async def first_input(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """With what the newest run began."""
    history = await handle.fetch_history()
    begun = history.events[0].workflow_execution_started_event_attributes
    given: dict[str, Any] = json.loads(begun.input.payloads[0].data)
    return given


async def continued_input(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """The same, once it is a run that was carried over."""

    async def carried() -> dict[str, Any] | None:
        given = await first_input(handle)
        return given if given.get("carry") else None

    given: dict[str, Any] = await eventually(carried)
    return given


async def begin_again(ground: Ground, task: str, given: dict[str, Any]) -> None:
    """Terminate a task and start it under its own id, on our own queue."""
    deployment = ground.deployment
    await deployment.handle(task).terminate("mine")
    await deployment.client.start_workflow(
        "Task", given, id=workflow_id(ground, task), task_queue=deployment.settings.task_queue
    )


async def run_after(handle: WorkflowHandle[Any, Any], before: str) -> str:
    """The id of the newest run once it is another one, and a carried one."""

    async def another() -> str | None:
        told = await handle.describe()
        run_id = told.run_id
        given = await first_input(handle)
        return run_id if run_id != before and given.get("carry") else None

    run_id: str = await eventually(another)
    return run_id


async def archived(ground: Ground, task: str) -> None:
    """The office ends the task, and its workflow ends."""
    deployment = ground.deployment
    await deployment.done("office", task, "cancel", reason=ground.hand_in("over"))
    await deployment.until_kinds(task, "TaskCancelled", "TaskArchived")

    async def ended() -> bool:
        told = await deployment.handle(task).describe()
        return told.close_time is not None

    await eventually(ended)
