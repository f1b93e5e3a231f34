"""What sealing and proving cost: `python -m bench.sealing [--leaves N]`.

Made-up events, of which the sealer looks only at the chain, are put into a real store and sealed by
the real sealer: a backlog of N, then second by second as many as the aim says, each second one turn
over the window that every turn looks at. Then proofs out of a tree of N leaves, by the same reads as
the gateway's.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.keys import Signer
from lianxi.proof.tree import verify_inclusion
from lianxi.store.sealing import HELD_BACK, SqlSealer
from lianxi.store.store import Store, open_store
from lianxi.store.tree_reads import consistency, inclusion, newest_checkpoint

ORIGIN = "example.org/lianxi/bench/0123456789abcdef"
KEY = Signer(b"\x17" * 32)
PER_SECOND = 2_000
"""The aim: sealing keeps up with so many events a second."""
PROOF_MILLISECONDS = 5.0
"""The aim for one proof out of a million leaves."""
STREAMS = 500
_SECONDS = 10
_PROOFS = 200
_NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Chains:
    """Events without end: a founding, then streams by turns, each event naming the one before."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, str]] = {}
        self._count = 0
        self.hashes: list[str] = []

    def rows(self, count: int, columns: list[tuple[str, str]]) -> Iterator[list[Any]]:
        """So many rows of the table `events`, in the order of its columns."""
        for _ in range(count):
            event = self._next()
            yield [event.get(name, 1 if kind == "INTEGER" else "x") for name, kind in columns]

    def _next(self) -> dict[str, Any]:
        stream = f"task/T-{self._count % STREAMS:04}" if self._count else "conference"
        self._count += 1
        seq, prev = self._heads.get(stream, (0, ZERO_HASH))
        named = {"origin": ORIGIN, "stream": stream, "seq": seq + 1, "kind": "Made"}
        data = json.dumps({**named, "prev": prev}).encode()
        found = event_hash(data)
        self._heads[stream] = seq + 1, found
        self.hashes.append(found)
        return {**named, "position": self._count, "data": data, "hash": found}


def main() -> int:
    """Make the rows, seal, prove, print."""
    options = argparse.ArgumentParser(prog="python -m bench.sealing")
    options.add_argument("--leaves", type=int, default=100_000)
    given = options.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/trail.db"
        with open_store(
            url, folder / "evidence", writable=True, anchors_dir=folder / "anchors"
        ) as store:
            _measure(store, folder / "trail.db", given.leaves)
    return 0


def _measure(store: Store, path: Path, leaves: int) -> None:
    chains = Chains()
    _put(path, chains, leaves)
    if store.writer is None:
        raise TypeError("sealing writes")
    clock = Seconds()
    sealer = SqlSealer(store.writer, store.engine, lambda: (KEY,), store.anchors, monotonic=clock)
    took = _timed(lambda: _seal_all(sealer))
    print(f"a backlog of {leaves:,}: {leaves / took:,.0f} events/s")
    turns = []
    for _ in range(int(HELD_BACK) + _SECONDS):  # until the window is as long as it gets
        clock.now += 1.0
        _put(path, chains, PER_SECOND)
        turns.append(_timed(lambda: _seal_all(sealer)))
    busy = statistics.median(turns[-_SECONDS:])
    print(
        f"{PER_SECOND:,} more each second: {busy:.3f} s of each ({PER_SECOND / busy:,.0f} events/s,"
        f" aim {PER_SECOND:,}, {'met' if busy < 1 else 'missed'})"
    )
    _prove(store, chains.hashes)


class Seconds:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def _put(path: Path, chains: Chains, count: int) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        table = database.execute("PRAGMA table_info(events)").fetchall()
        columns = [(row[1], row[2]) for row in table]
        places = ",".join("?" * len(columns))
        database.executemany(
            f"INSERT INTO events VALUES ({places})",  # noqa: S608  question marks
            chains.rows(count, columns),
        )


def _seal_all(sealer: SqlSealer) -> None:
    while (turn := sealer.seal(_NOW)).more:
        if turn.left:
            raise AssertionError("made-up events fit")


def _prove(store: Store, hashes: list[str]) -> None:
    taken: list[float] = []
    with store.engine.connect() as connection:
        head = newest_checkpoint(connection, ORIGIN)
        if head is None:
            raise AssertionError("all is sealed")
        # strewn over the whole tree, the same ones each time
        for event in sorted(hashes)[:: len(hashes) // _PROOFS]:
            began = time.perf_counter()
            proof = inclusion(connection, ORIGIN, event, head.size)
            taken.append((time.perf_counter() - began) * 1e3)
            if proof is None:
                raise AssertionError("a sealed event is included")
            verify_inclusion(bytes.fromhex(event), proof.index, proof.size, proof.hashes, head.root)
        grown = _timed(lambda: consistency(connection, ORIGIN, head.size // 3, head.size)) * 1e3
    slow = sorted(taken)[len(taken) * 99 // 100]
    usual = statistics.median(taken)
    verdict = "met" if usual < PROOF_MILLISECONDS else "missed"
    print(
        f"a proof out of {head.size:,} leaves: median {usual:.2f} ms (aim {PROOF_MILLISECONDS:g},"
        f" {verdict}), 99 % under {slow:.2f} ms; consistency {grown:.2f} ms"
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
