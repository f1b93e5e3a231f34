"""Who and where: precedence, sources, keys that others may read, other identities."""

from pathlib import Path

import pytest

from lianxi.cli.grammar import Flags
from lianxi.cli.profiles import Home, Settings, save_profile
from lianxi.proof.checkpoints import log_key
from lianxi.proof.keys import Signer
from lianxi.proof.policies import Policy, policy_text
from lianxi.proof.trust import trust_bytes
from tests.cli.machines import House


def _settings(home: Path, environment: dict[str, str], **given: str) -> Settings:
    flags = Flags()
    flags.given |= given
    return Settings(Home(home, home / "state"), flags, environment)


def test_flag_over_environment_over_profile_over_default(tmp_path: Path) -> None:
    save_profile(Home(tmp_path, tmp_path), "p", {"gateway": "http://profile", "unit": "U01"})
    assert _settings(tmp_path, {}).value("gateway") == ("http://profile", "profile p")
    given = {"LIANXI_GATEWAY": "http://env"}
    assert _settings(tmp_path, given).value("gateway") == ("http://env", "LIANXI_GATEWAY")
    flag = _settings(tmp_path, given, gateway="http://flag").value("gateway")
    assert flag == ("http://flag", "--gateway")
    assert _settings(tmp_path / "none", {}).value("gateway").source == "default"


def test_another_identity_is_taken_whole(tmp_path: Path) -> None:
    """--as U07 with LIANXI_KEY of somebody else set: the profile's key counts."""
    home = Home(tmp_path, tmp_path)
    save_profile(home, "U07", {"unit": "U07", "key": "keys/U07.key"})
    settings = _settings(tmp_path, {"LIANXI_KEY": "/other.key"}, as_unit="U07")
    assert settings.key_path == tmp_path / "keys" / "U07.key"


def test_as_finds_a_unit_by_name_or_by_the_profile_that_has_it(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path)
    save_profile(home, "demo-U07", {"unit": "U07", "conference": "demo"})
    assert _settings(tmp_path, {}, as_unit="U07").profile.text == "demo-U07"
    save_profile(home, "joint-U07", {"unit": "U07", "conference": "joint"})
    chosen = _settings(tmp_path, {}, as_unit="U07", conference="joint")
    assert chosen.profile.text == "joint-U07"


def test_config_show_names_each_values_source(house: House) -> None:
    rows = house.office.run("config", "show", "-o", "json", ok=True).json["items"]
    sources = {row["name"]: row["source"] for row in rows}
    assert sources["gateway"] == "LIANXI_GATEWAY"
    assert sources["conference"] == "profile convener"
    assert "seed" not in str(rows)


def test_config_set_and_list(house: House) -> None:
    unit = house.units["U03"]
    unit.run("config", "set", "conference", "joint", "--profile", "fresh", ok=True)
    unit.run("config", "set", "default", "U03", ok=True)
    rows = unit.run("config", "list", "-o", "json", ok=True).json["items"]
    assert {row["profile"] for row in rows} == {"U03", "fresh"}
    assert unit.run("config", "set", "default", "nobody").code == 2


