"""`SqlOpenings`: texts in a table, larger ones and files beside it (store layer, adapter)."""

from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, select

from lianxi.domain.values import Commitment, format_instant
from lianxi.ports import Opening, RedactedError
from lianxi.store.dialect import insert_if_absent
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.prepared import Prepared
from lianxi.store.redaction import is_redacted, remove_unnamed
from lianxi.store.tables import openings
from lianxi.store.writer import Writer

MAX_INLINE_BYTES = 64 << 10
"""Texts up to here lie in the table; everything else is a file."""


_INSERT = Prepared(lambda dialect: insert_if_absent(dialect, openings))
_FIND = Prepared(
    lambda _: select(openings.c.size, openings.c.salt, openings.c.data, openings.c.media).where(
        openings.c.origin == bindparam("origin_"), openings.c.commit == bindparam("commit_")
    )
)


class SqlOpenings:
    """Texts and files by commitment. How large they may be is the gateway's to say."""

    def __init__(self, writer: Writer | None, reading: Engine, evidence: EvidenceFolder) -> None:
        """`writer` None: openings that can only be read."""
        self._writer = writer
        self._reading = reading
        self._evidence = evidence

    def put(self, origin: str, opening: Opening, by_unit: str, now: datetime) -> None:
        """Keep an opening durably; the caller has checked that it opens the commitment. Idempotent.

        Raises StoreUnavailableError, RedactedError.
        """
        if self._writer is None:
            raise TypeError("these openings were opened for reading")
        commit, evidence = opening.commitment.commit, self._evidence
        inline = lies_in_table(opening.media, len(opening.data))
        if not inline:
            with outages_translated():
                with self._reading.connect() as connection:
                    if is_redacted(connection, origin, commit):
                        raise RedactedError(commit)
                # the file first: a row never promises bytes that are not there
                evidence.write(commit, opening.data)
        row = {
            "origin": origin,
            "commit": commit,
            "salt": opening.salt,
            "size": opening.commitment.size,
            "media": opening.media,
            "data": opening.data if inline else None,
            "by_unit": by_unit,
            "at": format_instant(now),
        }

        def work(connection: Connection) -> bool:
            if is_redacted(connection, origin, commit):  # since the look above
                if not inline:
                    remove_unnamed(connection, evidence, commit)
                return False
            _INSERT.run(connection, row)
            if not inline and not evidence.holds(commit):  # another redaction took it meanwhile
                evidence.write(commit, opening.data)
            return True

        with outages_translated():
            kept = self._writer.run(work)
        if not kept:
            raise RedactedError(commit)

    def get(self, origin: str, commit: str) -> Opening | None:
        """The opening; None if none was handed in, or its file is gone (`audit verify` tells)."""
        with outages_translated(), self._reading.connect() as connection:
            return read_opening(connection, self._evidence, origin, commit)


def lies_in_table(media: str, size: int) -> bool:
    """Whether an opening's bytes are kept in the table rather than as a file."""
    return media.startswith("text/") and size <= MAX_INLINE_BYTES


def read_opening(
    connection: Connection, evidence: EvidenceFolder, origin: str, commit: str
) -> Opening | None:
    """`SqlOpenings.get` inside a transaction."""
    row = _FIND.run(connection, {"origin_": origin, "commit_": commit}).one_or_none()
    if row is None:
        return None
    data = row.data if row.data is not None else evidence.read(commit)
    if data is None:
        return None
    return Opening(Commitment(commit=commit, size=row.size), row.salt, data, row.media)
