"""A look through the trail itself for reconciliation: bytes, links, read tables, tree (store layer).

It takes a processor for as long as it lasts, so the worker has it done by a process of its own
(`python -m lianxi.store.examining`, JSON in and out), and as deep as the trail's size allows: all
is derived again as often as that takes a twentieth of the time, bytes and chains each time.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

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

SHARE = 20
"""A look that derives everything again is due when so many times its length has passed."""

SMALL = 400
"""Positions: so many events are derived again in the time that a process takes to start."""

NICE = 10
TIMEOUT = 1_200.0
"""Seconds after which a look is given up."""


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


class Examiner:
    """Looks again and again; remembers what the last thorough look found.

    A look at bytes alone finds less: until the next thorough one, what that found stands.
    """

    def __init__(
        self,
        look: Callable[[Depth, datetime], Looked],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: seconds that only go on."""
        self._look = look
        self._clock = clock
        self._deep: Looked | None = None
        self._due = 0.0

    def __call__(self, now: datetime) -> Examined:
        """One look. Raises StoreUnavailableError."""
        begun = self._clock()
        thorough = self._deep is None or begun >= self._due
        looked = self._look("deep" if thorough else "bytes", now)
        if thorough:
            ended = self._clock()
            self._due = ended + SHARE * (ended - begun)
            self._deep = looked
        known = () if self._deep is None else self._deep.findings
        found = dict.fromkeys((*looked.findings, *known))
        return Examined(
            findings=by_origin(list(found), list(looked.streams)),
            streams=looked.streams,
            events=looked.events,
            deep=looked.streams if thorough else {},
            complete=looked.complete and (self._deep is None or self._deep.complete),
        )


def look_at(engine: Engine, place: Place, depth: Depth, now: datetime) -> Looked:
    """One look, in a process of its own where it would take longer than starting one."""
    with outages_translated(), engine.connect() as connection:
        newest = connection.scalar(select(func.max(events.c.position))) or 0
    return (look_through if newest < SMALL else look_beside)(place, depth, now)


def look_beside(place: Place, depth: Depth, now: datetime) -> Looked:
    """One look by a process of its own. Raises StoreUnavailableError."""
    given = {
        "url": place.url,
        "evidence": str(place.evidence),
        "anchors": None if place.anchors is None else str(place.anchors),
        "policy": None if place.policy is None else str(place.policy),
        "depth": depth,
        "now": format_instant(now),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(given).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreUnavailableError(f"the trail was not looked through: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise StoreUnavailableError(f"the trail was not looked through: {said[:200]}")
    answer = json.loads(done.stdout)
    return Looked(
        findings=[Finding(*finding) for finding in answer["findings"]],
        streams=answer["streams"],
        events=answer["events"],
        complete=answer["complete"],
    )


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
    """Read what to do, do it, write what was found."""
    os.nice(NICE)
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


if __name__ == "__main__":
    sys.exit(main())
