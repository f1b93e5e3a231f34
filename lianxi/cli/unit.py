"""`lianxi unit`: the member units (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit
from lianxi.cli.client import items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import group, verb
from lianxi.cli.language import current
from lianxi.cli.reading import Reading, reading, remember
from lianxi.cli.render import Column, show_rows, show_thing
from lianxi.cli.terminal import visible_line
from lianxi.cli.tree import UNIT_TABLE
from lianxi.i18n import N_

unit = group(
    "unit",
    table=UNIT_TABLE,
    example="lianxi unit list",
    help=N_("The member units."),
)


def _name(names: Any, _how: str = "") -> str:
    if not isinstance(names, dict):
        return ""
    return visible_line(str(names.get(current()) or next(iter(names.values()), "")))


def _count(keys: Any, _how: str = "") -> str:
    return str(len(keys)) if isinstance(keys, list) else ""


def _joined(values: Any, _how: str = "") -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else ""


COLUMNS = (
    Column("unit", N_("unit")),
    Column("names", N_("name"), _name),
    Column("role", N_("role")),
    Column("language", N_("language")),
    Column("channels", N_("channels"), _joined),
    Column("keys", N_("keys"), _count),
)


@verb(
    "list",
    example="lianxi unit list",
    help=N_("List the member units and whether they hold a key."),
)
@reading()
def list_units(run: Reading) -> None:
    """All of them."""
    show_rows(_units(run), COLUMNS, run.form)


@verb("show", example="lianxi unit show U07", help=N_("One unit and its keys."))
@click.argument("unit", metavar="UNIT", shell_complete=complete_unit)
@reading()
def show_unit(run: Reading, unit: str) -> None:
    """One of them."""
    wanted = given.unit_id(unit, run.shelf)
    units = {str(item["unit"]): item for item in _units(run)}
    if wanted not in units:
        meant = given.suggestion(wanted, list(units)).removeprefix("; ")
        raise CliError("UNKNOWN_UNIT", unit=wanted, hint=meant or None)
    found = units[wanted]
    lines = [
        f"{found['unit']}  {_name(found.get('names'))}",
        *(str(key) for key in found.get("keys", ())),
    ]
    show_thing({"schema": 1, "unit": found}, run.form, lambda: "\n".join(lines))


def _units(run: Reading) -> list[dict[str, Any]]:
    items = items_of(run.client.read("units"))
    remember(run.shelf, items)
    return items
