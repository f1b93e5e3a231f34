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
from lianxi.cli.terminal import cut, dot, say, visible_line
from lianxi.i18n import N_

_unit = option(
    "--unit",
    required=True,
    metavar="UNIT",
    shell_complete=complete_unit,
    help=N_("Whose part it is."),
)
_reason = option("--reason", required=True, metavar="TEXT", help=N_("Why; - reads standard input."))


@verb(
    "accept",
    example="lianxi task accept T-0003 --unit U07",
    help=N_(
        "Accept a unit's completion.\n\n"
        "Decides on the submission in force, which is shown; refused when another one came in since"
        " lianxi task show, or somebody acts in between."
    ),
)
@task_argument()
@_unit
@change_options
@click.pass_obj
def accept(flags: Flags, task: str, unit: str, options: ChangeOptions) -> int:
    """One decision."""
    client, task, unit = _place(flags, task, unit)
    change = Change("accept", {"unit": unit}, task, look=_submission(client, task, unit))
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
@_unit
@_reason
@option("--due", required=True, metavar="LIMIT", help=N_("The new due."))
@change_options
@click.pass_obj
def return_(
    flags: Flags, task: str, unit: str, reason: str, due: str, options: ChangeOptions
) -> int:
    """One decision."""
    client, task, unit = _place(flags, task, unit)
    args = {"unit": unit, "reason": given.text(reason, "--reason"), "due": limit(client, due)}
    change = Change("return", args, task, look=_submission(client, task, unit))
    return carry_out(client, change, options)


@verb(
    "withdraw",
    example='lianxi task withdraw T-0003 --unit U02 --reason "not in its duties"',
    help=N_(
        "Take a unit off a task.\n\n"
        "A lead can be withdrawn only with a new lead. Asks first: it cannot be undone."
    ),
)
@task_argument()
@_unit
@_reason
@option(
    "--new-lead", metavar="UNIT", shell_complete=complete_unit, help=N_("Who leads from now on.")
)
@change_options
@click.pass_obj
def withdraw(
    flags: Flags, task: str, unit: str, reason: str, new_lead: str | None, options: ChangeOptions
) -> int:
    """One withdrawal."""
    client, task, unit = _place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit, "reason": given.text(reason, "--reason")}
    if new_lead is not None:
        args["new_lead"] = given.unit_id(new_lead, Shelf(client.settings.state))
    if not options.dry_run:
        question = _("Withdraw {unit} from {task}").format(unit=unit, task=task)
        confirm(flags, question, yes=options.yes)

    def look() -> Seen:
        return str(_assignment(client, task, unit)["head"]), {}

    return carry_out(client, Change("withdraw", args, task, look=look), options)


def _place(flags: Flags, task: str, unit: str) -> tuple[Client, str, str]:
    client = Client(flags)
    shelf = Shelf(client.settings.state)
    return client, given.task_id(task, shelf), given.unit_id(unit, shelf)


def _assignment(client: Client, task: str, unit: str) -> dict[str, Any]:
    view = client.read(f"tasks/{task}")["task"]
    units = {a["unit"]: a for a in view["assignments"]}
    if unit not in units:
        hint = _("Its units: {units}{suggestion}").format(
            units=", ".join(units), suggestion=given.suggestion(unit, list(units))
        )
        raise CliError("UNIT_NOT_ON_TASK", hint=hint, unit=unit, task=task)
    assignment: dict[str, Any] = units[unit]
    return assignment


def _submission(client: Client, task: str, unit: str) -> Callable[[], Seen]:
    """Looks at the submission in force, shows it, and holds to what was shown before."""

    def look() -> Seen:
        a = _assignment(client, task, unit)
        submission = a.get("submission")
        if submission is None:
            raise CliError(
                "WRONG_STATE", action="decide", state=str(a["state"]), needed="submitted"
            )
        shown = Shelf(client.settings.state).seen(task).get(unit)
        if shown is not None and shown != submission:
            raise CliError("STALE")
        if client.flags.text("output") not in ("json", "jsonl"):
            _describe(a, client.flags.text("time_format") or "local")
        return str(a["head"]), {"submission": submission}

    return look


def _describe(a: dict[str, Any], how: str) -> None:
    parts = [
        _("Submission of {unit}").format(unit=a["unit"]),
        word(a.get("state")),
        instant(a.get("submitted_at"), how),
        _("due {time}").format(time=instant(a.get("due"), how)),
        _("{count} files of evidence").format(count=len(a.get("evidence") or ())),
    ]
    say(dot().join(part for part in parts if part))
    if a.get("report"):
        say("  " + cut(visible_line(a["report"]), 200))
