"""`lianxi calendar adopt`: for the conference first, then for every open task (cli layer; pydantic)."""

from collections import Counter
from datetime import date
from typing import Any, NamedTuple

import click

from lianxi.cli import given, limits
from lianxi.cli.arguments import tasks_option
from lianxi.cli.ask import confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.calendar.days import differences, last_year
from lianxi.cli.calendar.source import (
    Setting,
    conference_calendar,
    continued,
    country_option,
    of_file,
    setting_of,
)
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.reading import form_of
from lianxi.cli.render import Column, as_json, instant, table, yes_no
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import put, put_long, say
from lianxi.domain.calendar import Calendar
from lianxi.errors import Exit
from lianxi.i18n import N_

MOVES = (
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("limit", N_("limit"), limits.name),
    Column("before", N_("before"), instant),
    Column("after", N_("after"), instant),
    Column("provisional", N_("provisional"), yes_no),
)


class _Plan(NamedTuple):
    """What is to be adopted, and by whom: `conference` is False where it counts by it already."""

    calendar: Calendar
    before: Calendar | None
    conference: bool


EXAMPLE = """lianxi calendar adopt days.yaml --dry-run
lianxi calendar adopt calendar.json

days.yaml:
  closes: "17:00"
  holidays:
  - {from: 2026-10-01, to: 2026-10-07, name: National Day}
  - {from: 2026-05-20, name: Founding day}
  workdays:
  - {from: 2026-10-10, name: make-up day}
  known_until: 2026-12-31"""


@verb(
    "adopt",
    example=EXAMPLE,
    help=N_(
        "Adopt another calendar.\n\n"
        "FILE is an override file (YAML; the other days are the package's) or a calendar's JSON. Every"
        " deadline that moves is shown first. Then the conference adopts it, and each open task, one by"
        " one: where some fail the others stand (exit code 7), and a repeat goes on. Without FILE the"
        " open tasks take the calendar that the conference has."
    ),
)
@click.argument("file", required=False, metavar="[FILE]")
@country_option
@tasks_option(N_("Only this task, without FILE; several times."))
@change_options
@click.pass_obj
def adopt(
    flags: Flags, file: str | None, country: str, tasks: tuple[str, ...], options: ChangeOptions
) -> int:
    """Preview, ask, the conference's command, one command per task."""
    client = Client(flags)
    if tasks and file is not None:
        reason = _("Tasks are named without a file.")
        raise CliError("USAGE", reason=reason, command="lianxi calendar adopt")
    plan = _plan(client, file, country)
    document = plan.calendar.model_dump(mode="json", exclude_none=True)
    preview = client.ask("calendar/preview", {"calendar": document})
    shelf = Shelf(client.settings.state)
    named = [given.task_id(task, shelf) for task in tasks]
    if named:
        preview = _only(preview, named)
    open_tasks = named or _in_order(client, preview, plan)
    _show(flags, plan, preview, len(open_tasks), dry_run=options.dry_run)
    if options.dry_run:
        return Exit.OK
    if not plan.conference and not open_tasks and options.request_id is None:
        say(_("Nothing to do: conference and open tasks have this calendar already."))
        return Exit.OK
    if options.request_id is not None:
        if file is None and len(named) != 1:
            reason = _("--request-id goes with one task only.")
            raise CliError("USAGE", reason=reason, command="lianxi calendar adopt")
        # a repeat fetches the receipt, though the conference counts by it already
        plan = plan._replace(conference=file is not None)
    question = _(
        "Adopt version {version} of the calendar: {moves} deadlines move, {tasks} open tasks take it"
    ).format(
        version=plan.calendar.version, moves=len(preview.get("moves", ())), tasks=len(open_tasks)
    )
    confirm(flags, question, yes=options.yes)
    words = () if file is None else (file, "--country", country)
    return _carry_out(client, words, plan, preview, open_tasks, options)


