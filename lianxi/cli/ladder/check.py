"""`lianxi ladder check`: whether a rules file can be taken (cli layer; pydantic)."""

import click

from lianxi.cli.grammar import verb
from lianxi.cli.ladder.source import rules_of_file
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import visible_line
from lianxi.i18n import N_


@verb(
    "check",
    example="lianxi ladder check rules.yaml",
    help=N_(
        "Check a rules file.\n\n"
        "Every problem with line and column: fields, rungs that could never fire, tell nobody or stand"
        " in the wrong order. Nothing is sent."
    ),
)
@click.argument("file", metavar="FILE")
@reading()
def check(run: Reading, file: str) -> None:
    """Refused with its places, or described."""
    rules = rules_of_file(file)
    document = {
        "schema": 1,
        "file": file,
        "version": rules.version,
        "rungs": [rung.name for rung in rules.ladder.rungs],
        "office": [rung.name for rung in rules.ladder.office or ()],
    }
    show_thing(
        document,
        run.form,
        lambda: _("{path} can be taken: version {version}, {rungs} rungs").format(
            path=visible_line(file), version=rules.version, rungs=len(rules.ladder.rungs)
        ),
    )
