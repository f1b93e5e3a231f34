"""Which roster steps a task's stream must hear of before it judges a command (engine layer).

A stream adopts rosters with the commands that come to it. A key that was revoked could go on acting
on a task that has not heard of it, so whoever sends a command brings along what the stream lacks,
wherever a key may act less than before; also where a stream is so far behind that a new key could
not be reached with one command's steps.
"""

from collections import OrderedDict
from threading import Lock

from lianxi.messages import MAX_ROSTER_STEPS
from lianxi.ports import StoreUnavailableError, Trail
from lianxi.proof.rosters import RosterStep

FAR_BEHIND = MAX_ROSTER_STEPS // 2
"""Steps that are brought along even if they only add keys."""

KEPT = 8_192
"""Streams of which is remembered that they need nothing."""


class OwedRosters:
    """Safe for threads. One look at the conference's row for each command, more only after a change."""

    def __init__(self, trail: Trail) -> None:
        """Nothing is known of any stream."""
        self._trail = trail
        self._lock = Lock()
        self._clear: OrderedDict[tuple[str, str], int] = OrderedDict()

    def of(self, origin: str, stream: str) -> tuple[RosterStep, ...]:
        """The steps to send along, at most as many as a command takes; none while the store is away."""
        try:
            return self._of(origin, stream)
        except StoreUnavailableError:
            return ()

    def _of(self, origin: str, stream: str) -> tuple[RosterStep, ...]:
        version = self._trail.roster_version(origin)
        if version is None or self._clear.get((origin, stream)) == version:
            return ()
        steps = self._trail.roster_steps(origin, stream)
        if len(steps) >= FAR_BEHIND or any(step.restricts for step in steps):
            return tuple(steps[:MAX_ROSTER_STEPS])
        with self._lock:
            self._clear[origin, stream] = version
            self._clear.move_to_end((origin, stream))
            while len(self._clear) > KEPT:
                self._clear.popitem(last=False)
        return ()
