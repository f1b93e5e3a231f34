"""A look through the trail itself for reconciliation: bytes, links, read tables, tree (store layer).

It takes a processor for as long as it lasts, so the worker has it done by a process of its own
(`python -m lianxi.store.examining`, JSON in and out), and as deep as the trail's size allows: bytes,
chains and tree each time; columns, read tables, openings and what events derive from in a look of
its own, which no comparison waits for longer than `WAIT`, and which takes a quarter of the time of
one processor. It begins and is collected with comparisons, so what only that one sees is named
within five times its length and two of their intervals. While four times its length is less than an
interval that is two intervals: ten minutes up to some 75,000 events at 1,000 a second (docs/runbook.md).
"""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, func, select

from lianxi.domain.values import format_instant, parse_instant
from lianxi.ids import conference_of_origin
from lianxi.ports import Examined, StoreUnavailableError
from lianxi.proof.verification import Finding
from lianxi.store.anchors import AnchorFiles, read_policy
from lianxi.store.faults import SchemaError, outages_translated
from lianxi.store.store import open_store
from lianxi.store.tables import events
from lianxi.store.verify import Look, Outside, verify_trail
from lianxi.store.verify_streams import Depth

SHARE = 3
"""A look that derives everything again is due when so many times its length has passed."""

WAIT = 30.0
"""Seconds that a comparison waits for such a look; its findings come with a later one otherwise."""

SHALLOW = frozenset(
    {
        "HASH_MISMATCH",
        "GAP",
        "ADDRESS_MISMATCH",
        "LINK_BROKEN",
        "LEAF_GAP",
        "LEAF_DIFFERS",
        "LEAF_ORDER",
        "LEAF_WITHOUT_EVENT",
        "NODE_WRONG",
        "UNSEALED",
        "CHECKPOINT_UNSIGNED",
    }
)
"""What a look at bytes and tree names just as well: it says anew whether that still holds."""

SMALL = 400
"""Positions: so many events are derived again in the time that a process takes to start."""

NICE = 10
TIMEOUT = 7_200.0
"""Seconds after which a look is given up: several million events."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the trail lies, and what it is held against."""

    url: str
    evidence: Path
    anchors: Path | None = None
    policy: Path | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found; streams and events by origin."""

    findings: Sequence[Finding]
    streams: Mapping[str, int]
    events: Mapping[str, int]
    complete: bool


class Looking(Protocol):
    """One look; StoreUnavailableError when it did not come to its end."""

    def __call__(self, depth: Depth, now: datetime) -> Looked:
        """At bytes and tree, or at everything."""
        ...

    def give_up(self) -> None:
        """End every look that is going on."""
        ...


class Examining(Protocol):
    """What `SqlSelfAudit` needs of an `Examiner`."""

    def __call__(self, now: datetime) -> Examined:
        """One look, at all conferences."""
        ...

    def give_up(self) -> None:
        """End every look that is going on."""
        ...


class Examiner:
    """Looks again and again, one at a time; remembers what the last thorough look found.

    A look at bytes alone finds less: until the next thorough one, what that found stands.
    """

    def __init__(
        self,
        look: Looking,
        clock: Callable[[], float] = time.monotonic,
        wait: float = WAIT,
    ) -> None:
        """`clock`: seconds that only go on; `wait`: as `WAIT`."""
        self._look = look
        self._clock = clock
        self._wait = wait
        self._one_at_a_time = threading.Lock()
        self._beside = ThreadPoolExecutor(1, "examining")
        self._running: Future[_Deep] | None = None
        self._deep: _Deep | None = None

    def __call__(self, now: datetime) -> Examined:
        """One look. Raises StoreUnavailableError."""
        with self._one_at_a_time:
            thorough = self._thorough(now)
            if thorough is not None:
                self._deep = thorough
            deep = self._deep
            # one that came to its end just now has looked at bytes and tree too
            fresh = thorough is not None and thorough.begun == now
            looked = thorough.looked if thorough and fresh else self._look("bytes", now)
        known = () if deep is None else deep.looked.findings
        found = dict.fromkeys((*looked.findings, *(f for f in known if f.code not in SHALLOW)))
        return Examined(
            findings=by_origin(list(found), list(looked.streams)),
            streams=looked.streams,
            events=looked.events,
            deep={} if thorough is None else thorough.looked.streams,
            complete=looked.complete and (deep is None or deep.looked.complete),
            begun=now,
            deep_begun=None if deep is None else deep.begun,
        )

    def give_up(self) -> None:
        """End every look that is going on; the next comparison begins anew, and does not fail by it."""
        running = self._running
        if running is not None and not running.done():
            self._running = None
        self._look.give_up()

    def _thorough(self, now: datetime) -> "_Deep | None":
        """The thorough look that has come to its end since the last time, if one has."""
        running, earlier = self._running, self._running is not None
        if running is None:
            if self._deep is not None and self._clock() < self._deep.due:
                return None
            running = self._running = self._beside.submit(self._look_deep, now)
        try:
            done = running.result(self._wait)
        except NotYet:
            return None
        except BaseException:
            self._running = None
            raise
        # one that took longer than a comparison waits does not cost the next one an interval too
        again = earlier and self._clock() >= done.due
        self._running = self._beside.submit(self._look_deep, now) if again else None
        return done

    def _look_deep(self, now: datetime) -> "_Deep":
        begun = self._clock()
        looked = self._look("deep", now)
        ended = self._clock()
        return _Deep(looked, now, ended + SHARE * (ended - begun))


@dataclass(frozen=True, slots=True)
class _Deep:
    """A thorough look, when it began, and when the next is due by the examiner's clock."""

    looked: Looked
    begun: datetime
    due: float


