"""The rules of a conference as versioned data: ladder, default limits, archive (domain layer)."""

from pydantic import Field

from lianxi.domain.ladder import DEFAULT_LADDER, Ladder
from lianxi.domain.values import Frozen

DAY = 86_400


class Rules(Frozen):
    """What may differ between conferences; snapshotted in the issue event, durations in seconds."""

    version: int = Field(default=1, ge=1)
    acknowledge_within: int = Field(default=2 * DAY, ge=1, le=5 * 366 * DAY)
    archive_after: int = Field(default=180 * DAY, ge=1, le=10 * 366 * DAY)
    ladder: Ladder = DEFAULT_LADDER


DEFAULT_RULES = Rules()
