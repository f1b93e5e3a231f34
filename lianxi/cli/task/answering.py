"""`lianxi task concur | dissent | answer | heed`: what a unit answers when it is asked (cli layer)."""

from collections.abc import Callable
from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.ask import missing
from lianxi.cli.change import change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.given import Sealed
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.render import instant
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.filing import file, happened, own_part, speaker
from lianxi.cli.task.looking import (
    how,
    one_of,
    place_of_task,
    reason_option,
    show,
    show_text,
)
from lianxi.cli.task.reporting import happened_option
from lianxi.i18n import N_


@verb(
    "concur",
    example="lianxi task concur T-0003",
    help=N_(
        "Agree with the lead's submission.\n\n"
        "Says so of the submission that is asked about, which is shown; refused when another one came"
        " in since lianxi task show."
    ),
)
@task_argument()
@happened_option
@change_options
@click.pass_obj
def concur(flags: Flags, task: str, happened_at: str | None, options: ChangeOptions) -> int:
    """One agreement."""
    client, task = place_of_task(flags, task)
    look = _asked_about(client, task)
    return file(client, Change("concur", happened(happened_at), task, look=look), options)


@verb(
    "dissent",
    example='lianxi task dissent T-0003 --reason "two districts are missing"',
    help=N_(
        "Dissent from the lead's submission.\n\n"
        "Your reason is shown beside the submission. It never blocks: accepting over it needs a reason."
    ),
)
@task_argument()
@reason_option
@happened_option
@change_options
@click.pass_obj
def dissent(
    flags: Flags, task: str, reason: str, happened_at: str | None, options: ChangeOptions
) -> int:
    """One dissent."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    look = _asked_about(client, task)
    return file(client, Change("dissent", args | happened(happened_at), task, look=look), options)


@verb(
    "answer",
    example='lianxi task answer T-0003 --text "Two of three districts are done, the third on Friday."',
    help=N_(
        "Answer a warning with an explanation.\n\nIt is asked for by a time that the warning names."
    ),
)
@task_argument()
@option("--text", metavar="TEXT", help=N_("Your explanation; - reads standard input."))
@option("-f", "--file", "path", metavar="FILE", help=N_("Your explanation, from a text file."))
@happened_option
@change_options
@click.pass_obj
def answer(
    flags: Flags,
    task: str,
    text: str | None,
    path: str | None,
    happened_at: str | None,
    options: ChangeOptions,
) -> int:
    """One explanation."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {"text": _explanation(flags, text, path)}

    def look() -> Seen:
        _view, part = own_part(client, task)
        warning = part.get("warning")
        if not warning:
            raise CliError("NOT_ASKED", task=task, unit=speaker(client))
        explain_by = instant(warning.get("explain_by"), how(client))
        show(client, _("Warning to {unit}").format(unit=part["unit"]), _by(explain_by))
        return None, {"warning": warning["event"]}

    return file(client, Change("answer", args | happened(happened_at), task, look=look), options)


@verb(
    "heed",
    example="lianxi task heed T-0003\nlianxi task heed T-0003 --event 5f1c3a9d0e12",
    help=N_(
        "Acknowledge an instruction.\n\nWhere several wait, name one by the beginning of its event."
    ),
)
@task_argument()
@option("--event", metavar="HASH", help=N_("Which instruction: the beginning of its event."))
@happened_option
@change_options
@click.pass_obj
def heed(
    flags: Flags, task: str, event: str | None, happened_at: str | None, options: ChangeOptions
) -> int:
    """One acknowledgement."""
    client, task = place_of_task(flags, task)

    def look() -> Seen:
        view, part = own_part(client, task)
        asked = {
            i["event"]: str(i.get("text") or "")
            for i in view.get("instructions") or ()
            if i.get("acknowledge") and part["unit"] in i.get("units", ())
        }
        waiting = [e for e in asked if e in (part.get("instructions") or ())]
        # without a name the one that waits; where none does the last, of which the conference says so
        named = list(asked) if event is not None else waiting or list(asked)[-1:]
        choices = [(e, asked[e]) for e in named]
        found = one_of(choices, event, option="--event HASH", task=task, unit=part["unit"])
        show(client, _("Instruction to {unit}").format(unit=part["unit"]))
        show_text(client, asked[found])
        return None, {"instruction": found}

    return file(client, Change("heed", happened(happened_at), task, look=look), options)


def _asked_about(client: Client, task: str) -> Callable[[], Seen]:
    """Looks at the submission that is asked about, shows it, and holds to what was shown before."""

    def look() -> Seen:
        view, part = own_part(client, task)
        concurrence = view.get("concurrence")
        if not concurrence or part["unit"] not in concurrence.get("asked", ()):
            raise CliError("NOT_ASKED", task=task, unit=part["unit"])
        submission = str(concurrence["submission"])
        lead: dict[str, Any] = next(
            (a for a in view["assignments"] if a.get("role") == "lead"), {"unit": ""}
        )
        shown = Shelf(client.settings.state).seen(task).get(lead["unit"])
        if shown is not None and shown != submission:
            raise CliError("STALE")
        show(
            client,
            _("Submission of {unit}").format(unit=lead["unit"]),
            instant(concurrence.get("at"), how(client)),
            _by(instant(concurrence.get("answer_by"), how(client))),
        )
        show_text(client, lead.get("report"))
        return None, {"submission": submission}

    return look


def _explanation(flags: Flags, text: str | None, path: str | None) -> Sealed:
    if text is not None and path is not None:
        reason = _("Give --text or --file, not both.")
        raise CliError("USAGE", reason=reason, command="lianxi task answer")
    if path is not None:
        return given.text_file(path, "--file")
    if text is None:
        text = missing(flags, "--text", N_("Your explanation"), choices=_("--text or --file"))
    return given.text(text, "--text")


def _by(time: str) -> str:
    return _("answer by {time}").format(time=time) if time else ""
