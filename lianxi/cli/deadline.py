"""`lianxi deadline explain`: how a limit came about, day by day (cli layer)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from lianxi.cli import given, limits
from lianxi.cli.arguments import task_argument
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import group, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, instant, show_rows, show_thing
from lianxi.cli.terminal import paint, visible_line, width
from lianxi.cli.tree import DEADLINE_TABLE
from lianxi.i18n import N_

deadline = group(
    "deadline",
    table=DEADLINE_TABLE,
    example="lianxi deadline explain T-0003",
    help=N_("How deadlines came about."),
)

KINDS = {
    "TaskIssued": N_("task issued"),
    "AssignmentAdded": N_("added to the task"),
    "AssignmentTransferred": N_("transferred to its successor"),
    "CompletionReturned": N_("returned with a new due"),
    "DueChanged": N_("due changed"),
    "ExtensionRequested": N_("extension asked for; the clock runs on"),
    "ExtensionGranted": N_("extension granted"),
    "RequestRefused": N_("request refused"),
    "RequestRetracted": N_("request taken back"),
    "RequestLapsed": N_("request lapsed"),
    "AssignmentObjected": N_("objected; the acknowledge clock stops"),
    "ObjectionChanged": N_("objection: issued again with other limits"),
    "ObjectionRefused": N_("objection refused; a new acknowledge limit"),
    "AssignmentSuspended": N_("suspended; the clock stops"),
    "AssignmentResumed": N_("resumed; moved by the time suspended"),
    "AssignmentReopened": N_("re-opened"),
    "TaskReopened": N_("re-opened"),
    "LimitsMoved": N_("limit moved"),
    "CalendarAdopted": N_("counts by another calendar"),
    "ActReversed": N_("an act by mistake was reversed"),
    "EndReversed": N_("the end of the task was reversed"),
}
"""The events that belong to a limit's story, and how people read them."""

WHY = {
    "calendar": N_("by another calendar"),
    "gap": N_("for a gap of service"),
    "extension": N_("extension"),
    "stop": N_("stop"),
}

DAYS = {
    "working": N_("working day"),
    "make-up": N_("make-up working day"),
    "weekend": N_("weekend"),
    "holiday": N_("holiday"),
}

SHORT = 8
"""Characters of an event's hash that tell one step from another."""

_ROLLS = {"none": "", "forward": ">", "back": "<"}

COLUMNS = (
    Column("step", N_("step")),
    Column("day", N_("day")),
    Column("kind", N_("kind"), lambda value, _how: _(DAYS.get(value, value or ""))),
    Column("name", N_("name")),
    Column("number", N_("counted as")),
    Column("why", N_("why"), lambda value, _how: str(value or "")),
)


@verb(
    "explain",
    example="lianxi deadline explain T-0003 --unit U07",
    help=N_(
        "How a deadline came about, day by day.\n\n"
        "Every step with every day that was counted or skipped and why, pauses and extensions; the"
        " last line is the deadline."
    ),
)
@task_argument()
@option("--acknowledge", is_flag=True, help=N_("The acknowledge limit instead of due."))
@reading("unit")
def explain(run: Reading, task: str, acknowledge: bool) -> None:  # noqa: FBT001  click hands a switch over so
    """The steps as the conference tells them."""
    name = given.task_id(task, run.shelf)
    limit = "acknowledge_by" if acknowledge else "due"
    unit = run.query["unit"] or _unit(run, name)
    answer = run.client.read(f"tasks/{name}/deadline", unit=unit, limit=limit)
    if run.form.output == "csv" or run.form.fields:
        show_rows(_rows(answer), COLUMNS, run.form)
        return
    show_thing(
        {"schema": 1, **answer}, run.form, lambda: "\n".join(_lines(answer, run.form.time_format))
    )


def _unit(run: Reading, task: str) -> str:
    """Whose deadline, where none is named: the caller's own, or that of the only unit."""
    assignments = run.client.read(f"tasks/{task}")["task"]["assignments"]
    units = [str(assignment["unit"]) for assignment in assignments]
    own = run.client.unit
    if own in units:
        return own
    if len(units) != 1:
        hint = _("Its units: {units}{suggestion}").format(units=", ".join(units), suggestion="")
        raise CliError("INPUT_MISSING", option="--unit", hint=hint)
    return units[0]


