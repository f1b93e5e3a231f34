"""`lianxi calendar build`: the package's days, with overrides, as a file (cli layer; pydantic)."""

import json

import click

from lianxi.cli.calendar.source import (
    Setting,
    built,
    country_option,
    setting_for_file,
    years_ahead,
)
from lianxi.cli.change import identity
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_named
from lianxi.cli.terminal import put_bytes, say
from lianxi.domain.calendar import FIRST_YEAR, LAST_YEAR
from lianxi.i18n import N_


@verb(
    "build",
    example="lianxi calendar build --years 2026-2031 --overrides days.yaml --to calendar.json",
    help=N_(
        "Write a calendar file.\n\n"
        "Holidays and make-up days are the package's for the country; days of the override file go"
        " before them. Look at it (calendar show --file), then adopt it (calendar adopt)."
    ),
)
@country_option
@option("--years", metavar="FROM-TO", help=N_("Which years; five ahead unless named."))
@option("--overrides", metavar="FILE", help=N_("A file with the conference's own days (YAML)."))
@option("--zone", metavar="ZONE", help=N_("The time zone; the conference's unless named."))
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@click.pass_obj
def build(
    flags: Flags,
    country: str,
    years: str | None,
    overrides: str | None,
    zone: str | None,
    to: str,
) -> int:
    """Nothing is sent."""
    setting = Setting(zone) if zone else setting_for_file(Client(flags))
    chosen = years_ahead() if years is None else _years(years)
    calendar = built(country, setting, years=chosen, overrides=overrides)
    document = {"schema": 1, "calendar": calendar.model_dump(mode="json", exclude_none=True)}
    data = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    if to == "-":
        put_bytes(data)
        return 0
    write_named(to, data)
    say(
        _("{path}: {count} entries, announced until {day}").format(
            path=to, count=len(calendar.entries), day=calendar.known_until.isoformat()
        )
    )
    adopt = f"lianxi calendar adopt {to} --dry-run" + identity(flags)
    say(_("next: {command}").format(command=adopt))
    return 0


def _years(text: str) -> range:
    first, _dash, last = text.partition("-")
    numbers = [part.strip() for part in (first, last or first)]
    if all(part.isascii() and part.isdigit() for part in numbers):
        begin, end = int(numbers[0]), int(numbers[1])
        if FIRST_YEAR < begin <= end < LAST_YEAR:
            return range(begin, end + 1)
    raise CliError("ID_INVALID", given=text, what=_("a span of years"), suggestion="")
