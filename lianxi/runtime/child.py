"""One supervised process: started, awaited until ready, restarted with back-off, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianxi.runtime.backoff import Backoff
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.files import append_private, last_lines, rotate_log
from lianxi.runtime.processes import record_of, write_record
from lianxi.runtime.state import ProcessPhase, ProcessStatus, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from lianxi.runtime.journal import Journal


@dataclass(frozen=True)
class Child:
    """What to run. `ready(pid)` returns a remark once the process serves, and may raise a fault."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[int], Awaitable[str]]
    folder: Path
    log: Path
    pid_file: Path
    address: str = ""
    ready_timeout: float = 60.0
    stop_timeout: float = 20.0


def exit_words(code: int) -> str:
    """An exit status as people say it (subprocess gives signals as negative numbers)."""
    if code >= 0:
        return f"ended with exit code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


class KeptChild:
    """Keeps one child alive from `start` to `stop`; `changed` is called at each change of state."""

    def __init__(self, child: Child, journal: Journal, changed: Callable[[], None]) -> None:
        self.child = child
        self._journal = journal
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._exited: asyncio.Future[int] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._began = 0.0
        self._backoff = Backoff()
        self.status = ProcessStatus(child.name, None, "stopped", now(), 0, child.address)

    async def start(self, *, persist: bool = False) -> None:
        """Start and wait until ready. A first start that fails raises; `persist` repeats it."""
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._backoff = Backoff()
        self._keeper = asyncio.create_task(self._keep(first, persist=persist), name=self.child.name)
        await first

    async def stop(self, phase: ProcessPhase = "stopped") -> None:
        """SIGTERM, then after the child's own deadline SIGKILL to its whole session."""
        await self.retire()
        if self.running:
            await self._end()
            self._journal.say("child.stopped", f"{self.child.name} stopped", name=self.child.name)
        self.child.pid_file.unlink(missing_ok=True)
        self._set(phase, pid=None)

    async def retire(self) -> None:
        """Restart no more; the process itself goes on."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None

    @property
    def running(self) -> bool:
        """Whether the process runs, as far as its waiting thread has told."""
        return self._exited is not None and not self._exited.done()

    def kill(self) -> None:
        """SIGKILL at once: the user has asked twice."""
        if self.running and self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _keep(self, first: asyncio.Future[None], *, persist: bool) -> None:
        fault = await self._launch()
        if first.cancelled():
            return  # nobody waits any more: `stop` comes next
        if fault is not None and not persist:
            first.set_exception(fault)
            return
        first.set_result(None)
        while True:
            said = fault.message if fault else exit_words(await self._exit())
            lived = time.monotonic() - self._began
            self._backoff = self._backoff.after_death(0.0 if fault else lived)
            self._say_death(said, lived)
            await asyncio.sleep(self._backoff.wait)
            fault = await self._launch()
            if fault is None:
                self._journal.say(
                    "child.ready_again",
                    f"{self.child.name} is ready again (pid {self.status.pid})",
                    name=self.child.name,
                    pid=self.status.pid,
                )

    def _say_death(self, said: str, lived: float) -> None:
        pid, name, wait = self.status.pid, self.child.name, self._backoff.wait
        self._journal.say(
            "child.died",
            f"{name} (pid {pid}) {said} after {lived:.1f} s; starting it again in {wait:g} s",
            name=name,
            pid=pid,
            how=said,
            lived=round(lived, 1),
            wait=wait,
        )
        self._set("restarting", restarts=self.status.restarts + 1, said=f"pid {pid} {said}")

    async def _launch(self) -> RuntimeFault | None:
        """Start once; None when it got ready, else why not (the process is gone then).

        No exception of a readiness check or of the file system leaves: it would end the keeping.
        """
        try:
            self._spawn()
            remark = await self._await_ready()
        except RuntimeFault as refused:
            fault = refused
        except OSError as error:  # no such program, disk full
            fault = RuntimeFault(
                "CHILD_NOT_STARTED", f"{self.child.name} cannot be started: {error}"
            )
        except Exception as error:  # noqa: BLE001 - whatever it is: the keeper must live on
            fault = self._not_ready(
                "CHILD_NOT_READY", f"cannot be asked whether it is ready ({error!r})"
            )
        else:
            self._set("ready", said=remark)
            return None
        await self._end()
        return fault

    async def _await_ready(self) -> str:
        """The readiness check's remark; a fault when the process ends first or takes too long."""
        ready = asyncio.ensure_future(self.child.ready(self._pid))
        ended = asyncio.ensure_future(self._exit())
        try:
            await asyncio.wait(
                {ready, ended},
                timeout=self.child.ready_timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ended.done():
                raise self._not_ready(
                    "CHILD_ENDED_EARLY", f"{exit_words(ended.result())} before it was ready"
                )
            if not ready.done():
                raise self._not_ready(
                    "CHILD_NOT_READY", f"was not ready within {self.child.ready_timeout:g} s"
                )
            return ready.result()
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    def _spawn(self) -> None:
        # Popen, not asyncio's subprocess: nothing can cancel us between the fork and the pid file.
        child = self.child
        rotate_log(child.log)
        with append_private(child.log) as log:
            self._process = subprocess.Popen(
                child.argv,
                env=dict(child.env),
                cwd=child.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # its own session: Ctrl-C reaches the supervisor alone, which stops all in order
                start_new_session=True,
                umask=0o077,
            )
        self._began = time.monotonic()
        loop = asyncio.get_running_loop()
        self._exited = loop.create_future()
        threading.Thread(
            target=_report_exit, args=(self._process, loop, self._exited), daemon=True
        ).start()
        write_record(child.pid_file, record_of(child.name, self._pid))
        self._set("starting", pid=self._pid)

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.child.name} was never started")
        return self._process.pid

    async def _exit(self) -> int:
        if self._exited is None:
            raise RuntimeError(f"{self.child.name} was never started")
        return await asyncio.shield(self._exited)

    async def _end(self) -> None:
        if not self.running:
            return
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._exit(), self.child.stop_timeout)
        except TimeoutError:
            name, limit = self.child.name, self.child.stop_timeout
            self._journal.say(
                "child.killed", f"{name} did not stop within {limit:g} s: killed", name=name
            )
            self.kill()
            await self._exit()

    def _not_ready(self, code: str, what: str) -> RuntimeFault:
        tail = last_lines(self.child.log)
        message = f"{self.child.name} {what}" + (f"; its last lines:\n{tail}" if tail else "")
        return RuntimeFault(code, message, hint=f"Read {self.child.log}", place=str(self.child.log))

    def _set(
        self,
        phase: ProcessPhase,
        *,
        pid: int | None = -1,
        restarts: int | None = None,
        said: str | None = None,
    ) -> None:
        was = self.status
        self.status = ProcessStatus(
            name=was.name,
            pid=was.pid if pid == -1 else pid,
            state=phase,
            since=now(),
            restarts=was.restarts if restarts is None else restarts,
            address=was.address,
            said=was.said if said is None else said,
        )
        self._changed()


def _report_exit(
    process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, exited: asyncio.Future[int]
) -> None:
    code = process.wait()
    with suppress(RuntimeError):  # the loop has closed: nobody is left to be told
        loop.call_soon_threadsafe(exited.set_result, code)
