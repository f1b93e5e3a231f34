"""From when until when a signed document may be used (proof layer)."""

from datetime import datetime, timedelta

from lianxi.domain.values import format_instant
from lianxi.proof.refusals import ExpiredError, IssuedInFutureError, ValidityError

MAX_CLOCK_AHEAD = timedelta(minutes=5)
"""How far the signer's clock may be ahead of ours."""


def check_window(issued_at: datetime, not_after: datetime, *, longest: timedelta) -> None:
    """Raises ValidityError unless issued_at < not_after <= issued_at + longest."""
    if not timedelta(0) < not_after - issued_at <= longest:
        raise ValidityError(limit_seconds=int(longest.total_seconds()))


def check_now(issued_at: datetime, not_after: datetime, now: datetime) -> None:
    """Raises ExpiredError, or IssuedInFutureError when issued over five minutes after `now`."""
    if now > not_after:
        raise ExpiredError(not_after=format_instant(not_after), now=format_instant(now))
    if issued_at - now > MAX_CLOCK_AHEAD:
        raise IssuedInFutureError(issued_at=format_instant(issued_at), now=format_instant(now))
