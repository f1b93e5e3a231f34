"""`lianxi ladder simulate | replay`: what will fire, what others would have shown (cli layer; pydantic)."""

from typing import Any

import click

from lianxi.cli import given, times
from lianxi.cli.arguments import task_argument
from lianxi.cli.calendar.source import (
    conference_calendar,
    continued,
    country_option,
    of_file,
    setting_of,
)
from lianxi.cli.client import items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.ladder.source import rules_of_file
from lianxi.cli.ladder.words import rule_word, rule_words
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, moment, reading, remember
from lianxi.cli.render import Column, instant, light, show_rows, yes_no
from lianxi.cli.terminal import say
from lianxi.i18n import N_

MAX_DAYS = 5 * 366

FORESEEN = (
    Column("at", N_("at"), instant),
    Column("unit", N_("unit")),
    Column("kind", N_("what"), rule_word),
    Column("rung", N_("rung")),
    Column("to", N_("tells"), rule_words),
)

WOULD = (
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("light", N_("light"), light),
    Column("since", N_("since"), instant),
    Column("until", N_("until"), instant),
    Column("was", N_("was so anyway"), yes_no),
)


@verb(
    "simulate",
    example="lianxi ladder simulate T-0003 --days 90",
    help=N_(
        "What fires when, from now on.\n\n"
        "If nobody acts before: every rung, reminder and report of the task, in order. Changes nothing."
    ),
)
@task_argument()
@option(
    "--days",
    type=click.IntRange(1, MAX_DAYS),
    default=60,
    show_default=True,
    help=N_("So many days ahead."),
)
@reading("unit")
def simulate(run: Reading, task: str, days: int) -> None:
    """A row per event that a rule would cause."""
    name = given.task_id(task, run.shelf)
    answer = run.client.read(f"tasks/{name}/simulate", days=days)
    unit = run.query["unit"]
    rows = [row for row in items_of(answer) if unit in (None, row.get("unit"))]
    remember(run.shelf, rows)
    show_rows(rows, FORESEEN, run.form, nothing=N_("Nothing fires in this time."))


@verb(
    "replay",
    example="lianxi ladder replay --rules rules.yaml --since 2026-01-01",
    help=N_(
        "Who would have been yellow or red under other rules.\n\n"
        "Runs a rules file, another calendar or both over what was recorded. What was so anyway is"
        " marked. Changes nothing."
    ),
)
@option("--rules", "rules_path", metavar="FILE", help=N_("The rules (YAML or JSON)."))
@option(
    "--calendar", "calendar_path", metavar="FILE", help=N_("The calendar: override file or JSON.")
)
@country_option
@option("--since", "begin", required=True, metavar="TIME", help=N_("From this time on."))
@reading("task", "unit")
def replay(
    run: Reading,
    rules_path: str | None,
    calendar_path: str | None,
    country: str,
    begin: str,
) -> None:
    """A row per time in which a unit would have been of a colour."""
    if rules_path is None and calendar_path is None:
        raise CliError("INPUT_MISSING", option="--rules FILE / --calendar FILE")
    since = moment(begin)
    question: dict[str, Any] = {"since": since}
    if rules_path is not None:
        rules = rules_of_file(rules_path)
        question["rules"] = rules.model_dump(mode="json", exclude_none=True)
    if calendar_path is not None:
        question["calendar"] = _calendar(run, calendar_path, country, since)
    wanted = {name: run.query[name] for name in ("task", "unit") if run.query[name]}
    rows = [
        row
        for row in items_of(run.client.ask("ladder/replay", question))
        if all(row.get(name) == value for name, value in wanted.items())
    ]
    remember(run.shelf, rows)
    show_rows(rows, WOULD, run.form, nothing=N_("Nobody would have been yellow or red."))
    if rows and run.form.output == "table":
        fresh = sum(not row.get("was") for row in rows)
        say(_("{count} times, {fresh} of them only so").format(count=len(rows), fresh=fresh))


def _calendar(run: Reading, path: str, country: str, since: str) -> dict[str, Any]:
    """The file's calendar, from the year of `since` on; before it the days as they were counted."""
    _conference, present = conference_calendar(run.client)
    first = times.read(since).year
    calendar = of_file(path, country, setting_of(run.client, present), 1, first_year=first)
    return continued(present, calendar).model_dump(mode="json", exclude_none=True)
