"""`lianxi task due | add | close | cancel | reopen`: the office rules on a task as a whole (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.ask import BULK, confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.limits import limit
from lianxi.cli.render import word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import place, place_of_task, reason_option, unit_option, view_of
from lianxi.i18n import N_


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
@reason_option
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
    "add",
    example="lianxi task add T-0003 --unit U09\n"
    'lianxi task add T-0003 --unit U09 --due 15wd --reason "it has the gauges"',
    help=N_(
        "Add a unit to a task.\n\n"
        "As a support (mode lead) or a member (mode each). Without limits those of the task's kind"
        " hold, counted from now."
    ),
)
@task_argument()
@unit_option
@option("--acknowledge-by", metavar="LIMIT", help=N_("By when to acknowledge."))
@option("--due", metavar="LIMIT", help=N_("By when to be done."))
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def add(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    unit: str,
    acknowledge_by: str | None,
    due: str | None,
    reason: str | None,
    options: ChangeOptions,
) -> int:
    """One more unit."""
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit}
    if acknowledge_by is not None:
        args["acknowledge_by"] = limit(client, acknowledge_by)
    if due is not None:
        args["due"] = limit(client, due)
    if reason is not None:
        args["reason"] = given.text(reason, "--reason")
    return carry_out(client, Change("add", args, task), options)


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
    _confirm(
        flags, options, _("Close {task} as {verdict}").format(task=task, verdict=word(verdict))
    )

    def look() -> Seen:
        return str(client.read(f"tasks/{task}")["task"]["head"]), {}

    return carry_out(client, Change("close", args, task, look=look), options)


@verb(
    "cancel",
    example='lianxi task cancel T-0003 --reason "superseded by T-0009"',
    help=N_(
        "Cancel a task for all.\n\n"
        "Every unit is told. Asks first; only lianxi task by-mistake takes it back."
    ),
)
@task_argument()
@reason_option
@change_options
@click.pass_obj
def cancel(flags: Flags, task: str, reason: str, options: ChangeOptions) -> int:
    """One cancellation."""
    client = Client(flags)
    task = given.task_id(task, Shelf(client.settings.state))
    args = {"reason": given.text(reason, "--reason")}
    _confirm(flags, options, _("Cancel {task} for all units").format(task=task))
    return carry_out(client, Change("cancel", args, task), options)


@verb(
    "reopen",
    example='lianxi task reopen T-0003 --unit U07 --due 20wd --reason "re-check of the gauges"',
    help=N_(
        "Re-open completed parts for a re-check.\n\n"
        "Of an active task, or of a closed one, which becomes active again and takes the conference's"
        " rules and calendar of today. Each unit named gets a new due and a new cycle. Three or more"
        " units are confirmed first."
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
    help=N_("Whose part is re-opened."),
)
@option("--due", required=True, metavar="LIMIT", help=N_("The new due."))
@option(
    "--new-lead",
    metavar="UNIT",
    shell_complete=complete_unit,
    help=N_("Which of them leads, where the lead has left the task."),
)
@reason_option
@change_options
@click.pass_obj
def reopen(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    units: str,
    due: str,
    new_lead: str | None,
    reason: str,
    options: ChangeOptions,
) -> int:
    """One re-check."""
    client, task = place_of_task(flags, task)
    named = given.unit_ids(units, Shelf(client.settings.state))
    args: dict[str, Any] = {"units": named, "due": limit(client, due)}
    args["reason"] = given.text(reason, "--reason")
    if new_lead is not None:
        args["new_lead"] = given.unit_id(new_lead, Shelf(client.settings.state))
    if len(named) >= BULK:
        question = _("Re-open {task} for {count} units").format(task=task, count=len(named))
        _confirm(flags, options, question)

    def look() -> Seen:
        if view_of(client, task).get("phase") == "active":
            return None, {}
        return None, _rules_of_today(client)

    return carry_out(client, Change("reopen", args, task, look=look), options)


def _rules_of_today(client: Client) -> dict[str, Any]:
    """Rules and calendar of the conference, which a task that begins again takes."""
    conference = client.read("conference")
    found = {name: _plain(conference.get(name)) for name in ("rules", "calendar")}
    if not found["rules"]:
        raise CliError("ANSWER_UNREADABLE", reason="conference.rules")
    return {name: value for name, value in found.items() if value}


def _plain(value: Any) -> Any:
    """Absent instead of null, as everywhere in what a client signs."""
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items() if member is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _confirm(flags: Flags, options: ChangeOptions, question: str) -> None:
    if not options.dry_run:
        confirm(flags, question, yes=options.yes)
