"""Founding, and keys that units make themselves."""

from pathlib import Path

from tests.cli.fake_gateway import FakeGateway
from tests.cli.machines import INIT, ROSTER, TOKEN, House, machine


def test_founding_needs_the_gateways_token(gateway: FakeGateway, tmp_path: Path) -> None:
    office = machine(tmp_path / "office", gateway)
    office.file("roster.csv", ROSTER)
    missing = office.run(*INIT, "-o", "json")
    assert (missing.code, missing.error["code"]) == (4, "FOUNDING_TOKEN_MISSING")
    (office.home / "data" / "run").mkdir(parents=True)
    office.file("data/run/founding.token", TOKEN)
    shown = office.run(*INIT, "--dry-run", ok=True).json
    assert len(shown["args"]["members"]) == 3
    assert gateway.known.stream is None
    office.run(*INIT, ok=True)
    assert (
        sorted(path.stat().st_mode & 0o777 for path in (office.home / "lianxi/keys").iterdir())
        == [0o600] * 2
    )


def test_a_founding_without_an_answer_is_repeated_with_the_same_keys(
    gateway: FakeGateway, tmp_path: Path
) -> None:
    office = machine(tmp_path / "office", gateway)
    office.file("roster.csv", ROSTER)
    (office.home / "data" / "run").mkdir(parents=True)
    office.file("data/run/founding.token", TOKEN)
    gateway.fault = "drop-after"
    pending = office.run(*INIT, "-o", "json")
    assert pending.code == 8
    again = office.run(*INIT, "--request-id", pending.error["params"]["request_id"])
    assert again.code == 0
    assert len(list((office.home / "lianxi" / "keys").iterdir())) == 2


def test_a_key_is_never_overwritten(house: House) -> None:
    refused = house.units["U01"].run("key", "new", "--unit", "U01", "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "KEY_FILE_EXISTS")


def test_key_show_keeps_the_secret(house: House) -> None:
    unit = house.units["U01"]
    shown = unit.run("key", "show", "-o", "json", ok=True).json
    seed = (unit.home / "lianxi/keys/joint-U01.key").read_text().partition('"seed": "')[2][:64]
    assert shown["unit"] == "U01"
    assert seed not in str(shown)


def test_a_request_that_proves_nothing_is_refused(house: House) -> None:
    request = (house.units["U01"].home / "joint-U01.request.json").read_bytes()
    forged = house.office.file("forged.json", request.replace(b'"sig":"', b'"sig":"AA'))
    assert house.office.run("key", "register", forged).code in (2, 4)
    for name, bad in {"cut": request[:-30], "huge": b"x" * 70_000, "longer": b"x" * 9_000}.items():
        refused = house.office.run("key", "register", house.office.file(name, bad), "-o", "json")
        assert (refused.code, f"The file {name}" in refused.error["message"]) == (2, True)
        assert "Have its unit send" in refused.error["hint"]
    again = house.office.run("key", "register", house.office.file("again.json", request))
    assert (again.code, "already" in again.out + again.err) == (0, True)


def test_only_the_convener_signs_rosters(house: House) -> None:
    office = house.office
    unit = machine(house.office.home / "new", house.gateway)
    unit.run("key", "new", "--unit", "U03", ok=True)
    request = (unit.home / "joint-U03.request.json").read_bytes()
    refused = office.run(
        "key", "register", office.file("r.json", request), "--as", "office", "-o", "json"
    )
    assert refused.code in (2, 4)
