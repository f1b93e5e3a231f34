"""Files that only their owner may read, written whole or not at all (cli layer)."""

from pathlib import Path

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.whole_files import write_whole


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
    try:
        write_whole(path, data, replace=replace)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unwritable(path, error) from None


def write_named(to: str, data: bytes, *, force: bool | None = None) -> None:
    """Write a file as named by a user, 0600; CliError FILE_UNWRITABLE where one stands already.

    `force`: whether the user said to write over it; None where the command has no such option.
    """
    try:
        write_private(Path(to).expanduser(), data, replace=bool(force))
    except FileExistsError:
        raise taken(to, forcible=force is not None) from None


def taken(to: str, *, forcible: bool = False) -> CliError:
    """That a file stands already where a user wants a new one."""
    forcible = forcible and Path(to).expanduser().is_file()
    hint = _("Add --force to overwrite it, or name another one.") if forcible else None
    return CliError("FILE_UNWRITABLE", path=to, reason=_("it exists already"), hint=hint)


def _unwritable(path: Path, error: OSError) -> CliError:
    return CliError("FILE_UNWRITABLE", path=str(path), reason=error.strerror or str(error))
