"""The activity `deliver_notices`: one round of a channel's mailroom, about an hour (activities).

Take due rows, render, send, settle; idle in between. The heart beats in a thread of its own. A
store that is away is waited for; nothing but a bug ends the round early with an error.
"""

import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

from temporalio import activity
from temporalio.exceptions import ApplicationError

from lianxi.messages import DELIVER_NOTICES, MailroomInput
from lianxi.notices.bell import Bell
from lianxi.notices.heart import Heart
from lianxi.notices.outcomes import Ending, RoundResult, outcome_of, superseded, tally
from lianxi.notices.rendering import render
from lianxi.ports import (
    Channel,
    DueNotice,
    Letter,
    Outbox,
    Outcome,
    StoreUnavailableError,
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a round spends its time, all in seconds."""

    round: float = 3600.0
    """After this the activity returns, so that histories and attempts stay short."""
    idle: float = 2.0
    """How long nothing due is believed; rows of other processes and retries wait that long."""
    gather: float = 0.2
    """How long after a ring to look: notices come a few at a time and cost less by the batch."""
    look: float = 0.5
    """How often a waiting round looks whether it is to end."""
    lease: float = 20.0
    """Longer than a batch takes to send; what a killed round held is sent again after it."""
    beat: float = 1.0
    silence: float = 60.0
    """Work without a sign of life for so long counts as hung, and the heart stops."""
    longest_pause: float = 30.0
    """Between attempts while the store or the channel is away."""


@dataclass(frozen=True, slots=True)
class NoticePorts:
    """What sending notices needs of the world outside."""

    outbox: Outbox
    channels: Sequence[Channel]
    zone_of: Callable[[str], str]
    """The IANA zone name of a conference by its origin; may raise StoreUnavailableError."""
    now: Callable[[], datetime]
    """Wall time in UTC."""
    bell: Bell
    """Rings when notices were written."""


class NoticeActivities:
    """Sends notices of the channels given; one instance serves all mailrooms of a worker."""

    def __init__(self, ports: NoticePorts, pace: Pace = Pace()) -> None:
        self._ports = ports
        self._channels = {channel.name: channel for channel in ports.channels}
        self._pace = pace

    @activity.defn(name=DELIVER_NOTICES, no_thread_cancel_exception=True)
    def deliver_notices(self, order: MailroomInput) -> RoundResult:
        """Send what is due on a channel until the round is over, cancelled or the worker stops.

        Fails, retryably, only where this worker does not know the channel: another one may.
        """
        channel = self._channels.get(order.channel)
        if channel is None:
            raise ApplicationError(
                f"this worker has no settings for {order.channel}", type="ChannelNotConfigured"
            )
        pace = self._pace
        beat = partial(copy_context().run, activity.heartbeat)
        turns = _Turns(channel, self._ports, pace.lease)
        with Heart(beat, every=pace.beat, limit=pace.silence) as heart:
            return self._round(turns, heart)

    def _round(self, turns: "_Turns", heart: Heart) -> RoundResult:
        end = time.monotonic() + self._pace.round
        troubles = 0
        while (ended := _ending(end)) is None:
            heart.sign_of_life()
            heard = self._ports.bell.rings  # before looking: a ring from now on means to look again
            match turns.next():
                case "trouble":
                    self._pause(min(self._pace.longest_pause, 2.0 ** min(troubles, 16)), end)
                    troubles += 1
                case "idle":
                    troubles = 0
                    self._idle(heard, end)
                case "busy":
                    troubles = 0
        turns.settle_quietly()
        return turns.result.model_copy(update={"ended": ended})

    def _pause(self, seconds: float, end: float) -> None:
        until = min(time.monotonic() + seconds, end)
        while _ending(until) is None:
            activity.wait_for_worker_shutdown_sync(
                max(0.0, min(self._pace.look, until - time.monotonic()))
            )

    def _idle(self, heard: int, end: float) -> None:
        # the bell and the worker's shutdown cannot be waited for at once: short waits for one
        until = min(time.monotonic() + self._pace.idle, end)
        while _ending(until) is None:
            left = max(0.0, min(self._pace.look, until - time.monotonic()))
            if self._ports.bell.wait(heard, left) > heard:
                activity.wait_for_worker_shutdown_sync(self._pace.gather)
                return


Turn = Literal["busy", "idle", "trouble"]


def _ending(end: float) -> Ending | None:
    if activity.is_worker_shutdown():
        return "shutdown"
    if activity.is_cancelled():
        return "cancelled"
    return "time" if time.monotonic() >= end else None


class _Turns:
    """Take, send, settle: one turn at a time, with what is not yet settled kept in between.

    Outcomes that the store could not take are offered again before anything new is sent: a letter
    is sent twice only if the round ends before the store comes back.
    """

    def __init__(self, channel: Channel, ports: NoticePorts, lease: float) -> None:
        self.result = RoundResult(ended="time")
        self._channel = channel
        self._outbox = ports.outbox
        self._zone_of = ports.zone_of
        self._now = ports.now
        self._lease = lease
        self._unsettled: list[Outcome] = []
        self._store_away = False

    def next(self) -> Turn:
        """Do one turn: `busy` when rows were handled, `idle` when none were due, else `trouble`."""
        try:
            self._settle()
            due = self._outbox.take(
                self._channel.name, self._now(), self._channel.batch, self._lease
            )
            self._unsettled = self._handle(due)
            only_retries = bool(due) and all(o.result == "retry" for o in self._unsettled)
            self._settle()
        except StoreUnavailableError as error:
            if not self._store_away:
                activity.logger.warning("The store is away: %s", type(error).__name__)
            self._store_away = True
            return "trouble"
        self._store_away = False
        if only_retries:  # the channel itself is likely away: no use in going on at once
            return "trouble"
        # a batch that is not full held all that was due
        return "busy" if len(due) == self._channel.batch else "idle"

    def settle_quietly(self) -> None:
        """Offer what is left once more before the round ends."""
        try:
            self._settle()
        except StoreUnavailableError:
            activity.logger.warning(
                "%d outcomes could not be recorded; these notices are sent again",
                len(self._unsettled),
            )

    def _settle(self) -> None:
        if self._unsettled:
            self._outbox.settle(self._unsettled, self._now())
            self.result = tally(self._unsettled, self.result)
            self._unsettled = []

    def _handle(self, due: Sequence[DueNotice]) -> list[Outcome]:
        # zones first: the store may be away, and then nothing has been sent yet
        zones = {origin: self._zone_of(origin) for origin in dict.fromkeys(d.origin for d in due)}
        outcomes = [superseded(notice) for notice in due if not notice.holds]
        sendable: list[tuple[DueNotice, Letter]] = []
        for notice in due:
            if notice.holds:
                letter = self._letter(notice, zones[notice.origin])
                if isinstance(letter, Exception):
                    outcomes.append(outcome_of(notice, letter, self._now()))
                else:
                    sendable.append((notice, letter))
        answers = self._channel.send([letter for _, letter in sendable]) if sendable else []
        for (notice, _), answer in zip(sendable, answers, strict=True):
            outcome = outcome_of(notice, answer, self._now())
            outcomes.append(outcome)
            if answer is not None:
                self._log_refusal(notice, outcome)
        return outcomes

    def _letter(self, notice: DueNotice, zone: str) -> Letter | Exception:
        try:
            return render(notice, ZoneInfo(zone))
        except Exception as error:  # noqa: BLE001  one odd row must not stop the others
            activity.logger.exception("Notice %s has no letter", notice.notice_id)
            return error

    def _log_refusal(self, notice: DueNotice, outcome: Outcome) -> None:
        activity.logger.warning(
            "%s did not take notice %s: %s",
            self._channel.name,
            notice.notice_id,
            outcome.detail,
            extra={"task": notice.notice.task, "unit": notice.notice.addressee},
        )