def _plan(client: Client, file: str | None, country: str) -> _Plan:
    """The file's calendar as the next version, or as the one in force where it says the same."""
    conference, present = conference_calendar(client)
    del conference
    if file is None:
        if present is None:
            raise CliError("NO_CALENDAR", conference=client.place.conference)
        return _Plan(present, present, conference=False)
    setting: Setting = setting_of(client, present)
    version = 1 if present is None else present.version + 1
    calendar = continued(present, of_file(file, country, setting, version))
    if present is not None and present == calendar.model_copy(update={"version": present.version}):
        return _Plan(present, present, conference=False)
    return _Plan(calendar, present, conference=True)


def _only(preview: dict[str, Any], tasks: list[str]) -> dict[str, Any]:
    """What moves on these tasks."""
    moves = [move for move in preview.get("moves", ()) if move["task"] in tasks]
    units = Counter(unit for _task, unit in {(move["task"], str(move["unit"])) for move in moves})
    return {**preview, "moves": moves, "units": dict(units)}


def _in_order(client: Client, preview: dict[str, Any], plan: _Plan) -> list[str]:
    """Every open task that does not count by it yet: those first whose deadlines move."""
    moving = [str(move["task"]) for move in preview.get("moves", ())]
    others = [
        str(row["task"])
        for row in client.pages("tasks", phase="active")
        if row.get("phase") == "active"
        and (plan.conference or row.get("calendar_version") != plan.calendar.version)
    ]
    return list(dict.fromkeys([*moving, *others]))


def _show(flags: Flags, plan: _Plan, preview: dict[str, Any], tasks: int, *, dry_run: bool) -> None:
    """The preview: as data with --dry-run, else as talk before the question."""
    form = form_of(flags)
    moves = preview.get("moves", [])
    changed = _changed(plan)
    if form.output in ("json", "jsonl"):
        if dry_run:
            said = {"schema": 1, "dry_run": True, "open_tasks": tasks, "days": changed}
            put(as_json({**preview, **said, "version": plan.calendar.version}))
        return
    lines = [
        _("version {version}, known until {day}; {count} days are other than before").format(
            version=plan.calendar.version,
            day=plan.calendar.known_until.isoformat(),
            count=len(changed),
        )
    ]
    if moves:
        by_unit = sorted(preview.get("units", {}).items())
        units = ", ".join(f"{unit} ({count})" for unit, count in by_unit)
        lines.append(table(moves, MOVES, form.time_format))
        lines.append(_("assignments with a moved deadline, by unit: {units}").format(units=units))
    else:
        lines.append(_("No deadline moves."))
    if dry_run:
        put_long("\n".join(lines))
        say(_("Nothing was sent (dry run)."))
    else:
        say("\n".join(lines))


def _changed(plan: _Plan) -> list[dict[str, Any]]:
    if plan.before is None or not plan.conference:
        return []
    first = max(min(_first_year(plan.calendar), _first_year(plan.before)), 2000)
    last = max(last_year(plan.calendar), last_year(plan.before))
    return differences(plan.calendar, plan.before, date(first, 1, 1), date(last, 12, 31))


def _first_year(calendar: Calendar) -> int:
    return min((entry.first.year for entry in calendar.entries), default=calendar.known_until.year)


def _carry_out(
    client: Client,
    words: tuple[str, ...],
    plan: _Plan,
    preview: dict[str, Any],
    tasks: list[str],
    options: ChangeOptions,
) -> int:
    document = plan.calendar.model_dump(mode="json", exclude_none=True)
    bulk = Bulk(client.flags, options, "task")
    if plan.conference:
        units = sorted(preview.get("units", {}))
        change = Change(
            "adopt-calendar",
            {"calendar": document},
            # not among the arguments that a repeat must give again: they shrink as tasks follow
            look=lambda: (None, {"units": units}),
        )
        with bulk.one(client.place.conference, "calendar", "adopt", *words, "--yes"):
            # the tasks' commands are checked against what is recorded of the conference
            carry_out(client, change, options._replace(wait="recorded"))
        if bulk.failed:
            return bulk.finish()  # no task before its conference
        options = options._replace(request_id=None)
    for task in tasks:
        with bulk.one(task, "calendar", "adopt", "--task", task, "--yes"):
            carry_out(client, Change("adopt-calendar", {"calendar": document}, task), options)
    return bulk.finish()
