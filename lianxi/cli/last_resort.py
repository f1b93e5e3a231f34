"""What stopped a command, as words or JSON and an exit code; no traceback without --debug (cli layer)."""

import json
from collections.abc import Sequence

import click

from lianxi.cli import terminal
from lianxi.cli.faults import CliError
from lianxi.cli.given import suggestion
from lianxi.cli.grammar import Flags
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.profiles import Settings
from lianxi.domain.refusal import Refusal
from lianxi.errors import in_catalogue


def explain(error: BaseException, flags: Flags) -> int:
    """Say what happened, why, and what to type next; the exit code."""
    if flags.on("debug") and not isinstance(error, click.ClickException):
        import traceback

        traceback.print_exception(error)
    fault = _as_fault(error)
    if fault.code == "UNKNOWN_TASK":
        fault.hint += _meant(flags, str(fault.params.get("task", "")))
    if _wants_json(flags.arguments, flags):
        terminal.say(json.dumps({"error": fault.as_json()}, ensure_ascii=True))
        return fault.exit_code
    terminal.say(terminal.visible(fault.message))
    if fault.hint:
        terminal.say(terminal.visible(fault.hint))
    return fault.exit_code


def _as_fault(error: BaseException) -> CliError:
    match error:
        case CliError():
            return error
        case Refusal():
            return _of_refusal(error)
        case click.exceptions.NoArgsIsHelpError():
            return CliError("USAGE", message=error.format_message(), hint="")
        case click.UsageError():
            command = error.ctx.command_path if error.ctx is not None else "lianxi"
            return CliError("USAGE", message=error.format_message(), command=command)
        case click.ClickException():
            return CliError("USAGE", message=error.format_message(), command="lianxi")
        case click.Abort() | KeyboardInterrupt():
            return CliError("INTERRUPTED")
        case _:
            what = f"{type(error).__name__}: {error}"
            return CliError(
                "INTERNAL",
                message=_("A fault in this client: {what}.").format(what=what),
                hint=_("Run it again with --debug and report what it shows."),
            )


def _of_refusal(refusal: Refusal) -> CliError:
    """What the pure layers refused before anything was sent."""
    return CliError.of(*in_catalogue(refusal.code, refusal.params))


def _meant(flags: Flags, task: str) -> str:
    """Which task of the lists shown so far was probably meant."""
    return suggestion(task, Shelf(Settings.of(flags).state).known("tasks"))


def _wants_json(words: Sequence[str], flags: Flags) -> bool:
    """Also when the line could not be parsed as far as -o."""
    wish = flags.text("output") or ""
    for at, word in enumerate(words):
        if word in ("-o", "--output") and at + 1 < len(words):
            wish = wish or words[at + 1]
        elif word.startswith(("-o", "--output=")):
            wish = wish or word.removeprefix("--output=").removeprefix("-o")
    return wish in ("json", "jsonl")
