"""Pure arithmetic of the figures: percentiles, medians over rounds, ratios, aims."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

COMMANDS_OF_LIFECYCLE = "issue + an acknowledgement and a submission of every unit + close"


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds by process: what one round took, or took for one lifecycle."""

    server: float = 0.0
    worker: float = 0.0
    gateway: float = 0.0
    driver: float = 0.0

    def minus(self, before: "Usage") -> "Usage":
        """What was taken since `before`."""
        return Usage(
            self.server - before.server,
            self.worker - before.worker,
            self.gateway - before.gateway,
            self.driver - before.driver,
        )


@dataclass(frozen=True, slots=True)
class History:
    """What Temporal keeps of one lifecycle."""

    events: float = 0.0
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """One side, one mode, one number of lifecycles at the same time, once. Times in seconds."""

    lifecycles: int
    seconds: float
    settled: float
    latencies: tuple[float, ...]
    lags: tuple[float, ...]
    usage: Usage
    history: History

    @property
    def rate(self) -> float:
        """Lifecycles a second, until the last answer."""
        return self.lifecycles / self.seconds


@dataclass
class Cell:
    """All rounds of one side in one mode at one concurrency."""

    side: str
    mode: str
    at_once: int
    rounds: list[Round] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Median of the rounds' lifecycles a second."""
        return median(each.rate for each in self.rounds)

    def latency(self, percent: float) -> float:
        """A percentile over the commands of all rounds, in seconds."""
        return percentile([one for each in self.rounds for one in each.latencies], percent)

    def lag(self, percent: float) -> float | None:
        """From a command's answer to its row committed, in seconds; None where there is no trail."""
        lags = [one for each in self.rounds for one in each.lags]
        return percentile(lags, percent) if lags else None

    def usage(self) -> Usage:
        """CPU seconds of one lifecycle, over all rounds."""
        made = sum(each.lifecycles for each in self.rounds)

        def mean(name: str) -> float:
            return sum(float(getattr(each.usage, name)) for each in self.rounds) / made

        return Usage(mean("server"), mean("worker"), mean("gateway"), mean("driver"))

    def history(self) -> History:
        """Median over the rounds."""
        return History(
            median(each.history.events for each in self.rounds),
            median(each.history.size for each in self.rounds),
        )

    def settled(self) -> float:
        """Median of the seconds from the last answer until the trail and the mailboxes had all."""
        return median(each.settled for each in self.rounds)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value at `percent` by nearest rank; 100 is the greatest. ValueError for none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1))))
    return ordered[rank]


def ratio(one: Cell, other: Cell) -> float:
    """How many times as fast `one` is: the median of the ratios taken round by round."""
    pairs = zip(one.rounds, other.rounds, strict=True)
    return median(mine.rate / theirs.rate for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio or size that is wanted (../shared/bench.md): at least, or at most."""

    name: str
    wanted: float
    at_least: bool
    measured: float | None = None

    @property
    def met(self) -> bool | None:
        """None where it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


RATE_AIMS = {("in turn", 16): 0.75, ("at once", 16): 0.90}
"""Lifecycles a second through the engine beside bare Temporal, at least."""

MEMORY_AIM = 60.0
"""KB of one open, cached task, at most."""

START_AIMS = {"--help": 5.0, "read": 12.0, "change": 12.0}
"""Start-ups beside a bare start of Python, at most."""
