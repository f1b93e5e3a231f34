"""The activity that records sealed events in the trail (activity layer)."""

from collections.abc import Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.options import FORK_DETECTED
from lianxi.messages import RECORD_EVENTS, RecordBatch, RecordResult
from lianxi.ports import ForkDetectedError, Trail


class RecordActivities:
    """Recording, on the store's trail; `on_recorded` wakes whoever waits for new notices."""

    def __init__(self, trail: Trail, on_recorded: Callable[[], object]) -> None:
        self._trail = trail
        self._on_recorded = on_recorded

    @activity.defn(name=RECORD_EVENTS)
    def record_events(self, batch: RecordBatch) -> RecordResult:
        """Append the batch; idempotent by (origin, stream, seq) and hash.

        A fork is not retryable: the workflow freezes its stream. Everything else the store raises
        is retried until it stands.
        """
        try:
            result = self._trail.append(batch)
        except ForkDetectedError as fork:
            raise ApplicationError(
                FORK_DETECTED, fork.stream, fork.seq, type=FORK_DETECTED, non_retryable=True
            ) from fork
        self._on_recorded()
        return result
