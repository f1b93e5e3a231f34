"""`lianxi unit`: the member units (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, tasks_option
from lianxi.cli.ask import confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client, items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, group, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _, current
from lianxi.cli.reading import Reading, form_of, reading, remember
from lianxi.cli.render import Column, as_json, instant, show_rows, show_thing, table, word
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import put, say, visible_line
from lianxi.cli.tree import UNIT_TABLE
from lianxi.cli.words import FINAL_STATES
from lianxi.errors import Exit
from lianxi.i18n import N_

unit = group(
    "unit",
    table=UNIT_TABLE,
    example="lianxi unit list",
    help=N_("The member units."),
)


def _name(names: Any, _how: str = "") -> str:
    if not isinstance(names, dict):
        return ""
    return visible_line(str(names.get(current()) or next(iter(names.values()), "")))


def _count(keys: Any, _how: str = "") -> str:
    return str(len(keys)) if isinstance(keys, list) else ""


def _joined(values: Any, _how: str = "") -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else ""


COLUMNS = (
    Column("unit", N_("unit")),
    Column("names", N_("name"), _name),
    Column("role", N_("role")),
    Column("language", N_("language")),
    Column("channels", N_("channels"), _joined),
    Column("keys", N_("keys"), _count),
)

OPEN = (
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("role", N_("role"), word),
    Column("state", N_("state"), word),
    Column("due", N_("due"), instant),
    Column("title", N_("title")),
)


@verb(
    "list",
    example="lianxi unit list",
    help=N_("List the member units and whether they hold a key."),
)
@reading()
def list_units(run: Reading) -> None:
    """All of them."""
    show_rows(_units(run), COLUMNS, run.form)


@verb("show", example="lianxi unit show U07", help=N_("One unit and its keys."))
@click.argument("unit", metavar="UNIT", shell_complete=complete_unit)
@reading()
def show_unit(run: Reading, unit: str) -> None:
    """One of them."""
    wanted = given.unit_id(unit, run.shelf)
    units = {str(item["unit"]): item for item in _units(run)}
    if wanted not in units:
        meant = given.suggestion(wanted, list(units)).removeprefix("; ")
        raise CliError("UNKNOWN_UNIT", unit=wanted, hint=meant or None)
    successor = (run.client.read("conference").get("successors") or {}).get(wanted)
    found = {**units[wanted], "successor": successor}
    lines = [
        f"{found['unit']}  {_name(found.get('names'))}",
        *([_("succeeded by {unit}").format(unit=successor)] if successor else ()),
        *(str(key) for key in found.get("keys", ())),
    ]
    show_thing({"schema": 1, "unit": found}, run.form, lambda: "\n".join(lines))


def _units(run: Reading) -> list[dict[str, Any]]:
    items = items_of(run.client.read("units"))
    remember(run.shelf, items)
    return items


@verb(
    "succeed",
    example='lianxi unit succeed U08 --into U09 --reason "merged by decree"',
    help=N_(
        "Have a unit succeeded by another.\n\n"
        "The unit gets no further task; its open assignments are transferred one by one, limits and"
        " history stay. Shows them first. Where some fail the others stand (exit code 7), and a repeat"
        " goes on."
    ),
)
@click.argument("unit", metavar="UNIT", shell_complete=complete_unit)
@option(
    "--into", required=True, metavar="UNIT", shell_complete=complete_unit, help=N_("Its successor.")
)
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@tasks_option(N_("Only transfer this task, after the succession; several times."))
@change_options
@click.pass_obj
def succeed(
    flags: Flags,
    unit: str,
    into: str,
    reason: str | None,
    tasks: tuple[str, ...],
    options: ChangeOptions,
) -> int:
    """Preview, ask, the conference's command, one transfer per open assignment."""
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    before, after = given.unit_id(unit, shelf), given.unit_id(into, shelf)
    if before == after:
        said = _("A unit cannot succeed itself.")
        raise CliError("USAGE", reason=said, command="lianxi unit succeed")
    named = [given.task_id(task, shelf) for task in tasks]
    if reason is None and not named:
        raise CliError("INPUT_MISSING", option="--reason")
    _known(client, before, after)
    rows = [
        row
        for row in client.pages("assignments", unit=before)
        if row["state"] not in FINAL_STATES
        and row.get("phase") in (None, "active", "ready-to-close")
        and (not named or row["task"] in named)
    ]
    _show_open(flags, rows, before, dry_run=options.dry_run)
    if options.dry_run:
        return Exit.OK
    if options.request_id is not None and named and len(rows) != 1:
        said = _("--request-id goes with one task only.")
        raise CliError("USAGE", reason=said, command="lianxi unit succeed")
    question = _("{unit} is succeeded by {into}; {count} open assignments are transferred").format(
        unit=before, into=after, count=len(rows)
    )
    confirm(flags, question, yes=options.yes)
    bulk = Bulk(flags, options, "task")
    words = ("unit", "succeed", before, "--into", after, "--yes")
    if not named and reason is not None:
        args = {"unit": before, "into": after, "reason": given.text(reason, "--reason")}
        with bulk.one(client.place.conference, *words, "--reason", reason):
            # the transfers are checked against what is recorded of the conference
            carry_out(client, Change("succeed", args), options._replace(wait="recorded"))
        if bulk.failed:
            return bulk.finish()  # nothing is transferred before it is decided
        options = options._replace(request_id=None)
    for row in rows:
        task = str(row["task"])
        with bulk.one(task, *words, "--task", task):
            carry_out(client, Change("transfer", {"unit": before, "into": after}, task), options)
    return bulk.finish()


def _known(client: Client, *wanted: str) -> None:
    """Whether the conference has these units."""
    known = [str(item["unit"]) for item in items_of(client.read("units"))]
    for unit in wanted:
        if unit not in known:
            meant = given.suggestion(unit, known).removeprefix("; ")
            raise CliError("UNKNOWN_UNIT", unit=unit, hint=meant or None)


def _show_open(flags: Flags, rows: list[dict[str, Any]], unit: str, *, dry_run: bool) -> None:
    """What will be transferred: as data with --dry-run, else as talk before the question."""
    form = form_of(flags)
    if form.output in ("json", "jsonl"):
        if dry_run:
            put(as_json({"schema": 1, "dry_run": True, "unit": unit, "items": rows}))
        return
    text = table(rows, OPEN, form.time_format) if rows else _("It has no open assignment.")
    if dry_run:
        put(text)
        say(_("Nothing was sent (dry run)."))
    else:
        say(text)
