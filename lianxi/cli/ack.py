"""`lianxi ack`: acknowledge one or several tasks (cli layer)."""

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_task
from lianxi.cli.ask import BULK, confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.i18n import N_


@verb(
    "ack",
    example="lianxi ack 1 3\nlianxi ack T-0003 --as U07",
    help=N_(
        "Acknowledge tasks.\n\n"
        "TASK is a task's id or its number in the last list shown; several at once."
        " Three or more are confirmed first. Where some fail, the others stand (exit code 7)."
    ),
)
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...", shell_complete=complete_task)
@change_options
@click.pass_obj
def ack(flags: Flags, tasks: tuple[str, ...], options: ChangeOptions) -> int:
    """One command per task, each with its own request id."""
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    ids = list(dict.fromkeys(given.task_id(task, shelf) for task in tasks))
    if options.request_id is not None and len(ids) > 1:
        raise CliError(
            "USAGE", reason=_("--request-id goes with one task only."), command="lianxi ack"
        )
    if len(ids) >= BULK and not options.dry_run:
        question = _("Acknowledge {count} tasks: {tasks}").format(
            count=len(ids), tasks=", ".join(ids)
        )
        confirm(flags, question, yes=options.yes)
    if len(ids) == 1:
        return carry_out(client, Change("acknowledge", {}, ids[0]), options)
    return _several(client, flags, ids, options)


def _several(client: Client, flags: Flags, ids: list[str], options: ChangeOptions) -> int:
    bulk = Bulk(flags, options, "task")
    for task in ids:
        with bulk.one(task, "ack", task):
            carry_out(client, Change("acknowledge", {}, task), options)
    return bulk.finish()
