"""The supervisor: starts server, worker and gateway, watches, restarts and stops them in order.

One per data directory, by a lock the kernel releases with it. It imports neither temporalio nor
the store, so that nothing of theirs can end it. What a killed supervisor leaves running is stopped
and started anew, not adopted: of a process that is not our child we cannot learn how it ended, and
it runs with the settings and the code of an earlier `up`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lianxi.runtime.child import KeptChild
from lianxi.runtime.children import (
    child_environment,
    gateway_child,
    namespace_words,
    require_ports,
    server_child,
    target_of,
    worker_child,
)
from lianxi.runtime.control import ControlDoor
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.locks import holder_of, lock_if_free, try_lock
from lianxi.runtime.orphans import stop_orphans
from lianxi.runtime.processes import record_of, write_record
from lianxi.runtime.state import STOP_ORDER, Phase, SetState, now, write_state
from lianxi.runtime.temporal_probe import ensure_in_probe
from lianxi.service_keys import ServiceKeyError, bring_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianxi.runtime.journal import Journal
    from lianxi.runtime.plan import SetPlan
    from lianxi.runtime.server_source import ServerSource

# A server of others either runs or the address is wrong: nothing to wait long for.
_REMOTE_SECONDS = 15.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WITHOUT_KEY = (
    "Bring the file back from where it is kept; without it move it away: a new one "
    "is made, and lianxi conference roster propose --log-keys lists it."
)
_WITHOUT_FOLDER = "Let this user write in the folder it lies in, then start again."


def already_running(pid: str, place: str) -> RuntimeFault:
    """The refusal of a second set on one data directory."""
    return RuntimeFault(
        "ALREADY_RUNNING",
        f"This data directory is in use by pid {pid}.",
        hint="lianxi status shows it, lianxi down stops it; "
        "another set needs another --data and other ports.",
        place=place,
    )


class Supervisor:
    """Runs one set until a signal, a `stop` through the control door, or a failed start."""

    def __init__(
        self,
        plan: SetPlan,
        source: ServerSource,
        journal: Journal,
        on_ready: Callable[[SetState], None] = lambda _state: None,
    ) -> None:
        self._plan, self._source, self._journal, self._on_ready = plan, source, journal, on_ready
        self._data = plan.dir
        self._env = child_environment(plan, source, os.environ)
        self._children: dict[str, KeptChild] = {}
        self._door = ControlDoor(self._data, self)
        self._stop_asked = asyncio.Event()
        self._self = record_of("supervisor", os.getpid())
        self._phase: Phase = "starting"
        self._since = now()
        self._fault: RuntimeFault | None = None
        self._temporal = target_of(plan, source).address

    async def run(self) -> None:
        """Start, keep and stop the set; raises the fault that kept it from starting."""
        self._data.create()
        lock = try_lock(self._data.supervisor_lock)
        if lock is None:
            raise already_running(holder_of(self._data.supervisor_lock), str(self._data.root))
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.ask_to_stop)
        try:
            await self._run_locked()
        except RuntimeFault as fault:
            self._fault = fault
            self._journal.say("set.failed", fault.message, **fault.as_json())
            raise
        finally:
            self._enter("failed" if self._fault else "stopped")
            self._data.pid_file("supervisor").unlink(missing_ok=True)
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
            lock.release()

    async def _run_locked(self) -> None:
        write_record(self._data.pid_file("supervisor"), self._self)
        self._enter("starting")
        with lock_if_free(self._data.copy_lock) as free:
            if not free:
                holder = holder_of(self._data.copy_lock)
                raise RuntimeFault(
                    "BACKUP_RUNNING",
                    f"A backup of this data directory is being made (pid {holder}).",
                )
        for name, pid, ending in await asyncio.to_thread(stop_orphans, self._data):
            self._journal.say(
                "orphan.stopped",
                f"{name} (pid {pid}) of an earlier supervisor: {ending}",
                name=name,
                pid=pid,
            )
        require_ports(self._plan, self._source)
        self._bring_keys()
        await self._door.open()
        starting = asyncio.create_task(self._start_all())
        asked = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._enter("ready")
                self._journal.say(
                    "set.ready",
                    f"ready: gateway {self._plan.gateway_url}, Temporal {self._temporal}",
                )
                self._on_ready(self._state())
                await asked
        finally:
            starting.cancel()
            asked.cancel()
            await asyncio.gather(starting, asked, return_exceptions=True)
            await self._stop_all()

    def _bring_keys(self) -> None:
        """What signs checkpoints and receipts is there before the first event is."""
        if self._plan.service_keys is None:
            return
        try:
            made = bring_keys(*self._plan.service_keys)
        except ServiceKeyError as error:
            raise RuntimeFault(
                "SERVICE_KEY_UNUSABLE",
                f"A key of the service cannot be used: {error}.",
                hint=_WITHOUT_FOLDER if error.reason == "unwritable" else _WITHOUT_KEY,
                place=str(error.path),
            ) from error
        for path in made:
            self._journal.say("key.made", f"a new key of the service: {path}", path=str(path))

    async def _start_all(self) -> None:
        self._journal.say("server.source", self._source.said)
        if self._source.kind == "remote":
            await self._greet_remote()
        else:
            await self._add(
                KeptChild(
                    server_child(self._plan, self._source, self._env), self._journal, self._publish
                )
            )
        worker = KeptChild(worker_child(self._plan, self._env), self._journal, self._publish)
        gateway = KeptChild(gateway_child(self._plan, self._env), self._journal, self._publish)
        self._data.worker_ready.unlink(missing_ok=True)
        await asyncio.gather(self._add(worker), self._add(gateway))

    async def _add(self, kept: KeptChild) -> None:
        self._children[kept.child.name] = kept
        await kept.start()

    async def _greet_remote(self) -> None:
        plan = self._plan
        report = await ensure_in_probe(
            target_of(plan, self._source),
            self._env,
            timedelta(days=plan.retention_days),
            min(plan.ready_seconds, _REMOTE_SECONDS),
        )
        self._temporal = report.address
        self._journal.say("namespace", namespace_words(report, plan.retention_days))

    async def _stop_all(self) -> None:
        self._enter("stopping")
        await self._door.close()
        for kept in self._children.values():  # first of all: from here on nothing is restarted
            await kept.retire()
        for name in STOP_ORDER:
            if name in self._children:
                await self._children[name].stop()

    def ask_to_stop(self) -> None:
        """Orderly stop; asked a second time, what still runs is killed."""
        if self._stop_asked.is_set():
            self._journal.say("set.hurry", "asked to stop again: killing what still runs")
            for kept in self._children.values():
                kept.kill()
        self._stop_asked.set()

    async def pause(self) -> None:
        """Stop every child, in order, and keep supervising nothing until `resume`."""
        if self._phase != "ready":
            raise RuntimeFault("SET_NOT_READY", f"the set is {self._phase}")
        self._enter("paused")
        for name in STOP_ORDER:
            if name in self._children:
                await self._children[name].stop("paused")
        self._journal.say("set.paused", "paused: gateway, worker and server stand still")

    async def resume(self) -> None:
        """Start what `pause` stopped; a child that does not come up is tried again and again."""
        if self._phase != "paused":
            return
        for name in reversed(STOP_ORDER):
            if name in self._children and not self._stop_asked.is_set():
                await self._children[name].start(persist=True)
        self._enter("ready")
        self._journal.say("set.resumed", "resumed")

    def state_json(self) -> dict[str, Any]:
        """What `run/state.json` holds."""
        return asdict(self._state())

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since = phase, now()
        self._publish()

    def _publish(self) -> None:
        try:
            write_state(self._data, self._state())
        except OSError as error:  # a full disk must not end what runs
            self._journal.say("state.unwritten", f"state.json cannot be written: {error}")

    def _state(self) -> SetState:
        return SetState(
            supervisor=self._self,
            phase=self._phase,
            since=self._since,
            server=self._source.said,
            temporal=self._temporal,
            namespace=self._plan.namespace,
            profile=self._source.profile,
            embedded=self._source.kind != "remote",
            gateway=self._plan.gateway_url,
            control=self._door.path,
            processes=tuple(kept.status for kept in self._children.values()),
            fault=self._fault.as_json() if self._fault else {},
        )
