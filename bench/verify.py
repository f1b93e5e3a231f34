"""What verification costs beside the least that it could: `python -m bench.verify [--events N]`.

A sealed trail is made by the real pure layers and recorded in a real store. Then, in one run and by
turns (A B A B …), each depth beside its bare counterpart: a scan of the same rows that only hashes
(SHA-256), a check of nothing but the commands' signatures on every processor. Ratios count,
the median of those taken round by round: 1.00 would mean that verification costs nothing beyond the
bare work. Where others are at work on the same processors, a short scan gets its turn and a long look
does not: the ratio of processor time says what a quiet machine would show.

Making events costs more than verifying them, so the depth `bytes`, which parses nothing, is measured
on `--rows` rows: the tasks' streams once more and again under other names, linked anew.
"""

import argparse
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lianxi.proof.envelopes import COMMAND_TYPE, decode, pae
from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.keys import verify
from lianxi.store.anchors import AnchorFiles
from lianxi.store.store import open_store
from lianxi.store.verify import Look, Outside, Report, verify_trail
from lianxi.store.verify_bytes import bytes_findings
from lianxi.store.verify_streams import Depth
from tools.made_trail import make_trail

Work = Callable[[], object]
Columns = tuple[Any, ...]

_ROUNDS = 3
_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Measure:
    """One depth beside its bare counterpart, on so many processors each."""

    name: str
    aim: float
    events: int
    bare: Work
    real: Work
    cores_of_bare: int
    cores: int


def main() -> int:
    """Make the trail, measure, print."""
    options = argparse.ArgumentParser(prog="python -m bench.verify")
    options.add_argument("--events", type=int, default=30_000, help="events of the made trail")
    options.add_argument("--rows", type=int, help="rows for `bytes`; as many as events, or 200,000")
    options.add_argument("--rounds", type=int, default=_ROUNDS)
    options.add_argument("--made", type=Path, help="a trail made before, by tools.made_trail")
    given = options.parse_args()
    with TemporaryDirectory() as name:
        folder = given.made or Path(name)
        if given.made is None:
            began = time.monotonic()
            make_trail(folder, given.events, anchors=folder / "anchors")
            print(f"made in {time.monotonic() - began:.0f} s")
        many = Path(name) / "many"
        many.mkdir()
        _multiply(folder / "trail.db", many, given.rows or max(given.events, _ROWS))
        for measure in _measures(folder, many):
            _run(measure, given.rounds)
    return 0


def _measures(folder: Path, many: Path) -> list[Measure]:
    path, cores = folder / "trail.db", len(os.sched_getaffinity(0))
    events, commands = _count(path), _signatures(path)
    print(f"{events:,} events, {len(commands):,} commands, {cores} processors", flush=True)
    return [
        Measure(
            "bytes",
            0.8,
            _count(many / "trail.db"),
            lambda: _bare_scan(many / "trail.db"),
            lambda: _chains(many),
            1,
            1,
        ),
        Measure(
            "full",
            0.10,
            events,
            lambda: _bare_scan(path),
            lambda: _verify(folder, "full", cores),
            1,
            cores,
        ),
        Measure(
            "deep",
            0.25,
            events,
            lambda: _bare_signatures(commands, cores),
            lambda: _verify(folder, "deep", cores),
            cores,
            cores,
        ),
    ]


def _run(measure: Measure, rounds: int) -> None:
    """By turns; ratios are per processor."""
    measure.bare()  # what is read first is read from the disk
    taken = [(_spent(measure.bare), _spent(measure.real)) for _ in range(rounds)]
    more = measure.cores / measure.cores_of_bare
    ratio = statistics.median(bare.wall / (real.wall * more) for bare, real in taken)
    busy = statistics.median(bare.busy / real.busy for bare, real in taken)
    bare, real = (
        statistics.median(spent.wall for spent in side) for side in zip(*taken, strict=True)
    )
    verdict = "met" if ratio >= measure.aim else "missed"
    print(
        f"{measure.name:6} {measure.events:>9,} events: {measure.events / real:>9,.0f}/s on"
        f" {measure.cores}, bare {measure.events / bare:>9,.0f}/s on {measure.cores_of_bare},"
        f" ratio {ratio:.4f}, of processor time {busy:.4f} (aim {measure.aim}, {verdict})",
        flush=True,
    )


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds, and seconds of all processors, helpers' too."""

    wall: float
    busy: float


