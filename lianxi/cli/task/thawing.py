"""`lianxi task thaw`, `lianxi conference thaw`: a frozen stream goes on from what stands (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client, items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.language import _
from lianxi.cli.render import instant
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import SHORT, how, place_of_task, reason_option, show
from lianxi.i18n import N_
from lianxi.ids import CONFERENCE_STREAM, task_stream


@verb(
    "thaw",
    example='lianxi task thaw T-0003 --reason "the trail stands; U07 files again"',
    help=N_(
        "Let a frozen task go on from what the trail holds.\n\n"
        "A task is frozen when another event stands in the trail than its workflow offers. The last"
        " event that stands is shown and signed for; what the workflow had answered beyond it is"
        " discarded, and its units are told to look whether their latest report stands. Look at"
        " lianxi audit findings and lianxi audit verify first. Asks first."
    ),
)
@task_argument()
@reason_option
@change_options
@click.pass_obj
def thaw(flags: Flags, task: str, reason: str, options: ChangeOptions) -> int:
    """One thaw of a task."""
    client, task = place_of_task(flags, task)
    return _thaw(client, task, reason, options)


@verb(
    "thaw",
    example='lianxi conference thaw --reason "the trail stands"',
    help=N_(
        "Let the frozen stream of the conference itself go on from what the trail holds.\n\n"
        "As lianxi task thaw, for registrations, keys and rules. Asks first."
    ),
)
@reason_option
@change_options
@click.pass_obj
def thaw_conference(flags: Flags, reason: str, options: ChangeOptions) -> int:
    """One thaw of the conference's stream."""
    return _thaw(Client(flags), None, reason, options)


def _thaw(client: Client, task: str | None, reason: str, options: ChangeOptions) -> int:
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    name = task or client.place.conference

    def look() -> Seen:
        last = _last_event(client, CONFERENCE_STREAM if task is None else task_stream(task), name)
        show(
            client,
            _("the last event that stands: {event}").format(event=str(last["hash"])[:SHORT]),
            f"{last['stream']}#{last['seq']} {last['kind']}",
            instant(last["at"], how(client)),
        )
        if not options.dry_run:
            question = _("Let {task} go on from the last event that stands").format(task=name)
            confirm(client.flags, question, yes=options.yes)
        return str(last["hash"]), {}

    return carry_out(client, Change("thaw", args, task, look=look), options)


def _last_event(client: Client, stream: str, name: str) -> dict[str, Any]:
    """The newest event that the trail holds of a stream; CliError NOT_FOUND where there is none."""
    found = items_of(client.read("events", stream=stream, order="newest", limit=1))
    if not found:
        raise CliError("UNKNOWN_TASK", task=name)
    return found[0]
