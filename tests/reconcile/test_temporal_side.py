"""What somebody with Temporal's credentials does is named: event, finding, notice."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)
from temporalio.client import WorkflowHistory, WorkflowUpdateFailedError

from lianxi import ids
from lianxi.engine.outcomes import Refused
from lianxi.messages import ROSTERS_ID, ROSTERS_UPDATE, RecordBatch, RostersMessage
from lianxi.ports import ForkDetectedError
from lianxi.store.verify import Look, verify_trail
from tests.deployment import accepted, eventually
from tests.reconcile.ground import Ground
from tests.workflows.test_trouble import replay


async def test_an_untouched_conference_raises_nothing(ground: Ground) -> None:
    """Commands, letters and comparisons: nothing to find, and the result is recorded."""
    task = await ground.issue()
    await ground.deployment.done("U01", task, "acknowledge")
    await ground.finds_nothing()
    assert ground.events("FindingRaised") == []
    assert ground.events("Reconciled")[0]["streams"] >= 2


async def test_a_result_that_says_nothing_new_is_not_recorded_again(ground: Ground) -> None:
    """Comparisons by the clock, one after another, leave one event: the stream stays small."""
    await ground.finds_nothing()
    before = len(ground.events("Reconciled"))
    for _ in range(3):
        await ground.reconcile_by_the_clock()
    assert len(ground.events("Reconciled")) == before


async def test_what_somebody_asked_for_is_recorded_always(ground: Ground) -> None:
    """Whoever asks is shown the result as recorded: it must be that of now."""
    await ground.finds_nothing()
    before = len(ground.events("Reconciled"))
    result = await ground.reconcile()
    assert len(ground.events("Reconciled")) == before + 1
    last = ground.deployment.events(ids.AUDIT_STREAM)[-1]
    assert timedelta(0) <= result.at - last.at < timedelta(seconds=1)


async def test_a_terminated_task_is_named(ground: Ground) -> None:
    """The trail says open, Temporal says terminated."""
    task = await ground.issue()
    await ground.finds_nothing()
    await ground.deployment.handle(task).terminate("slip")
    await ground.finds("WORKFLOW_CLOSED", ground.workflow(task))


async def test_a_cancel_request_is_named(ground: Ground) -> None:
    """The task lives on; that somebody asked stays in its history and becomes a finding."""
    task = await ground.issue()
    await ground.deployment.handle(task).cancel()
    await ground.finds("CANCEL_REQUESTED", ground.workflow(task))


async def test_a_deleted_task_is_named(ground: Ground) -> None:
    """Temporal knows nothing of a workflow that the trail says is open."""
    task = await ground.issue()
    client = ground.deployment.client
    workflow_id = ids.task_workflow_id(ground.deployment.parties.conference, task)
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        )
    )
    await ground.finds("WORKFLOW_MISSING", ground.workflow(task))


async def test_a_stopped_mailroom_is_named_and_cleared_when_it_is_back(ground: Ground) -> None:
    """Without it no notice goes out; the finding goes when it runs again."""
    mailroom = ids.mailroom_workflow_id("mailbox")
    await ground.finds_nothing()
    await ground.deployment.client.get_workflow_handle(mailroom).terminate("quiet")

    async def named() -> bool:
        await ground.reconcile()
        return ("WORKFLOW_CLOSED", f"workflow:{mailroom}") in ground.standing()

    await eventually(named)
    await ground.deployment.engine.start_mailrooms(("mailbox",))

    async def back() -> bool:
        await ground.reconcile()
        # that it was begun again stands for a day
        return ground.standing() == [("WORKFLOW_RESTARTED", f"workflow:{mailroom}")]

    await eventually(back)
    assert len(ground.events("FindingCleared")) == 1
    await eventually(lambda: "finding" in ground.letters("office"))


async def test_a_signal_is_named(ground: Ground) -> None:
    """No workflow of ours takes signals."""
    task = await ground.issue()
    await ground.deployment.handle(task).signal("hurry", "now")
    await ground.finds("UNKNOWN_SIGNAL", ground.workflow(task))


async def test_an_update_of_an_unknown_name_is_named(ground: Ground) -> None:
    """It is refused, and its trace in the history becomes a finding."""
    task = await ground.issue()
    with pytest.raises(WorkflowUpdateFailedError):
        await ground.deployment.handle(task).execute_update("backdoor", "open")
    await ground.finds("UNKNOWN_UPDATE", ground.workflow(task))
    await ground.deployment.done("U01", task, "acknowledge")


async def test_rosters_that_a_task_heard_of_are_no_finding(ground: Ground) -> None:
    """An update of a known name; whoever sends it, the steps are the conference's own."""
    task, deployment = await ground.issue(), ground.deployment
    stream = ids.task_stream(task)
    revoking = deployment.parties.changing(retire=(deployment.parties.signers["U02"].key_id,))
    await deployment.recorded(accepted(await deployment.engine.submit(revoking)))
    steps = tuple(deployment.store.trail.roster_steps(deployment.parties.origin, stream))
    message = RostersMessage(roster_steps=steps)
    handle = deployment.handle(task)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update(ROSTERS_UPDATE, message, id="another")
    await handle.execute_update(ROSTERS_UPDATE, message, id=f"{ROSTERS_ID}1")
    await deployment.until_kinds(task, "TaskIssued", "RosterAdopted")
    await ground.finds_nothing()


