"""`conference init`: which gateway it asks, and that a repeat takes nothing from the owner."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fake_gateway import TOKEN, FakeGateway, running
from tests.cli.machines import INIT, ROSTER, House, Machine, found


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A founded conference of the test's own."""
    with running() as served:
        yield found(tmp_path, served)


def _belongings(machine: Machine) -> dict[str, bytes]:
    """Configuration and keys."""
    home = machine.home / "lianxi"
    files = [home / "config.toml", *sorted((home / "keys").iterdir())]
    return {str(file): file.read_bytes() for file in files}


def test_a_founded_conference_is_not_founded_again(own_house: House) -> None:
    """Refused before a key or profile is touched: the owner is not locked out."""
    office = own_house.office
    before = _belongings(office)
    refused = office.run(*INIT, "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "ALREADY_FOUNDED")
    assert _belongings(office) == before
    office.run("unit", "list", ok=True)


def test_a_founding_not_listed_yet_keeps_its_profiles(own_house: House) -> None:
    """The gateway lists late and refuses itself: what the owner acts with is put back."""
    office, served = own_house.office, own_house.gateway
    before = (office.home / "lianxi" / "config.toml").read_bytes()
    served.listing = False
    refused = office.run(*INIT, "-o", "json")
    served.listing = True
    assert (refused.code, refused.error["code"]) == (5, "ALREADY_FOUNDED")
    assert (office.home / "lianxi" / "config.toml").read_bytes() == before
    office.run("unit", "list", ok=True)


def test_a_wait_without_record_goes_on_as_printed(gateway: FakeGateway, tmp_path: Path) -> None:
    """Accepted and not recorded: the repeat names the same request, keys and profiles stay."""
    office = _newcomer(tmp_path / "office", gateway.url)
    gateway.fault = "unrecorded"
    pending = office.run(*INIT, "--wait", "recorded", "-o", "json")
    assert pending.code == 8
    before = _belongings(office)
    request_id = pending.error["params"]["request_id"]
    office.run(*INIT, "--wait", "recorded", "--request-id", request_id, ok=True)
    assert _belongings(office) == before


def test_another_machine_cannot_found_it_either(own_house: House, tmp_path: Path) -> None:
    """Whoever can read the token, but holds no profile of the conference."""
    other = _newcomer(tmp_path / "other", own_house.gateway.url)
    refused = other.run(*INIT)
    assert (refused.code, "is founded already" in refused.err) == (5, True)
    assert not (other.home / "lianxi").exists()


def _newcomer(folder: Path, gateway: str) -> Machine:
    machine = Machine(folder, gateway)
    (folder / "data" / "run").mkdir(parents=True)
    machine.file("data/run/founding.token", TOKEN)
    machine.file("roster.csv", ROSTER)
    return machine


def test_an_unfinished_attempt_goes_on_with_its_keys(gateway: FakeGateway, tmp_path: Path) -> None:
    """The founding arrived, its answer did not: the printed repeat finds it done."""
    office = _newcomer(tmp_path / "office", gateway.url)
    gateway.fault = "drop-after"
    pending = office.run(*INIT, "-o", "json")
    assert pending.code == 8
    before = _belongings(office)
    request_id = pending.error["params"]["request_id"]
    office.run(*INIT, "--request-id", request_id, ok=True)
    assert _belongings(office) == before
    office.run("unit", "list", ok=True)


def test_the_data_directory_names_the_gateway(gateway: FakeGateway, tmp_path: Path) -> None:
    """Without --gateway and LIANXI_GATEWAY: the set over DIR, also in the profiles."""
    office = _newcomer(tmp_path / "office", "")
    office.file("data/run/state.json", json.dumps({"gateway": gateway.url}))
    office.run(*INIT, ok=True)
    assert gateway.known.conference.state.conference == "joint"
    office.run("unit", "list", ok=True)
    assert gateway.url in (office.home / "lianxi" / "config.toml").read_text()


def test_a_flag_goes_over_the_data_directory(gateway: FakeGateway, tmp_path: Path) -> None:
    """What was typed counts, whatever state.json says."""
    office = _newcomer(tmp_path / "office", "")
    office.file("data/run/state.json", json.dumps({"gateway": "http://127.0.0.1:9"}))
    assert office.run(*INIT).code == 6
    office.run(*INIT, "--gateway", gateway.url, ok=True)
