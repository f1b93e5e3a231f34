"""Key files under a passphrase: typed nowhere but into a file or a terminal, and never shown."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lianxi.cli import keyfile, passphrase
from lianxi.cli.faults import CliError
from lianxi.proof.keys import Signer
from tests.cli.machines import House

SECRET = "correct horse battery staple"


@pytest.fixture(autouse=True)
def nothing_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own, and attempts are cheap."""
    monkeypatch.setattr(keyfile, "_unlocked_seeds", {})
    monkeypatch.setattr(passphrase.sealed, "__kwdefaults__", {"ops": 1, "memory": 8_192})


def secret_file(folder: Path, text: str = SECRET + "\n", mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_protected_file_holds_no_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same key with the passphrase, none without, another one refused."""
    path = tmp_path / "u.key"
    monkeypatch.setenv(passphrase.VARIABLE, str(secret_file(tmp_path)))
    key = keyfile.make_key(path, unit="U01")
    seed = json.loads(path.read_text())["seed"]
    keyfile.protect_key(path, passphrase.new_passphrase(path, ask=False), ask=False)
    text = path.read_text()
    assert seed not in text
    assert (json.loads(text)["v"], path.stat().st_mode & 0o777) == (2, 0o600)
    assert keyfile.read_key(path, ask=False).signer.key_id == key.signer.key_id
    monkeypatch.setattr(keyfile, "_unlocked_seeds", {})
    secret_file(tmp_path, "another passphrase\n")
    with pytest.raises(CliError) as wrong:
        keyfile.read_key(path, ask=False)
    assert wrong.value.code == "PASSPHRASE_WRONG"
    assert key.signer.key_id in wrong.value.hint
    monkeypatch.delenv(passphrase.VARIABLE)
    with pytest.raises(CliError) as locked:
        keyfile.read_key(path, ask=False)
    assert locked.value.code == "KEY_LOCKED"
    monkeypatch.setenv(passphrase.VARIABLE, str(secret_file(tmp_path)))
    keyfile.protect_key(path, None, ask=False)
    assert json.loads(path.read_text())["seed"] == seed


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        ("short\n", 0o600, "PASSPHRASE_UNFIT"),
        ("\n", 0o600, "PASSPHRASE_UNFIT"),
        ("x" * 2_000, 0o600, "PASSPHRASE_UNFIT"),
        (SECRET, 0o640, "KEY_FILE_EXPOSED"),
    ],
)
def test_an_unfit_passphrase_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mode: int, code: str
) -> None:
    """Too short, empty, too long, readable by others."""
    monkeypatch.setenv(passphrase.VARIABLE, str(secret_file(tmp_path, text, mode)))
    with pytest.raises(CliError) as refused:
        passphrase.new_passphrase(tmp_path / "u.key", ask=False)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"kdf": "md5"},
        {"ops": 10**9},
        {"memory": 2**40},
        {"memory": True},
        {"salt": "00"},
        {"nonce": "zz"},
        {"box": None},
    ],
)
def test_a_file_that_asks_for_too_much_is_no_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """Parameters beyond the bounds are refused before they cost anything."""
    monkeypatch.setenv(passphrase.VARIABLE, str(secret_file(tmp_path)))
    path = tmp_path / "u.key"
    keyfile.make_key(path, unit="U01", passphrase=SECRET.encode())
    content = json.loads(path.read_text())
    content["protected"] |= changes
    path.write_text(json.dumps(content))
    with pytest.raises(CliError) as refused:
        keyfile.read_key(path, ask=False)
    assert refused.value.code == "KEY_FILE_INVALID"


def test_the_keyring_keeps_what_nobody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the package `keyring` where it is installed; where it is not, that is said."""
    kept: dict[tuple[str, str], str] = {}
    ring = SimpleNamespace(
        get_password=lambda service, name: kept.get((service, name)),
        set_password=lambda service, name, secret: kept.update({(service, name): secret}),
    )
    path = tmp_path / "u.key"
    key = keyfile.make_key(path, unit="U01")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CliError) as missing:
        passphrase.keep_in_keyring(key.signer.key_id)
    assert missing.value.code == "KEYRING_MISSING"
    monkeypatch.setitem(sys.modules, "keyring", ring)
    made = passphrase.keep_in_keyring(key.signer.key_id)
    keyfile.protect_key(path, made, keyring=True, ask=False)
    assert kept
    assert keyfile.read_key(path, ask=False).signer.key_id == key.signer.key_id
    kept.clear()
    monkeypatch.setattr(keyfile, "_unlocked_seeds", {})
    with pytest.raises(CliError) as lost:
        keyfile.read_key(path, ask=False)
    assert lost.value.code == "KEYRING_MISSING"


def test_old_key_files_stay_as_they_are(tmp_path: Path) -> None:
    """Version 1, byte for byte the fields of release 0.2."""
    path = tmp_path / "u.key"
    seed = bytes(range(32))
    signer = Signer(seed)
    path.write_text(
        json.dumps(
            {
                "v": 1,
                "alg": "ed25519",
                "unit": "U01",
                "key_id": signer.key_id,
                "public_key": signer.public_key.hex(),
                "seed": seed.hex(),
            }
        )
    )
    path.chmod(0o600)
    assert keyfile.read_key(path).signer.key_id == signer.key_id


def test_commands_sign_with_a_protected_key(house: House) -> None:
    """`key protect`, then a command; without the passphrase a refusal that says what to do."""
    unit, task = house.units["U02"], house.issue()
    secret = unit.home / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    variable = {passphrase.VARIABLE: str(secret)}
    unit.run("key", "protect", ok=True, **variable)
    locked = unit.run("ack", task, "-o", "json")
    assert (locked.code, locked.error["code"]) == (2, "KEY_LOCKED")
    unit.run("ack", task, ok=True, **variable)
    assert unit.run("key", "show", "-o", "json", ok=True, **variable).json["protected"] is True
    unit.run("key", "protect", "--remove", ok=True, **variable)
    unit.run("key", "show", ok=True)
