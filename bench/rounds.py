"""Interleaved rounds of the lifecycle workload: A B C A B C …, each measured and then let settle."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from temporalio.client import Client

from bench.figures import Cell, History, Round, Usage
from bench.lifecycle import MODES, Lived, Mode, Side, live_many
from bench.plan import Plan
from bench.processes import own_cpu
from bench.sides import BareSide
from bench.stage import Stage
from bench.watch import connect, notices_wait
from lianxi import ids

PATIENCE = 120.0
"""Seconds until the trail and the mailboxes must have everything of a round."""


@dataclass
class Arena:
    """The stage and the sides that meet on it."""

    stage: Stage
    sides: Sequence[Side]
    units: Sequence[str]

    async def warm_up(self) -> None:
        """One lifecycle of every side, not measured."""
        for side in self.sides:
            lived, _ = await live_many(
                side, f"warm-{side.name}", self.units, "at once", count=1, at_once=1
            )
            await self._settle(lived)

    async def measure(self, plan: Plan, say: Callable[[str], None]) -> list[Cell]:
        """All modes and concurrencies, every side in every round."""
        cells: list[Cell] = []
        for mode in MODES:
            for at_once, count in plan.lifecycles:
                row = [Cell(side.name, mode, at_once) for side in self.sides]
                cells += row
                for number in range(plan.rounds):
                    for side, cell in zip(self.sides, row, strict=True):
                        prefix = f"{side.name}-{mode.replace(' ', '-')}-{at_once}-{number}"
                        cell.rounds.append(
                            await self._round(side, prefix, mode, count=count, at_once=at_once)
                        )
                rates = ", ".join(f"{cell.side} {cell.rate:.2f}" for cell in row)
                say(f"{mode}, c={at_once}: {rates} lifecycles/s")
        return cells

    async def _round(
        self, side: Side, prefix: str, mode: Mode, *, count: int, at_once: int
    ) -> Round:
        before = self._usage()
        lived, seconds = await live_many(
            side, prefix, self.units, mode, count=count, at_once=at_once
        )
        driver = own_cpu() - before.driver
        settled = await self._settle(lived)
        used = self._usage().minus(before)
        return Round(
            lifecycles=count,
            seconds=seconds,
            settled=settled,
            latencies=tuple(answer.seconds for life in lived for answer in life.answers),
            lags=self._lags(lived),
            # waiting for the trail is not what a caller does
            usage=Usage(used.server, used.worker, used.gateway, driver),
            history=await _history(self.stage.client, self._workflow_ids(side, lived)),
        )

    def _usage(self) -> Usage:
        stage = self.stage
        return Usage(
            server=stage.server.cpu(),
            # a round is one side's: the other side's worker only polls meanwhile
            worker=stage.house.worker.cpu() + stage.bare_worker.cpu(),
            gateway=stage.gateway.cpu() if stage.gateway else 0.0,
            driver=own_cpu(),
        )

    async def _settle(self, lived: Sequence[Lived]) -> float:
        """Until every event stands in the trail and every notice in its mailbox; the seconds."""
        began = time.monotonic()
        last = [life.answers[-1].hash for life in lived if life.answers[-1].hash]
        trail = connect(self.stage.house.trail)
        try:
            while not all(map(self.stage.sightings.seen, last)) or notices_wait(trail):
                if time.monotonic() - began > PATIENCE:
                    raise TimeoutError("the trail or the mailboxes do not catch up")
                await asyncio.sleep(0.02)
        finally:
            trail.close()
        return time.monotonic() - began

    def _lags(self, lived: Sequence[Lived]) -> tuple[float, ...]:
        lags: list[float] = []
        for answer in (answer for life in lived for answer in life.answers if answer.hash):
            seen = self.stage.sightings.seen(answer.hash)
            if seen is not None:
                # recorded before the answer reached its caller: no lag
                lags.append(max(0.0, seen - answer.at))
        return tuple(lags)

    def _workflow_ids(self, side: Side, lived: Sequence[Lived]) -> list[str]:
        if isinstance(side, BareSide):
            return [side.workflow_id(life.task) for life in lived]
        conference = self.stage.house.parties.conference
        return [ids.task_workflow_id(conference, life.task) for life in lived]


async def _history(client: Client, workflow_ids: Sequence[str]) -> History:
    """Mean events and bytes of the tasks' workflows; the conference's share is not in it."""
    found = [await client.get_workflow_handle(each).describe() for each in workflow_ids]
    return History(
        mean(each.history_length for each in found),
        mean(each.raw_info.history_size_bytes for each in found),
    )
