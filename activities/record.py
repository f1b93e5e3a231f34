"""The activity that records sealed events in the trail (activity layer)."""

from collections.abc import Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.options import BATCH_INVALID, FORK_DETECTED
from lianxi.ids import CONFERENCE_STREAM
from lianxi.messages import RECORD_EVENTS, RecordBatch, RecordResult
from lianxi.ports import BatchInvalidError, ForkDetectedError, Trail

LINGER = 0.2
"""How long the activity stays once its batch stands, in seconds (docs/bench.md).

Meanwhile further events of the task gather for the next activity: fewer of them, each of which costs
the server six events of history and the worker a workflow task. The first event of a quiet task is
recorded at once; only behind a busy one the trail lags, and by no more than this. A timer in the
workflow would cost as many events as it saves.
"""


class RecordActivities:
    """Recording, on the store's trail; `on_recorded` wakes whoever waits for what now stands."""

    def __init__(self, trail: Trail, on_recorded: Callable[[RecordBatch], object]) -> None:
        self._trail = trail
        self._on_recorded = on_recorded

    @activity.defn(name=RECORD_EVENTS)
    def record_events(self, batch: RecordBatch) -> RecordResult:
        """Append the batch; idempotent by (origin, stream, seq) and hash.

        A fork, and a batch that no writer may offer, are not retryable: the workflow freezes its
        stream. Everything else the store raises is retried until the batch stands.
        """
        try:
            result = self._trail.append(batch)
        except ForkDetectedError as fork:
            raise _final(FORK_DETECTED, fork.stream, fork.seq) from fork
        except BatchInvalidError as invalid:
            raise _final(BATCH_INVALID, invalid.stream, invalid.reason) from invalid
        self._on_recorded(batch)
        if batch.stream != CONFERENCE_STREAM:  # tasks wait until their registration is recorded
            activity.wait_for_worker_shutdown_sync(LINGER)
        return result


def _final(kind: str, *details: str | int) -> ApplicationError:
    return ApplicationError(kind, *details, type=kind, non_retryable=True)
