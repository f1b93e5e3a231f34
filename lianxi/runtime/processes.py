"""Processes known by pid *and* start time, so that a recycled pid is never taken for ours.

The start token is boot id + start tick on Linux (/proc), `lstart` of ps elsewhere (macOS, whole
seconds: two processes with one pid within one second are not told apart there).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.files import replace_file

_PROC = Path("/proc")
_KILL_PATIENCE = 10.0


@dataclass(frozen=True)
class ProcessRecord:
    """One process as a pid file names it."""

    name: str
    pid: int
    started: str


class Ending(StrEnum):
    """How `stop` found or brought a process to its end."""

    GONE = "was not running"
    TERMINATED = "stopped"
    KILLED = "killed, it did not stop in time"


def start_token(pid: int) -> str | None:
    """What tells this process from any other that has or had its pid; None if it does not run.

    A zombie does not run: in a container nobody may ever collect it.
    """
    if (_PROC / "self" / "stat").exists():
        return _linux_token(pid)
    return _ps_token(pid)


def _linux_token(pid: int) -> str | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # proc_pid_stat(5): the name in parentheses may hold spaces and parentheses itself, so count
    # from the last one: field 3 (state) comes first, field 22 (starttime) is the 20th.
    fields = stat.rpartition(")")[2].split()
    state, threads, start = fields[0], int(fields[17]), fields[19]
    # a first thread that is a zombie beside others still holds their locks and ports (field 20)
    return None if state in ("Z", "X") and threads <= 1 else f"{boot}:{start}"


def _ps_token(pid: int) -> str | None:
    listing = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, started = listing.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def record_of(name: str, pid: int) -> ProcessRecord:
    """The record of a process that runs now; one that is gone gets an empty token, never alive."""
    return ProcessRecord(name, pid, start_token(pid) or "")


def write_record(path: Path, record: ProcessRecord) -> None:
    """Write the pid file atomically."""
    replace_file(path, json.dumps(asdict(record)) + "\n")


def read_record(path: Path) -> ProcessRecord | None:
    """The pid file's record; None when there is none or it is not one of ours."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return ProcessRecord(str(fields["name"]), int(fields["pid"]), str(fields["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_alive(record: ProcessRecord) -> bool:
    """Whether that very process runs: same pid, same start."""
    return bool(record.started) and start_token(record.pid) == record.started


def send(record: ProcessRecord, number: signal.Signals) -> bool:
    """Signal that very process; False when it is gone.

    Where the kernel has pidfds the check and the signal meet the same process even if the pid is
    recycled between them.
    """
    try:
        if hasattr(os, "pidfd_open"):
            descriptor = os.pidfd_open(record.pid)
            try:
                if not is_alive(record):
                    return False
                signal.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)
        elif is_alive(record):
            os.kill(record.pid, number)
        else:
            return False
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise RuntimeFault(
            "PROCESS_NOT_OURS",
            f"{record.name} (pid {record.pid}) belongs to another user and cannot be signalled.",
            hint="Run the command as the user who started the set.",
        ) from error
    return True


def wait_gone(record: ProcessRecord, patience: float) -> bool:
    """Wait up to `patience` seconds for the process to end; True when it has."""
    deadline = time.monotonic() + patience
    while is_alive(record):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def stop(record: ProcessRecord, patience: float) -> Ending:
    """SIGTERM, wait `patience` seconds, then SIGKILL to it and to its process group."""
    if not send(record, signal.SIGTERM):
        return Ending.GONE
    if wait_gone(record, patience):
        return Ending.TERMINATED
    with suppress(ProcessLookupError, PermissionError):
        # our children lead their own sessions; whoever does not gets no group signal
        if is_alive(record) and os.getpgid(record.pid) == record.pid:
            os.killpg(record.pid, signal.SIGKILL)
    send(record, signal.SIGKILL)
    if not wait_gone(record, _KILL_PATIENCE):
        raise RuntimeFault(
            "PROCESS_WILL_NOT_END",
            f"{record.name} (pid {record.pid}) survives SIGKILL; "
            "it hangs in the kernel (a disk, a network file system?).",
        )
    return Ending.KILLED
