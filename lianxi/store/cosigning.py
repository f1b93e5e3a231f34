"""Cosignatures of witnesses: taken in once, never changed (store layer).

What is written here was verified by the caller: the line holds under the witness's key for the
checkpoint stored at that size.
"""

from typing import NamedTuple

from sqlalchemy import Connection, select

from lianxi.store.dialect import insert_if_absent
from lianxi.store.prepared import Prepared
from lianxi.store.queries.rows import Row, rows_of
from lianxi.store.tables import checkpoints, cosignatures, witnesses
from lianxi.store.tree_reads import StoredCheckpoint, cosigned_note, stored_checkpoint
from lianxi.store.writer import Writer


class Cosignature(NamedTuple):
    """One witness's line under one checkpoint; `time` in seconds since 1970, as it says itself."""

    origin: str
    size: int
    name: str
    unit: str
    vkey: str
    time: int
    line: str


class WitnessKnownError(Exception):
    """A witness of this name has another key; the first one stays."""


_WITNESS = Prepared(lambda dialect: insert_if_absent(dialect, witnesses))
_COSIGNATURE = Prepared(lambda dialect: insert_if_absent(dialect, cosignatures))


def keep_cosignature(writer: Writer, given: Cosignature, at: str) -> None:
    """Keep it durably, and who the witness is where it is new; idempotent: the first line stays.

    Raises WitnessKnownError, StoreUnavailableError.
    """

    def work(connection: Connection) -> None:
        row = {"origin": given.origin, "name": given.name, "unit": given.unit}
        _WITNESS.run(connection, {**row, "vkey": given.vkey, "at": at})
        kept = connection.scalar(
            select(witnesses.c.vkey).where(
                witnesses.c.origin == given.origin, witnesses.c.name == given.name
            )
        )
        if kept != given.vkey:
            raise WitnessKnownError(given.name)
        line = {"size": given.size, "time": given.time, "line": given.line, "at": at}
        _COSIGNATURE.run(connection, {**row, **line})

    writer.run(work)


def list_witnesses(connection: Connection, origin: str) -> list[Row]:
    """Who has ever cosigned, by name."""
    w = witnesses.c
    return rows_of(
        connection,
        select(w.name, w.unit, w.vkey, w.at).where(w.origin == origin).order_by(w.name),
    )


def checkpoints_since(
    connection: Connection, origin: str, since: int, limit: int, *, cosigned: bool
) -> tuple[list[Row], int | None]:
    """Signed checkpoints of at least `since` leaves, smallest first, with all cosignature lines.

    And the size from which to go on, None at the end. `cosigned`: only those that somebody cosigned.
    """
    c = checkpoints.c
    wanted = select(checkpoints).where(c.origin == origin, c.size >= since, c.note.is_not(None))
    if cosigned:
        wanted = wanted.where(
            select(cosignatures.c.name)
            .where(cosignatures.c.origin == origin, cosignatures.c.size == c.size)
            .exists()
        )
    rows = connection.execute(wanted.order_by(c.size).limit(limit + 1)).all()
    items = [checkpoint_row(connection, stored_checkpoint(row)) for row in rows[:limit]]
    return items, rows[limit].size if len(rows) > limit else None


def checkpoint_row(connection: Connection, checkpoint: StoredCheckpoint) -> Row:
    """A signed checkpoint as it is shown: the note with all cosignature lines known."""
    return {
        "checkpoint": cosigned_note(connection, checkpoint).decode(),
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "at": checkpoint.at,
    }
