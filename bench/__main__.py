"""The run: stage up, sides in turn, memory, start-ups; tables on stdout, JSON to a file."""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench.lifecycle import Side
from bench.memory import measure_memory
from bench.plan import DEFAULT, QUICK, Plan
from bench.report import Findings, as_json, as_text
from bench.rounds import Arena
from bench.sides import BareSide, EngineSide, GatewaySide, Signing
from bench.stage import Stage
from bench.startup import measure_starts

PARTS = ("lifecycle", "memory", "startup")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round: a look, under 90 s")
    parser.add_argument("--to", type=Path, metavar="FILE", help="all figures as JSON")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    parser.add_argument("--no-gateway", action="store_true", help="leave the gateway out")
    return parser.parse_args()


async def run(given: argparse.Namespace, folder: Path) -> Findings:
    """Everything that was asked for."""
    this = asyncio.current_task()
    if this is not None:
        # told to end: leave through the stage's door, so that nothing is left running
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    plan = QUICK if given.quick else DEFAULT
    parts = given.only or PARTS
    async with Stage.built(folder, plan.units, gateway=not given.no_gateway) as stage:
        say(stage.said)
        findings = Findings(plan, stage.said)
        gateway = GatewaySide(stage.house, stage.gateway_port) if stage.gateway else None
        if gateway is not None:
            await gateway.hand_in_texts()
        if "lifecycle" in parts:
            await _lifecycles(stage, plan, gateway, findings)
        if "startup" in parts:
            say("start-up of the command line")
            engine = EngineSide(stage.house)
            tasks = [(await engine.issue("startup")).task]
            findings.starts = await asyncio.to_thread(
                measure_starts, stage.house, stage.gateway_port, tasks, folder / "cli", plan.starts
            )
        if "memory" in parts:
            say("memory of cached tasks")
            findings.memory = await measure_memory(stage, plan, folder / "memory")
        if gateway is not None:
            await gateway.close()
    return findings


async def _lifecycles(
    stage: Stage, plan: Plan, gateway: GatewaySide | None, findings: Findings
) -> None:
    parties = stage.house.parties
    bare = BareSide(stage.client, parties)
    await bare.begin()
    sides: list[Side] = [EngineSide(stage.house), bare]
    if gateway is not None:
        sides.append(gateway)
    findings.signing = _signing_seconds(Signing(parties))
    arena = Arena(stage, sides, parties.units)
    say("warming up")
    await arena.warm_up()
    findings.cells = await arena.measure(plan, say)


def _signing_seconds(sign: Signing, times: int = 200) -> float:
    """What a command costs its caller before it is sent."""
    began = time.perf_counter()
    for _ in range(times):
        sign.acknowledge("T-0001", "U01")
    return (time.perf_counter() - began) / times


def say(line: str) -> None:
    """Progress, beside the tables."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run, print, write."""
    given = arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lianxi-bench-") as folder:
        findings = asyncio.run(run(given, Path(folder)))
    print(as_text(findings))
    print(f"{time.monotonic() - began:.0f} s in all", flush=True)
    if given.to is not None:
        given.to.write_text(json.dumps(as_json(findings), indent=2) + "\n", encoding="utf-8")
    # the SDK's native threads make an ordinary interpreter exit crash now and then
    os._exit(0)


if __name__ == "__main__":
    main()