class TrailLook:
    """`Looking` at a trail, in a process of its own where it takes longer than starting one."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self._place = place
        self._processes: set[subprocess.Popen[bytes]] = set()

    def __call__(self, depth: Depth, now: datetime) -> Looked:
        """One look. Raises StoreUnavailableError."""
        with outages_translated(), self._engine.connect() as connection:
            newest = connection.scalar(select(func.max(events.c.position))) or 0
        if newest < SMALL:
            return look_through(self._place, depth, now)
        return self.beside(depth, now)

    def beside(self, depth: Depth, now: datetime) -> Looked:
        """One look by a process of its own. Raises StoreUnavailableError."""
        place = self._place
        given = {
            "url": place.url,
            "evidence": str(place.evidence),
            "anchors": None if place.anchors is None else str(place.anchors),
            "policy": None if place.policy is None else str(place.policy),
            "depth": depth,
            "now": format_instant(now),
        }
        # closed by the system when this process dies, however it does
        theirs, ours = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs],
            )
            self._processes.add(process)
            try:
                out, err = process.communicate(json.dumps(given).encode(), TIMEOUT)
            finally:
                self._processes.discard(process)
                process.kill()
                process.wait()
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoreUnavailableError(f"the trail was not looked through: {error}") from error
        finally:
            os.close(theirs)
            os.close(ours)
        if process.returncode != 0:
            said = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise StoreUnavailableError(f"the trail was not looked through: {said[:200]}")
        answer = json.loads(out)
        return Looked(
            findings=[Finding(*finding) for finding in answer["findings"]],
            streams=answer["streams"],
            events=answer["events"],
            complete=answer["complete"],
        )

    def give_up(self) -> None:
        """End every process that is looking; who waits for it is told so."""
        for process in list(self._processes):
            process.kill()


def look_through(place: Place, depth: Depth, now: datetime) -> Looked:
    """One look in this process. Raises StoreUnavailableError."""
    policy = read_policy(place.policy)
    anchors = None if place.anchors is None else AnchorFiles(place.anchors)
    look = Look(depth=depth, now=now, outside=Outside(anchors, policy=policy))
    with open_store(place.url, place.evidence, writable=False) as store:
        report = verify_trail(store.engine, store.evidence, look)
        with store.engine.connect() as connection:
            streams, counted = _counts(connection)
    return Looked(report.findings, streams, counted, complete=not report.dropped)


def _counts(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    streams, counted = Counter[str](), Counter[str]()
    for row in connection.execute(
        select(events.c.origin, events.c.stream, func.count().label("events")).group_by(
            events.c.origin, events.c.stream
        )
    ):
        streams[row.origin] += 1
        counted[row.origin] += row.events
    return streams, counted


def by_origin(found: Sequence[Finding], origins: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
    """Whose findings they are; one whose place names no conference is everybody's."""
    sorted_out: dict[str, list[Finding]] = {origin: [] for origin in origins}
    names = {conference_of_origin(origin): origin for origin in origins}
    for finding in found:
        owner, slash, _ = finding.place.partition("/")
        key = finding.place.partition(":")[2].partition("|")[0]
        named = names.get(owner) if slash else None
        for origin in origins:
            if origin in (named, key) or (named is None and key not in sorted_out):
                sorted_out[origin].append(finding)
    return sorted_out


def main() -> int:
    """Read what to do, do it, write what was found; the argument: a pipe that ends with the worker."""
    os.nice(NICE)
    gc.disable()  # as in `verify_sharing`: this process ends with its look
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    given: dict[str, Any] = json.load(sys.stdin)
    place = Place(
        given["url"],
        Path(given["evidence"]),
        None if given["anchors"] is None else Path(given["anchors"]),
        None if given["policy"] is None else Path(given["policy"]),
    )
    try:
        looked = look_through(place, given["depth"], parse_instant(given["now"]))
    except (StoreUnavailableError, SchemaError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    answer = {
        "findings": [[f.code, f.place, f.detail] for f in looked.findings],
        "streams": looked.streams,
        "events": looked.events,
        "complete": looked.complete,
    }
    sys.stdout.write(json.dumps(answer))
    return 0


def _end_with(pipe: int) -> None:
    """Leave at once when nobody waits for the answer any longer."""
    with suppress(OSError):
        os.read(pipe, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
