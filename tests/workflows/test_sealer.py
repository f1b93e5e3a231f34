"""The sealer on the real server: it seals what is recorded, and nothing but its deployment's end ends it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from temporalio import activity
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistory,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.messages import SEAL_EVENTS, SEALER_WORKFLOW, SealerInput, SealRound
from lianxi.service_keys import make_service_key
from lianxi.store.tables import leaves
from lianxi.store.tree_reads import newest_checkpoint
from tests.deployment import Deployment, eventually, sandbox
from tests.parties import text_commitment
from workflows.rounds import PAUSE_AFTER_FAILURE, ROUNDS_PER_RUN
from workflows.sealer import SealerWorkflow

Handle = WorkflowHandle[SealerWorkflow, None]


async def start_sealer(deployment: Deployment) -> Handle:
    """A sealer of this test's own queue; production has one per deployment."""
    return await deployment.client.start_workflow(
        SEALER_WORKFLOW,
        SealerInput(),
        id=f"{deployment.parties.conference}/sealer",
        task_queue=deployment.settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


async def sealed(deployment: Deployment, stream: str, kind: str) -> None:
    """Wait until a stream's event of this kind stands in a signed checkpoint."""

    def look() -> bool:
        seqs = [event.seq for event in deployment.events(stream) if event.kind == kind]
        with deployment.store.engine.connect() as connection:
            found = newest_checkpoint(connection, deployment.parties.origin)
            leaf = connection.scalar(
                select(leaves.c.leaf).where(leaves.c.stream == stream, leaves.c.seq.in_(seqs))
            )
        return found is not None and leaf is not None and leaf < found.size

    await eventually(look)


def with_key(deployment: Deployment) -> Deployment:
    """A deployment whose log has its key."""
    path = deployment.settings.log_key_file
    path.parent.mkdir(parents=True)
    make_service_key(path)
    return deployment


@pytest.fixture
def keyed(deployment: Deployment) -> Deployment:
    """One that runs."""
    return with_key(deployment)


async def test_what_is_recorded_is_sealed_and_signed_when_a_task_ends(keyed: Deployment) -> None:
    """At once at the start; then long before the minute is over, since a task was cancelled."""
    task = await keyed.issue()
    await keyed.until_kinds(task, "TaskIssued")
    await start_sealer(keyed)
    await sealed(keyed, task_stream(task), "TaskIssued")
    reason = text_commitment("the plan changed")
    await keyed.done("convener", task, "cancel", reason=reason)
    await sealed(keyed, task_stream(task), "TaskCancelled")


async def test_a_cancelled_sealer_goes_on(keyed: Deployment) -> None:
    """A slip in the Temporal UI ends a round, not the sealer: the next run seals."""
    handle = await start_sealer(keyed)
    await sealed(keyed, CONFERENCE_STREAM, "ConferenceFounded")
    await handle.cancel()
    before = handle.first_execution_run_id

    async def next_run() -> bool:
        return (await keyed.client.get_workflow_handle(handle.id).describe()).run_id != before

    await eventually(next_run)
    task = await keyed.issue()
    await keyed.done("convener", task, "cancel", reason=text_commitment("by mistake"))
    await sealed(keyed, task_stream(task), "TaskCancelled")


async def test_a_worker_that_stops_hands_the_sealer_to_the_next(
    temporal: Client, tmp_path: Path
) -> None:
    """Its round ends by itself within a second or two, and the next worker's begins."""
    deployment = with_key(Deployment.prepared(temporal, tmp_path))
    async with deployment.worker():
        await deployment.found()
        handle = await start_sealer(deployment)
        await sealed(deployment, CONFERENCE_STREAM, "ConferenceFounded")
        stopping = time.monotonic()
    assert time.monotonic() - stopping < deployment.settings.graceful_shutdown
    async with deployment.worker():
        task = await deployment.issue()
        await deployment.done("convener", task, "cancel", reason=text_commitment("done without"))
        await sealed(deployment, task_stream(task), "TaskCancelled")
    history = await handle.fetch_history()
    ended = [e.activity_task_completed_event_attributes for e in completed(history)]
    assert '"ended":"shutdown"' in ended[0].result.payloads[0].data.decode()
    deployment.store.close()


# --- what it does with rounds that end, on an activity of the test's own ---


class Rounds:
    """Ends each round as `ends` says, the last one again and again; counts them."""

    def __init__(self, *ends: SealRound | Exception) -> None:
        self.ends = list(ends)
        self.count = 0

    @activity.defn(name=SEAL_EVENTS)
    async def seal_events(self, _order: SealerInput) -> SealRound:
        self.count += 1
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if isinstance(end, Exception):
            raise end
        return end


@asynccontextmanager
async def sealing(client: Client, rounds: Rounds) -> AsyncIterator[Handle]:
    """A sealer whose rounds are these."""
    queue = f"s{uuid4().hex[:12]}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[SealerWorkflow],
        activities=[rounds.seal_events],
        workflow_runner=sandbox(),
    ):
        handle = await client.start_workflow(
            SealerWorkflow.run, SealerInput(), id=f"{queue}/sealer", task_queue=queue
        )
        yield handle
        await client.get_workflow_handle(handle.id).terminate()


def completed(history: WorkflowHistory) -> list[HistoryEvent]:
    return [e for e in history.events if e.HasField("activity_task_completed_event_attributes")]


async def first_run(client: Client, handle: Handle) -> WorkflowHistory:
    """The history of the run that was started, once it has made way for the next."""
    run = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)

    async def over() -> bool:
        return (await run.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW

    await eventually(over)
    return await run.fetch_history()


async def test_after_a_day_of_rounds_it_continues_as_new(temporal: Client) -> None:
    """However they end; the next run begins with the same order."""
    async with sealing(temporal, Rounds(SealRound(ended="time", sealed=3))) as handle:
        history = await first_run(temporal, handle)
    assert len(completed(history)) == ROUNDS_PER_RUN == 24


async def test_a_cancelled_round_makes_way_for_the_next_run(temporal: Client) -> None:
    """The activity's own word is enough."""
    rounds = Rounds(SealRound(ended="cancelled"), SealRound(ended="time"))
    async with sealing(temporal, rounds) as handle:
        history = await first_run(temporal, handle)
    assert len(completed(history)) == 1


async def test_a_round_that_failed_is_followed_by_another_after_a_minute(temporal: Client) -> None:
    """A defect does not end the sealer, nor make it run hot; a cancel request ends the pause."""
    rounds = Rounds(ApplicationError("a defect", non_retryable=True))
    async with sealing(temporal, rounds) as handle:

        async def timer() -> list[timedelta]:
            history = await handle.fetch_history()
            return [
                e.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
                for e in history.events
                if e.HasField("timer_started_event_attributes")
            ]

        assert await eventually(timer) == [PAUSE_AFTER_FAILURE] == [timedelta(minutes=1)]
        assert rounds.count == 1
        await handle.cancel()
        await first_run(temporal, handle)
        await eventually(lambda: rounds.count == 2)
