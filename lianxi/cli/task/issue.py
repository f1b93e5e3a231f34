"""`lianxi task issue`: a new task from a file or from flags (cli layer)."""

from typing import Any
from urllib.parse import quote

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.given import PLAIN, Sealed
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.limits import parsed, place_for, refused
from lianxi.cli.request_ids import new_request_id
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.free_text import MAX_TEXT_BYTES
from lianxi.i18n import N_
from lianxi.limit_text import LimitTextError
from lianxi.strict_yaml import YamlFileError
from lianxi.taskfile import (
    BASES,
    KIND,
    LAST_DAYS,
    MODES,
    Cycle,
    TaskFile,
    issue_args,
    read_task_file,
)
from lianxi.taskfile import kept_salts as salts_of
from lianxi.taskfile import same_content as says_the_same

EXAMPLE = """lianxi task issue -f task.yaml
lianxi task issue --title "Service day" --lead U07 --support U02,U03 --due 15wd --report "weekly 5"

task.yaml:
  id: service-day-2026
  title: Service day
  text: Set up one service point per district.
  basis: {kind: meeting, text: "Third meeting, item 2"}
  kind: ordinary
  mode: lead
  lead: U07
  support: [U02, U03]
  acknowledge_by: 2wd
  due: 2026-12-15
  concurrence: true
  report: {every: month, day: 25}"""

REPORTS = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}
"""How often, as a flag says it and as a task file does."""


@verb(
    "issue",
    example=EXAMPLE,
    help=N_(
        "Assign a new task to units.\n\n"
        "A limit is so many working days (15wd) or calendar days (30cd; 30cd> ends on a working day"
        " at the latest, 30cd< before), a duration (15d, 36h, 90m), an instant with its offset, a time"
        " of the conference's clock, or a date (close of office hours). Without one the default of the"
        " task's kind holds.\n\n"
        "The file's id is its identity: the same file again finds the task it made, other content"
        " under the id is refused."
    ),
)
@option(
    "-f", "--file", "path", metavar="FILE", help=N_("The task as YAML; - reads standard input.")
)
@option("--id", "ref", metavar="ID", help=N_("The task's own identity across repeats."))
@option("--title", metavar="TEXT", help=N_("What it is about."))
@option("--text", metavar="TEXT", help=N_("What is to be done; - reads standard input."))
@option("--basis", type=click.Choice(BASES), help=N_("What it rests on."))
@option("--basis-text", metavar="TEXT", help=N_("Which meeting, decision, document or duty."))
@option(
    "--mode", type=click.Choice(MODES), help=N_("One lead with supports, or each unit for itself.")
)
@option("--lead", metavar="UNIT", shell_complete=complete_unit, help=N_("The lead unit."))
@option(
    "--support",
    "--units",
    "units",
    metavar="U02,U03",
    shell_complete=complete_unit,
    help=N_("The other units."),
)
@option("--acknowledge-by", metavar="LIMIT", help=N_("By when to acknowledge."))
@option("--due", metavar="LIMIT", help=N_("By when to be done."))
@option("--kind", metavar="KIND", help=N_("Its kind, which gives the limits not named."))
@option(
    "--concurrence",
    is_flag=True,
    help=N_("Ask the supporting units when the lead submits."),
)
@option(
    "--report",
    metavar='"weekly 5"',
    help=N_("Periodic reports: weekly, monthly or quarterly, and the day."),
)
@change_options
@click.pass_obj
def issue(flags: Flags, /, path: str | None, options: ChangeOptions, **parts: Any) -> int:
    """One command to the conference, which gives the task its number."""
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    if path is not None:
        if any(parts.values()):
            raise CliError(
                "USAGE", reason=_("Give a file or flags, not both."), command="lianxi task issue"
            )
        task = read_file(path)
    else:
        if options.request_id is None:
            options = options._replace(request_id=new_request_id())
        task = _from_flags(shelf, parts, options.request_id or "")
    try:
        place = place_for(client, task.due, task.acknowledge_by)
        salts = _registered_salts(client, shelf, task, options, place)
        texts = {field: Sealed(data, PLAIN, salts.get(field)) for field, data in task.texts.items()}
        return carry_out(client, Change("issue", issue_args(task, texts, place)), options)
    except LimitTextError as error:
        raise refused(str(path or parts.get("due")), error) from None


