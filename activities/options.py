"""How each activity is called: timeouts and retry policies by name, each with its reason.

The one module of this package that workflows import.
"""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

FORK_DETECTED = "FORK_DETECTED"
"""Type of the ApplicationError that recording raises when the trail holds another event."""

BATCH_INVALID = "BATCH_INVALID"
"""Type of the ApplicationError for a batch that no stream's writer may offer: a defect of ours."""

RECORD_EVENTS_OPTIONS = ActivityConfig(
    # longer than the five seconds after which the store itself gives up waiting for its lock; no
    # longer, since a task whose worker was killed is not recorded further before
    start_to_close_timeout=timedelta(seconds=7),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        # five seconds at most between tries, so that the trail catches up soon after it is back
        maximum_interval=timedelta(seconds=5),
        # for ever: what was answered must be recorded
        maximum_attempts=0,
        non_retryable_error_types=[FORK_DETECTED, BATCH_INVALID],
    ),
)

DELIVER_NOTICES_OPTIONS = ActivityConfig(
    # a round returns after an hour by itself; twice that is a round that forgot to
    start_to_close_timeout=timedelta(hours=2),
    # a killed worker is missed within five seconds; the SDK sends a heartbeat every four
    heartbeat_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(
        # at once: a lost worker has been waited for already
        initial_interval=timedelta(milliseconds=100),
        # where no worker has the channel's settings, or a bug ends every round: not oftener
        maximum_interval=timedelta(seconds=10),
        # for ever: a mailroom never gives up
        maximum_attempts=0,
    ),
    # the next round begins when this one has let go, so that two never send at a time
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

SEAL_EVENTS_OPTIONS = ActivityConfig(
    # as the mailrooms' rounds, for the same reasons
    start_to_close_timeout=timedelta(hours=2),
    heartbeat_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        maximum_interval=timedelta(seconds=10),
        # for ever: what is not sealed is not proven
        maximum_attempts=0,
    ),
    # two at a time would be one tree all the same, but for nothing
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

RECONCILE_OPTIONS = ActivityConfig(
    # bytes and tree of a trail of a million events take minutes, and what derives them again is
    # not waited for; longer, and clients alarm anyway
    start_to_close_timeout=timedelta(minutes=10),
    # a killed worker is missed within seconds; the activity gives a sign every two
    heartbeat_timeout=timedelta(seconds=15),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        # then the run fails, and the Schedule's next one looks anew
        maximum_attempts=5,
    ),
)
