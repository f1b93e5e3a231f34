"""What supporting units said of the lead's submission, as lines (cli layer)."""

from collections.abc import Mapping
from typing import Any

from lianxi.cli.language import _
from lianxi.cli.render import instant
from lianxi.cli.terminal import visible


def concurrence_lines(concurrence: Mapping[str, Any], how: str) -> list[str]:
    """Who agreed, who dissents and why, who was silent, who has still to answer."""
    lines = []
    if concurrence.get("given"):
        lines.append(_("Agreed: {units}").format(units=", ".join(concurrence["given"])))
    for unit, reason in (concurrence.get("dissented") or {}).items():
        lines.append(_("{unit} dissents: {reason}").format(unit=unit, reason=visible(reason or "")))
    if concurrence.get("silent"):
        lines.append(_("Silent: {units}").format(units=", ".join(concurrence["silent"])))
    if concurrence.get("open"):
        lines.append(
            _("Not answered yet: {units}, until {time}").format(
                units=", ".join(concurrence["open"]),
                time=instant(concurrence.get("answer_by"), how),
            )
        )
    return lines
