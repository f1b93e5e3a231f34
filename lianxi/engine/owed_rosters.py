"""Which roster steps a task's stream must hear of before it judges a command (engine layer).

A stream adopts rosters with the commands that come to it. A key that was revoked could go on acting
on a task that has not heard of it, so whoever sends a command brings along what the stream lacks,
wherever a key may act less than before; also where a stream is so far behind that a new key could
not be reached with one command's steps. Where not all fit, the newest roster comes beside them: the
stream cannot hear yet of what is left out, so who sends asks it instead.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from lianxi.domain.roster import Roster
from lianxi.messages import MAX_ROSTER_STEP_BYTES, MAX_ROSTER_STEPS
from lianxi.ports import StoreUnavailableError, Trail
from lianxi.proof.rosters import RosterStep
from lianxi.proof.wire import wire_bytes

FAR_BEHIND = MAX_ROSTER_STEPS // 2
"""Steps that are brought along even if they only add keys."""

KEPT = 8_192
"""Streams of which is remembered that they need nothing."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a command takes along; `newest`: the newest recorded roster where steps are left out."""

    steps: tuple[RosterStep, ...] = ()
    newest: Roster | None = None


NOTHING = Owed()


class OwedRosters:
    """Safe for threads. One look at the conference's row for each command, more only after a change."""

    def __init__(self, trail: Trail) -> None:
        """Nothing is known of any stream."""
        self._trail = trail
        self._lock = Lock()
        self._clear: OrderedDict[tuple[str, str], int] = OrderedDict()

    def of(self, origin: str, stream: str, max_bytes: int = MAX_ROSTER_STEP_BYTES) -> Owed:
        """The steps to send along, as many as a command takes.

        None while the store is away: commands are taken meanwhile, under the roster that the stream
        had adopted, and verification names what a key did more than two minutes after its end.
        """
        try:
            return self._of(origin, stream, max_bytes)
        except StoreUnavailableError:
            return NOTHING

    def _of(self, origin: str, stream: str, max_bytes: int) -> Owed:
        version = self._trail.roster_version(origin)
        if version is None or self._clear.get((origin, stream)) == version:
            return NOTHING
        steps = self._trail.roster_steps(origin, stream)
        if len(steps) >= FAR_BEHIND or any(step.restricts for step in steps):
            brought = fitting(steps, max_bytes)
            cut = len(brought) < len(steps)
            return Owed(brought, self._trail.latest_roster(origin) if cut else None)
        with self._lock:
            self._clear[origin, stream] = version
            self._clear.move_to_end((origin, stream))
            while len(self._clear) > KEPT:
                self._clear.popitem(last=False)
        return NOTHING


def fitting(
    steps: Iterable[RosterStep], max_bytes: int = MAX_ROSTER_STEP_BYTES
) -> tuple[RosterStep, ...]:
    """The first of the steps, as many as one command takes along; at least one, where there is one."""
    brought: list[RosterStep] = []
    for step in steps:
        max_bytes -= len(wire_bytes(step))
        if brought and (max_bytes < 0 or len(brought) == MAX_ROSTER_STEPS):
            break
        brought.append(step)
    return tuple(brought)
