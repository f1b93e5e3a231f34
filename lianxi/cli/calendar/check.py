"""`lianxi calendar check`: whether a calendar can be taken, and how far it is known (cli layer; pydantic)."""

from datetime import date
from typing import Any

import click

from lianxi.cli.calendar.days import (
    DIFFERENCE_COLUMNS,
    ONE_DAY,
    differences,
    last_year,
    provisional_years,
)
from lianxi.cli.calendar.source import (
    Setting,
    built,
    country_option,
    needed_calendar,
    of_file,
    setting_for_file,
)
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import show_thing, table
from lianxi.cli.terminal import visible_line
from lianxi.cli.words import FINAL_STATES
from lianxi.domain.calendar import Calendar
from lianxi.i18n import N_

SHOWN = 10
"""So many provisional deadlines are named; JSON has all."""


@verb(
    "check",
    example="lianxi calendar check\nlianxi calendar check days.yaml",
    help=N_(
        "Check an override file, or the conference's calendar.\n\n"
        "Says until when it is announced, which years and which deadlines are provisional, and on"
        " which days it says something else than the package holidays."
    ),
)
@click.argument("file", required=False, metavar="[FILE]")
@country_option
@reading()
def check(run: Reading, file: str | None, country: str) -> None:
    """A calendar that cannot be taken is refused with its places; the others are described."""
    if file is None:
        calendar = needed_calendar(run.client)
        deadlines = _provisional(run.client)
    else:
        calendar = of_file(file, country, setting_for_file(run.client), 1)
        deadlines = []
    document = {
        "schema": 1,
        "file": file,
        "version": calendar.version,
        "zone": calendar.zone,
        "opens": calendar.opens,
        "closes": calendar.closes,
        "known_until": calendar.known_until.isoformat(),
        "provisional_years": provisional_years(calendar),
        "country": country,
        "differences": _against_package(calendar, country),
        "provisional_deadlines": deadlines,
    }
    show_thing(document, run.form, lambda: "\n".join(_lines(document, run.form.time_format)))


def _provisional(client: Client) -> list[dict[str, Any]]:
    """Open deadlines past what is announced: of all units, or of one's own."""
    return [
        {"task": row["task"], "unit": row["unit"], "due": row.get("due")}
        for row in client.pages("assignments")
        if row.get("provisional") and row.get("state") not in FINAL_STATES
    ]


def _against_package(calendar: Calendar, country: str) -> list[dict[str, Any]]:
    """The announced days, day by day against the package's."""
    first = min((entry.first.year for entry in calendar.entries), default=last_year(calendar))
    until = min(calendar.known_until, date(max(last_year(calendar), first), 12, 31))
    if date(first, 1, 1) > until:
        return []
    setting = Setting(calendar.zone, calendar.opens, calendar.closes)
    try:
        package = built(country, setting, years=range(first, until.year + 1))
    except CliError as error:
        if error.code != "CALENDAR_NOT_MADE":
            raise
        return []
    return differences(calendar, package, date(first, 1, 1), min(until, package.known_until))


def _lines(document: dict[str, Any], how: str) -> list[str]:
    years = ", ".join(str(year) for year in document["provisional_years"])
    known = date.fromisoformat(document["known_until"])
    lines = [
        _("{what} can be taken: version {version}, {opens}-{closes}, {zone}").format(
            **document | {"what": visible_line(document["file"] or _("The conference's calendar"))}
        ),
        _("announced until {day}; provisional from {next} on").format(
            day=known.isoformat(), next=(known + ONE_DAY).isoformat()
        ),
    ]
    if years:
        lines.append(_("provisional years: {years}").format(years=years))
    found = document["differences"]
    if found:
        lines.append(
            _("{count} days are other than in the package holidays for {country} (there):").format(
                count=len(found), country=document["country"]
            )
        )
        lines.append(table(found, DIFFERENCE_COLUMNS, how))
    else:
        lines.append(
            _("no announced day is other than in the package holidays for {country}").format(
                country=document["country"]
            )
        )
    deadlines = document["provisional_deadlines"]
    if document["file"] is None:
        lines.append(_("{count} open deadlines are provisional").format(count=len(deadlines)))
        lines += [f"  {row['task']} {row['unit']} {row['due']}" for row in deadlines[:SHOWN]]
    return lines
