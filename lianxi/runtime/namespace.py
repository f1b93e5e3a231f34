"""Temporal seen from the runtime: connect, ensure the namespace, wait until all of it serves.

Whoever imports temporalio must leave by os._exit after flushing (at interpreter exit some processes
crash): callers of these coroutines do so. The supervisor and `doctor` ask through `temporal_probe`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault

if TYPE_CHECKING:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceResponse
    from temporalio.client import Client
    from temporalio.service import RPCError

RETENTION = timedelta(days=90)
# Names no workflow has, on several history shards: one that answers is not enough.
_ABSENT_IDS = tuple(f"lianxi-readiness-{number}" for number in range(8))


@dataclass(frozen=True)
class TemporalTarget:
    """Where Temporal is.

    `plain`: the embedded server on loopback, whatever profiles and TLS settings the user's Temporal
    configuration holds; otherwise envconfig completes the connection.
    """

    address: str
    namespace: str
    profile: str = ""
    plain: bool = True


@dataclass(frozen=True)
class NamespaceReport:
    """The namespace as it is.

    An existing one is never changed, so `retention_hours` may differ from what was wanted.
    """

    address: str
    namespace: str
    created: bool
    retention_hours: float


async def connect(target: TemporalTarget, patience: float = 60.0) -> Client:
    """A client once the server answers, or a fault after `patience` seconds."""
    from temporalio.client import Client
    from temporalio.envconfig import ClientConfig

    settings = (
        {}
        if target.plain
        else dict(ClientConfig.load_client_connect_config(target.profile or None))
    )
    settings["namespace"] = target.namespace
    if target.address:
        settings["target_host"] = target.address
    deadline = time.monotonic() + patience
    while True:
        try:
            return await Client.connect(**settings)  # type: ignore[arg-type]
        except RuntimeError as error:
            if time.monotonic() >= deadline:
                raise RuntimeFault(
                    "TEMPORAL_UNREACHABLE",
                    f"Temporal at {settings.get('target_host', '?')} does not answer: {error}",
                    hint="Correct or unset TEMPORAL_ADDRESS or TEMPORAL_PROFILE, or start it.",
                    place=str(settings.get("target_host", "")),
                ) from error
        await asyncio.sleep(0.1)


async def ensure_namespace(
    target: TemporalTarget, retention: timedelta = RETENTION, patience: float = 60.0
) -> NamespaceReport:
    """Register the namespace unless it exists, wait until all services know it, report it."""
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.service import RPCError

    deadline = time.monotonic() + patience
    client = await connect(target, patience)
    created = False
    while True:
        try:
            answer = await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=target.namespace), timeout=timedelta(seconds=5)
            )
            await _require_served(client)
            break
        except RPCError as error:
            if _namespace_missing(error) and not created:
                created = await _register(client, retention)
            elif time.monotonic() >= deadline or not _may_heal(error):
                raise _unusable(target, error) from error
        await asyncio.sleep(0.1)
    return _report(client, answer, created=created)


async def look_at_namespace(target: TemporalTarget, patience: float = 5.0) -> NamespaceReport:
    """The namespace as it is, or a fault; registers nothing."""
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.service import RPCError

    client = await connect(target, patience)
    request = DescribeNamespaceRequest(namespace=target.namespace)
    try:
        answer = await client.workflow_service.describe_namespace(
            request, timeout=timedelta(seconds=5)
        )
    except RPCError as error:
        raise _unusable(target, error) from error
    return _report(client, answer, created=False)


def _report(client: Client, answer: DescribeNamespaceResponse, *, created: bool) -> NamespaceReport:
    kept = answer.config.workflow_execution_retention_ttl.ToTimedelta()
    address = client.service_client.config.target_host
    return NamespaceReport(address, client.namespace, created, kept / timedelta(hours=1))


def _unusable(target: TemporalTarget, error: RPCError) -> RuntimeFault:
    return RuntimeFault(
        "NAMESPACE_UNUSABLE",
        f"Temporal does not serve the namespace {target.namespace}: {error.message}",
        hint="On a cluster of others: let its operators register it, with 90 days of retention.",
        place=target.namespace,
    )


async def _register(client: Client, retention: timedelta) -> bool:
    """Whether this call registered it; another process may be first."""
    from google.protobuf.duration_pb2 import Duration
    from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
    from temporalio.service import RPCError, RPCStatusCode

    period = Duration()
    period.FromTimedelta(retention)
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=period
    )
    try:
        await client.workflow_service.register_namespace(request, timeout=timedelta(seconds=10))
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return False
        raise
    return True


async def _require_served(client: Client) -> None:
    """Raise unless history and matching, not only the frontend, know the namespace and answer."""
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import (
        DescribeTaskQueueRequest,
        DescribeWorkflowExecutionRequest,
    )
    from temporalio.service import RPCError, RPCStatusCode

    soon = timedelta(seconds=5)
    for absent in _ABSENT_IDS:
        execution = WorkflowExecution(workflow_id=absent)
        request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
        try:
            await client.workflow_service.describe_workflow_execution(request, timeout=soon)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND or _namespace_missing(error):
                raise
    await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=_ABSENT_IDS[0]),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=soon,
    )


def _namespace_missing(error: RPCError) -> bool:
    from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure

    return any(
        detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
    )


def _may_heal(error: RPCError) -> bool:
    """Whether waiting may help: a server that comes up answers almost anything for a while."""
    from temporalio.service import RPCStatusCode

    hopeless = {
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.INVALID_ARGUMENT,
    }
    return error.status not in hopeless
