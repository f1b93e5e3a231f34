"""Which roster steps a command brings along: by what they restrict, by number, by bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from lianxi.domain.roster import RosterChanges, RosterKey, RosterSignature
from lianxi.domain.values import Role
from lianxi.engine import owed_rosters
from lianxi.engine.owed_rosters import (
    AT_ONCE,
    FAR_BEHIND,
    OwedRosters,
    beside_thaw,
    fitting,
    portions,
)
from lianxi.messages import MAX_ROSTER_STEP_BYTES, MAX_ROSTER_STEPS, MAX_THAW_STEP_BYTES
from lianxi.ports import StoreUnavailableError, Trail
from lianxi.proof.rosters import RosterStep
from lianxi.proof.wire import wire_bytes

ORIGIN = "example.org/lianxi/demo/0123456789abcdef"


@dataclass
class FakeTrail:
    """Rosters alone; counts how often the steps are read."""

    steps: list[RosterStep] = field(default_factory=list)
    away: bool = False
    reads: int = 0

    def roster_version(self, _origin: str) -> int | None:
        """As many versions as steps."""
        if self.away:
            raise StoreUnavailableError("away")
        return 1 + len(self.steps)

    def roster_steps(self, _origin: str, _stream: str) -> Sequence[RosterStep]:
        """All: the stream has adopted none."""
        self.reads += 1
        return self.steps


def key(number: int) -> RosterKey:
    """A key, of which only the size matters."""
    text = f"{number:064x}"
    return RosterKey(unit=f"U{number:03d}", role=Role.UNIT, key_id=text, public_key=text)


def adding(number: int) -> RosterStep:
    """A step that adds a key."""
    signature = RosterSignature(key_id="ab" * 32, signature="cd" * 64)
    return RosterStep(entry=key(number), signatures=(signature,))


def retiring(version: int = 2, keys: int = 0) -> RosterStep:
    """A step that retires a key, and adds some."""
    changes = RosterChanges(add=tuple(key(n) for n in range(keys)) or None, retire=("ef" * 32,))
    return RosterStep(changes=changes, version=version, signatures=adding(1).signatures)


def owed(trail: FakeTrail) -> Sequence[RosterStep]:
    """What a task's stream must hear of."""
    return OwedRosters(cast(Trail, trail)).of(ORIGIN, "task/T-0001")


def test_what_only_adds_keys_is_not_owed_until_it_is_much() -> None:
    """A key that is unknown is asked for when it comes."""
    steps = [adding(number) for number in range(FAR_BEHIND)]
    assert owed(FakeTrail(steps[1:])) == ()
    assert owed(FakeTrail(steps)) == steps
    assert owed(FakeTrail([adding(1), retiring()])) == [adding(1), retiring()]


def test_many_steps_go_in_portions() -> None:
    """All of them, in their order, as many together as a workflow task can check."""
    steps = [adding(number) for number in range(2 * AT_ONCE + 1)]
    found = portions(steps)
    assert [len(each) for each in found] == [AT_ONCE, AT_ONCE, 1]
    assert [step for each in found for step in each] == steps
    assert portions(steps[:AT_ONCE]) == [tuple(steps[:AT_ONCE])]
    assert portions(()) == []


def test_steps_are_bounded_by_their_bytes() -> None:
    """As many as there is room for, beside a thaw fewer, but one always."""
    steps = [retiring(version, keys=64) for version in range(2, 40)]
    for room in (MAX_ROSTER_STEP_BYTES, MAX_THAW_STEP_BYTES):
        sizes = sum(len(wire_bytes(step)) for step in fitting(steps, room))
        assert sizes <= room < sizes + len(wire_bytes(steps[0]))
    assert portions(steps)[0] == fitting(steps)
    assert sum(map(len, portions(steps))) == len(steps)
    many = [adding(number) for number in range(MAX_ROSTER_STEPS + 1)]
    assert fitting(many) == tuple(many[:MAX_ROSTER_STEPS])
    assert beside_thaw(many) == tuple(many[:AT_ONCE])
    assert beside_thaw(steps) == fitting(steps, MAX_THAW_STEP_BYTES)
    assert fitting(steps, 1) == (steps[0],)
    assert fitting(()) == ()


def test_a_stream_that_needs_nothing_is_asked_once_for_each_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until the roster changes, or so many others came that it is forgotten."""
    monkeypatch.setattr(owed_rosters, "KEPT", 2)
    trail = FakeTrail([adding(1)])
    rosters = OwedRosters(cast(Trail, trail))
    reads = []
    for stream in ("one", "one", "two", "three", "one"):
        rosters.of(ORIGIN, stream)
        reads.append(trail.reads)
    assert reads == [1, 1, 2, 3, 4]
    trail.steps.append(retiring())
    assert rosters.of(ORIGIN, "one") == trail.steps


def test_nothing_is_owed_while_the_store_is_away() -> None:
    """Commands are taken meanwhile; afterwards the steps come along again."""
    trail = FakeTrail([retiring()], away=True)
    rosters = OwedRosters(cast(Trail, trail))
    assert rosters.of(ORIGIN, "task/T-0001") == ()
    trail.away = False
    assert rosters.of(ORIGIN, "task/T-0001") == [retiring()]
