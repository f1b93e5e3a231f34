"""The one loop that every stream's workflow lives in: record, wake at deadlines, continue as new.

Workflow layer. The loop is the only place that awaits, and it waits in one spot, so that deadlines
fire on time while the store is away.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.options import RECORD_EVENTS_OPTIONS
from lianxi.messages import RECORD_EVENTS, RecordBatch, RecordResult, Tuning
from lianxi.streams.writer import StreamWriter

PENDING_RECORD_GRACE = 100
"""Commands past the suggestion until a run continues as new with a record activity under way.

Between two record activities no caller is lost; with one pending some see FAILED_PRECONDITION and
send again (docs/architecture.md, Continue-as-new).
"""


class Stream(Protocol):
    """What the loop needs of a task or a conference."""

    writer: StreamWriter

    @property
    def next_deadline(self) -> datetime | None: ...
    @property
    def ended(self) -> bool: ...
    def fire_rungs(self, now: datetime) -> None: ...
    def note_cancellation(self, now: datetime) -> None: ...
    def details(self) -> str: ...


class DeadlineTimer:
    """A timer that follows a moving deadline.

    It is set anew only for an earlier instant: a later one is met by ringing once too early, which
    costs no event for every command.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._instant: datetime | None = None

    def follow(self, instant: datetime | None) -> None:
        """Ring at `instant` at the latest."""
        if instant is None or (self._instant is not None and self._instant <= instant):
            return
        if self._task is not None:
            self._task.cancel()
        self._instant = instant
        self._task = asyncio.create_task(self._sleep(instant))

    @property
    def rang(self) -> bool:
        """Whether the instant it was set for has come."""
        return self._task is not None and self._task.done()

    def reset(self) -> None:
        """Forget a timer that has rung."""
        self._task = None
        self._instant = None

    async def _sleep(self, instant: datetime) -> None:
        # never zero: a timer that is due at once still ends in an activation of its own
        delay = max((instant - workflow.now()).total_seconds(), 0.001)
        await workflow.sleep(delay, summary="next deadline")


class StreamLoop:
    """Drives one stream until it ends or its history is long enough."""

    def __init__(self, stream: Stream, tuning: Tuning) -> None:
        self._stream = stream
        self._tuning = tuning
        self._timer = DeadlineTimer()
        self._recording: workflow.ActivityHandle[RecordResult] | None = None
        self._batch: RecordBatch | None = None
        self._commands = 0
        self._commands_at_suggestion: int | None = None

    def count_command(self) -> None:
        """One more command was answered in this run."""
        self._commands += 1

    async def run(self, continue_as_new: Callable[[], None]) -> None:
        """Live until the stream has ended and everything is recorded."""
        while True:
            self._stream.fire_rungs(workflow.now())
            self._settle_recording()
            if self._may_continue_as_new():
                continue_as_new()
            self._start_recording()
            if self._stream.ended and not self._stream.writer.tail_length:
                return
            self._timer.follow(self._stream.next_deadline)
            workflow.set_current_details(self._stream.details())
            await self._wait()

    async def _wait(self) -> None:
        """The one wait. A cancel request becomes an event: the task is not over because of it."""
        try:
            await workflow.wait_condition(self._something_to_do)
        except asyncio.CancelledError:
            self._stream.note_cancellation(workflow.now())
        if self._timer.rang:
            self._timer.reset()

    def _something_to_do(self) -> bool:
        recording = self._recording
        moves = self._stream.writer.waiting if recording is None else recording.done()
        return moves or self._timer.rang or self._may_continue_as_new()

    # --- recording ---

    def _start_recording(self) -> None:
        if self._recording is None and self._stream.writer.waiting:
            self._batch = self._stream.writer.next_batch(whole=_whole_commands)
            self._recording = workflow.start_activity(
                RECORD_EVENTS,
                self._batch,
                result_type=RecordResult,
                **RECORD_EVENTS_OPTIONS,
            )

    def _settle_recording(self) -> None:
        if self._recording is None or self._batch is None or not self._recording.done():
            return
        recording, batch = self._recording, self._batch
        self._recording = self._batch = None
        try:
            result = recording.result()
        except ActivityError as error:
            # only what cannot be retried gets here: another event stands in our place
            self._stream.writer.frozen = True
            workflow.logger.error(
                "recording refused for good; the stream is frozen",
                extra={"stream": batch.stream, "reason": str(error.cause)},
            )
        else:
            self._stream.writer.confirm(batch, result)

    # --- continue-as-new ---

    def _may_continue_as_new(self) -> bool:
        if not self._long_enough():
            return False
        if self._commands_at_suggestion is None:
            self._commands_at_suggestion = self._commands
        overdue = self._commands - self._commands_at_suggestion >= PENDING_RECORD_GRACE
        return (self._recording is None or overdue) and workflow.all_handlers_finished()

    def _long_enough(self) -> bool:
        forced = self._tuning.continue_after_commands
        return workflow.info().is_continue_as_new_suggested() or (
            forced is not None and self._commands >= forced
        )


def _whole_commands() -> bool:
    """Whether batches end with whole commands: not where a replayed run has torn one before."""
    return workflow.patched("whole-commands")
