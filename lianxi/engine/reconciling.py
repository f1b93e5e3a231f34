"""The Schedule that starts reconciliation, and asking for one now (engine layer)."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowFailureError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from lianxi import ids
from lianxi.messages import RECONCILE_WORKFLOW, ReconcileInput, ReconcileResult

RPC_TIMEOUT = timedelta(seconds=10)
RUN_TIMEOUT = timedelta(minutes=15)
"""Of one comparison with all its attempts; then the next one looks anew."""

CATCH_UP = timedelta(seconds=10)
"""What the server missed for longer is not made up for: one comparison is as good as ten."""


async def keep_schedule(client: Client, task_queue: str, every: timedelta) -> bool:
    """Make the Schedule, or bring it to these settings; False when the server did not say.

    A paused one stays paused: whoever stops it shows by results that grow old.
    """
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE_WORKFLOW,
            ReconcileInput(),
            id=ids.reconcile_workflow_id("scheduled"),
            task_queue=task_queue,
            run_timeout=RUN_TIMEOUT,
            static_summary="trail and Temporal compared",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )

    def renewed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = known.description.schedule.state
        return ScheduleUpdate(schedule=schedule)

    try:
        try:
            await client.create_schedule(ids.RECONCILE_SCHEDULE, schedule, rpc_timeout=RPC_TIMEOUT)
        except ScheduleAlreadyRunningError:
            handle = client.get_schedule_handle(ids.RECONCILE_SCHEDULE)
            await handle.update(renewed, rpc_timeout=RPC_TIMEOUT)
    except RPCError:
        return False
    return True


async def reconcile_now(
    client: Client, task_queue: str, patience: timedelta
) -> ReconcileResult | None:
    """Compare now, or join who is at it; None when no result came within the patience."""
    try:
        handle = await client.start_workflow(
            RECONCILE_WORKFLOW,
            ReconcileInput(asked=True),
            id=ids.reconcile_workflow_id("asked"),
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            run_timeout=RUN_TIMEOUT,
            static_summary="trail and Temporal compared, on request",
            result_type=ReconcileResult,
            rpc_timeout=RPC_TIMEOUT,
        )
        result: ReconcileResult = await handle.result(rpc_timeout=patience)
    except (RPCError, WorkflowFailureError):
        return None
    return result
