"""Whether a command that some text prints is one that the program takes."""

import shlex

import click

from lianxi.cli.main import root


def parse(command: str) -> None:
    """Raises click's error where the program does not know these words as they stand."""
    words = shlex.split(command)[1:]
    context = root.make_context("lianxi", words, resilient_parsing=True)
    found: click.Command = root
    while isinstance(found, click.Group):
        name, inner, words = found.resolve_command(context, words)
        assert inner is not None
        found, context = inner, click.Context(inner, parent=context, info_name=name)
    with found.make_context(found.name, words):
        pass
