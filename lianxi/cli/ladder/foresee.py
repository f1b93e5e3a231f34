"""`lianxi ladder simulate | replay`: what will fire, what others would have shown (cli layer; pydantic)."""

from collections.abc import Iterator
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
from lianxi.cli.render import Column, instant, light, show_rows, word, yes_no
from lianxi.cli.terminal import say
from lianxi.domain.task.foresight import FARTHEST_DAYS
from lianxi.i18n import N_

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
    type=click.IntRange(1, FARTHEST_DAYS),
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
    if run.form.output == "table" and not run.form.fields:
        rows = [{**row, "kind": _what(row)} for row in rows]
    show_rows(rows, FORESEEN, run.form, nothing=N_("Nothing fires in this time."))


def _what(row: dict[str, Any]) -> str:
    """What fires; of a proposal also what it is that is proposed or expires."""
    kind, act = str(row.get("kind")), row.get("act")
    if not act:
        return kind
    if kind == "RungFired":
        return rule_word(act)  # says of a warning or bulletin that it is proposed
    return f"{rule_word(kind)}: {word(act)}"


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
    if "task" in wanted:
        question["task"] = [wanted["task"]]
    rows = [
        row
        for row in _replayed(run, question)
        if all(row.get(name) == value for name, value in wanted.items())
    ]
    remember(run.shelf, rows)
    show_rows(rows, WOULD, run.form, nothing=N_("Nobody would have been yellow or red."))
    if rows and run.form.output == "table":
        fresh = sum(not row.get("was") for row in rows)
        say(_("{count} times, {fresh} of them only so").format(count=len(rows), fresh=fresh))


def _replayed(run: Reading, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the gateway answers, some tasks at a time."""
    cursor: str | None = None
    while True:
        answer = run.client.ask("ladder/replay", {**question, "cursor": cursor})
        yield from items_of(answer)
        cursor = answer.get("next")
        if not cursor:
            return


def _calendar(run: Reading, path: str, country: str, since: str) -> dict[str, Any]:
    """The file's calendar, from the year of `since` on; before it the days as they were counted."""
    _conference, present = conference_calendar(run.client)
    first = times.read(since).year
    calendar = of_file(path, country, setting_of(run.client, present), 1, first_year=first)
    return continued(present, calendar).model_dump(mode="json", exclude_none=True)
