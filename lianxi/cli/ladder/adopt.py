"""`lianxi ladder adopt`: other rules for the tasks issued from now on (cli layer; pydantic)."""

from collections.abc import Iterator
from typing import Any

import click

from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.ladder.source import rules_of_conference, rules_of_file
from lianxi.cli.language import _
from lianxi.cli.render import Column, table
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import say, visible_line
from lianxi.domain.rules import Rules
from lianxi.i18n import N_

DIFFERENCES = (
    Column("field", N_("field"), limit=64),
    Column("before", N_("before")),
    Column("after", N_("after")),
)


@verb(
    "adopt",
    example="lianxi ladder adopt rules.yaml",
    help=N_(
        "Adopt other rules.\n\n"
        "Shows what is different, then asks. The file's version must be later than the one in force."
        " Tasks issued from now on follow the new rules; those that are open keep theirs."
    ),
)
@click.argument("file", metavar="FILE")
@change_options
@click.pass_obj
def adopt(flags: Flags, file: str, options: ChangeOptions) -> int:
    """One command of the conference."""
    rules = rules_of_file(file)
    client = Client(flags)
    present = rules_of_conference(client)
    rows = list(_differences(present, rules))
    if flags.text("output") not in ("json", "jsonl"):
        say(table(rows, DIFFERENCES, "local") if rows else _("It says what is in force."))
    if rows and not options.dry_run:
        question = _("Adopt version {version} of the rules ({count} differences to {now})").format(
            version=rules.version, count=len(rows), now=present.version
        )
        confirm(flags, question, yes=options.yes)
    change = Change("adopt-rules", {"rules": rules.model_dump(mode="json", exclude_none=True)})
    return carry_out(client, change, options)


def _differences(before: Rules, after: Rules) -> Iterator[dict[str, Any]]:
    old = dict(_leaves(before.model_dump(mode="json", exclude_none=True), ""))
    new = dict(_leaves(after.model_dump(mode="json", exclude_none=True), ""))
    for field in dict.fromkeys([*old, *new]):
        if old.get(field) != new.get(field):
            yield {"field": field, "before": old.get(field), "after": new.get(field)}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every single value by its path; a rung goes by its name, so that one more shifts no other."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        names = [str(item["name"]) for item in value]
        yield f"{path} (order)", ", ".join(names)
        for name, item in zip(names, value, strict=True):
            yield from _leaves(item, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, visible_line(str(value))
