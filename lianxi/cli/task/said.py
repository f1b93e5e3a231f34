"""What people said on a task, from its timeline and the texts the caller may read (cli layer)."""

from collections.abc import Mapping
from typing import Any

from lianxi.cli.language import _
from lianxi.i18n import N_

SHOWN_ELSEWHERE = frozenset({"TaskIssued", "CompletionSubmitted", "InstructionGiven"})
"""Events whose texts stand in a section of their own."""

FIELDS = {
    "report": N_("report"),
    "text": N_("text"),
    "progress": N_("progress"),
    "reason": N_("reason"),
    "basis": N_("basis"),
}
"""The fields of events that hold words, and how people read them."""


def said_by(view: Mapping[str, Any]) -> dict[str, str]:
    """Per event of the timeline the words and figures in it; events without any are absent."""
    texts = view.get("texts") or {}
    found: dict[str, str] = {}
    for event in view.get("timeline") or ():
        data = event.get("data") or {}
        percent = data.get("percent")
        words = [] if percent is None else [f"{percent} %"]
        for field, title in FIELDS.items():
            # evidence and what else is handed in beside the words is not what was said
            text = _opened(texts, data.get(field))
            if text:
                words.append(_("{field}: {text}").format(field=_(title), text=text))
        if words:
            found[str(event["hash"])] = "; ".join(words)
    return found


def _opened(texts: Mapping[str, str], commitment: Any) -> str | None:
    """The text behind a commitment; None for anything else."""
    return texts.get(str(commitment.get("commit"))) if isinstance(commitment, dict) else None


def text_in(view: Mapping[str, Any], event: str, field: str) -> str | None:
    """One text of one event of the timeline; None where it is not there or not for the caller."""
    for row in view.get("timeline") or ():
        if row.get("hash") == event:
            return _opened(view.get("texts") or {}, (row.get("data") or {}).get(field))
    return None
