"""Record workflow histories for tests/replay: `python -m tools.record_histories NAME`.

Run once per release, under the release's name; histories already recorded are never replaced,
since they stand for workflows that run somewhere.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from lianxi.ids import conference_workflow_id
from lianxi.messages import Tuning
from lianxi.runtime.layout import DataDir
from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from lianxi.runtime.ports import ServerPorts
from lianxi.runtime.server_config import server_command
from lianxi.runtime.server_source import find_or_build
from tests.deployment import Deployment
from tests.parties import text_commitment

HISTORIES = Path(__file__).parents[1] / "tests" / "replay" / "histories"


async def live(deployment: Deployment) -> str:
    """Every command of a task once, and a cancel request."""
    task = await deployment.issue()
    await deployment.done("U01", task, "acknowledge")
    await deployment.done("U01", task, "progress", percent=30)
    await deployment.submit("U01", task)
    await deployment.done("U01", task, "recall")
    sent = (await deployment.submit("U01", task)).events[-1].hash
    back = {"unit": "U01", "submission": sent, "reason": text_commitment("figures are missing")}
    due = {"rule": "duration", "seconds": 432_000}
    await deployment.done("office", task, "return", expect=sent, due=due, **back)
    await deployment.handle(task).cancel()
    await deployment.until_kinds(task, "CancellationRequested")
    sent = (await deployment.submit("U01", task)).events[-1].hash
    await deployment.done("office", task, "accept", unit="U01", submission=sent, expect=sent)
    reason = text_commitment("the plan changed")
    await deployment.done("office", task, "due", units=["U02"], due=due, reason=reason)
    receipt = await deployment.done("office", task, "cancel", reason=reason)
    await deployment.recorded(receipt)
    return task


async def record(address: str, folder: Path, release: str) -> None:
    """Live through the scenarios and write what Temporal remembers of them."""
    await ensure_namespace(TemporalTarget(address, "recording"))
    client = await Client.connect(
        address, namespace="recording", data_converter=pydantic_data_converter
    )
    for scenario, tuning in (("life", None), ("continued", Tuning(continue_after_commands=4))):
        async with Deployment.running(client, folder / scenario, tuning=tuning) as deployment:
            task = await live(deployment)
            conference = conference_workflow_id(deployment.parties.conference)
            for kind, handle in (
                ("task", deployment.handle(task)),
                ("conference", client.get_workflow_handle(conference)),
            ):
                history = await handle.fetch_history()
                target = HISTORIES / f"{release}-{kind}-{scenario}.json"
                if target.exists():
                    sys.exit(f"{target.name} is recorded already; give the release another name")
                content = {
                    "workflow_id": history.workflow_id,
                    "history": json.loads(history.to_json()),
                }
                target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
                print(target.name, len(history.events), "events")


def main() -> int:
    """With a server of its own."""
    (release,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        data = DataDir.at(Path(name) / "server")
        data.create()
        ports = ServerPorts.free()
        command = server_command(data, find_or_build(), ports, tests=True)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                asyncio.run(record(f"127.0.0.1:{ports.frontend}", Path(name), release))
            finally:
                server.terminate()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
