"""A copy of a trail in memory: tampered with inside a transaction, verified, rolled back.

What is looked at first is what costs least: hashes and links, then the tree with the checkpoint kept
outside, then the stream that was touched, and the whole trail only where none of these has found it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import StaticPool, create_engine
from sqlalchemy.engine import Engine

from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.log_checks import LogKey, log_keys_of
from lianxi.proof.verification import Finding, TrailChecker
from lianxi.store.anchors import AnchorFiles
from lianxi.store.dialect import any_text
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.verify import Look, Outside, verify_connection
from lianxi.store.verify_bytes import bytes_findings
from lianxi.store.verify_streams import Knowledge, StreamsCheck
from lianxi.store.verify_tree import TreeCheck
from tools.tamper.acts import Act, Target


@dataclass
class _Events:
    events: int = 0


class Ground:
    """One trail, tampered with as often as one likes."""

    def __init__(self, folder: Path, anchors: Path) -> None:
        """`folder` as `tools.made_trail` leaves it."""
        self._evidence = EvidenceFolder(folder / "evidence")
        self._outside = Outside(AnchorFiles(anchors))
        self.database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.database.row_factory = sqlite3.Row
        self.database.text_factory = any_text  # the verifier asks for it on the driver's connection
        with closing(sqlite3.connect(folder / "trail.db")) as made:
            made.backup(self.database)
        self._engine = _engine_on(self.database)
        self._connection = self._engine.connect()
        self._log_keys = self._followed()

    def close(self) -> None:
        """Forget the copy."""
        self._connection.close()
        self._engine.dispose()
        self.database.close()

    def targets(self) -> list[tuple[int, str, str, int]]:
        """Every event: position, origin, stream, seq."""
        rows = self.database.execute(
            "SELECT position, origin, stream, seq FROM events ORDER BY position"
        )
        return [tuple(row) for row in rows]

    def untouched(self) -> list[Finding]:
        """All findings of the whole trail as it is."""
        return self._whole()

    def tampered(self, act: Act, target: Target) -> Finding | None:
        """Do it, verify, undo it; answers what was found first. ValueError where nothing changed."""
        with self._undone():
            before = self.database.total_changes
            act(self.database, target)
            if self.database.total_changes == before:
                raise ValueError(f"nothing was changed at {target}")
            return next(self._looks(target), None)

    # --- looking ---

    def _looks(self, target: Target) -> Iterator[Finding]:
        yield from bytes_findings(self._connection, _Events())
        found: list[Finding] = []
        TreeCheck(self._connection, self._outside, None).run(
            self._log_keys, found.append, signatures=True
        )
        yield from found
        yield from self._stream(target)
        yield from self._whole()

    def _followed(self) -> dict[str, list[LogKey]]:
        """The log's keys, as the untouched trail lists them."""
        checker = TrailChecker(signatures=False)
        check = StreamsCheck(self._connection, Knowledge(checker), "full", None)
        origins = {origin for _, origin, _, _ in self.targets()}
        for origin in origins:
            check.check(origin, CONFERENCE_STREAM)
        return {origin: log_keys_of(checker, origin) for origin in origins}

    def _stream(self, target: Target) -> list[Finding]:
        """The conference's stream, which the others rest on, and the one that was touched."""
        check = StreamsCheck(self._connection, Knowledge(TrailChecker()), "deep", None)
        for stream in dict.fromkeys((CONFERENCE_STREAM, target.stream)):
            check.check(target.origin, stream)
        return check.outcome.findings

    def _whole(self) -> list[Finding]:
        look = Look(outside=self._outside)
        return verify_connection(self._connection, self._evidence, look).findings

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self.database.execute("BEGIN")
        try:
            yield
        finally:
            self.database.execute("ROLLBACK")


def _engine_on(database: sqlite3.Connection) -> Engine:
    """SQLAlchemy on a connection that stays ours, with the transactions that we begin and end."""

    class Borrowed:
        """The driver's connection without its rows of our own making, its commit and its end."""

        def __getattr__(self, name: str) -> Any:
            return getattr(database, name)

        def cursor(self, *arguments: Any) -> sqlite3.Cursor:
            cursor: sqlite3.Cursor = database.cursor(*arguments)
            cursor.row_factory = None
            return cursor

        def commit(self) -> None:
            """Nothing."""

        def rollback(self) -> None:
            """Nothing."""

        def close(self) -> None:
            """Nothing."""

    return create_engine("sqlite://", creator=Borrowed, poolclass=StaticPool)
