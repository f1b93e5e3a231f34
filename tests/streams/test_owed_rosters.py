"""Which roster steps a command brings along: by what they restrict, by number, by bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from lianxi.domain.roster import Roster, RosterChanges, RosterKey, RosterSignature
from lianxi.domain.values import Role
from lianxi.engine import owed_rosters
from lianxi.engine.owed_rosters import FAR_BEHIND, NOTHING, Owed, OwedRosters, fitting
from lianxi.messages import MAX_ROSTER_STEP_BYTES, MAX_ROSTER_STEPS, MAX_THAW_STEP_BYTES
from lianxi.ports import StoreUnavailableError, Trail
from lianxi.proof.rosters import RosterStep
from lianxi.proof.wire import wire_bytes
from tests.proof.material import roster

ORIGIN = "example.org/lianxi/demo/0123456789abcdef"
NEWEST = roster()


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

    def latest_roster(self, _origin: str) -> Roster | None:
        """The same for every conference."""
        return NEWEST


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


def owed(trail: FakeTrail, **room: Any) -> Owed:
    """What a command to a task owes."""
    return OwedRosters(cast(Trail, trail)).of(ORIGIN, "task/T-0001", **room)


def test_what_only_adds_keys_is_not_owed_until_it_is_much() -> None:
    """A key that is unknown is asked for when it comes."""
    steps = [adding(number) for number in range(FAR_BEHIND)]
    assert owed(FakeTrail(steps[1:])) == NOTHING
    assert owed(FakeTrail(steps)) == Owed(tuple(steps))
    assert owed(FakeTrail([adding(1), retiring()])) == Owed((adding(1), retiring()))


def test_where_not_all_fit_the_newest_roster_says_the_rest() -> None:
    """A retirement behind what a command takes along is known to who sends it."""
    steps = [adding(number) for number in range(MAX_ROSTER_STEPS)]
    assert owed(FakeTrail(steps)) == Owed(tuple(steps))
    assert owed(FakeTrail([*steps, retiring()])) == Owed(tuple(steps), NEWEST)


def test_steps_are_bounded_by_their_bytes() -> None:
    """As many as there is room for, beside a thaw fewer, but one always."""
    steps = [retiring(version, keys=64) for version in range(2, 40)]
    for room in (MAX_ROSTER_STEP_BYTES, MAX_THAW_STEP_BYTES):
        found = owed(FakeTrail(list(steps)), max_bytes=room)
        sizes = sum(len(wire_bytes(step)) for step in found.steps)
        assert sizes <= room < sizes + len(wire_bytes(steps[0]))
        assert found.newest == NEWEST
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
    assert rosters.of(ORIGIN, "one").steps == tuple(trail.steps)


def test_nothing_is_owed_while_the_store_is_away() -> None:
    """Commands are taken meanwhile; afterwards the steps come along again."""
    trail = FakeTrail([retiring()], away=True)
    rosters = OwedRosters(cast(Trail, trail))
    assert rosters.of(ORIGIN, "task/T-0001") == NOTHING
    trail.away = False
    assert rosters.of(ORIGIN, "task/T-0001").steps == (retiring(),)
