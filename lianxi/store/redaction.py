"""What a redaction destroys: the opening inside the transaction, file and log after it (store layer).

The row goes with the salt, without which nobody can try out what a short text might have been; the
connection overwrites what it deletes (`dialect`). A file cannot go with a transaction: it is removed
once that stands, and again at the start of a worker, where a crash came between.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, select

from lianxi.ports import StoreUnavailableError
from lianxi.store.dialect import truncate_log
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.prepared import Prepared
from lianxi.store.tables import openings, redactions
from lianxi.store.writer import Writer

_FIND = Prepared(
    lambda _: select(redactions.c.event).where(
        redactions.c.origin == bindparam("origin_"), redactions.c.commit == bindparam("commit_")
    )
)
_DESTROY = Prepared(
    lambda _: delete(openings).where(
        openings.c.origin == bindparam("origin_"), openings.c.commit == bindparam("commit_")
    )
)


class Erased(NamedTuple):
    """How many files were removed; how many resisted; whether the write-ahead log was emptied."""

    files: int = 0
    left: int = 0
    log: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing is left to the next attempt."""
        return self.left == 0 and self.log


def is_redacted(connection: Connection, origin: str, commit: str) -> bool:
    """Whether a commitment's opening was destroyed, so that none may come again."""
    key = {"origin_": origin, "commit_": commit}
    return _FIND.run(connection, key).scalar() is not None


def destroy_openings(connection: Connection, origin: str, commits: Iterable[str]) -> None:
    """Delete the rows of these openings, bytes and salts, in the caller's transaction. Idempotent."""
    for commit in commits:
        _DESTROY.run(connection, {"origin_": origin, "commit_": commit})


def remove_unnamed(connection: Connection, evidence: EvidenceFolder, commit: str) -> bool:
    """Remove a file that no opening of any conference names; whether there was one to remove.

    Inside a writing transaction, so that nobody hands the same file in between look and removal.
    Raises OSError.
    """
    named = connection.scalar(select(exists().where(openings.c.commit == commit)))
    return not named and evidence.remove(commit)


class Eraser:
    """Removes what no transaction can: evidence files, and old pages in the write-ahead log."""

    def __init__(self, writer: Writer, evidence: EvidenceFolder, path: Path | None) -> None:
        """`path`: the database's file where it is one."""
        self._writer = writer
        self._evidence = evidence
        self._path = path

    def sweep(self) -> Erased:
        """Remove what redactions left, as far as it is still there, and empty the log. Idempotent.

        After each redaction and at the start of a worker. A file whose commitment an opening still
        names is left alone: another conference's, or one that somebody put back, which `audit
        verify` names. Never raises: what resists is left to the next time.
        """
        named = exists().where(openings.c.commit == redactions.c.commit)
        statement = select(redactions.c.commit).where(~named).distinct()

        def work(connection: Connection) -> tuple[int, int, bool]:
            gone = connection.scalars(statement).all()
            files = left = 0
            for commit in gone:
                try:
                    files += remove_unnamed(connection, self._evidence, commit)
                except (OSError, ValueError):
                    left += 1
            return files, left, bool(gone)

        try:
            files, left, gone = self._writer.run(work)
        except StoreUnavailableError:
            return Erased(left=1, log=False)
        emptied = not gone or self._path is None or truncate_log(self._path)
        return Erased(files, left, emptied)
