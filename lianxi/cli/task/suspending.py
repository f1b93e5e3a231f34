"""`lianxi task suspend | resume`: the office stops a unit's clock and lets it run on (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.limits import limit
from lianxi.cli.render import instant, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import (
    how,
    part_of,
    place,
    reason_option,
    show,
    unit_option,
    view_of,
)
from lianxi.i18n import N_


@verb(
    "suspend",
    example="lianxi task suspend T-0003 --unit U07 --review-by 20wd"
    ' --reason "the bridge is closed until spring"',
    help=N_(
        "Stop a unit's clock.\n\nThe office looks at it again by a day that it names here; until then"
        " nothing is due and nobody is late."
    ),
)
@task_argument()
@unit_option
@reason_option
@option("--review-by", required=True, metavar="LIMIT", help=N_("When the office looks again."))
@change_options
@click.pass_obj
def suspend(
    flags: Flags, task: str, unit: str, reason: str, review_by: str, options: ChangeOptions
) -> int:
    """One suspension."""
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit, "reason": given.text(reason, "--reason")}
    args["review_by"] = limit(client, review_by)

    def look() -> Seen:
        part = part_of(view_of(client, task), unit)
        due = instant(part.get("due"), how(client))
        show(client, unit, word(part.get("state")), _("due {time}").format(time=due))
        return str(part["head"]), {}

    return carry_out(client, Change("suspend", args, task, look=look), options)


@verb(
    "resume",
    example="lianxi task resume T-0003 --unit U07\nlianxi task resume T-0003 --unit U07 --due 15wd",
    help=N_(
        "Let a suspended unit's clock run on.\n\n"
        "Its due moves by the time suspended, counted as its limit counts. A due that is a fixed time"
        " does not move: name a new one."
    ),
)
@task_argument()
@unit_option
@option("--due", metavar="LIMIT", help=N_("The new due."))
@change_options
@click.pass_obj
def resume(flags: Flags, task: str, unit: str, due: str | None, options: ChangeOptions) -> int:
    """One resumption."""
    client, task, unit = place(flags, task, unit)
    args: dict[str, Any] = {"unit": unit}
    if due is not None:
        args["due"] = limit(client, due)

    def look() -> Seen:
        part = part_of(view_of(client, task), unit)
        since = (part.get("suspension") or {}).get("since")
        before = instant(part.get("due"), how(client))
        show(
            client,
            unit,
            word(part.get("state")),
            _("since {time}").format(time=instant(since, how(client))) if since else "",
            _("due {time}").format(time=before),
        )
        return str(part["head"]), {}

    return carry_out(client, Change("resume", args, task, look=look), options)
