"""What the gateway remembers between requests: rosters, conferences last seen (gateway layer).

Rosters never change under their hash. A conference as last seen is used for one thing only: to let
commands without texts through while the store is away (`routes.commands`).
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from lianxi.domain.roster import Roster
from lianxi.proof.rosters import shared_roster
from lianxi.store.directory import Directories
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.queries.conference import ConferenceFacts, conference_facts, roster_text

ValueT = TypeVar("ValueT")

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """A conference and its newest recorded roster."""

    facts: ConferenceFacts
    roster: Roster


class Known:
    """Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rosters: OrderedDict[str, Roster] = OrderedDict()
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        self._directories: Directories | None = None

    def look(self, connection: Connection, conference: str) -> Seen | None:
        """The conference as the store has it now."""
        facts = conference_facts(connection, conference)
        if facts is None:
            return None
        seen = Seen(facts, self._roster(connection, facts))
        with self._lock:
            _keep(self._seen, conference, seen)
        return seen

    def last_seen(self, conference: str) -> Seen | None:
        """The conference as it was when the store answered last."""
        with self._lock:
            return self._seen.get(conference)

    def directories(self, evidence: EvidenceFolder) -> Directories:
        """Names by commitment, read once."""
        with self._lock:
            if self._directories is None:
                self._directories = Directories(evidence)
            return self._directories

    def _roster(self, connection: Connection, facts: ConferenceFacts) -> Roster:
        with self._lock:
            roster = self._rosters.get(facts.roster_hash)
        if roster is None:
            roster = shared_roster(roster_text(connection, facts.origin, facts.roster_hash))
            with self._lock:
                _keep(self._rosters, facts.roster_hash, roster)
        return roster


def _keep(kept: "OrderedDict[str, ValueT]", key: str, value: ValueT) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _KEPT:
        kept.popitem(last=False)
