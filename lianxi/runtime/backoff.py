"""Functional core of restarting: how long to wait before a child that died is started again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
# A child that lived this long was healthy: its next death is a new story, not a crash loop.
HEALTHY_AFTER = 60.0


@dataclass(frozen=True)
class Backoff:
    """Deaths in a row without a healthy life between them; waits double from 0.5 s up to 30 s."""

    deaths: int = 0

    def after_death(self, lived: float) -> Backoff:
        """The back-off once a child that lived `lived` seconds has died."""
        return Backoff(1 if lived >= HEALTHY_AFTER else self.deaths + 1)

    @property
    def wait(self) -> float:
        """Seconds to wait now."""
        # bounded exponent: a float overflows after a thousand deaths, nine hours of a crash loop
        return (
            min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self.deaths - 1, 16)) if self.deaths else 0.0
        )
