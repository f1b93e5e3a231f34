"""`lianxi task accept | return | withdraw`: the office decides on what it has seen (cli layer)."""

from collections.abc import Callable
from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.limits import limit
from lianxi.cli.render import instant, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.concurrence import concurrence_lines
from lianxi.cli.task.looking import (
    how,
    part_of,
    place,
    reason_option,
    show,
    show_text,
    unit_option,
    view_of,
)
from lianxi.i18n import N_


@verb(
    "accept",
    example="lianxi task accept T-0003 --unit U07\n"
    'lianxi task accept T-0003 --unit U07 --reason "the dissent is about another task"',
    help=N_(
        "Accept a unit's completion.\n\n"
        "Decides on the submission in force, which is shown; refused when another one came in since"
        " lianxi task show, or somebody acts in between. Over a dissent, or before every supporting"
        " unit has answered, it needs a reason."
    ),
)
@task_argument()
@unit_option
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def accept(flags: Flags, task: str, unit: str, reason: str | None, options: ChangeOptions) -> int:
    """One decision."""
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit}
    if reason is not None:
        args["reason"] = given.text(reason, "--reason")
    change = Change("accept", args, task, look=_submission(client, task, unit))
    return carry_out(client, change, options)


@verb(
    "return",
    example='lianxi task return T-0003 --unit U07 --reason "the second annex is missing" --due 5d',
    help=N_(
        "Return a submission with a reason.\n\n"
        "The unit gets a new due and a new cycle; the submission decided on is shown."
    ),
)
@task_argument()
@unit_option
@reason_option
@option("--due", required=True, metavar="LIMIT", help=N_("The new due."))
@change_options
@click.pass_obj
def return_(
    flags: Flags, task: str, unit: str, reason: str, due: str, options: ChangeOptions
) -> int:
    """One decision."""
    client, task, unit = place(flags, task, unit)
    args = {"unit": unit, "reason": given.text(reason, "--reason"), "due": limit(client, due)}
    change = Change("return", args, task, look=_submission(client, task, unit))
    return carry_out(client, change, options)


@verb(
    "withdraw",
    example='lianxi task withdraw T-0003 --unit U02 --reason "not in its duties"',
    help=N_(
        "Take a unit off a task.\n\n"
        "A lead can be withdrawn only with a new lead. Asks first; only lianxi task by-mistake takes"
        " it back."
    ),
)
@task_argument()
@unit_option
@reason_option
@option(
    "--new-lead", metavar="UNIT", shell_complete=complete_unit, help=N_("Who leads from now on.")
)
@change_options
@click.pass_obj
def withdraw(
    flags: Flags, task: str, unit: str, reason: str, new_lead: str | None, options: ChangeOptions
) -> int:
    """One withdrawal."""
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit, "reason": given.text(reason, "--reason")}
    if new_lead is not None:
        args["new_lead"] = given.unit_id(new_lead, Shelf(client.settings.state))
    if not options.dry_run:
        question = _("Withdraw {unit} from {task}").format(unit=unit, task=task)
        confirm(flags, question, yes=options.yes)

    def look() -> Seen:
        return str(part_of(view_of(client, task), unit)["head"]), {}

    return carry_out(client, Change("withdraw", args, task, look=look), options)


def _submission(client: Client, task: str, unit: str) -> Callable[[], Seen]:
    """Looks at the submission in force, shows it, and holds to what was shown before."""

    def look() -> Seen:
        view = view_of(client, task)
        a = part_of(view, unit)
        submission = a.get("submission")
        if submission is None:
            raise CliError(
                "WRONG_STATE", action="decide", state=str(a["state"]), needed="submitted"
            )
        shown = Shelf(client.settings.state).seen(task).get(unit)
        if shown is not None and shown != submission:
            raise CliError("STALE")
        _describe(client, a)
        concurrence = view.get("concurrence")
        if concurrence and concurrence.get("submission") == submission:
            for line in concurrence_lines(concurrence, how(client)):
                show(client, line)
        return str(a["head"]), {"submission": submission}

    return look


def _describe(client: Client, a: dict[str, Any]) -> None:
    show(
        client,
        _("Submission of {unit}").format(unit=a["unit"]),
        word(a.get("state")),
        instant(a.get("submitted_at"), how(client)),
        _("due {time}").format(time=instant(a.get("due"), how(client))),
        _("{count} files of evidence").format(count=len(a.get("evidence") or ())),
    )
    show_text(client, a.get("report"))