async def test_an_unsigned_command_is_turned_away_without_a_trace(ground: Ground) -> None:
    """What has no valid signature reaches neither history nor trail: there is nothing to find."""
    task = await ground.issue()
    envelope = ground.deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {})
    forged = envelope.replace('"sig":"', '"sig":"AAAA', 1)
    assert isinstance(await ground.deployment.engine.submit(forged), Refused)
    with pytest.raises(WorkflowUpdateFailedError):
        await ground.deployment.handle(task).execute_update("command", {"envelope": forged})
    await ground.finds_nothing()


async def test_a_twin_that_nobody_registered_is_named(ground: Ground) -> None:
    """A workflow under a task's name, without a registration in the conference's stream."""
    conference = ground.deployment.parties.conference
    twin = ids.task_workflow_id(conference, "T-0077")
    await ground.deployment.client.start_workflow("Task", {}, id=twin, task_queue="somebody-else")
    await ground.finds("WORKFLOW_UNREGISTERED", f"workflow:{twin}")


async def test_a_workflow_of_no_conference_is_named(ground: Ground) -> None:
    """Whatever else runs in the namespace."""
    await ground.deployment.client.start_workflow(
        "Miner", {}, id="innocent", task_queue="somebody-else"
    )
    await ground.finds("WORKFLOW_UNREGISTERED", "workflow:innocent")


async def test_a_task_that_runs_on_another_queue_is_named(ground: Ground) -> None:
    """Terminated and begun again where a rogue worker answers."""
    task = await ground.issue()
    await ground.deployment.handle(task).terminate("mine now")
    await ground.deployment.client.start_workflow(
        "Task",
        {},
        id=ids.task_workflow_id(ground.deployment.parties.conference, task),
        task_queue="somebody-else",
    )
    await ground.finds("WORKFLOW_FOREIGN", ground.workflow(task))


async def test_a_reset_is_named_and_freezes_the_task(ground: Ground) -> None:
    """Another run goes on from an earlier point: reset, fork, frozen."""
    task = await ground.issue()
    deployment = ground.deployment
    handle = deployment.handle(task)
    await deployment.done("U01", task, "acknowledge")
    await deployment.recorded(await deployment.done("U01", task, "progress", percent=10))
    await ground.finds_nothing()
    await reset(ground, task)
    await ground.finds("WORKFLOW_RESET", ground.workflow(task))
    await deployment.act("U02", task, "acknowledge")
    await ground.finds("STREAM_FROZEN", f"{deployment.parties.conference}/{ids.task_stream(task)}")
    assert "FROZEN" in await handle.query("state")
    assert [fork["stream"] for fork in ground.events("ForkDetected")] == [ids.task_stream(task)]