def _spent(work: Work) -> Spent:
    began, busy = time.perf_counter(), _busy()
    work()
    return Spent(time.perf_counter() - began, _busy() - busy)


def _busy() -> float:
    """Of this process and of those that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (found,) = database.execute("SELECT count(*) FROM events").fetchone()
        return int(found)


# --- hashes ---


def _bare_scan(path: Path) -> None:
    """The least a check of hashes does."""
    with closing(sqlite3.connect(path)) as database:
        for data, digest in database.execute("SELECT data, hash FROM events ORDER BY position"):
            if sha256(b"\x00" + data).hexdigest() != digest:
                raise AssertionError("a made trail is in order")


def _chains(folder: Path) -> None:
    """Hashes and links: what the depth `bytes` does besides the tree."""
    with (
        open_store(f"sqlite:///{folder}/trail.db", folder / "evidence", writable=False) as store,
        store.engine.connect() as connection,
    ):
        assert not list(bytes_findings(connection, Report()))


def _multiply(source: Path, folder: Path, rows: int) -> None:
    """A store whose table `events` has so many rows: those of the tasks again, other tasks' by name."""
    with open_store(f"sqlite:///{folder}/trail.db", folder / "evidence", writable=True):
        pass
    with (
        closing(sqlite3.connect(source)) as made,
        closing(sqlite3.connect(folder / "trail.db")) as many,
        many,
    ):
        columns = [row[1] for row in made.execute("PRAGMA table_info(events)")]
        order = "SELECT * FROM events ORDER BY position"
        once = [dict(zip(columns, row, strict=True)) for row in made.execute(order)]
        places = ",".join("?" * len(columns))
        many.executemany(
            f"INSERT INTO events VALUES ({places})",  # noqa: S608  question marks
            islice(_again_and_again(once), rows),
        )


def _again_and_again(once: list[dict[str, Any]]) -> Iterator[Columns]:
    position = 0
    for time_around in count():
        heads: dict[str, str] = {}
        for row in once:
            if time_around and not row["stream"].startswith("task/"):
                continue
            position += 1
            stream, data = row["stream"], row["data"]
            if time_around:
                stream = f"{stream}{time_around:03}"
                data = _linked(data, row["stream"], stream, heads.get(stream, ZERO_HASH))
            digest = sha256(b"\x00" + data).hexdigest()
            heads[stream] = digest
            yield tuple(
                {
                    **row,
                    "position": position,
                    "stream": stream,
                    "data": data,
                    "hash": digest,
                }.values()
            )


def _linked(data: bytes, old: str, new: str, prev: str) -> bytes:
    """The same event on another stream, behind another one."""
    start, _, rest = data.rpartition(b',"prev":"')
    tail = f',"stream":"{old}","v":1}}'.encode()
    middle = rest[len(prev) : -len(tail)]
    return b'%b,"prev":"%b%b,"stream":"%b","v":1}' % (start, prev.encode(), middle, new.encode())


# --- the whole ---


def _verify(folder: Path, depth: Depth, jobs: int) -> None:
    url = f"sqlite:///{folder}/trail.db"
    outside = Outside(AnchorFiles(folder / "anchors"))
    look = Look(depth=depth, jobs=jobs, url=url, outside=outside)
    with open_store(url, folder / "evidence", writable=False) as store:
        report = verify_trail(store.engine, store.evidence, look)
    assert report.clean, report.findings[:3]


# --- signatures ---

_Signature = tuple[bytes, bytes, bytes]


def _signatures(path: Path) -> list[_Signature]:
    """Key, message, signature of every command."""
    with closing(sqlite3.connect(path)) as database:
        keys = dict(database.execute("SELECT key_id, public_key FROM keys"))
        texts = [text for (text,) in database.execute("SELECT envelope FROM commands")]
    found = []
    for text in texts:
        envelope = decode(text.encode(), payload_type=COMMAND_TYPE)
        message = pae(envelope.payload_type, envelope.payload)
        found.append((bytes.fromhex(keys[envelope.keyid]), message, envelope.signature))
    return found


def _bare_signatures(commands: list[_Signature], cores: int) -> None:
    """The least a check of signatures does, on all processors."""
    parts = [commands[start::cores] for start in range(cores)]
    with ProcessPoolExecutor(cores) as pool:
        assert all(pool.map(_all_hold, parts))


def _all_hold(part: list[_Signature]) -> bool:
    return all(verify(key, message, signature) for key, message, signature in part)


if __name__ == "__main__":
    sys.exit(main())
