"""Group commit: many callers, one transaction, each unit of work for itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select

from lianxi.ports import GapDetectedError, StoreUnavailableError
from lianxi.store.store import Store
from lianxi.store.tables import events, openings
from lianxi.store.verify import verify_trail
from tests.store.contract import record, split
from tests.store.scenario import Scenario


def test_sixteen_threads_lose_nothing(store: Store) -> None:
    """Sixteen streams appended event by event at the same time; the trail verifies."""
    scenario = Scenario().register_all()
    tasks = [scenario.issue(f"plan-{number}") for number in range(16)]
    record(store, scenario)
    for task in tasks:
        scenario.act("U01", task, "acknowledge")
        for percent in range(10, 60, 10):
            scenario.now += timedelta(seconds=1)
            scenario.act("U01", task, "progress", percent=percent)
    batches = scenario.drain()

    def one_by_one(number: int) -> None:
        rest = batches[number]
        while len(rest.events) > 1:
            first, rest = split(rest, 1)
            store.trail.append(first)
        store.trail.append(rest)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one_by_one, range(16)))
    report = verify_trail(store.engine, store.evidence)
    assert report.findings == []
    assert report.streams == 17


def test_what_fails_takes_nothing_along(store: Store) -> None:
    """In one group: two batches stand, the one with a gap does not, nor does half of it."""
    scenario = Scenario().register_all()
    record(store, scenario)
    writer = store.writer
    assert writer is not None
    release = threading.Event()
    blocked = threading.Thread(target=lambda: writer.run(lambda _: release.wait(5)))
    blocked.start()  # while it runs the others pile up and become one group

    def fails(connection: Connection) -> None:
        connection.execute(insert(openings), _opening("b"))
        raise GapDetectedError("half way")

    with ThreadPoolExecutor(3) as pool:
        good = pool.submit(
            writer.run, lambda c: c.execute(insert(openings), _opening("a")).rowcount
        )
        bad = pool.submit(writer.run, fails)
        release.set()
        assert good.result(5) == 1
        with pytest.raises(GapDetectedError):
            bad.result(5)
    blocked.join()
    with store.engine.connect() as connection:
        commits = connection.scalars(select(openings.c.commit).where(openings.c.salt == b"x")).all()
    assert commits == ["a"]


def test_closing_finishes_what_waits(store: Store) -> None:
    """All that was handed over before is durable; afterwards the store says that it is closed."""
    scenario = Scenario().register_all()
    (batch,) = scenario.drain()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(store.trail.append, batch) for _ in range(4)]
        for future in waiting:
            future.result(5)
        store.close()
    with pytest.raises(StoreUnavailableError):
        store.trail.append(batch)
    with store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(events)) == len(batch.events)


def _opening(commit: str) -> dict[str, object]:
    return {
        "origin": "o",
        "commit": commit,
        "salt": b"x",
        "size": 1,
        "media": "text/plain",
        "data": b"1",
        "by_unit": "U01",
        "at": "now",
    }
