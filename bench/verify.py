"""What verification costs beside the least that it could: `python -m bench.verify [--events N]`.

A sealed trail is made by the real pure layers and recorded in a real store. Then, in one run and by
turns, each depth beside its bare counterpart: a scan of the same rows that only hashes (SHA-256), a
scan that only checks the commands' signatures on as many processes.
Ratios count, not seconds: 1.00 would mean that verification costs nothing beyond the bare work.
"""

import argparse
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lianxi.proof.envelopes import COMMAND_TYPE, decode, pae
from lianxi.proof.keys import verify
from lianxi.store.anchors import AnchorFiles
from lianxi.store.store import open_store
from lianxi.store.verify import Look, Outside, Report, verify_trail
from lianxi.store.verify_bytes import bytes_findings
from tools.made_trail import make_trail

AIMS = {"bytes": 0.8, "full": 0.10, "deep": 0.25}
_ROUNDS = 3


def main() -> int:
    """Make the trail, measure, print."""
    options = argparse.ArgumentParser(prog="python -m bench.verify")
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=_ROUNDS)
    given = options.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        make_trail(folder, given.events, anchors=folder / "anchors")
        print(f"made in {time.monotonic() - began:.0f} s")
        _measure(folder, given.rounds)
    return 0


def _measure(folder: Path, rounds: int) -> None:
    path, cores = folder / "trail.db", len(os.sched_getaffinity(0))
    commands = _signatures(path)
    with closing(sqlite3.connect(path)) as database:
        events = database.execute("SELECT count(*) FROM events").fetchone()[0]
    bare = _median(lambda: _bare_scan(path), rounds)
    print(f"{events} events, {len(commands)} commands, {cores} processors, median of {rounds}")
    print(f"bare SHA-256 scan: {events / bare:,.0f} events/s")
    _say("bytes", events, _median(lambda: _chains(folder), rounds), bare)
    whole = _median(lambda: _verify(folder, "bytes", 1), rounds)
    print(f"bytes with the tree: {events / whole:,.0f} events/s")
    _say("full", events, _median(lambda: _verify(folder, "full", 1), rounds), bare)
    signatures = _median(lambda: _bare_signatures(commands, cores), rounds)
    print(f"bare signature checks on {cores}: {len(commands) / signatures:,.0f}/s")
    took = _median(lambda: _verify(folder, "deep", cores), rounds)
    _say("deep", events, took, signatures)


def _say(depth: str, events: int, took: float, bare: float) -> None:
    aim = AIMS[depth]
    verdict = "met" if bare / took >= aim else "missed"
    print(
        f"{depth:6} {events / took:>10,.0f} events/s  ratio {bare / took:.3f} (aim {aim}, {verdict})"
    )


def _median(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _bare_scan(path: Path) -> None:
    """The least a check of hashes does."""
    with closing(sqlite3.connect(path)) as database:
        for data, digest in database.execute("SELECT data, hash FROM events ORDER BY position"):
            if sha256(b"\x00" + data).hexdigest() != digest:
                raise AssertionError("a made trail is in order")


def _chains(folder: Path) -> None:
    """Hashes and links alone: what the depth `bytes` does besides the tree."""
    with (
        open_store(f"sqlite:///{folder}/trail.db", folder / "evidence", writable=False) as store,
        store.engine.connect() as connection,
    ):
        assert not list(bytes_findings(connection, Report()))


def _verify(folder: Path, depth: str, jobs: int) -> None:
    url = f"sqlite:///{folder}/trail.db"
    look = Look(
        depth=depth,  # type: ignore[arg-type]
        jobs=jobs,
        url=url,
        outside=Outside(AnchorFiles(folder / "anchors")),
    )
    with open_store(url, folder / "evidence", writable=False) as store:
        report = verify_trail(store.engine, store.evidence, look)
    assert report.clean, report.findings[:3]


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
