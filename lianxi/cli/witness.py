"""This machine as a witness of a log: its key, and cosigning what it has verified (cli layer).

Format: C2SP tlog-cosignature (cosignature/v1). A witness is called `<origin>/<unit>/<installation>`;
its key is made on first use and lies in the user's folder of keys, 0600.
"""

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.proof.keys import SEED_BYTES, Signer

if TYPE_CHECKING:
    from lianxi.cli.client import Client

PAUSE = timedelta(minutes=1)
"""Automatic cosigning happens at most so often."""

_MAX_KEY_BYTES = 4_096


class Witness(NamedTuple):
    """A witness key of this machine and the name it signs under."""

    name: str
    signer: Signer
    path: Path


def cosign_newest(client: "Client") -> None:
    """Cosign the checkpoint kept if it is newer than the last one cosigned, not more than once a minute."""
    pin = client.log.pin
    if pin.size <= pin.cosigned:
        return
    if pin.cosigned_at and times.now() - times.read(pin.cosigned_at) < PAUSE:
        return
    cosign_kept(client)


def cosign_kept(client: "Client") -> tuple[Witness, int]:
    """Cosign the checkpoint that this machine has verified and kept; the witness and the time.

    What is kept was verified to continue all that was kept before, and is on the disk: that is what
    a witness vouches for. Raises CliError: NO_CHECKPOINT, NO_LOG_KEY, WITNESS_FILE_INVALID, the
    gateway's.
    """
    from lianxi.proof.checkpoints import Checkpoint, cosign, signature_line, witness_key

    pin = client.log.pin
    if not pin.size:
        raise CliError("NO_CHECKPOINT")
    if pin.unsigned or not pin.log_keys:
        raise CliError("NO_LOG_KEY")
    witness = own_witness(client)
    now = times.now()
    checkpoint = Checkpoint(pin.origin, pin.size, bytes.fromhex(pin.root))
    line = cosign(checkpoint, witness.name, witness.signer, int(now.timestamp()))
    vkey = witness_key(witness.name, witness.signer.public_key).vkey()
    client.ask("cosignatures", {"vkey": vkey, "size": pin.size, "line": signature_line(line)})
    changes = {"cosigned": pin.size, "cosigned_at": times.spell(now)}
    client.log.pin = client.log.folder.change(**changes)
    return witness, int(now.timestamp())


def own_witness(client: "Client") -> Witness:
    """The witness key of this machine for this conference and unit; made on first use."""
    place, unit = client.place, client.unit
    folder = client.settings.home.keys
    for path in sorted(folder.glob(f"{place.conference}-{unit}-*.witness")):
        found = _read(path, f"{place.origin}/{unit}/")
        if found is not None:
            return found
    installation = os.urandom(4).hex()
    name = f"{place.origin}/{unit}/{installation}"
    seed = os.urandom(SEED_BYTES)
    signer = Signer(seed)
    content = {
        "v": 1,
        "alg": signer.alg,
        "name": name,
        "public_key": signer.public_key.hex(),
        "seed": seed.hex(),
    }
    path = folder / f"{place.conference}-{unit}-{installation}.witness"
    write_private(path, json.dumps(content, indent=1).encode() + b"\n", replace=False)
    return Witness(name, signer, path)


def _read(path: Path, begin: str) -> Witness | None:
    """The key of a file; None where it is for another founding of the conference."""
    try:
        with path.open("rb") as file:
            mode, data = os.fstat(file.fileno()).st_mode, file.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise _invalid(path, error.strerror or str(error)) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise _invalid(path, _("others may read it"))
    try:
        content = json.loads(data)
        name, signer = content["name"], Signer(bytes.fromhex(content["seed"]))
        good = content["public_key"] == signer.public_key.hex() and isinstance(name, str)
    except Exception:  # noqa: BLE001  whatever is wrong with it, no part of a secret may be shown
        good = False
    if not good:
        raise _invalid(path, _("it is no witness key"))
    return Witness(name, signer, path) if name.startswith(begin) else None


def _invalid(path: Path, reason: str) -> CliError:
    return CliError("WITNESS_FILE_INVALID", path=str(path), reason=reason)
