"""The directory of a conference: names and mail addresses, behind a commitment (store layer).

`ConferenceFounded.directory` commits to a JSON document
`{"v":1,"names":{"en","zh"},"units":{"U01":{"names":{"en","zh"},"email"?}}}`.
"""

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection

from lianxi.store.evidence import EvidenceFolder
from lianxi.store.openings import read_opening


class DirectoryUnit(BaseModel):
    """How a unit is called and reached; names by language."""

    model_config = ConfigDict(frozen=True)
    names: dict[str, str] = {}
    email: str | None = None


class Directory(BaseModel):
    """Names of the conference and its units; fields of later versions are passed over."""

    model_config = ConfigDict(frozen=True)
    v: int = 1
    names: dict[str, str] = {}
    units: dict[str, DirectoryUnit] = {}

    def address(self, unit: str) -> str | None:
        """The unit's mail address, where it has one."""
        entry = self.units.get(unit)
        return None if entry is None else entry.email


def read_directory(data: bytes) -> Directory:
    """The directory in an opening; an empty one where the bytes are none: names are no proof."""
    try:
        return Directory.model_validate_json(data)
    except ValidationError:
        return Directory()


class Directories:
    """Directories by commitment; what a commitment stands for never changes."""

    def __init__(self, evidence: EvidenceFolder) -> None:
        self._evidence = evidence
        self._known: dict[tuple[str, str], Directory] = {}

    def get(self, connection: Connection, origin: str, commit: str) -> Directory:
        """The directory behind a commitment; an empty one while its opening is missing."""
        known = self._known.get((origin, commit))
        if known is not None:
            return known
        opening = read_opening(connection, self._evidence, origin, commit)
        if opening is None:
            return Directory()
        directory = self._known[origin, commit] = read_directory(opening.data)
        return directory
