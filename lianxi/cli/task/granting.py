"""`lianxi task grant | refuse`: the office decides what a unit has asked (cli layer)."""

from collections.abc import Callable
from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.limits import limit
from lianxi.cli.render import instant, percent, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
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
from lianxi.cli.task.requesting import REQUESTS
from lianxi.cli.task.said import text_in
from lianxi.i18n import N_

_request = click.argument("request", type=click.Choice(REQUESTS))


@verb(
    "grant",
    example="lianxi task grant T-0003 --unit U07 extension\n"
    "lianxi task grant T-0003 --unit U07 extension --due 2026-12-10\n"
    "lianxi task grant T-0003 --unit U07 objection --new-lead U02",
    help=N_(
        "Grant what a unit asks.\n\n"
        "An extension as asked, or to another due; a stop; an objection. An objection is upheld, which"
        " takes the unit off the task (a lead needs a new lead), or, with new limits, the assignment is"
        " changed and stays. What is decided on is shown; refused when somebody acts in between."
    ),
)
@task_argument()
@_request
@unit_option
@option("--due", metavar="LIMIT", help=N_("Another due than the one asked for."))
@option("--acknowledge-by", metavar="LIMIT", help=N_("A new acknowledge limit (objection)."))
@option(
    "--new-lead", metavar="UNIT", shell_complete=complete_unit, help=N_("Who leads from now on.")
)
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def grant(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    request: str,
    unit: str,
    due: str | None,
    acknowledge_by: str | None,
    new_lead: str | None,
    reason: str | None,
    options: ChangeOptions,
) -> int:
    """One decision."""
    if request == "stop" and due is not None:
        raise _does_not_go("--due", request)
    if request != "objection" and acknowledge_by is not None:
        raise _does_not_go("--acknowledge-by", request)
    if request == "extension" and new_lead is not None:
        raise _does_not_go("--new-lead", request)
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit, "request": request}
    if due is not None:
        args["due"] = limit(client, due)
    if acknowledge_by is not None:
        args["acknowledge_by"] = limit(client, acknowledge_by)
    if new_lead is not None:
        args["new_lead"] = given.unit_id(new_lead, Shelf(client.settings.state))
    if reason is not None:
        args["reason"] = given.text(reason, "--reason")
    look = _request_of(client, task, unit, request)
    return carry_out(client, Change("grant", args, task, look=look), options)


@verb(
    "refuse",
    example='lianxi task refuse T-0003 --unit U07 extension --reason "the flood season ends in May"',
    help=N_(
        "Refuse what a unit asks, with a reason.\n\n"
        "A refused objection gives the unit a new acknowledge limit and the same due. What is decided"
        " on is shown; refused when somebody acts in between."
    ),
)
@task_argument()
@_request
@unit_option
@reason_option
@option("--acknowledge-by", metavar="LIMIT", help=N_("The new acknowledge limit (objection)."))
@change_options
@click.pass_obj
def refuse(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    request: str,
    unit: str,
    reason: str,
    acknowledge_by: str | None,
    options: ChangeOptions,
) -> int:
    """One decision."""
    if acknowledge_by is not None and request != "objection":
        raise _does_not_go("--acknowledge-by", request)
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit, "request": request}
    args["reason"] = given.text(reason, "--reason")
    if acknowledge_by is not None:
        args["acknowledge_by"] = limit(client, acknowledge_by)
    look = _request_of(client, task, unit, request)
    return carry_out(client, Change("refuse", args, task, look=look), options)


def _does_not_go(name: str, request: str) -> CliError:
    reason = _("{option} does not go with: {request}.").format(option=name, request=word(request))
    return CliError("USAGE", reason=reason, command="lianxi task grant")


def _request_of(client: Client, task: str, unit: str, request: str) -> Callable[[], Seen]:
    """Looks at the undecided request and shows it: why, until when, how far the unit is."""

    def look() -> Seen:
        view = view_of(client, task)
        part = part_of(view, unit)
        asked = part.get(request)
        if not asked:
            raise CliError("NO_REQUEST", unit=unit, request=request)
        until = instant(asked.get("until"), how(client))
        show(
            client,
            f"{unit}: {word(request)}",
            instant(asked.get("at"), how(client)),
            _("asked until {time}").format(time=until) if until else "",
            _("due {time}").format(time=instant(part.get("due"), how(client))),
            percent(part.get("percent")),
        )
        show_text(client, asked.get("reason"))
        show_text(client, text_in(view, asked["event"], "progress"))
        return str(part["head"]), {"subject": asked["event"]}

    return look
