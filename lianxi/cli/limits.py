"""Limits on the command line: parsed here, settled in the conference's zone (cli layer)."""

from typing import Any

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.i18n import N_
from lianxi.limit_text import LimitText, LimitTextError, Local, Place, parse_limit, settle_limit

NAMES = {"due": N_("due"), "acknowledge_by": N_("acknowledge by")}
"""The two limits of an assignment, and how people read them."""


def name(value: Any, how: str = "") -> str:
    """Which limit."""
    del how
    return _(NAMES[value]) if value in NAMES else str(value or "")


def limit(client: Client, given: str) -> dict[str, str | int]:
    """The JSON of a limit; asks the gateway for the zone only where it is needed."""
    try:
        parsed = parse_limit(given)
        return settle_limit(parsed, place_for(client, parsed))
    except LimitTextError as error:
        raise refused(given, error) from None


def parsed(given: str) -> LimitText:
    """A limit's syntax."""
    try:
        return parse_limit(given)
    except LimitTextError as error:
        raise refused(given, error) from None


def place_for(client: Client, *limits: LimitText | None) -> Place | None:
    """The conference's zone and close of office hours, if one of these limits needs it."""
    if not any(isinstance(each, Local) for each in limits):
        return None
    conference = client.me.get("conference")
    if not isinstance(conference, dict):
        raise CliError("ANSWER_UNREADABLE", reason="me.conference")
    hours = conference.get("office_hours") or {}
    return Place(str(conference.get("zone")), str(hours.get("closes", "17:00")))


def refused(given: str, error: LimitTextError) -> CliError:
    """The refusal of a limit as the client says it."""
    return CliError(
        "LIMIT_INVALID",
        given=given,
        reason=_(error.template).format(**error.params),
        advice=_(error.advice).format(**error.params),
    )
