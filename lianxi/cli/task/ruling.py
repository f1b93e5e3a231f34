"""`lianxi task due | close | cancel`: the office rules on a task as a whole (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.ask import BULK, confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.limits import limit
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.i18n import N_

_needed_reason = option(
    "--reason", required=True, metavar="TEXT", help=N_("Why; - reads standard input.")
)


@verb(
    "due",
    example='lianxi task due T-0003 --unit U07,U02 --due 2026-12-20 --reason "flood"',
    help=N_(
        "Give units a new due.\n\nReminders are armed again. Three or more units are confirmed first."
    ),
)
@task_argument()
@option(
    "--unit",
    "--units",
    "units",
    required=True,
    metavar="U07,U02",
    shell_complete=complete_unit,
    help=N_("Whose due changes."),
)
@option("--due", required=True, metavar="LIMIT", help=N_("The new due."))
@_needed_reason
@change_options
@click.pass_obj
def due(flags: Flags, task: str, units: str, due: str, reason: str, options: ChangeOptions) -> int:
    """One change for all units named."""
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    task, named = given.task_id(task, shelf), given.unit_ids(units, shelf)
    args: dict[str, Any] = {"units": named, "due": limit(client, due)}
    args["reason"] = given.text(reason, "--reason")
    if len(named) >= BULK and not options.dry_run:
        question = _("Change the due of {count} units on {task}").format(
            count=len(named), task=task
        )
        confirm(flags, question, yes=options.yes)
    return carry_out(client, Change("due", args, task), options)


@verb(
    "close",
    example="lianxi task close T-0003 --verdict implemented\n"
    'lianxi task close T-0003 --verdict not-implemented --reason "no funds"',
    help=N_(
        "Close a task with a verdict.\n\n"
        "Not implemented needs a reason and withdraws what is not final. Asks first."
    ),
)
@task_argument()
@option(
    "--verdict",
    required=True,
    type=click.Choice(["implemented", "not-implemented"]),
    help=N_("With what it is closed."),
)
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def close(flags: Flags, task: str, verdict: str, reason: str | None, options: ChangeOptions) -> int:
    """One verdict, upon the task as it stands now."""
    client = Client(flags)
    task = given.task_id(task, Shelf(client.settings.state))
    args: dict[str, Any] = {"verdict": verdict}
    if reason is not None:
        args["reason"] = given.text(reason, "--reason")
    _confirm(flags, options, _("Close {task} as {verdict}").format(task=task, verdict=verdict))

    def look() -> Seen:
        return str(client.read(f"tasks/{task}")["task"]["head"]), {}

    return carry_out(client, Change("close", args, task, look=look), options)


@verb(
    "cancel",
    example='lianxi task cancel T-0003 --reason "superseded by T-0009"',
    help=N_("Cancel a task for all.\n\nEvery unit is told. Asks first: it cannot be undone."),
)
@task_argument()
@_needed_reason
@change_options
@click.pass_obj
def cancel(flags: Flags, task: str, reason: str, options: ChangeOptions) -> int:
    """One cancellation."""
    client = Client(flags)
    task = given.task_id(task, Shelf(client.settings.state))
    args = {"reason": given.text(reason, "--reason")}
    _confirm(flags, options, _("Cancel {task} for all units").format(task=task))
    return carry_out(client, Change("cancel", args, task), options)


def _confirm(flags: Flags, options: ChangeOptions, question: str) -> None:
    if not options.dry_run:
        confirm(flags, question, yes=options.yes)
