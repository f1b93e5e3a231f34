"""`python starter.py` and `python worker.py`, as an office and an operator start them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, House, Person

TASK = """id: plan-2026-7
title: 服务日 Service day
text: Set up one point per district.
mode: lead
lead: U01
support: [U02]
due: 15d
"""


@pytest.fixture(scope="module")
def convener(house: House) -> Person:
    """A machine beside the trail that holds the convener's key of `programs`."""
    person = house.person("convener", LIANXI_DATA=str(house.data))
    house.found("programs", person)
    return person


def start(person: Person, *words: str) -> "subprocess.CompletedProcess[str]":
    """`python starter.py …` of this checkout."""
    argv = [sys.executable, str(ROOT / "starter.py"), "--conference", "programs", *words]
    return person.run(argv)


def test_starter_registers_once_and_finds_again(convener: Person) -> None:
    """The file's id is its identity; other content is refused with the command that changes it."""
    path = convener.home / "task.yaml"
    path.write_text(TASK, encoding="utf-8")
    first = start(convener, str(path))
    assert first.returncode == 0, first.stderr
    assert "T-0001 registered and started" in first.stdout
    again = start(convener, str(path))
    assert (again.returncode, "nothing new" in again.stdout) == (0, True)
    path.write_text(TASK.replace("one point", "two points"), encoding="utf-8")
    other = start(convener, str(path))
    assert other.returncode == 5
    assert "lianxi task due T-0001" in other.stderr
    shown = convener.reads("task", "show", "T-0001", "--conference", "programs")["task"]
    assert shown["text"] == "Set up one point per district."


def test_starter_refuses_a_bad_file_and_goes_on_with_the_next(convener: Person) -> None:
    """Line and column; the good file beside it is still done; the exit code is the worst."""
    bad, good = convener.home / "bad.yaml", convener.home / "good.yaml"
    bad.write_text("id: x\nid: y\n", encoding="utf-8")
    good.write_text(TASK.replace("plan-2026-7", "plan-2026-8"), encoding="utf-8")
    done = start(convener, str(bad), str(good))
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert "registered and started" in done.stdout


def test_starter_makes_no_trail_where_there_is_none(convener: Person, tmp_path: Path) -> None:
    """A wrong --data is an error, not an empty trail."""
    path = convener.home / "task.yaml"
    path.write_text(TASK, encoding="utf-8")
    done = start(convener, "--data", str(tmp_path / "nowhere"), str(path))
    assert done.returncode == 6
    assert not (tmp_path / "nowhere").exists()


def test_worker_ends_in_order(house: House, tmp_path: Path) -> None:
    """Against any Temporal by TEMPORAL_*; SIGTERM ends it with exit code 0."""
    data = tmp_path / "data"
    env = house.person("worker").env | {
        "LIANXI_DATA": str(data),
        "LIANXI_TASK_QUEUE": "another",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{house.temporal_port}",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "worker.py")], env=env, stderr=log, stdout=log
        )
        try:
            deadline = time.monotonic() + 30
            while not (data / "run" / "worker.ready").exists():
                assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.1)
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()
