"""What one run of the benchmark takes: how many rounds, how many lifecycles at the same time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `lifecycles`: how many are made in one round for each number at the same time."""

    units: int = 28
    rounds: int = 3
    lifecycles: tuple[tuple[int, int], ...] = ((1, 2), (4, 4), (16, 16))
    cached_tasks: int = 300
    acknowledged_tasks: int = 60
    starts: int = 15


DEFAULT = Plan()
QUICK = Plan(
    rounds=1, lifecycles=((1, 1), (4, 4)), cached_tasks=60, acknowledged_tasks=10, starts=5
)
"""A look, not a measurement: one round has no median."""
