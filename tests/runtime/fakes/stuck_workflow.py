"""Starts a workflow whose workflow task always fails, and works on it until killed."""

import asyncio
import os
import sys

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn
class Broken:
    """A bug in the run loop."""

    @workflow.run
    async def run(self) -> None:
        """Fail the workflow task, not the workflow."""
        raise ValueError("a bug for doctor to find")


async def main(address: str, namespace: str) -> None:
    """Until killed."""
    client = await Client.connect(address, namespace=namespace)
    worker = Worker(
        client, task_queue="stuck", workflows=[Broken], workflow_runner=UnsandboxedWorkflowRunner()
    )
    async with worker:
        await client.start_workflow(Broken.run, id="broken", task_queue="stuck")
        sys.stdout.write("started\n")
        sys.stdout.flush()
        await asyncio.sleep(60)


try:
    asyncio.run(main(sys.argv[1], sys.argv[2]))
finally:
    os._exit(0)
