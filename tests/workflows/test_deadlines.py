"""Deadlines on the real server, by time skipping; with the store away and the worker down."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from temporalio.client import Client

from lianxi import ids
from tests.deployment import Deployment, eventually
from tests.workflows.skipping import Skipping

DAY = timedelta(days=1)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else holds the trail's write lock."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def test_the_ladder_climbs_by_itself(temporal: Client, tmp_path: Path) -> None:
    """Half the acknowledge limit, the limit, near due, due: once each, to whom the ladder says."""
    async with Skipping.prepared(temporal, tmp_path) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=["U01"])
            for _ in range(12):
                await skipping.skip(task, DAY)
            await deployment.until_kinds(task, "TaskIssued", *["RungFired"] * 4)
            rungs = deployment.events(ids.task_stream(task))[1:]
            assert [event.data["rung"] for event in rungs] == [
                "acknowledge-reminder",
                "acknowledge-overdue",
                "near-due",
                "overdue",
            ]
            assert all(event.basis == "rule" for event in rungs)
            late = [event.at - parse(event.data["due_at"]) for event in rungs]
            assert max(late) < timedelta(minutes=1)


async def test_a_rung_due_while_the_store_is_away(temporal: Client, tmp_path: Path) -> None:
    """The trail is locked: the rung fires on time, before the late acknowledgement; all is kept."""
    async with Skipping.prepared(temporal, tmp_path) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=["U01"])
            await deployment.until_kinds(task, "TaskIssued")
            with locked(deployment.settings.data / "trail" / "trail.db"):
                # to the rung's instant and no further: every attempt to record holds the clock
                await skipping.skip(task, DAY)
                receipt = await deployment.done("U01", task, "acknowledge", now=skipping.now)
                assert receipt.events[0].seq == 3
            await deployment.recorded(receipt)
            check_order(deployment, task)


async def test_a_rung_due_while_the_worker_is_down(temporal: Client, tmp_path: Path) -> None:
    """No worker at its instant: the rung still comes before the late acknowledgement."""
    async with Skipping.prepared(temporal, tmp_path) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=["U01"])
            await deployment.until_kinds(task, "TaskIssued")

            async def confirmed() -> bool:
                return "0 unrecorded" in await deployment.handle(task).query("state")

            # a record activity that stays would hold the clock
            await eventually(confirmed)
        forward = asyncio.create_task(skipping.skip(task, DAY + timedelta(hours=1)))
        await asyncio.sleep(1)
        acknowledging = asyncio.create_task(
            # without a worker the clock stands at the rung's instant
            deployment.done("U01", task, "acknowledge", now=skipping.now + DAY)
        )
        await asyncio.sleep(1)
        async with deployment.worker():
            receipt = await acknowledging
            await deployment.recorded(receipt)
            await forward
            check_order(deployment, task)


async def test_an_ended_task_is_archived_and_its_workflow_ends(
    temporal: Client, tmp_path: Path
) -> None:
    """180 days after the end; a late command is then answered from the trail."""
    async with Skipping.prepared(temporal, tmp_path) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=["U01"])
            reason = {"commit": "0" * 64, "size": 1}
            await deployment.done("office", task, "cancel", reason=reason)
            await skipping.skip(task, 181 * DAY, ends=True)
            await deployment.until_kinds(task, "TaskCancelled", "TaskArchived")
            status = await eventually(lambda: closed_status(deployment, task))
            assert status == "COMPLETED"
            late = await deployment.act("U01", task, "acknowledge")
            assert getattr(late, "code", None) == "TASK_ENDED"


async def closed_status(deployment: Deployment, task: str) -> str | None:
    description = await deployment.handle(task).describe()
    return description.status.name if description.close_time and description.status else None


def check_order(deployment: Deployment, task: str) -> None:
    events = deployment.events(ids.task_stream(task))
    assert [event.kind for event in events] == [
        "TaskIssued",
        "RungFired",
        "AssignmentAcknowledged",
    ]
    assert events[1].at <= events[2].at
    assert parse(events[1].data["due_at"]) <= events[1].at


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)
