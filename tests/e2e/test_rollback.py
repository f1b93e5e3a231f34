"""A data directory rolled back whole: nothing goes on behind its checkpoint; a successor carries it on."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import LIANXI, House, Person, house_at

pytestmark = pytest.mark.server

PATIENCE = 30.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running set that seals every second, its anchors beside the data directory."""
    made = house_at(tmp_path)
    made.settings["LIANXI_SEAL_SECONDS"] = "1"
    made.settings["LIANXI_ANCHORS_DIR"] = str(tmp_path / "anchors")
    made.operator.types("up", "-d")
    yield made
    made.operator.types("down")


def anchored(house: House) -> int:
    """The size of the checkpoint kept outside; 0 while there is none."""
    notes = sorted((house.folder / "anchors").glob("*.note"))
    return int(notes[0].read_text().splitlines()[1]) if notes else 0


def until_anchored(house: House, size: int) -> int:
    """Wait until a checkpoint of more leaves is kept outside; its size."""
    end = time.monotonic() + PATIENCE
    while (found := anchored(house)) <= size:
        assert time.monotonic() < end
        time.sleep(0.3)
    return found


def founded(house: House) -> tuple[Person, Person, str]:
    """The office, one unit, a task it has acknowledged."""
    office = house.operator
    house.found("joint", office)
    unit = house.unit("U01", "joint", office)
    issued = office.reads(
        "task", "issue", "--title", "x", "--lead", "U01", "--due", "5d", "--wait", "recorded"
    )
    task = issued["receipt"]["task"]
    unit.types("ack", task, "--wait", "recorded")
    return office, unit, task


def test_a_rolled_back_directory_records_nothing_and_a_successor_does(house: House) -> None:
    """Restored from a backup that is older than what was sealed since."""
    office, unit, task = founded(house)
    until_anchored(house, 0)
    copy = house.folder / "copy"
    house.operator.types("backup", "--to", str(copy), "--with-keys")
    size = anchored(house)  # with what was sealed when the set stood still
    unit.types("task", "progress", task, "--percent", "60", "--wait", "recorded")
    until_anchored(house, size)
    time.sleep(1.1)  # so long the gateway remembers its newest checkpoint
    unit.types("audit", "checkpoint")  # which it keeps
    house.operator.types("down")
    shutil.rmtree(house.data)
    house.operator.types("restore", "--from", str(copy))
    house.operator.types("up", "-d")

    # who saw the longer log refuses the shorter one; to who did not the service says it
    alarm = json.loads(unit.types("todo", "-o", "json", exits=1))["error"]
    assert (alarm["code"], alarm["params"]["how"]) == ("LOG_FORKED", "shrunk")
    assert Path(alarm["params"]["path"]).exists()
    fresh = house.person("fresh", LIANXI_DATA=str(house.data))
    shutil.copytree(office.home / ".config", fresh.home / ".config")
    told = fresh.types("task", "urge", task, "--unit", "U01", "--yes", "-o", "json", exits=5)
    assert json.loads(told)["error"]["code"] == "TRAIL_BEHIND"
    assert "nothing is recorded" in house.operator.types("doctor", exits=1)
    found = fresh.run([str(LIANXI), "audit", "findings"])
    assert "Nothing is recorded" in found.stderr
    kept = anchored(house)
    assert "TRAIL_CUT" in office.types("audit", "verify", "--data", str(house.data), exits=1)

    (anchor,) = (house.folder / "anchors").glob("*.note")
    carried = house.person("successor", LIANXI_DATA=str(house.data))
    shutil.copy(office.home / "roster.csv", carried.home / "roster.csv")
    carried.types(
        "conference", "init", "--id", "joint-2", "--name-en", "Joint Conference",
        "--name-zh", "联席会议", "--zone", "Asia/Shanghai", "--roster", "roster.csv",
        "--recovers", str(anchor), "--wait", "recorded",
    )  # fmt: skip
    (first,) = carried.reads("audit", "list", "--kind", "ConferenceFounded", "--as", "convener")[
        "items"
    ]
    event = carried.reads("audit", "show", first["hash"], "--as", "convener")["event"]
    assert event["data"]["recovers"]["size"] == kept
    carried.types(
        "task", "issue", "--title", "again", "--lead", "U02", "--due", "5d", "--wait", "recorded",
        "--as", "office",
    )  # fmt: skip
