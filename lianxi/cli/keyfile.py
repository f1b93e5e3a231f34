"""Key files: one private key with the unit it is for, readable by its owner only (cli layer).

Version 1 holds the seed as it is, version 2 under a passphrase (`protected`, see `passphrase`).
"""

import json
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.proof.keys import SEED_BYTES, Signer

MAX_KEY_FILE_BYTES = 4_096


class Key(NamedTuple):
    """A signer, whose it is, and for which conference it was made (where the file says so)."""

    signer: Signer
    unit: str
    path: Path
    conference: str | None = None
    origin: str | None = None


def make_key(
    path: Path,
    *,
    unit: str,
    conference: str | None = None,
    origin: str | None = None,
    passphrase: bytes | None = None,
) -> Key:
    """A new key in a new file (0600); an existing file is never overwritten."""
    seed = os.urandom(SEED_BYTES)
    signer = Signer(seed)
    content: dict[str, object] = {
        "v": 1,
        "alg": signer.alg,
        "unit": unit,
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
    }
    content |= {"seed": seed.hex()} if passphrase is None else _under(seed, passphrase)
    content |= {"conference": conference} if conference else {}
    content |= {"origin": origin} if origin else {}
    try:
        write_private(path, _text_of(content), replace=False)
    except FileExistsError:
        raise CliError("KEY_FILE_EXISTS", path=str(path)) from None
    return Key(signer, unit, path, conference, origin)


def read_key(path: Path, *, ask: bool = True) -> Key:
    """The key of a file; refuses one that others may read, or that contradicts itself.

    `ask`: whether a passphrase may be asked for.
    """
    content = _content(path)
    signer, unit = Signer(_seed(path, content, ask=ask)), content.get("unit")
    if content.get("key_id") != signer.key_id or content.get("alg") != signer.alg:
        raise _invalid(path, _("its key id is not that of its key"))
    if not isinstance(unit, str):
        raise _invalid(path, _("it names no unit"))
    return Key(signer, unit, path, _text(content.get("conference")), _text(content.get("origin")))


def protect_key(
    path: Path, passphrase: bytes | None, *, keyring: str | None = None, ask: bool
) -> Key:
    """Write a key file anew under a passphrase; None: without one. The file before is replaced.

    `keyring`: the name under which the system's keyring keeps the passphrase.
    """
    content = _content(path)
    key = read_key(path, ask=ask)
    seed = _seed(path, content, ask=ask)
    bare = {name: content[name] for name in content if name not in ("seed", "protected", "keyring")}
    if passphrase is None:
        written = {**bare, "v": 1, "seed": seed.hex()}
    else:
        written = {**bare, **_under(seed, passphrase), **({"keyring": keyring} if keyring else {})}
    write_private(path, _text_of(written))
    return key


def keyring_name(path: Path) -> str | None:
    """The name under which the system's keyring keeps a key file's passphrase, if it does."""
    return _text(_content(path).get("keyring"))


def key_id_in(path: Path) -> str:
    """The id of a file's key, without opening it."""
    return str(_content(path).get("key_id"))


def check_key_file(path: Path) -> None:
    """Refuse what `read_key` would refuse, as far as that shows without a passphrase."""
    if not is_protected(path):
        read_key(path)
    elif _text(_content(path).get("key_id")) is None:
        raise _invalid(path, _("it is no key file"))


def is_protected(path: Path) -> bool:
    """Whether a key file needs a passphrase."""
    return "protected" in _content(path)


def _under(seed: bytes, passphrase: bytes) -> dict[str, object]:
    from lianxi.cli.passphrase import sealed

    return {"v": 2, "protected": sealed(seed, passphrase)}


def _text_of(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


def _content(path: Path) -> dict[str, Any]:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()[: MAX_KEY_FILE_BYTES + 1]
    except OSError as error:
        raise _invalid(path, error.strerror or str(error)) from None
    # Windows keeps its rights elsewhere; the bits say nothing there
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise CliError("KEY_FILE_EXPOSED", path=str(path))
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise _invalid(path, _("it is no key file")) from None
    if not isinstance(content, dict):
        raise _invalid(path, _("it is no key file"))
    return content


def _seed(path: Path, content: dict[str, Any], *, ask: bool) -> bytes:
    try:
        protected = content.get("protected")
        seed = (
            bytes.fromhex(content["seed"])
            if protected is None
            else _unlocked(path, content, protected, ask=ask)
        )
    except MemoryError:
        raise _invalid(path, _("there is too little memory for its passphrase")) from None
    except (ValueError, TypeError, KeyError, AttributeError):  # no part of a secret may be shown
        raise _invalid(path, _("it is no key file")) from None
    if len(seed) != SEED_BYTES:
        raise _invalid(path, _("it is no key file"))
    return seed


_unlocked_seeds: dict[tuple[str, str], bytes] = {}
"""Of this process: one command may need the key several times, and nobody types twice."""


def _unlocked(
    path: Path, content: dict[str, Any], protected: dict[str, Any], *, ask: bool
) -> bytes:
    from lianxi.cli.passphrase import keyring_passphrase, opened, passphrase_for

    key_id, place = str(content.get("key_id")), str(protected.get("box"))
    known = _unlocked_seeds.get((key_id, place))
    if known is not None:
        return known
    kept = _text(content.get("keyring"))
    passphrase = passphrase_for(path, key_id, ask=ask) if kept is None else keyring_passphrase(kept)
    seed = opened(protected, passphrase)
    if seed is None:
        raise CliError("PASSPHRASE_WRONG", path=str(path), key_id=key_id)
    _unlocked_seeds[key_id, place] = seed
    return seed


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _invalid(path: Path, reason: str) -> CliError:
    return CliError("KEY_FILE_INVALID", path=str(path), reason=reason)
