"""Asks Temporal in a short-lived process of its own, so that neither supervisor nor CLI carries it.

The first half is called, the second is that process (`python -P -m lianxi.runtime.temporal_probe`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.namespace import (
    RETENTION,
    NamespaceReport,
    TemporalTarget,
    connect,
    ensure_namespace,
    look_at_namespace,
)
from lianxi.runtime.stuck_workflows import StuckWorkflow, stuck_workflows

if TYPE_CHECKING:
    from collections.abc import Mapping

_START_UP_SECONDS = 15.0


async def ensure_in_probe(
    target: TemporalTarget, env: Mapping[str, str], retention: timedelta, patience: float
) -> NamespaceReport:
    """`ensure_namespace` in a child; the child ends with the awaiting task."""
    # Popen in a thread would outlive a cancelled task; this one is killed with it.
    process = await asyncio.create_subprocess_exec(
        *_command("ensure", target, retention, patience),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(env),
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _report(_parse(output.decode()))


def look_now(
    target: TemporalTarget, env: Mapping[str, str], patience: float = 5
) -> NamespaceReport:
    """The namespace as it is, nothing registered; for sync callers."""
    return _report(_ask("look", target, env, patience))


def stuck_now(
    target: TemporalTarget, env: Mapping[str, str], patience: float = 5
) -> list[StuckWorkflow]:
    """Workflows whose workflow task keeps failing."""
    rows = _ask("stuck", target, env, patience)
    if not isinstance(rows, list):
        raise TypeError(rows)
    return [StuckWorkflow(**row) for row in rows]


def _ask(question: str, target: TemporalTarget, env: Mapping[str, str], patience: float) -> object:
    command = _command(question, target, RETENTION, patience)
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience + _START_UP_SECONDS + 45,
            env=dict(env),
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeFault(
            "TEMPORAL_UNREACHABLE", f"Temporal gave no answer within {error.timeout:.0f} s."
        ) from error
    return _parse(answer.stdout)


def _command(
    question: str, target: TemporalTarget, retention: timedelta, patience: float
) -> list[str]:
    hours = retention / timedelta(hours=1)
    command = [sys.executable, "-P", "-m", "lianxi.runtime.temporal_probe", question]
    return [*command, json.dumps(asdict(target)), str(hours), str(patience)]


def _parse(output: str) -> object:
    try:
        line = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeFault(
            "TEMPORAL_PROBE_FAILED", "The process that asks Temporal ended without an answer."
        ) from None
    if "fault" in line:
        raise RuntimeFault.from_json(line["fault"])
    answer: object = line["answer"]
    return answer


def _report(answer: object) -> NamespaceReport:
    if not isinstance(answer, dict):
        raise TypeError(answer)
    return NamespaceReport(**answer)


async def _answer(
    question: str, target: TemporalTarget, retention: timedelta, patience: float
) -> object:
    if question == "ensure":
        return asdict(await ensure_namespace(target, retention, patience))
    if question == "look":
        return asdict(await look_at_namespace(target, patience))
    return [asdict(each) for each in await stuck_workflows(await connect(target, patience))]


def main() -> None:
    """Answer `ensure|look|stuck TARGET RETENTION_HOURS PATIENCE` by one JSON line; os._exit."""
    question, target, hours, patience = sys.argv[1:5]
    code = 0
    try:
        wanted = TemporalTarget(**json.loads(target))
        answer = asyncio.run(
            _answer(question, wanted, timedelta(hours=float(hours)), float(patience))
        )
        line = json.dumps({"answer": answer})
    except RuntimeFault as fault:
        line, code = json.dumps({"fault": fault.as_json()}), 1
    except Exception as error:  # noqa: BLE001 - the parent must get a line, whatever the SDK raised
        unexpected = RuntimeFault(
            "TEMPORAL_PROBE_FAILED", f"{type(error).__name__}: {error}", place=target
        )
        line, code = json.dumps({"fault": unexpected.as_json()}), 1
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
