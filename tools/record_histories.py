"""Record workflow histories for tests/replay: `python -m tools.record_histories NAME [SCENARIO...]`.

Run once per release, under the release's name; histories already recorded are never replaced,
since they stand for workflows that run somewhere. Without scenarios: all.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from lianxi.domain.roster import Threshold
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.engine.outcomes import Refused
from lianxi.ids import conference_workflow_id
from lianxi.messages import SEALER_WORKFLOW, Receipt, SealerInput, Tuning
from lianxi.runtime.layout import DataDir
from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from lianxi.runtime.ports import ServerPorts
from lianxi.runtime.server_config import server_command
from lianxi.runtime.server_source import find_or_build
from tests.deployment import Deployment, accepted, eventually
from tests.parties import CALENDAR, text_commitment

Handles = dict[str, WorkflowHandle[Any, Any]]
Live = Callable[[Deployment], Awaitable[Handles]]
"""Lives through something; answers the runs whose histories are kept, by kind."""

ROOT = Path(__file__).parents[1]
HISTORIES = ROOT / "tests" / "replay" / "histories"


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


async def live_fully(deployment: Deployment) -> str:
    """Requests, pauses, concurrence, proposals and repairs: what came with release 0.2."""
    reason = text_commitment("reason")
    working = {"rule": "days", "kind": "working"}
    task = await deployment.issue(
        mode="lead",
        lead="U01",
        units=["U02", "U03"],
        concurrence=True,
        report={"every": "week", "day": 5},
        due=None,
    )

    async def rule(action: str, seen: Receipt, **args: Any) -> Receipt:
        last = seen.events[-1].hash
        return await deployment.done("office", task, action, expect=last, **args)

    objected = await deployment.done("U02", task, "object", reason=reason)
    subject = {"unit": "U02", "request": "objection", "subject": objected.events[-1].hash}
    await rule("refuse", objected, **subject, reason=reason)
    for unit in ("U01", "U02", "U03"):
        await deployment.done(unit, task, "acknowledge")
    asked = await deployment.done(
        "U01", task, "extend", until={**working, "days": 40}, reason=reason
    )
    subject = {"unit": "U01", "request": "extension", "subject": asked.events[-1].hash}
    granted = await rule("grant", asked, **subject)
    review = {**working, "days": 5}
    paused = await rule("suspend", granted, unit="U01", reason=reason, review_by=review)
    await rule("resume", paused, unit="U01")
    await deployment.done("office", task, "urge", units=["U02", "U03"])
    told = await deployment.done("convener", task, "instruct", text=reason, acknowledge=True)
    await deployment.done("U03", task, "heed", instruction=told.events[-1].hash)
    by_phone = {"unit": "U03", "act": "progress", "args": {"percent": 40}, "via": "phone"}
    filed = await deployment.done("office", task, "on-behalf", **by_phone, basis=reason)
    await deployment.done("U03", task, "dispute", filing=filed.events[0].hash, reason=reason)
    slip = await deployment.done(
        "office", task, "due", units=["U02"], due={**working, "days": 30}, reason=reason
    )
    mistaken = {"unit": "U02", "act": slip.events[-1].hash, "reason": reason}
    await deployment.done("office", task, "by-mistake", **mistaken)
    sent = await deployment.submit("U01", task)
    submission = sent.events[0].hash
    await deployment.done("U02", task, "concur", submission=submission)
    await deployment.done("U03", task, "dissent", submission=submission, reason=reason)
    accepted = {"unit": "U01", "submission": submission, "expect": submission}
    await deployment.done("office", task, "accept", **accepted, reason=reason)
    head = (await deployment.done("office", task, "add", unit="U04")).events[-1].hash
    ending = {"verdict": "not-implemented", "reason": reason}
    proposed = await deployment.done("office", task, "close", expect=head, **ending)
    receipt = await deployment.done("convener", task, "approve", proposal=proposed.events[0].hash)
    await deployment.recorded(receipt)
    return task


async def live_through_keys(deployment: Deployment) -> str:
    """Keys are rotated, revoked, replaced, the threshold rises; the task adopts each roster it meets."""
    parties, reason = deployment.parties, text_commitment("reason")
    task = await deployment.issue(units=["U01", "U02", "U03"])

    async def change(envelope: str) -> None:
        outcome = await deployment.engine.submit(envelope)
        await deployment.recorded(accepted(outcome))

    await deployment.done("U01", task, "acknowledge")
    await change(parties.rotating("U01"))
    await deployment.done("U01", task, "progress", percent=20)
    two = Threshold(k=2, keys=tuple(parties.signers[u].key_id for u in ("convener", "office")))
    both = ("convener", "office")
    await change(parties.changing(threshold=two, by=both))
    gone = (parties.signers["U03"].key_id,)
    await change(parties.changing(retire=gone, by=both))
    refused = await deployment.act("U03", task, "acknowledge")
    if not isinstance(refused, Refused) or refused.code != "KEY_RETIRED":
        raise SystemExit(f"a revoked key acted: {refused}")
    await change(parties.replacing("U02", datetime.now(UTC) + timedelta(hours=73), by=both))
    await deployment.done("U02", task, "acknowledge")  # the key that is said to be lost, meanwhile
    await deployment.submit("U01", task)
    receipt = await deployment.done("convener", task, "cancel", reason=reason)
    await deployment.recorded(receipt)
    return task


async def live_sealed(deployment: Deployment) -> Handles:
    """The sealer ends a round as it is asked to, and makes way for its next run."""
    client, workflow_id = deployment.client, f"{deployment.parties.conference}/sealer"
    started = await client.start_workflow(
        SEALER_WORKFLOW,
        SealerInput(),
        id=workflow_id,
        task_queue=deployment.settings.task_queue,
    )
    task = await deployment.issue()
    await deployment.recorded(
        await deployment.done("convener", task, "cancel", reason=text_commitment("reason"))
    )
    await started.cancel()
    run = client.get_workflow_handle(workflow_id, run_id=started.first_execution_run_id)

    async def over() -> bool:
        return (await run.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW

    await eventually(over)
    return {"sealer": run}


def of_a_task(live: Callable[[Deployment], Awaitable[str]]) -> Live:
    """The task that is lived through, and its conference."""

    async def lived(deployment: Deployment) -> Handles:
        task = await live(deployment)
        conference = conference_workflow_id(deployment.parties.conference)
        return {
            "task": deployment.handle(task),
            "conference": deployment.client.get_workflow_handle(conference),
        }

    return lived


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is lived through, and in what kind of conference."""

    live: Live
    tuning: Tuning | None = None
    parties: dict[str, Any] = field(default_factory=dict)


