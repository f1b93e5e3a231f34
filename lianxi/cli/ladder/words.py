"""Rungs in words: when they are due, whom they tell, what they are about (cli layer; pydantic)."""

from typing import Any

from lianxi.cli.language import _
from lianxi.cli.render import word
from lianxi.domain.ladder import OfficeRung, Rung
from lianxi.i18n import N_
from lianxi.rulesfile_text import duration_text

ANCHORS = {"acknowledge_by": N_("the acknowledge limit"), "due": N_("due")}

WORDS = {
    # kinds of rungs
    "reminder": N_("reminder"),
    "urge": N_("urge"),
    "yellow": N_("yellow"),
    "red": N_("red"),
    "warning": N_("warning, proposed"),
    "bulletin": N_("bulletin, proposed"),
    # whom they tell
    "unit": N_("the unit"),
    "units": N_("all units of the task"),
    "office": N_("the office"),
    "convener": N_("the convener"),
    # what lies with the office
    "review": N_("a submission to review"),
    "request": N_("a request to decide"),
    "objection": N_("an objection to decide"),
    "close": N_("a task ready to close"),
    "suspension": N_("a suspension to look at again"),
    "explanation": N_("an explanation not given"),
    "exhausted": N_("late beyond the last rung"),
    # what a rule does
    "RungFired": N_("rung"),
    "OfficeReminded": N_("reminder of the office"),
    "ReportReminded": N_("reminder of a periodic report"),
    "PeriodEnded": N_("end of a reporting period"),
    "ConcurrenceSilent": N_("no answer on concurrence"),
    "ProposalExpired": N_("a proposal expires"),
    "TaskArchived": N_("archived"),
}
"""Machine words of rules, and how people read them."""

SPANS = {
    "concurrence_days": N_("answer on concurrence, working days"),
    "explanation_days": N_("explain after a warning, working days"),
    "dispute_days": N_("dispute what was filed on behalf, working days"),
    "proposal_days": N_("a proposal waits at most, working days"),
    "urge_interval_days": N_("between two urges by hand, working days"),
    "gap_after_minutes": N_("so late a rung means a gap of service, minutes"),
    "gap_grace_office_minutes": N_("nobody is late after a gap, minutes of office hours"),
}
"""The fields of lianxi.domain.rules.Spans in words."""


def rule_word(value: Any, how: str = "") -> str:
    """A machine word of the rules."""
    return _(WORDS[value]) if value in WORDS else word(value, how)


def rule_words(values: Any, how: str = "") -> str:
    """Several of them."""
    return ", ".join(rule_word(value, how) for value in values or ())


def state_words(values: Any, how: str = "") -> str:
    """States of an assignment."""
    return ", ".join(word(str(value), how) for value in values or ())


def when(rung: Rung) -> str:
    """When a rung is due."""
    limit = _(ANCHORS[rung.anchor])
    if rung.after_days is not None:
        return _("{days} working day(s) after {limit}").format(days=rung.after_days, limit=limit)
    parts = []
    if rung.before_days is not None:
        parts.append(_("{days} working day(s)").format(days=rung.before_days))
    if rung.before_seconds is not None:
        parts.append(duration_text(rung.before_seconds))
    for fraction, text in (
        (rung.before_office_fraction, N_("{part} of its office time")),
        (rung.before_fraction, N_("{part} of its time")),
    ):
        if fraction is not None:
            parts.append(_(text).format(part=f"{fraction[0]}/{fraction[1]}"))
    if not parts:
        return _("when {limit} has passed").format(limit=limit)
    if len(parts) == 1:
        return _("{span} before {limit}").format(span=parts[0], limit=limit)
    return _("the shortest of {spans} before {limit}").format(spans=", ".join(parts), limit=limit)


def office_when(rung: OfficeRung) -> str:
    """When the office is reminded."""
    if rung.after_days is None:
        return _("at the limit it has")
    return _("after {days} working day(s)").format(days=rung.after_days)


def repeats(rung: OfficeRung) -> str:
    """How often again."""
    if rung.repeat_days is None:
        return ""
    return _("every {days} working day(s)").format(days=rung.repeat_days)
