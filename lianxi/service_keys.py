"""Keys of the service itself, log and receipt: made, read, refused where exposed (a leaf of the shell).

Unlike a unit's key file these name no unit: they belong to the conference's machine. The worker
signs checkpoints with the log's, the gateway receipts with the receipts'; neither needs the other,
so `log-keys.json` holds the public halves of both for whoever wants to know them.
"""

import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lianxi.proof.keys import SEED_BYTES, Signer
from lianxi.whole_files import write_whole

LOG_KEY = "log.key"
NEXT_LOG_KEY = "log.next.key"
"""Beside the log's key while it is being replaced: then every checkpoint is signed by both."""
RECEIPT_KEY = "receipt.key"
PUBLIC_KEYS = "log-keys.json"

MAX_KEY_FILE_BYTES = 4_096


class ServiceKeyError(Exception):
    """A key file that cannot be used; `reason` is a machine word, never a part of the file.

    missing | unreadable | exposed | not_a_key_file | contradicts_itself | unwritable
    """

    def __init__(self, path: Path, reason: str, detail: str | None = None) -> None:
        super().__init__(f"{path}: {_SAID[reason]}{f' ({detail})' if detail else ''}")
        self.path, self.reason = path, reason


_SAID = {
    "missing": "there is no such key file",
    "unreadable": "the key file cannot be read",
    "exposed": "others may read the key file; chmod 600 it, and replace the key if they may have",
    "not_a_key_file": "it is no key file",
    "contradicts_itself": "its key id or public key is not that of its key",
    "unwritable": "the key file cannot be written",
}


class PublicKeys(NamedTuple):
    """The public halves as hex; None where this machine has no such key."""

    log: str | None
    receipt: str | None


def bring_keys(log: Path, receipt: Path) -> tuple[Path, ...]:
    """Make each of the two keys that has no file yet, and publish both; answers what was made.

    A key that stands is never touched, and published from its file. Raises ServiceKeyError.
    """
    made = tuple(path for path in (log, receipt) if not path.exists())
    for path in made:
        make_service_key(path)
    # while the log's key is being replaced, the next one is what rosters are to list
    public = {
        "log": read_log_keys(log)[-1].public_key.hex(),
        "receipt": read_service_key(receipt).public_key.hex(),
    }
    publish_keys(receipt.parent, PublicKeys(**public))
    return made


def make_service_key(path: Path) -> Signer:
    """A new key in a new file (0600), durable; FileExistsError where one stands: never overwritten.

    Raises ServiceKeyError where it cannot be written.
    """
    seed = os.urandom(SEED_BYTES)
    signer = Signer(seed)
    content = {
        "v": 1,
        "alg": signer.alg,
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
        "seed": seed.hex(),
    }
    try:
        write_whole(path, json.dumps(content, indent=1).encode() + b"\n", replace=False)
    except FileExistsError:
        raise
    except OSError as error:
        raise ServiceKeyError(path, "unwritable", error.strerror) from error
    return signer


def read_service_key(path: Path) -> Signer:
    """The key of a file. Raises ServiceKeyError: missing, exposed to others, or no key file."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_KEY_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ServiceKeyError(path, "missing") from None
    except OSError as error:
        raise ServiceKeyError(path, "unreadable", error.strerror) from None
    if stat.S_IMODE(mode) & 0o077:
        raise ServiceKeyError(path, "exposed")
    try:
        content = json.loads(data)
        signer = Signer(bytes.fromhex(content["seed"]))
        claimed = content["v"], content["alg"], content["key_id"], content["public_key"]
    except Exception:  # noqa: BLE001  whatever is wrong with it, no part of a secret may be shown
        raise ServiceKeyError(path, "not_a_key_file") from None
    if claimed != (1, signer.alg, signer.key_id, signer.public_key.hex()):
        raise ServiceKeyError(path, "contradicts_itself")
    return signer


def read_log_keys(path: Path) -> tuple[Signer, ...]:
    """The log's key, and while it is being replaced the next one too. Raises ServiceKeyError."""
    first = read_service_key(path)
    following = path.with_name(NEXT_LOG_KEY)
    if not following.exists():
        return (first,)
    return first, read_service_key(following)


def publish_keys(folder: Path, keys: PublicKeys) -> None:
    """Write `log-keys.json` in a folder of keys, whole or not at all, for others to read."""
    path = folder / PUBLIC_KEYS
    try:
        write_whole(path, json.dumps(keys._asdict()).encode() + b"\n", mode=0o644)
    except OSError as error:
        raise ServiceKeyError(path, "unwritable", error.strerror) from error


def published_keys(folder: Path) -> PublicKeys:
    """What `log-keys.json` says; both None where there is none or it cannot be understood."""
    content: object = None
    with suppress(OSError, ValueError):
        content = json.loads((folder / PUBLIC_KEYS).read_bytes()[: MAX_KEY_FILE_BYTES + 1])
    if not isinstance(content, dict):
        return PublicKeys(None, None)
    log, receipt = content.get("log"), content.get("receipt")
    return PublicKeys(
        log if isinstance(log, str) else None, receipt if isinstance(receipt, str) else None
    )


def main() -> None:
    """`python -m lianxi.service_keys DIR [--next]`: make what is missing, for who goes without `up`.

    `--next`: the key that is to take the place of the log's; from then on both sign.
    """
    words = [word for word in sys.argv[1:] if word != "--next"]
    if len(words) != 1:
        sys.exit("usage: python -m lianxi.service_keys DIR [--next]")
    folder = Path(words[0])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if "--next" in sys.argv:
            make_service_key(folder / NEXT_LOG_KEY)
        made = bring_keys(folder / LOG_KEY, folder / RECEIPT_KEY)
    except ServiceKeyError as error:
        sys.exit(str(error))
    except FileExistsError:
        sys.exit(f"{folder / NEXT_LOG_KEY} is there already: finish that change first")
    for path in made:
        sys.stdout.write(f"made {path}\n")
    sys.stdout.write("now list them: lianxi conference roster propose --log-keys --to FILE\n")


if __name__ == "__main__":
    main()
