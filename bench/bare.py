"""The other side: Temporal updates with the same call pattern and nothing of ours in them.

What it does: one workflow stands for the conference and one for each task. A command is an update
with the same signed envelope as argument, which nobody opens; the handler counts it and answers
the number with a text as long as a receipt. No validator, no state but the counter, no activity, no
timer, no details for the UI. Same server, converter and worker options, no sandbox either; a
process of its own.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.bare_messages import BARE_UPDATE, BARE_WORKFLOW, BareAnswer, BareCommand
from lianxi.engine.connection import DATA_CONVERTER

_RECEIPT = "r" * 455
"""As long as the receipt of an acknowledgement in JSON."""


@workflow.defn(name=BARE_WORKFLOW)
class BareWorkflow:
    """Counts updates until it is told to end, which nobody does."""

    def __init__(self) -> None:
        self._commands = 0
        self._ended = False

    @workflow.run
    async def run(self) -> None:
        """Wait."""
        await workflow.wait_condition(lambda: self._ended)

    @workflow.update(name=BARE_UPDATE)
    def command(self, _command: BareCommand) -> BareAnswer:
        """Count and answer."""
        self._commands += 1
        return BareAnswer(number=self._commands, receipt=_RECEIPT)


async def serve(address: str, namespace: str, task_queue: str, ready: Path) -> None:
    """A worker with the options of ours, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(address, namespace=namespace, data_converter=DATA_CONVERTER)
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[BareWorkflow],
        max_cached_workflows=2_000,
        max_concurrent_workflow_task_polls=3,
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
    ):
        await asyncio.to_thread(ready.write_text, f"{os.getpid()}\n", encoding="ascii")
        await stop.wait()


if __name__ == "__main__":
    server_address, of_namespace, queue, ready_file = sys.argv[1:]
    asyncio.run(serve(server_address, of_namespace, queue, Path(ready_file)))
    sys.stdout.flush()
    os._exit(0)
