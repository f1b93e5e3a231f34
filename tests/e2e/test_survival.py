"""What the set survives: kill -9 with the trail locked, a backup under load, taken ports."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import LIANXI, House, Person, house_at
from tests.e2e.test_people import issue_one


def test_a_receipt_survives_kill_9_while_the_trail_is_locked(own_house: House) -> None:
    """Receipt printed, worker killed, trail unlocked: the same hash appears, once."""
    office, task, unit = founded(own_house, "locked")
    database = sqlite3.connect(own_house.data / "trail" / "trail.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    unit.types("ack", task)
    receipt = json.loads(unit.types("task", "receipt", task, "-o", "jsonl").splitlines()[-1])
    promised = receipt["hash"]
    before = own_house.pid("worker")
    os.kill(before, signal.SIGKILL)
    time.sleep(1)
    database.execute("ROLLBACK")
    database.close()
    hashes = wait_for(
        lambda: [row["hash"] for row in history(unit, task) if row["kind"] == ACKNOWLEDGED]
    )
    assert hashes == [promised]
    assert own_house.pid("worker") != before
    assert "intact" in office.types("audit", "verify", "--data", str(own_house.data))


ACKNOWLEDGED = "AssignmentAcknowledged"


@pytest.fixture
def slow_log(tmp_path: Path) -> Iterator[House]:
    """A set that seals only when it stops: no client sees what a backup lacks (`test_rollback` does)."""
    made = house_at(tmp_path)
    made.settings |= {"LIANXI_SEAL_SECONDS": "3600", "LIANXI_SEAL_EVENTS": "100000"}
    made.operator.types("up", "-d")
    yield made
    made.operator.types("down")


def test_a_backup_taken_under_load_comes_back(slow_log: House) -> None:
    """Taken while commands arrive; restored elsewhere it verifies and takes the next command."""
    office, task, unit = founded(slow_log, "saved")
    stop = threading.Event()
    sent: list[int] = []

    def load() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            percent = str(number % 100)
            done = unit.run([str(LIANXI), "task", "progress", task, "--percent", percent])
            sent.append(done.returncode)

    pressing = threading.Thread(target=load)
    pressing.start()
    time.sleep(1.5)
    answered = sent.count(0)
    copy = slow_log.folder / "copy"
    slow_log.operator.types("backup", "--to", str(copy), "--with-keys")
    time.sleep(1)
    stop.set()
    pressing.join()
    assert 0 in sent
    slow_log.operator.types("down")
    restored = house_at(slow_log.folder)
    # another machine: what the first one sealed after the backup, when it stopped, is not known there
    restored.settings |= slow_log.settings | {"LIANXI_ANCHORS_DIR": str(restored.folder / "other")}
    restored.data = slow_log.folder / "restored"
    restored.port, restored.temporal_port = slow_log.port, slow_log.temporal_port
    restored.operator.types("restore", "--from", str(copy))
    restored.operator.types("up", "-d")
    try:
        there = restored.operator
        assert "intact" in there.types("audit", "verify", "--data", str(restored.data))
        before = history(unit, task)
        unit.types("task", "progress", task, "--percent", "99", "--wait", "recorded")
        after = history(unit, task)
        # What was answered but not yet recorded when the set stopped is recorded now, then ours.
        assert after[: len(before)] == before
        assert [row["seq"] for row in after] == list(range(1, len(after) + 1))
        assert after[-1]["kind"] == "ProgressReported"
        assert len(after) > max(len(before), answered)
        assert "intact" in office.types("audit", "verify")
    finally:
        restored.operator.types("down")


def test_a_second_up_refuses_and_names_the_pid(own_house: House) -> None:
    """One data directory, one set; another set on its ports is told which port."""
    supervisor = own_house.operator.reads("status")["supervisor_pid"]
    printed = own_house.operator.types("up", "-d", exits=5)
    assert str(supervisor) in printed
    other = house_at(own_house.folder)
    other.data = own_house.folder / "other"
    other.port, other.temporal_port = own_house.port, own_house.temporal_port
    printed = other.operator.types("up", "-d", exits=1)
    assert str(own_house.temporal_port) in printed


def test_one_changed_byte_is_named(own_house: House) -> None:
    """Verify beside the store and over the gateway both name the event and exit 1."""
    office, task, unit = founded(own_house, "tampered")
    unit.types("ack", task, "--wait", "recorded")
    own_house.operator.types("down")
    path = own_house.data / "trail" / "trail.db"
    with sqlite3.connect(path) as database:
        data = database.execute(
            "SELECT data FROM events WHERE kind = ?", (ACKNOWLEDGED,)
        ).fetchone()[0]
        changed = bytes(data).replace(b'"seq":2', b'"seq":3')
        assert changed != data
        database.execute("UPDATE events SET data = ? WHERE kind = ?", (changed, ACKNOWLEDGED))
    database.close()
    printed = own_house.operator.types("audit", "verify", "--data", str(own_house.data), exits=1)
    assert f"task/{task}" in printed
    own_house.operator.types("up", "-d")
    assert f"task/{task}" in office.types("audit", "verify", exits=1)


def founded(house: House, conference: str) -> tuple[Person, str, Person]:
    """Office, a task, and the unit it is for."""
    office = house.operator
    house.found(conference, office)
    unit = house.unit("U01", conference, office)
    return office, issue_one(office), unit


def history(person: Person, task: str) -> list[dict[str, str]]:
    """The recorded events of a task, as the person sees them."""
    lines = person.types("task", "history", task, "-o", "jsonl").splitlines()
    return [json.loads(line) for line in lines]


def wait_for(look: Callable[[], list[str]], seconds: float = 60.0) -> list[str]:
    """What `look` finds once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.5)
    return found
