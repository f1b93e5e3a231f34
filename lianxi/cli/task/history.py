"""`lianxi task history`: every event of a task (cli layer)."""

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.grammar import verb
from lianxi.cli.reading import Reading, reading
from lianxi.cli.task.show import TIMELINE
from lianxi.i18n import N_


@verb(
    "history",
    example="lianxi task history T-0003\nlianxi task history T-0003 -o jsonl",
    help=N_("Every event of a task, the oldest first, with its place in the stream and its hash."),
)
@task_argument()
@reading(pages=True)
def history(run: Reading, task: str) -> None:
    """One page."""
    run.list_page(f"tasks/{given.task_id(task, run.shelf)}/events", TIMELINE)
