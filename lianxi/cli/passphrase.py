"""What opens a protected key file: a passphrase typed, in a file, or in the system's keyring (cli layer).

Never an argument: the command line is for all to see. The seed lies in a secretbox under a key that
Argon2id makes of the passphrase; the parameters stand in the file, within bounds.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.terminal import is_terminal

VARIABLE = "LIANXI_PASSPHRASE_FILE"
SERVICE = "lianxi"
LEAST = 12
MAX_PASSPHRASE_BYTES = 1_024

KDF: Final = "argon2id13"
OPS, MEMORY = 3, 256 << 20
"""libsodium's MODERATE: about 0.7 s and 256 MiB for each attempt."""

_MAX_OPS, _MAX_MEMORY = 16, 1 << 30
"""A file that asks for more is none of ours."""

_SALT_BYTES, _NONCE_BYTES = 16, 24


def sealed(
    seed: bytes, passphrase: bytes, *, ops: int = OPS, memory: int = MEMORY
) -> dict[str, Any]:
    """The part of a key file that holds the seed, protected."""
    from nacl.bindings import crypto_secretbox

    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    box = crypto_secretbox(seed, nonce, _key(passphrase, salt, ops, memory))
    return {
        "kdf": KDF,
        "ops": ops,
        "memory": memory,
        "salt": salt.hex(),
        "nonce": nonce.hex(),
        "box": box.hex(),
    }


def opened(protected: dict[str, Any], passphrase: bytes) -> bytes | None:
    """The seed; None for a wrong passphrase.

    ValueError, TypeError or KeyError where the part is malformed, MemoryError where this machine
    has too little for its parameters.
    """
    from nacl.bindings import crypto_secretbox_open
    from nacl.exceptions import CryptoError

    ops, memory = protected["ops"], protected["memory"]
    salt, nonce, box = (bytes.fromhex(protected[name]) for name in ("salt", "nonce", "box"))
    if protected["kdf"] != KDF or type(ops) is not int or type(memory) is not int:
        raise ValueError("another protection")
    if not (1 <= ops <= _MAX_OPS and 8_192 <= memory <= _MAX_MEMORY):  # noqa: PLR2004  libsodium's least
        raise ValueError("parameters out of bounds")
    if (len(salt), len(nonce)) != (_SALT_BYTES, _NONCE_BYTES):
        raise ValueError("another protection")
    key = _key(passphrase, salt, ops, memory)
    try:
        seed: bytes = crypto_secretbox_open(box, nonce, key)
    except CryptoError:
        return None
    return seed


def _key(passphrase: bytes, salt: bytes, ops: int, memory: int) -> bytes:
    from nacl.bindings import (
        crypto_pwhash_alg,
        crypto_pwhash_ALG_ARGON2ID13,
        crypto_secretbox_KEYBYTES,
    )
    from nacl.exceptions import CryptoError

    try:
        key: bytes = crypto_pwhash_alg(
            crypto_secretbox_KEYBYTES, passphrase, salt, ops, memory, crypto_pwhash_ALG_ARGON2ID13
        )
    except CryptoError as error:  # the parameters are in bounds: nothing else is left to fail
        raise MemoryError from error
    return key


# --- where it comes from ---


def passphrase_for(path: Path, key_id: str, *, ask: bool) -> bytes:
    """The passphrase of a key file: of the file that LIANXI_PASSPHRASE_FILE names, or typed."""
    named = os.environ.get(VARIABLE)
    if named:
        return _in_file(Path(named))
    if not ask or not is_terminal(sys.stdin) or not is_terminal(sys.stderr):
        raise CliError("KEY_LOCKED", path=str(path))
    import click

    question = _("Passphrase of key {key_id}").format(key_id=key_id[:12])
    return str(click.prompt(question, hide_input=True, err=True)).encode()


def new_passphrase(path: Path, *, ask: bool) -> bytes:
    """A passphrase for a key to be protected: typed twice, or of the file; refused when short."""
    named = os.environ.get(VARIABLE)
    if named:
        return _fit(_in_file(Path(named)))
    if not ask:
        raise CliError("PASSPHRASE_MISSING", path=str(path))
    import click

    typed = click.prompt(
        _("New passphrase"),
        hide_input=True,
        err=True,
        confirmation_prompt=_("Once more"),
    )
    return _fit(str(typed).encode())


def _fit(passphrase: bytes) -> bytes:
    if len(passphrase.decode("utf-8", "replace")) < LEAST:
        raise CliError("PASSPHRASE_UNFIT", reason=_("it is too short"), least=LEAST)
    return passphrase


def _in_file(path: Path) -> bytes:
    """The first line of the file; refused where others may read it."""
    try:
        mode, data = path.stat().st_mode, path.read_bytes()[: MAX_PASSPHRASE_BYTES + 1]
    except OSError as error:
        reason = error.strerror or str(error)
        raise CliError("FILE_UNREADABLE", path=str(path), reason=reason) from None
    if os.name == "posix" and mode & 0o077:
        raise CliError("PASSPHRASE_FILE_EXPOSED", path=str(path))
    passphrase = data.split(b"\n", 1)[0].rstrip(b"\r")
    if not passphrase or len(data) > MAX_PASSPHRASE_BYTES:
        raise CliError("PASSPHRASE_UNFIT", reason=_("the file holds none"), least=LEAST)
    return passphrase


# --- the system's keyring ---


class Kept(NamedTuple):
    """What the keyring keeps: under which name, and the passphrase."""

    name: str
    passphrase: bytes


def keyring_passphrase(name: str) -> bytes:
    """The passphrase that this system's keyring keeps under a name. Raises KEYRING_MISSING."""
    kept = _asked("get_password", name)
    if not isinstance(kept, str):
        raise CliError("KEYRING_MISSING", reason=_("it holds nothing for this key"))
    return kept.encode()


def keep_in_keyring(key_id: str) -> Kept:
    """Make a passphrase that nobody types and keep it in the keyring. Raises KEYRING_MISSING.

    Under a name of its own each time: what opens the key file as it is stays until another is
    written. Read back, since a system without a keyring may answer by one that keeps nothing.
    """
    name = f"{key_id[:16]}-{os.urandom(4).hex()}"
    passphrase = os.urandom(32).hex()
    _asked("set_password", name, passphrase)
    if keyring_passphrase(name) != passphrase.encode():
        raise CliError("KEYRING_MISSING", reason=_("it holds nothing for this key"))
    return Kept(name, passphrase.encode())


def drop_from_keyring(name: str) -> None:
    """Forget what is of no more use; a keyring that does not let us is no reason to fail."""
    with suppress(CliError):
        _asked("delete_password", name)


def _asked(what: str, *words: str) -> Any:
    """The keyring's answer; KEYRING_MISSING for each system's own failures."""
    try:
        return getattr(_keyring(), what)(SERVICE, *words)
    except CliError:
        raise
    except Exception as error:  # noqa: BLE001  each system's keyring has failures of its own
        raise CliError("KEYRING_MISSING", reason=type(error).__name__) from None


def _keyring() -> Any:
    """The package `keyring`, which is an extra of its own: most machines need none."""
    from importlib import import_module

    try:
        return import_module("keyring")
    except ImportError:
        raise CliError("KEYRING_MISSING", reason=_("it is not installed")) from None
