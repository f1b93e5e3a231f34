"""Which roster steps a task's stream must hear of before it judges a command (engine layer).

A stream adopts rosters with the commands that come to it. A key that was revoked could go on acting
on a task that has not heard of it, so whoever sends a command brings along what the stream lacks,
wherever a key may act less than before; also where a stream is so far behind that a new key could
not be reached with one command's steps. Where they are too many to go along, the stream hears of the
first of them before the command, portion by portion, whatever then becomes of the command.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock

from lianxi.messages import MAX_ROSTER_STEP_BYTES, MAX_ROSTER_STEPS, MAX_THAW_STEP_BYTES
from lianxi.ports import StoreUnavailableError, Trail
from lianxi.proof.rosters import RosterStep
from lianxi.proof.wire import wire_bytes

FAR_BEHIND = MAX_ROSTER_STEPS // 2
"""Steps that are brought along even if they only add keys."""

AT_ONCE = 32
"""Steps that a stream takes in with one update. With 512 keys each takes 5 ms; they are checked twice,
those that come with a thaw four times, which is 0.64 s; and a workflow task that works for 2 seconds is
given up."""

KEPT = 8_192
"""Streams of which is remembered that they need nothing."""


class OwedRosters:
    """Safe for threads. One look at the conference's row for each command, more only after a change."""

    def __init__(self, trail: Trail) -> None:
        """Nothing is known of any stream."""
        self._trail = trail
        self._lock = Lock()
        self._clear: OrderedDict[tuple[str, str], int] = OrderedDict()

    def of(self, origin: str, stream: str) -> Sequence[RosterStep]:
        """All steps that the stream must hear of.

        None while the store is away: commands are taken meanwhile, under the roster that the stream
        had adopted, and verification names what a key did more than two minutes after its end.
        """
        try:
            return self._of(origin, stream)
        except StoreUnavailableError:
            return ()

    def _of(self, origin: str, stream: str) -> Sequence[RosterStep]:
        version = self._trail.roster_version(origin)
        if version is None or self._clear.get((origin, stream)) == version:
            return ()
        steps = self._trail.roster_steps(origin, stream)
        if len(steps) >= FAR_BEHIND or any(step.restricts for step in steps):
            return steps
        with self._lock:
            self._clear[origin, stream] = version
            self._clear.move_to_end((origin, stream))
            while len(self._clear) > KEPT:
                self._clear.popitem(last=False)
        return ()


def portions(steps: Iterable[RosterStep]) -> list[tuple[RosterStep, ...]]:
    """The steps in order, as many together as a stream takes in at once."""
    left, found = tuple(steps), []
    while left:
        found.append(fitting(left, max_steps=AT_ONCE))
        left = left[len(found[-1]) :]
    return found


def beside_thaw(steps: Iterable[RosterStep]) -> tuple[RosterStep, ...]:
    """The first of the steps, as many as a thaw takes along: a frozen stream takes none before it."""
    return fitting(steps, MAX_THAW_STEP_BYTES, AT_ONCE)


def fitting(
    steps: Iterable[RosterStep],
    max_bytes: int = MAX_ROSTER_STEP_BYTES,
    max_steps: int = MAX_ROSTER_STEPS,
) -> tuple[RosterStep, ...]:
    """The first of the steps, as many as one message takes along; at least one, where there is one."""
    brought: list[RosterStep] = []
    for step in steps:
        max_bytes -= len(wire_bytes(step))
        if brought and (max_bytes < 0 or len(brought) == max_steps):
            break
        brought.append(step)
    return tuple(brought)
