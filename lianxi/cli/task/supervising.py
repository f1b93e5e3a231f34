"""`lianxi task urge | instruct`, `lianxi notice phoned`: the office presses and is heard (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_task, complete_unit, task_argument
from lianxi.cli.ask import BULK, confirm, missing
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options, show_already
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.given import Sealed
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.reading import FILTERS, filtered
from lianxi.cli.render import instant, light
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import how, place, place_of_task, show, unit_option, view_of
from lianxi.cli.terminal import cut, visible_line
from lianxi.errors import Exit
from lianxi.i18n import N_

AT_WORK = frozenset({"issued", "in-progress", "returned"})
"""In these states a unit can be urged (lianxi.domain.task.deciding.case)."""

MANY = 20
"""So many lines of what would be touched are shown."""


@verb(
    "urge",
    example="lianxi task urge T-0003 --unit U07\n"
    'lianxi task urge --overdue --message "Please report by Friday."',
    help=N_(
        "Urge units by hand.\n\n"
        "The tasks named, or every assignment that the filters find; only units that are at work on"
        " them. Shows what it touches and confirms three or more. Each is urged by itself: where some"
        " fail, the others stand (exit code 7). One that was urged a short while ago is passed over, so"
        " the same command can be given again."
    ),
)
@click.argument("tasks", nargs=-1, metavar="[TASK]...", shell_complete=complete_task)
@option(
    "--unit",
    "--units",
    "units",
    metavar="U07,U02",
    shell_complete=complete_unit,
    help=N_("Only these units."),
)
@FILTERS["state"]
@FILTERS["overdue"]
@FILTERS["due_before"]
@option("--message", metavar="TEXT", help=N_("What you say; - reads standard input."))
@change_options
@click.pass_obj
def urge(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    tasks: tuple[str, ...],
    units: str | None,
    state: str | None,
    overdue: bool,  # noqa: FBT001  click hands a switch over so
    due_before: str | None,
    message: str | None,
    options: ChangeOptions,
) -> int:
    """One command per assignment."""
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    if units is not None and not units.strip():
        raise CliError("INPUT_MISSING", option="--unit")
    filters = {"state": state, "overdue": overdue, "due_before": due_before}
    query = {name: filtered(name, value, shelf) for name, value in filters.items()}
    if not tasks and units is None and not any(query.values()):
        # an empty filter must not become "all"
        raise CliError(
            "INPUT_MISSING", option=_("TASK, --unit, --state, --overdue or --due-before")
        )
    said = None if message is None else given.text(message, "--message")
    ids = [given.task_id(task, shelf) for task in tasks]
    rows = _found(client, ids, given.unit_ids(units, shelf), query)
    unknown = _unknown(client, [task for task in ids if all(row["task"] != task for row in rows)])
    if len(ids) == 1 and unknown:
        raise unknown[ids[0]]
    if not rows and not unknown:
        show_already(client, CliError("NOTHING_FOUND"))
        return Exit.OK
    if options.request_id is not None and len(rows) > 1:
        raise CliError(
            "USAGE",
            reason=_("--request-id goes with one unit of one task only."),
            command="lianxi task urge",
        )
    for row in rows[:MANY]:
        time = instant(row.get("due"), how(client))
        due = _("due {time}").format(time=time) if time else ""
        title = cut(visible_line(str(row.get("title") or "")), 48)
        show(client, f"{row['task']} {row['unit']}", light(row.get("light")), due, title)
    if len(rows) > MANY:
        show(client, _("and {count} more").format(count=len(rows) - MANY))
    if len(rows) >= BULK and not options.dry_run:
        confirm(flags, _("Urge {count} units").format(count=len(rows)), yes=options.yes)
    bulk = Bulk(flags, options, "assignment")
    if len(rows) == 1 and not unknown:
        # what a filter found today it may not find tomorrow
        bulk.retype(*_words(rows[0], said))
        return carry_out(client, _urging(rows[0], said), options)
    for task, error in unknown.items():
        with bulk.one(task, "task", "urge", task):
            raise error
    return _several(client, bulk, rows, said, options)


def _urging(row: dict[str, Any], said: Sealed | None) -> Change:
    args: dict[str, Any] = {"units": [row["unit"]]}
    if said is not None:
        args["text"] = said
    return Change("urge", args, str(row["task"]))


def _found(
    client: Client, tasks: list[str], units: list[str], query: dict[str, Any]
) -> list[dict[str, Any]]:
    """The assignments at work that were named, or that the filters find."""
    if len(tasks) == 1 and units and not any(query.values()):
        # named one by one: the conference says of each why it cannot be urged
        view_of(client, tasks[0])  # a task that is none is refused here
        known = {row["unit"]: row for row in client.pages("assignments", task=tasks[0])}
        return [known.get(unit, {"task": tasks[0], "unit": unit}) for unit in units]
    narrow = {"unit": units[0]} if len(units) == 1 else {}
    places: list[dict[str, str]] = [{"task": task} for task in tasks] or [{}]
    found: list[dict[str, Any]] = []
    for place_of in places:
        try:
            found += client.pages("assignments", **query, **narrow, **place_of)
        except CliError as error:
            if error.code != "UNKNOWN_TASK":
                raise  # a task that is none: said by itself, the others are urged
    return [
        row
        for row in found
        if row.get("state") in AT_WORK
        and row.get("phase") in (None, "active")
        and (not units or row["unit"] in units)
    ]


def _unknown(client: Client, tasks: list[str]) -> dict[str, CliError]:
    """Which of the tasks that gave no row are none at all, and how the conference says so."""
    found: dict[str, CliError] = {}
    for task in tasks:
        try:
            view_of(client, task)
        except CliError as error:
            if error.code != "UNKNOWN_TASK":
                raise
            found[task] = error
    return found


def _words(row: dict[str, Any], said: Sealed | None) -> list[str]:
    """The command that urges this one alone."""
    message = [] if said is None else ["--message", said.data.decode()]
    return ["task", "urge", str(row["task"]), "--unit", str(row["unit"]), *message]


def _several(
    client: Client,
    bulk: Bulk,
    rows: list[dict[str, Any]],
    said: Sealed | None,
    options: ChangeOptions,
) -> int:
    for row in rows:
        task, unit = str(row["task"]), str(row["unit"])
        with bulk.one(f"{task} {unit}", *_words(row, said)):
            try:
                carry_out(client, _urging(row, said), options)
            except CliError as error:
                if error.code != "URGED_RECENTLY":
                    raise
                if client.flags.text("output") in ("json", "jsonl"):
                    error.params = {"task": task, **error.params}
                    show_already(client, error)
                else:
                    show(client, f"{task} {unit}", error.message)
    return bulk.finish()


@verb(
    "instruct",
    example='lianxi task instruct T-0003 --text "Weekly figures from now on." --acknowledge\n'
    'lianxi task instruct T-0003 --unit U07,U02 --text "Meet on Friday."',
    help=N_(
        "Give an instruction.\n\n"
        "To the units named, or to all that are not done. With --acknowledge each of them has to"
        " acknowledge it."
    ),
)
@task_argument()
@option(
    "--unit",
    "--units",
    "units",
    metavar="U07,U02",
    shell_complete=complete_unit,
    help=N_("To whom; to all where it is left out."),
)
@option("--text", metavar="TEXT", help=N_("The instruction; - reads standard input."))
@option("-f", "--file", "path", metavar="FILE", help=N_("The instruction, from a text file."))
@option("--acknowledge", is_flag=True, help=N_("It is to be acknowledged."))
@change_options
@click.pass_obj
def instruct(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    units: str | None,
    text: str | None,
    path: str | None,
    acknowledge: bool,  # noqa: FBT001  click hands a switch over so
    options: ChangeOptions,
) -> int:
    """One instruction."""
    client, task = place_of_task(flags, task)
    if text is not None and path is not None:
        reason = _("Give --text or --file, not both.")
        raise CliError("USAGE", reason=reason, command="lianxi task instruct")
    if units is not None and not units.strip():
        raise CliError("INPUT_MISSING", option="--unit")
    named = given.unit_ids(units, Shelf(client.settings.state))
    args: dict[str, Any] = {"units": named} if named else {}
    if path is not None:
        args["text"] = given.text_file(path, "--file")
    else:
        said = text or missing(
            flags, "--text", N_("The instruction"), choices=_("--text or --file")
        )
        args["text"] = given.text(said, "--text")
    if acknowledge:
        args["acknowledge"] = True
    touched = named or [a["unit"] for a in view_of(client, task)["assignments"] if not _final(a)]
    if len(touched) >= BULK and not options.dry_run:
        question = _("Instruct {count} units of {task}").format(count=len(touched), task=task)
        confirm(flags, question, yes=options.yes)
    return carry_out(client, Change("instruct", args, task), options)


def _final(a: dict[str, Any]) -> bool:
    return a.get("state") in ("completed", "stopped", "withdrawn")


@verb(
    "phoned",
    example='lianxi notice phoned T-0003 --unit U07 --text "Spoke to the desk; they have it."',
    help=N_(
        "Note that you told a unit by phone.\n\nIt proves that the unit was told, where no push channel"
        " took a notice. The unit sees the note."
    ),
)
@task_argument()
@unit_option
@option("--text", metavar="TEXT", help=N_("What was said; - reads standard input."))
@change_options
@click.pass_obj
def phoned(flags: Flags, task: str, unit: str, text: str | None, options: ChangeOptions) -> int:
    """One phone call."""
    client, task, unit = place(flags, task, unit)
    said = text or missing(flags, "--text", N_("What was said"))
    args: dict[str, Any] = {"unit": unit, "text": given.text(said, "--text")}
    return carry_out(client, Change("phoned", args, task), options)
