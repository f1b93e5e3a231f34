"""`lianxi task`: the verbs of a task, each loaded when it is called (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import TASK_TABLE
from lianxi.i18n import N_

task = group(
    "task",
    table=TASK_TABLE,
    example="lianxi task list --overdue\nlianxi task show T-0003",
    help=N_("Issue, follow and answer tasks."),
)
