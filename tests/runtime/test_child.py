"""One child: started, restarted with back-off, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from lianxi.runtime.child import Child, KeptChild, exit_words
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.journal import Journal
from lianxi.runtime.processes import is_alive, read_record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lianxi.runtime.layout import DataDir

_SLEEPS = "import time; time.sleep(60)"


async def _at_once(_pid: int) -> str:
    return "serves"


async def _never(_pid: int) -> str:
    await asyncio.sleep(60)
    return ""


def _kept(
    data: DataDir,
    program: str,
    ready: Callable[[int], Awaitable[str]] = _at_once,
    *,
    executable: str = sys.executable,
    timeout: float = 10,
) -> KeptChild:
    child = Child(
        name="worker",
        argv=(executable, "-c", program),
        env=dict(os.environ),
        ready=ready,
        folder=data.root,
        log=data.log("worker"),
        pid_file=data.pid_file("worker"),
        ready_timeout=timeout,
        stop_timeout=timeout,
    )
    return KeptChild(child, Journal(data.log("supervisor"), echo=False), lambda: None)


def _said(data: DataDir, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in data.log("supervisor").read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - what happens, happens in another process
            await asyncio.sleep(0.02)


async def _restarted(kept: KeptChild, times: int) -> None:
    await _until(lambda: kept.status.restarts == times and kept.status.state == "ready")


def test_a_killed_child_is_restarted_and_it_is_said(data: DataDir) -> None:
    """The line names process, pid, signal and wait; the waits grow while it keeps dying young."""

    async def story() -> None:
        kept = _kept(data, _SLEEPS)
        await kept.start()
        pids = []
        for deaths in (1, 2):
            assert kept.status.pid is not None
            pids.append(kept.status.pid)
            os.kill(pids[-1], signal.SIGKILL)
            await _restarted(kept, deaths)
        await kept.stop()
        died = _said(data, "child.died")
        assert [line["pid"] for line in died] == pids
        assert [line["wait"] for line in died] == [0.5, 1.0]
        assert "worker" in str(died[0]["said"])
        assert "SIGKILL" in str(died[0]["said"])
        assert len(_said(data, "child.ready_again")) == len(pids)

    asyncio.run(story())


def test_a_first_start_that_fails_shows_the_childs_last_words(data: DataDir) -> None:
    """A wrong setting is reported, not retried for ever."""
    kept = _kept(data, "import sys; sys.exit('no such roster')", ready=_never)
    with pytest.raises(RuntimeFault, match="no such roster") as caught:
        asyncio.run(kept.start())
    assert caught.value.code == "CHILD_ENDED_EARLY"
    assert "exit code 1" in caught.value.message


def test_a_child_that_does_not_get_ready_is_ended(data: DataDir) -> None:
    """Readiness has a deadline, after which the process is stopped too."""

    async def story() -> None:
        kept = _kept(data, _SLEEPS, ready=_never, timeout=0.3)
        with pytest.raises(RuntimeFault, match="not ready within"):
            await kept.start()
        assert not kept.running

    asyncio.run(story())


def test_a_program_that_is_missing_is_a_fault(data: DataDir) -> None:
    """No traceback, no endless wait."""
    kept = _kept(data, "", executable="/no/such/program")
    with pytest.raises(RuntimeFault) as caught:
        asyncio.run(kept.start())
    assert caught.value.code == "CHILD_NOT_STARTED"


def test_a_child_that_ignores_sigterm_is_killed_at_its_deadline(data: DataDir) -> None:
    """Stopping ends, and says that it took force."""
    marker = data.run / "deaf"
    program = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(marker)!r}).touch(); time.sleep(60)"
    )

    async def story() -> None:
        kept = _kept(data, program, timeout=0.3)
        await kept.start()
        await _until(marker.exists)
        record = read_record(data.pid_file("worker"))
        assert record is not None
        await kept.stop()
        assert not is_alive(record)
        assert _said(data, "child.killed")
        assert read_record(data.pid_file("worker")) is None

    asyncio.run(story())


def test_exits_are_named() -> None:
    """Signals by name, codes by number."""
    assert exit_words(3) == "ended with exit code 3"
    assert exit_words(-9) == "was ended by SIGKILL"
    assert exit_words(-63) == "was ended by signal 63"
