"""A process of its own that notes when rows of the trail become visible: the other end of trail lag.

It looks every two milliseconds, whichever side is being measured, so that all sides bear it alike.
"""

import sqlite3
import sys
import time
from pathlib import Path

PAUSE = 0.002


def connect(trail: Path) -> sqlite3.Connection:
    """A read-only connection to the trail's database."""
    return sqlite3.connect(f"file:{trail}?mode=ro", uri=True, isolation_level=None, timeout=5)


def notices_wait(connection: sqlite3.Connection) -> bool:
    """Whether a notice is still on its way."""
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM outbox)").fetchone()[0])


def last_position(connection: sqlite3.Connection) -> int:
    """The newest event's; 0 for an empty trail."""
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0])


def watch(trail: Path) -> None:
    """One line `hash seconds` for each new event, until the process is stopped."""
    connection = connect(trail)
    seen, version = 0, -1
    while True:
        # changes whenever another connection has committed; costs no read of the database
        (now_version,) = connection.execute("PRAGMA data_version").fetchone()
        if now_version != version:
            version = now_version
            rows = connection.execute(
                "SELECT position, hash FROM events WHERE position > ? ORDER BY position", (seen,)
            ).fetchall()
            now = time.monotonic()
            for position, event_hash in rows:
                seen = position
                sys.stdout.write(f"{event_hash} {now:.6f}\n")
            sys.stdout.flush()
        time.sleep(PAUSE)


class Sightings:
    """Reads what the watching process wrote: when each event's row was first seen."""

    def __init__(self, output: Path) -> None:
        self._file = output.open(encoding="ascii")
        self._rest = ""
        self._seen: dict[str, float] = {}

    def seen(self, event_hash: str) -> float | None:
        """Monotonic seconds, the clock all processes of a machine share; None when not seen yet."""
        if event_hash not in self._seen:
            self._read()
        return self._seen.get(event_hash)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            event_hash, _, seconds = line.partition(" ")
            self._seen[event_hash] = float(seconds)


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