def _lines(answer: dict[str, Any], how: str) -> Iterator[str]:
    limit = limits.name(answer.get("limit"))
    yield paint(f"{answer.get('task')} {answer.get('unit')}  {limit}", "bold")
    for number, step in enumerate(answer.get("steps") or ()):
        event = str(step.get("event") or "")[:SHORT]
        yield f"{instant(step.get('at'), how)}  {_title(step)}  {event}".rstrip()
        if number == 0 or step.get("before"):
            # a step that leaves the limit where it is counts nothing anew
            yield from _days(step)
        if step.get("before"):
            yield _("    from {before} to {after}").format(
                before=instant(step["before"], how), after=instant(step.get("instant"), how)
            )
    last = _("{limit}: {time}").format(limit=limit, time=instant(answer.get("instant"), how))
    if answer.get("provisional"):
        last += "  " + _("(provisional: past what the calendar knows)")
    yield paint(last, "bold")


def _title(step: dict[str, Any]) -> str:
    """What happened, by which rule, by how many days."""
    kind = str(step.get("kind"))
    parts = [_(KINDS[kind]) if kind in KINDS else visible_line(kind)]
    if kind == "AssignmentResumed" and step.get("opened_at") == step.get("at"):
        # counted anew from the resumption: nothing was moved
        parts = [_("resumed with a new due")]
    why = step.get("why")
    if why:
        parts.append(_(WHY[why]) if why in WHY else visible_line(str(why)))
    spelt = _rule(step.get("rule"))
    if spelt and (step.get("days") or step.get("before") or kind == "TaskIssued"):
        parts.append(spelt)
    moved = step.get("moved")
    if moved:
        rule = step.get("rule") or {}
        calendar = rule.get("rule") == "days" and rule.get("kind") == "calendar"
        said = _("moved by {days} calendar days") if calendar else _("moved by {days} working days")
        parts.append(said.format(days=f"{moved:+d}"))
    return "  ".join(parts)


def _rule(rule: Any) -> str:
    """A limit's rule as people write it."""
    match rule:
        case {"rule": "days", "days": days, "kind": kind}:
            roll = _ROLLS.get(str(rule.get("roll")), "") if kind == "calendar" else ""
            return f"{days}{'wd' if kind == 'working' else 'cd'}{roll}"
        case {"rule": "duration", "seconds": int(seconds)}:
            size, unit = next((s, u) for s, u in _UNITS if seconds % s == 0)
            return f"{seconds // size}{unit}"
        case {"rule": "instant"}:
            return _("a fixed time")
        case _:
            return ""


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def _days(step: dict[str, Any]) -> Iterator[str]:
    days = step.get("days") or ()
    heads = _("Mo Tu We Th Fr Sa Su").split()
    wide = max((width(_reason(day)) for day in days), default=0)
    for day in days:
        number = day.get("number")
        head = heads[date.fromisoformat(day["day"]).weekday()]
        counted = "" if number is None else str(number)
        reason = _reason(day)
        mark = _("counted") if day.get("counted") else _said(day)
        padded = reason + " " * (wide - width(reason))
        yield f"    {day['day']} {head}  {counted:>4}  {padded}  {mark}".rstrip()


def _reason(day: dict[str, Any]) -> str:
    """What the day is: `holiday 国庆节`."""
    kind = str(day.get("kind"))
    text = _(DAYS[kind]) if kind in DAYS else visible_line(kind)
    return f"{text} {visible_line(day['name'])}" if day.get("name") else text


def _said(day: dict[str, Any]) -> str:
    if day.get("number") == 0:
        return _("day 0: not counted")
    return _("rolled over") if day.get("rolled") else _("skipped")


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per day, for spreadsheets."""
    return [
        {"step": number, "why": step.get("kind"), **day}
        for number, step in enumerate(answer.get("steps") or (), 1)
        for day in step.get("days") or ()
    ]
