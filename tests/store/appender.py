"""Appends many streams from many threads until it is killed; prints each answer first.

Run by tests/store/test_crash.py: `python -m tests.store.appender URL EVIDENCE`.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from lianxi.messages import RecordBatch
from lianxi.store.store import open_store
from tests.store.contract import split
from tests.store.scenario import Scenario

STREAMS, EVENTS = 8, 120


def batches() -> list[RecordBatch]:
    """The same in every process: the conference's batch, then one for each task."""
    scenario = Scenario().register_all()
    tasks = [scenario.issue(f"plan-{number}") for number in range(STREAMS)]
    for task in tasks:
        scenario.act("U01", task, "acknowledge")
        for number in range(EVENTS):
            scenario.now += timedelta(seconds=1)
            scenario.act("U01", task, "progress", percent=number % 100)
    conference, *rest = scenario.drain()
    return [conference, *rest]


def main() -> None:
    """Append one event at a time; a line per answer, written before the next append."""
    url, evidence = sys.argv[1:]
    conference, *tasks = batches()
    with open_store(url, Path(evidence), writable=True) as store:
        store.trail.append(conference)

        def append_all(batch: RecordBatch) -> None:
            rest = batch
            while len(rest.events) > 1:
                first, rest = split(rest, 1)
                answer = store.trail.append(first)
                sys.stdout.write(f"{batch.stream} {answer.seq} {answer.hash}\n")
                sys.stdout.flush()

        with ThreadPoolExecutor(STREAMS) as pool:
            list(pool.map(append_all, tasks))


if __name__ == "__main__":
    main()
