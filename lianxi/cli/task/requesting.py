"""`lianxi task object | extend | stop | retract`: what a unit asks the office to decide (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.change import change_options
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.limits import limit
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.filing import file, happened
from lianxi.cli.task.looking import place_of_task, reason_option
from lianxi.cli.task.reporting import happened_option
from lianxi.i18n import N_

REQUESTS = ("extension", "stop", "objection")


@verb(
    "object",
    example='lianxi task object T-0003 --reason "water gauges are the duty of U09"',
    help=N_(
        "Object to an assignment.\n\n"
        "Says that the task is not your unit's, or not as it stands. Possible until the acknowledge"
        " limit; from then on nobody is late before the office has decided."
    ),
)
@task_argument()
@reason_option
@happened_option
@change_options
@click.pass_obj
def object_(
    flags: Flags, task: str, reason: str, happened_at: str | None, options: ChangeOptions
) -> int:
    """One objection."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    return file(client, Change("object", args | happened(happened_at), task), options)


@verb(
    "extend",
    example='lianxi task extend T-0003 --until 2026-12-15 --reason "the river is still high"',
    help=N_(
        "Ask for more time.\n\n"
        "Possible before due. Where it is asked early enough (by the default rules one working day"
        " before due), nobody is late before the office has decided; the clock runs until it grants."
    ),
)
@task_argument()
@option("--until", required=True, metavar="LIMIT", help=N_("The due you ask for."))
@reason_option
@option("--progress", metavar="TEXT", help=N_("How far you are; - reads standard input."))
@happened_option
@change_options
@click.pass_obj
def extend(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    until: str,
    reason: str,
    progress: str | None,
    happened_at: str | None,
    options: ChangeOptions,
) -> int:
    """One request."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"until": limit(client, until)}
    args["reason"] = given.text(reason, "--reason")
    if progress is not None:
        args["progress"] = given.text(progress, "--progress")
    return file(client, Change("extend", args | happened(happened_at), task), options)


@verb(
    "stop",
    example='lianxi task stop T-0003 --reason "the district was merged"',
    help=N_("Ask that your part be stopped.\n\nThe office decides; until then the clock runs."),
)
@task_argument()
@reason_option
@happened_option
@change_options
@click.pass_obj
def stop(
    flags: Flags, task: str, reason: str, happened_at: str | None, options: ChangeOptions
) -> int:
    """One request."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    return file(client, Change("stop", args | happened(happened_at), task), options)


@verb(
    "retract",
    example="lianxi task retract T-0003 extension",
    help=N_("Take your own request back.\n\nPossible until the office has decided on it."),
)
@task_argument()
@click.argument("request", type=click.Choice(REQUESTS))
@happened_option
@change_options
@click.pass_obj
def retract(
    flags: Flags, task: str, request: str, happened_at: str | None, options: ChangeOptions
) -> int:
    """One request taken back."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"request": request}
    return file(client, Change("retract", args | happened(happened_at), task), options)
