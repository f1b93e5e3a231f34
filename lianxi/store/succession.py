"""Who stands in whose place, from the state of a conference as its row keeps it (store layer, pure)."""

from collections.abc import Mapping
from typing import Any


def line_of(conference: Mapping[str, Any], unit: str) -> list[str]:
    """The unit's successor, that one's, and so on; empty where nobody has succeeded it.

    `conference` is the decoded `state_json` of the conference's row. Ends also where somebody has
    edited the row into a circle.
    """
    return successors_of(conference.get("successors", {}), unit)


def successors_of(successors: Mapping[str, str], unit: str) -> list[str]:
    """`line_of` where it is known who was succeeded by whom."""
    line: list[str] = []
    into = successors.get(unit)
    while into is not None and into not in line:
        line.append(into)
        into = successors.get(into)
    return line
