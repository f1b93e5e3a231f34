"""Events that say anything at all: each look at them ends soon, in findings, and raises nothing."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lianxi.proof import canonical
from lianxi.proof.hashing import event_hash
from lianxi.proof.verification import TrailRow
from lianxi.streams.deep import DeepChecker
from tests.store.full_life import full_life
from tests.streams.test_rederive import Rows, rows_of

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SECONDS = 20.0
"""An untouched trail of this length takes half a second."""
INSTANTS = (
    "0001-01-01T00:00:00.000000Z",
    "2026-04-01T00:00:00.000000Z",
    "2400-01-01T00:00:00.000000Z",
    "9990-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z",
)
NUMBERS = (0, 1, -1, 10**6, 10**9, 2**53 - 1)
ODD: tuple[Any, ...] = (0, -1, "", "x", [], {}, True, "0" * 64, INSTANTS[0], INSTANTS[-1], "U02")
LENGTH_OF_INSTANT = 27


@pytest.fixture(scope="module")
def life() -> Rows:
    """Tasks of today, with every kind of event."""
    return rows_of(full_life())


def damage(event: dict[str, Any], luck: random.Random) -> None:
    """One value somewhere in the event is another one."""
    inside: Any = event["data"] if luck.random() < 0.7 else event
    while isinstance(inside, dict | list) and inside:
        key = luck.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        value = inside[key]
        if not isinstance(value, dict | list) or luck.random() < 0.3:
            inside[key] = _other(value, luck)
            return
        inside = value


def _other(value: Any, luck: random.Random) -> Any:
    if isinstance(value, str) and len(value) == LENGTH_OF_INSTANT and luck.random() < 0.6:
        return luck.choice(INSTANTS)
    if isinstance(value, int) and luck.random() < 0.6:
        return luck.choice(NUMBERS)
    return luck.choice(ODD)


def resealed(life: Rows, where: tuple[str, int], event: dict[str, Any]) -> Iterator[TrailRow]:
    """With this event there, every later one of its stream linked to it again."""
    head = None
    for row in life:
        data, digest = row.data, row.hash
        if row.stream == where[0] and row.seq >= where[1]:
            told = event if head is None else json.loads(row.data) | {"prev": head}
            data = canonical.dumps(told)
            head = digest = event_hash(data)
        yield TrailRow(row.origin, row.stream, row.seq, data, digest, row.envelope)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_event_is_named_soon(life: Rows, seed: int) -> None:
    """Whatever stands there, sealed again so that every hash fits."""
    luck = random.Random(seed)  # noqa: S311 - the same damage each time
    row = luck.choice(life)
    event = json.loads(row.data)
    damage(event, luck)
    begun = time.monotonic()
    checker = DeepChecker()
    findings = []
    for each in resealed(life, (row.stream, row.seq), event):
        findings += checker.check(each)
    findings += checker.finish(NOW)
    assert findings or event == json.loads(row.data)
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("at", INSTANTS)
@pytest.mark.parametrize("kind", ["CompletionSubmitted", "RungFired", "OfficeReminded"])
@pytest.mark.parametrize("sealed", [True, False])
def test_another_instant_is_named_soon(life: Rows, kind: str, at: str, sealed: bool) -> None:
    """What lies with the office is reminded of for ever: not by whoever checks."""
    row = next(row for row in life if f'"kind":"{kind}"'.encode() in row.data)
    event = json.loads(row.data) | {"at": at}
    begun = time.monotonic()
    checker = DeepChecker()
    rows = list(resealed(life, (row.stream, row.seq), event))
    if not sealed:
        changed = next(each for each in rows if (each.stream, each.seq) == (row.stream, row.seq))
        rows = [*life]
        rows[life.index(row)] = TrailRow(
            row.origin, row.stream, row.seq, changed.data, row.hash, row.envelope
        )
    findings = [finding for each in rows for finding in checker.check(each)]
    findings += checker.finish(NOW)
    assert findings
    assert (row.origin, row.stream) in checker.changed or sealed
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("text", ["", "zz", "\ud800", "\\xff", "5", "[]", "[" * 100_000])
@pytest.mark.parametrize("what", ["hash", "envelope"])
def test_what_stands_beside_an_event_may_be_anything(life: Rows, what: str, text: str) -> None:
    """A hash that is none, an envelope that is none: of a task, of the conference."""
    change: dict[str, Any] = {what: text}
    for stream in ("conference", "task/T-0001"):
        index = next(i for i, row in enumerate(life) if row.stream == stream and row.envelope)
        rows = [*life]
        rows[index] = replace(rows[index], **change)
        checker = DeepChecker()
        findings = [finding for row in rows for finding in checker.check(row)]
        assert rows[index].place in {finding.place for finding in findings}
