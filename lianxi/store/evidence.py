"""Files by commitment under `evidence/`: written whole or not at all (store layer, shell)."""

import re
from pathlib import Path

from lianxi.whole_files import sync_folder, write_whole

_COMMIT = re.compile(r"[0-9a-f]{64}")


class EvidenceFolder:
    """`<folder>/<2 hex>/<commit>`: the name follows from the commitment, never from input."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, commit: str) -> Path:
        """Where the bytes of a commitment lie; ValueError unless it is 64 hex digits."""
        if _COMMIT.fullmatch(commit) is None:
            raise ValueError("a commitment is 64 hex digits")
        return self._folder / commit[:2] / commit

    def write(self, commit: str, data: bytes) -> None:
        """Keep the bytes durably: after this returns they survive a power cut. OSError otherwise."""
        target = self.path(commit)
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(target.parent.parent)
        write_whole(target, data)

    def holds(self, commit: str) -> bool:
        """Whether there is such a file."""
        return self.path(commit).exists()

    def read(self, commit: str) -> bytes | None:
        """The bytes; None if there is no such file."""
        try:
            return self.path(commit).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, commit: str) -> bool:
        """Remove the bytes durably; whether there were any. OSError where they cannot be removed."""
        target = self.path(commit)
        try:
            target.unlink()
        except FileNotFoundError:
            return False
        sync_folder(target.parent)
        return True
