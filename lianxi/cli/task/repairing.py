"""`lianxi task dispute | correct`: what a unit puts right (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.change import change_options
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.render import instant, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.filing import file, happened, own_part
from lianxi.cli.task.looking import how, one_of, place_of_task, reason_option, show
from lianxi.cli.task.reporting import happened_option
from lianxi.cli.task.said import said_by
from lianxi.i18n import N_


@verb(
    "dispute",
    example='lianxi task dispute T-0003 --reason "we said 40 percent, not 60"',
    help=N_(
        "Dispute what the office filed on your unit's behalf.\n\n"
        "Possible for a few working days, as lianxi task show says; the office is told and puts it"
        " right."
    ),
)
@task_argument()
@reason_option
@happened_option
@change_options
@click.pass_obj
def dispute(
    flags: Flags, task: str, reason: str, happened_at: str | None, options: ChangeOptions
) -> int:
    """One dispute."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}

    def look() -> Seen:
        _view, part = own_part(client, task)
        filing = part.get("filing")
        if not filing:
            raise CliError("NOT_ASKED", task=task, unit=part["unit"])
        show(
            client,
            _("Filed on behalf of {unit}: {act}").format(
                unit=part["unit"], act=word(filing.get("act"))
            ),
            _("to be disputed by {time}").format(
                time=instant(filing.get("dispute_by"), how(client))
            ),
        )
        return None, {"filing": filing["event"]}

    return file(client, Change("dispute", args | happened(happened_at), task, look=look), options)


@verb(
    "correct",
    example="lianxi task correct T-0003 --percent 40\n"
    'lianxi task correct T-0003 --event 5f1c3a9d0e12 --text "One of three districts."',
    help=N_(
        "Correct a figure or a text of an earlier report.\n\n"
        "Without --event the last report. Both are shown from then on, the last counts; nothing is"
        " edited. Refused when somebody acts in between."
    ),
)
@task_argument()
@option("--percent", type=click.IntRange(0, 100), help=N_("The right figure, 0 to 100."))
@option("--text", metavar="TEXT", help=N_("The right text; - reads standard input."))
@option("--event", metavar="HASH", help=N_("Which report: the beginning of its event."))
@happened_option
@change_options
@click.pass_obj
def correct(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    percent: int | None,
    text: str | None,
    event: str | None,
    happened_at: str | None,
    options: ChangeOptions,
) -> int:
    """One correction."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {} if percent is None else {"percent": percent}
    if text is not None:
        args["text"] = given.text(text, "--text")
    if not args:
        raise CliError("INPUT_MISSING", option=_("--percent or --text"))

    def look() -> Seen:
        view, part = own_part(client, task)
        words = said_by(view)
        said = [(e, words.get(e, "")) for e in part.get("said") or ()]
        named = said if event is not None else said[-1:]
        found = one_of(named, event, option="--event HASH", task=task, unit=part["unit"])
        show(client, _("Report of {unit}").format(unit=part["unit"]), words.get(found, ""))
        return str(part["head"]), {"event": found}

    return file(client, Change("correct", args | happened(happened_at), task, look=look), options)
