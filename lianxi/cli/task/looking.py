"""Looking at what is decided: a task, a unit's part, what waits there; shown before signing (cli layer)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.terminal import cut, dot, say, visible_line
from lianxi.i18n import N_

SHORT = 12
"""Characters of an event's hash that are shown and typed."""

LEAST = 6
"""Characters that name an event."""

unit_option = option(
    "--unit",
    required=True,
    metavar="UNIT",
    shell_complete=complete_unit,
    help=N_("Whose part it is."),
)
reason_option = option(
    "--reason", required=True, metavar="TEXT", help=N_("Why; - reads standard input.")
)


def place(flags: Flags, task: str, unit: str) -> tuple[Client, str, str]:
    """The client, and task and unit as ids."""
    client, task = place_of_task(flags, task)
    return client, task, given.unit_id(unit, Shelf(client.settings.state))


def place_of_task(flags: Flags, task: str) -> tuple[Client, str]:
    """The client, and the task's id."""
    client = Client(flags)
    return client, given.task_id(task, Shelf(client.settings.state))


def view_of(client: Client, task: str) -> dict[str, Any]:
    """The task as it stands now."""
    view = client.read(f"tasks/{task}")["task"]
    if not isinstance(view, dict):
        raise CliError("ANSWER_UNREADABLE", reason="task")
    return view


def part_of(view: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """The unit's part in a task; CliError UNIT_NOT_ON_TASK."""
    units: dict[str, dict[str, Any]] = {a["unit"]: a for a in view["assignments"]}
    if unit not in units:
        hint = _("Its units: {units}{suggestion}").format(
            units=", ".join(units), suggestion=given.suggestion(unit, list(units))
        )
        raise CliError("UNIT_NOT_ON_TASK", hint=hint, unit=unit, task=str(view["task"]))
    return units[unit]


def one_of(
    events: Sequence[tuple[str, str]], prefix: str | None, *, option: str, task: str, unit: str
) -> str:
    """The event meant, of those that wait (each with what it says): the only one, or by its prefix.

    Raises CliError NOT_ASKED where none waits, CHOOSE_ONE where several do.
    """
    found = [event for event, _text in events if event.startswith((prefix or "").lower())]
    if prefix is not None and len(prefix) < LEAST:
        found = []
    if len(found) == 1:
        return found[0]
    if not events:
        raise CliError("NOT_ASKED", task=task, unit=unit)
    lines = [f"  {event[:SHORT]}  {cut(visible_line(text), 80)}" for event, text in events]
    raise CliError("CHOOSE_ONE", option=option, task=task, events="\n".join(lines))


def show(client: Client, *parts: str) -> None:
    """One line of what is decided on, to whoever decides; a program reads it elsewhere."""
    if client.flags.text("output") not in ("json", "jsonl"):
        say(dot().join(part for part in parts if part))


def show_text(client: Client, text: str | None) -> None:
    """A text of what is decided on, below that line."""
    if text and client.flags.text("output") not in ("json", "jsonl"):
        say("  " + cut(visible_line(text), 200))


def how(client: Client) -> str:
    """How times are to be shown."""
    return client.flags.text("time_format") or "local"