async def test_a_thaw_lets_the_task_go_on_from_what_stands(ground: Ground) -> None:
    """Reset, frozen, thawed: the next command is recorded, everything verifies, the history replays."""
    task = await ground.issue()
    deployment = ground.deployment
    await deployment.done("U01", task, "acknowledge")
    await deployment.recorded(await deployment.done("U01", task, "progress", percent=10))
    await reset(ground, task)
    frozen = f"{deployment.parties.conference}/{ids.task_stream(task)}"
    await deployment.act("U02", task, "acknowledge")
    await ground.finds("STREAM_FROZEN", frozen)
    stood = deployment.events(ids.task_stream(task))
    last = deployment.store.trail.event_at(
        deployment.parties.origin, ids.task_stream(task), len(stood)
    )
    assert last is not None
    reason = ground.hand_in("the trail stands")
    receipt = await deployment.done("office", task, "thaw", reason=reason, expect=last.hash)
    await deployment.recorded(receipt)
    thawed = deployment.events(ids.task_stream(task))[-1]
    assert (thawed.kind, thawed.prev) == ("TaskThawed", last.hash)
    await deployment.recorded(await deployment.done("U02", task, "progress", percent=20))

    async def cleared() -> bool:
        await ground.reconcile()
        return ("STREAM_FROZEN", frozen) not in ground.standing()

    await eventually(cleared)
    look = Look(now=datetime.now(UTC))
    report = verify_trail(deployment.store.engine, deployment.store.evidence, look)
    assert report.findings == []
    # a reset run names its base run: what only a replay from the beginning may see
    history = await deployment.handle(task).fetch_history()
    await replay(history)
    # the very same, offered once more after the thaw, is a fork once more
    with pytest.raises(ForkDetectedError):
        deployment.store.trail.append(forked_batch(history))
    assert len(ground.events("ForkDetected")) == 2
    await ground.finds("STREAM_FROZEN", frozen)


def forked_batch(history: WorkflowHistory) -> RecordBatch:
    """What was offered when recording was refused for good."""
    scheduled = {
        event.event_id: event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    }
    failed = next(
        event.activity_task_failed_event_attributes
        for event in history.events
        if event.HasField("activity_task_failed_event_attributes")
    )
    payload = scheduled[failed.scheduled_event_id].input.payloads[0]
    return RecordBatch.model_validate_json(payload.data)


@pytest.mark.parametrize("which", ["conference", "sealer"])
async def test_a_terminated_conference_or_sealer_is_named(ground: Ground, which: str) -> None:
    """Neither registers or seals any more."""
    conference = ids.conference_workflow_id(ground.deployment.parties.conference)
    workflow_id = {"conference": conference, "sealer": ids.sealer_workflow_id()}[which]
    await ground.finds_nothing()
    await ground.deployment.client.get_workflow_handle(workflow_id).terminate("over")
    await ground.finds("WORKFLOW_CLOSED", f"workflow:{workflow_id}")


async def test_the_schedule_compares_by_itself_and_stays_paused(ground: Ground) -> None:
    """Made, brought to other settings, and left paused: results that grow old show that."""
    engine, client = ground.deployment.engine, ground.deployment.client
    assert await engine.keep_reconciling(timedelta(seconds=1))
    await eventually(lambda: ground.events("Reconciled"))
    assert await engine.keep_reconciling(timedelta(seconds=300))
    schedule = client.get_schedule_handle(ids.RECONCILE_SCHEDULE)
    (interval,) = (await schedule.describe()).schedule.spec.intervals
    assert interval.every == timedelta(seconds=300)
    await schedule.pause(note="quiet")
    assert await engine.keep_reconciling(timedelta(seconds=300))
    assert (await schedule.describe()).schedule.state.paused


async def test_what_the_schedule_finds_is_told(ground: Ground) -> None:
    """Nobody asks: finding and letters come by themselves."""
    task = await ground.issue()
    await ground.deployment.handle(task).terminate("slip")
    assert await ground.deployment.engine.keep_reconciling(timedelta(seconds=1))
    place = ground.workflow(task)
    await eventually(lambda: ("WORKFLOW_CLOSED", place) in ground.standing())
    await eventually(lambda: "finding" in ground.letters("auditor"))


async def reset(ground: Ground, task: str) -> None:
    """To the first workflow task that completed, without taking the updates along."""
    client = ground.deployment.client
    workflow_id = ids.task_workflow_id(ground.deployment.parties.conference, task)
    history = await ground.deployment.handle(task).fetch_history()
    completed = next(
        event.event_id
        for event in history.events
        if event.HasField("workflow_task_completed_event_attributes")
    )
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=history.run_id),
            reason="test",
            workflow_task_finish_event_id=completed,
            request_id=str(uuid4()),
            reset_reapply_exclude_types=[
                ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
                ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
            ],
        )
    )
