"""Finds open workflows that cannot go on: an unreadable start, a bug in the loop, changed code.

Imports temporalio where it runs: asked through `temporal_probe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from temporalio.client import Client

# A killed worker costs a second attempt; from the third on, after about ten seconds, it is stuck.
_STUCK_ATTEMPTS = 3


@dataclass(frozen=True)
class StuckWorkflow:
    """An open workflow whose workflow task keeps failing (unreadable start, bug, changed code)."""

    workflow_id: str
    run_id: str
    attempts: int
    cause: str


async def stuck_workflows(client: Client, limit: int = 500) -> list[StuckWorkflow]:
    """Those of the first `limit` open workflows whose workflow task failed again and again."""
    return [stuck async for stuck in _stuck(client, limit)]


async def _stuck(client: Client, limit: int) -> AsyncIterator[StuckWorkflow]:
    from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
    from temporalio.service import RPCError

    async for execution in client.list_workflows("ExecutionStatus = 'Running'", limit=limit):
        request = DescribeWorkflowExecutionRequest(namespace=client.namespace)
        request.execution.workflow_id, request.execution.run_id = execution.id, execution.run_id
        # the pending task counts its attempts; failures after the first leave nothing in history
        try:
            description = await client.workflow_service.describe_workflow_execution(
                request, timeout=timedelta(seconds=5)
            )
        except RPCError:
            continue  # it ended between listing and describing
        attempts = description.pending_workflow_task.attempt
        if attempts >= _STUCK_ATTEMPTS:
            yield StuckWorkflow(
                execution.id,
                execution.run_id,
                attempts,
                await _last_failure(client, execution.id, execution.run_id),
            )


async def _last_failure(client: Client, workflow_id: str, run_id: str) -> str:
    from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
    from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
    from temporalio.service import RPCError

    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, maximum_page_size=20
    )
    request.execution.workflow_id, request.execution.run_id = workflow_id, run_id
    try:
        page = await client.workflow_service.get_workflow_execution_history_reverse(
            request, timeout=timedelta(seconds=5)
        )
    except RPCError:
        return ""
    for event in page.history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            cause = WorkflowTaskFailedCause.Name(failed.cause).removeprefix(
                "WORKFLOW_TASK_FAILED_CAUSE_"
            )
            return f"{cause}: {failed.failure.message[:200]}"
    return "no failure in the last 20 events"
