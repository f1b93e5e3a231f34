"""What becomes of a sending attempt, and when it is tried again (notices, pure)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from lianxi.domain.values import Frozen
from lianxi.ports import DueNotice, Outcome, PermanentRefusalError, TransientRefusalError

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)

Ending = Literal["time", "shutdown", "cancelled"]


class RoundResult(Frozen):
    """What one round of a mailroom did: how many rows it settled how, and why it ended."""

    ended: Ending
    sent: int = 0
    superseded: int = 0
    failed: int = 0
    retry: int = 0


def superseded(due: DueNotice) -> Outcome:
    """The outcome of a notice that no longer holds: it is not sent."""
    return Outcome(due.notice_id, due.lease, "superseded")


def outcome_of(due: DueNotice, answer: Exception | None, now: datetime) -> Outcome:
    """The outcome of one sending attempt, from what the channel answered for this letter.

    An answer that no channel should give counts as transient: a letter is never lost to a bug.
    """
    match answer:
        case None:
            return Outcome(due.notice_id, due.lease, "sent")
        case PermanentRefusalError():
            return Outcome(due.notice_id, due.lease, "failed", answer.detail)
        case TransientRefusalError():
            return _retry(due, answer.detail, now)
        case _:
            return _retry(due, "internal", now)


def retry_delay(notice_id: str, attempts: int) -> timedelta:
    """How long to wait after a failure with `attempts` before it: 1 min, doubled, at most 1 h.

    Up to a quarter is added, fixed per notice: letters that failed together do not come back
    together, so that one that upsets the mail server cannot hold up the others for ever.
    """
    doubled: timedelta = FIRST_RETRY * 2 ** min(attempts, 16)
    waited = min(LONGEST_RETRY * 4 / 5, doubled)
    share = sha256(notice_id.encode()).digest()[0] / 256
    return waited * (1 + share / 4)


def tally(outcomes: Sequence[Outcome], result: RoundResult) -> RoundResult:
    """`result` with these outcomes counted."""
    counts = {
        name: getattr(result, name) + sum(outcome.result == name for outcome in outcomes)
        for name in ("sent", "superseded", "failed", "retry")
    }
    return result.model_copy(update=counts)


def _retry(due: DueNotice, detail: str, now: datetime) -> Outcome:
    not_before = now + retry_delay(due.notice_id, due.attempts)
    return Outcome(due.notice_id, due.lease, "retry", detail, not_before)
