"""`lianxi up`: one set in the foreground or in the background.

In the background the supervisor is a daemon (`python -m lianxi.runtime.up`, plan on stdin) and the
caller waits until it is ready or has said why not.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault, require_posix
from lianxi.runtime.files import append_private, last_lines, rotate_log
from lianxi.runtime.journal import Journal
from lianxi.runtime.plan import SetPlan, from_json, to_json
from lianxi.runtime.processes import is_alive, record_of, send
from lianxi.runtime.server_source import ServerSource, find_or_build
from lianxi.runtime.state import SetState, read_state
from lianxi.runtime.status import SetStatus, status, supervisor_of
from lianxi.runtime.supervisor import Supervisor, already_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianxi.runtime.layout import DataDir

# Server, worker and gateway have their own deadlines for getting ready; this only bounds a bug.
_START_SECONDS = 300.0
_CRASH_LOG = "supervisor-crash"


def up(
    plan: SetPlan,
    *,
    detached: bool = False,
    found_ok: bool = False,
    on_ready: Callable[[SetStatus], None] = lambda _status: None,
) -> SetStatus:
    """Bring the set up; returns when it is ready (`detached`) or, in the foreground, has stopped.

    `on_ready` is called once all is ready. With `found_ok` a set that runs already is returned as
    it is, whatever the plan says; else a second `up` is refused with ALREADY_RUNNING.
    """
    require_posix()
    data = plan.dir
    if running := supervisor_of(data):
        if not found_ok:
            raise already_running(str(running.pid), str(data.root))
        found = _wait_ready(data, running.pid, 0, ours=False)
        on_ready(found)
        return found
    source = find_or_build(address=plan.address, profile=plan.profile)
    if not detached:
        _run(plan, source, echo=True, on_ready=lambda _state: on_ready(status(data)))
        return status(data)
    ready = _wait_ready(data, *_spawn(plan, source), ours=True)
    on_ready(ready)
    return ready


def _run(
    plan: SetPlan, source: ServerSource, *, echo: bool, on_ready: Callable[[SetState], None]
) -> None:
    plan.dir.create()

    async def supervise() -> None:
        await Supervisor(
            plan, source, Journal(plan.dir.log("supervisor"), echo=echo), on_ready
        ).run()

    asyncio.run(supervise())


def _spawn(plan: SetPlan, source: ServerSource) -> tuple[int, int]:
    """Start the daemon; its pid, and where in the crash log its own lines begin."""
    data = plan.dir
    data.create()
    crash_log = data.log(_CRASH_LOG)
    rotate_log(crash_log)
    with append_private(crash_log) as log:
        begins = log.tell()
        launched = subprocess.run(
            [sys.executable, "-P", "-m", "lianxi.runtime.up"],
            input=to_json(plan, source).encode(),
            stdout=subprocess.PIPE,
            stderr=log,
            check=False,
            cwd=data.root,
            start_new_session=True,
            umask=0o077,
        )
    if launched.returncode != 0:
        raise _lost(data, begins)
    return int(launched.stdout), begins


def _wait_ready(data: DataDir, pid: int, crash_log_begins: int, *, ours: bool) -> SetStatus:
    """Wait for the supervisor `pid` to be ready; its fault, or its crash, becomes ours."""
    record = record_of("supervisor", pid)
    deadline = time.monotonic() + _START_SECONDS
    try:
        while time.monotonic() < deadline:
            ended = not is_alive(
                record
            )  # asked before the state is read: its last word is then written
            state = read_state(data)
            if state and state.supervisor.pid == pid:
                if state.phase in ("ready", "paused") and not ended:
                    return status(data)
                if state.phase == "failed" and ended:
                    raise RuntimeFault.from_json(state.fault)
            if ended:
                raise _lost(data, crash_log_begins)
            time.sleep(0.05)
    except KeyboardInterrupt:
        if ours:  # the user gave up waiting for what this command started: do not leave half a set
            send(record, signal.SIGTERM)
        raise
    raise RuntimeFault(
        "SET_NOT_READY",
        f"The set (pid {pid}) is not ready after {_START_SECONDS:g} s.",
        hint="lianxi status",
    )


def _lost(data: DataDir, crash_log_begins: int) -> RuntimeFault:
    if winner := supervisor_of(data):
        return already_running(str(winner.pid), str(data.root))
    crash_log = data.log(_CRASH_LOG)
    said = last_lines(crash_log, since=crash_log_begins)
    return RuntimeFault(
        "SUPERVISOR_DIED",
        f"The supervisor ended before the set was ready.\n{said}".strip(),
        hint=f"Read {data.log('supervisor')}",
        place=str(crash_log),
    )


def main() -> None:
    """Become the daemon: supervise what stdin describes. A fault is in state.json and on stderr.

    Forks once, so that the caller's child ends at once and the daemon is nobody's child: a caller
    that lives on (a test, a notebook) collects no zombie.
    """
    plan, source = from_json(sys.stdin.read())
    if pid := os.fork():
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os._exit(0)
    os.dup2(2, 1)  # the caller reads stdout to its end
    try:
        _run(plan, source, echo=False, on_ready=lambda _state: None)
    except RuntimeFault as fault:
        sys.stderr.write(f"{fault.code} {fault.message}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
