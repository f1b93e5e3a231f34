"""The activity `seal_events`: one round of the sealer, about an hour (activities).

A turn seals and signs what waits; then it idles until the time is over, enough events wait or a
task ended. The heart beats in a thread of its own. A store that is away is waited for; nothing but
a bug ends the round early with an error.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from temporalio import activity

from lianxi.domain.task.events import TaskArchived, TaskCancelled, TaskClosed
from lianxi.messages import SEAL_EVENTS, RecordBatch, SealerInput, SealRound
from lianxi.notices.bell import Bell
from lianxi.notices.heart import Heart
from lianxi.notices.outcomes import Ending
from lianxi.ports import Sealer, SealTurn, StoreUnavailableError

_ENDS = tuple(f'"kind":"{kind.__name__}"' for kind in (TaskClosed, TaskCancelled, TaskArchived))
"""As canonical JSON spells it; a text of a user never stands in an event."""


LAST_LOOK = 5.0
"""Seconds at most for what is left when the worker stops: a third of its usual graceful shutdown."""


@dataclass(frozen=True, slots=True)
class SealPace:
    """How a round spends its time, all in seconds."""

    every: float = 60.0
    """So long an event waits at most, while the store is there."""
    round: float = 3600.0
    """After this the activity returns, so that histories and attempts stay short."""
    gather: float = 0.5
    """How long after a ring to look: what comes together is sealed together."""
    look: float = 0.5
    """How often a waiting round looks whether it is to end."""
    beat: float = 1.0
    silence: float = 60.0
    """Work without a sign of life for so long counts as hung, and the heart stops."""
    longest_pause: float = 30.0
    """Between attempts while the store is away."""


class SealBell:
    """Rings when so many events were recorded since the last look, or when a task ended."""

    def __init__(self, events: int) -> None:
        """`events`: how many make it ring."""
        self._bell = Bell()
        self._lock = threading.Lock()
        self._limit = events
        self._waiting = 0

    def recorded(self, batch: RecordBatch) -> None:
        """Count a batch that stands."""
        ends = any(word in event.text for event in batch.events for word in _ENDS)
        with self._lock:
            self._waiting += len(batch.events)
            rings = ends or self._waiting >= self._limit
        if rings:
            self._bell.ring()

    def looked(self) -> int:
        """A look begins: nothing waits any more. Answers what to give to `wait`."""
        with self._lock:
            self._waiting = 0
        return self._bell.rings

    def wait(self, heard: int, seconds: float) -> int:
        """See `Bell.wait`."""
        return self._bell.wait(heard, seconds)


class SealActivities:
    """Sealing, on the store's sealer."""

    def __init__(
        self,
        sealer: Sealer,
        now: Callable[[], datetime],
        bell: SealBell,
        pace: SealPace = SealPace(),
    ) -> None:
        self._sealer = sealer
        self._now = now
        self._bell = bell
        self._pace = pace

    @activity.defn(name=SEAL_EVENTS, no_thread_cancel_exception=True)
    def seal_events(self, _order: SealerInput) -> SealRound:
        """Seal what waits until the round is over, cancelled or the worker stops."""
        pace = self._pace
        beat = partial(copy_context().run, activity.heartbeat)
        told = _Told()
        with Heart(beat, every=pace.beat, limit=pace.silence) as heart:
            return self._round(told, heart)

    def _round(self, told: "_Told", heart: Heart) -> SealRound:
        end = time.monotonic() + self._pace.round
        result = SealRound(ended="time")
        troubles = 0
        while (ended := _ending(end)) is None:
            heart.sign_of_life()
            heard = self._bell.looked()
            try:
                turn = self._sealer.seal(self._now())
            except StoreUnavailableError as error:
                told.away(error)
                self._wait(min(self._pace.longest_pause, 2.0 ** min(troubles, 16)), end)
                troubles += 1
                continue
            troubles = 0
            told.turn(turn)
            result = _tally(turn, result)
            if not turn.more:
                self._idle(heard, end, heart)
        if ended == "shutdown":
            result = self._last_look(told, result)
        return result.model_copy(update={"ended": ended})

    def _last_look(self, told: "_Told", result: SealRound) -> SealRound:
        """Whoever stops in order seals what stands by then, so that a backup taken then has it all.

        What the next worker seals first would else be missing from it, and the backup would count
        as rolled back, though it lacks no event.
        """
        until = time.monotonic() + LAST_LOOK
        with suppress(StoreUnavailableError):
            while time.monotonic() < until:
                turn = self._sealer.seal(self._now())
                told.turn(turn)
                result = _tally(turn, result)
                if not turn.more:
                    break
        return result

    def _wait(self, seconds: float, end: float) -> None:
        until = min(time.monotonic() + seconds, end)
        while _ending(until) is None:
            activity.wait_for_worker_shutdown_sync(
                max(0.0, min(self._pace.look, until - time.monotonic()))
            )

    def _idle(self, heard: int, end: float, heart: Heart) -> None:
        # the bell and the worker's shutdown cannot be waited for at once: short waits for one
        until = min(time.monotonic() + self._pace.every, end)
        while _ending(until) is None:
            heart.sign_of_life()
            left = max(0.0, min(self._pace.look, until - time.monotonic()))
            if self._bell.wait(heard, left) > heard:
                activity.wait_for_worker_shutdown_sync(self._pace.gather)
                return


def _ending(end: float) -> Ending | None:
    if activity.is_worker_shutdown():
        return "shutdown"
    if activity.is_cancelled():
        return "cancelled"
    return "time" if time.monotonic() >= end else None


def _tally(turn: SealTurn, result: SealRound) -> SealRound:
    return result.model_copy(
        update={
            "sealed": result.sealed + turn.sealed,
            "signed": result.signed + turn.signed,
            "left": sum(each.events for each in turn.left),
            "unsigned": len(turn.unsigned),
        }
    )


class _Told:
    """What the log has said in this round: each thing once, not at every turn."""

    def __init__(self) -> None:
        self._said: set[tuple[str, ...]] = set()
        self._away = False

    def away(self, error: StoreUnavailableError) -> None:
        if not self._away:
            activity.logger.warning("The store is away: %s", type(error).__name__)
        self._away = True

    def turn(self, turn: SealTurn) -> None:
        self._away = False
        now: set[tuple[str, ...]] = set()
        for each in turn.left:
            now.add(("not sealed", each.origin, f"{each.stream} from {each.seq}", each.reason))
        for origin, reason in turn.unsigned.items():
            now.add(("not signed", origin, "checkpoint", reason))
        for origin, reason in turn.unkept.items():
            now.add(("not kept", origin, "anchor", reason))
        for what in sorted(now - self._said):
            activity.logger.warning("%s: %s, %s: %s", *what)
        self._said = now
