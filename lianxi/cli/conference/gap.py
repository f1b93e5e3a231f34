"""`lianxi conference gap`: gaps of service, and those that are not to count (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import tasks_option
from lianxi.cli.ask import BULK, confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options, identity
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.reading import form_of, moment, remember
from lianxi.cli.render import Column, instant, show_rows, yes_no
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import say
from lianxi.errors import Exit
from lianxi.i18n import N_

COLUMNS = (
    Column("task", N_("task")),
    Column("since", N_("since"), instant),
    Column("until", N_("until"), instant),
    Column("excluded", N_("excluded"), yes_no),
    Column("event", N_("event"), lambda value, _how: str(value or "")[:12]),
)


@verb(
    "gap",
    example='lianxi conference gap\nlianxi conference gap --exclude --task T-0003 --reason "power cut"',
    help=N_(
        "Gaps of service: list or exclude them.\n\n"
        "A gap is a time in which deadlines passed while the service was away. With --exclude it does"
        " not count: due limits that ran in it move by its office hours, task by task. Where some fail"
        " the others stand (exit code 7); repeat it safely. Which ones has to be said: --task, --since,"
        " --until, or --all."
    ),
)
@option("--exclude", is_flag=True, help=N_("Exclude those listed instead of showing them."))
@tasks_option(N_("Only this task; several times."))
@option("--since", metavar="TIME", help=N_("Only gaps that end after this time."))
@option("--until", metavar="TIME", help=N_("Only gaps that begin before this time."))
@option("--all", "every", is_flag=True, help=N_("Exclude every gap."))
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@option("--fields", metavar="A,B", help=N_("Only these fields."))
@change_options
@click.pass_obj
def gap(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    exclude: bool,  # noqa: FBT001  click hands a switch over so
    tasks: tuple[str, ...],
    since: str | None,
    until: str | None,
    every: bool,  # noqa: FBT001  click hands a switch over so
    reason: str | None,
    fields: str | None,
    options: ChangeOptions,
) -> int:
    """The list, or one command per gap."""
    if exclude and reason is None:
        raise CliError("INPUT_MISSING", option="--reason")
    if exclude and not (tasks or since or until or every):
        # an empty filter must not become "all"
        raise CliError("INPUT_MISSING", option=_("--task, --since, --until or --all"))
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    named = {given.task_id(task, shelf) for task in tasks}
    begin, end = (moment(time) if time is not None else None for time in (since, until))
    gaps = [
        row
        for row in client.pages("gaps")
        if (not named or row["task"] in named)
        and (begin is None or row["until"] > begin)
        and (end is None or row["since"] < end)
    ]
    if not exclude:
        remember(shelf, gaps)
        show_rows(gaps, COLUMNS, form_of(flags, fields), nothing=N_("There was no gap."))
        counting = next((row["task"] for row in gaps if not row["excluded"]), None)
        if counting is not None and flags.text("output") in (None, "table"):
            command = f"lianxi conference gap --exclude --task {counting} --reason TEXT"
            say(_("next: {command}").format(command=command + identity(flags)))
        return Exit.OK
    counted = [row for row in gaps if not row["excluded"]]
    return _exclude(client, counted, str(reason), options)


def _exclude(
    client: Client, gaps: list[dict[str, Any]], reason: str, options: ChangeOptions
) -> int:
    text = given.text(reason, "--reason")
    if not gaps:
        say(_("There is no gap to exclude."))
        return Exit.OK
    if options.request_id is not None and len(gaps) > 1:
        said = _("--request-id goes with one task only.")
        raise CliError("USAGE", reason=said, command="lianxi conference gap")
    if len(gaps) >= BULK and not options.dry_run:
        question = _("Exclude {count} gaps: {tasks}").format(
            count=len(gaps), tasks=", ".join(dict.fromkeys(str(row["task"]) for row in gaps))
        )
        confirm(client.flags, question, yes=options.yes)
    bulk = Bulk(client.flags, options, "task")
    for row in gaps:
        task, args = str(row["task"]), {"gap": row["event"], "reason": text}
        words = ("conference", "gap", "--exclude", "--task", task, "--reason", reason, "--yes")
        with bulk.one(task, *words):
            carry_out(client, Change("exclude-gap", args, task), options)
    return bulk.finish()
