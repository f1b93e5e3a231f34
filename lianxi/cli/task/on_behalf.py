"""`lianxi task on-behalf`: the office files what a unit said by phone or on paper (cli layer).

The unit's own verb stands behind the flags of this one and is run as it is; `filing` wraps what it
would have filed.
"""

from importlib import import_module

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.change import change_options
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.filing import Behalf, file, file_for, happened
from lianxi.cli.task.looking import place, place_of_task
from lianxi.cli.task.reporting import happened_option
from lianxi.i18n import N_

VERBS = {
    "acknowledge": "lianxi.cli.task.on_behalf:acknowledge",
    "progress": "lianxi.cli.task.reporting:progress",
    "submit": "lianxi.cli.task.reporting:submit",
    "object": "lianxi.cli.task.requesting:object_",
    "extend": "lianxi.cli.task.requesting:extend",
    "stop": "lianxi.cli.task.requesting:stop",
    "retract": "lianxi.cli.task.requesting:retract",
    "concur": "lianxi.cli.task.answering:concur",
    "dissent": "lianxi.cli.task.answering:dissent",
    "answer": "lianxi.cli.task.answering:answer",
    "heed": "lianxi.cli.task.answering:heed",
}
"""What a unit can say by phone or on paper (lianxi.domain.task.deciding.repairing), by its verb."""


@verb(
    "acknowledge",
    example="lianxi task on-behalf T-0003 --unit U07 --via phone --basis TEXT acknowledge",
    help=N_("Acknowledge the task for the unit."),
)
@task_argument()
@happened_option
@change_options
@click.pass_obj
def acknowledge(flags: Flags, task: str, happened_at: str | None, options: ChangeOptions) -> int:
    """One acknowledgement; a unit itself types `lianxi ack`."""
    client, task = place_of_task(flags, task)
    return file(client, Change("acknowledge", happened(happened_at), task), options)


@verb(
    "on-behalf",
    example="lianxi task on-behalf T-0003 --unit U07 --via phone"
    ' --basis "call with the duty desk, 14:30" progress --percent 60 --text "two of three"\n'
    "lianxi task on-behalf T-0003 --unit U07 --via paper --basis letter-12 acknowledge",
    help=N_(
        "File what a unit said by phone or on paper.\n\n"
        "Behind the flags stands the unit's own verb with its flags: acknowledge, progress, submit,"
        " object, extend, stop, retract, concur, dissent, answer or heed. The unit is told and may"
        " dispute it."
    ),
    settings={"ignore_unknown_options": True},
)
@task_argument()
@click.argument("act", metavar="VERB", type=click.Choice(list(VERBS)))
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[FLAGS OF THE VERB]...")
@option(
    "--unit",
    required=True,
    metavar="UNIT",
    shell_complete=complete_unit,
    help=N_("Whose word it is."),
)
@option(
    "--via",
    required=True,
    type=click.Choice(["phone", "paper"]),
    help=N_("How it reached the office."),
)
@option(
    "--basis",
    required=True,
    metavar="TEXT",
    help=N_("What the office has in hand; - reads standard input."),
)
@change_options
@click.pass_context
def on_behalf(  # noqa: PLR0913  one parameter per option
    ctx: click.Context,
    task: str,
    act: str,
    words: tuple[str, ...],
    unit: str,
    via: str,
    basis: str,
    options: ChangeOptions,
) -> int:
    """One filing, by the unit's own verb."""
    flags = ctx.find_object(Flags) or Flags()
    _client, task, unit = place(flags, task, unit)
    file_for(ctx, Behalf(unit, via, given.text(basis, "--basis"), options))
    module, _colon, name = VERBS[act].partition(":")
    command: click.Command = getattr(import_module(module), name)
    with command.make_context(act, [task, *words], parent=ctx) as inner:
        code: int = command.invoke(inner)
    return code
