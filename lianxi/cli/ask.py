"""Asking: only at a terminal, and only before bulk or irreversible acts (cli layer)."""

import sys

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from lianxi.cli.language import _
from lianxi.cli.terminal import is_terminal

BULK = 3
"""From so many acts at once on, somebody has to confirm."""


def may_ask(flags: Flags) -> bool:
    """Whether somebody is there to answer."""
    return not flags.on("no_input") and is_terminal(sys.stdin) and is_terminal(sys.stderr)


def confirm(flags: Flags, what: str, *, yes: bool) -> None:
    """Go on only with --yes or a yes at the terminal."""
    if yes:
        return
    if not may_ask(flags):
        raise CliError("CONFIRMATION_NEEDED", what=what)
    import click

    if not click.confirm(what, err=True):
        raise CliError("DECLINED")


def missing(flags: Flags, option: str, question: str, *, choices: str = "") -> str:
    """Ask for what was not given; the answer joins the command line that a repeat would need.

    `choices`: every option that would do, where there are several.
    """
    if not may_ask(flags):
        raise CliError("INPUT_MISSING", option=choices or option)
    import click

    answer = str(click.prompt(_(question), err=True))
    flags.prompted += [option, answer]
    return answer
