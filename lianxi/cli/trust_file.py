"""The trust file of a profile: what its holder was told outside the system (cli layer)."""

from pathlib import Path
from typing import TYPE_CHECKING

from lianxi.cli.faults import CliError
from lianxi.cli.profiles import Settings
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.proof.trust import Trust


def configured_trust(settings: Settings, origin: str) -> "Trust | None":
    """What the profile's `trust` names; None where it names nothing.

    Raises CliError: FILE_UNREADABLE, TRUST_FILE_INVALID, TRUST_FOREIGN for another conference's.
    """
    path = settings.trust_path
    return None if path is None else trust_of(path, origin)


def trust_of(path: Path, origin: str) -> "Trust":
    """A conference's trust file; CliError as `configured_trust`."""
    trust = trust_in(path)
    if trust.origin != origin:
        raise CliError("TRUST_FOREIGN", path=str(path), origin=origin)
    return trust


def trust_in(path: Path) -> "Trust":
    """A trust file's content; CliError FILE_UNREADABLE, TRUST_FILE_INVALID."""
    # most profiles have none: its parsers are not imported in vain
    from lianxi.proof.trust import MAX_TRUST_BYTES, read_trust

    try:
        with path.open("rb") as file:
            data = file.read(MAX_TRUST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CliError("FILE_UNREADABLE", path=str(path), reason=reason) from None
    try:
        return read_trust(data)
    except Refusal as refusal:
        reason = " ".join([refusal.code, *(str(value) for value in refusal.params.values())])
        raise CliError("TRUST_FILE_INVALID", path=str(path), reason=reason) from None