def read_file(path: str) -> TaskFile:
    """A task file; every problem at once, with line and column."""
    data = given.read_bytes(path, MAX_TEXT_BYTES)
    try:
        return read_task_file(data)
    except YamlFileError as error:
        problems = given.problems_in(error)
        raise CliError("TASK_FILE_INVALID", path=path, problems=problems) from None


def _from_flags(shelf: Shelf, parts: dict[str, Any], request_id: str) -> TaskFile:
    if parts["title"] is None:
        raise CliError("INPUT_MISSING", option="--title")
    lead, units = parts["lead"], given.unit_ids(parts["units"], shelf)
    mode = parts["mode"] or ("lead" if lead else "each")
    if mode == "lead" and lead is None:
        raise CliError("INPUT_MISSING", option="--lead")
    if mode == "each" and (lead is not None or not units):
        raise CliError("INPUT_MISSING", option="--units" if lead is None else "--mode lead")
    if len({*units, lead}) != len(units) + 1:
        raise CliError("USAGE", reason=_("A unit is named twice."), command="lianxi task issue")
    if mode == "each" and parts["concurrence"]:
        reason = _("Concurrence is asked of the supporting units of a lead.")
        raise CliError("USAGE", reason=reason, command="lianxi task issue")
    if (parts["basis"] is None) != (parts["basis_text"] is None):
        raise CliError("INPUT_MISSING", option="--basis-text" if parts["basis"] else "--basis")

    return TaskFile(
        ref=parts["ref"] or request_id,
        title=_text(parts["title"], "--title") or "",
        mode=mode,
        due=parsed(parts["due"]) if parts["due"] else None,
        text=_text(parts["text"], "--text"),
        basis_kind=parts["basis"],
        basis_text=_text(parts["basis_text"], "--basis-text"),
        lead=given.unit_id(lead, shelf) if lead else None,
        units=tuple(units),
        acknowledge_by=parsed(parts["acknowledge_by"]) if parts["acknowledge_by"] else None,
        kind=_kind(parts["kind"]),
        concurrence=parts["concurrence"],
        report=_cycle(parts["report"]),
    )


def _kind(text: str | None) -> str | None:
    if text is not None and not KIND.fullmatch(text):
        raise CliError("ID_INVALID", given=text, what=_("a kind of task"), suggestion="")
    return text


def _cycle(text: str | None) -> Cycle | None:
    """`weekly 5`, `monthly 25`, `quarterly 25`."""
    if text is None:
        return None
    every, _space, day = text.strip().partition(" ")
    known = REPORTS.get(every)
    number = int(day) if day.isascii() and day.isdigit() else 0
    if known is None or not 1 <= number <= LAST_DAYS[known]:
        reason = _(
            'Reports are "weekly 1" (Monday) to "weekly 7", "monthly 1" to "monthly 31", or'
            ' "quarterly 1" to "quarterly 31".'
        )
        raise CliError("USAGE", reason=reason, command="lianxi task issue")
    return Cycle(known, number)


def _registered_salts(
    client: Client, shelf: Shelf, task: TaskFile, options: ChangeOptions, place: Any
) -> dict[str, bytes]:
    """The salts of the task that this file made already, so that the conference finds it again."""
    if options.request_id is not None and (
        shelf.request(options.request_id) is not None or task.ref == options.request_id
    ):
        return {}
    try:
        answer = client.read(f"registrations/{quote(task.ref)}")
    except CliError as error:
        if error.code in ("NOT_FOUND", "UNKNOWN_TASK"):
            return {}
        raise
    args, registered = answer["args"], answer["task"]
    openings = {
        commit: bytes.fromhex(opening["salt"]) for commit, opening in answer["openings"].items()
    }
    if not says_the_same(task, args, openings, place):
        raise CliError("ISSUE_DIFFERS", ref=task.ref, task=registered)
    return salts_of(task, args, openings) or {}


def _text(text: str | None, place: str) -> str | None:
    return None if text is None else given.text(text, place).data.decode()
