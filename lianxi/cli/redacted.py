"""What is said where a text or file was: by whom it was redacted, when, why (cli layer)."""

from collections.abc import Mapping
from typing import Any

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.render import instant
from lianxi.cli.terminal import visible_line

CODE = "REDACTED"
"""How the gateway answers for what was redacted (lianxi.errors)."""


def redacted_line(said: Mapping[str, Any], how: str) -> str:
    """One line of a view's `redacted`: by whom, when, why where the reason can be read."""
    words = {"by": said.get("by"), "at": instant(said.get("at"), how)}
    if not said.get("reason"):
        return _("redacted by {by} on {at}").format(**words)
    reason = visible_line(str(said["reason"]))
    return _("redacted by {by} on {at}: {reason}").format(**words, reason=reason)


def redacted_answer(client: Client, refusal: CliError, how: str) -> str:
    """The same from the gateway's refusal, which names the reason by its commitment."""
    said = dict(refusal.params)
    try:
        content, _media = client.opening(str(said.get("reason")))
        said["reason"] = content.decode("utf-8", "replace")
    except CliError:
        said["reason"] = ""
    return redacted_line(said, how)
