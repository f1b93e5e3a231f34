"""Arguments that several commands share, with their completion (cli layer)."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lianxi.cli.grammar import Flags, option
from lianxi.cli.kept import Shelf
from lianxi.cli.profiles import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)


def _known(what: str, incomplete: str) -> list[str]:
    shelf = Shelf(Settings.of(Flags()).state)
    return [name for name in shelf.known(what) if name.lower().startswith(incomplete.lower())]


def complete_task(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Tasks of the lists shown so far."""
    del ctx, parameter
    return _known("tasks", incomplete)


def complete_unit(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Units of the lists shown so far."""
    del ctx, parameter
    return _known("units", incomplete)


def task_argument() -> Callable[[_Command], _Command]:
    """The task a command is about."""
    return click.argument("task", metavar="TASK", shell_complete=complete_task)


def tasks_option(text: str) -> Callable[[_Command], _Command]:
    """Only these tasks, of a command that goes through several; `text` is its help."""
    return option(
        "--task", "tasks", multiple=True, metavar="TASK", shell_complete=complete_task, help=text
    )
