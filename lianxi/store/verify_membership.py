"""What a task's stream cannot know of itself: whether its units and rules are the conference's.

Store layer, pure. The gateway looks at it before a command is handed in (docs/adr/0019); who writes
past the gateway with the office's key is found here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lianxi.proof.verification import Finding
from lianxi.store.projection import Row
from lianxi.store.rebuild import Key
from lianxi.store.succession import line_of


@dataclass(frozen=True, slots=True)
class Transfer:
    """A unit's work that went to another one, and where that is recorded."""

    origin: str
    place: str
    unit: str
    into: str


def membership_findings(
    rebuilt: Mapping[str, Mapping[Key, Row]], transfers: Iterable[Transfer]
) -> Iterator[Finding]:
    """What tasks name and the conference does not have.

    Units that are no members, rules and calendars that were never adopted, work that went to a unit
    that has not succeeded.
    """
    members = rebuilt.get("units", {})
    for key, row in rebuilt.get("assignments", {}).items():
        if (row["origin"], row["unit"]) not in members:
            yield Finding("UNIT_NO_MEMBER", _place("assignments", key))
    for key, row in rebuilt.get("rulebooks", {}).items():
        if row["adopted_at"] is None:
            yield Finding("NOT_ADOPTED", _place("rulebooks", key), str(row["kind"]))
    states = {
        str(row["origin"]): json.loads(str(row["state_json"]))
        for row in rebuilt.get("conferences", {}).values()
    }
    for transfer in transfers:
        if transfer.into not in line_of(states.get(transfer.origin, {}), transfer.unit):
            yield Finding("NOT_SUCCEEDED", transfer.place, f"{transfer.unit} -> {transfer.into}")


def _place(table: str, key: Key) -> str:
    return f"{table}:{'|'.join(str(part) for part in key)}"
