"""`lianxi task by-mistake`: the last act of the convener's side was a slip (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.render import instant, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import SHORT, how, part_of, place_of_task, reason_option, show, view_of
from lianxi.i18n import N_


@verb(
    "by-mistake",
    example='lianxi task by-mistake T-0003 --unit U07 --reason "returned the wrong unit"\n'
    'lianxi task by-mistake T-0003 --reason "closed the wrong task"',
    help=N_(
        "Reverse the last act of the convener's side, made by mistake.\n\n"
        "On a unit's part, or, without --unit, the closing or cancelling of the task: state, limits and"
        " cycle from before it come back, and it stays out of statistics. Nothing is edited. Refused"
        " once the unit has acted since. Shows what is reversed and asks first."
    ),
)
@task_argument()
@option(
    "--unit",
    metavar="UNIT",
    shell_complete=complete_unit,
    help=N_("On whose part; the task's end where it is left out."),
)
@reason_option
@change_options
@click.pass_obj
def by_mistake(
    flags: Flags, task: str, unit: str | None, reason: str, options: ChangeOptions
) -> int:
    """One act reversed."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    if unit is not None:
        unit = args["unit"] = given.unit_id(unit, Shelf(client.settings.state))

    def look() -> Seen:
        view = view_of(client, task)
        part = {} if unit is None else part_of(view, unit)
        undo = part.get("undo") or {}
        act = view.get("end_event") if unit is None else undo.get("act")
        if not act:
            raise CliError("ACTED_SINCE", task=task)
        events = {row.get("hash"): row for row in view.get("timeline") or ()}
        event = events.get(act, {})
        show(
            client,
            _("Reversed on {task}: {event}").format(
                task=task if unit is None else f"{task} {unit}",
                event=f"{event.get('kind') or ''} {act[:SHORT]}".strip(),
            ),
            instant(event.get("at"), how(client)),
            str(event.get("actor") or ""),
        )
        if undo.get("state"):
            due = instant(undo.get("due"), how(client))
            show(
                client,
                _("Comes back: {state}").format(state=word(undo["state"])),
                _("due {time}").format(time=due) if due else "",
                _("cycle {cycle}").format(cycle=undo["cycle"]) if undo.get("cycle") else "",
            )
        elif unit is None:
            show(client, _("Comes back: {state}").format(state=word("active")))
        if not options.dry_run:
            confirm(flags, _("Reverse this act"), yes=options.yes)
        return None, {"act": act}

    return carry_out(client, Change("by-mistake", args, task, look=look), options)
