"""`lianxi task progress | submit | recall`: what a unit files about its own assignment (cli layer)."""

import re
from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.ask import missing
from lianxi.cli.change import change_options
from lianxi.cli.faults import CliError
from lianxi.cli.given import PLAIN, Sealed
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.filing import file, happened
from lianxi.cli.task.looking import place_of_task
from lianxi.i18n import N_

MAX_EVIDENCE = 16

_PERIOD = re.compile(r"[0-9]{4}-(W[0-9]{2}|[0-9]{2}|Q[1-4])", re.ASCII)
"""As in lianxi.domain.reports."""

happened_option = option("--happened-at", metavar="TIME", help=N_("When it happened, if not now."))
_reason = option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))


@verb(
    "progress",
    example='lianxi task progress T-0003 --percent 60 --text "Two of three districts done."\n'
    'lianxi task progress T-0003 --period 2026-11 --text "Report of November."',
    help=N_(
        "Report progress.\n\n"
        "In percent, in words, or both; asks for words where neither is given. Acknowledges too."
        " Where periodic reports are due it files the oldest one that is open, or the one named."
    ),
)
@task_argument()
@option("--percent", type=click.IntRange(0, 100), help=N_("How far, 0 to 100."))
@option("--text", metavar="TEXT", help=N_("In words; - reads standard input."))
@option("-f", "--file", "path", metavar="FILE", help=N_("In words, from a text file."))
@option(
    "--period",
    metavar="2026-11",
    help=N_("Which periodic report it is: 2026-W48, 2026-11 or 2026-Q4."),
)
@happened_option
@change_options
@click.pass_obj
def progress(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    percent: int | None,
    text: str | None,
    path: str | None,
    period: str | None,
    happened_at: str | None,
    options: ChangeOptions,
) -> int:
    """One report."""
    if period is not None and not _PERIOD.fullmatch(period):
        raise CliError("ID_INVALID", given=period, what=_("a period"), suggestion="")
    client, task = place_of_task(flags, task)
    words = _words(text, path)
    if percent is None and words is None:
        choices = _("--percent, --text or --file")
        asked = missing(flags, "--text", N_("Progress, in words"), choices=choices)
        words = given.text(asked, "--text")
    args: dict[str, Any] = {} if percent is None else {"percent": percent}
    if words is not None:
        args["text"] = words
    if period is not None:
        args["period"] = period
    return file(client, Change("progress", args | happened(happened_at), task), options)


@verb(
    "submit",
    example="lianxi task submit T-0003 --report report.docx --evidence a.pdf b.pdf\n"
    'lianxi task submit T-0003 --text "All done, see the list." --evidence list.csv',
    help=N_(
        "Report completion, with evidence.\n\n"
        "The report is a file or a text; evidence is up to 16 files. What is read once is what is"
        " sealed and sent. No lists of names, please: counts and documents. Acknowledges too."
    ),
)
@task_argument()
@click.argument("more", nargs=-1, metavar="[MORE EVIDENCE]...", type=click.Path())
@option("--report", metavar="FILE", help=N_("The report as a file."))
@option("--text", metavar="TEXT", help=N_("The report in words; - reads standard input."))
@option(
    "--evidence",
    multiple=True,
    metavar="FILE...",
    type=click.Path(),
    help=N_("Files that show it."),
)
@happened_option
@change_options
@click.pass_obj
def submit(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    task: str,
    more: tuple[str, ...],
    report: str | None,
    text: str | None,
    evidence: tuple[str, ...],
    happened_at: str | None,
    options: ChangeOptions,
) -> int:
    """One submission: report and evidence are handed in, then named by the command."""
    client, task = place_of_task(flags, task)
    if more and not evidence:
        raise CliError(
            "USAGE", reason=_("Files stand behind --evidence."), command="lianxi task submit"
        )
    if report is not None and text is not None:
        raise CliError(
            "USAGE", reason=_("Give --report or --text, not both."), command="lianxi task submit"
        )
    paths = [*evidence, *more]
    if len(paths) > MAX_EVIDENCE:
        raise CliError(
            "USAGE",
            reason=_("At most {limit} files of evidence.").format(limit=MAX_EVIDENCE),
            command="lianxi task submit",
        )
    sealed = _report(flags, report, text)
    args: dict[str, Any] = {"report": sealed}
    if sealed.media != PLAIN:
        args["report_media"] = sealed.media
    if paths:
        files = [given.file(path) for path in paths]
        args["evidence"] = [{"file": file, "media": file.media} for file in files]
    return file(client, Change("submit", args | happened(happened_at), task), options)


@verb(
    "recall",
    example='lianxi task recall T-0003 --reason "wrong annex"',
    help=N_("Take your submission back.\n\nPossible until the office has decided on it."),
)
@task_argument()
@_reason
@happened_option
@change_options
@click.pass_obj
def recall(
    flags: Flags, task: str, reason: str | None, happened_at: str | None, options: ChangeOptions
) -> int:
    """One recall."""
    client, task = place_of_task(flags, task)
    args: dict[str, Any] = {} if reason is None else {"reason": given.text(reason, "--reason")}
    return file(client, Change("recall", args | happened(happened_at), task), options)


def _words(text: str | None, path: str | None) -> Sealed | None:
    if text is not None and path is not None:
        raise CliError(
            "USAGE", reason=_("Give --text or --file, not both."), command="lianxi task progress"
        )
    if path is not None:
        return given.text_file(path, "--file")
    return None if text is None else given.text(text, "--text")


def _report(flags: Flags, path: str | None, text: str | None) -> Sealed:
    if path is not None:
        return given.file(path)
    if text is None:
        choices = _("--report or --text")
        text = missing(flags, "--text", N_("The report, in words"), choices=choices)
    return given.text(text, "--text")
