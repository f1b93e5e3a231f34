"""What a task's stream cannot know of itself: whether its units and rules are the conference's.

Store layer, pure. The gateway looks at it before a command is handed in (docs/adr/0019); who writes
past the gateway with the office's key is found here.
"""

from collections.abc import Iterator, Mapping

from lianxi.proof.verification import Finding
from lianxi.store.projection import Row
from lianxi.store.rebuild import Key


def membership_findings(rebuilt: Mapping[str, Mapping[Key, Row]]) -> Iterator[Finding]:
    """Units on tasks that are no members, rules and calendars that were never adopted."""
    members = rebuilt.get("units", {})
    for key, row in rebuilt.get("assignments", {}).items():
        if (row["origin"], row["unit"]) not in members:
            yield Finding("UNIT_NO_MEMBER", _place("assignments", key))
    for key, row in rebuilt.get("rulebooks", {}).items():
        if row["adopted_at"] is None:
            yield Finding("NOT_ADOPTED", _place("rulebooks", key), str(row["kind"]))


def _place(table: str, key: Key) -> str:
    return f"{table}:{'|'.join(str(part) for part in key)}"
