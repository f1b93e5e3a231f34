"""What runs on a data directory, and how to stop it.

The truth is the processes themselves; the state file only tells more about them.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lianxi.runtime.children import STOP_SECONDS
from lianxi.runtime.faults import RuntimeFault, require_posix
from lianxi.runtime.locks import holder_of, lock_if_free
from lianxi.runtime.orphans import running_children, stop_orphans
from lianxi.runtime.processes import ProcessRecord, is_alive, read_record, send, stop, wait_gone
from lianxi.runtime.state import Phase, ProcessStatus, SetState, now, read_state

if TYPE_CHECKING:
    from lianxi.runtime.layout import DataDir


@dataclass(frozen=True)
class SetStatus:
    """A set as it is now. `phase` orphaned: the supervisor is dead, children run."""

    data: str
    phase: Phase | Literal["orphaned"]
    supervisor_pid: int | None
    since: str
    server: str
    temporal: str
    namespace: str
    gateway: str
    processes: tuple[ProcessStatus, ...]

    @property
    def running(self) -> bool:
        """Whether a supervisor keeps it."""
        return self.supervisor_pid is not None


@dataclass(frozen=True)
class Stopped:
    """A process that `down` ended."""

    name: str
    pid: int
    how: str


def supervisor_of(data: DataDir) -> ProcessRecord | None:
    """The supervisor that runs on this data directory."""
    record = read_record(data.pid_file("supervisor"))
    return record if record and is_alive(record) else None


def status(data: DataDir) -> SetStatus:
    """The set on this data directory, checked against the processes themselves."""
    require_posix()
    supervisor, alive, state = supervisor_of(data), running_children(data), read_state(data)
    pids = {record.name: record.pid for record in alive}
    if supervisor and state and state.supervisor == supervisor:
        return _status(data, state, state.phase, supervisor.pid, state.processes)
    known = {each.name: each for each in state.processes} if state else {}
    processes = tuple(
        replace(
            known.get(name, ProcessStatus(name, pid, "orphan", now(), 0)), pid=pid, state="orphan"
        )
        for name, pid in pids.items()
    )
    if supervisor:  # it has only just begun: the state file is an earlier one's
        return _status(data, None, "starting", supervisor.pid, ())
    phase: Phase | Literal["orphaned"] = "orphaned" if processes else "stopped"
    if phase == "stopped" and state and state.phase == "failed":
        phase = "failed"
    return _status(data, state, phase, None, processes)


def _status(
    data: DataDir,
    state: SetState | None,
    phase: Phase | Literal["orphaned"],
    supervisor_pid: int | None,
    processes: tuple[ProcessStatus, ...],
) -> SetStatus:
    return SetStatus(
        data=str(data.root),
        phase=phase,
        supervisor_pid=supervisor_pid,
        since=state.since if state else "",
        server=state.server if state else "",
        temporal=state.temporal if state else "",
        namespace=state.namespace if state else "",
        gateway=state.gateway if state else "",
        processes=processes,
    )


def down(data: DataDir) -> list[Stopped]:
    """Stop the set, or what a killed supervisor left; empty when nothing ran."""
    require_posix()
    supervisor, children = supervisor_of(data), running_children(data)
    stopped: list[Stopped] = []
    if supervisor and send(supervisor, signal.SIGTERM):
        # it stops its children in order, each within its own deadline
        orderly = wait_gone(supervisor, STOP_SECONDS + 10)
        if not orderly:
            stop(supervisor, 0.5)
        stopped += [
            Stopped(each.name, each.pid, "stopped") for each in children if not is_alive(each)
        ]
        stopped.append(
            Stopped(
                "supervisor",
                supervisor.pid,
                "stopped" if orderly else "killed, it did not stop in time",
            )
        )
    if data.run.exists():
        with lock_if_free(data.supervisor_lock) as free:
            if (
                not free
            ):  # neither a set we could name nor an orphan: a set that just starts, or a backup
                raise RuntimeFault(
                    "DATA_DIR_BUSY",
                    f"Pid {holder_of(data.supervisor_lock)} works on this data directory "
                    "(a start or a backup).",
                    hint="Wait a moment and run lianxi down again.",
                    place=str(data.root),
                )
            orphans = stop_orphans(data)
            data.pid_file("supervisor").unlink(missing_ok=True)
        stopped += [Stopped(name, pid, ending) for name, pid, ending in orphans]
    return stopped
