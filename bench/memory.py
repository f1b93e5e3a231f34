"""What one open, cached task takes of the worker's memory: resident size before and after many."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.plan import Plan
from bench.processes import Child
from bench.sides import EngineSide
from bench.stage import Place, Stage, founded
from bench.watch import connect, last_position, notices_wait

WARM_TASKS = 64
"""Issued and acknowledged first, so that pools, imports and caches of the worker are there."""

AT_ONCE = 8
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Memory:
    """KB of 1,024 bytes for each task: as issued, and what acknowledging by all units adds."""

    tasks: int
    issued: float
    acknowledged_tasks: int
    acknowledged: float


async def measure_memory(stage: Stage, plan: Plan, folder: Path) -> Memory:
    """A worker of its own, so that no freed memory of earlier rounds hides the growth."""
    with ExitStack() as stack:
        # mailrooms are one for each namespace
        place = Place(stage.place.address, f"{stage.place.namespace}-memory")
        house = await founded(stack, place, folder, "memory", plan.units)
        side, units = EngineSide(house), house.parties.units
        warm = await _issue(side, "warm", WARM_TASKS)
        await _acknowledge(side, warm, units)
        empty = await _quiet(house.worker, house.trail)
        tasks = await _issue(side, "cached", plan.cached_tasks)
        issued = await _quiet(house.worker, house.trail)
        await _acknowledge(side, tasks[: plan.acknowledged_tasks], units)
        acknowledged = await _quiet(house.worker, house.trail)
    return Memory(
        tasks=plan.cached_tasks,
        issued=(issued - empty) / plan.cached_tasks / 1024,
        acknowledged_tasks=plan.acknowledged_tasks,
        acknowledged=(acknowledged - issued) / plan.acknowledged_tasks / 1024,
    )


async def _issue(side: EngineSide, prefix: str, count: int) -> list[str]:
    tasks: list[str] = []
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            issued = await side.issue(f"{prefix}-{number}")
            tasks.append(issued.task)

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return tasks


async def _acknowledge(side: EngineSide, tasks: list[str], units: tuple[str, ...]) -> None:
    for task in tasks:
        await asyncio.gather(*(side.acknowledge(task, unit) for unit in units))


async def _quiet(worker: Child, trail: Path) -> int:
    """Resident bytes once everything is recorded and delivered: no news for a second."""
    connection = connect(trail)
    try:
        before, deadline = -1, time.monotonic() + PATIENCE
        while notices_wait(connection) or last_position(connection) != before:
            if time.monotonic() > deadline:
                raise TimeoutError("the trail or the mailboxes do not catch up")
            before = last_position(connection)
            await asyncio.sleep(1.0)
    finally:
        connection.close()
    return worker.resident()