def test_a_file_that_is_set_is_found_from_everywhere(house: House) -> None:
    """It is named as it lies from where somebody stands, who may stand elsewhere afterwards."""
    unit = house.units["U03"]
    away = unit.home / "away"
    away.mkdir()
    key = unit.home / "lianxi" / "keys" / "joint-U03.key"
    (away / "own.key").write_bytes(key.read_bytes())
    (away / "own.key").chmod(0o600)
    (away / "trust.json").write_bytes(_trust())
    (unit.home / "tilde.json").write_bytes(_trust())
    for name, value, kept in (
        ("key", "away/own.key", away / "own.key"),
        ("trust", "away/../away/trust.json", away / ".." / "away" / "trust.json"),
        ("trust", "~/tilde.json", unit.home / "tilde.json"),
    ):
        unit.run("config", "set", name, value, "--profile", "elsewhere", ok=True)
        rows = unit.run("config", "show", "--profile", "elsewhere", "-o", "json", ok=True).json
        assert {row["name"]: row["value"] for row in rows["items"]}[name] == str(kept)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("trust", "none.json", "FILE_UNREADABLE"),
        ("trust", "", "FILE_UNREADABLE"),
        ("trust", "bad.json", "TRUST_FILE_INVALID"),
        ("key", "none.key", "KEY_FILE_INVALID"),
        ("key", "bad.json", "KEY_FILE_INVALID"),
        ("key", "sealed.key", "KEY_FILE_INVALID"),
        ("key", "open.key", "KEY_FILE_EXPOSED"),
        ("ca", "none.pem", "FILE_UNREADABLE"),
        ("ca", "bad.json", "FILE_UNREADABLE"),
        ("cosign", "maybe", "USAGE"),
        ("cosign", "", "USAGE"),
    ],
)
def test_what_nothing_could_be_done_with_is_not_set(
    house: House, name: str, value: str, code: str
) -> None:
    unit = house.units["U03"]
    for file, content in (("bad.json", "{}"), ("sealed.key", '{"protected": 1}'), ("open.key", "")):
        unit.file(file, content)
        (unit.home / file).chmod(0o644 if file == "open.key" else 0o600)
    before = (unit.home / "lianxi" / "config.toml").read_bytes()
    refused = unit.run("config", "set", name, value, "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, code)
    assert (unit.home / "lianxi" / "config.toml").read_bytes() == before


def test_a_protected_key_is_set_without_its_passphrase(house: House) -> None:
    unit = house.units["U03"]
    unit.file("words", "four words of mine\n")
    (unit.home / "words").chmod(0o600)
    new = ("key", "new", "--unit", "U03", "--to", "mine.key", "--passphrase", "--profile", "sealed")
    unit.run("config", "set", "unit", "U03", "--profile", "sealed", ok=True)
    unit.run(*new, ok=True, LIANXI_PASSPHRASE_FILE=str(unit.home / "words"))
    unit.run("config", "set", "key", "mine.key", "--profile", "sealed", ok=True)


@pytest.mark.parametrize("value", ["true", "NO", "1", "0"])
def test_cosign_is_true_or_false(house: House, value: str) -> None:
    house.units["U03"].run("config", "set", "cosign", value, "--profile", "elsewhere", ok=True)


def _trust() -> bytes:
    """A trust file; of no conference that anybody here knows."""
    origin = "x/lianxi/y/0000000000000000"
    log = log_key(origin, Signer(b"\x51" * 32).public_key)
    policy = policy_text(Policy(logs=(log,)))
    return trust_bytes(origin=origin, genesis="0" * 64, log=log.vkey(), policy=policy)


def test_a_profile_on_this_machine_acts_by_as(house: House) -> None:
    task = house.issue()
    done = house.office.run(
        "task",
        "due",
        task,
        "--unit",
        "U01",
        "--due",
        "9d",
        "--reason",
        "x",
        "--as",
        "office",
        ok=True,
    )
    assert done.out.startswith("office changed the due")
    assert done.err.rstrip().endswith("--as office")


def test_a_key_that_others_may_read_is_refused(house: House) -> None:
    unit = house.units["U02"]
    key = unit.home / "lianxi" / "keys" / "joint-U02.key"
    key.chmod(0o644)
    try:
        refused = unit.run("todo", "-o", "json")
    finally:
        key.chmod(0o600)
    assert (refused.code, refused.error["code"]) == (2, "KEY_FILE_EXPOSED")


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"seed": "00", "unit": "U01"}'])
def test_what_is_no_key_file_is_refused_without_showing_it(house: House, content: str) -> None:
    unit = house.units["U02"]
    unit.file("bad.key", content)
    (unit.home / "bad.key").chmod(0o600)
    refused = unit.run("todo", "--key", "bad.key", "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "KEY_FILE_INVALID")


def test_a_broken_configuration_is_named(house: House, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("default = [")
    refused = house.office.run("todo", LIANXI_HOME=str(tmp_path))
    assert (refused.code, "config.toml" in refused.err) == (2, True)


def test_a_gateway_that_changes_its_origin_is_not_followed(house: House) -> None:
    """What was learned once is signed for ever after; the other conference refuses it."""
    known = house.gateway.known.conference.writer
    unit = house.units["U03"]
    kept = known.origin
    known.origin = kept[:-4] + "0000"
    try:
        assert unit.run("todo").code != 0
    finally:
        known.origin = kept


def test_ids_are_completed_from_what_was_shown(house: House) -> None:
    task = house.issue()
    house.office.run("task", "list", ok=True)
    done = house.office.run(
        _LIANXI_COMPLETE="bash_complete", COMP_WORDS="lianxi task show T", COMP_CWORD="3"
    )
    assert f"plain,{task}" in done.out.splitlines()
    verbs = house.office.run(
        _LIANXI_COMPLETE="bash_complete", COMP_WORDS="lianxi task sh", COMP_CWORD="2"
    )
    assert verbs.out.split() == ["plain,show"]
