"""What people said on a task, from its timeline and the texts the caller may read (cli layer)."""

from collections.abc import Iterator, Mapping
from typing import Any

SHOWN_ELSEWHERE = frozenset({"TaskIssued", "CompletionSubmitted", "InstructionGiven"})
"""Events whose texts stand in a section of their own."""


def said_by(view: Mapping[str, Any]) -> dict[str, str]:
    """Per event of the timeline the words and figures in it; events without any are absent."""
    texts = view.get("texts") or {}
    found: dict[str, str] = {}
    for event in view.get("timeline") or ():
        data = event.get("data") or {}
        percent = data.get("percent")
        words = [] if percent is None else [f"{percent} %"]
        words += [texts[commit] for commit in commitments_in(data) if texts.get(commit)]
        if words:
            found[str(event["hash"])] = " ".join(words)
    return found


def text_in(view: Mapping[str, Any], event: str, field: str) -> str | None:
    """One text of one event of the timeline; None where it is not there or not for the caller."""
    for row in view.get("timeline") or ():
        if row.get("hash") == event:
            commitment = (row.get("data") or {}).get(field)
            texts: Mapping[str, str] = view.get("texts") or {}
            return texts.get(commitment["commit"]) if isinstance(commitment, dict) else None
    return None


def commitments_in(value: Any) -> Iterator[str]:
    """Every commitment in a piece of JSON, in its order."""
    if isinstance(value, dict):
        if isinstance(value.get("commit"), str):
            yield value["commit"]
        else:
            for member in value.values():
                yield from commitments_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from commitments_in(item)
