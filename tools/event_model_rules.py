"""The rules that are data, as tables of docs/event-model.md: ladder, limits, spans, proposals."""

from lianxi.domain.ladder import DEFAULT_LADDER, LATE_KINDS, PROPOSED_KINDS, OfficeRung, Rung
from lianxi.domain.limits import AnyLimit, DaysLimit
from lianxi.domain.rules import DAY, DEFAULT_RULES, FIRST_RULES, Spans
from tools.event_model_form import table, ticked, yes
from tools.event_names import RUNG_NAMES

MATTERS = {
    "review": "a submission to review",
    "request": "an extension or a stop to decide",
    "objection": "an objection to decide",
    "close": "a task that is ready to close",
    "suspension": "a suspension to look at again",
    "explanation": "a warning that the unit has not answered",
    "exhausted": "an assignment late beyond the last rung",
}

SPANS = {
    "concurrence_days": "a supporting unit answers, then it is noted as silent",
    "explanation_days": "a unit answers a warning",
    "dispute_days": "a unit disputes what was filed on its behalf",
    "proposal_days": "a proposal waits, then it expires",
    "urge_interval_days": "between two urgings of one unit by hand",
    "gap_after_minutes": "a rung is behind its instant before that is a gap of service",
    "gap_grace_office_minutes": "office hours after a gap before anybody is late for what fell in it",
}


def ladder() -> str:
    """The default ladder, with the office's own rungs."""
    rungs = [
        (
            f"`{rung.name}` {RUNG_NAMES[rung.name]}", _when(rung),
            ticked(state.value for state in rung.states), ", ".join(rung.to), _kind(rung),
            yes(rung.fires_late),
        )
        for rung in DEFAULT_LADDER.rungs
    ]  # fmt: skip
    office = [
        (
            f"`{rung.name}` {RUNG_NAMES[rung.name]}", MATTERS[rung.about], _office_when(rung),
            ", ".join(rung.to),
        )
        for rung in DEFAULT_LADDER.office or ()
    ]  # fmt: skip
    head = ("rung", "when", "runs in", "to", "kind", "fires though passed when the limit was set")
    return (
        f"### The ladder, version {DEFAULT_LADDER.version}\n\n"
        + table(head, rungs)
        + "\n\nWhat lies with the office is reminded of like this:\n\n"
        + table(("rung", "about", "when", "to"), office)
        + f"\n\nAn extension asked for at least {_days(DEFAULT_LADDER.hold_days or 0)} before due holds"
        f" the rungs of kind {', '.join(sorted(LATE_KINDS))} until it is decided. A conference founded"
        " by release 0.1 climbs version 1, in plain time: the first four rungs, near-due 3 days or a"
        " third of the limit before due, nothing for the office, no hold."
    )


def _kind(rung: Rung) -> str:
    return f"{rung.kind}, *proposed* to the office" if rung.kind in PROPOSED_KINDS else rung.kind


def _when(rung: Rung) -> str:
    anchor = "the acknowledge limit" if rung.anchor == "acknowledge_by" else "due"
    if rung.after_days is not None:
        return f"{_days(rung.after_days)} after {anchor}"
    leads = []
    if rung.before_seconds is not None:
        leads.append(f"{rung.before_seconds // DAY} days")
    if rung.before_days is not None:
        leads.append(_days(rung.before_days))
    if rung.before_fraction is not None:
        leads.append("{}/{} of the limit at opening".format(*rung.before_fraction))
    if rung.before_office_fraction is not None:
        leads.append(
            "{}/{} of the limit's office hours at opening".format(*rung.before_office_fraction)
        )
    if not leads:
        return f"at {anchor}"
    lead = leads[0] if len(leads) == 1 else f"the smaller of {' and '.join(leads)}"
    return f"{lead}, before {anchor}"


def _office_when(rung: OfficeRung) -> str:
    first = "at the day it brings along"
    if rung.after_days is not None:
        first = f"{_days(rung.after_days)} later"
    if rung.repeat_days is None:
        return f"{first}, once"
    return f"{first}, then every {_days(rung.repeat_days)}"


def _days(count: int) -> str:
    return f"{count} working day" + ("" if count == 1 else "s")


def spans() -> str:
    """Default limits by kind of task, and what else takes how long."""
    kinds = [
        (f"`{kind}`", _limit(limits.acknowledge), _limit(limits.due))
        for kind, limits in (DEFAULT_RULES.kinds or {}).items()
    ]
    others = []
    for name, meaning in SPANS.items():
        value = getattr(DEFAULT_RULES.spans or Spans(), name)
        unit = _days(value) if name.endswith("_days") else f"{value} minutes"
        others.append((f"`{name}`", unit, meaning))
    within = FIRST_RULES.acknowledge_within // DAY
    return (
        f"### Limits and spans, rules version {DEFAULT_RULES.version}\n\n"
        "Where an issue names no limit its kind of task gives it (`ordinary` where it names none);"
        f" an acknowledge limit never outlasts due. Rules of release 0.1 have no kinds: {within} days"
        " to acknowledge, and every issue names its due.\n\n"
        + table(("kind of task", "acknowledge within", "due"), kinds)
        + "\n\n"
        + table(("span", "default", "so long"), others)
    )


def _limit(limit: AnyLimit) -> str:
    if not isinstance(limit, DaysLimit):
        raise TypeError("the default limits count days")
    return _days(limit.days) if limit.kind == "working" else f"{limit.days} calendar days"


def proposals() -> str:
    """What only takes effect when somebody else approves."""
    by_rung = [
        (f"`{rung.kind}`", f"the rung `{rung.name}`", "the office, then the convener")
        for rung in DEFAULT_LADDER.rungs
        if rung.kind in PROPOSED_KINDS
    ]
    rest = [act for act in DEFAULT_RULES.needs_convener or () if act not in PROPOSED_KINDS]
    filed = [(f"`{act}`", "the office, by its command", "the convener") for act in rest]
    named = ticked(DEFAULT_RULES.needs_convener or ())
    return (
        "### Proposals\n\n"
        + table(("act", "proposed by", "decided by"), [*by_rung, *filed])
        + f"\n\nBy default the convener decides on {named}; a conference's rules may name any command of"
        " the convener's side, `issue` too. An act that is not named takes effect when the office"
        " files it; a warning or bulletin not named, when the office approves it."
    )
