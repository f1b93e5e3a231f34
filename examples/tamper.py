"""Tamper with a copy of a conference's database in eight ways, and see each being named.

    make demo                                  # a sample conference, or any other that runs
    .venv/bin/python examples/tamper.py lianxi-data

Nothing of the original is touched: the database is copied into a temporary folder (with SQLite's own
backup, so that the conference may go on meanwhile), and every act begins with a fresh copy. What
shows a cut tail and an old copy is a checkpoint kept elsewhere: here the newest one of the untouched
copy, as a witness, a unit or the folder `anchors_dir` would hold it.

Exit code 0 when the untouched copy has no finding and every act was named.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from lianxi.proof.checkpoints import Checkpoint, read_checkpoint
from lianxi.settings import load
from lianxi.store.dialect import copy_database
from lianxi.store.rebuilding import rebuild_read_tables
from lianxi.store.store import open_store
from lianxi.store.verify import Look, Outside, verify_trail

FOLLOW = frozenset({"ROW_DIFFERS", "COMMAND_UNUSED", "OUTBOX_DIFFERS", "LETTER_UNEXPECTED"})
"""What differs because something else does; shown last."""

LAST = "(SELECT max(position) FROM leaves)"
"""The last event that is sealed: what came since could be cut and only its receipt would show it."""
ONE = "(SELECT max(position) FROM events WHERE seq > 1)"
"""Some event that is not the first of its stream."""
OF = "(SELECT origin FROM leaves GROUP BY origin ORDER BY count(*) DESC, origin LIMIT 1)"
"""The largest conference, where there are several."""


def edit(database: sqlite3.Connection) -> None:
    """An event says something else: it happened a year earlier."""
    (data,) = database.execute(f"SELECT data FROM events WHERE position={ONE}").fetchone()
    changed = data.replace(b'"at":"20', b'"at":"19', 1)
    database.execute(f"UPDATE events SET data=? WHERE position={ONE}", (changed,))


def delete(database: sqlite3.Connection) -> None:
    """An event is gone."""
    database.execute(
        "DELETE FROM events WHERE position="
        f"(SELECT position FROM events WHERE origin={OF} AND stream='conference' AND seq=2)"
    )


def insert(database: sqlite3.Connection) -> None:
    """An event that never happened, put at the end of its stream."""
    columns = ",".join(
        row[1]
        for row in database.execute("PRAGMA table_info(events)")
        if row[1] not in ("position", "seq")
    )
    database.execute(
        f"INSERT INTO events (seq,{columns}) SELECT seq+1,{columns} FROM events"
        f" WHERE origin={OF} AND stream='conference' ORDER BY seq DESC LIMIT 1"
    )


def swap(database: sqlite3.Connection) -> None:
    """Two events of the conference change places."""
    rows = database.execute(
        "SELECT position, data, hash FROM events"
        f" WHERE origin={OF} AND stream='conference' AND seq IN (2, 3)"
    ).fetchall()
    for (position, _, _), (_, data, digest) in zip(rows, reversed(rows), strict=True):
        database.execute(
            "UPDATE events SET data=?, hash=? WHERE position=?", (data, digest, position)
        )


def cut_tail(database: sqlite3.Connection) -> None:
    """The last event of the trail is cut off; every chain still holds."""
    database.execute(f"DELETE FROM events WHERE position={LAST}")


def old_copy(database: sqlite3.Connection) -> None:
    """The trail as it was three events ago, its read tables too, as after a restored backup."""
    (origin,) = database.execute(f"SELECT {OF}").fetchone()
    size = "(SELECT count(*) FROM leaves WHERE origin=:o)"
    for what in (
        f"leaves WHERE origin=:o AND leaf >= {size} - 3",
        "events WHERE origin=:o AND position NOT IN (SELECT position FROM leaves)",
        f"checkpoints WHERE origin=:o AND size > {size}",
        f"nodes WHERE origin=:o AND (idx + 1) << level > {size}",
    ):
        database.execute(f"DELETE FROM {what}", {"o": origin})
    (path,) = [row[2] for row in database.execute("PRAGMA database_list") if row[1] == "main"]
    with open_store(f"sqlite:///{path}", Path(path).parent, writable=True) as store:
        if store.writer is not None:
            store.writer.run(rebuild_read_tables)


def change_column(database: sqlite3.Connection) -> None:
    """The index beside an event says that somebody else acted."""
    database.execute(f"UPDATE events SET actor='somebody' WHERE position={ONE}")


def change_read_table(database: sqlite3.Connection) -> None:
    """What people are shown is not what the events say."""
    database.execute("UPDATE conferences SET zone='Europe/London'")


ACTS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    edit,
    delete,
    insert,
    swap,
    cut_tail,
    old_copy,
    change_column,
    change_read_table,
)


def main(data: Path) -> int:
    """Copy, tamper, verify, eight times."""
    settings = load(data=data)
    trail = Path(settings.trail_url.removeprefix("sqlite:///"))
    if not trail.exists():
        print(f"no trail in {data}: start a conference first (make demo)")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        clean = Path(folder) / "clean.db"
        copy_database(trail, clean)
        heads = newest_heads(clean)
        if not heads:
            print("nothing is sealed yet: wait a minute for the first checkpoint")
            return 2
        found = named(clean, settings.evidence_dir, heads)
        print(f"{'untouched':18} {', '.join(found) or 'no finding'}")
        well = not found
        for act in ACTS:
            copy = Path(folder) / f"{act.__name__}.db"
            copy_database(clean, copy)
            with closing(sqlite3.connect(copy, isolation_level=None)) as database:
                act(database)
            found = named(copy, settings.evidence_dir, heads)
            print(f"{act.__name__.replace('_', ' '):18} {', '.join(found[:3]) or 'NOT NAMED'}")
            well = well and bool(found)
    return 0 if well else 1


def newest_heads(trail: Path) -> tuple[Checkpoint, ...]:
    """The newest signed checkpoint of each conference, as somebody outside would have kept it."""
    with closing(sqlite3.connect(trail)) as database:
        notes = database.execute(
            "SELECT note, max(size) FROM checkpoints WHERE note NOT NULL GROUP BY origin"
        ).fetchall()
    return tuple(read_checkpoint(note.encode())[0] for note, _ in notes)


def named(trail: Path, evidence: Path, heads: tuple[Checkpoint, ...]) -> list[str]:
    """The codes of what verification finds, the most telling first, each with its first place."""
    look = Look(outside=Outside(pins=heads))
    with open_store(f"sqlite:///{trail}", evidence, writable=False) as store:
        report = verify_trail(store.engine, store.evidence, look)
    first = {finding.code: finding.place for finding in reversed(report.findings)}
    order = sorted(first, key=lambda code: (code in FOLLOW, list(first).index(code) * -1))
    return [f"{code} {first[code]}" for code in order]


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the data directory
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
