"""`lianxi task list`: rows are assignments; `--by task` for tasks (cli layer)."""

import click

from lianxi.cli.client import items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading, remember
from lianxi.cli.render import (
    Column,
    days,
    instant,
    light,
    marked,
    percent,
    show_rows,
    word,
    yes_no,
)
from lianxi.cli.terminal import say
from lianxi.i18n import N_

BY_ASSIGNMENT = (
    Column("number", N_("No.")),
    Column("light", N_("light"), light),
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("role", N_("role"), word),
    Column("state", N_("state"), word),
    Column("percent", N_("progress"), percent),
    Column("due", N_("due"), instant),
    Column("days_left", N_("days left"), days),
    Column("provisional", N_("provisional"), marked),
    Column("title", N_("title")),
)

BY_TASK = (
    Column("number", N_("No.")),
    Column("task", N_("task")),
    Column("phase", N_("phase"), word),
    Column("ready", N_("ready"), yes_no),
    Column("units", N_("units")),
    Column("open", N_("open")),
    Column("overdue", N_("overdue")),
    Column("next_due", N_("next due"), instant),
    Column("title", N_("title")),
)


@verb(
    "list",
    example="lianxi task list --state issued --overdue\nlianxi task list --by task -o csv > tasks.csv",
    help=N_(
        "List assignments or tasks.\n\n"
        "Rows are assignments (a unit's part in a task); with --by task they are tasks, and --state"
        " is the task's phase and --unit the only other filter. Days left are working days; a"
        " provisional due lies past what the calendar knows."
    ),
)
@option(
    "--by",
    type=click.Choice(["assignment", "task"]),
    default="assignment",
    show_default=True,
    help=N_("What a row is."),
)
@reading("unit", "state", "overdue", "due_before", "task", pages=True)
def list_tasks(run: Reading, by: str) -> None:
    """One page; its rows are numbered for the next command."""
    if by == "task":
        _refuse_unless_taken(run)
        query = {"unit": run.query["unit"], "phase": run.query["state"]}
        page = run.client.read("tasks", **query, limit=run.limit, cursor=run.cursor)
    else:
        page = run.page("assignments")
    rows = [{"number": number, **item} for number, item in enumerate(items_of(page), 1)]
    run.shelf.keep_list(rows)
    remember(run.shelf, rows)
    following = page.get("next")
    columns = BY_TASK if by == "task" else BY_ASSIGNMENT
    show_rows(rows, columns, run.form, following=following, nothing=N_("No tasks."))
    if following and run.form.output != "json":
        say(_("More: add --cursor {cursor}").format(cursor=following))


def _refuse_unless_taken(run: Reading) -> None:
    """A filter that the listing of tasks does not have must not be passed over in silence."""
    for name in ("overdue", "due_before", "task"):
        if run.query[name] is not None:
            option_ = f"--{name.replace('_', '-')}"
            reason = _("{option} does not go with: {request}.").format(
                option=option_, request="--by task"
            )
            raise CliError("USAGE", reason=reason, command="lianxi task list")