TODAY: dict[str, Any] = {
    "rules": DEFAULT_RULES.model_copy(update={"needs_convener": ("close", "warning", "bulletin")}),
    "calendar": CALENDAR,
    "units": ("U01", "U02", "U03", "U04"),
}

SCENARIOS = {
    "life": Scenario(of_a_task(live), parties=TODAY),
    "continued": Scenario(of_a_task(live), Tuning(continue_after_commands=4), TODAY),
    "full": Scenario(of_a_task(live_fully), parties=TODAY),
    "full-continued": Scenario(of_a_task(live_fully), Tuning(continue_after_commands=3), TODAY),
    "keys": Scenario(of_a_task(live_through_keys), parties=TODAY),
    "keys-continued": Scenario(
        of_a_task(live_through_keys), Tuning(continue_after_commands=3), TODAY
    ),
    "cancelled": Scenario(live_sealed, parties=TODAY),
}


async def record(address: str, folder: Path, release: str, wanted: Sequence[str]) -> None:
    """Live through the scenarios and write what Temporal remembers of them."""
    await ensure_namespace(TemporalTarget(address, "recording"))
    client = await Client.connect(
        address, namespace="recording", data_converter=pydantic_data_converter
    )
    for scenario in wanted or SCENARIOS:
        given = SCENARIOS[scenario]
        async with Deployment.running(
            client, folder / scenario, tuning=given.tuning, **given.parties
        ) as deployment:
            for kind, handle in (await given.live(deployment)).items():
                history = await handle.fetch_history()
                target = HISTORIES / f"{release}-{kind}-{scenario}.json"
                if target.exists():
                    sys.exit(f"{target.name} is recorded already; give the release another name")
                content = {
                    "workflow_id": history.workflow_id,
                    "history": json.loads(history.to_json()),
                }
                text = json.dumps(content, indent=1).replace(f"{ROOT}/", "")  # of stack traces
                target.write_text(text + "\n", encoding="utf-8")
                print(target.name, len(history.events), "events")


def main() -> int:
    """With a server of its own."""
    release, *wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        data = DataDir.at(Path(name) / "server")
        data.create()
        ports = ServerPorts.free()
        command = server_command(data, find_or_build(), ports, tests=True)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                asyncio.run(record(f"127.0.0.1:{ports.frontend}", Path(name), release, wanted))
            finally:
                server.terminate()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
