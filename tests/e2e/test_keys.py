"""Keys come and go on a running set: rotated, revoked, signed for by several; the trail verifies."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from tests.e2e.conftest import House, Person

CONFERENCE = "keys"


@pytest.fixture(scope="module")
def office(house: House) -> Person:
    """The office's machine, which founds the conference; the house has others, from another one."""
    person = house.person("keys-office", LIANXI_DATA=str(house.data))
    house.found(CONFERENCE, person)
    return person


@pytest.fixture(scope="module")
def units(house: House, office: Person) -> dict[str, Person]:
    """Three units, each with its own machine."""
    return {unit: house.unit(unit, CONFERENCE, office) for unit in ("U01", "U02", "auditor")}


def brought(file: Path, to: Person) -> str:
    """A file carried from one machine to another."""
    target = to.home / file.name
    target.write_bytes(file.read_bytes())
    return str(target)


def test_keys_come_and_go(office: Person, units: dict[str, Person]) -> None:
    """Rotation, several signers, revocation: each by what people type."""
    first, second = units["U01"], units["U02"]
    convener = ("--profile", "convener", "--conference", CONFERENCE)
    office.types(
        *("task", "issue", "--title", "Service day", "--text", "One point.", "--mode", "each"),
        *("--units", "U01,U02", "--due", "15d", "--wait", "recorded", "--conference", CONFERENCE),
    )
    request = first.home / "rotation.json"
    first.types("key", "rotate", "--request", str(request))
    office.types("key", "register", brought(request, office), *convener)
    assert "KEY_RETIRED" in first.types("ack", "T-0001", "-o", "json", exits=4)
    first.types("key", "rotate")
    first.types("ack", "T-0001", "--wait", "recorded")
    proposal = str(office.home / "proposal.json")
    roster = ("conference", "roster")
    office.types(
        *(*roster, "propose", "--threshold", "2", "--keys", "convener,U01,U02", "--to", proposal),
        *convener,
    )
    office.types(*roster, "sign", proposal, "--yes", *convener)
    lacking = office.types(*roster, "adopt", proposal, "-o", "json", *convener, exits=4)
    assert "have 1" in lacking or "1 of 2" in lacking
    there = brought(Path(proposal), second)
    second.types(*roster, "sign", there, "--yes")
    office.types(*roster, "adopt", brought(Path(there), office), *convener)
    shown = json.loads(second.types(*roster, "check", "-o", "json"))
    assert (shown["threshold"]["k"], shown["version"]) == (2, 6)
    key = json.loads(second.types("key", "show", "-o", "json"))["key_id"]
    gone = str(office.home / "gone.json")
    for line in (
        ("propose", "--threshold", "1", "--keys", "convener", "--retire", key[:12], "--to", gone),
        ("sign", gone, "--yes"),
    ):
        office.types(*roster, *line, *convener)
    other = brought(Path(gone), first)
    first.types(*roster, "sign", other, "--yes")
    first.types(*roster, "check", other)
    office.types(
        *(*roster, "adopt", brought(Path(other), office), "--reason", "left"),
        *("--wait", "recorded", *convener),
    )
    assert "KEY_RETIRED" in second.types("ack", "T-0001", "-o", "json", exits=4)
    first.types("task", "progress", "T-0001", "--percent", "50", "--wait", "recorded")
    units["auditor"].types("audit", "verify")


def test_a_lost_key_is_replaced_three_days_later(
    house: House, office: Person, units: dict[str, Person]
) -> None:
    """Until then the lost one acts, the new one does not; stopped in time, nothing has changed."""
    old = units["auditor"]
    lost = json.loads(old.types("key", "show", "-o", "json"))["key_id"]
    new = house.person(f"{CONFERENCE}-auditor-new")
    request = new.home / "request.json"
    named = ("--unit", "auditor", "--conference", CONFERENCE)
    new.types("key", "new", *named, "--request", str(request))
    convener = ("--profile", "convener", "--conference", CONFERENCE)
    replacing = ("key", "replace", brought(request, office), "--reason", "the card was lost")
    office.types(*replacing, "--lost", lost[:12], "--wait", "recorded", *convener)
    assert "KEY_NOT_YET" in new.types("audit", "list", "-o", "json", exits=4)
    old.types("audit", "list")
    waiting = json.loads(b64decode(json.loads(request.read_bytes())["payload"]))["key_id"]
    office.types(
        *("key", "revoke", waiting[:12], "--reason", "it was found"),
        *("--yes", "--wait", "recorded", *convener),
    )
    assert "KEY_RETIRED" in new.types("audit", "list", "-o", "json", exits=4)
    old.types("audit", "verify")
