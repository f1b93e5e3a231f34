"""Key files: one private key with the unit it is for, readable by its owner only (cli layer)."""

import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

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
    path: Path, *, unit: str, conference: str | None = None, origin: str | None = None
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
        "seed": seed.hex(),
    }
    content |= {"conference": conference} if conference else {}
    content |= {"origin": origin} if origin else {}
    try:
        write_private(path, json.dumps(content, indent=1).encode() + b"\n", replace=False)
    except FileExistsError:
        raise CliError("KEY_FILE_EXISTS", path=str(path)) from None
    return Key(signer, unit, path, conference, origin)


def read_key(path: Path) -> Key:
    """The key of a file; refuses one that others may read, or that contradicts itself."""
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
        seed, unit = bytes.fromhex(content["seed"]), content["unit"]
        signer = Signer(seed)
    except Exception:  # noqa: BLE001  whatever is wrong with it, no part of a secret may be shown
        raise _invalid(path, _("it is no key file")) from None
    if content.get("key_id") != signer.key_id or content.get("alg") != signer.alg:
        raise _invalid(path, _("its key id is not that of its key"))
    if not isinstance(unit, str):
        raise _invalid(path, _("it names no unit"))
    return Key(signer, unit, path, _text(content.get("conference")), _text(content.get("origin")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _invalid(path: Path, reason: str) -> CliError:
    return CliError("KEY_FILE_INVALID", path=str(path), reason=reason)
