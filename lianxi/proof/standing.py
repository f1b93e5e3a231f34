"""From when on keys may act no more, as the conference's stream says (proof layer, pure).

Each stream judges a command under the roster it had adopted; the conference's stream knows better
and earlier. Here is what an auditor holds against a command that a stream took too late.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lianxi.domain.conference.events import KeyReplaced, RosterChanged, RosterMade
from lianxi.proof.events import EventEnvelope
from lianxi.proof.rosters import RosterStep

ADOPTION_GRACE = timedelta(minutes=2)
"""How long a retirement may be on its way to a stream: recording lags, clocks differ."""


def step_of(event: RosterMade) -> RosterStep:
    """The step that an event of the conference's stream took."""
    if isinstance(event, RosterChanged):
        return RosterStep(changes=event.changes, version=event.version, signatures=event.signatures)
    return RosterStep(entry=event.entry, signatures=event.signatures)


@dataclass
class Retirements:
    """When each key was retired, or another took its place, by origin and key id."""

    _retired: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _replaced: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _replacing: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    """Keys that take a place, with the lost key's id and from when on."""

    def follow(self, origin: str, at: datetime, event: RosterMade) -> None:
        """Take in one change of the roster, in the order of the stream."""
        if isinstance(event, KeyReplaced):
            entry = event.entry
            if entry.replaces is not None and entry.effective is not None:
                self._replaced[origin, entry.replaces] = entry.effective
                self._replacing[origin, entry.key_id] = entry.replaces, entry.effective
        elif isinstance(event, RosterChanged):
            for key_id in event.changes.retire or ():
                self._retired.setdefault((origin, key_id), at)
                lost, effective = self._replacing.get((origin, key_id), ("", at))
                if effective > at:  # the replacement was stopped in time: the other one acts on
                    self._replaced.pop((origin, lost), None)

    def acted_late(self, event: EventEnvelope) -> bool:
        """Whether a command's event came later than its key could act, by more than the grace."""
        key = event.origin, event.actor.key_id or ""
        since = [ends[key] for ends in (self._retired, self._replaced) if key in ends]
        return bool(since) and event.at - min(since) > ADOPTION_GRACE
