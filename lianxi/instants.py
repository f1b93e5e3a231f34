"""The one spelling of an instant, for whoever must not import pydantic (a leaf)."""

from datetime import UTC, datetime

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""As in lianxi.domain.values: UTC, six digits of a second."""


def spell(instant: datetime) -> str:
    """An instant as the system writes it."""
    return instant.astimezone(UTC).strftime(INSTANT_FORMAT)
