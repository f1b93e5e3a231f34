"""A long trail by the real pure layers, straight into a real store: for tampering and for measuring.

Six units work off tasks of about thirty events each: acknowledged, reported on, submitted, returned,
submitted again, accepted, closed, with what the ladder does meanwhile. Keys, salts and instants are
made up, so that the same number of events is the same trail.
"""

from collections.abc import Iterator
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import Any

from lianxi.domain.conference.state import MAX_TASKS
from lianxi.domain.task.state import TaskPhase
from lianxi.messages import RecordBatch
from lianxi.proof.keys import Signer
from lianxi.store.anchors import AnchorFiles
from lianxi.store.sealing import SqlSealer
from lianxi.store.store import Store, open_store
from tests.store.scenario import Scenario

UNITS = ("U01", "U02", "U03", "U04", "U05", "U06")
LOG_KEY = Signer(b"\x17" * 32)
TASKS_AT_ONCE = 8
_DUE = {"rule": "days", "kind": "working", "days": 8}


def make_trail(
    folder: Path, events: int, *, anchors: Path | None = None, checkpoint_every: int = 100
) -> Scenario:
    """A sealed trail of at least so many events under `folder`; the scenario that lived it.

    A conference has at most `MAX_TASKS` tasks: some 72,000 events. What is more lives in others.
    """
    count = 0
    with open_store(f"sqlite:///{folder}/trail.db", folder / "evidence", writable=True) as store:
        sealer = _sealer(store)  # each new one begins with a look at every event there is
        for name in _names():
            scenario = Scenario.today(
                name=name, units=UNITS, smtp=frozenset({"U02"}), log_keys=(LOG_KEY,)
            )
            count += _live(store, sealer, scenario, events - count, checkpoint_every)
            if count >= events:
                break
        if anchors is not None:
            keep_anchors(store, anchors)
    return scenario


def _names() -> Iterator[str]:
    """Of conferences, without end."""
    yield "demo"
    for number in count_from(2):
        yield f"demo-{number}"


def _live(
    store: Store, sealer: SqlSealer, scenario: Scenario, events: int, checkpoint_every: int
) -> int:
    """One conference, until it has so many events or is full; answers how many it has."""
    scenario.register_all()
    count, sealed = _record(store, scenario), 0
    for step in islice(_life(scenario), MAX_TASKS):
        if step % TASKS_AT_ONCE == 0:
            count += _record(store, scenario)
            if count - sealed >= checkpoint_every:
                _seal_all(sealer, scenario)
                sealed = count
        if count >= events:
            break
    count += _record(store, scenario)
    _seal_all(sealer, scenario)
    return count


def seal(store: Store, scenario: Scenario, keys: tuple[Signer, ...] = (LOG_KEY,)) -> None:
    """Leaves for all that is recorded, and a checkpoint; without keys it stays unsigned."""
    _seal_all(_sealer(store, keys), scenario)


def _sealer(store: Store, keys: tuple[Signer, ...] = (LOG_KEY,)) -> SqlSealer:
    if store.writer is None:
        raise ValueError("sealing writes")
    return SqlSealer(store.writer, store.engine, lambda: keys, store.anchors)


def _seal_all(sealer: SqlSealer, scenario: Scenario) -> None:
    while sealer.seal(scenario.now).more:
        pass


def keep_anchors(store: Store, folder: Path) -> None:
    """The newest checkpoint outside of the trail."""
    from lianxi.store.anchors import Anchors

    Anchors(store.engine, AnchorFiles(folder)).keep_all()


def _record(store: Store, scenario: Scenario) -> int:
    """Hand in and record what waits; answers how many events that were."""
    for given in scenario.openings:
        store.openings.put(scenario.origin, given.opening, given.by_unit, scenario.now)
    scenario.openings.clear()
    batches: list[RecordBatch] = scenario.drain()
    for batch in batches:
        store.trail.append(batch)
    for task, stream in list(scenario.tasks.items()):
        if stream.state.phase is not TaskPhase.ACTIVE:
            del scenario.tasks[task]  # over: nothing but its archive would still come
    return sum(len(batch.events) for batch in batches)


def _life(scenario: Scenario) -> Iterator[int]:
    """One task after another, some overlapping; yields the number of each that is over."""
    number = 0
    while True:
        number += 1
        yield from _task(scenario, number)


def _task(s: Scenario, number: int) -> Iterator[int]:
    units = [UNITS[(number + place) % len(UNITS)] for place in range(2)]
    task = s.issue(f"plan-{number}", units=units, due=_DUE)
    first, second = units
    s.act(first, task, "acknowledge")
    s.wait(days=1)
    for percent in (10, 25, 40, 60):
        s.act(first, task, "progress", percent=percent, text=_words(s, f"{percent} of 100", first))
        s.wait(hours=3)
    s.submit(first, task)
    s.send_back(first, task)
    s.wait(days=2)  # the other one is reminded
    s.act(second, task, "acknowledge")
    for percent in (30, 70):
        s.act(second, task, "progress", percent=percent)
    s.act(second, task, "extend", until={**_DUE, "days": 12}, reason=_words(s, "flood", second))
    request = s.tasks[task].state.assignments[second].extension
    if request is not None:
        s.act("office", task, "grant", unit=second, request="extension", subject=request.event)
    if number % 3 == 0:
        s.wait(days=20)  # both late: the ladder climbs
    for unit in units:
        s.submit(unit, task)
        s.accept(unit, task)
    s.act("office", task, "close", verdict="implemented")
    s.wait(minutes=5)
    yield number


def _words(s: Scenario, text: str, by: str) -> dict[str, Any]:
    return s.text(text, by).model_dump(mode="json")
