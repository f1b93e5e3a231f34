"""Key files under a passphrase: typed nowhere but into a file or a terminal, and never shown."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from lianxi.cli import keyfile, passphrase
from lianxi.cli.faults import CliError
from lianxi.cli.main import main
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
        (SECRET, 0o640, "PASSPHRASE_FILE_EXPOSED"),
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


def test_a_key_that_is_not_protected_is_not_said_to_be(tmp_path: Path) -> None:
    """Where nobody can type the passphrase it is to have."""
    with pytest.raises(CliError) as refused:
        passphrase.new_passphrase(tmp_path / "u.key", ask=False)
    assert refused.value.code == "PASSPHRASE_MISSING"
    assert "is protected" not in refused.value.message


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


class Ring:
    """A system's keyring; `broken`: it answers nothing."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service: str, name: str) -> str | None:
        if self.broken:
            raise RuntimeError("locked")
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def protect(path: Path, *words: str) -> None:
    """The verb, as typed, in this process."""
    code = main(["key", "protect", *words, "--key", str(path), "--no-input"])
    assert code == 0


def test_the_keyring_keeps_what_nobody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protected again and again, one secret is kept, and it opens the key; removed, none is."""
    ring = Ring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setenv("LIANXI_HOME", str(tmp_path / "home"))
    path = tmp_path / "u.key"
    key = keyfile.make_key(path, unit="U01")
    for _ in range(2):
        protect(path, "--keyring")
        monkeypatch.setattr(keyfile, "_unlocked_seeds", {})
        assert keyfile.read_key(path, ask=False).signer.key_id == key.signer.key_id
        assert len(ring.kept) == 1
    protect(path, "--remove")
    assert ring.kept == {}
    assert keyfile.read_key(path, ask=False).signer.key_id == key.signer.key_id


def test_a_keyring_that_does_not_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not installed, one that keeps nothing, a locked one, an empty one: never a fault of the file."""
    path = tmp_path / "u.key"
    key_id = keyfile.make_key(path, unit="U01").signer.key_id
    ring = Ring()
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CliError, match="KEYRING_MISSING"):
        passphrase.keep_in_keyring(key_id)
    forgetful = SimpleNamespace(get_password=lambda *_: None, set_password=lambda *_: None)
    monkeypatch.setitem(sys.modules, "keyring", forgetful)
    with pytest.raises(CliError, match="KEYRING_MISSING"):
        passphrase.keep_in_keyring(key_id)
    monkeypatch.setitem(sys.modules, "keyring", ring)
    kept = passphrase.keep_in_keyring(key_id)
    keyfile.protect_key(path, kept.passphrase, keyring=kept.name, ask=False)
    monkeypatch.setattr(keyfile, "_unlocked_seeds", {})
    ring.broken = True
    with pytest.raises(CliError, match="KEYRING_MISSING"):
        keyfile.read_key(path, ask=False)
    ring.broken = False
    ring.kept.clear()
    with pytest.raises(CliError, match="KEYRING_MISSING"):
        keyfile.read_key(path, ask=False)


def test_who_breaks_off_at_the_question_has_no_broken_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at the prompt is Ctrl-C."""
    path = tmp_path / "u.key"
    keyfile.make_key(path, unit="U01", passphrase=SECRET.encode())

    def broken_off(*_: object, **__: object) -> bytes:
        raise click.Abort

    monkeypatch.setattr(passphrase, "passphrase_for", broken_off)
    with pytest.raises(click.Abort):
        keyfile.read_key(path)


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
