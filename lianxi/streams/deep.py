"""A whole trail checked deeply, row by row: bytes, signatures, and every event derived again.

Streams layer, pure; for whoever has the events and no store (over the gateway, in tests). Feed the
stream `conference` of an origin before its other streams, each stream in its order.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lianxi.domain.conference.state import evolve as evolve_conference
from lianxi.domain.task.evolve import evolve as evolve_task
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.proof.verification import Finding, TrailChecker, TrailRow, place_of
from lianxi.streams.facts import conference_fact, task_fact
from lianxi.streams.laws import Held, laws_of
from lianxi.streams.rederive import Derived, Standing, StreamRederiver

Key = tuple[str, str]


@dataclass
class DeepChecker:
    """Checks rows one after another. Memory: one state per stream."""

    checker: TrailChecker = field(default_factory=TrailChecker)
    derive: bool = True
    """Without it only bytes, links, rosters and, where the checker looks, signatures."""
    derived: Derived = field(default_factory=Derived)
    broken: set[Key] = field(default_factory=set)
    """Streams with an event that is none, or that does not fold: not derived from there on."""
    changed: dict[Key, int] = field(default_factory=dict)
    """Streams with an event whose hash is not its own, and the first one: no rule is run on what
    somebody has changed, since it can be anything."""
    _held: dict[str, Held] = field(default_factory=dict)
    _states: dict[Key, Any] = field(default_factory=dict)
    _streams: dict[Key, StreamRederiver] = field(default_factory=dict)

    def check(self, row: TrailRow) -> list[Finding]:
        """What is wrong with one row; the codes of `TrailChecker.examine` and of `rederive`."""
        examined = self.checker.examine(row)
        key = (row.origin, row.stream)
        standing = Standing.of(examined, row.hash, row.envelope)
        if standing is None:
            self.broken.add(key)
        if examined.changed:
            self.changed.setdefault(key, row.seq)
        if standing is None or key in self.broken or not self.derive:
            return examined.findings
        return [*examined.findings, *self._derive(key, standing)]

    def finish(self, now: datetime | None = None) -> list[Finding]:
        """What lacks at the end of each stream; `now`: the present, where a silence would count."""
        return [
            finding
            for key, stream in self._streams.items()
            if key not in self.broken and key not in self.changed
            for finding in stream.finish(self._states.get(key), place_of(*key, "end"), now)
        ]

    def held(self, origin: str) -> Held:
        """What the conference's stream of an origin holds so far."""
        return self._held.setdefault(origin, Held(rosters=self.checker.rosters_of(origin)))

    def _derive(self, key: Key, standing: Standing) -> list[Finding]:
        origin, stream = key
        held = self.held(origin)
        if key not in self._streams:
            self._streams[key] = StreamRederiver(laws_of(stream, held), self.derived)
        findings: list[Finding] = []
        if key not in self.changed:
            findings = self._streams[key].check(self._states.get(key), standing)
        try:
            self._follow(key, standing, held)
        except Exception as error:  # noqa: BLE001 - an event nobody decided breaks the fold anyhow
            self.broken.add(key)
            findings.append(
                Finding("FOLD_FAILED", place_of(*key, standing.event.seq), type(error).__name__)
            )
        return findings

    def _follow(self, key: Key, standing: Standing, held: Held) -> None:
        before = self._states.get(key)
        if key[1] == CONFERENCE_STREAM:
            held.follow(standing)
            fact = conference_fact(standing.event, standing.hash)
            self._states[key] = evolve_conference(before, fact)
        elif task_of_stream(key[1]) is not None:
            self._states[key] = evolve_task(before, task_fact(standing.event, standing.hash))
