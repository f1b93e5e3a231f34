"""Processes are known by pid and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lianxi.runtime import processes
from lianxi.runtime.processes import (
    Ending,
    is_alive,
    read_record,
    record_of,
    send,
    start_token,
    stop,
    write_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(flush=True); time.sleep(60)"
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends on SIGTERM, collected by us as soon as it does."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_is_alive_and_keeps_its_token(sleeper: subprocess.Popen[bytes]) -> None:
    """The token does not change while the process lives."""
    record = record_of("sleeper", sleeper.pid)
    time.sleep(0.05)
    assert is_alive(record)
    assert start_token(sleeper.pid) == record.started


def test_a_recycled_pid_is_neither_alive_nor_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    """Same pid, other start: not ours, and it is left alone."""
    recycled = replace(record_of("worker", sleeper.pid), started="an earlier process")
    assert not is_alive(recycled)
    assert not send(recycled, signal.SIGTERM)
    assert stop(recycled, 0.1) is Ending.GONE
    assert sleeper.poll() is None


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    """A dead process that nobody has collected does not run."""
    record = record_of("sleeper", sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(record)


def test_stop_terminates(sleeper: subprocess.Popen[bytes]) -> None:
    """SIGTERM is enough for a process that obeys."""
    assert stop(record_of("sleeper", sleeper.pid), 5) is Ending.TERMINATED


def test_stop_kills_what_ignores_sigterm() -> None:
    """After its deadline a stubborn process is killed."""
    command = [sys.executable, "-c", _STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert stop(record_of("stubborn", process.pid), 0.2) is Ending.KILLED
        assert process.wait() == -signal.SIGKILL


def test_a_pid_file_brings_back_its_record(tmp_path: Path) -> None:
    """Written and read, the record is the same."""
    record = record_of("me", os.getpid())
    write_record(tmp_path / "me.pid", record)
    assert read_record(tmp_path / "me.pid") == record
    assert is_alive(record)


@pytest.mark.parametrize(
    "content", ["", "4711", "{}", '{"name": "x", "pid": "?", "started": ""}', "[1]"]
)
def test_a_pid_file_that_is_not_ours_is_no_record(tmp_path: Path, content: str) -> None:
    """Garbage never becomes a process to signal."""
    (tmp_path / "x.pid").write_text(content)
    assert read_record(tmp_path / "x.pid") is None


def test_without_proc_the_start_time_comes_from_ps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """The way of macOS, as far as it can be tried with this system's ps."""
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    record = record_of("sleeper", sleeper.pid)
    assert record.started
    assert is_alive(record)
    assert start_token(2**22 - 1) is None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(record)
