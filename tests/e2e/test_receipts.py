"""From a command to a receipt checked offline, on the real set: promise, seal, proof, witness."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import House, Person, house_at

pytestmark = pytest.mark.server

PATIENCE = 30.0


@pytest.fixture
def sealing_house(tmp_path: Path) -> Iterator[House]:
    """A running set that seals every second."""
    made = house_at(tmp_path)
    made.settings["LIANXI_SEAL_SECONDS"] = "1"
    made.settings.setdefault("LIANXI_ANCHORS_DIR", str(tmp_path / "anchors"))
    made.operator.types("up", "-d")
    yield made
    made.operator.types("down")


def _until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end
        time.sleep(0.5)


def _state(unit: Person, task: str) -> str:
    (row,) = unit.reads("task", "receipt", task)["items"]
    return str(row["state"])


def test_a_receipt_goes_from_promise_to_a_proof_that_holds_offline(sealing_house: House) -> None:
    """The trust file reaches the checker elsewhere; gateway and profile are not needed any more."""
    office = sealing_house.person("office", LIANXI_DATA=str(sealing_house.data))
    sealing_house.found("joint", office)
    unit = sealing_house.unit("U01", "joint", office)
    issued = office.reads(
        "task", "issue", "--title", "x", "--lead", "U01", "--due", "5d", "--wait", "recorded"
    )
    task = issued["receipt"]["task"]
    acknowledged = unit.reads("ack", task)
    assert acknowledged["receipt"]["signed"] is True
    _until(lambda: _state(unit, task) == "included")
    unit.types("audit", "cosign")
    unit.types("audit", "trust", "--to", "trust.json", "--quorum", "1")
    unit.types("config", "set", "trust", str(unit.home / "trust.json"))
    office.types("task", "urge", task, "--unit", "U01", "--yes")

    def witnessed() -> bool:
        unit.types("audit", "cosign")
        return _state(unit, task) == "witnessed"

    _until(witnessed)
    unit.types("task", "receipt", task, "--to", "receipts.json")
    elsewhere = sealing_house.person("elsewhere", LIANXI_GATEWAY="http://127.0.0.1:9")
    for name in ("receipts.json", "trust.json"):
        (elsewhere.home / name).write_bytes((unit.home / name).read_bytes())
    words = ("audit", "check-receipt", "receipts.json", "--trust", "trust.json")
    checked = elsewhere.reads(*words)
    assert checked["recorded"] is True
    assert checked["receipts"][0]["witnessed"] is not None
    document = json.loads((elsewhere.home / "receipts.json").read_bytes())
    document["receipts"][0]["events"][0] += " "
    (elsewhere.home / "receipts.json").write_text(json.dumps(document))
    elsewhere.types(*words, exits=1)
