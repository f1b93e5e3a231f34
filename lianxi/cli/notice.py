"""`lianxi notice`: notices and what became of them (cli layer)."""

from lianxi.cli.grammar import group, verb
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, instant, word
from lianxi.cli.tree import NOTICE_TABLE
from lianxi.i18n import N_

notice = group(
    "notice",
    table=NOTICE_TABLE,
    example="lianxi notice list --task T-0003",
    help=N_("Notices and what became of them."),
)

COLUMNS = (
    Column("created_at", N_("at"), instant),
    Column("task", N_("task")),
    Column("kind", N_("kind")),
    Column("addressee", N_("to")),
    Column("channel", N_("channel")),
    Column("state", N_("state"), word),
    Column("attempts", N_("attempts")),
    Column("detail", N_("detail")),
    Column("settled_at", N_("settled"), instant),
)


@verb(
    "list",
    example="lianxi notice list --task T-0003\nlianxi notice list --state failed",
    help=N_("List notices: to whom, by which channel, and whether they were sent."),
)
@reading("task", "unit", "state", "channel", pages=True)
def list_notices(run: Reading) -> None:
    """One page."""
    run.list_page("notices", COLUMNS, nothing=N_("No notices."))
