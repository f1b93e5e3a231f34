"""Files that only their owner may read, written whole or not at all (cli layer)."""

import os
from pathlib import Path

from lianxi.cli.faults import CliError


def private_folder(path: Path) -> Path:
    """The folder; what is missing on the way to it is made 0700."""
    try:
        # `parents=True` would make the folders above with the usual rights
        for folder in (*reversed(path.parents), path):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def write_private(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write 0600, durably, by a rename; without `replace`, FileExistsError where it stands already."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        if replace:
            draft.replace(path)
        else:
            place_new(draft, path)
    except FileExistsError:
        draft.unlink(missing_ok=True)
        raise
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


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


def _unwritable(path: Path, error: OSError) -> CliError:
    return CliError("FILE_UNWRITABLE", path=str(path), reason=error.strerror or str(error))
