"""The entry point: runs a command, turns what stops it into words and an exit code (cli layer)."""

import os
import sys
from collections.abc import Sequence

import click

from lianxi import __version__
from lianxi.cli import language
from lianxi.cli.grammar import Flags, LazyGroup, Option
from lianxi.cli.tree import ROOT_EXAMPLE, ROOT_HELP, ROOT_TABLE
from lianxi.i18n import N_


def _todo_when_bare() -> object:
    """`lianxi` alone is `lianxi todo`."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return None
    todo = root.get_command(ctx, "todo")
    if todo is None:
        raise LookupError("todo")
    with todo.make_context("todo", [], parent=ctx) as inner:
        return todo.invoke(inner)


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    """`--version`."""
    if wanted:
        click.echo(f"lianxi {__version__}")
        ctx.exit()


root = LazyGroup(
    "lianxi",
    params=[
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help=N_("The version."),
        )
    ],
    table=ROOT_TABLE,
    example=ROOT_EXAMPLE,
    help=ROOT_HELP,
    callback=_todo_when_bare,
    invoke_without_command=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    words = tuple(sys.argv[1:] if arguments is None else arguments)
    language.activate(language.choose(words, os.environ))
    _prepare_streams()
    flags = Flags(words)
    try:
        result = root.main(list(words), prog_name="lianxi", standalone_mode=False, obj=flags)
        sys.stdout.flush()
        _finish(flags)
    except BrokenPipeError:
        # whoever read stdout has gone: nothing more to say, and no traceback at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last resort
        # what only errors need costs the others no start-up time
        from lianxi.cli.last_resort import explain

        if isinstance(error, Exception) and not isinstance(error, click.Abort):
            # a gateway that refuses everything is no reason to forget what it has promised
            try:
                _finish(flags)
            except Exception as other:  # noqa: BLE001  what stopped the command is said last
                explain(other, flags)
        return explain(error, flags)
    return result if isinstance(result, int) else 0


def _finish(flags: Flags) -> None:
    """What is to be done once the command is over, each once."""
    acts = list(flags.at_end.values())
    try:
        for act in acts:
            act()
    finally:
        # what is done asks the gateway too, and would be done again for that
        flags.at_end.clear()


def _prepare_streams() -> None:
    """Make stdout and stderr write something for every character, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
