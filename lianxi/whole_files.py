"""Files written whole or not at all, and durably (a leaf of the shell).

A reader sees the file that was or the one that is; after the call either survives a power cut.
"""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE, replace: bool = True) -> None:
    """Write a file under a name of its own, then give it its own.

    Raises OSError; without `replace` FileExistsError where the name is taken, and then nothing of
    what stands is touched.
    """
    # a name of its own until it is whole: a crash leaves no half of it under the real one
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            place_new(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the rename itself, where the file system lets us
        sync_folder(path.parent)


def place_new(draft: Path, path: Path) -> None:
    """Give a draft its name; FileExistsError where the name is taken. The draft is gone then."""
    # a link fails where the name is taken, a rename would overwrite
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if path.exists():
            raise FileExistsError(path) from None
        draft.rename(path)
        return
    draft.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows cannot, and does without. Raises OSError."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
